"""Brings a database to the newest step."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from secondlook.errors import GalleryVersion


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    return made


def current(engine: Engine) -> str | None:
    """The step the database is at; None: it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check_known(engine: Engine) -> None:
    """Raises GalleryVersion where the database is at a step this version does not know."""
    at = current(engine)
    try:
        if at is not None:
            ScriptDirectory.from_config(config()).get_revision(at)
    except CommandError as error:
        raise GalleryVersion(
            f"The service's database was written by a newer Second Look (step {at}): start it with that version."
        ) from error


def upgrade(engine: Engine) -> None:
    """Raises GalleryVersion where the database is at a step this version does not know."""
    check_known(engine)
    made = config()
    with engine.begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, "head")
