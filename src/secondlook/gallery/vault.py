"""Who can open what: the gallery's key opens the subjects' keys, a subject's key what is kept of the subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag

from secondlook.errors import GalleryError, GalleryLocked
from secondlook.gallery.names import folded_name
from secondlook.gallery.sealing import Belonging, Kind, derive, lookup, new_key, seal, unseal

_CHECK = b"this key opens this gallery"


@dataclass(frozen=True, slots=True)
class SubjectSeal:
    """Seals and opens what is kept of one subject. gallery, subject: ids in hex."""

    gallery: str
    subject: str
    place: str
    key: bytes = field(repr=False)

    def close(self, plain: bytes, kind: Kind, pack: str = "", picture: bytes = b"") -> bytes:
        return seal(self.key, plain, Belonging(self.gallery, kind, self.subject, pack, picture))

    def open(self, sealed: bytes, kind: Kind, pack: str = "", picture: bytes = b"", row: str = "a subject") -> bytes:
        """Raises GalleryError where the sealed value was changed or belongs elsewhere. row: its name there."""
        try:
            return unseal(self.key, sealed, Belonging(self.gallery, kind, self.subject, pack, picture))
        except InvalidTag as error:
            raise GalleryError(
                f"The {kind} of {row} in {self.place} was changed or moved from outside: "
                "remove it, or restore the gallery from a backup."
            ) from error

    def picture_lookup(self, sha256: str) -> bytes:
        """Tells a picture that is enrolled already, and nothing without this subject's key."""
        return lookup(derive(self.key, self.gallery, "pictures"), sha256)


class SubjectKeys(Protocol):
    """Where the wrapped keys of subjects are kept, by subject id (in hex). place: for sentences.

    Any method raises OutputError or GalleryLocked where it cannot be used.
    """

    @property
    def place(self) -> str: ...

    def keep_all(self, wrapped: Mapping[str, bytes]) -> None:
        """All of them or none."""
        ...

    def find(self, subject: str) -> bytes | None: ...

    def everything(self) -> dict[str, bytes]: ...

    def drop(self, subject: str) -> None:
        """Forget a key for good, and the key of indexes with it. One which is not there is no error."""
        ...

    def dropped(self) -> frozenset[str]:
        """The subjects whose keys were dropped."""
        ...

    def index_key(self, gallery: str) -> bytes | None:
        """What opens a gallery's indexes, wrapped; None where it was dropped and nobody has kept another one since."""
        ...

    def keep_index_key(self, gallery: str, wrapped: bytes) -> bytes:
        """The one that is there, else this one, which then is."""
        ...

    def drop_index_key(self, gallery: str) -> None:
        """Forget it for good. It is no error where there is none."""
        ...

    def close(self) -> None: ...


class Vault:
    """The gallery's key at work, and the store of the subjects' keys."""

    def __init__(self, gallery: str, key: bytes, store: SubjectKeys, place: str) -> None:
        self._gallery = gallery
        self._place = place
        self._store = store
        self._wrapping = derive(key, gallery, "subject keys")
        self._names = derive(key, gallery, "names")
        self._checking = derive(key, gallery, "check")
        self._others = derive(key, gallery, "others")

    def check_value(self) -> bytes:
        """What only this key opens: kept with the gallery, to tell a wrong key at once."""
        return seal(self._checking, _CHECK, Belonging(self._gallery, Kind.CHECK))

    def verify(self, check: bytes, words: str) -> None:
        """Raises GalleryLocked where this is not the gallery's key. words: where it came from."""
        try:
            unseal(self._checking, check, Belonging(self._gallery, Kind.CHECK))
        except InvalidTag as error:
            raise GalleryLocked(
                f"The key in {words} does not open {self._place}: give the key this gallery was made with."
            ) from error

    def name_lookup(self, name: str) -> bytes:
        """Finds a name, and tells nothing without the gallery's key."""
        return lookup(self._names, folded_name(name))

    def seal_other(self, plain: bytes, what: str) -> bytes:
        """Of nobody in particular. what: where it belongs, in the words of whoever keeps it."""
        return seal(self._others, plain, Belonging(self._gallery, Kind.RECORD, picture=what.encode()))

    def open_other(self, sealed: bytes, what: str) -> bytes:
        """Raises GalleryError where it was changed, or belongs elsewhere."""
        try:
            return unseal(self._others, sealed, Belonging(self._gallery, Kind.RECORD, picture=what.encode()))
        except InvalidTag as error:
            raise GalleryError(f"What is kept as {what} was changed from outside: restore it from a backup.") from error

    def new_seals(self, subjects: Sequence[str]) -> list[SubjectSeal]:
        """A key for each of some new subjects, in the store before anything is sealed with them. One that is there already
        was left by somebody who was stopped before the subject was: nothing was sealed with it, and it is taken."""
        left = {subject: self.find(subject) for subject in subjects}
        keys = {subject: new_key() for subject, seal_ in left.items() if seal_ is None}
        self._store.keep_all(
            {
                subject: seal(self._wrapping, key, Belonging(self._gallery, Kind.KEY, subject))
                for subject, key in keys.items()
            }
        )
        return [left[subject] or self._seal(subject, keys[subject]) for subject in subjects]

    def find(self, subject: str) -> SubjectSeal | None:
        """None where the key was dropped: the subject is blinded."""
        wrapped = self._store.find(subject)
        return None if wrapped is None else self._unwrapped(subject, wrapped)

    def find_all(self, subjects: set[str]) -> dict[str, SubjectSeal]:
        """By subject id, without those whose key was dropped."""
        wrapped = self._store.everything()
        return {subject: self._unwrapped(subject, wrapped[subject]) for subject in subjects & wrapped.keys()}

    def wrapped(self, subject: str) -> bytes | None:
        """A subject's key as it lies in the store."""
        return self._store.find(subject)

    def drop(self, subject: str) -> None:
        """From here on nobody can read what is kept of this subject, nor any copy of it."""
        self._store.drop(subject)

    def dropped(self) -> frozenset[str]:
        """The subjects whose keys were dropped."""
        return self._store.dropped()

    def seal_index_key(self, key: bytes) -> bytes:
        """The key of an index's file, which from here on opens until a subject's key is dropped."""
        wrapped = self._store.index_key(self._gallery)
        if wrapped is None:
            wrapped = self._store.keep_index_key(
                self._gallery, seal(self._wrapping, new_key(), Belonging(self._gallery, Kind.KEY))
            )
        opening = unseal(self._wrapping, wrapped, Belonging(self._gallery, Kind.KEY))
        return seal(opening, key, Belonging(self._gallery, Kind.INDEX))

    def open_index_key(self, sealed: bytes) -> bytes | None:
        """None where it cannot be opened any more."""
        wrapped = self._store.index_key(self._gallery)
        if wrapped is None:
            return None
        try:
            opening = unseal(self._wrapping, wrapped, Belonging(self._gallery, Kind.KEY))
            return unseal(opening, sealed, Belonging(self._gallery, Kind.INDEX))
        except InvalidTag:
            return None

    def drop_index_key(self) -> None:
        """From here on nobody opens the file of any index of this gallery, nor a copy of one."""
        self._store.drop_index_key(self._gallery)

    def close(self) -> None:
        self._store.close()

    def _seal(self, subject: str, key: bytes) -> SubjectSeal:
        return SubjectSeal(self._gallery, subject, self._place, key)

    def _unwrapped(self, subject: str, wrapped: bytes) -> SubjectSeal:
        try:
            key = unseal(self._wrapping, wrapped, Belonging(self._gallery, Kind.KEY, subject))
        except InvalidTag as error:
            raise GalleryLocked(
                f"A key in {self._store.place} was changed or belongs to another gallery than {self._place}: "
                "bring back the right file."
            ) from error
        return self._seal(subject, key)
