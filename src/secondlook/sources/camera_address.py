"""What the user named as a camera: an address, a device, or a file that is played as one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from secondlook.errors import UnsupportedSource
from secondlook.sources.opening import shown

_DEVICE: Final = re.compile(r"/dev/video\d+")
_USB: Final = re.compile(r"usb:(\d+)")
_LOOP: Final = "loop:"
_SECRET: Final = re.compile(r"(?i)((?:user|usr|login|pass|pwd|auth|token|key|secret|sign)\w*=)[^&/?#;]*")
"""Cameras take their password in the path and the query, too."""


class CameraKind(StrEnum):
    """RTSP: a network camera. HTTP: MJPEG, or another stream, over HTTP. DEVICE: one attached to this machine (V4L2).
    LOOP: a video file played for ever, at its own rate."""

    RTSP = "rtsp"
    HTTP = "http"
    DEVICE = "device"
    LOOP = "loop"


_SCHEMES: Final = {
    "rtsp": CameraKind.RTSP,
    "rtsps": CameraKind.RTSP,
    "http": CameraKind.HTTP,
    "https": CameraKind.HTTP,
}


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """text: what is opened, with user and password if it has them: for nobody's eyes. shown: the same without them, for
    records, pages and sentences."""

    text: str = field(repr=False)
    kind: CameraKind
    shown: str


def camera_address(text: str) -> CameraAddress:
    """``rtsp(s)://…``, ``http(s)://…``, ``/dev/videoN``, ``usb:N`` or ``loop:FILE``. Raises UnsupportedSource."""
    usb = _USB.fullmatch(text)
    if usb is not None:
        return CameraAddress(f"/dev/video{int(usb[1])}", CameraKind.DEVICE, text)
    if _DEVICE.fullmatch(text):
        return CameraAddress(text, CameraKind.DEVICE, text)
    if text.startswith(_LOOP) and text != _LOOP:
        return CameraAddress(text.removeprefix(_LOOP), CameraKind.LOOP, shown(text))
    scheme = text.partition("://")[0].lower()
    if scheme in _SCHEMES and "://" in text and text.isprintable() and _has_host(text):
        return CameraAddress(text, _SCHEMES[scheme], without_secrets(text))
    raise UnsupportedSource(
        f"{shown(without_secrets(text))} is no camera: give rtsp://HOST/PATH, http://HOST/PATH, /dev/video0, usb:0 or "
        "loop:FILE."
    )


def is_camera(text: str) -> bool:
    """Whether this names a camera and no file: what lies on the disk under this very name is no camera."""
    try:
        camera_address(text)
    except UnsupportedSource:
        return False
    try:
        return not (Path(text).is_file() or Path(text).is_dir())
    except (OSError, ValueError):
        return True


def without_secrets(text: str) -> str:
    """An address without its user and password, wherever in it they stand."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text
    host, slash, path = rest.partition("/")
    if "@" not in host and "@" in rest.partition("?")[0]:  # a password with a slash in it
        host, slash, path = rest.rpartition("@")[2].partition("/")
    shown_path = _SECRET.sub(r"\1…", path)
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{shown_path}"


def _has_host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
