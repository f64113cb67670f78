"""What reviewers said of a sighting, for a dossier: each under a pseudonym."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from secondlook.review.dossier import FaceSaid, Reviewer, SecondLook, pseudonym
from secondlook.review.reviewers import ReviewerRecord, worth
from secondlook.review.sets import SetKind
from secondlook.review.verdicts import ItemAnswer, Reviewed, Verdict, standing
from secondlook.server import clock
from secondlook.server.acts.review import record_of, reviewed_of
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service

Nameless = Callable[[str], str]
"""What of a text that people wrote may be said."""


def second_look_at(
    service: Service, session: Session, row: SightingRow, nameless: Nameless
) -> tuple[SecondLook, Mapping[str, str]]:
    """And whom each pseudonym stands for: pseudonyms by account."""
    searchers = frozenset({row.searched_by} if row.searched_by else ())
    answers = [one for one in reviewed_of(service, session, row.id) if one.answer.reviewer not in searchers]
    found = standing(answers, searchers)
    accounts = tuple(dict.fromkeys(one.answer.reviewer for one in answers))
    names = {account: pseudonym(number) for number, account in enumerate(accounts)}
    records = {account: replace(record_of(service, session, account), reviewer=name) for account, name in names.items()}
    people = tuple(
        _reviewer(
            names[account], [one for one in answers if one.answer.reviewer == account], nameless, records[account]
        )
        for account in accounts
    )
    agreed = [records[account] for account in found.reviewers]
    return (
        SecondLook(
            found.verdict,
            found.sentence,
            row.why if row.why != found.sentence else "",
            people,
            worth(agreed) if found.verdict is Verdict.SUPPORTED else None,
        ),
        names,
    )


def _reviewer(name: str, own: Sequence[Reviewed], nameless: Nameless, record: ReviewerRecord) -> Reviewer:
    first = next((one for one in own if one.truth.kind is SetKind.CANDIDATE), None)
    of_candidate = None if first is None else first.of_subject
    others = (item for one in own for item in one.answer.items if item.token != one.truth.token)
    with_candidate = sum(one.truth.kind is SetKind.CANDIDATE for one in own)
    return Reviewer(
        name,
        None if of_candidate is None else _said(of_candidate, nameless),
        None if first is None else clock.written(first.answer.at),
        with_candidate,
        len(own) - with_candidate,
        tuple(_said(item, nameless) for item in others),
        record,
    )


def _said(item: ItemAnswer, nameless: Nameless) -> FaceSaid:
    return FaceSaid(item.said, item.features, nameless(item.note))
