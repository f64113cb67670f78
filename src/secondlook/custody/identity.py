"""Which log a folder holds: ``log.json``, written once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import LogUnusable, OutputError
from secondlook.gallery.files import create_private

FILE_NAME = "log.json"
SCHEMA = "secondlook.log/1"


@dataclass(frozen=True, slots=True)
class Identity:
    """log: its id, for as long as it lives; of a gallery's log the gallery's. public_key: 32 bytes.

    life: the log's id, until it is restored from a backup; a restored log has a life of its own, as the one that it is
    a copy of may go on.
    """

    log: str
    public_key: bytes
    life: str

    @property
    def first_prev(self) -> str:
        """``prev`` of the first line, which so belongs to this log and key: SHA-256 in hex."""
        said = json.dumps([SCHEMA, self.log, base64.b64encode(self.public_key).decode()], separators=(",", ":"))
        return hashlib.sha256(said.encode()).hexdigest()

    def text(self) -> bytes:
        fields = {
            "schema": SCHEMA,
            "log": self.log,
            "public_key": base64.b64encode(self.public_key).decode(),
            "life": self.life,
        }
        return json.dumps(fields, indent=1).encode() + b"\n"


def read_identity(folder: Path) -> Identity | None:
    """None where the folder holds no log. Raises LogUnusable where log.json is damaged or of a newer version."""
    file = folder / FILE_NAME
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LogUnusable(f"{file} cannot be read ({error.strerror}): allow reading it.") from error
    return parsed_identity(text, str(file))


def parsed_identity(text: bytes, words: str) -> Identity:
    """Raises LogUnusable. words: where the text comes from."""
    try:
        fields = json.loads(text)
        schema = fields["schema"]
        if schema != SCHEMA and str(schema).startswith("secondlook.log/"):
            raise LogUnusable(f"{words} was written by a newer Second Look ({schema}): read it with that version.")
        found = Identity(fields["log"], base64.b64decode(fields["public_key"], validate=True), fields["life"])
        sound = schema == SCHEMA and len(found.public_key) == 32 and found.text() == text
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        sound = False
    if not sound:
        raise LogUnusable(f"{words} is damaged: restore it from a backup.")
    return found


def write_identity(folder: Path, identity: Identity) -> Identity:
    """The identity that the folder then has: another program's, where that was quicker. Raises OutputError."""
    try:
        create_private(folder / FILE_NAME, identity.text())
    except FileExistsError:
        found = read_identity(folder)
        if found is None:
            raise OutputError(f"{folder / FILE_NAME} was made and removed meanwhile: do it again.") from None
        return found
    return identity
