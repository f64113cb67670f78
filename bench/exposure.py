"""Whether stated exposure is what happens to people that nothing was fitted to: ../shared/data/lfw, half to fit, half to
be picked out.

    python -m bench.exposure --pack dlib-resnet --pack mobilefacenet --cache /tmp/views --hard 4 --plot docs/exposure.png

Five splits by subject, as in ``bench.calibration``. Views: every picture as it is and twice degraded. Each view of an
enrolled person searches galleries of 100, 300, 700 and 1,100 held-out people, one good picture each. With ``--hard 4`` every
fourth picture is also shown worse than the fits have seen any (``bench.hard_views``), which is told apart, of the first pack.
Figures are pooled over the splits; intervals are 95 %, from resampling people.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.hard_views import Hard, hard_views
from bench.views import Views, views
from secondlook.calibrate.fitting import Origin, calibrate
from secondlook.calibrate.searches import Samples, compared, drawn_searches
from secondlook.decide.calibration import Calibration
from secondlook.decide.calibration_file import load_calibration, save_calibration
from secondlook.exposure.stated import exposures, picked_out
from secondlook.gallery.comparison import Cosine

Doubles = NDArray[np.float64]

SPLITS = 5
SIZES = (100, 300, 700, 1100)
GALLERIES = 12
MOST_VIEWS = 3
BANDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
ALIKE = (0.0, 0.1, 1, 3, 10, 30, 100, 700)
BOOTS = 500
SAID = {Hard.SMALL: "2 to 6 px between the eyes", Hard.POOR: "more blur than fitted to"}
LEAST_PEOPLE = 20
"""In a band of the plot."""


@dataclass(frozen=True, eq=False, slots=True)
class Trials:
    """Searches of enrolled people not used to fit, one row each. stated: chance of coming first; seen: whether they did.
    stated_alike, seen_alike: others at least as alike, expected and counted."""

    n: NDArray[np.int64]
    person: NDArray[np.int64]
    stated: Doubles
    seen: Doubles
    stated_alike: Doubles
    seen_alike: Doubles

    def where(self, rows: NDArray[np.bool_]) -> Trials:
        return Trials(*(getattr(self, name)[rows] for name in Trials.__slots__))


def joined(parts: list[Trials]) -> Trials:
    return Trials(*(np.concatenate([getattr(p, name) for p in parts]) for name in Trials.__slots__))


def trials_of(c: Calibration, samples: Samples, n: int, split: int, asked: NDArray[np.bool_] | None = None) -> Trials:
    """asked: rows of the samples whose searches count, None for all."""
    made = compared(samples, c.cohort or Cosine(samples.templates.shape[1]))
    chance = picked_out(c, samples.qualities, n)
    alike = np.array([e.mean_look_alikes for e in exposures(c, samples.qualities, n)])
    rng = np.random.default_rng([split, n])
    parts = []
    for _ in range(GALLERIES):
        state = int(rng.integers(2**32))
        s = drawn_searches(samples, made, [n], np.random.default_rng(state), MOST_VIEWS)
        s = s.where(s.enrolled if asked is None else s.enrolled & asked[s.probe])
        chosen = _chosen(samples, n, np.random.default_rng(state))
        scores = made.probes[s.probe] @ made.references[chosen].T
        own = samples.subject[chosen][None] == samples.subject[s.probe][:, None]
        ahead = ((scores >= s.own[:, None].astype(np.float32)) & ~own).sum(1)
        parts.append(
            Trials(
                s.n,
                samples.subject[s.probe],
                chance[s.probe],
                s.right.astype(float),
                alike[s.probe],
                ahead.astype(float),
            )
        )
    return joined(parts)


def _chosen(samples: Samples, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """The gallery that ``drawn_searches`` draws first from the same state."""
    order = rng.permutation(np.flatnonzero(samples.reference))
    return rng.permutation(order[np.unique(samples.subject[order], return_index=True)[1]])[:n]


def interval(person: NDArray[np.int64], value: Doubles, rng: np.random.Generator) -> tuple[float, float]:
    """95 % of the mean; people are resampled with all their searches."""
    people, whose = np.unique(person, return_inverse=True)
    total, count = np.bincount(whose, value), np.bincount(whose)
    means = []
    for _ in range(BOOTS):
        times = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people))
        means.append((times * total).sum() / (times * count).sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Line:
    """One band of the table. edge: where it begins and ends. low, high: interval of ``seen``."""

    edge: tuple[float, float]
    searches: int
    people: int
    stated: float
    seen: float
    low: float
    high: float


def lines(
    stated: Doubles, seen: Doubles, person: NDArray[np.int64], edges: tuple[float, ...], rng: np.random.Generator
) -> list[Line]:
    found = []
    for low, high in pairwise(edges):
        rows = (stated >= low) & (stated < high)
        if not rows.any():
            continue
        from_, to = interval(person[rows], seen[rows], rng)
        people = len(np.unique(person[rows]))
        found.append(
            Line((low, high), int(rows.sum()), people, float(stated[rows].mean()), float(seen[rows].mean()), from_, to)
        )
    return found


def measured(held: Views, fits: Path) -> Trials:
    parts = []
    for split in range(SPLITS):
        fit = _fitted(held, split)
        c = _calibrated(held.of(fit).samples, held.pack, split, fits)
        parts += [trials_of(c, held.of(~fit).samples, n, split) for n in SIZES]
    return joined(parts)


def measured_hard(held: Views, hard: Samples, fits: Path) -> Trials:
    """The same for views that no fit has seen the like of, searched among the same good pictures."""
    parts = []
    for split in range(SPLITS):
        fit = _fitted(held, split)
        c = _calibrated(held.of(fit).samples, held.pack, split, fits)
        people = np.unique(held.samples.subject[~fit])
        references = held.samples.of(~fit & held.samples.reference)
        probes = hard.of(np.isin(hard.subject, people))
        both = together(references, probes)
        asked = np.arange(len(both)) >= len(references)
        parts += [trials_of(c, both, n, split, asked) for n in SIZES]
    return joined(parts)


def together(one: Samples, other: Samples) -> Samples:
    return Samples(
        np.concatenate([one.templates, other.templates]),
        one.qualities + other.qualities,
        np.concatenate([one.subject, other.subject]),
        np.concatenate([one.picture, other.picture]),
        np.concatenate([one.reference, other.reference]),
    )


def _fitted(held: Views, split: int) -> NDArray[np.bool_]:
    """Rows of the half of the people that is fitted to."""
    people = np.random.default_rng(split).permutation(len(held.people))
    return np.isin(held.samples.subject, people[: len(people) // 2])


def _calibrated(samples: Samples, pack: str, split: int, fits: Path) -> Calibration:
    """The fits of ``bench.calibration``, where it has left them in the same cache."""
    place = fits / f"{pack.replace('@', '-')}-{split}.json"
    if not place.is_file():
        save_calibration(calibrate(samples, pack, Origin("half of LFW", 0), split, refits=0), place)
    return load_calibration(place)


@dataclass(frozen=True, slots=True)
class Table:
    """Of one pack. picked_out, alike: by gallery size."""

    picked_out: dict[str, list[Line]]
    alike: dict[str, list[Line]]
    ece: dict[str, float]


def table(t: Trials) -> Table:
    rng = np.random.default_rng(0)
    by_size = {f"N={n}": t.where(t.n == n) for n in SIZES}
    everything = {**by_size, "all": t}
    return Table(
        {name: lines(p.stated, p.seen, p.person, BANDS, rng) for name, p in everything.items()},
        {name: lines(p.stated_alike, p.seen_alike, p.person, ALIKE, rng) for name, p in by_size.items()},
        {name: round(ece(p), 4) for name, p in everything.items()},
    )


def ece(t: Trials, bins: int = 10) -> float:
    place = np.minimum((t.stated * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(place, t.stated - t.seen, bins)).sum() / len(t.stated))


def plot(found: dict[str, Table], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = math.ceil(len(found) / 2)
    figure, axes = pyplot.subplots(rows, 2, figsize=(9.2, 4.4 * rows), squeeze=False)
    looks = dict(zip(SIZES, (("o", "#0072b2"), ("s", "#d55e00"), ("^", "#009e73"), ("D", "#cc79a7")), strict=True))
    for axis in axes.ravel()[len(found) :]:
        axis.set_visible(False)
    for axis, (title, one) in zip(axes.ravel(), found.items(), strict=False):
        axis.plot([0.003, 0.99], [0.003, 0.99], color="0.6", linewidth=1)
        for n, (mark, colour) in looks.items():
            some = [line for line in one.picked_out[f"N={n}"] if line.people >= LEAST_PEOPLE]
            # a logit axis has no place for 0 and 1
            seen, low, high = (
                np.clip([getattr(line, key) for line in some], 0.0012, 0.995) for key in ("seen", "low", "high")
            )
            axis.errorbar(
                [line.stated for line in some],
                seen,
                [seen - low, high - seen],
                fmt=mark,
                color=colour,
                markersize=5,
                capsize=2,
                label=f"among {n:,}",
            )
        axis.set(xscale="logit", yscale="logit", xlim=(0.0055, 0.99), ylim=(0.001, 0.9955), title=title)
        ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98]
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], rotation=45)
        axis.set_yticks([0.002, 0.005, *ticks], [f"{tick:g}" for tick in (0.002, 0.005, *ticks)])
        axis.minorticks_off()
        axis.set_xlabel("stated chance of being picked out first")
        axis.set_ylabel("how often it happened")
        axis.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", action="append", help="may be given several times; default: dlib-resnet")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder outside the repository for templates and fits"
    )
    parser.add_argument(
        "--hard", type=int, metavar="K", help="also show every K-th picture worse than the fits have seen"
    )
    parser.add_argument("--plot", type=Path, help="PNG to write")
    asked = parser.parse_args()
    found = {}
    packs = asked.pack or ["dlib-resnet"]
    for pack in packs:
        held = views(pack, asked.cache)
        title = held.pack.partition("@")[0]
        found[title] = table(measured(held, asked.cache / "fits"))
        _say(held.pack, found[title])
        for kind in Hard if asked.hard and pack == packs[0] else ():
            hard = hard_views(kind, pack, held.people, asked.cache, asked.hard)
            found[f"{title}: {SAID[kind]}"] = table(measured_hard(held, hard.samples, asked.cache / "fits"))
            _say(f"{held.pack}, {len(hard.samples)} {kind} views of {hard.tried}", found[f"{title}: {SAID[kind]}"])
    if asked.plot:
        plot(found, asked.plot)


def _say(what: str, one: Table) -> None:
    print(json.dumps({"of": what, **asdict(one)}, indent=1), flush=True)


if __name__ == "__main__":
    main()
