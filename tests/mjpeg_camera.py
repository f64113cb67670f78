"""A camera for tests that sends MJPEG over HTTP, as many of them do, and can be cut off and brought back."""

from __future__ import annotations

import base64
import io
import itertools
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from secondlook.types import Pixels

Scene = Callable[[int], Pixels]
"""The picture with this number."""


class MjpegCamera:
    """scene: what it shows. rate: pictures a second. password: ``user:word`` that it wants, None = nothing."""

    def __init__(self, scene: Scene, rate: float = 25.0, password: str | None = None) -> None:
        self._scene, self._rate, self._password = scene, rate, password
        self._numbers = itertools.count()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self._off = threading.Event()
        self.silent = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/video.mjpg"

    def on(self) -> None:
        """At the same port as before, if there was one."""
        camera, self._off = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.send(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def off(self) -> None:
        """Every connection breaks off, and nobody answers."""
        assert self._server is not None
        self._off.set()
        self._server.shutdown()
        self._server.server_close()

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        off = self._off
        handler.close_connection = True
        if self._password is not None:
            wanted = "Basic " + base64.b64encode(self._password.encode()).decode()
            if handler.headers.get("Authorization") != wanted:
                handler.send_response(401)
                handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        try:
            while not off.wait(1 / self._rate):
                if not self.silent.is_set():
                    handler.wfile.write(_part(self._scene(next(self._numbers))))
        except OSError:
            return


def _part(pixels: Pixels) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=90)
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {written.tell()}\r\n\r\n"
    return head.encode() + written.getvalue() + b"\r\n"


def counting(number: int, width: int = 160, height: int = 96) -> Pixels:
    """The lower sixteen bits of the number as squares along the lower edge, black and white; what is above stays the
    same, so that no number is taken for another shot."""
    pixels = np.linspace(20, 235, width).astype(np.uint8)[None, :, None].repeat(height, 0).repeat(3, 2)
    for bit in range(16):
        pixels[-16:, 10 * bit : 10 * bit + 10] = 255 if number >> bit & 1 else 0
    return pixels


def counted(pixels: Pixels) -> int:
    """What ``counting`` drew."""
    return sum(int(pixels[-8, 10 * bit + 5, 0] > 128) << bit for bit in range(16))
