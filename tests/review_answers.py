"""Made-up answers to made-up sets, for the tests of verdicts, tasks and the dossier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from secondlook.review.sets import SetKind, Truth, TruthItem
from secondlook.review.verdicts import Answer, Feature, ItemAnswer, Reviewed, Said

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SUBJECT = "Ann Lee"
FACES = 6


def truth(kind: SetKind, number: int = 0, subject: str = SUBJECT) -> Truth:
    """A set of six faces; the subject stands third where it is there."""
    there = kind in (SetKind.CANDIDATE, SetKind.SAME)
    names = [f"look-alike {number}-{i}" for i in range(FACES)]
    if there:
        names[2] = subject
    items = tuple(TruthItem(f"{number:028x}{i:04x}", name, 10 * number + i, 4 - i / 8) for i, name in enumerate(names))
    return Truth(f"{number:032x}", kind, subject, items)


def reviewed(
    reviewer: str,
    kind: SetKind,
    said: Said = Said.DIFFERENT,
    *,
    of: int = 2,
    others: Said = Said.DIFFERENT,
    number: int = 0,
    minutes: int = 0,
    subject: str = SUBJECT,
    features: tuple[Feature, ...] = (Feature.EARS, Feature.NOSE),
    note: str = "",
) -> Reviewed:
    """What is said of the face at place ``of``, and of all ``others``."""
    of_set = truth(kind, number, subject)
    items = tuple(
        ItemAnswer(item.token, said if i == of else others, features, note if i == of else "")
        for i, item in enumerate(of_set.items)
    )
    return Reviewed(Answer(of_set.set, reviewer, START + timedelta(minutes=minutes), items), of_set)
