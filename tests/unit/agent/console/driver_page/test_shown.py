"""What a driver page shows of a lane: pure, by tables."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf

import pytest

from agent.console.driver_page.message_tone import TONES, Tone
from agent.console.driver_page.shown import NOT_READ_S, in_order, shown
from agent.console.driver_page.stream import as_json
from agent.console.live.arm_position import STILL_S
from agent.core.lane import message_for
from agent.core.lane.state import InputState, LaneLockout, LaneState
from agent.core.model import DriverMessage, Reason, Signals
from agent.i18n import Language
from agent.i18n.driver_texts import sentence
from agent.lane.dry_run import DryRunCounts
from agent.lane.lane_view import LaneView
from agent.settings import Timing

AT = 100.0
VIEW = LaneView("idle", None, "red", "idle", AT, LaneLockout(), InputState(Signals(AT)), True, "", "")
TIMING = Timing(read_s=30, enter_s=15)
ZH, KK, EN, RU = Language.ZH, Language.KK, Language.EN, Language.RU


def now(view, at=AT):
    return shown(view, TIMING, (EN, ZH, KK), at)


def test_before_the_first_round_of_the_lane_and_after_its_last_the_driver_waits():
    assert now(None).message is DriverMessage.WAIT
    going = replace(VIEW, state="open", message="open", plate="京A12345", waits_until=AT + 9)
    assert now(going).message is DriverMessage.DRIVE_ON
    still = now(going, AT + STILL_S + 0.1)
    assert (still.message, still.plate, still.left_s) == (DriverMessage.WAIT, "", None)


@pytest.mark.parametrize("word", [*LaneState, *Reason])
def test_every_word_of_a_lane_is_shown_as_its_message(word):
    assert now(replace(VIEW, message=word)).message is message_for(word)


def test_in_a_dry_run_the_driver_is_asked_to_wait_whatever_the_lane_would_say():
    told = now(replace(VIEW, state="open", message="open", plate="京A12345", dry_run=DryRunCounts()))
    assert (told.message, told.plate, told.left_s) == (DriverMessage.WAIT, "", None)


def test_a_lane_that_has_said_nothing_yet_starts():
    assert now(replace(VIEW, message="")).message is DriverMessage.STARTING


@pytest.mark.parametrize("message", DriverMessage)
def test_every_message_has_a_tone_and_a_sentence_in_every_language(message):
    assert message in TONES
    assert all(sentence(message, language) for language in Language)


def test_a_text_of_central_is_shown_in_place_of_what_the_lane_says():
    told = now(replace(VIEW, state="manual", message="manual", texts=(("en", "To bay 4"), ("zh", "请到4号位"))))
    assert told.message is DriverMessage.FROM_CENTRAL
    assert told.text == {EN: "To bay 4", ZH: "请到4号位"}
    assert json.loads(as_json(told, "v1", AT))["text"] == {"en": "To bay 4", "zh": "请到4号位"}
    assert now(replace(VIEW, state="manual", message="manual")).text == {}


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        now(replace(VIEW, message="nonsense"))


@pytest.mark.parametrize("message", DriverMessage)
def test_only_what_lets_a_vehicle_move_is_shown_as_go(message):
    moves = {"barrier_opens", "drive_on", "keep_driving", "barrier_stays_open"}
    assert (TONES[message] is Tone.GO) == (message in moves)


@pytest.mark.parametrize(
    ("message", "waited_s", "left_s", "how"),
    [
        ("present", 0.0, 30.0, False),
        ("present", NOT_READ_S - 0.5, 20.5, False),
        ("present", NOT_READ_S + 0.5, 19.5, True),
        (Reason.QR_UNSTABLE, 1.0, 29.0, True),
        ("present", 31.0, 0.0, True),
    ],
)
def test_a_code_that_is_not_read_is_shown_how_to_be_held(message, waited_s, left_s, how):
    view = replace(VIEW, state="present", message=message, waits_until=AT + 30.0, progress_at=AT + waited_s)
    told = now(view, AT + waited_s)
    assert told.left_s == pytest.approx(left_s)
    assert told.of_s == 30.0
    assert told.shows_how is how


def test_an_open_arm_counts_down_to_the_end_of_the_time_to_enter():
    told = now(replace(VIEW, state="open", message="open", waits_until=AT + 12))
    assert (told.left_s, told.of_s, told.shows_how) == (12.0, 15.0, False)
    assert now(replace(VIEW, message="passing", waits_until=inf)).left_s is None


@pytest.mark.parametrize(
    ("plate", "order"),
    [
        ("", [EN, ZH, KK]),
        ("京A12345", [ZH, EN, KK]),
        ("123ABC02", [KK, RU, EN]),
        ("粤ZAB12港", [ZH, EN, KK]),
        ("AB1234", [EN, ZH, KK]),
        ("?", [EN, ZH, KK]),
    ],
)
def test_the_languages_of_the_plates_country_come_before_those_of_the_lane(plate, order):
    assert list(in_order((EN, ZH, KK), plate)) == order
    assert list(now(replace(VIEW, plate=plate)).languages) == order


def test_a_message_on_its_way_says_when_it_was_made_and_nothing_of_a_permit():
    view = replace(VIEW, transaction="t-1", message="present", plate="京A12345", waits_until=AT + 20.004)
    told = json.loads(as_json(now(view), "v1", AT))
    assert told == {
        "message": "show_code",
        "plate": "京A12345",
        "languages": ["zh", "en", "kk"],
        "text": {},
        "left_s": 20.0,
        "of_s": 30.0,
        "how": False,
        "at_ms": 100_000,
        "page": "v1",
    }
