"""Who is enrolled: subjects and their references, sealed at rest, and the exact search among them."""

from secondlook.gallery.enrolment import EnrolLimits, EnrolResult, EnrolStatus, OnSuspicion, SuspicionLimits
from secondlook.gallery.keys import Environment, HomeKey, KeyFile, Keyring, KeySource
from secondlook.gallery.names import ById, Place, Who, place_of
from secondlook.gallery.people import NewReference, Reference, Subject
from secondlook.gallery.store import Gallery

__all__ = [
    "ById",
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
    "Place",
    "Reference",
    "Subject",
    "SuspicionLimits",
    "Who",
    "place_of",
]
