"""Sealing: AES-256-GCM (NIST SP 800-38D), each value bound to the place it belongs to.

What a value belongs to (gallery, subject, kind, pack, picture) is its associated data, so a sealed value that was moved
to another row, subject or gallery does not open. Nonces are random: 96 bits under a key per subject, which stays far
below the 2**32 values that SP 800-38D allows under one key.
"""

from __future__ import annotations

import hmac
import os
import struct
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES, _TAG_BYTES = 12, 16
SEALED_MORE = _NONCE_BYTES + _TAG_BYTES
"""So many bytes a sealed value is longer than what it holds."""
_LENGTHS = struct.Struct(">5I")


class Kind(StrEnum):
    """What a sealed value is."""

    CHECK = "check"
    KEY = "key"
    NAME = "name"
    TEMPLATE = "template"
    CROP = "crop"
    DETAILS = "details"
    INDEX = "index"
    """A whole gallery in memory: its file's key, and each piece of the file."""
    RECORD = "record"
    """What others keep: sightings, say. Sealed under the keys here, so that dropping a key reaches it."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where a sealed value belongs. gallery, subject: ids in hex. picture: the lookup of the picture it came from."""

    gallery: str
    kind: Kind
    subject: str = ""
    pack: str = ""
    picture: bytes = b""

    def encoded(self) -> bytes:
        """Associated data: each part behind its length, so that no two belongings read alike."""
        # written out, because a gallery that is opened does this three times a reference
        gallery, kind, subject, pack = (
            self.gallery.encode(),
            self.kind.encode(),
            self.subject.encode(),
            self.pack.encode(),
        )
        lengths = _LENGTHS.pack(len(gallery), len(kind), len(subject), len(pack), len(self.picture))
        one, two, three, four, five = lengths[:4], lengths[4:8], lengths[8:12], lengths[12:16], lengths[16:]
        return b"".join((one, gallery, two, kind, three, subject, four, pack, five, self.picture))


def new_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def derive(key: bytes, gallery: str, purpose: str) -> bytes:
    """One key per purpose from one secret: HKDF-SHA256 (RFC 5869), so that no key serves two algorithms."""
    return HKDF(SHA256(), KEY_BYTES, salt=gallery.encode(), info=f"secondlook {purpose}".encode()).derive(key)


def lookup(key: bytes, value: str) -> bytes:
    """A value that can be looked up but not read: HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, value.encode(), "sha256")


def seal(key: bytes, plain: bytes, belonging: Belonging) -> bytes:
    """Nonce (12 bytes), sealed bytes, tag (16 bytes)."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, belonging.encoded())


def unseal(key: bytes, sealed: bytes, belonging: Belonging) -> bytes:
    """The plain bytes. Raises ``cryptography.exceptions.InvalidTag`` where key, bytes or belonging are not the same:
    the caller knows the file and says it in a sentence."""
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES].ljust(_NONCE_BYTES), sealed[_NONCE_BYTES:], belonging.encoded())


def unseal_into(key: bytes, sealed: memoryview, belonging: Belonging, plain: memoryview) -> None:
    """As ``unseal``, without a copy of what is large. plain: as long as what is sealed. Raises InvalidTag, ValueError."""
    nonce, rest = bytes(sealed[:_NONCE_BYTES]), sealed[_NONCE_BYTES:]
    AESGCM(key).decrypt_into(nonce, rest, belonging.encoded(), plain)
