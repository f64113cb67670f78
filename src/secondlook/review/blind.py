"""Making a blind set: a probe and faces of equal similarity, among them the candidate or, by the fall of a coin, not.

A set hides the candidate in three ways. *Who*: all faces are the gallery's nearest to the probe, those whose score is
nearest to the candidate's; each subject is shown by its reference of the best quality, and never by the one most alike.
*How*: all pictures pass through one door (``pictures``), levelled over the candidate and all its look-alikes, so that
neither a face nor the coin shows. *Where*: tokens are random, the order is a random permutation, and nothing else
travels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from secondlook.errors import GalleryError, SourceError
from secondlook.gallery import Reference
from secondlook.ports import Searchable
from secondlook.review.draws import Draws
from secondlook.review.pictures import levelled, png
from secondlook.review.sets import (
    BlindItem,
    BlindSet,
    Made,
    MadeOrNot,
    NoSet,
    Probe,
    SetKind,
    Truth,
    TruthItem,
    WhyNoSet,
)
from secondlook.sources import picture_from
from secondlook.types import Candidate, Floats, Pixels

MOST_FACES = 6
LEAST_FACES = 4
"""With fewer, who guesses is right too often: among four, of 16 pairs of guessers one names the candidate."""
LEAST_PEOPLE = LEAST_FACES + 1
"""A set without the candidate needs as many others as one with the candidate has faces."""
_DEEP = 64
"""How many of the nearest are looked at for those whose score is nearest to the candidate's."""


class Enrolled(Searchable, Protocol):
    """What a second look needs of a gallery (``gallery.Gallery``)."""

    def references(self, subject: str) -> Sequence[Reference]:
        """Of one subject. Raises GalleryError where there is none or it cannot be read."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class _Shown:
    """A subject as it may be shown."""

    subject: str
    reference: int
    score: float
    pixels: Pixels
    landmarks: Floats


def faces_in_set(people: int) -> int:
    """How many faces a set has in a gallery of so many people: six, and where these do not suffice for two sets that
    share no look-alike, fewer, but four at least."""
    return min(MOST_FACES, max(LEAST_FACES, (people - 1) // 2))


def blind_set(
    probe: Probe, candidate: str, gallery: Enrolled, seed: bytes, seen: frozenset[str] = frozenset()
) -> MadeOrNot:
    """A set about a sighting. The candidate is among the faces or not, as a fair coin falls.

    candidate: the subject proposed. seed: ``secrets.token_bytes(32)``, of this set alone and kept from everybody.
    seen: subjects this reviewer saw beside this probe in earlier sets (``already_seen``); none of them returns, or the
    one new face would be the candidate. Raises PackMismatch.
    """
    draws = Draws(seed, "blind set")
    kind = draws.one_of((SetKind.CANDIDATE, SetKind.LOOK_ALIKES))
    return assembled(kind, probe, candidate, gallery, draws, seen)


def already_seen(earlier: Sequence[Truth], candidate: str) -> frozenset[str]:
    """earlier: the truths of all sets about one sighting that one reviewer was given."""
    return frozenset(item.subject for truth in earlier for item in truth.items if item.subject != candidate)


def assembled(
    kind: SetKind, probe: Probe, subject: str, gallery: Enrolled, draws: Draws, seen: frozenset[str]
) -> MadeOrNot:
    """The one way by which every set is made. subject: the candidate, or in a catch trial whose picture the probe is."""
    people = gallery.subjects
    if people < LEAST_PEOPLE:
        return NoSet(
            WhyNoSet.GALLERY_TOO_SMALL,
            f"A blind comparison needs {LEAST_PEOPLE} enrolled people and there are {people}: enrol more of them, or have "
            "people outside compare the pictures among others.",
            people,
            LEAST_PEOPLE,
        )
    own, others = _nearest(probe, subject, gallery, len(seen))
    if own is None:
        return NoSet(WhyNoSet.NOT_ENROLLED, f"'{subject}' is not enrolled, so nobody can be compared: search again.")
    first = _shown(own, gallery)
    if first is None:
        return NoSet(WhyNoSet.NO_PICTURE, f"No picture of '{subject}' can be read: enrol the person again.")
    faces = faces_in_set(people)
    alike = _look_alikes(others, gallery, seen, faces)
    if len(alike) < faces:
        return _too_few(len(alike), faces, seen)
    return _written(kind, probe, subject, (first, *alike), draws)


def _nearest(
    probe: Probe, subject: str, gallery: Enrolled, more: int
) -> tuple[Candidate | None, tuple[Candidate, ...]]:
    """The subject as the search found it, and the others, those first whose score is nearest to the subject's."""
    found = gallery.search(probe.template, probe.pack, _DEEP + more)
    own = next((c for c in found if c.subject == subject), None)
    if own is None:
        found = gallery.search(probe.template, probe.pack, gallery.subjects)
        own = next((c for c in found if c.subject == subject), None)
    if own is None:
        return None, ()
    level = own.score
    others = [c for c in found if c.subject != subject]
    return own, tuple(sorted(others, key=lambda c: (abs(c.score - level), c.rank)))


def _look_alikes(
    others: Sequence[Candidate], gallery: Enrolled, seen: frozenset[str], wanted: int
) -> tuple[_Shown, ...]:
    found: list[_Shown] = []
    for candidate in others:
        if len(found) == wanted:
            break
        shown = None if candidate.subject in seen else _shown(candidate, gallery)
        if shown is not None:
            found.append(shown)
    return tuple(found)


def _shown(candidate: Candidate, gallery: Enrolled) -> _Shown | None:
    """By its reference of the best quality that can be read; None where none can."""
    for reference in _best_first(gallery, candidate.subject):
        try:
            pixels = picture_from(reference.crop).pixels
        except SourceError:
            continue
        return _Shown(candidate.subject, reference.id, candidate.score, pixels, reference.landmarks)
    return None


def _best_first(gallery: Enrolled, subject: str) -> Iterator[Reference]:
    try:
        held = gallery.references(subject)
    except GalleryError:  # removed or blinded since the search
        return
    yield from by_quality(held)


def by_quality(references: Sequence[Reference]) -> tuple[Reference, ...]:
    """The best first, and of equals the one enrolled first."""
    return tuple(sorted(references, key=lambda r: (-r.quality.score, r.id)))


def _too_few(have: int, needed: int, seen: frozenset[str]) -> NoSet:
    if seen:
        return NoSet(
            WhyNoSet.LOOK_ALIKES_SEEN,
            f"This reviewer has seen {len(seen)} look-alikes beside this face and {have} are left of {needed} needed: "
            "give it to another reviewer.",
            have,
            needed,
        )
    return NoSet(
        WhyNoSet.NO_PICTURE,
        f"The pictures of only {have} look-alikes can be read and {needed} are needed: enrol those people again.",
        have,
        needed,
    )


def _written(kind: SetKind, probe: Probe, subject: str, pool: Sequence[_Shown], draws: Draws) -> Made:
    """pool: the subject first, then as many look-alikes as a set has faces. All are levelled, whichever are shown."""
    views = levelled([(one.pixels, one.landmarks) for one in pool], draws)
    present = kind in (SetKind.CANDIDATE, SetKind.SAME)
    chosen = list(zip(pool, views, strict=True))[:-1] if present else list(zip(pool, views, strict=True))[1:]
    set_id = draws.token()
    items, truths = [], []
    for shown, picture in draws.shuffled(chosen):
        token = draws.token()
        items.append(BlindItem(token, png(picture)))
        truths.append(TruthItem(token, shown.subject, shown.reference, shown.score))
    (of_probe,) = levelled([(probe.pixels, probe.landmarks)], draws)
    return Made(BlindSet(set_id, png(of_probe), tuple(items)), Truth(set_id, kind, subject, tuple(truths)))
