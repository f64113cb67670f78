"""Who asks, and what which role may. One table; pages and API ask the same one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from secondlook.errors import Forbidden


class Role(StrEnum):
    """operator: enrols and searches. reviewer: compares faces blind, and does nothing else, so that nobody reviews what
    they searched for. auditor: reads everything that shows how the others work, and changes nothing. admin: accounts, settings,
    erasure; neither searches nor reviews."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMIN = "admin"


class May(StrEnum):
    """One thing that can be done, or seen."""

    SEE_SUBJECTS = "see_subjects"
    CHANGE_SUBJECTS = "change_subjects"
    ERASE = "erase"
    SEARCH = "search"
    UPLOAD = "upload"
    START_JOBS = "start_jobs"
    SEE_JOBS = "see_jobs"
    SEE_SIGHTINGS = "see_sightings"
    DROP_SIGHTINGS = "drop_sightings"
    EXPORT = "export"
    REVIEW = "review"
    SEE_REVIEWERS = "see_reviewers"
    SEE_CAMERAS = "see_cameras"
    CHANGE_CAMERAS = "change_cameras"
    SEE_ALERTS = "see_alerts"
    CHANGE_ALERTS = "change_alerts"
    SEE_LOG = "see_log"
    SEE_AUDITS = "see_audits"
    RUN_AUDITS = "run_audits"
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    CHANGE_ACCOUNTS = "change_accounts"
    SEE_METRICS = "see_metrics"


ALLOWED: dict[Role, frozenset[May]] = {
    Role.OPERATOR: frozenset(
        {
            May.SEE_SUBJECTS,
            May.CHANGE_SUBJECTS,
            May.SEARCH,
            May.UPLOAD,
            May.START_JOBS,
            May.SEE_JOBS,
            May.SEE_SIGHTINGS,
            May.DROP_SIGHTINGS,
            May.EXPORT,
            May.SEE_CAMERAS,
            May.CHANGE_CAMERAS,
            May.SEE_ALERTS,
            May.SEE_AUDITS,
        }
    ),
    Role.REVIEWER: frozenset({May.REVIEW}),
    Role.AUDITOR: frozenset(
        {
            May.UPLOAD,
            May.SEE_JOBS,
            May.SEE_SIGHTINGS,
            May.EXPORT,
            May.SEE_REVIEWERS,
            May.SEE_CAMERAS,
            May.SEE_ALERTS,
            May.SEE_LOG,
            May.SEE_AUDITS,
            May.RUN_AUDITS,
            May.SEE_SETTINGS,
            May.SEE_METRICS,
        }
    ),
    Role.ADMIN: frozenset(
        {
            May.SEE_SUBJECTS,
            May.ERASE,
            May.SEE_JOBS,
            May.SEE_REVIEWERS,
            May.SEE_CAMERAS,
            May.CHANGE_CAMERAS,
            May.SEE_ALERTS,
            May.CHANGE_ALERTS,
            May.SEE_LOG,
            May.SEE_AUDITS,
            May.SEE_SETTINGS,
            May.CHANGE_SETTINGS,
            May.CHANGE_ACCOUNTS,
            May.SEE_METRICS,
        }
    ),
}


class Via(StrEnum):
    """How somebody came to be known."""

    SESSION = "session"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account that asks. id: the account's. key: of the API key that was used, or empty."""

    id: str
    name: str
    role: Role
    via: Via = Via.SESSION
    key: str = ""

    def may(self, what: May) -> bool:
        return what in ALLOWED[self.role]

    def need(self, what: May, *others: May) -> None:
        """Raises Forbidden where the role may do none of these."""
        if not any(self.may(one) for one in (what, *others)):
            raise Forbidden(
                f"The role {self.role} may not {what.replace('_', ' ')}: ask somebody whose role allows it."
            )
