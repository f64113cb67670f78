"""The key that signs a log, and where it lies: never in the log's folder, or a copy of that could sign anew.

Ed25519 (RFC 8032). What is signed is told apart by a first line of its own, so that a signature under one kind of
statement is none under another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from secondlook.errors import LogUnusable
from secondlook.gallery.files import create_private
from secondlook.gallery.keys import home

KEY_BYTES = 32
SIGNATURE_BYTES = 64

ENTRY = b"secondlook.log/1 entry\n"
HEAD = b"secondlook.log/1 head\n"
RECEIPT = b"secondlook.log/1 receipt\n"
"""First lines of what is signed."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """public: 32 bytes."""

    _private: Ed25519PrivateKey = field(repr=False)
    public: bytes

    @classmethod
    def of(cls, secret: bytes) -> SigningKey:
        """secret: 32 bytes."""
        private = Ed25519PrivateKey.from_private_bytes(secret)
        return cls(private, private.public_key().public_bytes_raw())

    def sign(self, kind: bytes, statement: bytes) -> bytes:
        """64 bytes. kind: ENTRY, HEAD or RECEIPT."""
        return self._private.sign(kind + statement)


class Checker:
    """Checks signatures of one public key (32 bytes). Raises LogUnusable where it is no key."""

    def __init__(self, public: bytes) -> None:
        try:
            self._key = Ed25519PublicKey.from_public_bytes(public)
        except ValueError as error:
            raise LogUnusable("What is given as a log's public key is none: bring back the log's own files.") from error

    def good(self, kind: bytes, statement: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, kind + statement)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """Where signing keys are, by log, and beside each the head of its log (``heads.py``)."""

    folder: Path

    @classmethod
    def default(cls) -> KeyFolder:
        """``$SECONDLOOK_HOME/keys``, where the galleries' keys are too."""
        return cls(home() / "keys")

    def make(self, log: str) -> SigningKey:
        """The log's key: the one that is there already, or a new one. Raises OutputError, LogUnusable."""
        file = self.key_file(log)
        if not file.exists():
            with suppress(FileExistsError):
                create_private(file, base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n")
        return self.read(log)

    def read(self, log: str) -> SigningKey:
        """Raises LogUnusable where the key is missing or is none."""
        file = self.key_file(log)
        try:
            text = file.read_bytes()
        except FileNotFoundError:
            raise LogUnusable(
                f"The log's signing key {file} is missing: bring it back, or set SECONDLOOK_HOME to the folder whose "
                "keys/ holds it."
            ) from None
        except OSError as error:
            raise LogUnusable(f"The log's signing key {file} cannot be read ({error.strerror}): allow it.") from error
        return SigningKey.of(signing_secret(text, str(file)))

    def key_file(self, log: str) -> Path:
        return self.folder / f"{log}.signing"

    def head_file(self, life: str) -> Path:
        """life: as in ``identity.Identity``."""
        return self.folder / f"{life}.head"


def signing_secret(text: bytes, words: str) -> bytes:
    """32 bytes from the text of a key file. Raises LogUnusable. words: the file's name."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise LogUnusable(f"What {words} holds is no signing key ({KEY_BYTES} bytes in base64): bring back the file.")
    return secret


def fingerprint(public: bytes) -> str:
    """The first 128 bits of a public key's SHA-256, in groups to be read aloud."""
    digits = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))
