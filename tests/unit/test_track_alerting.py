"""Who is told of whom while somebody is in view: once, and never left uncorrected."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secondlook.track.alerting import Alert, Alerts, Because, LiveSighting, Stage, Withdrawal
from secondlook.types import Candidate, Decision, Grounds, Outcome, Quality, Sighting

QUALITY = Quality(40, 1, 0, 0, 0, 0.5, 0.2, 0, 1, 0.5)


def seen(subject: str | None, track: int = 1, outcome: Outcome = Outcome.NO_CANDIDATE) -> Sighting:
    found = () if subject is None else (Candidate(subject, 1, 0.9, 1),)
    decision = Decision(Outcome.CANDIDATE if subject else outcome, Grounds("It came out so."), found)
    return Sighting("camera", 0, 0.0, (0, 0, 9, 9), track, 0.0, 1.0, 2, 0.9, QUALITY, decision, "pack@1")


def said(given: list[LiveSighting]) -> list[tuple[Stage, Alert, Withdrawal | None]]:
    return [(one.stage, one.alert, one.withdraws) for one in given]


def test_an_early_candidate_is_borne_out() -> None:
    alerts = Alerts()
    assert alerts.may_be_early(7) and alerts.early(7, 1, [seen(None)]) is None and alerts.may_be_early(7)
    early = alerts.early(7, 1, [seen("Ann", 7)])
    assert early is not None and said([early]) == [(Stage.EARLY, Alert.RAISED, None)]
    assert (early.followed, early.piece, early.sighting.subject) == (7, 1, "Ann")
    assert not alerts.may_be_early(7) and alerts.may_be_early(8)
    assert said(alerts.closed(7, 1, [seen("Ann", 7)], Stage.FINAL)) == [(Stage.FINAL, Alert.STANDS, None)]
    assert alerts.may_be_early(7), "nothing is remembered of who has gone"


def test_who_was_never_early_is_raised_in_the_end() -> None:
    assert said(Alerts().closed(1, 1, [seen("Ann")], Stage.FINAL)) == [(Stage.FINAL, Alert.RAISED, None)]
    assert said(Alerts().closed(1, 1, [seen(None)], Stage.FINAL)) == [(Stage.FINAL, Alert.NONE, None)]
    assert Alerts().closed(1, 1, [], Stage.FINAL) == [], "seen once and weakly"


def test_what_is_taken_back_is_said_with_its_reason() -> None:
    for parts, alert, because in (
        ([seen(None)], Alert.NONE, Because.NOBODY),
        ([seen(None, outcome=Outcome.INCONCLUSIVE)], Alert.NONE, Because.DOUBTFUL),
        ([seen("Bob")], Alert.RAISED, Because.ANOTHER),
        ([seen(None), seen(None, 2)], Alert.NONE, Because.TWO_PEOPLE),
    ):
        alerts = Alerts()
        alerts.early(1, 1, [seen("Ann")])
        first, *rest = alerts.closed(1, 1, parts, Stage.FINAL)
        assert (first.alert, first.withdraws) == (alert, Withdrawal("Ann", because))
        assert all(one.withdraws is None for one in rest), "taken back once"


def test_of_two_people_one_may_be_the_candidate() -> None:
    alerts = Alerts()
    alerts.early(1, 1, [seen("Ann")])
    given = alerts.closed(1, 1, [seen("Bob", 1), seen("Ann", 9)], Stage.FINAL)
    assert said(given) == [(Stage.FINAL, Alert.RAISED, None), (Stage.FINAL, Alert.STANDS, None)]
    assert [one.followed for one in given] == [1, 1] and [one.sighting.track for one in given] == [1, 9]


def test_somebody_who_stays_is_told_of_once() -> None:
    alerts = Alerts()
    alerts.early(1, 1, [seen("Ann")])
    alerts_given = [alerts.closed(1, piece, [seen("Ann")], Stage.PIECE)[0].alert for piece in range(1, 5)]
    assert alerts_given == [Alert.STANDS] * 4 and not alerts.may_be_early(1)
    (turned_away,) = alerts.closed(1, 5, [seen(None)], Stage.PIECE)
    assert turned_away.withdraws is None, "that a later piece shows nothing takes nothing back"
    (other,) = alerts.closed(1, 6, [seen("Bob")], Stage.FINAL)
    assert other.alert is Alert.RAISED and other.withdraws is None


def test_a_piece_that_named_somebody_leaves_nothing_to_be_told_early() -> None:
    alerts = Alerts()
    alerts.closed(1, 1, [seen("Ann")], Stage.PIECE)
    assert alerts.early(1, 2, [seen("Ann")]) is None and not alerts.may_be_early(1)


names = st.sampled_from([None, None, "Ann", "Bob"])
pieces = st.lists(st.tuples(st.lists(names, max_size=4), st.lists(names, min_size=1, max_size=2)), max_size=5)


@given(pieces)
def test_what_is_believed_in_the_end_is_what_was_decided(told: list[tuple[list[str | None], list[str | None]]]) -> None:
    """Whoever follows the alerts alone knows, after each piece, of everybody who was decided on in it, and of nobody who
    was only named early in it."""
    alerts, believed, early = Alerts(), set[str](), 0
    for number, (looks, parts) in enumerate(told, 1):
        before, named = set(believed), set[str]()
        for look in looks:
            one = alerts.early(1, number, [seen(look)]) if alerts.may_be_early(1) else None
            if one is not None and one.sighting.subject is not None:
                early += 1
                assert one.sighting.subject not in believed, "nobody is told of the same candidate twice"
                believed.add(one.sighting.subject)
                named.add(one.sighting.subject)
        stage = Stage.FINAL if number == len(told) else Stage.PIECE
        for one in alerts.closed(1, number, [seen(part) for part in parts], stage):
            if one.withdraws is not None:
                believed.remove(one.withdraws.subject)
            if one.alert is not Alert.NONE:
                assert one.sighting.subject is not None
                assert (one.alert is Alert.STANDS) == (one.sighting.subject in believed)
                believed.add(one.sighting.subject)
        decided = {part for part in parts if part is not None}
        assert decided <= believed <= before | decided
    assert early <= 1
    assert not told or alerts.may_be_early(1)
