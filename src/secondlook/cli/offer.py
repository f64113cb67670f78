"""The first run offers the recommended recogniser: asked once, never pulled silently."""

from __future__ import annotations

import contextlib
import sys

import typer

from secondlook.assemble import recognisers
from secondlook.cli.console import err
from secondlook.errors import PackError
from secondlook.faces.packs.cards import RecogniserCard
from secondlook.faces.packs.installed import home
from secondlook.faces.packs.known import RECOMMENDED
from secondlook.faces.packs.shipped import DLIB_RESNET, DLIB_RESNET_INT8

BUILT_IN = (DLIB_RESNET.name, DLIB_RESNET_INT8.name)


def offer_recommended(quiet: bool) -> None:
    """Says, or where somebody is there to answer asks, once on this machine. A refusal is remembered."""
    known = RECOMMENDED
    asked = home() / f"asked-{known.name}"
    if quiet or asked.exists() or any(pack.card.name not in BUILT_IN for pack in recognisers()):
        return
    say = err()
    say.print(
        f"The built-in recogniser {_missed()}. Recommended: {known.card.title}, {known.size / 1e6:.0f} MB, licence "
        f"{known.card.licence}. Its error rates and its threshold are not measured yet: use it with --pack {known.name} "
        "and, until you have measured one, a --threshold of your own.",
        markup=False,
    )
    with contextlib.suppress(OSError):
        asked.parent.mkdir(parents=True, exist_ok=True)
        asked.touch()
    if not sys.stdin.isatty():
        say.print(f"To get it: secondlook packs pull {known.name}", markup=False)
        return
    if typer.confirm("Pull it now?", default=False, err=True):
        from secondlook.cli.packs import pull_shown

        try:
            pull_shown(known, quiet)
        except PackError as error:
            say.print(f"{error} Going on with the built-in recogniser.", markup=False)


def _missed() -> str:
    """What the built-in recogniser's own card says, in natural frequencies."""
    for pack in recognisers():
        card = pack.card
        if isinstance(card, RecogniserCard) and card.name == DLIB_RESNET.name:
            for rate in card.rates:
                if (rate.measure, rate.at) == ("FNIR", "FPIR 0.01"):
                    return (
                        f"misses {100 * rate.value:.0f} of 100 enrolled people where 1 of 100 strangers may be proposed "
                        f"wrongly ({card.rates_source})"
                    )
    return "misses many people in large galleries"
