"""What is left in a film's file beside its pictures, sound and subtitles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from secondlook.redact.attack.boxes import Box, boxes, elements, holds_something
from secondlook.redact.attack.found_leftovers import Kind, Leftover
from secondlook.sources.decoding import opened
from secondlook.sources.opening import open_file, shown

_EMPTY_BOXES: Final = frozenset({"free", "skip", "wide"})
_HARMLESS_TAGS: Final = frozenset(
    {
        "major_brand",
        "minor_version",
        "compatible_brands",
        "encoder",
        "language",
        "handler_name",
        "vendor_id",
        "duration",
    }
)
"""What muxers write by themselves. ``handler_name`` only where it is a muxer's own word, see ``_OWN_WORDS``."""
_MUXERS_NOTES: Final = frozenset({"meta", "name", "\xa9too", "\xa9enc", "\xa9swr"})
"""Boxes of user data in which muxers write their own name; what else is in ``meta`` comes through the demuxer."""
_OWN_WORDS: Final = frozenset({"VideoHandler", "SoundHandler", "SubtitleHandler", "DataHandler", ""})
_PLACES: Final = ("location", "gps", "xyz", "loci")
_SLACK: Final = 4096
"""Bytes of a film's data that belong to no packet and are no matter: lengths and paddings of some codecs."""


def film_leftovers(path: Path, limit: int) -> Iterator[Leftover]:
    """limit: most pixels in a frame. Raises SourceError where the file is no film that can be read."""
    with opened(path, limit) as (container, stream):
        yield from _streams(path, container, stream)
        yield from _tags(path, container)
        matroska = "matroska" in container.format.name
        movie = "mov" in container.format.name
        used, hidden = _packets(container, stream)
    if hidden:
        yield Leftover(Kind.FRAMES, shown(path), f"{hidden} packets of pictures that an edit list hides")
    if movie or matroska:
        with open_file(path) as file:
            end = os.fstat(file.fileno()).st_size
            yield from _boxes(path, file, end, used) if movie else _elements(path, file, end)


def _streams(path: Path, container: InputContainer, used: VideoStream) -> Iterator[Leftover]:
    for stream in container.streams:
        if stream.index == used.index or stream.type in ("audio", "subtitle"):
            continue
        picture = stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)
        kind = Kind.THUMBNAIL if picture else Kind.STREAM
        what = "attached picture" if picture else f"{stream.type} stream"
        yield Leftover(kind, shown(path), f"{what} (stream {stream.index})")


def _tags(path: Path, container: InputContainer) -> Iterator[Leftover]:
    of: list[tuple[str, Any]] = [("file", container.metadata)]
    of += [(f"stream {stream.index}", stream.metadata) for stream in container.streams]
    for where, tags in of:
        for name, value in tags.items():
            low = name.lower()
            if low.endswith("duration") or (low in _HARMLESS_TAGS and (low != "handler_name" or _is_muxers(value))):
                continue
            place = any(word in low for word in _PLACES)
            yield Leftover(Kind.PLACE if place else Kind.METADATA, shown(path), f"tag {shown(name)} of the {where}")


def _is_muxers(value: str) -> bool:
    return value.strip("\0 ") in _OWN_WORDS


def _packets(container: InputContainer, stream: VideoStream) -> tuple[int, int]:
    """Bytes in all packets, and packets of the film's pictures that are decoded but never shown."""
    used = hidden = 0
    for packet in container.demux():
        used += packet.size
        hidden += packet.stream.index == stream.index and packet.size > 0 and packet.is_discard
    return used, hidden


def _boxes(path: Path, file: BinaryIO, end: int, used: int) -> Iterator[Leftover]:
    data = 0
    for box in boxes(file, 0, end):
        if box.path == "mdat":
            data += box.size
        kind = _box_kind(box)
        if kind is not None and holds_something(file, box.start, box.end):
            yield Leftover(kind, shown(path), f"box {shown(box.path)}", box.size)
    if data - used > _SLACK:
        yield Leftover(Kind.UNUSED, shown(path), "parts of box mdat that belong to no track", data - used)


def _box_kind(box: Box) -> Kind | None:
    """None where the box belongs there."""
    if box.name == "?":
        # QuickTime ends user data with four zero bytes, which ``holds_something`` sees
        return Kind.BEHIND_END if "/" not in box.path else Kind.UNUSED
    if box.name in _EMPTY_BOXES:
        return Kind.UNUSED
    if box.name in ("uuid", "pnot", "PICT"):
        return Kind.UNUSED
    if box.path == "meta" or box.path.endswith("/udta/thmb"):
        return Kind.THUMBNAIL if box.name == "thmb" else Kind.METADATA
    if box.path.endswith("udta/\xa9xyz") or box.path.endswith("udta/loci"):
        return Kind.PLACE
    inside = box.path.rpartition("/")[0]
    if inside.endswith("udta") and box.name not in _MUXERS_NOTES:
        return Kind.METADATA
    return None


def _elements(path: Path, file: BinaryIO, end: int) -> Iterator[Leftover]:
    for element in elements(file, 0, end):
        if element.name in ("Void", "?") and holds_something(file, element.start, element.end):
            kind = Kind.BEHIND_END if element.path == "?" else Kind.UNUSED
            yield Leftover(kind, shown(path), f"element {element.path}", element.size)
        if element.name == "Attachments":
            yield Leftover(Kind.STREAM, shown(path), "attachments", element.size)
