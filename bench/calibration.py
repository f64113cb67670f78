"""Whether stated chances come true for people that nothing was fitted to: ../shared/data/lfw, half to fit, half to test.

    python -m bench.calibration --pack dlib-resnet --pack mobilefacenet --cache /tmp/views

Five splits by subject, each with its own cohort and fit. Views: every picture as it is and twice degraded. Figures are pooled
over the splits; intervals are 95 %, from resampling people. Searches of enrolled people and of strangers weigh alike, and
the prior is one half, unless said otherwise.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.lfw import LFW
from bench.views import Views, views
from secondlook.calibrate.fitting import Origin, calibrate
from secondlook.calibrate.searches import Samples, compared, drawn_searches
from secondlook.decide.calibration import Calibration, log10_ratios, posteriors, thresholds
from secondlook.decide.calibration_file import load_calibration, save_calibration
from secondlook.decide.evidence import Conditions, log_own_cdf
from secondlook.decide.rule import Limits, shortcomings
from secondlook.decide.terms import standardised
from secondlook.gallery.comparison import Cosine
from secondlook.runs.calibrate import limits_of

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

SPLITS = 5
SIZES = (100, 300, 700)
GALLERIES = 12
BANDS = ((0, 8), (8, 14), (14, 24), (24, 36), (36, 1000))
PRIOR = 0.5
BOOTS = 200


@dataclass(frozen=True, eq=False, slots=True)
class Trials:
    """Searches of people not used to fit, one row each.

    n: subjects enrolled. split, person: whose; rival: the other subject that came first. enrolled, right: the truth.
    over: whether the best score reached the stated threshold at each of ``FPIRS``. posterior: stated at ``PRIOR``.
    log_ratio: natural log, of "is enrolled" against "is not". eyes_px; plain: not degraded; refused: the picture's
    shortcomings forbid a candidate.
    """

    n: NDArray[np.int64]
    split: NDArray[np.int64]
    person: NDArray[np.int64]
    rival: NDArray[np.int64]
    enrolled: Flags
    right: Flags
    over: Flags
    posterior: Doubles
    log_ratio: Doubles
    eyes_px: Doubles
    plain: Flags
    refused: Flags

    def where(self, rows: Flags) -> Trials:
        return Trials(*(getattr(self, name)[rows] for name in Trials.__slots__))


FPIRS = (0.1, 0.03, 0.01)


def trials_of(c: Calibration, test: Views, n: int, galleries: int, split: int, most_views: int = 3) -> Trials:
    samples = test.samples
    comparison = c.cohort or Cosine(samples.templates.shape[1])
    rng = np.random.default_rng([split, n])
    s = drawn_searches(samples, compared(samples, comparison), [n] * galleries, rng, most_views)
    qualities = [samples.qualities[int(row)] for row in s.probe]
    limits = Limits()
    refused = np.array([bool(shortcomings(q, limits)) for q in samples.qualities])
    conditions = Conditions(standardised(qualities, c.terms), s.n.astype(np.float64))
    ratio = log10_ratios(c, s.best, qualities, n) * np.log(10)
    return Trials(
        n=s.n,
        split=np.full(len(s), split),
        person=samples.subject[s.probe],
        rival=s.rival,
        enrolled=s.enrolled,
        right=s.right,
        over=np.stack([s.best >= thresholds(c, qualities, n, fpir) for fpir in FPIRS], axis=1),
        posterior=posteriors(c, s.best, qualities, n, PRIOR),
        log_ratio=np.logaddexp(ratio, log_own_cdf(c.fit, conditions, s.best)),
        eyes_px=np.array([q.inter_eye_px for q in qualities]),
        plain=test.plain[s.probe],
        refused=refused[s.probe],
    )


def joined(parts: list[Trials]) -> Trials:
    return Trials(*(np.concatenate([getattr(p, name) for p in parts]) for name in Trials.__slots__))


# measures


def balanced(t: Trials) -> Doubles:
    """Weights that make enrolled people half of all."""
    enrolled = max(1, int(t.enrolled.sum()))
    return np.where(t.enrolled, PRIOR / enrolled, (1 - PRIOR) / max(1, len(t.enrolled) - enrolled))


def ece(t: Trials, weight: Doubles, bins: int = 10) -> float:
    place = np.minimum((t.posterior * bins).astype(int), bins - 1)
    gap = np.bincount(place, weight * (t.posterior - t.right), bins)
    return float(np.abs(gap).sum() / weight.sum())


def cllr(ratio: Doubles, true: Flags) -> float:
    """Natural log ratios (Brummer and du Preez, 2006)."""
    return float((np.logaddexp(0, -ratio[true]).mean() + np.logaddexp(0, ratio[~true]).mean()) / (2 * np.log(2)))


def cllr_min(ratio: Doubles, true: Flags) -> float:
    from sklearn.isotonic import IsotonicRegression

    weight = np.where(true, 1 / true.sum(), 1 / (~true).sum())
    chance = IsotonicRegression(y_min=0, y_max=1).fit(ratio, true, weight).predict(ratio)
    chance = np.clip(chance, 1e-9, 1 - 1e-9)
    return cllr(np.log(chance / (1 - chance)), true)


def interval(t: Trials, measure: Callable[[Doubles], float], rng: np.random.Generator) -> tuple[float, float]:
    """95 %. People are resampled, as probes and, apart from that, as the rivals that came first (Owen's pigeonhole
    bootstrap, Annals of Applied Statistics 1, 2007): a few people draw many false positives. measure: of how often each
    row counts."""
    drawn = (_times(t.person, rng) * _times(t.rival, rng) for _ in range(BOOTS))
    low, high = np.quantile([measure(times) for times in drawn], (0.025, 0.975))
    return float(low), float(high)


def _times(of: NDArray[np.int64], rng: np.random.Generator) -> Doubles:
    people, whose = np.unique(of, return_inverse=True)
    return np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people)).astype(float)[whose]


def rate(t: Trials, event: Flags, rng: np.random.Generator) -> dict[str, float | int]:
    low, high = interval(t, lambda times: float((times * event).sum() / max(times.sum(), 1e-12)), rng)
    return {
        "value": round(float(event.mean()), 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "errors": int(event.sum()),
        "trials": len(event),
    }


def honest(t: Trials, gender: NDArray[np.str_], rng: np.random.Generator) -> dict[str, object]:
    """ECE with its interval, by band and gender; Cllr and Cllr_min."""

    def said(rows: Flags) -> dict[str, object]:
        part = t.where(rows)
        weight = balanced(part)
        low, high = interval(part, lambda times: ece(part, weight * times), rng)
        return {
            "ece": round(ece(part, weight), 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "enrolled": int(part.enrolled.sum()),
            "strangers": int((~part.enrolled).sum()),
        }

    full, least = cllr(t.log_ratio, t.enrolled), cllr_min(t.log_ratio, t.enrolled)
    everything = np.ones(len(t.n), np.bool_)
    return {
        "overall": said(everything),
        "as they are": said(t.plain),
        "degraded": said(~t.plain),
        "by px between the eyes": {f"{a}-{b}": said((t.eyes_px >= a) & (t.eyes_px < b)) for a, b in BANDS},
        "by gender": {g: said(gender[t.person] == g) for g in ("female", "male")},
        "cllr": round(full, 4),
        "cllr_min": round(least, 4),
        "cllr - cllr_min": round(full - least, 4),
    }


def false_positives(t: Trials, rng: np.random.Generator) -> dict[str, object]:
    strangers = t.where(~t.enrolled & t.plain)
    return {f"asked {fpir}": rate(strangers, strangers.over[:, i], rng) for i, fpir in enumerate(FPIRS)}


def misses(t: Trials, rng: np.random.Generator) -> dict[str, object]:
    enrolled = t.where(t.enrolled & t.plain)
    return {
        f"asked {fpir}": rate(enrolled, ~(enrolled.over[:, i] & enrolled.right), rng) for i, fpir in enumerate(FPIRS)
    }


def store_camera(t: Trials, rng: np.random.Generator, most: int = 2000) -> dict[str, object]:
    """Strangers with 6 to 20 px between the eyes: how often the posterior is 0.9 or more, and what it allows itself."""
    small = (t.eyes_px >= 6) & (t.eyes_px <= 20)
    part = t.where(small)
    sure = part.posterior >= 0.9
    weight = balanced(part)
    wrong = ~part.right
    allowed = float((weight * sure * (1 - part.posterior)).sum() / weight.sum())
    seen = float((weight * sure * wrong).sum() / weight.sum())
    low, high = interval(part, lambda times: float((weight * times * sure * wrong).sum() / (weight * times).sum()), rng)
    strangers = np.flatnonzero(~t.enrolled & small)
    strangers = rng.permutation(strangers)[:most]
    tiny = strangers[t.eyes_px[strangers] <= 8]
    candidate = t.over[:, -1] & ~t.refused
    return {
        "strangers": len(strangers),
        "posterior of 0.9 or more": int((t.posterior[strangers] >= 0.9).sum()),
        "wrong and stated 0.9 or more, share of a balanced mix": {
            "seen": round(seen, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "allowed by its own statement": round(allowed, 5),
        },
        "candidates at FPIR 0.01": int(candidate[strangers].sum()),
        "at 8 px and below": {"strangers": len(tiny), "candidates": int(candidate[tiny].sum())},
    }  # fmt: skip


# the whole


def measured(held: Views, pack: str, enrolled: int, fits: Path) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    parts: dict[int, list[Trials]] = {n: [] for n in (*SIZES, enrolled)}
    full: list[Trials] = []
    once: dict[int, list[Trials]] = {n: [] for n in SIZES}
    for split in range(SPLITS):
        fit, test_rows = halves(held, split)
        calibration = calibrated_for(held.of(fit).samples, pack, split, fits)
        test = held.of(test_rows)
        for n, found in parts.items():
            found.append(trials_of(calibration, test, n, GALLERIES, split))
        for n, found in once.items():
            found.append(trials_of(calibration, test, n, 1, split, most_views=10_000))
        everybody = len(np.unique(test.samples.subject[test.samples.reference]))
        full.append(trials_of(calibration, test, everybody - everybody // 4, GALLERIES, split))
    gender = genders(held.people)
    return {
        "pack": pack,
        "people in each half": len(held.people) // 2,
        "fpir, one gallery a split and every picture of everybody else": {
            f"N={n}": false_positives(joined(once[n]), rng) for n in SIZES
        },
        "fpir, pictures as they are": {f"N={n}": false_positives(joined(parts[n]), rng) for n in SIZES},
        "fnir, pictures as they are": {f"N={n}": misses(joined(parts[n]), rng) for n in (*SIZES, enrolled)},
        f"fpir at N={enrolled}": false_positives(joined(parts[enrolled]), rng),
        "posterior": {f"N={n}": honest(joined(parts[n]), gender, rng) for n in SIZES}
        | {"all sizes": honest(joined([t for n in SIZES for t in parts[n]]), gender, rng)},
        "store camera": store_camera(joined(full), rng),
    }


def halves(held: Views, split: int) -> tuple[Flags, Flags]:
    """Rows of the views to fit to, and to test on: no person is in both."""
    people = np.random.default_rng(split).permutation(len(held.people))
    fit = np.isin(held.samples.subject, people[: len(people) // 2])
    return fit, ~fit


def calibrated_for(samples: Samples, pack: str, split: int, fits: Path) -> Calibration:
    place = fits / f"{pack.replace('@', '-')}-{split}.json"
    if place.is_file():
        return load_calibration(place)
    found = calibrate(samples, pack, Origin("half of LFW's people", 0), split, refits=0)
    save_calibration(found, place)
    return found


DATA = (
    "Half of the people of Labeled Faces in the Wild (University of Massachusetts), press photographs of 250 px: mostly public"
    " figures, adults, three in four of them men"
)


def write_fit(held: Views, figures: dict[str, Any], folder: Path) -> None:
    """The calibration that comes with Second Look."""
    fitted = calibrate(
        held.samples, held.pack, Origin(DATA, held.failed), told=lambda what: print(what, file=sys.stderr)
    )
    card = replace(fitted.card, limits=limits_of(fitted), figures=sentences(figures))
    save_calibration(replace(fitted, card=card), folder / f"{held.pack.replace('@', '-')}.json")


def sentences(figures: dict[str, Any]) -> tuple[str, ...]:
    """Of what was measured, for the model card."""

    def said(rate: dict[str, Any], of: int) -> str:
        return f"{of * rate['value']:.3g} ({of * rate['low']:.3g} to {of * rate['high']:.3g}) of {of:,}"

    fpir, posterior = figures["fpir, pictures as they are"], figures["posterior"]["all sizes"]
    missed = next(reversed(figures["fnir, pictures as they are"].items()))
    lines = [
        f"Asked for 10 of 1,000 strangers with {n[2:]} enrolled, {said(rates['asked 0.01'], 1000)} gave a candidate."
        for n, rates in fpir.items()
    ]
    eces = [band["ece"] for band in posterior["by px between the eyes"].values()]
    lines.append(
        f"With {missed[0][2:]} enrolled once each and FPIR 0.01, {said(missed[1]['asked 0.01'], 100)} people were missed."
    )
    lines.append(
        f"The stated posterior was off by {100 * posterior['overall']['ece']:.1f} of 100 on average (expected calibration error),"
        f" by {100 * max(eces):.1f} in the worst band of sizes; Cllr {posterior['cllr']:.3f}, of which calibration"
        f" {posterior['cllr - cllr_min']:.3f}."
    )
    lines.append(
        "Measured on people not used to fit, five splits of the same data into halves; the fit here is to both halves."
    )
    return tuple(lines)


def genders(people: tuple[str, ...]) -> NDArray[np.str_]:
    with (LFW.parent / "lfw_subjects.csv").open(encoding="utf-8") as file:
        known = {row["subject"]: row["gender"] for row in csv.DictReader(file)}
    return np.array([known.get(name, "") for name in people])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", action="append", help="may be given several times; default: dlib-resnet")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder outside the repository for templates and fits"
    )
    parser.add_argument("--enrolled", type=int, default=850)
    parser.add_argument(
        "--write", type=Path, help="folder for a calibration fitted to everybody, with these figures on it"
    )
    asked = parser.parse_args()
    for pack in asked.pack or ["dlib-resnet"]:
        held = views(pack, asked.cache)
        figures = measured(held, held.pack, asked.enrolled, asked.cache / "fits")
        print(json.dumps(figures, indent=2), flush=True)
        if asked.write is not None:
            write_fit(held, figures, asked.write)


if __name__ == "__main__":
    main()
