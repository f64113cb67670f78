"""Serves a covered live picture over HTTP, as an MPEG transport stream, to whoever asks at one address."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Final
from urllib.parse import urlsplit

import av

from secondlook.errors import OutputError
from secondlook.redact.coding import Coded, Muxer
from secondlook.redact.feed import Feed
from secondlook.redact.publishing import Target

_MOST_VIEWERS: Final = 16
_SILENCE_S: Final = 20.0
"""A viewer who takes nothing for so long is sent away."""


class Served:
    """Everybody who asks gets the picture from the next at which decoding can begin. Raises OutputError where the address
    cannot be served at."""

    def __init__(self, to: Target) -> None:
        parts = urlsplit(to.text)
        self.shown, self.sent, self.sentence = to.shown, 0, ""
        self._path = parts.path or "/"
        self._lock = threading.Lock()
        self._feeds: set[Feed] = set()
        self._unseen = self._gone_left_out = 0
        try:
            self._server = _Server((parts.hostname or "", parts.port or 0), self)
        except OSError as error:
            raise OutputError(
                f"{to.shown} cannot be served ({error.strerror or error}): name an address of this machine and a free port."
            ) from error
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="serving", daemon=True).start()

    @property
    def left_out(self) -> int:
        """Pictures that a viewer missed, or that had no viewer."""
        with self._lock:
            return self._unseen + self._gone_left_out + sum(feed.left_out for feed in self._feeds)

    def send(self, coded: Coded) -> None:
        with self._lock:
            self._unseen += not self._feeds
            for feed in self._feeds:
                feed.put(coded)

    def close(self) -> None:
        with self._lock:
            for feed in self._feeds:
                feed.close()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One viewer, until one of both ends it."""
        request.close_connection = True
        if urlsplit(request.path).path != self._path:
            request.send_error(404)
            return
        feed = Feed()
        with self._lock:
            if len(self._feeds) >= _MOST_VIEWERS:
                request.send_error(503)
                return
            self._feeds.add(feed)
        try:
            self._stream(request, feed)
        except (OSError, av.FFmpegError):  # the viewer has gone
            return
        finally:
            with self._lock:
                self._feeds.discard(feed)
                self._gone_left_out += feed.left_out

    def _stream(self, request: BaseHTTPRequestHandler, feed: Feed) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "video/mp2t")
        request.send_header("Cache-Control", "no-store")
        # without it a viewer could not tell the end from an accident
        chunked = request.request_version == "HTTP/1.1"
        if chunked:
            request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        wire = _Wire(request.wfile, chunked)
        coded = feed.next_key()
        while coded is not None:
            size = coded.size
            with av.open(wire, "w", format="mpegts", options={"flush_packets": "1"}) as container:
                muxer = Muxer(container, size)
                while coded is not None and coded.size == size:
                    muxer.write(coded)
                    with self._lock:
                        self.sent += 1
                    coded = feed.following()
        wire.end()


class _Wire:
    """What is written goes out; no way back, which is what a container has to know."""

    def __init__(self, file: BufferedIOBase, chunked: bool) -> None:
        self._file, self._chunked = file, chunked

    def write(self, data: bytes) -> int:
        self._file.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked and data else data)
        return len(data)

    def end(self) -> None:
        if self._chunked:
            self._file.write(b"0\r\n\r\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], served: Served) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = _SILENCE_S
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                served.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(address, Handler)
