"""Long lists, a page at a time: the next page begins after what ``cursor`` names, so nothing is missed or doubled where the
list grows meanwhile."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from secondlook.errors import Invalid

T = TypeVar("T")
MOST = 200

Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before; none: the first page.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Entries a page, at most.")]


class Page(BaseModel, Generic[T]):
    """next: cursor of the next page; null: this is the last."""

    items: list[T]
    next: str | None


def to_cursor(*parts: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def of_cursor(cursor: str | None, parts: int) -> tuple[str, ...] | None:
    """Raises Invalid where it is none of ours."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise Invalid("This cursor is none: take `next` of the page before.") from error
    if not isinstance(found, list) or len(found) != parts or not all(isinstance(p, str | int) for p in found):
        raise Invalid("This cursor is none of this list: take `next` of the page before.")
    return tuple(str(part) for part in found)


def page_of(found: Sequence[T], limit: int, *keys: str) -> Page[T]:
    """found: one more than ``limit`` where there are more. keys: attributes that the list is sorted by."""
    items = list(found[:limit])
    more = len(found) > limit
    return Page(items=items, next=to_cursor(*(getattr(items[-1], key) for key in keys)) if more else None)
