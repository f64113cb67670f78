"""What there is to audit, whichever way it came in."""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.audit import columns
from secondlook.audit.acquisition import Presentations, presented_in_pairs, presented_in_searches
from secondlook.audit.deciding import Deciding, unstated, with_posteriors
from secondlook.audit.kinds import Direction, ScoreMeaning, Settings, Way
from secondlook.audit.pair_searches import probe_scores_of, searches_possible
from secondlook.audit.protocols import compare, gallery_sizes, largest_gallery, search
from secondlook.audit.scores import Attribute, Scores1to1, SearchScores
from secondlook.audit.tables import Table
from secondlook.audit.templates import ProbeScores, Role, Templates, probe_scores
from secondlook.decide.rule import Limits, Rule


@dataclass(frozen=True, eq=False, slots=True)
class Material:
    """pairs: 1:1. probes: what galleries of any size can be searched with. searches: that were made already.

    presented: samples, for failures to acquire; None where the input does not say which failed. notes: one sentence
    each, for whoever reads the result. deciding: how the system itself decides on ``probes``, where that is known.
    """

    name: str
    way: Way
    people: tuple[str, ...]
    direction: Direction
    meaning: ScoreMeaning
    pairs: Scores1to1 | None = None
    probes: ProbeScores | None = None
    searches: tuple[SearchScores, ...] = ()
    presented: Presentations | None = None
    notes: tuple[str, ...] = ()
    deciding: Deciding | None = None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        if self.pairs is not None:
            return self.pairs.attributes
        return self.searches[0].attributes if self.searches else ()


def of_table(table: Table) -> Material:
    """A table of comparisons (searched too, where every probe was compared with everybody) or of candidate lists."""
    layout = table.layout
    if table.pairs is None:
        known = layout.at(columns.Role.FAILED) is not None and len(table.searches) > 0
        return Material(
            table.path.name,
            Way.CANDIDATES,
            table.searches[0].people if table.searches else (),
            layout.direction,
            layout.meaning,
            searches=table.searches,
            presented=presented_in_searches(table.searches[0]) if known else None,
            notes=table.notes,
        )
    pairs = table.pairs
    possible = searches_possible(pairs)
    note = "Not every probe was compared with everybody, so searches of a gallery could not be made of the table."
    return Material(
        table.path.name,
        Way.PAIRS,
        pairs.people,
        layout.direction,
        layout.meaning,
        pairs,
        probe_scores_of(pairs) if possible else None,
        presented=presented_in_pairs(pairs),
        notes=table.notes if possible else (*table.notes, note),
    )


def of_templates(
    templates: Templates,
    name: str,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    rule: Rule | None = None,
    limits: Limits | None = None,
) -> Material:
    """Labelled templates: compared 1:1, and searched as a gallery is.

    rule, limits: how ``find`` decides with them, which needs ``templates.pictures``; rule None: only scores are audited.
    """
    deciding = None
    if rule is not None and templates.pictures:
        deciding = Deciding(
            rule, limits or Limits(), tuple(templates.pictures[row] for row in templates.rows(Role.PROBE))
        )
    presented = Presentations(templates.failed, templates.subject, templates.attributes)
    return Material(
        name,
        Way.TEMPLATES,
        templates.people,
        Direction.SIMILARITY,
        ScoreMeaning.SCORE,
        compare(templates, seed=seed),
        probe_scores(templates),
        presented=presented,
        notes=notes,
        deciding=deciding,
    )


def searches_of(material: Material, settings: Settings) -> tuple[tuple[SearchScores, ...], tuple[str, ...]]:
    """Searches of every gallery size that was asked for, smallest first, and a note for each that cannot be made."""
    probes = material.probes
    if probes is None:
        return material.searches, ()
    largest = largest_gallery(probes)
    asked = settings.gallery_sizes or gallery_sizes(probes)
    notes = tuple(_too_large(n, largest) for n in asked if n > largest)
    sizes = sorted({n for n in asked if 1 <= n <= largest})
    searches = tuple(search(probes, n, settings.repeats, settings.seed) for n in sizes)
    if material.deciding is None:
        return searches, notes
    return with_posteriors(searches, material.deciding), (*notes, *unstated(searches, material.deciding))


def _too_large(n: int, largest: int) -> str:
    return f"A gallery of {n:,} cannot be tried: at most {largest:,} people can be enrolled and leave strangers."
