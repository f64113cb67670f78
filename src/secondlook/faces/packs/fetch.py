"""Fetches one file of known length over HTTPS, going on where it stopped. What arrived is not trusted here.

Plain HTTP is taken only from this machine itself (a mirror that a user runs, and the tests). Proxies are those of the
environment, as ``urllib`` reads them.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import urlsplit

from secondlook.errors import PackCorrupt, PackError
from secondlook.faces.packs.disk import writing
from secondlook.faces.packs.graph import what_is_it

CHUNK = 1 << 16
TIMEOUT_S = 30.0

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes that there will be; also when a server makes it start anew."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a cut connection is taken up again, and how long is waited before: doubled each time, in seconds."""

    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0
    sleep: Callable[[float], None] = time.sleep


class Cut(Exception):
    """The connection or the server failed in a way that may pass. Never leaves this module."""


def https_opener() -> urllib.request.OpenerDirector:
    """Follows redirects, but never from HTTPS to anything less, nor off this machine without it."""
    return urllib.request.build_opener(Redirects)


def fetch(
    address: str,
    part: Path,
    size: int,
    *,
    opener: urllib.request.OpenerDirector,
    progress: Progress | None = None,
    retry: Retry | None = None,
) -> None:
    """Brings ``part`` to ``size`` bytes, asking only for those that are missing.

    Raises PackError where the address cannot be had, or the connection was cut too often (``part`` stays, and the
    next call goes on from there); PackCorrupt where the server sends something else (``part`` is removed).
    """
    refuse_unsafe(address)
    retry = retry or Retry()
    wait_s = retry.first_wait_s
    for attempt in range(1, retry.attempts + 1):
        try:
            _fetch_once(address, part, size, opener, progress or _silent)
            return
        except Cut as cut:
            if attempt == retry.attempts:
                raise PackError(
                    f"{address} broke off {attempt} times ({cut}), {_length(part):,} of {size:,} bytes are here: "
                    "run the same again to go on where it stopped."
                ) from cut
        retry.sleep(wait_s)
        wait_s = min(2 * wait_s, retry.longest_wait_s)


def refuse_unsafe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
        return
    raise PackError(f"{address} is refused: packs are fetched over https only (http only from this machine).")


def _fetch_once(address: str, part: Path, size: int, opener: urllib.request.OpenerDirector, progress: Progress) -> None:
    if _length(part) > size:
        _remove(part)
    have = _length(part)
    progress(have, size)
    if have == size:
        return
    with _open(address, have, part, opener) as response:
        have = _agreed_start(address, response, have, part, size)
        coming = response.length  # by Content-Length; None where the server does not say
        end = None if coming is None else have + coming
        with writing(str(part)):
            file = part.open("ab" if have else "wb")
        with file:
            while have != end and (chunk := _read(response)):
                _refuse_other_things(address, chunk, have, part, end, size)
                with writing(str(part)):
                    file.write(chunk)
                    # Out of this process at once: what arrived before a kill need not be fetched again.
                    file.flush()
                have += len(chunk)
                progress(have, size)
        _judge_the_end(address, response, part, have, end, size)


def _open(address: str, have: int, part: Path, opener: urllib.request.OpenerDirector) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"secondlook/{version('secondlook')}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        request = urllib.request.Request(address, headers=headers)
        response: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT_S)
        return response
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            _remove(part)
            raise Cut("it cannot go on from there") from error
        if error.code == 429 or error.code >= 500:
            raise Cut(f"HTTP {error.code}") from error
        raise PackError(f"{address} answers HTTP {error.code} ({error.reason}): {_BY_HAND}.") from error
    except urllib.error.URLError as error:
        # These do not pass by themselves; waiting for them would only keep the user waiting.
        if isinstance(error.reason, socket.gaierror | ssl.SSLCertVerificationError | ConnectionRefusedError):
            raise PackError(f"{address} cannot be reached ({error.reason}): {_BY_HAND}.") from error
        raise Cut(str(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise Cut(str(error) or type(error).__name__) from error


_BY_HAND = "check the connection, or fetch the file by other means and use `secondlook packs add`"


def _agreed_start(address: str, response: http.client.HTTPResponse, have: int, part: Path, size: int) -> int:
    """Where the bytes that follow belong: ``have`` where the server goes on, 0 where it starts anew."""
    if response.status != 206:
        return 0
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if said is None or int(said[1]) != have:
        _remove(part)
        raise Cut("it went on from another place")
    if said[2] not in ("*", str(size)):
        _remove(part)
        raise PackCorrupt(f"{address} has {int(said[2]):,} bytes where the pack has {size:,}: {_OTHER}.")
    return have


_OTHER = "nothing was installed; look for a newer Second Look, which knows where it went"


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise Cut(str(error) or type(error).__name__) from error


def _refuse_other_things(address: str, chunk: bytes, have: int, part: Path, end: int | None, size: int) -> None:
    """At the first chunk that shows it: a web page, a pointer, or more bytes than there are to be."""
    found = what_is_it(chunk[:256]) if have == 0 else None
    if found is None and max(have + len(chunk), end or 0) > size:
        found = f"more than the {size:,} bytes that it has"
    if found is not None:
        _remove(part)
        raise PackCorrupt(f"{address} sends not the model but {found}: {_OTHER}.")


def _judge_the_end(
    address: str, response: http.client.HTTPResponse, part: Path, have: int, end: int | None, size: int
) -> None:
    if have == size:
        return
    # Nothing more is read at the end and after a cut alike: only a stated length, or chunks, tell them apart.
    if (end is None and not response.chunked) or (end is not None and have < end):
        raise Cut("the connection was closed early")
    _remove(part)
    raise PackCorrupt(f"{address} sends {have:,} bytes where the pack has {size:,}: {_OTHER}.")


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https, and to http only from http on this machine."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        refuse_unsafe(newurl)
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise PackError(f"{req.full_url} leads to {newurl}, which is not https: nothing was fetched from there.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _remove(part: Path) -> None:
    with writing(str(part)):
        part.unlink(missing_ok=True)


def _silent(have: int, size: int) -> None:
    return None
