"""Everything the service has open, and where each act finds what it needs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import event
from sqlalchemy.orm import Session

from secondlook import assemble
from secondlook.assemble import Identifier
from secondlook.custody.log import CustodyLog
from secondlook.custody.policy import Demand, read_policy
from secondlook.custody.recording import gallery_log, refuse_names
from secondlook.errors import Invalid, LogUnusable, ReasonMissing
from secondlook.gallery import Gallery
from secondlook.gallery.addresses import address
from secondlook.ports import Action, Entry, Log
from secondlook.server.actors import Actor
from secondlook.server.database import Database, database_of
from secondlook.server.folder import Alone, DataFolder, keep_note, read_note
from secondlook.server.remembering import Remembered
from secondlook.server.rows import SettingRow
from secondlook.server.settings import Options, Settings, changed, to_values
from secondlook.server.work.decoding import DecodeLimits, Decoders

if TYPE_CHECKING:
    from secondlook.server.work.cameras import CameraWatch


@dataclass(frozen=True, slots=True)
class Why:
    """What a search is for, as whoever searches states it. Nobody's name belongs in it: it goes into the log for good."""

    purpose: str = ""
    case: str = ""


NO_REASON = Why()
_SETTINGS = "service"
_A_MOMENT_S = 5.0
"""How long a key, a setting or a purpose that was found to be good is not looked up again."""
SYSTEM = "system"
"""Who is written down where nobody asked: retention, a camera."""


class Service:
    """Made once a process. Safe from several threads; nothing in it belongs to one request."""

    def __init__(
        self, options: Options, folder: DataFolder, database: Database, gallery: Gallery, log: Log, alone: Alone | None
    ) -> None:
        self.options, self.folder, self.database, self.gallery, self.log = options, folder, database, gallery, log
        self.cameras: CameraWatch | None = None
        """Where cameras are watched by this process."""
        self.decoders = Decoders(self._decode_limits)
        """Where pictures of strangers are opened."""
        self.keys: Remembered[str, Actor] = Remembered(_A_MOMENT_S)
        """Whose an API key is, by its hash; forgotten whenever accounts or keys change."""
        self.ready = threading.Event()
        """Whether what takes long at the start has been opened."""
        self.ready.set()
        self.changing_subjects = threading.Lock()
        """Held while subjects are merged, divided, removed or erased, which reaches into database and gallery."""
        self._alone = alone
        self._lock = threading.Lock()
        self._pack = gallery.pack
        self._identifier: tuple[Settings, Identifier] | None = None
        self._settings: Remembered[None, Settings] = Remembered(_A_MOMENT_S)
        self._nameless: Remembered[tuple[int, str, str], None] = Remembered(3600)

    @classmethod
    def open(cls, options: Options) -> Self:
        """The service of a folder, which is made where there is none. One at a time: raises Conflict."""
        folder = DataFolder(options.data)
        folder.make()
        alone = Alone(folder)
        try:
            return cls._opened(options, folder, alone)
        except BaseException:
            alone.release()
            raise

    @classmethod
    def beside(cls, options: Options) -> Self:
        """The same for a worker, beside the service that started it."""
        return cls._opened(options, DataFolder(options.data), None)

    @classmethod
    def _opened(cls, options: Options, folder: DataFolder, alone: Alone | None) -> Self:
        database = database_of(folder, options.database)
        try:
            if alone is not None:
                database.upgrade()
                database.hold()
            place = gallery_of(folder, options.gallery)
            opened = assemble.open_or_create(place, assemble.Settings(threads=options.threads), options.key)
        except BaseException:
            database.close()
            raise
        gallery = assemble.compared(opened)  # as the identifier compares: there is one index in memory
        return cls(options, folder, database, gallery, gallery_log(gallery), alone)

    def close(self) -> None:
        self.decoders.close()
        self.gallery.close()
        self.database.close()
        if self._alone is not None:
            self._alone.release()

    # Settings

    def settings(self) -> Settings:
        return self._settings.get(None, self._read_settings)

    def _read_settings(self) -> Settings:
        with self.database.reading() as session:
            return self.settings_in(session)

    def settings_in(self, session: Session) -> Settings:
        row = session.get(SettingRow, _SETTINGS)
        return changed(Settings(), dict(row.value)) if row is not None else Settings()

    def keep_settings(self, session: Session, settings: Settings) -> None:
        event.listen(session, "after_commit", lambda _: self._settings.forget(), once=True)
        row = session.get(SettingRow, _SETTINGS)
        if row is None:
            session.add(SettingRow(name=_SETTINGS, value=to_values(settings)))
        else:
            row.value = to_values(settings)

    # Looking at pictures

    def _decode_limits(self) -> DecodeLimits:
        settings = self.settings()
        return DecodeLimits(settings.picture_megapixels * 1_000_000, settings.upload_seconds, settings.upload_memory_mb)

    def identifier(self) -> Identifier:
        """Models and gallery put together, once; anew where the settings that matter have changed."""
        settings = self.settings()
        with self._lock:
            held = self._identifier
            if held is not None and (held[0].fpir, held[0].prior) == (settings.fpir, settings.prior):
                return held[1]
            made = assemble.assemble(
                self.gallery,
                assemble.Settings(
                    fpir=settings.fpir,
                    prior=settings.prior,
                    threads=self.options.threads,
                    max_pixels=settings.picture_megapixels * 1_000_000,
                ),
            )
            self._identifier = (settings, made)
            return made

    def follow_pack(self) -> bool:
        """Whether the gallery has another pack than before (`secondlook gallery re-embed`, which is another process); it is
        compared as that one wants it from here on. Until then whoever searches is told PackMismatch. Raises CalibrationError,
        GalleryError."""
        pack = self.gallery.pack
        with self._lock:
            if pack == self._pack:
                return False
            self.gallery = assemble.compared(self.gallery)
            self._pack, self._identifier = pack, None
        return True

    # The record

    def record(
        self, who: Actor | str, action: Action, *objects: str, why: Why = NO_REASON, **details: str | int | float
    ) -> None:
        """Writes down what is done; on the disk when it returns. Called before the deed counts (inside its transaction), for
        what cannot be written down must not be done. objects: ids, never a name."""
        actor = f"account:{who.id}" if isinstance(who, Actor) else who
        if isinstance(who, Actor) and who.key:
            details = {**details, "key": who.key}
        self.log.record(Entry(actor, action, tuple(o for o in objects if o), why.purpose, why.case, details))

    def need_reason(self, why: Why) -> None:
        """Raises ReasonMissing where a search says less about why than is asked for, CustodyError where it names somebody
        enrolled."""
        self.need_stated(why)
        self.need_nameless(why, self.gallery.revision)

    def need_stated(self, why: Why) -> None:
        """Raises ReasonMissing where a search says less about why than is asked for."""
        settings, policy = self.settings(), read_policy(self.gallery.folder)
        asked = (
            (settings.purpose_required or policy.purpose is Demand.REQUIRED, why.purpose, "a purpose"),
            (settings.case_required or policy.case is Demand.REQUIRED, why.case, "a case number"),
        )
        missing = [words for wanted, said, words in asked if wanted and not said.strip()]
        if missing:
            raise ReasonMissing(f"A search needs {' and '.join(missing)} here: say it, without anybody's name.")

    def need_nameless(self, why: Why, revision: int) -> None:
        """revision: of the gallery, read after the search was asked for. Raises CustodyError where somebody enrolled is named."""
        # the same few purposes are stated again and again; whoever is enrolled meanwhile makes it another revision
        said = (revision, why.purpose, why.case)
        self._nameless.get(said, lambda: refuse_names(self.gallery, why.purpose, why.case))

    def custody_log(self) -> CustodyLog:
        """The log, where it is one that can be read and verified. Raises LogUnusable."""
        if not isinstance(self.log, CustodyLog):
            raise LogUnusable("This service's log cannot be read: open it with its folder.")
        return self.log


def gallery_of(folder: DataFolder, place: str = "") -> str | Path:
    """Where a service's gallery is. place: its address in PostgreSQL, which the folder then remembers without the password;
    empty: as it remembers, and in the folder where it remembers none. Raises Invalid, OutputError, GalleryError."""
    if not place:
        return read_note(folder.gallery_note) or folder.gallery
    where = address(place)
    if where is None:
        raise Invalid("The service's gallery is named as postgresql://USER@HOST:PORT/DATABASE: give that.")
    keep_note(folder.gallery_note, str(where), folder.gallery)
    return place
