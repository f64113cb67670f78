"""Whether stated exposure is what happens to people that nothing was fitted to: ../shared/data/lfw, half to fit, half to
be picked out.

    python -m bench.exposure --pack dlib-resnet --pack mobilefacenet --cache /tmp/views --plot docs/exposure.png

Five splits by subject, as in ``bench.calibration``. Views: every picture as it is and twice degraded. Each view of an
enrolled person searches galleries of 100, 300 and 700 held-out people, one good picture each. Figures are pooled over the splits;
intervals are 95 %, from resampling people.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.views import Views, views
from secondlook.calibrate.fitting import Origin, calibrate
from secondlook.calibrate.searches import Samples, compared, drawn_searches
from secondlook.decide.calibration import Calibration
from secondlook.decide.calibration_file import load_calibration, save_calibration
from secondlook.exposure.stated import exposures, picked_out
from secondlook.gallery.comparison import Cosine

Doubles = NDArray[np.float64]

SPLITS = 5
SIZES = (100, 300, 700)
GALLERIES = 12
MOST_VIEWS = 3
BANDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
ALIKE = (0.0, 0.1, 1, 3, 10, 30, 100, 700)
BOOTS = 500
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


def trials_of(c: Calibration, samples: Samples, n: int, split: int) -> Trials:
    made = compared(samples, c.cohort or Cosine(samples.templates.shape[1]))
    chance = picked_out(c, samples.qualities, n)
    alike = np.array([e.mean_look_alikes for e in exposures(c, samples.qualities, n)])
    rng = np.random.default_rng([split, n])
    parts = []
    for _ in range(GALLERIES):
        state = int(rng.integers(2**32))
        s = drawn_searches(samples, made, [n], np.random.default_rng(state), MOST_VIEWS)
        s = s.where(s.enrolled)
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
        people = np.random.default_rng(split).permutation(len(held.people))
        fit = np.isin(held.samples.subject, people[: len(people) // 2])
        c = _calibrated(held.of(fit).samples, held.pack, split, fits)
        test = held.of(~fit).samples
        parts += [trials_of(c, test, n, split) for n in SIZES]
    return joined(parts)


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

    figure, axes = pyplot.subplots(1, len(found), figsize=(4.6 * len(found), 4.4), squeeze=False)
    looks = dict(zip(SIZES, (("o", "#0072b2"), ("s", "#d55e00"), ("^", "#009e73")), strict=True))
    for axis, (pack, one) in zip(axes[0], found.items(), strict=True):
        axis.plot([0.005, 0.99], [0.005, 0.99], color="0.6", linewidth=1)
        for n, (mark, colour) in looks.items():
            some = [line for line in one.picked_out[f"N={n}"] if line.people >= LEAST_PEOPLE]
            # a logit axis has no place for 0 and 1
            seen, low, high = (
                np.clip([getattr(line, key) for line in some], 0.002, 0.995) for key in ("seen", "low", "high")
            )
            stated = [line.stated for line in some]
            axis.errorbar(
                stated,
                seen,
                [seen - low, high - seen],
                fmt=mark,
                color=colour,
                markersize=5,
                capsize=2,
                label=f"among {n}",
            )
        axis.set(
            xscale="logit", yscale="logit", xlim=(0.012, 0.99), ylim=(0.0018, 0.9955), title=pack.partition("@")[0]
        )
        ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98]
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], rotation=45)
        axis.set_yticks([0.002, 0.005, *ticks], [f"{tick:g}" for tick in (0.002, 0.005, *ticks)])
        axis.minorticks_off()
        axis.set_xlabel("stated chance of being picked out first")
        axis.legend(frameon=False)
    axes[0][0].set_ylabel("how often it happened")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", action="append", help="may be given several times; default: dlib-resnet")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder outside the repository for templates and fits"
    )
    parser.add_argument("--plot", type=Path, help="PNG to write")
    asked = parser.parse_args()
    found = {}
    for pack in asked.pack or ["dlib-resnet"]:
        held = views(pack, asked.cache)
        found[held.pack] = table(measured(held, asked.cache / "fits"))
        print(json.dumps({"pack": held.pack, **asdict(found[held.pack])}, indent=1), flush=True)
    if asked.plot:
        plot(found, asked.plot)


if __name__ == "__main__":
    main()
