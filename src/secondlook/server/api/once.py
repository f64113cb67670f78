"""Idempotency keys: a POST that is sent again with the same key is answered as it was, and done once.

What was answered is kept for a day, sealed, for it may say names or a new key's secret. Where the service was killed between
doing and keeping, a creating act finds what it made by the id that ``operation_id`` derives from account and key, and makes
nothing new.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import delete, update
from starlette.concurrency import run_in_threadpool

from secondlook.errors import Conflict, Invalid
from secondlook.server import clock
from secondlook.server.api.asking import asking, the_service
from secondlook.server.rows import IdempotencyRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service

HEADER = "idempotency-key"
KEPT_HOURS = 24
MOST_HASHED = 64 << 20
"""Bytes. Of a longer body its length, type and name stand for it: it is streamed to the disk and never held."""
_SPACE = uuid.UUID("7d1f1d5e-3f0b-4f0e-9c5c-5a3a6f3f5b11")
_KEPT_HEADERS = ("content-type", "location", "etag")


def operation_id(request: Request) -> str:
    """The id of what a request creates: a new one, or with an idempotency key always the same one."""
    key = request.headers.get(HEADER)
    return new_id() if not key else uuid.uuid5(_SPACE, f"{asking(request).id} {request.url.path} {key}").hex


class OnceRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if request.method != "POST" or key is None:
                return await handle(request)
            if not 1 <= len(key) <= 128 or not key.isascii() or not key.isprintable():
                raise Invalid("An Idempotency-Key has 1 to 128 printable ASCII letters: a UUID does well.")
            actor = await run_in_threadpool(asking, request)
            service = the_service(request)
            what = await _hash(request)
            kept = await run_in_threadpool(_begin, service, actor.id, key, what)
            if kept is not None:
                return kept
            try:
                response = await handle(request)
            except BaseException:
                await run_in_threadpool(_forget, service, actor.id, key)
                raise
            await run_in_threadpool(_keep, service, actor.id, key, response)
            return response

        return once


def clean(service: Service) -> None:
    """At the start: what was being worked on when the service was killed may be sent again; what is old is dropped."""
    with service.database.writing() as session:
        session.execute(
            delete(IdempotencyRow).where(
                (IdempotencyRow.status == 0) | (IdempotencyRow.created_at < clock.after(-KEPT_HOURS * 3600))
            )
        )


async def _hash(request: Request) -> str:
    length = request.headers.get("content-length", "")
    found = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}".encode())
    if length.isdecimal() and int(length) <= MOST_HASHED:
        found.update(await request.body())
    else:
        found.update(f"{length} {request.headers.get('content-disposition', '')}".encode())
    return found.hexdigest()


def _begin(service: Service, account: str, key: str, what: str) -> Response | None:
    """The answer that was given, or None where this is the first time. Raises Conflict, Invalid."""
    with service.database.writing() as session:
        row = session.get(IdempotencyRow, (account, key))
        if row is None:
            session.add(
                IdempotencyRow(
                    account_id=account,
                    key=key,
                    request_hash=what,
                    status=0,
                    headers={},
                    body=b"",
                    created_at=clock.now(),
                )
            )
            return None
        if row.request_hash != what:
            raise Invalid("This Idempotency-Key was used for another request: take a new one.")
        if row.status == 0:
            raise Conflict("A request with this Idempotency-Key is being worked on: ask again in a moment.")
        body = service.gallery.unseal(row.body, _what(account, key))
        return Response(body, row.status, {**row.headers, "Idempotent-Replayed": "true"})


def _keep(service: Service, account: str, key: str, response: Response) -> None:
    body = getattr(response, "body", None)
    if not isinstance(body, bytes):  # streamed: it cannot be given again
        _forget(service, account, key)
        return
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    sealed = service.gallery.seal(body, _what(account, key))
    with service.database.writing() as session:
        session.execute(
            update(IdempotencyRow)
            .where(IdempotencyRow.account_id == account, IdempotencyRow.key == key)
            .values(status=response.status_code, headers=json.loads(json.dumps(headers)), body=sealed)
        )


def _forget(service: Service, account: str, key: str) -> None:
    with service.database.writing() as session:
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.account_id == account, IdempotencyRow.key == key))


def _what(account: str, key: str) -> str:
    """What an answer belongs to, for its seal."""
    return f"answer {account} {key}"
