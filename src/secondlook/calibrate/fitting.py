"""A whole calibration from labelled views: comparison chosen, distributions fitted, bounds and intervals found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from secondlook.calibrate.cohort import GROUPS, Cohort, apart, cohort_of, dealt, drawn_centres
from secondlook.calibrate.fit import LEAST_GALLERY, fit_parameters, log_ratios, tail_log_factor
from secondlook.calibrate.searches import Doubles, Rows, Samples, Scored, Searches, compared, drawn_searches
from secondlook.decide.calibration import Calibration, FitCard
from secondlook.decide.evidence import Parameters
from secondlook.decide.terms import fitted_terms, standardised
from secondlook.errors import CalibrationError, ExtraMissing
from secondlook.gallery.comparison import Cosine

LEAST_PEOPLE = 100
"""Below it no gallery with strangers beside it says anything; a few hundred are wanted."""

LEAST_SEVERAL = 30
"""People with several pictures: misses and evidence for a person come from them alone (rule of 30)."""

SIZES = 36
"""Gallery sizes searched from ``SMALL`` on, evenly spaced in their logarithm."""

SMALL = (1, 2, 3, 5, 8, 12)

GALLERIES = 4
"""Of each size: some people are taken for others more often, and one gallery may hold many of them or none."""

VIEWS = 1
"""Of each person that search one gallery."""

STRANGERS = 5
"""The largest gallery leaves one person in so many a stranger."""

REFITS = 20

MOST_SEARCHES = 150_000
"""That are fitted to: more cost time and say little more of the same people."""

AS_IT_IS = 2.0
"""Times that a picture as it is counts as much as a degraded one: there are two of those to one of it."""

REFIT_SHARE = 0.3
"""Of the searches, for a refit: they are of the same people many times over, and what varies is who the people are."""

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Of the samples, for the card: where they come from, and views in which no face was found."""

    data: str
    failed: int


def calibrate(
    samples: Samples,
    pack: str,
    origin: Origin,
    seed: int = 0,
    told: Told = lambda _: None,
    refits: int = REFITS,
) -> Calibration:
    """samples: views of at least 100 people, 30 of them with two pictures fit to be enrolled or more.

    told: is told what is being done. refits: to resampled people, for intervals. Raises CalibrationError where there are
    too few people, ExtraMissing where the libraries for fitting are not installed.
    """
    check_libraries()
    check_enough(samples)
    rng = np.random.default_rng(seed)
    told("choosing how to compare")
    cohort, made, unseen = comparing(samples, seed, rng)
    comparison = Cosine(samples.templates.shape[1]) if cohort is None else cohort.comparison()
    told("searching galleries of many sizes")
    searches = drawn_searches(samples, made, sizes(samples) * GALLERIES, rng, VIEWS)
    if len(searches) > MOST_SEARCHES:
        searches = searches.where(rng.uniform(size=len(searches)) < MOST_SEARCHES / len(searches))
    terms = fitted_terms(samples.qualities)
    values = standardised(samples.qualities, terms)
    told("fitting")
    emphasis = np.where(samples.reference, AS_IT_IS, 1.0)
    fit = fit_parameters(searches, values, samples.subject, emphasis=emphasis)
    factor = np.zeros(1)
    if cohort is not None:
        factor = _under_one_cohort(samples, cohort, unseen, fit, values, rng)
        fit = replace(fit, tail_log_factor=factor)
    again = []
    for number in range(refits):
        told(f"fitting again to resampled people, {number + 1} of {refits}")
        part = searches.where(rng.uniform(size=len(searches)) < REFIT_SHARE)
        times = _resampled(samples, rng)
        refit = fit_parameters(part, values, samples.subject, times, emphasis, fit)
        again.append(replace(refit, tail_log_factor=factor))
    low, high = bounds(searches, log_ratios(fit, searches, values), samples.subject, rng)
    return Calibration(
        pack=pack,
        comparison=comparison.id,
        cohort=None if cohort is None else cohort.comparison(),
        terms=terms,
        fit=fit,
        refits=tuple(again),
        largest=max(sizes(samples)),
        rarest=3 / len(np.unique(samples.subject)),
        low_log10_lr=low,
        high_log10_lr=high,
        unlike=_unlike(samples, rng),
        card=_card(samples, origin, 0 if cohort is None else len(cohort.people)),
    )


def check_libraries() -> None:
    """Raises ExtraMissing where scikit-learn or lir is not installed."""
    if find_spec("sklearn") is None or find_spec("lir") is None:
        raise ExtraMissing("Fitting a calibration needs scikit-learn and lir: pip install 'secondlook[calibrate]'.")


def comparing(samples: Samples, seed: int, rng: np.random.Generator) -> tuple[Cohort | None, Scored, NDArray[np.bool_]]:
    """The cohort to compare with, None for the cosine; scores of the samples as new people would meet them; and which samples
    are of people that are not in the cohort."""
    cosine = compared(samples, Cosine(samples.templates.shape[1]))
    everybody = np.ones(len(samples), np.bool_)
    if not cohort_helps(samples, seed):
        return None, cosine, everybody
    group = dealt(samples, rng)
    centres = drawn_centres(samples, 1 - 2 / GROUPS, rng)
    made = apart(samples, group, centres)
    # of as many people as those that the fit meets
    cohort = cohort_of(samples.of(group < GROUPS - 2), centres)
    if made is None or cohort is None:
        return None, cosine, everybody
    return cohort, made, group >= GROUPS - 2


def _under_one_cohort(
    samples: Samples,
    cohort: Cohort,
    unseen: NDArray[np.bool_],
    fit: Parameters,
    values: Doubles,
    rng: np.random.Generator,
) -> Doubles:
    """What the fit, to scores under many cohorts, needs under the one that is kept: the best score under many is a little
    larger. Measured on the people who are not in it."""
    held = samples.of(unseen)
    asked = [n for n in sizes(held) if n >= LEAST_GALLERY] * GALLERIES
    searches = drawn_searches(held, compared(held, cohort.comparison()), asked, rng, VIEWS)
    return tail_log_factor(fit, searches, values[unseen], held.subject)


def check_enough(samples: Samples) -> None:
    subjects = np.unique(samples.subject[samples.reference])
    several = _people_with_several(samples)
    if len(subjects) < LEAST_PEOPLE or several < LEAST_SEVERAL:
        raise CalibrationError(
            f"{len(subjects):,} people can be enrolled and {several:,} of them have several pictures: give at least "
            f"{LEAST_PEOPLE} people and {LEAST_SEVERAL} with several pictures."
        )


def _people_with_several(samples: Samples) -> int:
    pairs = np.unique(np.stack([samples.subject, samples.picture]), axis=1)
    subjects = pairs[0][np.isin(pairs[0], samples.subject[samples.reference])]
    return int((np.unique(subjects, return_counts=True)[1] > 1).sum())


def sizes(samples: Samples) -> tuple[int, ...]:
    """Of the galleries, from 1 up to all but a fifth of the people."""
    people = len(np.unique(samples.subject[samples.reference]))
    largest = people - people // STRANGERS
    return tuple(sorted({*SMALL, *(round(n) for n in np.geomspace(SMALL[-1], largest, SIZES))}))


def cohort_helps(samples: Samples, seed: int) -> bool:
    """Whether people on whom no cohort was made are missed less often with it than by the cosine, at FPIR 0.01.

    Two halves of the people, each once the cohort and once searched; pictures fit to be enrolled only.
    """
    rng = np.random.default_rng([seed, 1])
    plain = samples.of(samples.reference)
    people = rng.permutation(np.unique(plain.subject))
    first = np.isin(plain.subject, people[: len(people) // 2])
    cosine = Cosine(samples.templates.shape[1])
    gain = []
    for half in (first, ~first):
        mine, searched = plain.of(half), plain.of(~half)
        cohort = cohort_of(mine, drawn_centres(mine, 1.0, rng))
        if cohort is None:
            return False
        gallery = [len(np.unique(searched.subject)) // 2] * 8
        state = int(rng.integers(2**32))
        with_it, without = (
            _missed(drawn_searches(searched, compared(searched, how), gallery, np.random.default_rng(state)))
            for how in (cohort.comparison(), cosine)
        )
        gain.append(without - with_it)
    return bool(np.mean(gain) > 0)


def _missed(searches: Searches, fpir: float = 0.01) -> float:
    threshold = np.quantile(searches.other[~searches.enrolled], 1 - fpir)
    return float(1 - (searches.right & (searches.own >= threshold))[searches.enrolled].mean())


def bounds(
    searches: Searches, ratios: Doubles, subject: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, float]:
    """Log10 of the least and the largest ratio that the data support: one search of each person for either side.

    Above, the empirical upper bound (ELUB). Below, the rule of three of the people who could have been missed: the empirical
    lower bound is nearer to 0, and would make whoever happens to come first look likelier than it is.
    """
    from lir.algorithms.bayeserror import elub

    large = searches.n >= LEAST_GALLERY
    for_it = _one_of_each(np.flatnonzero(large & searches.right), subject[searches.probe], rng)
    against = _one_of_each(np.flatnonzero(large & ~searches.enrolled), subject[searches.probe], rng)
    both = np.concatenate([ratios[for_it], ratios[against]]) / np.log(10)
    _, high = elub(both, np.repeat([1, 0], [len(for_it), len(against)]), add_misleading=1)
    return float(np.log10(3 / len(for_it))), float(high)


def _one_of_each(rows: Rows, subject: NDArray[np.int64], rng: np.random.Generator) -> Rows:
    order = rng.permutation(rows)
    return order[np.unique(subject[order], return_index=True)[1]]


def _resampled(samples: Samples, rng: np.random.Generator) -> Doubles:
    """How often each subject number is drawn, with replacement (bootstrap over people)."""
    people = np.unique(samples.subject)
    drawn = rng.choice(people, len(people))
    return np.bincount(drawn, minlength=int(samples.subject.max()) + 1).astype(np.float64)


def _unlike(samples: Samples, rng: np.random.Generator) -> float:
    """The cosine that all but 1 in 200 pairs of pictures fit to be enrolled of one person reach."""
    rows = rng.permutation(np.flatnonzero(samples.reference))
    rows = rows[np.argsort(samples.subject[rows], kind="stable")]
    same = samples.subject[rows[:-1]] == samples.subject[rows[1:]]
    first, second = rows[:-1][same], rows[1:][same]
    cosines = np.einsum("ij,ij->i", samples.templates[first], samples.templates[second])
    return float(np.quantile(cosines, 0.005))


def _card(samples: Samples, origin: Origin, cohort_subjects: int) -> FitCard:
    return FitCard(
        data=origin.data,
        subjects=len(np.unique(samples.subject)),
        cohort_subjects=cohort_subjects,
        pictures=len(np.unique(samples.picture)),
        views=len(samples),
        failed=origin.failed,
        smallest_px=min(quality.inter_eye_px for quality in samples.qualities),
    )
