"""A job that audits: how often a system is wrong and for whom, from a table of its scores."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from secondlook.errors import SourceError
from secondlook.server.acts.job_kinds import AuditAsked, AuditResult
from secondlook.server.acts.uploads import UploadKind
from secondlook.server.rows import UploadRow
from secondlook.server.work.course import Course
from secondlook.server.work.ordered import IN, Keep, Work


def audited(work: Work, asked: AuditAsked) -> Keep:
    # what measures and draws takes seconds to import
    from secondlook.audit.about import Fact
    from secondlook.runs.audit import Asked, audit_scores, write_audit

    started = datetime.now().astimezone()
    course = Course(work.say)
    table = _as_table(work)
    settings = Asked(
        fpir=asked.fpir,
        gallery_sizes=asked.gallery_sizes,
        threshold=asked.threshold,
        group_by=tuple(tuple(names.split(",")) for names in asked.by),
        distances=asked.distance,
        advise=asked.advise,
        seed=asked.seed,
    )
    done = audit_scores(table, settings, course.doing)
    named = replace(
        done, title=f"Audit of {asked.label}", system=f"the system behind {asked.label}", facts=(Fact("Scores", (asked.label,)),)
    )  # fmt: skip
    write_audit(named, work.out, _typed(asked), started, False, course.doing)
    found = AuditResult(findings=named.sentences)
    return lambda session: found


def _as_table(work: Work) -> Path:
    """The upload under a name that says what it is, and nobody's."""
    (upload,) = work.order.uploads
    with work.service.database.reading() as session:
        row = session.get(UploadRow, upload)
    if row is None:
        raise SourceError("The table of scores is gone: send it again.")
    folder = work.folder / IN
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    name = "scores.parquet" if row.kind == UploadKind.PARQUET else "scores.csv"
    os.link(work.service.folder.uploads / upload, folder / name)
    os.chdir(folder)
    return Path(name)


def _typed(asked: AuditAsked) -> str:
    """What would give the same page on the command line."""
    words = ["secondlook audit --scores TABLE --out DIR", f"--fpir {asked.fpir:g} --seed {asked.seed}"]
    words += [f"--threshold {asked.threshold:g}"] if asked.threshold is not None else []
    words += [f"--gallery-sizes {','.join(str(size) for size in asked.gallery_sizes)}"] if asked.gallery_sizes else []
    words += [f"--by {names}" for names in asked.by]
    words += ["--distance"] * asked.distance + ["--advise"] * asked.advise
    return " ".join(words)
