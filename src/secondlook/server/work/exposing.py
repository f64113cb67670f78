"""A job that states exposure: who could be picked out of uploads by somebody who holds pictures of many people."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from secondlook.errors import Invalid
from secondlook.runs.exposure import expose_into
from secondlook.runs.exposure_page import write_page
from secondlook.runs.journal import Start
from secondlook.server.acts.job_kinds import ExposureAsked, ExposureResult
from secondlook.server.work.course import Course
from secondlook.server.work.ordered import Keep, Work, flaws, need_some


def exposed(work: Work, asked: ExposureAsked) -> Keep:
    started = datetime.now().astimezone()
    course = Course(work.say)
    course.doing("opening the models")
    gallery = work.service.gallery
    population = gallery.subjects if asked.population is None else asked.population
    if population < 2:
        raise Invalid("Fewer than two people are enrolled: enrol more, or say a population.")
    kit = work.makers.exposure(
        replace(work.settings(), smallest_px=asked.smallest_px), population, asked.want, gallery.pack
    )
    # nothing of it is kept until all of it is done, so it begins anew
    result = expose_into(work.paths, work.out, kit, Start.OVERWRITE, course)
    need_some(len(result.read), result.problems)
    write_page(work.out, result, kit, started)
    found = ExposureResult(
        sources=len(result.read),
        faces=len(result.faces),
        population=population,
        most=max((face.chance for face in result.faces), default=None),
        flaws=flaws(result.problems),
    )
    return lambda session: found
