"""Events are written with the message that their words were made of, and told from it in the reader's language."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import json

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised, CheckRecord, Draft
from agent.core.events.plate_masking import masked
from agent.core.model.reasons import Reason
from agent.i18n import Language, translate
from agent.i18n.recorded import DEEPEST, recorded_detail
from drivers.text import Text, ngettext, pgettext

WHY = Text("{url!r} names no host", url="a")
TOLD = Text("{message}; got {value}", message=WHY, value=5)


def written(detail):
    return json.loads(AlarmRaised(alarm=Alarm.PART_FAILED, detail=detail).model_dump_json())


def test_an_event_is_written_with_the_message_of_its_words():
    assert written(TOLD) == {
        "alarm": "part_failed",
        "detail": "'a' names no host; got 5",
        "message": {
            "id": "{message}; got {value}",
            "args": {"message": {"id": "{url!r} names no host", "args": {"url": "a"}}, "value": 5},
        },
    }


@pytest.mark.parametrize("words", ["", "plain", pgettext("action", "open"), ngettext("{n} one", "{n} ones", 2, n=2)])
def test_what_has_no_message_of_its_own_is_written_as_ever(words):
    assert set(written(words)) == {"alarm", "detail"}


def test_an_event_is_the_same_with_and_without_its_message_and_comes_back_as_it_was_written():
    event = AlarmRaised(alarm=Alarm.PART_FAILED, detail=TOLD)
    assert event == AlarmRaised(alarm=Alarm.PART_FAILED, detail=str.__str__(TOLD))
    again = AlarmRaised.model_validate_json(event.model_dump_json())
    assert again.model_dump_json() == event.model_dump_json()
    assert json.loads(CheckRecord(reason=Reason.OK, ok=True).model_dump_json()) == {
        "reason": "OK",
        "ok": True,
        "detail": "",
    }


def test_a_record_is_told_in_the_readers_language():
    told = recorded_detail(written(TOLD))
    assert translate(told, Language.RU) == "в 'a' не назван узел; а стоит 5"
    assert translate(told, Language.EN) == TOLD


def test_a_record_of_an_earlier_agent_is_told_as_it_is():
    assert type(recorded_detail({"detail": "'a' names no host"})) is str
    assert recorded_detail({}) == ""


def nested(depth):
    return {"id": "{a}", "args": {"a": nested(depth - 1) if depth else "x"}}


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        [],
        {},
        {"id": "names no host"},
        {"id": "names no host", "args": {}},
        {"id": "{url!r} names no host", "args": {}},
        {"id": "{url!r} names no host", "args": {"url": "another"}},
        {"id": "{url.__class__} {url!r} names no host", "args": {"url": "a"}},
        {"id": "{a:>99999999}", "args": {"a": "x"}},
        {"id": "{a.__class__}", "args": {"a": "x"}},
        {"id": "{", "args": {}},
        {"id": 7, "args": {"a": "x"}},
        {"id": "{a}", "args": {"a": {"id": "nonsense", "args": {}}}},
        nested(DEEPEST + 1),
    ],
)
def test_a_message_that_is_none_or_says_something_else_is_not_believed(message):
    record = {"detail": "'a' names no host", "message": message}
    assert type(recorded_detail(record)) is str
    assert recorded_detail(record) == "'a' names no host"


def test_plates_are_masked_in_the_message_too():
    event = AlarmRaised(alarm=Alarm.PART_FAILED, detail=Text("{url!r} names no host", url="京A12345"))
    told = json.loads(masked(Draft(event, "out", "t", 1.8e9)).event.model_dump_json())
    assert (told["detail"], told["message"]["args"]) == ("'京A***45' names no host", {"url": "京A***45"})


def test_a_plate_that_stands_across_the_values_is_masked_and_the_message_left_out():
    event = AlarmRaised(alarm=Alarm.PART_FAILED, detail=Text("{province}{rest}", province="京A", rest="12345"))
    told = json.loads(masked(Draft(event, "out", "t", 1.8e9)).event.model_dump_json())
    assert "message" not in told
    assert told["detail"] == "京A***45"
