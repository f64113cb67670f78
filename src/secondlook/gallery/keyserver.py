"""The subjects' keys in a PostgreSQL of their own, for galleries that several hosts write to: ``KeyStore`` for many hosts.

Never in the server that holds the gallery: its write-ahead log and its backups keep what was deleted, so key and rows of
somebody erased would lie in them together. For the same reason a dropped key may lie on in the files of *this* server. It
is wrapped by the gallery's key, which lies in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_new
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from secondlook.errors import GalleryLocked, SubjectErased
from secondlook.gallery import postgres
from secondlook.gallery.addresses import Address

SCHEMA = "secondlook_keys"


class _Base(DeclarativeBase):
    pass


class _GalleryRow(_Base):
    """A gallery whose keys are kept here."""

    __tablename__ = "galleries"
    id: Mapped[str] = mapped_column(primary_key=True)


class _KeyRow(_Base):
    __tablename__ = "keys"
    gallery: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]


class _DroppedRow(_Base):
    __tablename__ = "dropped"
    gallery: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)


class _IndexKeyRow(_Base):
    __tablename__ = "index_keys"
    gallery: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]


class KeyServer:
    """Wrapped keys of one gallery by subject id (``vault.SubjectKeys``). Safe from several threads, processes and hosts."""

    def __init__(self, where: Address, gallery: str) -> None:
        """For the makers below; use those."""
        engine = postgres.engine_for(where)
        self._reader: Engine = postgres.reading(engine)
        self._writer: Engine = postgres.writing(engine)
        self._gallery = gallery
        self.place = str(where)

    @classmethod
    def create(cls, where: Address, gallery: str) -> KeyServer:
        """Raises OutputError, ExtraMissing."""
        store = cls(where, gallery)
        with store._closed_on_error(), store._writing() as session:
            postgres.make_schema(session, where)
            _Base.metadata.create_all(session.connection())
            session.execute(insert_new(_GalleryRow).values(id=gallery).on_conflict_do_nothing())
        return store

    @classmethod
    def open(cls, where: Address, gallery: str) -> KeyServer:
        """Raises GalleryLocked where it keeps no keys of that gallery, OutputError, ExtraMissing."""
        store = cls(where, gallery)
        with store._closed_on_error(), store._reading() as session:
            if not postgres.table_there(session, "galleries") or session.get(_GalleryRow, gallery) is None:
                raise GalleryLocked(
                    f"{where} keeps no keys of the gallery {gallery}: name the server that does in SECONDLOOK_SUBJECT_KEYS."
                )
        return store

    def system_identifier(self) -> str:
        with self._reading() as session:
            return postgres.system_identifier(session)

    def keep(self, subject: str, wrapped: bytes) -> None:
        self.keep_all({subject: wrapped})

    def keep_all(self, wrapped: Mapping[str, bytes]) -> None:
        """Keys by subject id, all of them or none. Raises SubjectErased where one was dropped before."""
        if not wrapped:
            return
        rows = [{"gallery": self._gallery, "subject": subject, "wrapped": key} for subject, key in wrapped.items()]
        with self._writing() as session:
            dropped = select(_DroppedRow.subject).where(_DroppedRow.gallery == self._gallery)
            gone = session.scalars(dropped.where(_DroppedRow.subject.in_(wrapped))).all()
            if gone:
                raise SubjectErased(
                    f"The subject {min(gone)} was removed, and nobody is enrolled under that id again: take a new one."
                )
            session.execute(insert(_KeyRow), rows)

    def find(self, subject: str) -> bytes | None:
        with self._reading() as session:
            row = session.get(_KeyRow, (self._gallery, subject))
            return None if row is None else row.wrapped

    def everything(self) -> dict[str, bytes]:
        with self._reading() as session:
            keys = select(_KeyRow.subject, _KeyRow.wrapped).where(_KeyRow.gallery == self._gallery)
            return {row.subject: row.wrapped for row in session.execute(keys)}

    def drop(self, subject: str) -> None:
        """Forget a key, and that its subject is to have none, and what opens indexes. One which is not there is no error."""
        whose = {"gallery": self._gallery, "subject": subject}
        with self._writing() as session:
            session.execute(insert_new(_DroppedRow).values(whose).on_conflict_do_nothing())
            session.execute(delete(_KeyRow).filter_by(**whose))
            session.execute(delete(_IndexKeyRow).filter_by(gallery=self._gallery))

    def dropped(self) -> frozenset[str]:
        with self._reading() as session:
            rows = select(_DroppedRow.subject).where(_DroppedRow.gallery == self._gallery)
            return frozenset(session.scalars(rows))

    def index_key(self, gallery: str) -> bytes | None:
        with self._reading() as session:
            row = session.get(_IndexKeyRow, gallery)
            return None if row is None else row.wrapped

    def keep_index_key(self, gallery: str, wrapped: bytes) -> bytes:
        with self._writing() as session:
            row = {"gallery": gallery, "wrapped": wrapped}
            session.execute(insert_new(_IndexKeyRow).values(row).on_conflict_do_nothing())
            return session.get_one(_IndexKeyRow, gallery).wrapped

    def drop_index_key(self, gallery: str) -> None:
        with self._writing() as session:
            session.execute(delete(_IndexKeyRow).filter_by(gallery=gallery))

    def close(self) -> None:
        self._reader.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._explained(), Session(self._reader) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self._explained(), Session(self._writer) as session, session.begin():
            yield session

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise postgres.sentence(error, f"The subjects' keys in {self.place}") from error

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise
