"""The error rates of groups, read back from an audit's ``metrics.json``."""

from __future__ import annotations

from secondlook.audit.figures import Rate
from secondlook.audit.kinds import Enough, Measure
from secondlook.audit.results import SCHEMA
from secondlook.report import json_fields as get
from secondlook.report.json_fields import JsonObject
from secondlook.review.dossier import AuditGiven, GroupErrors, GroupRate


def audit_given(text: str, job: str, label: str, at: str) -> AuditGiven:
    """text: of ``metrics.json``. Raises ValueError where it is none, or damaged."""
    fields = get.parsed(text)
    if get.text(fields, "schema") != SCHEMA:
        raise ValueError(f"schema is not {SCHEMA}")
    audited = get.as_object(fields.get("audited"), "audited")
    return AuditGiven(
        job,
        label,
        at,
        get.whole(audited, "subjects"),
        get.optional_number(fields, "group_threshold"),
        get.list_of(fields, "groups", _group),
    )


def _group(value: object, name: str) -> GroupErrors:
    fields = get.as_object(value, name)
    rates = ((measure, fields.get(measure.value)) for measure in Measure)
    return GroupErrors(
        get.list_of(fields, "attributes", get.as_text),
        get.list_of(fields, "group", get.as_text),
        get.whole(fields, "subjects"),
        tuple(GroupRate(m, _rate(get.as_object(said, m.value))) for m, said in rates if said is not None),
    )


def _rate(of: JsonObject) -> Rate:
    enough = get.text(of, "enough")
    if enough not in tuple(Enough):
        raise ValueError(f"enough is none of {', '.join(Enough)}")
    return Rate(
        errors=get.whole(of, "errors"),
        trials=get.whole(of, "trials"),
        low=get.rate(of, "low"),
        high=get.rate(of, "high"),
        subjects=get.whole(of, "subjects"),
        effective_errors=get.measure(of, "effective_errors"),
        enough=Enough(enough),
        trials_needed=_optional(of, "trials_needed"),
        subjects_needed=_optional(of, "subjects_needed"),
    )


def _optional(of: JsonObject, key: str) -> int | None:
    return None if get.is_null(of, key) else get.whole(of, key)
