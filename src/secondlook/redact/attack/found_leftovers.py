"""What can be left in a file beside the picture one sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    THUMBNAIL = "thumbnail"
    """a small picture inside the file: a thumbnail, preview, second picture, cover or attached picture"""
    METADATA = "metadata"
    """EXIF, XMP, IPTC, comments, tags: who, when, with which device"""
    PLACE = "place"
    """GPS or another note of where it was taken"""
    ALPHA = "alpha"
    """an alpha channel in which the covered place is not one value"""
    BEHIND_END = "behind_end"
    """bytes behind the end of the picture or film"""
    FRAMES = "frames"
    """pictures that are in the file but not in the film: hidden by an edit list, or more than the original has"""
    STREAM = "stream"
    """a second picture stream, data or an attachment"""
    UNUSED = "unused"
    """parts of a container that no track uses and that are not empty"""


PICTURES = frozenset({Kind.THUMBNAIL, Kind.ALPHA, Kind.FRAMES, Kind.STREAM, Kind.UNUSED, Kind.BEHIND_END})
"""Kinds that may hold faces; they fail a proof whatever was asked to stay."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """file: as named. where: the part of the file, in its format's words. size: bytes, 0 where that means nothing."""

    kind: Kind
    file: str
    where: str
    size: int = 0
