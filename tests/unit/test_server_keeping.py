"""What is kept of sightings, under whose key, and of whom nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from report_samples import sighting
from secondlook.errors import GalleryLocked, UnknownSubject
from secondlook.report.record import record_of
from secondlook.server import clock
from secondlook.server.acts.keeping import Kept, Seen, keep_sightings, move_sightings, opened_crop, opened_record
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service, Why
from secondlook.types import Outcome
from service_samples import picture, reference, service_in

ORIGIN = "search:" + "0" * 32


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with service_in(tmp_path, people=2) as made:
        made.gallery.enrol("Bo Li", [reference(99)], made.gallery.pack)
        yield made


def seen(outcome: Outcome, subject: str | None, track: int = 1) -> Seen:
    return Seen(record_of(sighting(outcome, 0.95, subject, track=track)), picture(track))


def by_reference(one: Seen, id_: int) -> Seen:
    """The same with another id of the candidate's reference."""
    decision = one.record.decision
    first = replace(decision.candidates[0], reference=id_)
    return replace(one, record=replace(one.record, decision=replace(decision, candidates=(first,))))


def keep(service: Service, *sightings: Seen) -> Kept:
    with service.database.writing() as session:
        why = Why("lost child", "C-1")
        return keep_sightings(service, session, ORIGIN, sightings, searched_by=None, why=why, seen_at=clock.now())


def rows(service: Service) -> list[SightingRow]:
    with service.database.reading() as session:
        return list(session.scalars(select(SightingRow).order_by(SightingRow.number)))


def test_only_who_is_enrolled_and_named_is_kept(service: Service) -> None:
    kept = keep(
        service,
        seen(Outcome.CANDIDATE, "Person 1", 1),
        seen(Outcome.INCONCLUSIVE, "Person 2", 2),
        seen(Outcome.INCONCLUSIVE, None, 3),
        seen(Outcome.NO_CANDIDATE, "Person 1", 4),
        seen(Outcome.NOT_SEARCHABLE, None, 5),
        by_reference(seen(Outcome.CANDIDATE, "Nobody Enrolled", 6), 999),
    )
    assert (kept.candidate, kept.inconclusive, kept.no_candidate, kept.not_searchable) == (2, 2, 1, 1)
    assert kept.seen == 6
    assert {row.id for row in rows(service)} == set(kept.ids) and len(kept.ids) == 2
    assert {row.subject_id for row in rows(service)} == {service.gallery.subject_id(f"Person {n}") for n in (1, 2)}
    assert {row.review for row in rows(service)} == {"unreviewed"}
    assert all(row.why.startswith("Unreviewed") and row.purpose == "lost child" for row in rows(service))


def test_twice_is_once(service: Service) -> None:
    one = seen(Outcome.CANDIDATE, "Person 1")
    first, again, doubled = keep(service, one), keep(service, one), keep(service, one, one)
    assert first.ids == again.ids == doubled.ids and len(rows(service)) == 1


def test_the_record_opens_with_the_subjects_key_alone(service: Service) -> None:
    one = seen(Outcome.CANDIDATE, "Person 1")
    keep(service, one)
    (row,) = rows(service)
    assert opened_record(service.gallery, row) == one.record
    assert opened_crop(service.gallery, row) == one.crop
    service.gallery.rename("Person 1", "Ann Dee")
    assert opened_record(service.gallery, row).subject == "Ann Dee"
    service.gallery.remove("Ann Dee")
    for opened in (opened_record, opened_crop):
        with pytest.raises((UnknownSubject, GalleryLocked)):
            opened(service.gallery, row)


def test_a_rival_who_is_erased_is_in_nobodys_record(service: Service) -> None:
    keep(service, seen(Outcome.CANDIDATE, "Person 1"))
    (row,) = rows(service)
    plain = service.gallery.unseal(row.sealed_record, f"sighting {row.id} record", row.subject_id)
    assert b"Bo Li" not in plain
    assert [c.subject for c in opened_record(service.gallery, row).candidates] == ["Person 1", "Bo Li"]
    service.gallery.remove("Bo Li")
    assert [c.subject for c in opened_record(service.gallery, row).candidates] == ["Person 1"]


def test_who_was_renamed_between_search_and_keeping_is_found_by_the_reference(service: Service) -> None:
    gallery = service.gallery
    (held,) = gallery.references("Person 1")
    gallery.rename("Person 1", "Ann Dee")
    kept = keep(service, by_reference(seen(Outcome.CANDIDATE, "Person 1"), held.id))
    assert len(kept.ids) == 1 and rows(service)[0].subject_id == gallery.subject_id("Ann Dee")


def test_merging_takes_the_sightings_along(service: Service) -> None:
    gallery = service.gallery
    keep(service, seen(Outcome.CANDIDATE, "Person 1"))
    from_, into = gallery.subject_id("Person 1"), gallery.subject_id("Person 2")
    with service.database.writing() as session:
        assert move_sightings(service, session, from_, into) == 1
    with service.database.writing() as session:
        assert move_sightings(service, session, from_, into) == 0
    gallery.merge("Person 2", "Person 1")
    (row,) = rows(service)
    assert row.subject_id == into and row.version == 2
    assert opened_record(gallery, row).subject == "Person 2" and opened_crop(gallery, row) == picture(1)
