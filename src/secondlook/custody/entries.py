"""An entry as one line of the log.

    {"seq":7,"at":"2026-11-24T15:11:30.042+00:00","actor":"os:ann","action":"search","object":["9f…"],"purpose":"…",
     "case":"…","details":{"sources":2},"prev":"…","hash":"…","sig":"…"}

``prev`` is the SHA-256 of the line before, without its line break; before the first, of what ``log.json`` says of the
log. ``hash`` is the SHA-256 of everything up to it, ``sig`` the signature of that. So each line vouches for all before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from secondlook.custody.signing import ENTRY, SIGNATURE_BYTES, SigningKey
from secondlook.errors import CustodyError
from secondlook.ports import Action, Entry

LONGEST_LINE = 64 * 1024
"""Bytes. A longer line was not written by us."""

_SUFFIX = re.compile(rb',"hash":"([0-9a-f]{64})","sig":"([A-Za-z0-9+/]{86}==)"\}')
_SUFFIX_BYTES = len(b',"hash":"') + 64 + len(b'","sig":"') + 88 + len(b'"}')
_OPAQUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_TEXT = 500
_MOST_OBJECTS = 100
_MOST_DETAILS = 40


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of the log says. at: UTC, ISO 8601. prev, hash: SHA-256 in hex."""

    seq: int
    at: str
    entry: Entry
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Parts:
    """A line taken apart, nothing of it checked. body: what ``hash`` (in hex) is to be of."""

    body: bytes
    hash: str
    signature: bytes

    @property
    def sound(self) -> bool:
        """Whether the hash is that of the body."""
        return hashlib.sha256(self.body).hexdigest() == self.hash


def now() -> str:
    """UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def checked(entry: Entry) -> Entry:
    """The entry, if it can go into a log. Raises CustodyError where it says more than it may, or what cannot be kept."""
    for what, text in (("actor", entry.actor), ("purpose", entry.purpose), ("case number", entry.case)):
        if len(text) > _LONGEST_TEXT or _UNSEEN.search(text):
            raise CustodyError(f"The {what} is too long or not on one line: give up to {_LONGEST_TEXT} plain letters.")
    if not entry.actor:
        raise CustodyError("An entry of the log needs somebody who did it: name an actor.")
    if len(entry.object) > _MOST_OBJECTS or not all(_OPAQUE.fullmatch(one) for one in entry.object):
        raise CustodyError("The log takes ids of what was done to, no names: give up to 100 ids of letters and digits.")
    if len(entry.details) > _MOST_DETAILS or not all(_fit(name, value) for name, value in entry.details.items()):
        raise CustodyError("The log takes up to 40 details, numbers and short words by plain names: shorten them.")
    return entry


def _fit(name: str, value: str | int | float) -> bool:
    if not _WORD.fullmatch(name):
        return False
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT and not _UNSEEN.search(value)
    return math.isfinite(value) and abs(value) < 2**63


def encoded(seq: int, at: str, entry: Entry, prev: str, key: SigningKey) -> tuple[bytes, str]:
    """The line without its line break, and the entry's hash."""
    fields = {
        "seq": seq,
        "at": at,
        "actor": entry.actor,
        "action": entry.action.value,
        "object": list(entry.object),
        "purpose": entry.purpose,
        "case": entry.case,
        "details": dict(entry.details),
        "prev": prev,
    }
    body = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")[:-1]
    digest = hashlib.sha256(body)
    signature = base64.b64encode(key.sign(ENTRY, digest.digest()))
    return body + b',"hash":"%s","sig":"%s"}' % (digest.hexdigest().encode(), signature), digest.hexdigest()


def taken_apart(line: bytes) -> Parts | None:
    """None where the line is not of this form, down to the last bit of it."""
    found = _SUFFIX.fullmatch(line[-_SUFFIX_BYTES:])
    if found is None or len(line) > LONGEST_LINE:
        return None
    try:
        signature = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return None
    # of the last letter four bits say nothing: only one way of writing a signature is taken
    if len(signature) != SIGNATURE_BYTES or base64.b64encode(signature) != found[2]:
        return None
    return Parts(line[:-_SUFFIX_BYTES], found[1].decode(), signature)


def decoded(parts: Parts) -> Line | None:
    """None where the body is no entry."""
    try:
        fields = json.loads(parts.body + b"}")
        return Line(int(fields["seq"]), str(fields["at"]), _entry(fields), str(fields["prev"]), parts.hash)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _entry(fields: Mapping[str, Any]) -> Entry:
    return Entry(
        actor=fields["actor"],
        action=Action(fields["action"]),
        object=tuple(fields["object"]),
        purpose=fields["purpose"],
        case=fields["case"],
        details=dict(fields["details"]),
    )


def line_digest(line: bytes) -> str:
    """What the next line's ``prev`` has to be. line: without its line break."""
    return hashlib.sha256(line).hexdigest()
