"""A job that redacts: covered copies of uploads, what to look at again, and, where it was asked for, a proof."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from secondlook import assemble
from secondlook.redact.cover import Covering
from secondlook.redact.proof import ProofAsked
from secondlook.redact.record import Why
from secondlook.redact.rulings import Chosen
from secondlook.runs import prove, redact_kit
from secondlook.runs.redact import redact_into
from secondlook.runs.redact_page import write_page
from secondlook.server.acts.job_kinds import Proof, RedactAsked, RedactResult
from secondlook.server.work.course import Course
from secondlook.server.work.ordered import Keep, Work, flaws, need_some, resumed

_MOST_ATTACKED: Final = 2000
"""Pictures of copies that are searched for faces in a proof; of longer videos every so manieth."""
_PROOF_SHARE: Final = 0.5


def redacted(work: Work, asked: RedactAsked) -> Keep:
    started = datetime.now().astimezone()
    course = Course(work.say, passes=2, more=_PROOF_SHARE * len(asked.uploads) if asked.prove else 0.0)
    course.doing("opening the models")
    gallery = work.service.gallery if asked.subjects else None
    chosen = Chosen(_names(work, asked.keep), _names(work, asked.only))
    settings = work.settings()
    ask = redact_kit.Ask(
        covering=Covering(asked.style, asked.cover, asked.margin),
        chosen=chosen,
        places=(
            *(spot.place(Why.REGION) for spot in asked.region),
            *(spot.place(Why.ADDED) for spot in asked.also),
        ),
        keep_metadata=asked.keep_metadata,
        smallest_px=asked.smallest_px,
        max_pixels=settings.max_pixels,
    )
    kit = work.makers.redaction(ask, settings, gallery)
    result = resumed(work.out, lambda start: redact_into(work.paths, work.out, kit, start, course))
    need_some(len(result.redacted), result.problems)
    proof, says = Proof.NONE, ""
    if asked.prove:
        proof, says = _proof(work, kit, settings, sum(one.frames for one in result.redacted), course)
    write_page(work.out, result, kit, started)
    found = RedactResult(
        sources=len(result.redacted),
        faces=sum(one.faces for one in result.redacted),
        visible=sum(one.kept for one in result.redacted),
        spots=len(result.review),
        proof=proof,
        proof_says=says,
        flaws=flaws(result.problems),
    )
    return lambda session: found


def _names(work: Work, subjects: Iterable[str]) -> tuple[str, ...]:
    return tuple(work.service.gallery.subject(id_).name for id_ in subjects)


def _proof(
    work: Work, kit: redact_kit.Kit, settings: assemble.Settings, pictures: int, course: Course
) -> tuple[Proof, str]:
    from secondlook.redact.proof_words import headline

    attacker = work.makers.attacker(settings) if kit.identifier is None else prove.means_of(kit.identifier)
    asked = ProofAsked(
        accepted=prove.METADATA_ASKED if kit.ask.keep_metadata else (),
        smallest_px=kit.ask.smallest_px,
        every=max(1, -(-pictures // _MOST_ATTACKED)),
    )
    proof = prove.prove_into(work.out, kit.ask.covering, attacker, asked, None, course.doing)
    return Proof(proof.verdict.value), headline(proof)
