"""How sure a calibrated result is, for lay readers: natural frequencies with their intervals, and a hundred dots.

Nothing here is worked out anew: the numbers are those of the record, in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log10

from secondlook.decide.sentence import share
from secondlook.report import words
from secondlook.report.dots import dots
from secondlook.report.markup import Markup, joined, named, tag
from secondlook.report.record import SightingRecord
from secondlook.report.summary import CalibrationLine
from secondlook.types import Estimate, Outcome

_SAID_BELOW = re.compile(
    r"Of 1,000 strangers with such a picture|Of 100 enrolled people with such a picture|If [\d.]+ passers?-by in [\d,]+ "
)
_ROUNDING = 0.001
_EVEN = log10(1.5)
"""Evidence weaker than this either way is as good as none."""


def without_figures(sentence: str) -> str:
    """The grounds' sentence less what the list below it says with more detail."""
    first, *rest = re.split(r"(?<=\.) (?=[A-Z])", sentence)
    return " ".join([first, *(part for part in rest if not _SAID_BELOW.match(part))])


def how_sure(record: SightingRecord, calibration: CalibrationLine | None, level: int = 4) -> Markup:
    """A list of what can be said with figures, and for a candidate the dots; empty where nothing is calibrated.

    calibration: that of the run; tells what lies at the end of what its data support. level: of its heading.
    """
    if not record.grounds.calibrated:
        return Markup("")
    lines = tag("ul", *(tag("li", line) for line in _lines(record, calibration)))
    heading = tag(f"h{level}", "How sure", tag("span", " (in brackets: 95 % interval)", class_="small"))
    return tag("div", heading, lines, _odds(record, calibration), class_="sure")


def _lines(record: SightingRecord, calibration: CalibrationLine | None) -> Iterator[Markup]:
    grounds = record.grounds
    if grounds.alike_rate is not None:
        beyond = calibration is not None and grounds.gallery_size > calibration.largest
        count = words.estimated(grounds.alike_rate, 1000, "at most" if beyond else "about")
        yield joined(
            ("Of 1,000 strangers with such a picture, ", _strong(count), " would look this alike to somebody here.")
        )
    if grounds.miss_rate is not None:
        count = words.estimated(grounds.miss_rate, 100)
        yield joined(
            ("Of 100 enrolled people with such a picture, ", _strong(count), " would not reach the threshold.")
        )
    if not record.candidates:
        return
    if grounds.log10_lr is not None:
        yield _evidence(grounds.log10_lr, named(record.candidates[0].subject), calibration)
    if grounds.posterior is not None and record.outcome is not Outcome.CANDIDATE:
        yield joined((f"{_assumed(record)}, of 100 such faces ", *_shares(grounds.posterior, "", ""), "."))
    if grounds.margin is not None:
        margin = words.number(grounds.margin, words.score_digits(grounds))
        yield joined((f"The next most alike person scores {margin} less.",))


def _evidence(log10_lr: float, person: Markup, calibration: CalibrationLine | None) -> Markup:
    """A likelihood ratio as a sentence: it compares two explanations, and is no chance of either."""
    kept = tag("span", f" (log₁₀ {words.number(log10_lr, 2)}{_bound(log10_lr, calibration)})", class_="small")
    if abs(log10_lr) < _EVEN:
        even = _strong("about as likely")
        return joined(
            ("A score like this is ", even, " if it is ", person, " as if the person is not enrolled", kept, ".")
        )
    times = _strong(f"about {_factor(abs(log10_lr))} times likelier")
    if log10_lr > 0:
        return joined(
            ("A score like this is ", times, " if it is ", person, " than if the person is not enrolled", kept, ".")
        )
    return joined(("A score like this is ", times, " if the person is not enrolled than if it is ", person, kept, "."))


def _factor(log10_lr: float) -> str:
    """Two significant digits: ``230``, ``1,200``, ``2.5``."""
    factor = float(f"{10 ** min(log10_lr, 300):.2g}")
    if factor >= 1e6:
        return f"{factor:.1e}" if factor >= 1e12 else f"{factor / 1e6:,.4g} million"
    return f"{factor:.1f}".removesuffix(".0") if factor < 10 else f"{factor:,.0f}"


def _bound(log10_lr: float, calibration: CalibrationLine | None) -> str:
    if calibration is None or calibration.low_log10_lr + _ROUNDING < log10_lr < calibration.high_log10_lr - _ROUNDING:
        return ""
    return ", the most that the calibration's pictures can show"


def _odds(record: SightingRecord, calibration: CalibrationLine | None) -> Markup:
    """The chance that a candidate is the person, as dots and in words; at the end of what the data support, a bound."""
    posterior = record.grounds.posterior
    if posterior is None or record.outcome is not Outcome.CANDIDATE:
        return Markup("")
    # one dot at least stands for somebody else: nobody is the person beyond doubt
    others = min(100, max(1, round(100 * (1 - posterior.value))))
    log10_lr = record.grounds.log10_lr
    at_end = log10_lr is not None and log10_lr > 0 and bool(_bound(log10_lr, calibration))
    shares = _shares(posterior, " (●)", " (○)", ("at least", "at most") if at_end else ("about", "about"))
    caption = joined((f"{_assumed(record)}, of 100 such candidates ", *shares, "."))
    return tag("figure", dots(100 - others), tag("figcaption", caption), class_="odds")


def _shares(
    posterior: Estimate, filled: str, hollow: str, leads: tuple[str, str] = ("about", "about")
) -> tuple[str, ...]:
    """filled, hollow: how the dots are drawn that stand for either, where there are any. leads: before either count."""
    right = words.estimated(posterior, 100, leads[0])
    wrong = words.estimated(words.complement(posterior), 100, leads[1])
    return (_strong(right), f" would be the person{filled} and ", _strong(wrong), f" somebody else{hollow}")


def _assumed(record: SightingRecord) -> str:
    prior = record.grounds.prior
    if prior is None or not 1e-9 <= prior < 1:
        return "Under the stated chance that a passer-by is enrolled"
    return f"If {share(prior)} enrolled"


def _strong(text: str) -> Markup:
    return tag("strong", text)
