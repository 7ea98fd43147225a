"""One event in one line, in every language, and how good or bad it is."""

from __future__ import annotations

import pytest

from agent.core.contract.schemas import EVENTS
from agent.i18n import Language
from agent.i18n.event_text import TYPES, event_meaning, event_summary, event_title
from agent.i18n.event_tone import TERMINAL_STYLES, event_tone


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
            "refused: The time of the permit is over. A new permit is needed.",
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
            "relay: lost; it is tried again and again",
            "bad",
        ),
        ("device.changed", {"device": "camera", "state": "dark"}, "en", "camera: its picture is too dark", "poor"),
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
