"""What takes seconds the first time is done at the start: a large gallery is read, models are opened, decoders are started."""

from __future__ import annotations

import logging
import threading

from secondlook.errors import SecondLookError
from secondlook.server.service import Service

_LOG = logging.getLogger("secondlook.server")


class WarmUp:
    """Beside the API (``running.Beside``). While it goes on the service answers, and says that it is not ready; whoever
    searches waits. What goes wrong is said again to whoever needs it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._thread = threading.Thread(target=self._warm, name="warm-up", daemon=True)

    def start(self) -> None:
        self._service.ready.clear()
        self._thread.start()

    def stop(self) -> None:
        self._thread.join()

    def _warm(self) -> None:
        try:
            self._service.decoders.warm()
            _ = self._service.gallery.subjects
            self._service.identifier()
        except SecondLookError as error:
            _LOG.warning("not everything could be opened", extra={"reason": str(error)})
        finally:
            self._service.ready.set()
