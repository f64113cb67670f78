"""Labelled pictures to something that can be audited: templates on the real road, and what must be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondlook.assemble import Identifier, calibration_for, comparison_for
from secondlook.audit.about import Fact, Unusable
from secondlook.audit.material import Material
from secondlook.audit.templates import Role
from secondlook.decide.calibration import Calibration
from secondlook.decide.rule import Calibrated, OperatingPoint
from secondlook.errors import SourceError
from secondlook.gallery.comparison import Cosine
from secondlook.runs.attribute_table import AttributeTable, of_samples
from secondlook.runs.audit_material import AsFind, material_of, templates_of
from secondlook.runs.labelled import Labelled, labelled
from secondlook.runs.page import pack_line
from secondlook.runs.template_making import Advance, MadeAll, Rule, make_templates
from secondlook.runs.template_shelf import TemplateShelf

_STOCK = (
    "The network and the rule are those of the face_recognition package (Euclidean distance of dlib's own output, 0.6 or"
    " less is one person). Faces were found and aligned by Second Look's detector in place of dlib's own."
)


@dataclass(frozen=True, eq=False, slots=True)
class Pictures:
    """The labelled pictures of an audit. roles: ``Role`` of each where the user said it, else None. name: of the data."""

    labelled: tuple[Labelled, ...]
    roles: NDArray[np.int8] | None
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class FromPictures:
    """What became of the pictures: something to audit, what was made, where templates lie meanwhile, and how they were
    compared; own None: by the rule of face_recognition."""

    material: Material
    made: MadeAll
    shelf: TemplateShelf
    own: AsFind | None


def pictures_of(folder: Path) -> Pictures:
    """A folder of labelled people. Raises SourceError."""
    return Pictures(labelled(folder), None, folder.name)


def pictures_of_both(references: Path, probes: Path) -> Pictures:
    """A folder of references and one of probes; a person is known by the same name in both. Raises SourceError."""
    first, second = labelled(references), labelled(probes)
    if not {one.subject for one in first} & {one.subject for one in second}:
        raise SourceError(f"nobody in {probes} is in {references}: name a person alike in both.")
    roles = np.repeat(np.array([Role.REFERENCE, Role.PROBE], np.int8), [len(first), len(second)])
    return Pictures((*first, *second), roles, f"{references.name} and {probes.name}")


def templates_made(
    pictures: Pictures,
    identifier: Identifier,
    rule: Rule,
    table: AttributeTable | None,
    out: Path,
    seed: int,
    advance: Advance,
    threshold: float | None = None,
) -> FromPictures:
    """Makes the templates, or takes them from the run that was stopped. Raises SourceError, OutputError, CalibrationError.

    threshold: one that ``find`` is run with, in place of its calibration.
    """
    made, shelf = make_templates(pictures.labelled, identifier, rule, out / ".run", advance)
    attributes, notes = ((), ()) if table is None else of_samples(table, [p.subject for p in pictures.labelled])
    templates = templates_of(made, pictures.roles, attributes, seed)
    said = [*_notes(made, pictures, rule), *notes]
    own = as_find(identifier, threshold) if rule is Rule.OWN else None
    return FromPictures(material_of(templates, own, pictures.name, seed, said), made, shelf, own)


def as_find(identifier: Identifier, threshold: float | None = None) -> AsFind:
    """How ``find`` compares and decides with this pack. threshold: given by hand. Raises CalibrationError."""
    rule, limits = identifier.stages.point, identifier.stages.limits
    held = rule.calibration if isinstance(rule, Calibrated) else _calibration(identifier)
    comparison = comparison_for(identifier.embedder.dimension, held)
    if threshold is not None:
        said = f"The threshold was set by hand to {threshold:.3f}."
        rule = OperatingPoint(threshold, threshold, rule.unlike, said)
    return AsFind(comparison, rule, limits)


def _calibration(identifier: Identifier) -> Calibration | None:
    return calibration_for(identifier.embedder.pack, identifier.settings.calibration)


def facts_of(identifier: Identifier, own: AsFind | None, made: MadeAll) -> tuple[Fact, ...]:
    """What ran and on what, for the page. own: None for the rule of face_recognition."""
    recogniser = pack_line(identifier.embedder.pack, identifier.card)
    detector = pack_line(identifier.detector.pack, identifier.detector.card)
    people = len({picture.subject for picture in made.pictures})
    return (
        Fact("Recogniser", (recogniser.title, recogniser.id, f"licence: {recogniser.licence}")),
        Fact("Detector", (detector.title, detector.id, f"licence: {detector.licence}")),
        *_compared(own),
        Fact("Pictures", (f"{len(made.pictures):,} of {people:,} people",)),
    )


def _compared(own: AsFind | None) -> tuple[Fact, ...]:
    if own is None:
        return (Fact("Compared by", ("Euclidean distance to the nearest reference of a person, as face_recognition",)),)
    how = "cosine" if isinstance(own.comparison, Cosine) else "cohort-normalised comparison"
    compared = Fact("Compared by", (f"one fused reference a person, {how}, as secondlook find",))
    if isinstance(own.rule, OperatingPoint):
        return (compared, Fact("Decided by", (own.rule.measured,)))
    card = own.rule.calibration.card
    lines = (
        "a threshold that follows each picture's quality and the gallery's size, as secondlook find",
        "thresholds of this audit, for curves and groups: one number for everybody, as ISO/IEC 19795-10 asks",
        f"calibration {own.rule.calibration.id}, fitted to {card.subjects:,} people: {card.data}. Of people who are among"
        " them, what is found here flatters it.",
    )
    return (compared, Fact("Decided by", lines))


def unusable(made: MadeAll) -> tuple[Unusable, ...]:
    pairs = zip(made.pictures, made.made, strict=True)
    return tuple(Unusable(str(picture.path), one.reason) for picture, one in pairs if one.template is None)


def _notes(made: MadeAll, pictures: Pictures, rule: Rule) -> list[str]:
    notes = [_STOCK] if rule is Rule.FACE_RECOGNITION else []
    if pictures.roles is None:
        notes.append(
            "Of everybody with several pictures the first usable one was enrolled and the others were searched; of people"
            " with one picture half were enrolled, drawn from the seed, and the others were strangers."
        )
    if made.several:
        notes.append(
            f"{made.several:,} of {len(made.pictures):,} pictures show several faces: the most central of the large ones was"
            " taken for the person of the label, which may be wrong."
        )
    return notes
