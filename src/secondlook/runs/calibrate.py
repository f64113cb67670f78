"""A calibration from a folder of labelled people to one small file: views, their templates, the fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from secondlook.assemble import Identifier
from secondlook.calibrate.fitting import LEAST_PEOPLE, Origin, calibrate, check_libraries
from secondlook.calibrate.searches import Samples
from secondlook.decide.calibration import Calibration
from secondlook.decide.calibration_file import save_calibration
from secondlook.errors import CalibrationError
from secondlook.faces.packs.installed import home
from secondlook.gallery.enrolment import EnrolLimits, shortfalls
from secondlook.runs.journal import writing
from secondlook.runs.labelled import Labelled, labelled
from secondlook.runs.view_making import Advance, sha256_of, view_shelf, views_of
from secondlook.runs.view_shelf import Views, ViewShelf

Told = Callable[[str], None]
"""Is told in a few words what is being done."""


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A picture that stands under several names, so that none of them can be relied on."""

    path: Path
    subjects: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """calibration: as it is in the file ``path``. contradicted: pictures that were left out."""

    calibration: Calibration
    path: Path
    contradicted: tuple[Contradicted, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A picture and its views. number: of the photograph."""

    picture: Labelled
    number: int
    views: Views


def people_in(folder: Path) -> tuple[Labelled, ...]:
    """The labelled pictures of a folder. Before any of them is read: raises ExtraMissing where nothing can be fitted,
    SourceError where there is nobody, CalibrationError where there are too few people."""
    check_libraries()
    pictures = labelled(folder)
    people = len({picture.subject for picture in pictures})
    if people < LEAST_PEOPLE:
        raise CalibrationError(
            f"{folder} has pictures of {people:,} {'person' if people == 1 else 'people'}: give at least {LEAST_PEOPLE}, "
            "30 of them with several pictures."
        )
    return pictures


def usual_place(pack: str) -> Path:
    """Where ``find`` looks for the calibration of a pack, by its id."""
    return home() / "calibrations" / f"{pack.replace('@', '-')}.json"


def calibrate_into(
    out: Path, pictures: Sequence[Labelled], identifier: Identifier, data: str, seed: int, advance: Advance, told: Told
) -> Fitted:
    """Makes every view of the pictures, fits, and writes the calibration to ``out``.

    data: what the card says of where the pictures come from. What was made of them lies in a folder beside ``out``
    until the end, so that a run that was stopped goes on. Raises CalibrationError, OutputError.
    """
    folder = out.with_name(f".{out.stem}.run")
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shelf = view_shelf(folder, identifier)
    seen, contradicted = seen_in(pictures, identifier, shelf, advance)
    try:
        origin = Origin(data, failed=sum(one.views.failed for one in seen))
        fitted = calibrate(samples_of(seen), identifier.embedder.pack, origin, seed, told)
        fitted = replace(fitted, card=replace(fitted.card, limits=limits_of(fitted)))
        save_calibration(fitted, out)
    except CalibrationError:
        shelf.remove()  # what cannot be fitted is no reason to keep real people's templates
        raise
    shelf.remove()
    return Fitted(fitted, out, contradicted)


def samples_of(seen: Sequence[Seen]) -> Samples:
    """Raises CalibrationError where no face was found in any picture."""
    subjects = {name: number for number, name in enumerate(dict.fromkeys(one.picture.subject for one in seen))}
    limits = EnrolLimits()
    rows = [(one, place, view) for one in seen for place, view in enumerate(one.views.made)]
    if not rows:
        raise CalibrationError("No face was found in any of the pictures: give photographs that show one person each.")
    return Samples(
        templates=np.stack([view.template for _, _, view in rows]),
        qualities=tuple(view.quality for _, _, view in rows),
        subject=np.array([subjects[one.picture.subject] for one, _, _ in rows], np.int64),
        picture=np.array([one.number for one, _, _ in rows], np.int64),
        reference=np.array([place == 0 and not shortfalls(view.quality, limits) for _, place, view in rows], np.bool_),
    )


def limits_of(fitted: Calibration) -> tuple[str, ...]:
    """What a fit to degraded photographs does not cover, for its card."""
    return (
        f"Galleries of more than {fitted.largest:,} people were not measured: what is said of them are bounds.",
        f"Rates below {1000 * fitted.rarest:.3g} in 1,000 cannot be shown by {fitted.card.subjects:,} people.",
        "Poor pictures were made from good ones by a model of cameras; masks, disguise and years between pictures count "
        "only as far as the pictures show them.",
        "Nobody was asked about any group of people: `secondlook audit --attributes` measures for whom it is worse.",
    )


def seen_in(
    pictures: Sequence[Labelled], identifier: Identifier, shelf: ViewShelf, advance: Advance
) -> tuple[list[Seen], tuple[Contradicted, ...]]:
    """Views of every photograph, each once, without those that stand under several names."""
    names: dict[str, list[Labelled]] = {}
    seen: dict[str, Seen] = {}
    try:
        for number, picture in enumerate(pictures):
            sha256 = sha256_of(picture.path)
            key = sha256 or str(picture.path)
            names.setdefault(key, []).append(picture)
            if key not in seen:
                views = Views(1, ()) if sha256 is None else _made(picture, sha256, identifier, shelf)
                seen[key] = Seen(picture, number, views)
            advance(1)
    finally:
        shelf.flush()
    contradicted = {
        key: Contradicted(same[0].path, tuple(sorted({one.subject for one in same})))
        for key, same in names.items()
        if len({one.subject for one in same}) > 1
    }
    return [one for key, one in seen.items() if key not in contradicted], tuple(contradicted.values())


def _made(picture: Labelled, sha256: str, identifier: Identifier, shelf: ViewShelf) -> Views:
    known = shelf.get(sha256)
    if known is not None:
        return known
    made = views_of(picture.path, sha256, identifier)
    shelf.put(sha256, made)
    return made
