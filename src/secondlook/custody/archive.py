"""A backup's archive: a plain tar, so that it can be looked into byte by byte.

backup.json      what this is, first, to be told at once
place/...        the files of the place
manifest.json    every file with its size and SHA-256, the databases, the head of the log
manifest.sha256  of manifest.json
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from secondlook.errors import BackupDamaged, BackupVersion

SCHEMA = "secondlook.backup/1"
ABOUT = "backup.json"
MANIFEST = "manifest.json"
DIGEST = "manifest.sha256"
PLACE = "place/"
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """path: below the place, with slashes. size: bytes. sha256: in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DatabaseNote:
    """gallery: its id where the database is a gallery's, else empty. schema: its version, or Alembic's revision."""

    path: str
    gallery: str
    schema: str


@dataclass(frozen=True, slots=True)
class About:
    """made_at: UTC, ISO 8601. made_by: version of Second Look. galleries: ids."""

    made_at: str
    made_by: str
    galleries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """head: one line, as ``Head.text``; empty where the place has no log."""

    about: About
    files: tuple[Member, ...]
    databases: tuple[DatabaseNote, ...]
    head: str

    def text(self) -> bytes:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1).encode() + b"\n"


class ArchiveWriter:
    """Writes one archive, member after member. Raises OSError."""

    def __init__(self, file: IO[bytes], about: About) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by finish
        self._about = about
        self._members: list[Member] = []
        self._plain(ABOUT, json.dumps({"schema": SCHEMA, **asdict(about)}).encode() + b"\n")

    def add(self, path: str, source: IO[bytes], size: int) -> None:
        """size: how many bytes of the source to take. Raises EOFError where it has fewer."""
        reader = _Hashing(source, size)
        self._tar.addfile(_info(PLACE + path, size), reader)  # type: ignore[arg-type]
        if reader.left:
            raise EOFError(path)
        self._members.append(Member(path, size, reader.sha256.hexdigest()))

    def finish(self, databases: tuple[DatabaseNote, ...], head: str) -> Manifest:
        manifest = Manifest(self._about, tuple(self._members), databases, head)
        self._plain(MANIFEST, manifest.text())
        self._plain(DIGEST, hashlib.sha256(manifest.text()).hexdigest().encode() + b"\n")
        self._tar.close()
        return manifest

    def _plain(self, name: str, content: bytes) -> None:
        self._tar.addfile(_info(name, len(content)), io.BytesIO(content))


class ArchiveReader:
    """Reads one archive. Whatever is wrong with it raises BackupDamaged."""

    def __init__(self, tar: tarfile.TarFile, path: Path) -> None:
        """For ``opened``."""
        self._tar = tar
        self._path = path
        self._infos = {info.name: info for info in tar.getmembers()}
        about = self._content(ABOUT)
        self._refuse_newer(about)
        text = self._content(MANIFEST)
        if self._content(DIGEST).strip() != hashlib.sha256(text).hexdigest().encode():
            raise ValueError("the manifest was changed")
        self.manifest = _manifest(json.loads(text))
        listed = {PLACE + member.path for member in self.manifest.files}
        if listed | {ABOUT, MANIFEST, DIGEST} != self._infos.keys() or len(tar.getmembers()) != len(listed) + 3:
            raise ValueError("its members are not those of its manifest")

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[ArchiveReader]:
        """Raises BackupDamaged, BackupVersion, OSError."""
        try:
            with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
                yield cls(tar, path)
        except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError, EOFError, RecursionError) as error:
            raise BackupDamaged(f"{path} is no whole backup ({error}): take another one.") from error

    def unpack(self, member: Member, into: Path) -> None:
        """Writes the file, durably. Raises BackupDamaged where it is not the one of the manifest, OSError."""
        sha256, size = hashlib.sha256(), 0
        with os.fdopen(os.open(into, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
            for content in self._pieces(member):
                sha256.update(content)
                size += len(content)
                target.write(content)
            target.flush()
            os.fsync(target.fileno())
        if (size, sha256.hexdigest()) != (member.size, member.sha256):
            raise BackupDamaged(f"{self._path} is damaged, {member.path} in it was changed: take another backup.")

    def file(self, member: Member) -> IO[bytes]:
        """The member's bytes, unchecked."""
        found = self._tar.extractfile(self._infos[PLACE + member.path])
        if found is None:
            raise ValueError(f"{member.path} is no file")
        return found

    def _pieces(self, member: Member) -> Iterator[bytes]:
        with self.file(member) as source:
            while content := source.read(_STEP):
                yield content

    def _content(self, name: str) -> bytes:
        info = self._infos.get(name)
        found = self._tar.extractfile(info) if info is not None else None
        if found is None:
            raise ValueError(f"{name} is missing")
        return found.read()

    def _refuse_newer(self, about: bytes) -> None:
        schema = json.loads(about)["schema"]
        if schema != SCHEMA and str(schema).startswith("secondlook.backup/"):
            raise BackupVersion(
                f"{self._path} was made by a newer Second Look ({schema}): restore it with that version."
            )
        if schema != SCHEMA:
            raise ValueError("it is something else")


def inside(folder: Path, path: str) -> Path:
    """Where a member goes below a folder. Raises ValueError where that would be elsewhere."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0]:
        raise ValueError(f"it holds a file outside of it, {path}")
    return folder.joinpath(*parts)


class _Hashing:
    """A reader of no more than some bytes, which remembers what it has read."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source = source
        self.left = size
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        content = self._source.read(min(size, self.left))
        if len(content) < min(size, self.left):
            raise EOFError("it became shorter while it was copied")
        self.left -= len(content)
        self.sha256.update(content)
        return content


def _info(name: str, size: int) -> tarfile.TarInfo:
    """Nothing of the machine it was made on: no owner, no time, no rights."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _manifest(fields: dict[str, Any]) -> Manifest:
    about = fields["about"]
    manifest = Manifest(
        About(str(about["made_at"]), str(about["made_by"]), tuple(about["galleries"])),
        tuple(Member(str(m["path"]), int(m["size"]), str(m["sha256"])) for m in fields["files"]),
        tuple(DatabaseNote(str(d["path"]), str(d["gallery"]), str(d["schema"])) for d in fields["databases"]),
        str(fields["head"]),
    )
    for member in manifest.files:
        inside(Path(), member.path)
    return manifest
