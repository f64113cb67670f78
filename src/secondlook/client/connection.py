"""A service spoken to. Needs ``pip install 'secondlook[client]'``."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx2

from secondlook.client.answers import Answer, Enrolled, Face, Job, Sighting, Subject, Upload
from secondlook.errors import ServiceError, TooMany

A = TypeVar("A", bound=Answer)
_TRIES = 4
_AGAIN = frozenset({502, 503, 504})


class Refused(ServiceError):
    """What the service answered where it did not do what was asked. status: HTTP. kind: the error's name there."""

    def __init__(self, sentence: str, status: int, kind: str) -> None:
        super().__init__(sentence)
        self.status, self.kind = status, kind


class Client:
    """One service, asked with an API key; the key's role decides what it may.

    What changes something carries a key of its own, so that it is sent again after a lost connection and done once. Every
    method raises Refused with the service's own sentence, TooMany where it was asked too often, and ServiceError where it
    cannot be reached.
    """

    def __init__(
        self, url: str, key: str, *, timeout_s: float = 60.0, transport: httpx2.BaseTransport | None = None
    ) -> None:
        """url: as ``https://station.example``. transport: for tests."""
        self._http = httpx2.Client(
            base_url=f"{url.rstrip('/')}/api/v1",
            headers={"authorization": f"Bearer {key}"},
            timeout=timeout_s,
            transport=transport,
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # People

    def subjects(self) -> Iterator[Subject]:
        """Everybody enrolled, by name."""
        return self._pages("/subjects", Subject)

    def enrol(self, name: str, pictures: list[Path]) -> Enrolled:
        """A new subject; each picture has a result."""
        with ExitStack() as stack:
            files = [("pictures", (one.name, stack.enter_context(one.open("rb")))) for one in pictures]
            return Enrolled.of(self._ask("POST", "/subjects", data={"name": name}, files=files))

    def rename(self, subject: str, name: str) -> Subject:
        return Subject.of(self._ask("PATCH", f"/subjects/{subject}", json={"name": name}))

    def remove(self, subject: str) -> None:
        self._ask("DELETE", f"/subjects/{subject}")

    # Looking

    def search(self, picture: Path, purpose: str, case: str = "") -> tuple[Face, ...]:
        """Every face in a picture, the best detected first, each with its decision. purpose: without names."""
        with picture.open("rb") as file:
            said = self._ask(
                "POST", "/search", data={"purpose": purpose, "case": case}, files=[("picture", (picture.name, file))]
            )
        return tuple(Face.of(one) for one in said["faces"])

    def upload(self, file: Path) -> Upload:
        """A photograph, a video or a table of scores, streamed."""
        disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
        with file.open("rb") as content:
            return Upload.of(
                self._ask("POST", "/uploads", content=content, headers={"content-disposition": disposition}, tries=1)
            )

    def find(self, uploads: list[str], purpose: str, case: str = "") -> Job:
        """Starts a search of uploads (ids) for everybody enrolled."""
        asked = {"uploads": uploads, "purpose": purpose, "case": case}
        return Job.of(self._ask("POST", "/jobs/find", json=asked))

    def redact(self, uploads: list[str], **options: Any) -> Job:
        """Starts covering the faces in uploads (ids). options: as the schema's ``NewRedaction``."""
        return Job.of(self._ask("POST", "/jobs/redact", json={"uploads": uploads, **options}))

    def job(self, job: str) -> Job:
        return Job.of(self._ask("GET", f"/jobs/{job}"))

    def cancel(self, job: str) -> Job:
        return Job.of(self._ask("DELETE", f"/jobs/{job}"))

    def wait(self, job: str, told: Callable[[Job], None] = lambda job: None, every_s: float = 1.0) -> Job:
        """Until it has ended. told: called with it each time it was asked for."""
        while True:
            found = self.job(job)
            told(found)
            if found.ended:
                return found
            time.sleep(every_s)

    # What was seen

    def sightings(self, **wanted: str) -> Iterator[Sighting]:
        """What needs people first. wanted: ``review``, ``outcome``, ``subject``, ``camera``, ``job``, ``since``."""
        return self._pages("/sightings", Sighting, wanted)

    def dossier(self, sighting: str, into: Path) -> None:
        """Writes the dossier; its form by the ending: ``.html``, ``.pdf`` or ``.json``."""
        into.write_bytes(self._send("GET", f"/sightings/{sighting}/dossier{into.suffix}").content)

    # Asking

    def _pages(self, path: str, kind: type[A], wanted: dict[str, str] | None = None) -> Iterator[A]:
        cursor: str | None = None
        while True:
            said = self._ask("GET", path, params={**(wanted or {}), **({"cursor": cursor} if cursor else {})})
            yield from (kind.of(one) for one in said["items"])
            cursor = said["next"]
            if cursor is None:
                return

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self._send(method, path, **request)
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, *, tries: int = _TRIES, **request: Any) -> httpx2.Response:
        headers = {**request.pop("headers", {})}
        if method == "POST":
            headers["idempotency-key"] = uuid.uuid4().hex
        for left in range(tries - 1, -1, -1):
            try:
                answer = self._http.request(method, path, headers=headers, **request)
            except httpx2.TransportError as error:
                if left and not request.get("files"):  # a file that was read half is not sent again
                    time.sleep(0.2 * (tries - left))
                    continue
                raise ServiceError(
                    f"{self._http.base_url} cannot be reached ({error}): look whether it runs."
                ) from error
            if answer.is_success:
                return answer
            if answer.status_code not in _AGAIN or not left:
                raise _refused(answer)
            time.sleep(0.2 * (tries - left))
        raise AssertionError("a try either returns or raises")


def _refused(answer: httpx2.Response) -> ServiceError:
    try:
        said = answer.json()
        sentence, kind = str(said["detail"]), str(said["type"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        sentence, kind = f"The service answered {answer.status_code}, and not in its own words.", "Unknown"
    if answer.status_code == 429:
        return TooMany(sentence, float(answer.headers.get("retry-after", 1)))
    return Refused(sentence, answer.status_code, kind)
