"""Secrets that are shown once and kept as hashes, and passwords."""

from __future__ import annotations

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from secondlook.errors import Invalid

LEAST_PASSWORD = 12
"""Characters. Longer is all that helps (NIST SP 800-63B): nothing is asked about digits or signs."""
MOST_PASSWORD = 1024

KEY_PREFIX = "sl_"
"""So that a key is known for one where it has leaked."""


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """SHA-256 in hex. Enough for what is random; passwords are ``protected``."""
    return hashlib.sha256(token.encode()).hexdigest()


def protected(password: str) -> str:
    """argon2id with the library's own costs (RFC 9106). Raises Invalid where it is too short or too long."""
    if len(password) < LEAST_PASSWORD:
        raise Invalid(f"A password has at least {LEAST_PASSWORD} characters: several words do well.")
    if len(password) > MOST_PASSWORD:
        raise Invalid(f"A password has at most {MOST_PASSWORD} characters.")
    return PasswordHasher().hash(password)


def fits(password: str, kept: str) -> bool:
    """Takes as long where there is no such account or password: ``kept`` is then ``NOBODYS``."""
    try:
        return PasswordHasher().verify(kept, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$MTIzNDU2Nzg5MDEyMzQ1Ng$q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
"""Fits no password."""
