"""An audit from what the user named to the files that are left: metrics.json, tables, report.html and, maybe, a PDF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from secondlook import __version__
from secondlook.assemble import Identifier
from secondlook.audit.about import AuditRun, Fact, Unusable
from secondlook.audit.auditing import audit
from secondlook.audit.csv_tables import write_tables
from secondlook.audit.findings import findings
from secondlook.audit.histogram import ScoreHistogram, score_histogram
from secondlook.audit.kinds import Direction, Settings, Wanted
from secondlook.audit.material import Material, of_table
from secondlook.audit.metrics_json import as_json, write_metrics
from secondlook.audit.page import FILE_NAME, write_audit_page
from secondlook.audit.pdf import NoPdf, browser, print_pdf
from secondlook.audit.protocols import gallery_sizes
from secondlook.audit.results import AuditResult
from secondlook.audit.tables import read_scores
from secondlook.runs.attribute_table import read_attributes
from secondlook.runs.audit_pictures import Pictures, facts_of, templates_made, unusable
from secondlook.runs.journal import writing
from secondlook.runs.template_making import Advance, Rule

METRICS = "metrics.json"
TABLES = "tables"
PDF = "report.pdf"

STOCK_DISTANCE = 0.6
"""face_recognition 1.3, ``compare_faces``: a distance of at most this is one person."""

Told = Callable[[str], None]
"""Is told in a few words what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an audit is asked for.

    fpir: share of strangers' searches that may name somebody. group_by: attributes, each entry one or several crossed;
    () = each by itself. gallery_sizes: () = chosen from the data. distances: a table's scores are, whatever its column
    is called.
    """

    fpir: float = 0.003
    gallery_sizes: tuple[int, ...] = ()
    threshold: float | None = None
    group_by: tuple[tuple[str, ...], ...] = ()
    distances: bool = False
    advise: bool = False
    seed: int = 0

    @property
    def settings(self) -> Settings:
        usual = Settings()
        return replace(
            usual,
            gallery_sizes=self.gallery_sizes,
            fpirs=tuple(sorted({*usual.fpirs, self.fpir})),
            thresholds=() if self.threshold is None else (self.threshold,),
            attributes=self.group_by,
            group_fpir=self.fpir,
            seed=self.seed,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Audited:
    """A finished audit that is not written yet. title, system, facts, unusable: as in ``AuditRun``."""

    result: AuditResult
    title: str
    system: str
    facts: tuple[Fact, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    histogram: ScoreHistogram | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """The findings, one sentence each."""
        return tuple(finding.headline for finding in findings(self.result))

    @property
    def json(self) -> object:
        return as_json(self.result)


@dataclass(frozen=True, slots=True)
class Written:
    """page: the report. pdf: the same for printing, or why there is none; None where none was wanted."""

    page: Path
    pdf: Path | NoPdf | None


def audit_scores(path: Path, asked: Asked, told: Told) -> Audited:
    """Audits a table of somebody else's scores. Raises SourceError for a table that cannot be understood."""
    told("Reading the scores")
    names = tuple(dict.fromkeys(name for names in asked.group_by for name in names)) or None
    size = asked.gallery_sizes[0] if len(asked.gallery_sizes) == 1 else None
    material = of_table(read_scores(path, Direction.DISTANCE if asked.distances else None, names, size))
    result = _measured(material, asked, told)
    return Audited(
        result,
        f"Audit of {path.name}",
        f"the system behind {path.name}",
        (Fact("Scores", (path.name,)),),
        histogram=_histogram(material, result.group_threshold),
    )


def audit_pictures(
    pictures: Pictures,
    identifier: Identifier,
    rule: Rule,
    table: Path | None,
    asked: Asked,
    out: Path,
    keep_templates: bool,
    advance: Advance,
    told: Told,
) -> Audited:
    """Audits Second Look itself, or a rule with its network, on labelled pictures.

    out: where templates lie until the end. table: of attributes. Raises SourceError, PackError, OutputError,
    CalibrationError.
    """
    attributes = None if table is None else read_attributes(table)
    if rule is Rule.FACE_RECOGNITION and asked.threshold is None:
        asked = replace(asked, threshold=STOCK_DISTANCE)
    made = templates_made(pictures, identifier, rule, attributes, out, asked.seed, advance, asked.threshold)
    result = _measured(made.material, asked, told)
    if not keep_templates:
        made.shelf.remove()
    stock = f"face_recognition's rule (distance {asked.threshold:g})" if asked.threshold is not None else ""
    system = stock if rule is Rule.FACE_RECOGNITION else identifier.card.title
    return Audited(
        result,
        f"Audit of {system}",
        system,
        facts_of(identifier, made.own, made.made),
        unusable(made.made),
        _histogram(made.material, result.group_threshold),
    )


def write_audit(audited: Audited, out: Path, command: str, started: datetime, with_pdf: bool, told: Told) -> Written:
    """Writes everything into ``out``. Raises OutputError, but not for a PDF that cannot be made."""
    told("Writing the report")
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    write_metrics(audited.result, out / METRICS)
    write_tables(audited.result, out / TABLES)
    run = AuditRun(
        title=audited.title,
        system=audited.system,
        started=started,
        seconds=(datetime.now(started.tzinfo) - started).total_seconds(),
        version=__version__,
        command=command,
        facts=audited.facts,
        unusable=audited.unusable,
        histogram=audited.histogram,
    )
    page = out / FILE_NAME
    write_audit_page(page, run, audited.result)
    return Written(page, print_pdf(page, out / PDF, browser()) if with_pdf else None)


def _measured(material: Material, asked: Asked, told: Told) -> AuditResult:
    settings = asked.settings
    return audit(material, settings, _wanted(material, settings) if asked.advise else None, told)


def _wanted(material: Material, settings: Settings) -> Wanted | None:
    """Advice is for the largest gallery that was asked for, else the largest that the data can try."""
    sizes = settings.gallery_sizes or tuple(one.n for one in material.searches)
    if not sizes and material.probes is not None:
        sizes = gallery_sizes(material.probes)
    return Wanted(max(sizes), settings.group_fpir) if sizes else None


def _histogram(material: Material, threshold: float | None) -> ScoreHistogram | None:
    """Of comparisons, or else of searches of the largest gallery. threshold: in the input's units."""
    names = ("same person", "two people")
    if material.pairs is not None:
        mated, other = material.pairs.score[material.pairs.mated], material.pairs.score[~material.pairs.mated]
    elif material.searches:
        trials = material.searches[-1].trials()
        mated, other = trials.mated, trials.non_mated
        names = ("the right person", "a stranger's most alike")
    else:
        return None
    if material.direction is Direction.DISTANCE:
        return score_histogram(-mated, -other, "a distance: smaller is more alike", threshold, names)
    return score_histogram(mated, other, "larger is more alike", threshold, names)
