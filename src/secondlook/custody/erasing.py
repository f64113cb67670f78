"""Erasing a subject: everything that is kept of it, wherever that is, then a look through every file for what is left.

What is known of the subject (its name, templates, crops) is kept in memory only, from before the first removal to the
end of the search; so the gallery, which alone knows it, comes last. Stopped before that, an erasure is repeated with all
that is known. Stopped after it, the subject's key is dropped and a repetition can look for no more than the name that it
is given, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from secondlook.custody.entries import now
from secondlook.custody.log import CustodyLog
from secondlook.custody.needles import (
    NOTHING,
    Needles,
    digest_needles,
    name_needles,
    picture_needles,
    sealed_needles,
    template_needles,
)
from secondlook.custody.reading import Wanted, read_log
from secondlook.custody.receipts import LookedFor, Receipt, Removed, signed, write_receipt
from secondlook.custody.searching import Searched, search
from secondlook.custody.streams import Unread
from secondlook.errors import GalleryLocked, UnknownSubject
from secondlook.gallery import Gallery
from secondlook.gallery.knowing import Known
from secondlook.ports import Action, Entry

RECEIPTS = "receipts"
_SHORTEST_FILE_NAME = 8
_BLOT = "(name)"
_ID = re.compile(r"[0-9a-f]{32}")


class Remover(Protocol):
    """One who keeps something of subjects. To be called again after a stop does no harm."""

    def remove(self, subject: str) -> Sequence[Removed]:
        """Takes away all that is kept of a subject (id in hex). Raises SecondLookError where that cannot be done."""
        ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Who asks for an erasure, and why; as in ``ports.Entry``."""

    actor: str
    purpose: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True)
class GalleryRemover:
    """Takes a subject out of a gallery: drops its key, then its rows, overwritten, and the write-ahead log."""

    gallery: Gallery

    def remove(self, subject: str) -> Sequence[Removed]:
        references = 0
        with suppress(UnknownSubject, GalleryLocked):  # then there is nothing that can be counted
            references = self.gallery.subject(subject).references
        there = self.gallery.remove_by_id(subject)
        return Removed("subject's rows in the gallery", int(there)), Removed("references in the gallery", references)


@dataclass(frozen=True, slots=True)
class Erased:
    """file: the receipt's."""

    receipt: Receipt
    file: Path


def erase(
    subject: str,
    gallery: Gallery,
    log: CustodyLog,
    reason: Reason,
    removers: Sequence[Remover],
    places: Sequence[Path],
    progress: Callable[[int], None] = lambda done: None,
    out_of_sight: Sequence[str] = (),
) -> Erased:
    """Erases a subject, and writes the receipt into ``receipts`` in the log's folder.

    subject: its name, or its id in hex; a name can be looked for even where the gallery does not know it any more.
    removers: whoever else keeps something of subjects, in the order in which they are asked; the gallery comes after
    them. places: folders and files to be looked through; the gallery's own folder should be among them. progress: told
    how many bytes were looked through. out_of_sight: sentences for the receipt on what else cannot be.
    Raises UnknownSubject where there is no such subject, nor an erasure that was stopped; whatever a remover raises,
    and then the erasure is to be repeated.
    """
    known, others, stopped = _subjects(subject, gallery, log)
    notes = (*stopped, *gallery.out_of_sight, *out_of_sight)
    name = "" if subject == known.id else subject
    needles, looked_for = needles_of(known, name)
    removed: list[Removed] = []
    for id_ in (known.id, *others):
        log.record(_entry(reason, id_, {"stage": "begun"}))
        for remover in (*removers, GalleryRemover(gallery)):
            removed += remover.remove(id_)
    searched = _blotted(search(places, needles, progress), (name, known.name))
    receipt = Receipt(
        log=log.identity.log,
        subject=known.id,
        at=now(),
        actor=reason.actor,
        purpose=reason.purpose,
        case=reason.case,
        removed=tuple(removed),
        looked_for=looked_for,
        searched=searched,
        complete=searched.clean and not notes,
        notes=notes,
    )
    text = signed(receipt, log.key)
    file = log.folder / RECEIPTS / f"{known.id}-{receipt.at[:19].replace(':', '')}.json"
    digest = write_receipt(file, text)
    found = {"found": len(searched.found), "unread": len(searched.unread), "files": searched.files}
    for id_ in (known.id, *others):
        log.record(_entry(reason, id_, {"stage": "done", "receipt_sha256": digest, **found}))
    return Erased(receipt, file)


def needles_of(known: Known, name: str = "") -> tuple[Needles, LookedFor]:
    """All that may be left of a subject. name: as its user calls it, where that is all there is to go by."""
    needles = sealed_needles(known.sealed)
    for one in dict.fromkeys(filter(None, (name, known.name))):
        needles += name_needles("name", one)
    templates = [reference.template for reference in known.references]
    for template in templates if known.fused is None else [*templates, known.fused]:
        needles += template_needles(template)
    for reference in known.references:
        needles += picture_needles(reference.crop) + digest_needles(reference.picture_sha256)
        needles += _file_needles(reference.source)
    count = len(known.references)
    return needles, LookedFor(int(bool(name or known.name)), count, count, len(known.sealed))


def unfinished(log: CustodyLog) -> tuple[str, ...]:
    """The subjects (ids) whose erasure was begun and not finished."""
    begun: dict[str, None] = {}
    for line in read_log(log.folder, Wanted(action=Action.ERASE)):
        for subject in line.entry.object:
            if line.entry.details.get("stage") == "begun":
                begun[subject] = None
            else:
                begun.pop(subject, None)
    return tuple(begun)


def _subjects(subject: str, gallery: Gallery, log: CustodyLog) -> tuple[Known, tuple[str, ...], tuple[str, ...]]:
    """The subject as far as it is known, others whose erasure was stopped, and what has to be said."""
    try:
        known = _known(subject, gallery)
    except UnknownSubject:
        stopped = unfinished(log)
        if not stopped or (_ID.fullmatch(subject) and subject not in stopped):
            raise
        note = (
            "An earlier erasure was stopped after the key was dropped, so this one could look for the given name only: "
            "templates and pictures were known to nobody any more."
        )
        first = subject if subject in stopped else stopped[0]
        return Known(first, "", (), None, ()), tuple(one for one in stopped if one != first), (note,)
    if known.name:
        return known, (), ()
    note = "The subject's key was dropped before, so only a given name and its sealed rows could be looked for."
    return known, (), (note,)


def _known(subject: str, gallery: Gallery) -> Known:
    """Raises UnknownSubject."""
    try:
        return gallery.known(gallery.subject_id(subject))
    except UnknownSubject:
        if not _ID.fullmatch(subject):
            raise
        return gallery.known(subject)


def _entry(reason: Reason, subject: str, details: dict[str, str | int | float]) -> Entry:
    return Entry(reason.actor, Action.ERASE, (subject,), reason.purpose, reason.case, details)


def _file_needles(source: str) -> Needles:
    """What a reference's picture was called; a short file name (1.jpg) is anybody's."""
    parts = [part for part in source.replace("\\", "/").split("/") if part]
    needles = name_needles("reference's file name", source) if len(source) >= _SHORTEST_FILE_NAME else NOTHING
    if len(parts) > 1:
        needles += name_needles("reference's file name", "/".join(parts[-2:]))
        if len(parts[-1]) >= _SHORTEST_FILE_NAME:
            needles += name_needles("reference's file name", parts[-1])
    return needles


def _blotted(searched: Searched, names: Sequence[str]) -> Searched:
    """The receipt is kept for ever, so no path in it may say the name."""

    def blot(place: str) -> str:
        for name in filter(None, names):
            for spelling in (name, name.replace(" ", "_"), name.replace(" ", "-"), name.replace(" ", "")):
                at = place.casefold().find(spelling.casefold())
                while at >= 0:
                    place = place[:at] + _BLOT + place[at + len(spelling) :]
                    at = place.casefold().find(spelling.casefold(), at + len(_BLOT))
        return place

    return replace(
        searched,
        found=tuple(replace(one, place=blot(one.place)) for one in searched.found),
        unread=tuple(Unread(blot(one.place), blot(one.why)) for one in searched.unread),
    )
