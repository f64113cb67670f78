"""Labelled pictures to something that can be audited: templates on the real road, and what must be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondlook.assemble import Identifier
from secondlook.audit.about import Fact, Unusable
from secondlook.audit.material import Material
from secondlook.audit.templates import Role
from secondlook.errors import SourceError
from secondlook.runs.attribute_table import AttributeTable, of_samples
from secondlook.runs.audit_material import material_of, templates_of
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
    """What became of the pictures: something to audit, what was made, and where templates lie meanwhile."""

    material: Material
    made: MadeAll
    shelf: TemplateShelf


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
) -> FromPictures:
    """Makes the templates, or takes them from the run that was stopped. Raises SourceError, OutputError."""
    made, shelf = make_templates(pictures.labelled, identifier, rule, out / ".run", advance)
    attributes, notes = ((), ()) if table is None else of_samples(table, [p.subject for p in pictures.labelled])
    templates = templates_of(made, pictures.roles, attributes, seed)
    said = [*_notes(made, pictures, rule), *notes]
    return FromPictures(material_of(templates, rule, pictures.name, seed, said), made, shelf)


def facts_of(identifier: Identifier, rule: Rule, made: MadeAll) -> tuple[Fact, ...]:
    """What ran and on what, for the page."""
    recogniser = pack_line(identifier.embedder.pack, identifier.card)
    detector = pack_line(identifier.detector.pack, identifier.detector.card)
    people = len({picture.subject for picture in made.pictures})
    how = "Euclidean distance, as face_recognition" if rule is Rule.FACE_RECOGNITION else "cosine, as secondlook find"
    return (
        Fact("Recogniser", (recogniser.title, recogniser.id, f"licence: {recogniser.licence}")),
        Fact("Detector", (detector.title, detector.id, f"licence: {detector.licence}")),
        Fact("Compared by", (how,)),
        Fact("Pictures", (f"{len(made.pictures):,} of {people:,} people",)),
    )


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
