"""A receipt of an erasure: what was removed and what was looked through, signed with the log's key. It names nobody."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from secondlook.custody.searching import Searched
from secondlook.custody.signing import RECEIPT, Checker, SigningKey
from secondlook.errors import CustodyError, LogUnusable
from secondlook.gallery.files import create_private

SCHEMA = "secondlook.receipt/1"


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken away somewhere, and how much of it; 0 where there was nothing. what: in words, without a name."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class LookedFor:
    """What was known of the subject, and so looked for. name: 0 or 1."""

    name: int
    templates: int
    crops: int
    sealed: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """log: id of the log that the erasure is recorded in. subject: its id. at: UTC, ISO 8601. searched: where paths with
    the name in them have it blotted out."""

    log: str
    subject: str
    at: str
    actor: str
    purpose: str
    case: str
    removed: tuple[Removed, ...]
    looked_for: LookedFor
    searched: Searched
    complete: bool
    notes: tuple[str, ...]

    def fields(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}


def signed(receipt: Receipt, key: SigningKey) -> bytes:
    """The receipt as a file."""
    fields = receipt.fields() | {"public_key": base64.b64encode(key.public).decode()}
    signature = key.sign(RECEIPT, _plain(fields))
    return json.dumps(fields | {"sig": base64.b64encode(signature).decode()}, indent=1).encode() + b"\n"


def check_receipt(text: bytes, words: str) -> dict[str, Any]:
    """Its fields. Raises CustodyError where it is no receipt, or not signed by the key it names. words: its place."""
    try:
        fields: dict[str, Any] = json.loads(text)
        signature = base64.b64decode(fields.pop("sig"), validate=True)
        key = base64.b64decode(fields["public_key"], validate=True)
        if fields["schema"] == SCHEMA and Checker(key).good(RECEIPT, _plain(fields), signature):
            return fields
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, LogUnusable):
        pass
    raise CustodyError(f"{words} is no signed receipt, or it was changed: ask for the original.")


def write_receipt(file: Path, text: bytes) -> str:
    """Its SHA-256 in hex. Raises OutputError, CustodyError where there is one."""
    try:
        create_private(file, text)
    except FileExistsError:
        raise CustodyError(f"{file} is there already: move it away and erase again.") from None
    return hashlib.sha256(text).hexdigest()


def _plain(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
