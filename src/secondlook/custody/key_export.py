"""Keys in a file of their own, under a passphrase: what opens a backup, kept apart from it.

One line a key, each sealed by itself (AES-256-GCM under a key that scrypt makes of the passphrase), so that an erasure
reaches it: the line of a subject can be blotted out by somebody who does not know the passphrase. The last line, sealed
too, says which lines there have to be.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from secondlook.errors import BackupDamaged, BackupError, BackupVersion, OutputError
from secondlook.gallery.files import create_private

SCHEMA = "secondlook.keys/1"
_NONCE_BYTES = 12
_N, _R, _P = 2**17, 8, 1
"""Cost of scrypt (RFC 7914): 128 MiB of memory, half a second or so."""
_LARGEST_N = 2**20
_SHORTEST = 8
_BEGINS = b'{"schema":"secondlook.keys/'


@dataclass(frozen=True, slots=True)
class Keys:
    """secrets: what is in key files, by the file's name. subjects: wrapped keys by (gallery, subject), ids in hex.
    erased: those whose keys were blotted out."""

    secrets: Mapping[str, bytes] = field(repr=False)
    subjects: Mapping[tuple[str, str], bytes] = field(repr=False)
    erased: frozenset[tuple[str, str]] = frozenset()


def export_keys(out: Path, keys: Keys, passphrase: str) -> None:
    """Writes a new file. Raises BackupError where the passphrase is too short or the file is there, OutputError."""
    if len(passphrase) < _SHORTEST:
        raise BackupError(f"The passphrase has fewer than {_SHORTEST} letters: whoever finds the file could guess it.")
    salt = os.urandom(16)
    cipher = AESGCM(_derived(passphrase, salt, _N, _R, _P))
    file = os.urandom(16).hex()
    lines: list[dict[str, Any]] = [
        {"schema": SCHEMA, "file": file, "kdf": "scrypt", "n": _N, "r": _R, "p": _P, "salt": _text(salt)}
    ]
    for name, secret in sorted(keys.secrets.items()):
        lines.append({"secret": name, "sealed": _sealed(cipher, secret, file, "secret", name)})
    for (gallery, subject), wrapped in sorted(keys.subjects.items()):
        sealed = _sealed(cipher, wrapped, file, "subject", gallery, subject)
        lines.append({"gallery": gallery, "subject": subject, "sealed": sealed})
    lines.append({"lines": len(lines) - 1, "sealed": _sealed(cipher, _listed(lines[1:]), file, "end")})
    try:
        create_private(out, b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines))
    except FileExistsError:
        raise BackupError(f"{out} is there already: name a file that is not there yet.") from None


def import_keys(file: Path, passphrase: str) -> Keys:
    """Raises BackupDamaged where the file is not whole, BackupError where the passphrase is wrong, BackupVersion."""
    head, *lines = _lines(file)
    try:
        if head["n"] > _LARGEST_N or head["r"] > 32 or head["p"] > 16:
            raise ValueError("it asks for more memory than any such file")
        cipher = AESGCM(_derived(passphrase, _bytes(head["salt"]), head["n"], head["r"], head["p"]))
        *lines, end = lines
        # the first that is opened tells a wrong passphrase from a damaged file
        listed = _opened(cipher, end["sealed"], head["file"], "end")
        if listed is None:
            raise BackupError(f"The passphrase does not open {file}, or the file is damaged: give the right one.")
        if listed != _listed(lines) or end["lines"] != len(lines):
            raise ValueError("lines are missing")
        return _keys(cipher, head["file"], lines)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise BackupDamaged(f"{file} is no whole file of keys ({error}): take another copy of it.") from error


def is_key_export(file: Path) -> bool:
    """Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(len(_BEGINS)) == _BEGINS


def blot_out(file: Path, subject: str) -> int:
    """Overwrite the keys of a subject (id in hex), in whichever gallery, where they stand; how many that were.

    Raises OutputError, BackupDamaged.
    """
    gone = 0
    try:
        with file.open("r+b") as opened:
            at = 0
            for content in opened.read().splitlines(keepends=True):
                line = _parsed(content, file)
                if line.get("subject") == subject and "sealed" in line:
                    erased = {"gallery": line["gallery"], "subject": subject, "erased": True}
                    opened.seek(at)
                    opened.write(json.dumps(erased, separators=(",", ":")).encode().ljust(len(content) - 1))
                    gone += 1
                at += len(content)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        raise OutputError(f"{file} cannot be written ({error.strerror}): allow it, and erase again.") from error
    return gone


def _keys(cipher: AESGCM, file: str, lines: list[dict[str, Any]]) -> Keys:
    secrets: dict[str, bytes] = {}
    subjects: dict[tuple[str, str], bytes] = {}
    erased = set()
    for line in lines:
        if "secret" in line:
            secrets[line["secret"]] = _required(_opened(cipher, line["sealed"], file, "secret", line["secret"]))
            continue
        whose = (line["gallery"], line["subject"])
        if line.get("erased"):
            erased.add(whose)
        else:
            subjects[whose] = _required(_opened(cipher, line["sealed"], file, "subject", *whose))
    return Keys(secrets, subjects, frozenset(erased))


def _lines(file: Path) -> list[dict[str, Any]]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BackupError(f"{file} cannot be read ({error.strerror}): name a file of exported keys.") from error
    lines = [_parsed(line, file) for line in content.splitlines()]
    schema = str(lines[0].get("schema")) if lines else ""
    if schema != SCHEMA and schema.startswith("secondlook.keys/"):
        raise BackupVersion(f"{file} was written by a newer Second Look ({schema}): restore it with that version.")
    if schema != SCHEMA or len(lines) < 2:
        raise BackupDamaged(f"{file} is no whole file of keys: take another copy of it.")
    return lines


def _parsed(line: bytes, file: Path) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BackupDamaged(f"{file} is no whole file of keys: take another copy of it.")
    return found


def _listed(lines: list[dict[str, Any]]) -> bytes:
    """Which keys there are, as a digest; blotted-out ones among them."""
    names = [[line.get("secret"), line.get("gallery"), line.get("subject")] for line in lines]
    return hashlib.sha256(json.dumps(names).encode()).digest()


def _derived(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode("utf-8", "surrogatepass"))


def _sealed(cipher: AESGCM, plain: bytes, *place: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return _text(nonce + cipher.encrypt(nonce, plain, json.dumps(place).encode()))


def _opened(cipher: AESGCM, text: str, *place: str) -> bytes | None:
    sealed = _bytes(text)
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], json.dumps(place).encode())
    except InvalidTag:
        return None


def _required(opened: bytes | None) -> bytes:
    if opened is None:
        raise ValueError("a key in it was changed")
    return opened


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
