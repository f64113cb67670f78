"""Where the gallery's key comes from. It never lies in the gallery's folder, or a copy of that would carry it along.

A key is 32 random bytes, written in base64 wherever it is text (``openssl rand -base64 32`` makes one).
"""

from __future__ import annotations

import base64
import binascii
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from secondlook.errors import ExtraMissing, GalleryLocked
from secondlook.gallery.files import create_private
from secondlook.gallery.sealing import KEY_BYTES, new_key

_SERVICE = "secondlook"


class KeyKind(StrEnum):
    """Kept with the gallery, so that opening it can say which key it wants."""

    HOME = "home"
    FILE = "file"
    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    MEMORY = "memory"


class KeySource(Protocol):
    """One place a gallery's key can be in. gallery: the gallery's id in hex."""

    @property
    def kind(self) -> KeyKind: ...

    def make(self, gallery: str) -> bytes:
        """The key for a new gallery: the one that is there already, or a new one. Raises GalleryLocked, OutputError."""
        ...

    def read(self, gallery: str) -> bytes:
        """The key. Raises GalleryLocked where it is missing or is none."""
        ...

    def subjects_file(self, gallery: str) -> Path:
        """The file which keeps the subjects' keys, next to the gallery's."""
        ...

    def files(self, gallery: str) -> tuple[Path, ...]:
        """Every file with keys in it: none of them may lie in the gallery's folder."""
        ...

    def words(self, gallery: str) -> str:
        """The place, for a sentence."""
        ...


def home() -> Path:
    """Where Second Look keeps what belongs to the user: ``$SECONDLOOK_HOME``, else the XDG data folder."""
    named = os.environ.get("SECONDLOOK_HOME")
    if named:
        return Path(named).expanduser().absolute()
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG Base Directory specification: a relative path there is to be ignored.
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "secondlook"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file of one's own. The subjects' keys are kept beside it, as ``<file>.subjects``."""

    path: Path

    @property
    def kind(self) -> KeyKind:
        return KeyKind.FILE

    def make(self, gallery: str) -> bytes:
        if not self.path.exists():  # the user's own may lie where nothing can be written
            with suppress(FileExistsError):
                create_private(self.path, base64.b64encode(new_key()) + b"\n")
        return self.read(gallery)

    def read(self, gallery: str) -> bytes:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            raise GalleryLocked(f"There is no key file {self.path}: name the gallery's own with --key-file.") from None
        except OSError as error:
            raise GalleryLocked(f"The key file {self.path} cannot be read ({error.strerror}): allow it.") from error
        return _decoded(text, self.words(gallery))

    def subjects_file(self, gallery: str) -> Path:
        return self.path.with_name(self.path.name + ".subjects")

    def files(self, gallery: str) -> tuple[Path, ...]:
        return (self.path, self.subjects_file(gallery))

    def words(self, gallery: str) -> str:
        return f"the key file {self.path}"


@dataclass(frozen=True, slots=True)
class HomeKey:
    """The default: a file for each gallery in ``home()/keys``, made when the gallery is."""

    @property
    def kind(self) -> KeyKind:
        return KeyKind.HOME

    def make(self, gallery: str) -> bytes:
        return self._file(gallery).make(gallery)

    def read(self, gallery: str) -> bytes:
        file = self._file(gallery)
        if not file.path.exists():
            raise GalleryLocked(
                f"The gallery's key {file.path} is missing: bring it back, set SECONDLOOK_HOME to the folder whose "
                "keys/ holds it, or name it with --key-file."
            )
        return file.read(gallery)

    def subjects_file(self, gallery: str) -> Path:
        return self._file(gallery).subjects_file(gallery)

    def files(self, gallery: str) -> tuple[Path, ...]:
        return self._file(gallery).files(gallery)

    def words(self, gallery: str) -> str:
        return self._file(gallery).words(gallery)

    def _file(self, gallery: str) -> KeyFile:
        return KeyFile(home() / "keys" / f"{gallery}.key")


@dataclass(frozen=True, slots=True)
class Environment:
    """The key in an environment variable, as a container or a service manager gives it."""

    variable: str = "SECONDLOOK_KEY"

    @property
    def kind(self) -> KeyKind:
        return KeyKind.ENVIRONMENT

    def make(self, gallery: str) -> bytes:
        return self.read(gallery)

    def read(self, gallery: str) -> bytes:
        text = os.environ.get(self.variable)
        if not text:
            raise GalleryLocked(
                f"The environment variable {self.variable} is not set: set it to the gallery's key "
                "(for a new gallery, what `openssl rand -base64 32` prints)."
            )
        return _decoded(text.encode(), self.words(gallery))

    def subjects_file(self, gallery: str) -> Path:
        return home() / "keys" / f"{gallery}.subjects"

    def files(self, gallery: str) -> tuple[Path, ...]:
        return (self.subjects_file(gallery),)

    def words(self, gallery: str) -> str:
        return f"the environment variable {self.variable}"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key in the desktop's keyring, through the ``keyring`` extra."""

    @property
    def kind(self) -> KeyKind:
        return KeyKind.KEYRING

    def make(self, gallery: str) -> bytes:
        if _keyring_get(gallery) is None:
            _keyring_set(gallery, base64.b64encode(new_key()).decode())
        return self.read(gallery)

    def read(self, gallery: str) -> bytes:
        text = _keyring_get(gallery)
        if text is None:
            raise GalleryLocked(f"The keyring holds no password '{gallery}' for '{_SERVICE}': unlock or restore it.")
        return _decoded(text.encode(), self.words(gallery))

    def subjects_file(self, gallery: str) -> Path:
        return home() / "keys" / f"{gallery}.subjects"

    def files(self, gallery: str) -> tuple[Path, ...]:
        return (self.subjects_file(gallery),)

    def words(self, gallery: str) -> str:
        return f"the keyring's password '{gallery}' for '{_SERVICE}'"


def refuse_inside(source: KeySource, gallery: str, folder: Path) -> None:
    """Keys beside what they open would be copied with it. Raises GalleryLocked."""
    for file in source.files(gallery):
        if file.resolve().is_relative_to(folder.resolve()):
            raise GalleryLocked(
                f"{file} lies in the gallery's own folder {folder}, so every copy of the gallery would carry the key "
                "that opens it: keep the key somewhere else."
            )


def _decoded(text: bytes, words: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise GalleryLocked(f"What {words} holds is no key: it must be {KEY_BYTES} bytes in base64.")
    return key


def _keyring_get(gallery: str) -> str | None:
    keyring = _keyring()
    try:
        found = keyring.get_password(_SERVICE, gallery)
    except keyring.errors.KeyringError as error:
        raise GalleryLocked(f"The keyring does not open ({error}): unlock it, or use a key file instead.") from error
    return None if found is None else str(found)


def _keyring_set(gallery: str, text: str) -> None:
    keyring = _keyring()
    try:
        keyring.set_password(_SERVICE, gallery, text)
    except keyring.errors.KeyringError as error:
        raise GalleryLocked(f"The keyring takes no key ({error}): unlock it, or use a key file instead.") from error


def _keyring() -> Any:
    try:
        import keyring  # optional, and it looks for a desktop when it is imported
        import keyring.errors
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "The keyring needs an optional part: install it with `pip install 'secondlook[keyring]'`."
        ) from error
    return keyring
