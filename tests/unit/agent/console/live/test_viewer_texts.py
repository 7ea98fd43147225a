"""What is told of lanes, cameras and vehicles: by tables, in every language."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from math import inf

import pytest
from fastapi import FastAPI, Request

from agent.console.labels import lane as labels
from agent.console.live.camera_updates import camera_news
from agent.console.live.lane_updates import TONES, barrier_news, devices_news, inputs_news, lane_news
from agent.console.live.vehicle_texts import vehicle_words
from agent.console.live.vehicles import KEPT, LOOK_EVERY_S, Vehicle, Vehicles
from agent.console.live.viewer_texts import Words
from agent.console.page import Pages
from agent.core.decision.permit_choice import SET_ASIDE
from agent.core.events.event_types import (
    AccessCompared,
    AccessDecided,
    Alarm,
    AlarmRaised,
    CheckRecord,
    Draft,
    DriverMessageRecord,
    PermitPresented,
    PlateRecord,
    TransactionClosed,
    VehiclePresent,
)
from agent.core.lane.state import InputState, LaneLockout, LaneState
from agent.core.model import DriverMessage, Outcome
from agent.core.model.camera_view import View
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import SIGNAL_NAMES, Signals
from agent.devices.port_supervisor import PortState
from agent.devices.scanner import ScannerState
from agent.i18n import Language, translate
from agent.i18n.checks import CHECKS
from agent.i18n.driver_texts import sentence
from agent.i18n.event_tone import DEVICE_TONES
from agent.lane.dry_run import DryRunCounts
from agent.lane.lane_view import LaneView
from agent.settings.model.lane import BarrierWiring, Lane, SignalWiring
from agent.vision.detection_overlay import CodeMark, PlateMark
from agent.vision.mapping import CameraStatus
from agent.vision.preview import LivePicture
from agent.vision.worker.protocol import CameraPhase, Heartbeat
from drivers.text import Text
from tests.support.store.journals import UTC, open_journal

AT = 100.0
VIEW = LaneView("idle", None, "red", "idle", AT, LaneLockout(), InputState(Signals(AT)), True, "", "")
LANE = Lane(number=1, direction="export", relay={"kind": "simulated"}, signals={"presence": 1, "safety": 2})
CORNERS = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2))
PICTURE = LivePicture(1, AT, b"\xff\xd8\xff", 1920, 1080)
UP = CameraStatus("exit-1/front", PortState.UP, CameraPhase.STREAMING, width_px=1920, height_px=1080)
BEAT = Heartbeat(at=AT, brightness=120.0, sharpness=0.9, glare=0.01, noise=2.0)


def words(language="en"):
    app = FastAPI()
    app.state.pages = Pages([])
    headers = [(b"cookie", f"gate-language={language}".encode())]
    return Words(Request({"type": "http", "path": "/", "scheme": "http", "headers": headers, "app": app}))


def wired(**signals):
    return LANE.model_copy(update={"signals": SignalWiring(**signals)})


# ------------------------------------------------------------------------------------------------------------- a lane


@pytest.mark.parametrize("language", Language)
def test_every_state_signal_and_device_has_its_words_in_every_language(language):
    said = words(language)
    states = [lane_news(replace(VIEW, state=state.value), LANE, said, AT)["state"] for state in LaneState]
    assert len(set(states)) == len(LaneState)
    everything = wired(**{name: number for number, name in enumerate(SIGNAL_NAMES, 1)})
    signals = inputs_news(VIEW, everything, said, AT)["signals"]
    assert len({one["name"] for one in signals}) == len(SIGNAL_NAMES)
    known = {*PortState, *ScannerState, "streaming", "overloaded", *(view for view in View if view is not View.CLEAR)}
    devices = devices_news({f"out/{state}": str(state) for state in known}, "out", said)
    assert all(one["state"] for one in devices)
    assert len(devices) == len(known)


@pytest.mark.parametrize("language", Language)
def test_a_lane_says_what_its_driver_is_told_in_the_viewers_language(language):
    told = {word: lane_news(replace(VIEW, message=word), LANE, words(language), AT) for word in (*LaneState, *Reason)}
    assert told["idle"]["message"] == sentence(DriverMessage.WELCOME, language)
    assert told["PLATE_MISMATCH"]["message"] == sentence(DriverMessage.WAIT_FOR_OFFICER, language)
    assert lane_news(replace(VIEW, message=""), LANE, words(language), AT)["message"] == ""


@pytest.mark.parametrize(("language", "said"), [("en", "Window 3"), ("ru", "Вам к окну 3"), ("zh", "Window 3")])
def test_a_lane_quotes_what_central_says_to_its_driver(language, said):
    view = replace(VIEW, message="manual", texts=(("en", "Window 3"), ("ru", "Вам к окну 3")))
    assert lane_news(view, LANE, words(language), AT)["message"] == said


def test_every_state_of_a_lane_has_a_colour_and_the_good_ones_of_devices_are_green():
    assert set(TONES) == set(LaneState)
    assert {state for state, tone in DEVICE_TONES.items() if tone == "good"} == {"up", "streaming"}


def test_a_lane_says_what_stands_and_who_ordered_it():
    view = replace(VIEW, lockout=LaneLockout(locked_by="anna", out_of_service_by="boris"), held_by="the fire alarm")
    notes = lane_news(view, LANE, words(), AT)["notes"]
    assert notes == ["Locked by anna", "Taken out of service by boris", "Held open by the fire alarm"]


@pytest.mark.parametrize("language", Language)
def test_a_lane_in_dry_run_says_so_before_all_else_and_how_it_agrees_with_what_happens(language):
    view = replace(VIEW, state="open", message="open", lamp="green", dry_run=DryRunCounts(8, 2, 1))
    told = lane_news(view, LANE, words(language), AT)
    assert (told["message"], told["lamp"], told["tone"]) == ("", "", "off")
    assert all(count in told["notes"][1] for count in "821")
    if language is Language.EN:
        assert told["state"] == "Dry run: Open: the vehicle can pass"
        assert told["notes"][0] == "DRY RUN: nothing moves, and the driver gets no messages"


@pytest.mark.parametrize(("view", "at"), [(None, AT), (VIEW, AT + 2.1)])
def test_a_lane_that_stands_still_is_not_shown_as_it_was(view, at):
    told = lane_news(view, LANE, words(), at)
    assert (told["state"], told["tone"]) == ("The lane does not answer", "bad")


@pytest.mark.parametrize(
    ("signals", "watch", "position"),
    [
        ({"opened": 3, "closed": 4}, {"opened": True, "closed": False}, "open"),
        ({"opened": 3, "closed": 4}, {"opened": False, "closed": True}, "closed"),
        ({"opened": 3, "closed": 4}, {"opened": False, "closed": False}, "between"),
        ({"opened": 3, "closed": 4}, {"opened": True, "closed": True}, "unknown"),
        ({"opened": 3, "closed": 4}, {"opened": None, "closed": False}, "unknown"),
        ({"closed": 4}, {"closed": False}, "between"),
        ({"closed": 4}, {"closed": None}, "unknown"),
        ({"opened": 3}, {"opened": True}, "open"),
        ({"presence": 1}, {}, "assumed_closed"),
    ],
)
def test_the_arm_is_where_its_contacts_say(signals, watch, position):
    told = barrier_news(replace(VIEW, input_state=InputState(Signals(AT, **watch))), wired(**signals), words(), AT)
    assert told["position"] == position
    assert told["arm"] == labels.ARMS[position]


@pytest.mark.parametrize(("view", "at"), [(None, AT), (VIEW, AT + 2.1), (replace(VIEW, input_state=InputState()), AT)])
@pytest.mark.parametrize("signals", [{"opened": 3}, {"closed": 4}, {"opened": 3, "closed": 4}])
def test_an_arm_of_which_nothing_new_is_heard_is_unknown(view, at, signals):
    known = (
        None if view is None else replace(view, input_state=InputState(replace(view.input_state.signals, closed=True)))
    )
    told = barrier_news(known, wired(**signals), words(), at)
    assert (told["position"], told["tone"]) == ("unknown", "bad")


def test_nothing_is_assumed_of_an_arm_that_the_other_direction_uses():
    told = barrier_news(replace(VIEW, state="out_of_service", arm_in_use=True), LANE, words(), AT)
    assert told["position"] == "not_wired"


@pytest.mark.parametrize("state", LaneState)
def test_an_arm_without_limit_switches_is_assumed_or_unknown_and_never_green(state):
    told = barrier_news(replace(VIEW, state=state.value), LANE, words(), AT)
    assert told["arm"] == labels.ARMS[told["position"]]
    assert told["arm"].startswith(("assumed ", "unknown: "))
    assert told["tone"] == "off"


@pytest.mark.parametrize(
    ("channels", "lamp", "relay_up", "lamp_lit", "said"),
    [
        ({}, "red", True, "", "none"),
        ({"red_channel": 3, "green_channel": 4}, "red", True, "red", "red"),
        ({"red_channel": 3, "green_channel": 4}, "green", True, "green", "green"),
        ({"green_channel": 4}, "red", True, "", "off"),
        ({"red_channel": 3}, "green", True, "", "off"),
        ({"red_channel": 3}, "", True, "", "off"),
        ({"red_channel": 3, "green_channel": 4}, "red", False, "", "unknown"),
    ],
)
def test_the_lamp_that_is_shown_is_one_that_is_wired_and_lit(channels, lamp, relay_up, lamp_lit, said):
    lane = LANE.model_copy(update={"barrier": BarrierWiring(**channels)})
    told = lane_news(replace(VIEW, lamp=lamp, relay_up=relay_up), lane, words(), AT)
    assert (told["lamp"], told["lamp_text"]) == (lamp_lit, labels.LAMPS[said])


@pytest.mark.parametrize(
    ("sampled_at", "state", "age", "tone"),
    [
        (AT, "on", "Read just now", "good"),
        (AT - 0.31, "unknown", "Last read 0 s ago", "bad"),
        (AT - 12, "unknown", "Last read 12 s ago", "bad"),
        (-inf, "unknown", "Not read yet", "bad"),
    ],
)
def test_inputs_are_worth_what_their_age_says(sampled_at, state, age, tone):
    view = replace(VIEW, input_state=InputState(Signals(sampled_at, presence=True)))
    told = inputs_news(view, wired(presence=1), words(), AT)
    assert (told["signals"][0]["state"], told["age"], told["tone"]) == (state, age, tone)


# ----------------------------------------------------------------------------------------------------------- a camera


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("phase", CameraPhase)
def test_every_phase_of_a_camera_has_its_words_and_colour(phase, language):
    state = {"streaming": PortState.UP, "connecting": PortState.CONNECTING}.get(phase.value, PortState.LOST)
    told = camera_news(replace(UP, state=state, phase=phase), None, None, words(language), AT)
    assert told["state"]
    assert told["tone"] == {PortState.UP: "good", PortState.CONNECTING: "busy"}.get(state, "bad")
    assert not told["fresh"]


@pytest.mark.parametrize("view", [view for view in View if view is not View.CLEAR])
def test_a_camera_that_sees_badly_says_what_to_do(view):
    told = camera_news(replace(UP, view=view), PICTURE, BEAT, words(), AT)
    assert told["tone"] == "poor"
    assert len(told["advice"].split(". ")) == 2


def test_a_camera_that_the_computer_cannot_keep_up_with_says_what_to_do():
    told = camera_news(replace(UP, overloaded=True), PICTURE, BEAT, words(), AT)
    assert (told["tone"], told["advice"]) == (
        "poor",
        "Pictures are lost or late. Use smaller pictures, or fewer cameras on this computer.",
    )


@pytest.mark.parametrize(
    ("module_px", "character_px", "tones"),
    [
        (3.2, 20.0, ["good", "good"]),
        (2.4, 14.0, ["poor", "poor"]),
        (1.5, 9.0, ["bad", "bad"]),
        (0.0, 0.0, ["off", "off"]),
    ],
)
def test_codes_and_plates_are_marked_by_their_size(module_px, character_px, tones):
    marked = replace(
        PICTURE,
        codes=(CodeMark(CORNERS, module_px),),
        plates=(PlateMark(CORNERS, "京A12345", 0.994, character_px),),
    )
    told = camera_news(UP, marked, None, words("ru"), AT)
    assert [mark["tone"] for mark in told["marks"]] == tones
    assert told["marks"][1]["label"].startswith("京A12345 99 %")
    if module_px:
        assert told["marks"][0]["label"] == f"код {module_px:.1f} пикс.".replace(".", ",", 1)
        assert [one["key"] for one in told["figures"]] == ["module_px", "character_px"]


def test_figures_are_of_the_picture_where_it_was_measured_and_else_of_the_last_beat():
    measured = replace(PICTURE, brightness=10.0, sharpness=0.2, glare=0.5, noise=40.0)
    for picture, tone in ((measured, "bad"), (PICTURE, "good")):
        figures = camera_news(UP, picture, BEAT, words(), AT)["figures"]
        assert {one["key"]: one["tone"] for one in figures} == dict.fromkeys(
            ("sharpness", "glare", "noise", "brightness"), tone
        )
        assert all(bool(one["advice"]) is (tone == "bad") for one in figures)


def test_marks_of_an_old_picture_are_not_shown():
    marked = replace(PICTURE, codes=(CodeMark(CORNERS, 3.0),))
    told = camera_news(UP, marked, None, words(), AT + 2.1)
    assert (told["fresh"], told["marks"]) == (False, [])


def test_a_picture_of_a_camera_whose_frames_come_late_is_fresh_while_it_is_the_newest():
    late = replace(PICTURE, at=AT - 4.0, behind_s=4.0)
    assert [camera_news(UP, late, None, words(), at)["fresh"] for at in (AT, AT + 2.1)] == [True, False]


# -------------------------------------------------------------------------------------------------------- last vehicles


def checks(*reasons, failed=None):
    made = [CheckRecord(reason=reason, ok=True) for reason in reasons]
    return (*made, CheckRecord(reason=failed, ok=False)) if failed else tuple(made)


STORY = (
    VehiclePresent(seen_by="inputs"),
    PermitPresented(length=9, digest="0" * 16, engine="zxing", camera="front", picture="a" * 64),
    AccessDecided(
        verdict=Verdict.DENY,
        reason=Reason.PLATE_MISMATCH,
        checks=checks(Reason.SIGNATURE_INVALID, failed=Reason.PLATE_MISMATCH),
        plate=PlateRecord(verdict="MISMATCH", declared="京A12345", read="京A12346", score=-9.0, frames=3),
        pictures=("a" * 64, "b" * 64),
    ),
    AlarmRaised(alarm=Alarm.TAILGATING),
    TransactionClosed(
        outcome=Outcome.DENIED,
        reason=Reason.PLATE_MISMATCH,
        assumed=False,
        duration_s=7.5,
        plate="京A12346",
        pictures=("b" * 64, "c" * 64),
        driver_messages=(
            DriverMessageRecord(message=DriverMessage.SHOW_CODE, after_s=0.0),
            DriverMessageRecord(message=DriverMessage.WAIT_FOR_OFFICER, after_s=7.4),
        ),
    ),
)


async def seen(tmp_path, *batches):
    """What is told of the vehicles after each batch of (event, transaction)."""
    journal = open_journal(tmp_path / "journal.db")
    vehicles = Vehicles(journal, tmp_path / "journal.db")
    found = []
    for batch in batches:
        journal.record([Draft(event, "1", transaction, UTC) for event, transaction in batch])
        vehicles._looked_at -= LOOK_EVERY_S
        await vehicles.refresh()
        found.append(vehicles.last("1", 100))
    journal.close()
    return found


def test_a_vehicle_is_put_together_from_its_events_as_they_come(tmp_path):
    batches = [[(event, "t1")] for event in STORY]
    came, shown, decided, alarmed, closed = (one for (one,) in asyncio.run(seen(tmp_path, *batches)))
    assert (came.verdict, came.outcome, came.pictures) == (None, None, ())
    assert shown.pictures == ("a" * 64,)
    assert (decided.verdict, decided.plate, decided.declared) == (Verdict.DENY, "京A12346", "京A12345")
    assert alarmed.alarms == (Alarm.TAILGATING,)
    assert (closed.outcome, closed.duration_s) == (Outcome.DENIED, 7.5)
    assert closed.pictures == ("a" * 64, "b" * 64, "c" * 64)
    assert [one.revision for one in (came, shown, decided, alarmed, closed)] == [1, 2, 3, 4, 5]


def test_the_newest_vehicles_come_first_and_old_ones_are_let_go(tmp_path):
    (found,) = asyncio.run(seen(tmp_path, [(STORY[0], f"t{number}") for number in range(KEPT + 5)]))
    assert [one.transaction for one in found[:2]] == [f"t{KEPT + 4}", f"t{KEPT + 3}"]
    assert len(found) == KEPT


@pytest.mark.parametrize("language", Language)
def test_a_vehicle_is_told_in_plain_words_in_every_language(tmp_path, language):
    vehicle = asyncio.run(seen(tmp_path, [(event, "t1") for event in STORY]))[0][0]
    told = vehicle_words(vehicle, words(language), {"b" * 64})
    assert told["pictures"] == ["b" * 64]
    assert [check["ok"] for check in told["checks"]] == [True, False]
    assert told["checks"][0]["name"] == translate(Text("The signature is genuine"), language)
    assert told["checks"][1]["advice"] == told["reason"]
    messages = (DriverMessage.SHOW_CODE, DriverMessage.WAIT_FOR_OFFICER)
    assert [one.endswith(sentence(message, language)) for one, message in zip(told["told"], messages, strict=True)] == [
        True,
        True,
    ]
    assert (told["tone"], len(told["alarms"])) == ("poor", 1)


@pytest.mark.parametrize(
    ("passed", "agrees", "said"),
    [
        (True, False, "Decided: refused. It went through. That is not the same."),
        (False, True, "Decided: refused. It did not go through. That is the same."),
        (
            None,
            None,
            "Decided: refused. Whether it went through is not known: the lane has no loops that could tell.",
        ),
    ],
)
def test_a_vehicle_of_a_dry_run_is_told_as_one_with_what_it_did_beside_what_was_decided(tmp_path, passed, agrees, said):
    journal = open_journal(tmp_path / "journal.db")
    vehicles = Vehicles(journal, tmp_path / "journal.db")
    compared = AccessCompared(verdict=Verdict.DENY, reason=Reason.EXPIRED, passed=passed, agrees=agrees)
    journal.record([Draft(event, "1", "t1", UTC, dry_run=True) for event in (*STORY, compared)])
    asyncio.run(vehicles.refresh())
    (vehicle,) = vehicles.last("1", 10)
    told = vehicle_words(vehicle, words(), set())
    journal.close()
    assert (told["result"], told["tone"], told["compared"]) == ("Dry run: refused", "off", said)


def test_a_vehicle_of_a_lane_at_work_is_compared_with_nothing(tmp_path):
    vehicle = asyncio.run(seen(tmp_path, [(event, "t1") for event in STORY]))[0][0]
    assert (vehicle.dry_run, vehicle_words(vehicle, words(), set())["compared"]) == (False, "")


@pytest.mark.parametrize("language", Language)
def test_why_a_plate_that_everybody_sees_does_not_count_is_told_in_every_language(tmp_path, language):
    seen_plate = CheckRecord(reason=Reason.PLATE_UNREADABLE, ok=False, detail=f"0 readings, {SET_ASIDE}: 1")
    no_plate = seen_plate.model_copy(update={"detail": "0 readings"})
    decided = AccessDecided(verdict=Verdict.MANUAL, reason=Reason.PLATE_UNREADABLE, checks=(no_plate, seen_plate))
    vehicle = asyncio.run(seen(tmp_path, [(STORY[0], "t1"), (decided, "t1")]))[0][0]
    told = [check["more"] for check in vehicle_words(vehicle, words(language), set())["checks"]]
    assert told == [
        "",
        translate(
            Text(
                "The camera also read a plate that was there before this vehicle came, or is behind it. "
                "It counts as the plate of another vehicle, such as a parked one."
            ),
            language,
        ),
    ]


@pytest.mark.parametrize("language", Language)
def test_every_reason_has_the_name_of_its_check_in_every_language(language):
    names = [translate(CHECKS[reason], language) for reason in Reason]
    assert len(set(names)) == len(Reason)


@pytest.mark.parametrize("outcome", [None, *Outcome])
@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_every_end_of_a_vehicle_has_its_word_and_colour(outcome, verdict):
    vehicle = Vehicle("t1", "1", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), outcome=outcome, verdict=verdict)
    told = vehicle_words(vehicle, words(), set())
    assert told["result"]
    assert told["tone"] in {"good", "busy", "poor", "bad", "off"}
    assert told["time"].startswith('<time datetime="2026-01-01T00:00:00Z" title="2026-01-01 00:00:00 UTC">')
