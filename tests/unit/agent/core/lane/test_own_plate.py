"""Which of the plates that were read is the vehicle's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.decision.decision import Decision
from agent.core.lane.own_plate import is_own, own_readings, plate_code_of
from agent.core.lane.state import Transaction
from agent.core.model.observations import Reading
from agent.core.model.reasons import Reason, Verdict
from agent.core.plates.vote import PlateVote
from tests.support.lane.yard import MATCH

BARE = Decision(Verdict.PASS, Reason.OK, ())


def read(text: str, frame: int, track: int = 0, camera: str = "cam", kind: str = "cn") -> Reading:
    return Reading(text, (), kind, 0.9, camera, frame, float(frame), track=track)


def transaction(*readings: Reading, decision: Decision | None = None, plates: tuple[Reading, ...] = ()) -> Transaction:
    return Transaction("t", 0.0, arrived=True, readings=readings, decision=decision, plates=plates)


def texts(one: Transaction) -> list[str]:
    return [reading.text for reading in own_readings(one)]


def voted(text: str, *readings: Reading, kind: str = "cn") -> Decision:
    return replace(BARE, voted=PlateVote(text, (), 0.9, len(readings), 0, kind, readings))


def matched(read: str, kind: str, vote: Decision = BARE) -> Decision:
    return replace(vote, match=replace(MATCH, read=read, kind=kind))


def test_nothing_was_read() -> None:
    assert own_readings(transaction()) == ()


def test_readings_of_the_track_of_the_plate_it_was_decided_by_are_its_own_whatever_they_say() -> None:
    one = transaction(
        read("京A12345", 1, 1), read("沪B00001", 1, 2), read("京A1234S", 2, 1), decision=replace(BARE, match=MATCH)
    )
    assert texts(one) == ["京A12345", "京A1234S"]


def test_a_track_is_one_of_one_camera() -> None:
    one = transaction(
        read("京A12345", 1, 1), read("沪B00001", 1, 1, camera="rear"), decision=replace(BARE, match=MATCH)
    )
    assert texts(one) == ["京A12345"]


def test_readings_without_a_track_are_its_own_by_their_text_only() -> None:
    one = transaction(read("京A12345", 1), read("沪B00001", 1), decision=replace(BARE, match=MATCH))
    assert texts(one) == ["京A12345"]


def test_what_was_voted_on_is_its_own_though_no_frame_read_what_was_voted_for() -> None:
    group = (read("京A1234S", 1), read("京AI2345", 2, 4))
    one = transaction(*group, read("沪B00001", 2, 5), read("京A1Z345", 3, 4), decision=voted("京A12345", *group))
    assert texts(one) == ["京A1234S", "京AI2345", "京A1Z345"]


def test_what_was_read_on_its_way_is_its_own() -> None:
    one = transaction(read("京A12345", 1, 1), plates=(read("京A1234S", 2, 1),))
    assert texts(one) == ["京A12345", "京A1234S"]


@pytest.mark.parametrize(
    ("one", "reading", "own"),
    [
        (transaction(), read("沪B00001", 9), True),
        (transaction(plates=(read("京A12345", 1, 1),)), read("沪B00001", 9, 2), False),
        (transaction(plates=(read("京A12345", 1, 1),)), read("京A1234S", 9, 1), True),
        (transaction(plates=(read("京A12345", 1),)), read("京A12345", 9, 3), True),
        (transaction(plates=(read("京A12345", 1),)), read("沪B00001", 9), False),
        (transaction(read("京A12345", 1, 1)), read("京A12345", 9, 3, camera="rear"), True),
        (transaction(read("京A12345", 1, 1)), read("沪B00001", 9, 1, camera="rear"), False),
        (transaction(decision=replace(BARE, match=MATCH)), read("沪B00001", 9, 2), False),
        (transaction(decision=replace(BARE, match=MATCH)), read("京A12345", 9, 2), True),
        (transaction(decision=voted("京A12345", read("京A1234S", 1, 4))), read("京A1Z345", 9, 4), True),
    ],
)
def test_a_plate_on_the_way_is_its_own_where_it_is_known_for_it_or_none_was_known(
    one: Transaction, reading: Reading, own: bool
) -> None:
    assert is_own(one, reading) is own


BLUE, YELLOW, GREEN = "civil_blue", "civil_yellow", "new_energy_small"


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (transaction(read("京A12345", 1, kind=YELLOW)), "01"),
        (transaction(read("京A12345", 1, kind=YELLOW), read("京A12345", 2, kind=BLUE)), "02"),
        (transaction(read("京A12345", 1, kind=YELLOW), decision=matched("京A12345", BLUE)), "02"),
        (
            transaction(
                read("京A12345", 1, kind=YELLOW), decision=matched("京A12345", BLUE, voted("京A12345", kind=GREEN))
            ),
            "02",
        ),
        (
            transaction(
                read("京A12345", 1, kind=YELLOW), decision=matched("京A12345", "", voted("京A12345", kind=GREEN))
            ),
            "52",
        ),
        (
            transaction(
                read("沪B00001", 1, kind=YELLOW), decision=matched("沪B00001", "", voted("京A12345", kind=GREEN))
            ),
            "01",
        ),
        (transaction(read("京A12345", 1, kind=YELLOW), decision=voted("京A12345", kind=GREEN)), "52"),
        (transaction(read("沪B00001", 1, kind=YELLOW), decision=matched("京A12345", "")), ""),
        (transaction(read("沪B00001", 2, kind=YELLOW), decision=matched("", BLUE)), "01"),
    ],
)
def test_the_kind_of_its_plate_is_as_matched_else_as_voted_else_as_read_last(one: Transaction, code: str) -> None:
    assert plate_code_of(one) == code
