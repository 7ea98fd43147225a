"""The events that a lane makes of decisions, and what of a transaction they name: whole values, none a default."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.decision.decision import Decision
from agent.core.events import DriverMessageRecord, FactsRecord
from agent.core.events.event_types import (
    AccessDecided,
    CheckRecord,
    DataRecord,
    PermitRecord,
    PlateRecord,
    WitnessRecord,
)
from agent.core.lane.event_drafts import (
    decision_event,
    driver_message_records,
    evidence_pictures,
    permit_of,
    with_message,
)
from agent.core.lane.own_plate import plate_of
from agent.core.lane.state import Transaction
from agent.core.lists.freshness import DataStanding, DataState
from agent.core.model import DriverMessage
from agent.core.model.list_kinds import ListKind
from agent.core.model.observations import Reading
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.model.trace_context import TraceContext
from agent.core.permit.claims import PermitForm
from agent.core.plates.match import MatchVerdict, PlateMatch
from agent.core.plates.vote import PlateVote
from agent.core.plates.witness_plate_match import WitnessedMatch, WitnessStanding
from tests.support.lane.yard import MATCH, PERMIT

VERSIONS = {ListKind.DECLARATIONS: 11, ListKind.REVOCATIONS: 12, ListKind.WATCH: 13}
UNREAD = replace(MATCH, read="")
STANDING = DataStanding(DataState.STALE_OK, 1799.6, VERSIONS, 5)
DECISION = Decision(
    Verdict.DENY,
    Reason.PLATE_MISMATCH,
    (Check(Reason.EXPIRED, ok=True, detail="until noon"), Check(Reason.PLATE_MISMATCH, ok=False, detail="another")),
    replace(PERMIT, plate=None, form=PermitForm.JWS),
    PlateMatch(
        MatchVerdict.MISMATCH,
        "京A12345",
        "沪B00001",
        -7.5,
        4,
        rival=True,
        kind="trailer",
        colour="yellow",
        country="CN",
        country_share=0.98765,
    ),
    STANDING,
)
BARE = Decision(Verdict.DENY, Reason.EXPIRED, ())
TOLD = AccessDecided(
    verdict=Verdict.DENY,
    reason=Reason.PLATE_MISMATCH,
    checks=(
        CheckRecord(reason=Reason.EXPIRED, ok=True, detail="until noon"),
        CheckRecord(reason=Reason.PLATE_MISMATCH, ok=False, detail="another"),
    ),
    permit=PermitRecord(
        permit="000102030405060708090a0b0c0d0e0f",
        issuer="customs",
        key="6b31",
        declaration="000000000000000007",
        vin="LSVAA4182E2123456",
        plate=None,
        expires_at=2_000_000_000,
        form="jws",
        plate_code="41",
    ),
    plate=PlateRecord(
        verdict="MISMATCH",
        declared="京A12345",
        read="沪B00001",
        score=-7.5,
        frames=4,
        rival=True,
        kind="trailer",
        colour="yellow",
        code="15",
        country="CN",
        country_probability=0.988,
    ),
    pictures=("p1", "p2"),
    data=DataRecord(state=DataState.STALE_OK, age_s=1800, trust=5, declarations=11, revocations=12, watch=13),
)


def transaction(**fields: Any) -> Transaction:
    return Transaction("t", 0.0, arrived=True, **fields)


def readings(*pictures: str | None) -> tuple[Reading, ...]:
    return tuple(
        Reading(f"京A0000{number}", (), "cn", 0.9, "cam", number, float(number), picture=picture)
        for number, picture in enumerate(pictures)
    )


@pytest.mark.parametrize(
    ("decision", "pictures", "event"),
    [
        pytest.param(DECISION, ("p1", "p2"), TOLD, id="all that it knows"),
        pytest.param(
            replace(BARE, witnessed=WitnessedMatch(MATCH, MATCH, WitnessStanding.CONTRADICTS, "沪B00001", "beside")),
            (),
            AccessDecided(
                verdict=Verdict.DENY,
                reason=Reason.EXPIRED,
                checks=(),
                witness=WitnessRecord(standing="contradicts", said="沪B00001", witness="beside"),
            ),
            id="what a witness said",
        ),
        pytest.param(
            replace(BARE, witnessed=WitnessedMatch(MATCH, MATCH, WitnessStanding.SILENT)),
            (),
            AccessDecided(verdict=Verdict.DENY, reason=Reason.EXPIRED, checks=()),
            id="witnesses that said nothing",
        ),
        pytest.param(BARE, (), AccessDecided(verdict=Verdict.DENY, reason=Reason.EXPIRED, checks=()), id="nothing"),
        pytest.param(
            replace(BARE, data=DataStanding(DataState.TOO_OLD, None, {}, 0)),
            (),
            AccessDecided(
                verdict=Verdict.DENY,
                reason=Reason.EXPIRED,
                checks=(),
                data=DataRecord(state=DataState.TOO_OLD, age_s=None, trust=0),
            ),
            id="lists that never came",
        ),
    ],
)
def test_the_event_of_a_decision_says(decision: Decision, pictures: tuple[str, ...], event: AccessDecided) -> None:
    assert decision_event(decision, pictures).model_dump() == event.model_dump()


@pytest.mark.parametrize(
    ("plate_kind", "code"), [pytest.param("trailer", "15", id="of a kind"), pytest.param(None, "", id="of no kind")]
)
def test_the_event_of_a_permit_with_a_plate_has_the_code_of_its_kind(plate_kind: str | None, code: str) -> None:
    permit = replace(PERMIT, plate="京A12345", plate_kind=plate_kind)
    told = decision_event(replace(BARE, permit=permit), ()).permit
    assert told is not None
    assert (told.plate, told.plate_code, told.traceparent) == ("京A12345", code, None)


def test_the_event_of_a_permit_has_the_trace_in_which_it_was_decided() -> None:
    trace = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", flags=1)
    told = decision_event(replace(BARE, permit=PERMIT, trace=trace), ()).permit
    assert told is not None
    assert told.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_message_that_the_driver_has_already_is_not_told_again() -> None:
    once = with_message(transaction(), DriverMessage.CHECKING, 1.0)
    assert with_message(once, DriverMessage.CHECKING, 2.0) is once
    assert with_message(once, DriverMessage.DRIVE_ON, 2.0).told == (
        (DriverMessage.CHECKING, 1.0),
        (DriverMessage.DRIVE_ON, 2.0),
    )


def test_the_event_of_a_decision_has_the_facts_that_it_was_made_on() -> None:
    facts = FactsRecord.model_construct()
    assert decision_event(replace(BARE, facts=facts), ()).facts is facts


def test_when_a_driver_was_told_counts_from_the_beginning_to_the_millisecond() -> None:
    one = replace(transaction(told=((DriverMessage.SHOW_CODE, 101.23456),)), began_at=100.0)
    assert driver_message_records(one) == (DriverMessageRecord(message=DriverMessage.SHOW_CODE, after_s=1.235),)


@pytest.mark.parametrize(
    ("named", "read", "pictures"),
    [
        ((), (), ()),
        (("q1",), (None, None), ("q1",)),
        ((), ("p1", None, "p2"), ("p2", "p1")),
        (("p3",), ("p1", "p2", "p3", "p3", "p4"), ("p3", "p4", "p2")),
        (("q2", "q1"), ("p1", "p2", "p3", "p4"), ("q2", "q1", "p4", "p3", "p2")),
    ],
)
def test_the_pictures_of_a_transaction_are_those_named_then_the_newest_three_of_what_was_read(
    named: tuple[str, ...], read: tuple[str | None, ...], pictures: tuple[str, ...]
) -> None:
    assert evidence_pictures(transaction(pictures=named, readings=readings(*read))) == pictures


OWN, BEHIND = "京A12345", "沪B00001"


def frames(*plates: tuple[tuple[str, int], ...], camera: str = "cam", at: float = 0.0) -> tuple[Reading, ...]:
    """The readings of several frames, each of the plates in it with their tracks, the main one first."""
    return tuple(
        Reading(
            text,
            (),
            "cn",
            0.9,
            camera,
            number,
            at + number,
            picture=f"{camera} {number} {place}",
            track=track,
        )
        for number, frame in enumerate(plates)
        for place, (text, track) in enumerate(frame)
    )


BESIDE = frames(((OWN, 1), (BEHIND, 2)), ((OWN, 1), (BEHIND, 2)))
VOTED = replace(BARE, voted=PlateVote(OWN, (), 0.9, 1, 1, "cn", ()))


@pytest.mark.parametrize(
    ("fields", "plate"),
    [
        pytest.param({"readings": BESIDE}, OWN, id="the main one of the newest frame"),
        pytest.param({"readings": BESIDE, "decision": BARE}, OWN, id="where the decision knows of none"),
        pytest.param(
            {"readings": frames(((OWN, 1), (BEHIND, 2)), ((BEHIND, 2), (OWN, 1)))}, BEHIND, id="by the newest only"
        ),
        pytest.param(
            {"readings": frames(((BEHIND, 2), (OWN, 1))), "decision": VOTED}, OWN, id="the voted one before that"
        ),
        pytest.param(
            {"readings": BESIDE, "decision": replace(VOTED, match=replace(MATCH, read=BEHIND))},
            BEHIND,
            id="the matched one before all",
        ),
        pytest.param(
            {"readings": BESIDE, "decision": replace(VOTED, match=UNREAD)}, OWN, id="the voted one where none matched"
        ),
        pytest.param(
            {"readings": (*frames(((OWN, 1), (BEHIND, 2)), at=0.5), *frames(((BEHIND, 1),), camera="rear"))},
            OWN,
            id="the newest frame is not the one that came last",
        ),
    ],
)
def test_of_two_plates_in_a_frame_a_transaction_names_the_vehicles_own(fields: dict[str, Any], plate: str) -> None:
    assert plate_of(transaction(**fields)) == plate


@pytest.mark.parametrize(
    ("fields", "pictures"),
    [
        pytest.param({"readings": BESIDE}, ("cam 1 0", "cam 0 0", "cam 1 1"), id="its own before others"),
        pytest.param(
            {"readings": frames(*[((BEHIND, 2), (OWN, 1))] * 4), "decision": VOTED},
            ("cam 3 1", "cam 2 1", "cam 1 1"),
            id="of what was voted for",
        ),
        pytest.param(
            {"readings": frames(((OWN, 1), (BEHIND, 2)), (("京A1234S", 1), (BEHIND, 2)), ((OWN, 1), (BEHIND, 2)))},
            ("cam 2 0", "cam 1 0", "cam 0 0"),
            id="misread ones of its track too",
        ),
        pytest.param(
            {
                "readings": BESIDE,
                "pictures": ("code",),
                "decision": replace(BARE, match=replace(MATCH, read=BEHIND)),
            },
            ("code", "cam 1 1", "cam 0 1", "cam 1 0"),
            id="those of codes before all",
        ),
        pytest.param(
            {"readings": frames(((OWN, 0), (BEHIND, 0)), ((BEHIND, 0), ("京A1234S", 0))), "decision": VOTED},
            ("cam 0 0", "cam 1 0", "cam 1 1"),
            id="by the text alone where no track is known",
        ),
    ],
)
def test_the_pictures_of_a_transaction_are_of_the_vehicles_own_plate_first(
    fields: dict[str, Any], pictures: tuple[str, ...]
) -> None:
    assert evidence_pictures(transaction(**fields)) == pictures


def test_the_pictures_that_were_read_once_more_are_named_before_those_of_the_newest_plates() -> None:
    decision = replace(BARE, pictures=("frame", "cam 0 0"))
    found = evidence_pictures(transaction(readings=BESIDE, decision=decision, pictures=("code", "frame")))
    assert found == ("code", "frame", "cam 0 0", "cam 1 0", "cam 1 1")


def test_a_picture_of_what_was_read_on_the_way_is_no_evidence_of_the_decision() -> None:
    late = frames(((OWN, 1),), camera="late", at=9.0)
    assert evidence_pictures(transaction(readings=BESIDE, plates=late)) == ("cam 1 0", "cam 0 0", "cam 1 1")


@pytest.mark.parametrize(
    ("fields", "permit", "plate"),
    [
        ({}, None, None),
        ({"readings": readings(None, None)}, None, "京A00001"),
        ({"decision": BARE}, None, None),
        ({"decision": BARE, "readings": readings(None)}, None, "京A00000"),
        ({"decision": replace(BARE, permit=PERMIT), "readings": readings(None)}, PERMIT.permit_id.hex(), "京A00000"),
        ({"decision": replace(BARE, match=MATCH), "readings": readings(None)}, None, "京A12345"),
        ({"decision": replace(BARE, match=MATCH)}, None, "京A12345"),
        ({"decision": replace(BARE, match=UNREAD), "readings": readings(None)}, None, "京A00000"),
        ({"decision": replace(BARE, match=UNREAD)}, None, None),
    ],
)
def test_a_transaction_has_the_permit_that_was_verified_and_the_plate_that_was_voted_for_or_read_last_of_all(
    fields: dict[str, Any], permit: str | None, plate: str | None
) -> None:
    one = transaction(**fields)
    assert (permit_of(one), plate_of(one)) == (permit, plate)
