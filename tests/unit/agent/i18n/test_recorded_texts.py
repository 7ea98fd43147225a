"""Events are written with the message that their words were made of, and told from it in the reader's language."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import json

import pytest

from agent.core.events.event_types import Alarm, AlarmRaised, CheckRecord, Draft
from agent.core.events.plate_masking import masked
from agent.core.model.reasons import Reason
from agent.i18n import Language, recorded, translate
from agent.i18n.recorded import DEEPEST, MOST_LEFT_OUT, recorded_detail, recorded_text
from drivers.text import Text, ngettext, pgettext

WHY = Text("{url!r} has no host name", url="a")
TOLD = Text("{message}; got {value}", message=WHY, value=5)


def written(detail):
    return json.loads(AlarmRaised(alarm=Alarm.PART_FAILED, detail=detail).model_dump_json())


def test_an_event_is_written_with_the_message_of_its_words():
    assert written(TOLD) == {
        "alarm": "part_failed",
        "detail": "'a' has no host name; got 5",
        "message": {
            "id": "{message}; got {value}",
            "args": {"message": {"id": "{url!r} has no host name", "args": {"url": "a"}}, "value": 5},
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
    assert type(recorded_detail({"detail": "'a' has no host name"})) is str
    assert recorded_detail({}) == ""


def test_a_record_in_former_words_is_told_in_the_readers_language_and_in_english_as_it_was():
    message = {"id": "{url!r} names no host", "args": {"url": "a"}}
    told = recorded_detail({"detail": "'a' names no host", "message": message})
    assert translate(told, Language.RU) == "в 'a' не назван узел"
    assert translate(told, Language.EN) == "'a' names no host"


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
        {"id": "{url!r} has no host name", "args": {}},
        {"id": "{url!r} has no host name", "args": {"url": "another"}},
        {"id": "{url.__class__} {url!r} has no host name", "args": {"url": "a"}},
        {"id": "{a:>99999999}", "args": {"a": "x"}},
        {"id": "{a.__class__}", "args": {"a": "x"}},
        {"id": "{", "args": {}},
        {"id": 7, "args": {"a": "x"}},
        {"id": "{a}", "args": {"a": {"id": "nonsense", "args": {}}}},
        {
            "id": "expected more than {key}, {limit:g}; got {value:g}",
            "args": {"key": "a", "limit": 10**400, "value": 1},
        },
        nested(DEEPEST + 1),
    ],
)
def test_a_message_that_is_none_or_says_something_else_is_not_believed(message):
    record = {"detail": "'a' has no host name", "message": message}
    assert type(recorded_detail(record)) is str
    assert recorded_detail(record) == "'a' has no host name"


TWICE = "{key} is a secret, which every user of this computer would see: write {key}=- to be asked"


def grown(pattern, name, leaf, depth=4):
    """A message that says much more than its bytes: each level repeats the one in it."""
    return {"id": pattern, "args": {name: grown(pattern, name, leaf, depth - 1) if depth else leaf}}


@pytest.mark.parametrize(
    "message",
    [grown("{a}" * 8, "a", "x" * 8), grown(TWICE, "key", "mqtt.password"), grown("{a!r}", "a", "\\" * MOST_LEFT_OUT)],
    ids=["the same value again and again", "a message of ours in itself", "signs that are spelt longer each time"],
)
def test_a_message_of_few_bytes_cannot_fill_the_memory(message, monkeypatch):
    made = [0]

    def noted(pattern, /, **values):
        text = Text(pattern, **values)
        made.append(len(text))
        return text

    monkeypatch.setattr(recorded, "Text", noted)
    assert recorded_text("no picture", message) == "no picture"
    assert max(made) < 5 * MOST_LEFT_OUT


def test_plates_are_masked_in_the_message_too():
    event = AlarmRaised(alarm=Alarm.PART_FAILED, detail=Text("{url!r} has no host name", url="京A12345"))
    told = json.loads(masked(Draft(event, "out", "t", 1.8e9)).event.model_dump_json())
    assert (told["detail"], told["message"]["args"]) == ("'京A***45' has no host name", {"url": "京A***45"})


def test_a_plate_that_stands_across_the_values_is_masked_and_the_message_left_out():
    event = AlarmRaised(alarm=Alarm.PART_FAILED, detail=Text("{province}{rest}", province="京A", rest="12345"))
    told = json.loads(masked(Draft(event, "out", "t", 1.8e9)).event.model_dump_json())
    assert "message" not in told
    assert told["detail"] == "京A***45"
