"""RTSP servers that others wrote, run as cameras: GStreamer's over TCP, with a password if wanted; VLC's over UDP."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's own, which sees python3-gi."""

_GSTREAMER = r"""
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
Gst.init(None)
port, password, video = sys.argv[1:]
for wanted in ("qtdemux", "rtph264pay"):
    if Gst.ElementFactory.find(wanted) is None:
        sys.exit(f"no {wanted}")
if not port:
    sys.exit()
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f'( filesrc location="{video}" ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=1 )')
factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
if password:
    user, _, word = password.partition(":")
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(user, word, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    may = "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    permissions.add_role_from_structure(Gst.Structure.from_string(may)[0])
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
GLib.MainLoop().run()
"""


_RECEIVER = r"""
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
port, file = sys.argv[1:]
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
factory = GstRtspServer.RTSPMediaFactory()
stream = "video/x-h264,stream-format=byte-stream,alignment=au"
sink = f'filesink sync=false buffer-mode=unbuffered location="{file}"'
factory.set_launch(f"( rtph264depay name=depay0 ! {stream} ! {sink} )")
factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
server.get_mount_points().add_factory("/in", factory)
server.attach(None)
GLib.MainLoop().run()
"""


def gstreamer_missing() -> str:
    """Why GStreamer's server cannot be run here, or nothing."""
    if not Path(SYSTEM_PYTHON).exists():
        return f"needs {SYSTEM_PYTHON}"
    tried = subprocess.run(
        [SYSTEM_PYTHON, "-c", _GSTREAMER, "", "", ""], capture_output=True, text=True, timeout=120, check=False
    )
    if tried.returncode == 0:
        return ""
    return "needs Debian's python3-gi, gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-good"


def vlc_missing() -> str:
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "VLC does not run as root, and there is no runuser"
    return "" if shutil.which("cvlc") else "needs Debian's vlc-bin and vlc-plugin-base"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gstreamer(video: Path, port: int, password: str = "") -> Iterator[str]:
    """Sends an MP4 with H.264 at ``/cam``, from its beginning for everybody who asks; over TCP only."""
    with _running([SYSTEM_PYTHON, "-c", _GSTREAMER, str(port), password, str(video)], port):
        yield f"rtsp://{password}{'@' if password else ''}127.0.0.1:{port}/cam"


@contextmanager
def rtsp_receiver(file: Path, port: int) -> Iterator[str]:
    """A server that is sent a picture at ``/in`` and writes it into a file of bare H.264."""
    with _running([SYSTEM_PYTHON, "-c", _RECEIVER, str(port), str(file)], port):
        yield f"rtsp://127.0.0.1:{port}/in"


@contextmanager
def vlc(video: Path, port: int) -> Iterator[str]:
    """Sends a video again and again at ``/cam``; VLC refuses RTP over TCP, so this is UDP."""
    sout = f"#rtp{{sdp=rtsp://127.0.0.1:{port}/cam}}"
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o777)
        seen = Path(shutil.copy(video, Path(home) / "video.mp4"))  # nobody may look into pytest's own folders
        seen.chmod(0o644)
        as_nobody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        play = ["cvlc", "-I", "dummy", "--quiet", "--no-audio", "--sout-keep", "--loop", "--sout", sout, str(seen)]
        with _running([*as_nobody, "env", f"HOME={home}", *play], port):
            yield f"rtsp://127.0.0.1:{port}/cam"


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    """Until the port answers, and no longer than the block."""
    nowhere = subprocess.DEVNULL
    # a group of its own: runuser would leave behind what it started
    process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()
