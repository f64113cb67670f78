"""What the service keeps. No row holds a name, a template or a picture of anybody in clear: what names a person is sealed
under that person's key in the gallery, so that dropping the key reaches every copy."""

from secondlook.server.rows.access import AccountRow, ApiKeyRow, InviteRow, SessionRow
from secondlook.server.rows.alerts import DeliveryRow, WebhookRow
from secondlook.server.rows.cameras import CameraRow
from secondlook.server.rows.groundwork import IdempotencyRow, Row, SettingRow
from secondlook.server.rows.review import ReviewTaskRow, ReviewTaskSubjectRow
from secondlook.server.rows.sightings import SightingRow
from secondlook.server.rows.subjects import MergeRow
from secondlook.server.rows.work import JobRow, UploadRow

__all__ = [
    "AccountRow",
    "ApiKeyRow",
    "CameraRow",
    "DeliveryRow",
    "IdempotencyRow",
    "InviteRow",
    "JobRow",
    "MergeRow",
    "ReviewTaskRow",
    "ReviewTaskSubjectRow",
    "Row",
    "SessionRow",
    "SettingRow",
    "SightingRow",
    "UploadRow",
    "WebhookRow",
]
