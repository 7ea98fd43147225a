"""Plates are masked wherever an event can hold one, and nothing else is touched."""

import json
from typing import get_args

import pytest
from pydantic import BaseModel

from agent.core.contract import examples
from agent.core.events.event_types import (
    TYPES,
    AccessDecided,
    AccessGranted,
    CheckRecord,
    Draft,
    GateStopping,
    LedgerConflict,
    ListsRefused,
    PermitRecord,
    PlateRecord,
    TransactionClosed,
    VehicleVin,
    VinRecord,
    WitnessRecord,
)
from agent.core.events.plate_masking import FREE_TEXTS, PLATES, masked, masked_plate, masked_text
from agent.core.model import Outcome, VinSource
from agent.core.model.reasons import Reason, Verdict

BY_TYPE = {one.TYPE: one for one in TYPES}


def hidden(event):
    return masked(Draft(event, "lane", "t", 1.0)).event


@pytest.mark.parametrize(
    ("plate", "shown"),
    [("新B12345", "新B***45"), ("498VDZ08", "49****08"), ("AB12", "****"), ("A", "*"), ("", "")],
)
def test_a_masked_plate_keeps_its_length_and_its_ends(plate, shown):
    assert masked_plate(plate) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("let 新B12345 through", "let 新B***45 through"),
        ("新B·12345", "新B****45"),
        ("the car 498 vdz 08, its driver waits", "the car 49******08, its driver waits"),
        ("plate:498VDZ08!", "plate:49****08!"),
        ("粤ZA123港 and 临新A1234", "粤Z***3港 and 临新A**34"),
        ("A123BCD", "A1***CD"),
        ("让车牌新B12345通过，不是新B12346", "让车牌新B***45通过，不是新B***46"),  # noqa: RUF001
        ("permit 0102030405060708", "permit 0102030405060708"),
        ("score 5.10 from 3 frames", "score 5.10 from 3 frames"),
        ("used 1 of 1 times", "used 1 of 1 times"),
        ("reserved by 20261124083000010042", "reserved by 20261124083000010042"),
        ("VIN LSVAA2180E2123456", "VIN LSVAA2180E2123456"),
        ("", ""),
    ],
)
def test_in_a_text_whatever_stands_there_as_a_plate_is_masked_and_nothing_else(text, shown):
    assert masked_text(text) == shown


def test_a_plate_that_could_be_any_word_is_masked_where_the_event_is_about_it():
    assert masked_text("BARRIER is read, BAR-RIER too, not BARRIERS", ["BARRIER"]) == (
        "BA***ER is read, BA****ER too, not BARRIERS"
    )


def test_a_decision_is_masked_in_the_permit_in_the_match_and_in_every_check():
    permit = PermitRecord(permit="00", issuer="i", key="k", declaration="d", vin="v", plate="DIPLO01", expires_at=1)
    plate = PlateRecord(verdict="MATCH", declared="DIPLO01", read="DIPLO02", score=1.0, frames=1)
    checks = (
        CheckRecord(reason=Reason.PLATE_MISMATCH, ok=True, detail="read DIPLO02 for DIPLO01"),
        CheckRecord(reason=Reason.PLATE_OTHER_PERMIT, ok=False, detail="498VDZ08 explains it better"),
    )
    said = WitnessRecord(standing="contradicts", said="DIPLO03", witness="beside")
    event = AccessDecided(
        verdict=Verdict.PASS, reason=Reason.OK, checks=checks, permit=permit, plate=plate, witness=said
    )
    shown = hidden(event)
    assert not any(one in shown.model_dump_json() for one in ("DIPLO01", "DIPLO02", "498VDZ08"))
    assert (shown.witness.said, shown.witness.standing) == ("DI***03", "contradicts")
    assert (shown.permit.vin, shown.plate.score) == ("v", 1.0)
    assert shown.checks[1].detail == "49****08 explains it better"
    assert type(shown).model_validate_json(shown.model_dump_json()) == shown


def test_a_plate_among_the_facts_of_a_decision_is_masked_there_and_in_every_check():
    facts = AccessDecided.model_validate(json.loads(examples.event_example("access.decided"))["data"]).facts
    facts = facts.model_copy(update={"vote": facts.vote.model_copy(update={"read": "DIPLO01"})})
    checks = (CheckRecord(reason=Reason.PLATE_UNREADABLE, ok=True, detail="DIPLO01, as it seems"),)
    shown = hidden(AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=checks, facts=facts))
    assert shown.facts.vote.read == "DI***01"
    assert shown.checks[0].detail == "DI***01, as it seems"
    assert shown.facts.vote.frames == facts.vote.frames


def test_an_outcome_an_officers_words_and_an_error_in_a_list_are_masked():
    closed = TransactionClosed(
        outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, plate="498VDZ08"
    )
    assert hidden(closed).plate == "49****08"
    granted = AccessGranted(grant="t-1", by="operator", operator="officer 7", cause="新B12345 was checked by hand")
    assert hidden(granted).cause == "新B***45 was checked by hand"
    refused = ListsRefused(list="watch", code="content_invalid", detail="新B12345 is no plate", source="mqtt")
    assert hidden(refused).detail == "新B***45 is no plate"


VIN = "LSVAA49J132047371"


def test_a_vin_as_read_is_masked_and_that_of_a_permit_is_not():
    permit = PermitRecord(permit="00", issuer="i", key="k", declaration="d", vin=VIN, plate=None, expires_at=1)
    read = VinRecord(verdict="MATCH", read=VIN, source=VinSource.QR, score=99.0, frames=1)
    decided = hidden(AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=(), permit=permit, vin=read))
    assert (decided.permit.vin, decided.vin.read) == (VIN, "LS*************71")
    assert (decided.vin.source, decided.vin.score) == (VinSource.QR, 99.0)
    seen = hidden(VehicleVin(vin=VIN, source=VinSource.QR, camera="exit/front", match="other", frames=1))
    assert (seen.vin, seen.match, seen.camera) == ("LS*************71", "other", "exit/front")
    closed = TransactionClosed(
        outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0, vin=VIN, vin_read=VIN, plate_code="22"
    )
    assert (hidden(closed).vin, hidden(closed).vin_read, hidden(closed).plate_code) == (VIN, "LS*************71", "22")


def test_an_event_without_a_plate_stays_as_it_is():
    closed = TransactionClosed(outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0)
    for event in (GateStopping(cause="asked"), closed):
        draft = Draft(event, None, None, 1.0)
        assert masked(draft) == draft


# ------------------------------------------------------------------------------------------- every type there is


def texts(model):
    """The (model, field) pairs of a type, and of the models in it, that can hold a text of any content."""
    for name, field in model.model_fields.items():
        inner = [one for one in flat(field.annotation) if isinstance(one, type)]
        for one in inner:
            if issubclass(one, BaseModel):
                yield from texts(one)
        if str in inner:
            yield model, name, field.description


def flat(annotation):
    return [annotation, *(one for arg in get_args(annotation) for one in flat(arg))]


EVERYWHERE = sorted(
    {(model, name, words) for each in TYPES for model, name, words in texts(each)}, key=lambda one: str(one[:2])
)


OF_ITS_KIND = {(PermitRecord, "plate_code"), (TransactionClosed, "plate_code"), (PlateRecord, "country")}
"""They say what kind of plate it is, and not which."""


def test_every_field_that_says_it_holds_a_plate_is_known_as_one():
    # By their descriptions: a developer who adds another one must say here how it is masked.
    speaking = {(model, name) for model, name, words in EVERYWHERE if "plate" in words.lower()} - OF_ITS_KIND
    known = {(model, name) for model, names in PLATES.items() for name in names}
    assert known <= {(model, name) for model, name, _words in EVERYWHERE}
    assert speaking - known == set()


def test_every_text_in_words_is_looked_through():
    in_words = {name for _model, name, words in EVERYWHERE if "in words" in words.lower() or name == "cause"}
    assert in_words == FREE_TEXTS


@pytest.mark.parametrize("kind", sorted(BY_TYPE))
def test_no_event_type_lets_a_plate_through_in_any_of_its_words(kind):
    data = json.loads(examples.event_example(kind))["data"]
    event = BY_TYPE[kind].model_validate(with_plates(data))
    shown = hidden(event).model_dump_json()
    assert "新B12345" not in shown
    assert "12345" not in shown or "12345" in json.dumps(data)


def with_plates(value, name=""):
    match value:
        case dict():
            return {key: with_plates(one, key) for key, one in value.items()}
        case list():
            return [with_plates(one, name) for one in value]
        case str() if name in FREE_TEXTS:
            return f"{value} of 新B12345, they say"
        case str() if name in {"plate", "declared", "read"}:
            return "新B12345"
        case _:
            return value


WHOLE = {(PermitRecord, "vin"), (TransactionClosed, "vin"), (LedgerConflict, "vin")}
"""VINs of permits, by which central finds the declaration."""


def test_every_field_that_is_a_vin_as_read_is_known_as_one():
    named = {(model, name) for model, name, _words in EVERYWHERE if name.startswith("vin")}
    known = {(model, name) for model, names in PLATES.items() for name in names}
    assert named - known == WHOLE
    assert (VinRecord, "read") in known
