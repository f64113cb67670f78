"""Change the pack of a gallery: make every template anew from its crop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sqlalchemy import update

from secondlook.gallery import changes, reading
from secondlook.gallery.changes import Room
from secondlook.gallery.database import Database
from secondlook.gallery.people import Reference, checked_templates
from secondlook.gallery.records import MetaRow
from secondlook.gallery.vault import Vault
from secondlook.types import Floats

Embed = Callable[[Reference], Floats]
"""A reference (its crop and landmarks) -> its template (D,) of unit length in the new pack."""

Progress = Callable[[int, int], None]
"""How many references are done, of how many."""


def reembed(database: Database, vault: Vault, pack: str, dimension: int, embed: Embed, progress: Progress) -> None:
    """The slow part runs outside the transaction, so that others can go on; the swap is one transaction.

    References that were enrolled meanwhile are made anew inside it. Those of blinded subjects stay as they are.
    """
    made: dict[int, Floats] = {}
    with database.reading() as session:
        waiting = [id_ for id_, _, _ in reading.readable_ids(Room(session, vault, database.place))]
    for done, id_ in enumerate(waiting, start=1):
        with database.reading() as session:
            old = reading.reference_or_none(Room(session, vault, database.place), id_)
        if old is not None:
            made[id_] = _embedded(embed, old, dimension)
        progress(done, len(waiting))
    with database.writing() as session:
        _swap(Room(session, vault, database.place), made, pack, dimension, embed)


def _swap(room: Room, made: dict[int, Floats], pack: str, dimension: int, embed: Embed) -> None:
    opened, _ = reading.seals(room)
    for id_, subject, picture in list(reading.readable_ids(room)):
        template = made.get(id_)
        if template is None:
            template = _embedded(embed, reading.reference(room, id_), dimension)
        changes.replace_template(room, opened[subject], id_, picture, pack, template)
    room.session.execute(update(MetaRow).values(pack=pack, dimension=dimension))


def _embedded(embed: Embed, reference: Reference, dimension: int) -> Floats:
    template: Floats = checked_templates(np.asarray(embed(reference))[None], dimension)[0]
    return template
