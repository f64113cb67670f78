"""What a watch leaves in its folder; a later watch adds to it.

OUT/sightings.jsonl   one line a closed sighting that is kept (docs/sightings.md)
OUT/alerts.jsonl      one line for each candidate when it is told, and one where it is taken back (docs/watch.md)
OUT/crops/            the face of each
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from secondlook.errors import OutputError
from secondlook.identify import Alert, Stage
from secondlook.report.crops import save_crop
from secondlook.report.json_fields import JsonObject, dumped
from secondlook.report.record import crop_name
from secondlook.report.sightings import FILE_NAME as SIGHTINGS
from secondlook.report.sightings import moment, to_fields
from secondlook.runs.journal import cut_torn_line, writing
from secondlook.runs.watch_state import CameraSighting

ALERTS = "alerts.jsonl"
SCHEMA = "secondlook.alerts/1"


class WatchFiles:
    """Writes what is seen. Raises OutputError where the disk does not take it, or the folder holds a run of ``find``."""

    def __init__(self, out: Path) -> None:
        if (out / ".run").exists():
            raise OutputError(f"{out} holds the results of a run over files: name another --out.")
        self._out = out
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            self._sightings, self._alerts = _appended(out / SIGHTINGS), _appended(out / ALERTS)
        self._early: dict[str, str] = {}

    def add(self, seen: CameraSighting) -> list[JsonObject]:
        """Writes a sighting, and gives what was written, line by line."""
        record, live = seen.record(), seen.live
        early = self._early.pop(seen.person, None)
        kept = live.sighting.crop is not None
        if early is not None and (early != record.id or not kept):
            # what was told early is another's, or nobody's: no picture of it stays
            with writing(self._out):
                (self._out / crop_name(early)).unlink(missing_ok=True)
        if kept:
            save_crop(self._out, live.sighting, record)
        if live.stage is Stage.EARLY:
            self._early[seen.person] = record.id
        lines = [self._write(self._alerts, line) for line in alert_lines(seen, datetime.now(UTC))]
        if live.stage is not Stage.EARLY:
            lines.append(self._write(self._sightings, to_fields(record)))
        return lines

    def close(self) -> None:
        with writing(self._out):
            self._sightings.close()
            self._alerts.close()

    def _write(self, file: BinaryIO, line: JsonObject) -> JsonObject:
        with writing(self._out):
            file.write(dumped(line).encode("utf-8") + b"\n")
            file.flush()
        return line


def alert_lines(seen: CameraSighting, now: datetime) -> list[JsonObject]:
    """What is to be told of a sighting at once: that an early candidate is taken back, that there is a new one."""
    live, record = seen.live, seen.record()
    about: JsonObject = {
        "schema": SCHEMA,
        "at": moment(now),
        "camera": seen.camera,
        "person": seen.person,
        "id": record.id,
    }
    told = list[JsonObject]()
    if live.withdraws is not None:
        told.append(
            {**about, "news": "withdrawn", "subject": live.withdraws.subject, "because": live.withdraws.because.value}
        )
    if live.alert is Alert.RAISED:
        posterior = record.grounds.posterior
        told.append(
            {
                **about,
                "news": "raised",
                "subject": record.subject,
                "stage": live.stage.value,
                "seen_at": None if record.seen_at is None else moment(record.seen_at),
                "after_s": round(seen.after_s, 3),
                "posterior": None if posterior is None else posterior.value,
                "sentence": record.grounds.sentence,
                "crop": record.crop,
            }
        )
    return told


def _appended(path: Path) -> BinaryIO:
    if path.exists():
        cut_torn_line(path)
    return path.open("ab")
