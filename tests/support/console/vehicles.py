"""Vehicles in a journal as a gate records them, for the list of vehicles, their stories and their PDF."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count

from agent.console.vehicles.follower import VehicleFollower
from agent.console.vehicles.index_file import IndexUnavailableError, read_state, reading
from agent.core.events import (
    AccessDecided,
    AccessGranted,
    BarrierMoved,
    BarrierPulsed,
    CheckRecord,
    Draft,
    DriverMessageRecord,
    PermitPresented,
    PermitRecord,
    PlateRecord,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
)
from agent.core.lane import transaction_id
from agent.core.model import DriverMessage, Outcome, Reason, Verdict
from drivers.text import Text
from tests.support.waiting import eventually

PERMIT = "9d11092d75f4bcd900000000000000aa"
PICTURES = ("ab" * 32, "cd" * 32)
EXPIRED = Text("until {expires_at}", expires_at=1_795_000_000)
_serials = count(1)


def vehicle(
    utc,
    plate="京B52K18",
    *,
    lane="out",
    verdict=Verdict.PASS,
    reason=Reason.OK,
    outcome=Outcome.PASSED,
    officer="",
    declared=None,
    vin="LSGJA52U1AH123456",
    pictures=PICTURES,
    detail="",
):
    """What one vehicle leaves in the journal; its transaction and the drafts. `outcome`: None while it is there."""
    transaction = transaction_id(utc, 1, next(_serials))
    permit = PermitRecord(
        permit=PERMIT,
        issuer="Trade window",
        key="adf2a709",
        declaration="940120260000000002",
        vin=vin,
        plate=declared or plate,
        expires_at=1_800_000_000,
    )
    checks = [
        CheckRecord(reason=Reason.SIGNATURE_INVALID, ok=True),
        CheckRecord(reason=Reason.WRONG_LANE, ok=True, detail=Text("lane mask {lane_mask}", lane_mask="0x0")),
    ]
    if reason is not Reason.OK:
        checks.append(CheckRecord(reason=reason, ok=False, detail=detail))
    match = PlateRecord(
        verdict="MATCH", declared=declared or plate, read=plate, score=8.107499704063903, frames=3, colour="blue"
    )
    seen = PermitPresented(length=282, digest="aa" * 8, engine="zxing", camera="front", picture=pictures[0])
    decided = AccessDecided(
        verdict=verdict, reason=reason, checks=tuple(checks), permit=permit, plate=match, pictures=pictures
    )
    events = [(0.0, VehiclePresent(seen_by="inputs", direction="export")), (0.6, seen), (0.7, seen), (2.0, decided)]
    grant = f"{transaction}-1"
    if officer:
        by_hand = AccessGranted(grant=grant, by="operator", operator=officer, cause="VIN compared")
        events.append((14.5, by_hand))
    elif verdict is Verdict.PASS:
        events.append((2.0, AccessGranted(grant=grant, by="permit", permit=PERMIT)))
    if officer or verdict is Verdict.PASS:
        events += [
            (15.0, BarrierPulsed(grant=grant, action="open", delivery="delivered")),
            (16.6, BarrierMoved(position="open")),
            (18.0, VehicleEntering()),
        ]
    if outcome is not None:
        told = (DriverMessageRecord(message=DriverMessage.SHOW_CODE, after_s=0.2),)
        closed = TransactionClosed(
            outcome=outcome, reason=reason, assumed=False, duration_s=24.3, permit=PERMIT, plate=plate or None,
            vin=vin, declaration="940120260000000002", pictures=pictures, driver_messages=told,
        )  # fmt: skip
        events.append((24.3, closed))
    return transaction, [Draft(event, lane, transaction, utc + after_s) for after_s, event in events]


def recorded(journal, utc, *args, **more):
    """A vehicle in the journal; its transaction."""
    transaction, drafts = vehicle(utc, *args, **more)
    journal.record(drafts)
    return transaction


def listed(folder, journal):
    """Whether the index has all of the journal, and owes no erasure."""
    try:
        with reading(folder) as index:
            state = read_state(index)
    except IndexUnavailableError:
        return False
    return state is not None and state.seq == journal.head and not state.owes


@contextmanager
def followed(journal, folder):
    """A follower at work; it has read the whole journal when the block begins."""
    follower = VehicleFollower(journal, folder)
    follower.start()
    try:
        eventually(lambda: listed(folder, journal), what="the index of vehicles")
        yield follower
    finally:
        assert follower.stop()
