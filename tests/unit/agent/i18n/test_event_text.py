"""One event in one line, in every language, and how good or bad it is."""

from __future__ import annotations

import json
import string

import pytest

from agent.core.contract.schemas import EVENTS
from agent.core.events import OwnCause
from agent.i18n import Language, translate
from agent.i18n.event_text import TYPES, event_meaning, event_summary, event_title, value_text
from agent.i18n.event_tone import TERMINAL_STYLES, event_tone
from tools import texts


def test_every_type_of_the_contract_has_a_title_and_no_other():
    assert set(TYPES) == set(EVENTS)
    assert event_title("event.of_tomorrow", Language.RU) == "event.of_tomorrow"


@pytest.mark.parametrize(
    ("kind", "data", "language", "summary", "tone"),
    [
        (
            "access.decided",
            {"verdict": "DENY", "reason": "EXPIRED"},
            "en",
            "refused: The permit has expired. A new permit is needed.",
            "poor",
        ),
        ("access.decided", {"verdict": "PASS", "reason": "OF_TOMORROW"}, "en", "may pass: OF_TOMORROW", "good"),
        ("access.decided", {"verdict": "NO", "reason": "OF_TOMORROW"}, "en", "NO: OF_TOMORROW", ""),
        ("alarm.raised", {"alarm": "tailgating"}, "ru", "Следом проехала вторая машина.", "bad"),
        ("transaction.closed", {"outcome": "passed"}, "kk", "Көлік өтті.", "good"),
        (
            "device.changed",
            {"device": "relay", "state": "lost"},
            "en",
            "relay: disconnected, reconnecting",
            "bad",
        ),
        ("device.changed", {"device": "camera", "state": "dark"}, "en", "camera: picture too dark", "poor"),
        ("barrier.pulsed", {"action": "open", "delivery": "unknown"}, "en", "open, delivery unknown", "bad"),
        ("console.acted", {"person": "mei", "act": "lane.ordered", "done": False}, "en", "mei, lane.ordered", "poor"),
        ("lists.applied", {"list": "revocations", "version": 3}, "en", "revocations, 3", ""),
        ("configuration.refused", {"detail": "gate.toml:3: no"}, "zh", "gate.toml:3: no", "bad"),
        ("event.of_tomorrow", {"state": ["odd"]}, "en", "", ""),
        ("device.changed", {"state": ["odd"]}, "en", ": ['odd']", ""),
    ],
)
def test_an_event_is_said_in_one_line_and_has_its_tone(kind, data, language, summary, tone):
    assert event_summary(kind, data, Language(language)) == summary
    assert event_tone(kind, data) == tone
    assert tone in TERMINAL_STYLES


@pytest.mark.parametrize("code", ["A_REASON_OF_TOMORROW", None, 5, ["EXPIRED"], {}])
def test_a_code_that_is_not_known_has_no_meaning(code):
    assert event_meaning("access.decided", {"verdict": code, "reason": code}, Language.EN) == ""


@pytest.mark.parametrize("cause", OwnCause)
def test_a_cause_that_the_gate_gave_itself_is_told_in_the_language_of_the_reader(cause):
    names = [name for _, name, *_ in string.Formatter().parse(cause.value.pattern) if name]
    text = cause.value.filled(**dict.fromkeys(names, "op1"))
    recorded = json.loads(json.dumps({"cause": text}))
    for language in texts.OTHERS:
        told = value_text("cause", recorded, language)
        assert told == translate(text, language) != recorded["cause"]


def test_what_the_gate_says_of_the_causes_of_others_is_told_with_theirs():
    data = {"held": True, "operator": "hold contact", "cause": "still on after op1: seen"}
    assert event_summary("barrier.held", data, Language.RU).endswith(
        "контакт удержания, удерживается и после «op1: seen»"
    )
    data = {"held": True, "operator": "op1", "cause": "still on after hold contact: contact off"}
    assert event_summary("barrier.held", data, Language.RU).endswith(
        "op1, удерживается и после «контакт удержания: контакт разомкнут»"
    )


def test_what_an_officer_wrote_stays_as_it_is():
    data = {"order": "locked", "operator": "op1", "cause": "a new configuration of cones"}
    assert event_summary("lane.ordered", data, Language.ZH).endswith("op1, a new configuration of cones")
