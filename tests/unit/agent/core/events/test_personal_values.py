"""Personal values beside events: hidden, proven, put back, and never to be guessed."""

import hashlib
import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from agent.core.contract.examples import event_example
from agent.core.contract.schemas import EVENTS
from agent.core.events import (
    PERSONAL,
    ClockReading,
    DisclosureInvalidError,
    Draft,
    Writer,
    beginning,
    digest_in,
    digest_of_disclosure,
    digest_of_value,
    digests_in,
    hidden_data,
    opened_event,
    opened_values,
    read_disclosure,
    seal,
    subject_of,
    verify,
)
from agent.core.events.event_types import AccessGranted, AlarmRaised, ConsoleActed, DriverText, DriverTold
from drivers.text import Text
from tests.support.store.journals import GATE, STREAM, UTC
from tests.support.store.personal import declaration, found_in, plate, values, vehicle


def salt():
    return os.urandom(16)


def sealed(event, hide=True):
    writer = Writer(GATE, STREAM, "b", (lambda one: hidden_data(one, salt)) if hide else None)
    return seal(Draft(event, "1", "t1", UTC), writer, beginning(STREAM), ClockReading(UTC, True, 3), bytes(10))


def opened(event, erased=None):
    said = json.loads(event.payload)
    return opened_event(said, opened_values(said, [one.text for one in event.disclosures]), erased)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_opened_with_its_disclosures_is_the_event_as_it_would_have_been(kind):
    event = EVENTS[kind].model_validate(json.loads(event_example(kind))["data"])
    hidden = sealed(event)
    assert opened(hidden)["data"] == json.loads(sealed(event, hide=False).payload)["data"]
    assert digests_in(hidden.payload) == [one.digest for one in hidden.disclosures]
    assert (b'"sdalg":"sha-256"' in hidden.payload) is bool(hidden.disclosures)
    assert all(subject_of(read_disclosure(one.text).pointer) is one.subject for one in hidden.disclosures)


def test_no_value_of_a_vehicle_or_a_person_is_left_in_the_bytes_that_are_chained():
    for draft in vehicle(4711):
        hidden = sealed(draft.event)
        assert found_in(hidden.payload, [*values(4711), declaration(4711)]) == []
        assert found_in(b"".join(one.text.encode() for one in hidden.disclosures), [plate(4711)])


def test_a_disclosure_is_that_of_sd_jwt_with_a_place_for_a_name():
    (one,) = sealed(AlarmRaised(alarm="blocked", detail="新B7C386 stands there")).disclosures
    said = json.loads(urlsafe_b64decode(one.text + "=" * (-len(one.text) % 4)))
    assert (len(said[0]), said[1:]) == (22, ["/detail", "新B7C386 stands there"])
    digest = urlsafe_b64encode(hashlib.sha256(one.text.encode("ascii")).digest()).rstrip(b"=").decode()
    assert one.digest == digest == digest_of_disclosure(one.text)


def test_the_same_value_never_has_the_same_digest_twice():
    draft = vehicle(1)[0]
    digests = [one.digest for _ in range(3) for one in sealed(draft.event).disclosures]
    assert len(set(digests)) == len(digests)


def test_words_are_hidden_where_they_name_a_plate_a_vin_or_what_the_event_names_elsewhere():
    def hides(detail):
        return bool(sealed(AlarmRaised(alarm="blocked", detail=detail)).disclosures)

    assert hides("read 京A12345 twice")
    assert hides("the label says 1M8GDM9AXKP042788")
    assert not hides("loop B is on for 35 s")
    assert not hides("declaration 12345678901234567 of 17 digits")
    decided = vehicle(7)[0].event
    places = [read_disclosure(one.text).pointer for one in sealed(decided).disclosures]
    assert [place for place in places if place.startswith("/checks")] == ["/checks/0/detail", "/checks/1/detail"]


def test_the_values_of_a_message_are_hidden_with_the_detail_that_they_make():
    event = ConsoleActed(
        person="aigul",
        role="admin",
        address="10.0.0.7",
        act="user.added",
        detail=Text("{name}: role {role}", name="marat", role=Text("technician")),
    )
    hidden = sealed(event)
    assert b"marat" not in hidden.payload
    assert b"{name}: role {role}" in hidden.payload
    assert opened(hidden)["data"] == json.loads(event.model_dump_json())


def test_a_text_that_looks_like_a_digest_is_hidden_too_so_that_nobody_takes_it_for_one():
    faked = f"sd:{'A' * 43}"
    told = DriverTold(texts=(DriverText(language="en", text=faked),), seconds=1, operator="7", cause="x")
    alarm = AlarmRaised(alarm="blocked", detail=faked)
    for event in (told, alarm):
        hidden = sealed(event)
        assert faked.encode() not in hidden.payload
        assert opened(hidden)["data"] == json.loads(event.model_dump_json())


def test_what_was_erased_is_said_to_be_and_the_rest_stands_in_its_place():
    hidden = sealed(AccessGranted(grant="g", by="operator", operator="officer 0417", cause="a convoy"))
    said = json.loads(hidden.payload)
    kept = opened_values(said, [hidden.disclosures[0].text])
    assert opened_event(said, kept, "(erased)")["data"] | {"grant": ""} == {
        "grant": "",
        "by": "operator",
        "permit": None,
        "operator": "officer 0417",
        "cause": "(erased)",
        "cause_code": None,
    }
    assert digest_in(opened_event(said, kept)["data"]["cause"]) == hidden.disclosures[1].digest


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "base64url"),
        ("!", "base64url"),
        ("A", "base64url"),
        ("Ä", "base64url"),
        (urlsafe_b64encode(b'["s","/operator","x"]').decode() + "\x00", "base64url"),
        (urlsafe_b64encode(b"[1,2]").decode(), "base64url"),
        (urlsafe_b64encode(b'["s","/operator",7]').decode(), "base64url"),
        (urlsafe_b64encode(b'["s","/operator","x"]').decode().rstrip("="), "no value of the event has its digest"),
    ],
)
def test_what_is_no_disclosure_of_the_event_is_refused(text, why):
    hidden = sealed(AccessGranted(grant="g", by="operator", operator="officer 0417", cause="a convoy"))
    with pytest.raises(DisclosureInvalidError, match=why):
        opened_values(json.loads(hidden.payload), [text])


def test_a_disclosure_that_names_another_place_is_refused():
    hidden = sealed(AccessGranted(grant="g", by="operator", operator="officer 0417", cause="a convoy"))
    moved = json.loads(hidden.payload)
    moved["data"]["operator"], moved["data"]["cause"] = moved["data"]["cause"], moved["data"]["operator"]
    with pytest.raises(DisclosureInvalidError, match="another place"):
        opened_values(moved, [hidden.disclosures[0].text])


def test_a_chain_of_hidden_events_verifies_without_one_disclosure():
    hidden = sealed(vehicle(1)[0].event)
    assert verify([hidden.payload], anchor=beginning(STREAM)).flaw is None


def test_the_normal_form_of_a_value_is_its_letters_and_digits_in_capitals():
    forms = ("京A·12345", "京a 12345", "京A-123.45", "京\uff2112345")
    assert len({digest_of_value(one) for one in forms}) == 1
    assert digest_of_value("AB12") == hashlib.sha256(b"AB12").hexdigest()


def test_every_field_that_is_said_to_be_personal_is_a_field_of_its_model():
    for model, fields in PERSONAL.items():
        assert issubclass(model, BaseModel)
        assert fields.keys() <= model.model_fields.keys(), model


def fields(model, before=""):
    """The personal fields of a model and of all in it, as docs/privacy.md writes them."""
    for name, field in model.model_fields.items():
        if name in PERSONAL.get(model, {}):
            yield f"{before}{name}"
        many = "[]" if "tuple" in str(field.annotation) else ""
        for inner in models(field.annotation):
            yield from fields(inner, f"{before}{name}{many}.")


def models(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def test_the_page_on_privacy_names_every_personal_field():
    page = (Path(__file__).parents[5] / "docs" / "privacy.md").read_text("utf-8")
    table = page.partition("<!-- personal fields -->")[2].partition("<!-- end of personal fields -->")[0]
    rows = dict(re.findall(r"^\| `(\S+)` \| (.*) \|$", table, re.MULTILINE))
    said = {kind: re.findall(r"`([^`]+)`", cells) for kind, cells in rows.items()}
    assert said == {kind: found for kind, model in EVENTS.items() if (found := list(dict.fromkeys(fields(model))))}
