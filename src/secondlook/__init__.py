"""Second Look: find an enrolled person in a crowd, and say how sure that is before anybody acts.

    from secondlook import Gallery, enrol, find

    with Gallery.open("staff.gallery") as gallery:
        for sighting in find("crowd.jpg", gallery):
            print(sighting.outcome, sighting.subject, sighting.decision.grounds.sentence)

Importing it opens no file and no socket; models are loaded by the first call that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from secondlook.api import enrol, find, new_gallery
    from secondlook.assemble import Settings
    from secondlook.errors import SecondLookError
    from secondlook.gallery import Gallery
    from secondlook.types import Candidate, Decision, Grounds, Outcome, Quality, Sighting

__version__ = "0.1.0"

__all__ = [
    "Candidate",
    "Decision",
    "Gallery",
    "Grounds",
    "Outcome",
    "Quality",
    "SecondLookError",
    "Settings",
    "Sighting",
    "__version__",
    "enrol",
    "find",
    "new_gallery",
]

_HOMES = {
    "Candidate": "types",
    "Decision": "types",
    "Gallery": "gallery",
    "Grounds": "types",
    "Outcome": "types",
    "Quality": "types",
    "SecondLookError": "errors",
    "Settings": "assemble",
    "Sighting": "types",
    "enrol": "api",
    "find": "api",
    "new_gallery": "api",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the models' runtimes take a second to import.
    if name not in _HOMES:
        raise AttributeError(f"module 'secondlook' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"secondlook.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
