"""The gallery's pack is changed from the command line (`secondlook gallery re-embed`): a service that is running takes the new
one up."""

from __future__ import annotations

import logging
import threading

from secondlook.errors import SecondLookError
from secondlook.server.service import Service

_LOG = logging.getLogger("secondlook.server")
_EVERY_S = 1.0


class PackWatch:
    """Beside the API (``running.Beside``). While the new pack is opened the service says that it is not ready, and whoever
    searches waits; cameras are begun anew. A job that was begun with the old pack fails with a sentence."""

    def __init__(self, service: Service, every_s: float = _EVERY_S) -> None:
        self._service, self._every_s = service, every_s
        self._thread = threading.Thread(target=self._watch, name="packs", daemon=True)
        self._stopping = threading.Event()
        self._said = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self._look()
                self._said = ""
            except SecondLookError as error:
                if str(error) != self._said:  # once, and not every second
                    _LOG.error("the gallery's pack cannot be taken up", extra={"reason": str(error)})
                self._said = str(error)
            except Exception:  # noqa: BLE001 - what is wrong once need not be wrong in a second
                _LOG.exception("unforeseen error")

    def _look(self) -> None:
        service = self._service
        if not service.follow_pack():
            return
        _LOG.warning("the gallery has another pack, which is taken up", extra={"pack": service.gallery.pack})
        service.ready.clear()
        try:
            _ = service.gallery.subjects
            service.identifier()
        finally:
            service.ready.set()
            if service.cameras is not None:
                service.cameras.follow()
