"""Plates are masked in every event that holds one, and nothing else is touched."""

import pytest

from agent.core.decision import Reason, Verdict
from agent.core.events import (
    AccessDecided,
    Draft,
    GateStopping,
    Outcome,
    PermitRecord,
    PlateRecord,
    TransactionClosed,
)
from agent.core.privacy import masked, masked_plate


@pytest.mark.parametrize(
    ("plate", "shown"),
    [("新B12345", "新B***45"), ("498VDZ08", "49****08"), ("AB12", "****"), ("A", "*"), ("", "")],
)
def test_a_masked_plate_keeps_its_length_and_its_ends(plate, shown):
    assert masked_plate(plate) == shown


def test_a_decision_is_masked_in_the_permit_and_in_the_match():
    permit = PermitRecord(permit="00", issuer="i", key="k", declaration="d", vin="v", plate="新B12345", expires_at=1)
    plate = PlateRecord(verdict="MATCH", declared="新B12345", read="新B12346", score=1.0, frames=1)
    event = AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=(), permit=permit, plate=plate)
    hidden = masked(Draft(event, "lane", "t", 1.0)).event
    assert "12345" not in hidden.model_dump_json()
    assert "12346" not in hidden.model_dump_json()
    assert hidden.permit.vin == "v"
    assert hidden.plate.score == 1.0


def test_an_outcome_is_masked_and_other_events_stay_as_they_are():
    closed = TransactionClosed(
        outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, plate="498VDZ08"
    )
    assert masked(Draft(closed, "l", "t", 1.0)).event.plate == "49****08"
    for event in (GateStopping(cause="asked"), closed.model_copy(update={"plate": None})):
        draft = Draft(event, None, None, 1.0)
        assert masked(draft) == draft
