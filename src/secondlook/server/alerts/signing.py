"""Signed webhooks, as the Standard Webhooks specification has them, so that a receiver needs no code of ours.

``webhook-id``, ``webhook-timestamp`` (seconds), ``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA256 over
``id.timestamp.body``. The secret is 32 random bytes, written ``whsec_`` and base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
TOLERANCE_S = 300
"""How old a message may be before a receiver refuses it."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, message: str, at_s: int, body: bytes) -> dict[str, str]:
    """message: its id, the same at each try, so that a receiver can tell one that comes twice."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(secret, message, at_s, body),
    }


def signature(secret: str, message: str, at_s: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message}.{at_s}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def genuine(secret: str, headers: dict[str, str], body: bytes, now_s: float) -> bool:
    """What a receiver checks; headers by their names in lower case."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now_s - int(stamp)) > TOLERANCE_S:
        return False
    wanted = signature(secret, headers.get("webhook-id", ""), int(stamp), body)
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given)
