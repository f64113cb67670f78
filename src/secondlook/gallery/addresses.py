"""A place in a PostgreSQL database: its address, which is never shown with the password that may be in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from secondlook.errors import GalleryError

SCHEMA = "secondlook"
_BEGINS = re.compile(r"\s*postgres(ql)?(\+[a-z0-9]+)?:", re.IGNORECASE)
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")
_PASSED_ON = frozenset(
    {"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "connect_timeout", "target_session_attrs"}
    | {"application_name", "passfile", "gssencmode", "channel_binding", "krbsrvname"}
)
"""What libpq may be told in an address. Not among them: a password, which would be shown with the rest, and ``options``."""


@dataclass(frozen=True, slots=True)
class Address:
    """A schema in a database of PostgreSQL. ``str`` of it is for people: it tells no password."""

    url: URL = field(repr=False)
    schema: str

    def __str__(self) -> str:
        query = dict(self.url.query) | ({} if self.schema == SCHEMA else {"schema": self.schema})
        url = self.url
        shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
        return shown.render_as_string()


def address(text: str | Path, schema: str = SCHEMA) -> Address | None:
    """``postgresql://USER@HOST:PORT/DATABASE?schema=NAME``; None where that is something else, as a folder.

    schema: where none is named. A password is better kept out of it (``~/.pgpass`` or PGPASSWORD): other users of a machine
    can read what programs are started with. Raises GalleryError where it begins as one and is none.
    """
    if not isinstance(text, str) or not _BEGINS.match(text):
        return None
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        url = None
    # the text itself is not repeated: a password may be in it
    if url is None or not url.database or url.drivername.lower() not in _DRIVERS:
        raise GalleryError(
            "That is no address of PostgreSQL: write it as postgresql://USER@HOST:PORT/DATABASE."
        ) from None
    query = dict(url.query)
    named = query.pop("schema", schema)
    unknown = sorted(set(query) - _PASSED_ON)
    if unknown:
        raise GalleryError(
            f"An address of PostgreSQL here takes no '{unknown[0]}': leave it out (a password belongs into ~/.pgpass)."
        )
    if not isinstance(named, str) or not _SCHEMA.fullmatch(named) or named.startswith("pg_"):
        raise GalleryError("A schema is named by up to 63 small letters, digits and underscores: choose such a name.")
    return Address(url.set(drivername="postgresql+psycopg", query=query), named)
