"""Who is enrolled: subjects and their references, sealed at rest, and the exact search among them."""

from secondlook.gallery.enrolment import EnrolLimits, EnrolResult, EnrolStatus, OnSuspicion, SuspicionLimits
from secondlook.gallery.keys import Environment, HomeKey, KeyFile, Keyring, KeySource
from secondlook.gallery.people import NewReference, Reference, Subject
from secondlook.gallery.store import Gallery

__all__ = [
    "EnrolLimits",
    "EnrolResult",
    "EnrolStatus",
    "Environment",
    "Gallery",
    "HomeKey",
    "KeyFile",
    "KeySource",
    "Keyring",
    "NewReference",
    "OnSuspicion",
    "Reference",
    "Subject",
    "SuspicionLimits",
]
