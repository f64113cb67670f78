"""Made-up scores and templates for the tests of the audit room."""

from __future__ import annotations

import numpy as np

from secondlook.audit.scores import Attribute, Scores1to1, SearchScores, Trials
from secondlook.audit.templates import Templates, first_as_reference


def trials_of(mated: list[float] | np.ndarray, non_mated: list[float] | np.ndarray) -> Trials:
    """Searches: each trial another person."""
    m, n = np.asarray(mated, np.float64), np.asarray(non_mated, np.float64)
    people = len(m) + len(n)
    return Trials(m, np.arange(len(m), dtype=np.int32), n, np.arange(len(m), people, dtype=np.int32), None, people)


def normal_trials(mated: int, non_mated: int, apart: float, seed: int = 0) -> Trials:
    """Standard normal non-mated scores, mated ones ``apart`` higher."""
    rng = np.random.default_rng(seed)
    return trials_of(rng.normal(apart, 1, mated), rng.normal(0, 1, non_mated))


def crossed_pairs(people: int, apart: float, seed: int = 0, values: tuple[str, ...] = ()) -> Scores1to1:
    """Two samples of each person, everyone's first against everyone's second; groups dealt out in turn."""
    rng = np.random.default_rng(seed)
    first, second = (index.ravel().astype(np.int32) for index in np.indices((people, people)))
    score = rng.normal(size=people * people) + apart * (first == second)
    attributes = ()
    if values:
        attributes = (Attribute("group", values, first % len(values), second % len(values)),)
    names = tuple(f"person {k}" for k in range(people))
    return Scores1to1(score, first == second, first, second, first, second, names, attributes)


def searches_of(
    n: int,
    mated: list[tuple[float, int]],
    strangers: list[float],
    failed_enrolled: int = 0,
    failed_strangers: int = 0,
) -> SearchScores:
    """Searches of enrolled people as (score, rank), of strangers by their best score, and failed acquisitions."""
    enrolled = len(mated) + failed_enrolled
    rows = enrolled + len(strangers) + failed_strangers
    nan = np.nan
    return SearchScores(
        n,
        np.arange(rows) < enrolled,
        np.arange(rows, dtype=np.int32),
        np.array([s if r else nan for s, r in mated] + [nan] * (rows - len(mated)), np.float64),
        np.array([r for _, r in mated] + [0] * (rows - len(mated)), np.int32),
        np.array([nan] * enrolled + strangers + [nan] * failed_strangers, np.float64),
        np.array(
            [False] * len(mated) + [True] * failed_enrolled + [False] * len(strangers) + [True] * failed_strangers
        ),
        tuple(f"person {k}" for k in range(rows)),
        np.zeros(rows, np.int32),
    )


def labelled_templates(
    people: int = 60, each: int = 3, noise: float = 0.1, failing: float = 0.0, seed: int = 0, size: int = 24
) -> Templates:
    """Points around a random direction for each person; every other person is of group "b" and noisier."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(people, size))
    centre /= np.linalg.norm(centre, axis=1, keepdims=True)
    subject = np.repeat(np.arange(people), each).astype(np.int32)
    group = (subject % 2).astype(np.int32)
    values = centre[subject] + rng.normal(size=(len(subject), size)) * (noise * (1 + 0.5 * group))[:, None]
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    failed = rng.random(len(subject)) < failing
    values[failed] = np.nan
    names = tuple(f"person {k}" for k in range(people))
    attributes = (Attribute("group", ("a", "b"), group),)
    role = first_as_reference(subject, failed)
    return Templates(values.astype(np.float32), subject, role, names, attributes, rng.random(len(subject)))
