"""PostgreSQL as the database of a gallery: a schema for each, which many hosts read and write.

Writers come one after another, as on SQLite, by the lock on the gallery's one row of meta data; whoever has it sees all
that was committed before (READ COMMITTED). A reader sees one state of the gallery from its first statement on (REPEATABLE
READ). Every transaction sets for itself what it needs, so a pool of connections in between does no harm.
"""

from __future__ import annotations

from contextlib import nullcontext

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from secondlook.errors import ExtraMissing, GalleryError, OutputError, SecondLookError
from secondlook.gallery.addresses import Address

_WAIT_S = 30
"""How long a writer waits for another one."""
_FORGOTTEN_S = 300
"""A writer that says nothing for so long has lost its lock: its host may be gone."""
_CONNECT = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
_WRITER = f"""
SET LOCAL lock_timeout = '{_WAIT_S}s';
SET LOCAL idle_in_transaction_session_timeout = '{_FORGOTTEN_S}s';
SET LOCAL tcp_keepalives_idle = 30; SET LOCAL tcp_keepalives_interval = 10; SET LOCAL tcp_keepalives_count = 3;
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'
"""  # the last: what is acknowledged is on the disk, whatever this user's default is
_WRITING = "secondlook_writing"


def engine_for(where: Address, first: str = "") -> Engine:
    """Nothing is connected yet. first: a statement that every change begins with. Raises ExtraMissing."""
    try:
        engine = create_engine(
            where.url,
            connect_args={name: value for name, value in _CONNECT.items() if name not in where.url.query},
            pool_pre_ping=True,  # a server that was started anew is no error
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            "PostgreSQL needs an optional part: install it with `pip install 'secondlook[postgres]'`."
        ) from error
    schema = f'SET LOCAL search_path = "{where.schema}"'

    def on_begin(connection: Connection) -> None:
        more = f"{_WRITER};{first}" if connection.get_execution_options().get(_WRITING) else ""
        connection.exec_driver_sql(f"{schema};{more}", execution_options={"no_parameters": True})

    event.listen(engine, "begin", on_begin)
    return engine


def reading(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="READ COMMITTED", **{_WRITING: True})


class PostgresStore:
    """A ``database.Store``."""

    def __init__(self, where: Address) -> None:
        self._where = where
        engine = engine_for(where)
        self.reader = reading(engine)
        self.writer = writing(engine)
        self.alone = nullcontext()
        self.place = str(where)

    def prepare(self, session: Session) -> None:
        """Make the schema where it is not there yet. Raises GalleryError where something is in it."""
        make_schema(session, self._where)
        if session.scalar(text("SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema())")):
            raise GalleryError(f"There are tables in {self.place} already: open that gallery, or name another schema.")

    def settle(self) -> None:
        """Nothing has to follow."""

    def overwrite_deleted(self) -> bool:
        """Never: a server keeps what was deleted in its files, its write-ahead log and its backups for as long as it likes.
        What was sealed with a dropped key cannot be read there."""
        return False

    def is_gallery(self, session: Session) -> bool:
        return table_there(session, "meta")

    def sentence(self, error: Exception) -> SecondLookError:
        return sentence(error, self.place)


def make_schema(session: Session, where: Address) -> None:
    """One at a time; the rest of the transaction is in it."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": where.schema})
    there = text("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = :name)")
    if not session.scalar(there, {"name": where.schema}):  # IF NOT EXISTS asks for the right to make one all the same
        session.execute(text(f'CREATE SCHEMA "{where.schema}"'))


def table_there(session: Session, name: str) -> bool:
    """Whether there is such a table in this transaction's schema."""
    return session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None


def system_identifier(session: Session) -> str:
    """The same for everything that shares files and a write-ahead log, standbys included."""
    return str(session.scalar(text("SELECT system_identifier FROM pg_control_system()")))


def sentence(error: Exception, place: str) -> SecondLookError:
    """What a server said, without values that a statement had in it."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = str(getattr(cause, "sqlstate", None) or "")
    said = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    if code == "55P03":
        return OutputError(f"{place} is being written by another program: wait for it and do it again.")
    if code.startswith("53"):
        return OutputError(f"{place} has no room ({said}): free space or connections there and do it again.")
    if code in ("25006", "0A000"):  # the latter where writing is asked for while a standby recovers
        return OutputError(f"{place} takes no changes ({said}): name the primary server instead of a standby.")
    if code == "42501":
        return OutputError(f"{place} does not allow this ({said}): give that user the right, or name another user.")
    if code == "40001":
        return OutputError(f"{place} was changed while it was read ({said}): do it again.")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return OutputError(f"{place} was lost while it was used ({said}): look whether it was done, and do it again.")
    if not code:
        return OutputError(f"{place} cannot be reached ({said}): check server, address, user and password.")
    return GalleryError(f"{place} does not answer as a gallery does ({said}): look into the server's log.")
