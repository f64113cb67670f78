"""Which pages there are, in the order of the navigation, and who may open each. One list; the tests walk it."""

from __future__ import annotations

from secondlook.server.actors import ALLOWED, May, Role
from secondlook.server.pages import (
    accounts,
    alerts,
    by_kind,
    cameras,
    gallery,
    inbox,
    job,
    jobs,
    keys,
    log,
    redaction,
    review,
    search,
    settings,
    sighting,
    subject,
    twins,
)
from secondlook.server.pages.spec import PageSpec

PLAN: tuple[PageSpec, ...] = (
    PageSpec("/inbox", "Inbox", May.SEE_SIGHTINGS, inbox.build, "Looking"),
    PageSpec("/sightings/{id}", "Sighting", May.SEE_SIGHTINGS, sighting.build, listed=False, under="/inbox"),
    PageSpec("/search", "Search", May.SEARCH, search.build, "Looking"),
    PageSpec("/cameras", "Cameras", May.SEE_CAMERAS, cameras.build, "Looking"),
    PageSpec("/jobs", "Jobs", May.SEE_JOBS, jobs.build, "Looking"),
    PageSpec("/jobs/{id}", "Job", May.SEE_JOBS, job.build, listed=False, under="/jobs"),
    PageSpec("/gallery", "Gallery", May.SEE_SUBJECTS, gallery.build, "People"),
    PageSpec(
        "/gallery/duplicates", "Looks like somebody else", May.SEE_SUBJECTS, twins.build, listed=False, under="/gallery"
    ),
    PageSpec("/gallery/{id}", "Subject", May.SEE_SUBJECTS, subject.build, listed=False, under="/gallery"),
    PageSpec("/redactions", "Redaction", May.SEE_JOBS, by_kind.redactions, "Publishing"),
    PageSpec("/jobs/{id}/sheet", "Review sheet", May.START_JOBS, redaction.build, listed=False, under="/redactions"),
    PageSpec("/exposure", "Exposure", May.SEE_JOBS, by_kind.exposures, "Publishing"),
    PageSpec("/review", "Compare faces", May.REVIEW, review.build, "Reviewing"),
    PageSpec("/reviewers", "Reviewers", May.SEE_REVIEWERS, review.reviewers, "How well it works"),
    PageSpec("/audits", "Audits", May.SEE_AUDITS, by_kind.audits, "How well it works"),
    PageSpec("/log", "Log", May.SEE_LOG, log.build, "How well it works"),
    PageSpec("/alerts", "Alerts", May.SEE_ALERTS, alerts.build, "The service"),
    PageSpec("/settings", "Settings", May.SEE_SETTINGS, settings.build, "The service"),
    PageSpec("/accounts", "Accounts", May.CHANGE_ACCOUNTS, accounts.build, "The service"),
    PageSpec("/keys", "My API keys", None, keys.build, "Mine"),
)


def first_for(role: Role) -> str:
    """Where somebody of a role begins: the first page of the plan that it may open."""
    return next(page.path for page in PLAN if page.listed and (page.may is None or page.may in ALLOWED[role]))
