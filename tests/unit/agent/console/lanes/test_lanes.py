"""What the dashboard and the page of a lane say: by tables, in every language."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from fastapi import FastAPI, Request

from agent.console.labels import lane_advice
from agent.console.lanes.comparison import as_plain, comparison
from agent.console.lanes.driver_view import driver_view
from agent.console.lanes.lane_card import lane_card
from agent.console.lanes.lane_inputs import lamp_of, lane_inputs
from agent.console.lanes.lane_standing import TONES, standing, vehicle_here
from agent.console.lanes.lanes_dashboard import summary
from agent.console.live.vehicles import KEPT, Vehicle, _newest
from agent.console.live.viewer_texts import Words
from agent.console.page import Pages
from agent.core.events import AccessDecided, PermitRecord, PlateRecord, TransactionClosed, VinRecord
from agent.core.lane import InputState, LaneLockout, LaneState
from agent.core.model import Outcome, Reason, Signals, Verdict, VinSource
from agent.i18n import Language
from agent.lane import DryRunCounts, LaneView
from agent.settings.model.lane import BarrierWiring, Lane, SignalWiring

AT, UTC = 100.0, 1_780_000_000.0
VIEW = LaneView("idle", None, "red", "idle", AT, LaneLockout(), InputState(Signals(AT)), True, "", "")
LANE = Lane(number=1, direction="export", relay={"kind": "simulated"}, signals={"presence": 1, "safety": 2})
HERE = Vehicle("T1", "out", dt.datetime.fromtimestamp(UTC, dt.UTC), plate="京A12346", declared="京A12345", seen=True)
PERMIT = PermitRecord(
    permit="01" * 8,
    issuer="c",
    key="k1",
    declaration="000000000000000007",
    vin="LSGJA52U1AH123456",
    plate="京A12345",
    expires_at=int(UTC) + 60,
    form="signed",
)
UP = {"out/relay": "up", "out/front": "streaming", "broker": "lost"}


def words(language="en"):
    app = FastAPI()
    app.state.pages = Pages([])
    headers = [(b"cookie", f"gate-language={language}".encode())]
    return Words(Request({"type": "http", "path": "/", "scheme": "http", "headers": headers, "app": app}))


def view(state, **changes):
    return replace(VIEW, state=state, **changes)


def decided(verdict="MISMATCH", **changes):
    plate = PlateRecord(verdict=verdict, declared="京A12345", read="京A12346", score=-9.0, frames=3, colour="blue")
    return AccessDecided(verdict=Verdict.MANUAL, reason=Reason.PLATE_UNSURE, checks=(), plate=plate, **changes)


def card(now, vehicles=(), devices=UP, evidence=()):
    return lane_card("out", now, list(vehicles), devices, evidence, words(), AT)


# ------------------------------------------------------------------------------------------------------------ standing


@pytest.mark.parametrize("language", Language)
def test_every_state_says_what_happens_in_words_of_its_own(language):
    said = {state: standing(view(state), None, words(language), AT) for state in LaneState}
    assert set(TONES) == set(lane_advice.HAPPENS) == set(LaneState)
    assert len({one.why for one in said.values()}) == len(LaneState)
    assert {state for state, one in said.items() if one.calls} == {LaneState.MANUAL, LaneState.VIOLATION}


def test_a_vehicle_that_waits_for_an_officer_has_its_reason_and_what_to_do():
    waits = replace(HERE, verdict=Verdict.MANUAL, reason=Reason.PLATE_UNREADABLE)
    found = standing(view("manual", transaction="T1"), waits, words(), AT)
    assert (found.tone, found.transaction, found.decides) == ("officer", "T1", ("pass", "refuse"))
    assert found.why != "The gate could not decide."
    assert found.to_do
    assert standing(view("manual", transaction="T1"), None, words(), AT).why == "The gate could not decide."


def test_a_locked_lane_and_one_in_dry_run_offer_no_pass():
    locked = view("manual", transaction="T1", lockout=LaneLockout(locked_by="anna"))
    found = standing(locked, HERE, words(), AT)
    assert (found.decides, found.notes) == (("refuse",), ("Locked by anna",))
    dry = standing(view("manual", transaction="T1", dry_run=DryRunCounts(0, 0, 0)), HERE, words(), AT)
    assert dry.decides == ()
    assert dry.title.startswith("Dry run: ")


def test_a_refused_vehicle_is_there_until_it_leaves_and_says_who_refused_it():
    closed = TransactionClosed(
        outcome=Outcome.DENIED,
        reason=Reason.PLATE_UNSURE,
        assumed=False,
        duration_s=3.0,
        operator="aigul",
        cause="Documents missing or invalid: no invoice",
    )
    refused = replace(HERE, outcome=Outcome.DENIED, refused=closed)
    assert vehicle_here(view("denied"), [refused]) is refused
    assert vehicle_here(view("idle"), [refused]) is None
    found = standing(view("denied"), refused, words("ru"), AT)
    assert found.why == "aigul: машине отказано. Причина: Документов нет или они недействительны: no invoice"
    assert (found.transaction, found.decides) == ("T1", ("pass",))


@pytest.mark.parametrize("now", [None, view("open", progress_at=AT - 60)])
def test_a_lane_that_does_not_answer_is_never_shown_as_it_was(now):
    found = standing(now, HERE, words(), AT)
    assert (found.tone, found.calls, found.decides, found.transaction) == ("offline", True, (), "")


# ----------------------------------------------------------------------------------------------------------- comparison


def rows(vehicle, plate="", utc=UTC):
    return as_plain(comparison(vehicle, plate, words(), utc))


def test_what_was_read_stands_beside_what_is_declared_with_the_unsure_letter_marked():
    vin = VinRecord(verdict="MATCH", read=PERMIT.vin, source=VinSource.CODE_128, score=99.0, frames=2)
    plate, found, permit = rows(replace(HERE, decided=decided("UNSURE", permit=PERMIT, vin=vin)))
    assert (plate["read"], plate["unsure_read"], plate["unsure_declared"]) == ("京A12346", (6,), (6,))
    assert (plate["chip"], plate["tone"], plate["kind"]) == ("1 letter unclear", "warning", "")
    assert (found["read"], found["declared"], found["tone"]) == (PERMIT.vin, PERMIT.vin, "passed")
    assert (permit["chip"], permit["tone"]) == ("Valid", "passed")


@pytest.mark.parametrize(("verdict", "tone"), [("MATCH", "passed"), ("MISMATCH", "refused"), ("UNSURE", "warning")])
def test_the_chip_is_what_the_gate_found(verdict, tone):
    assert rows(replace(HERE, decided=decided(verdict)))[0]["tone"] == tone


def test_what_was_not_read_or_not_compared_is_never_a_match():
    plate, vin, permit = rows(replace(HERE, plate="", declared=""))
    assert {plate["tone"], vin["tone"], permit["tone"]} == {"unknown"}
    assert rows(replace(HERE, plate="", declared=""), plate="京A1")[0]["chip"] == "Nothing to compare with"
    assert rows(replace(HERE, decided=None), plate="京A1")[0]["chip"] == "Not compared"
    assert rows(None) == []


def test_a_permit_that_is_over_says_so():
    assert rows(replace(HERE, decided=decided(permit=PERMIT)), utc=UTC + 61)[2]["chip"] == "Expired"


# -------------------------------------------------------------------------------------------------- what is not known


@pytest.mark.parametrize(
    ("channels", "energised", "lamp"),
    [
        ({}, (True, True), "none"),
        ({"red_channel": 2, "green_channel": 3}, None, "unknown"),
        ({"red_channel": 2, "green_channel": 3}, (False, True, False), "red"),
        ({"red_channel": 2, "green_channel": 3}, (False, False, True), "green"),
        ({"red_channel": 2, "green_channel": 3}, (False, True, True), "unknown"),
        ({"red_channel": 2}, (False, False), "off"),
        ({"red_channel": 4}, (False, False), "unknown"),
    ],
)
def test_a_lamp_is_what_the_relay_board_says_and_not_what_was_ordered(channels, energised, lamp):
    assert lamp_of(LANE.model_copy(update={"barrier": BarrierWiring(**channels)}), energised) == lamp


def test_what_nothing_reports_is_unknown_and_never_on_or_off():
    told = lane_inputs(view("idle", lamp="green"), LANE, None, words(), AT)
    states = {row["name"]: row["state"] for row in told["rows"]}
    assert set(states.values()) == {"dunno"}, "no limit switch, no lamp, no sample of the loops"
    assert all(row["words"].startswith("Unknown") for row in told["rows"])
    known = replace(VIEW, input_state=InputState(Signals(AT, True, False)))
    told = lane_inputs(known, LANE, None, words(), AT)
    assert [row["words"] for row in told["rows"][1:3]] == ["Vehicle", "Free"]
    late = lane_inputs(known, LANE, None, words(), AT + 1.5)
    assert [row["state"] for row in late["rows"][1:3]] == ["dunno", "dunno"]
    assert late["stale"] is True


def test_an_arm_that_its_switches_see_is_known():
    wired = LANE.model_copy(update={"signals": SignalWiring(presence=1, opened=2, closed=3)})
    down = replace(VIEW, input_state=InputState(Signals(AT, opened=False, closed=True)))
    assert lane_inputs(down, wired, None, words(), AT)["rows"][0] == {
        "name": "Barrier",
        "words": "Down",
        "state": "plain",
    }


def test_a_driver_is_told_by_what_the_lane_has_and_a_device_that_is_lost_says_nothing_known():
    plain = driver_view("out", view("idle", message="idle"), LANE, UP, words(), AT)
    assert (plain["lines"], plain["rows"]) == ([], [])
    signs = LANE.model_copy(
        update={
            "signs": (Lane(number=1, direction="export", relay={"kind": "simulated"}, signs=[SIGN]).signs),
            "driver_page": LANE.driver_page.model_copy(update={"enabled": True, "languages": ("zh", "en")}),
        }
    )
    told = driver_view("out", view("manual", message="manual"), signs, UP | {"out/board": "up"}, words(), AT)
    assert [row["known"] for row in told["rows"]] == [True, True]
    assert [code for code, _line in told["lines"]] == ["zh", "en"]
    assert told["tone"] == "mini-wait"
    for state in ("lost", None):
        devices = UP if state is None else UP | {"out/board": state}
        sign = driver_view("out", view("manual", message="manual"), signs, devices, words(), AT)["rows"][-1]
        assert sign["known"] is False
        assert sign["text"].startswith("Unknown")
    central = view("manual", message="manual", texts=(("ru", "Вам к окну 3"),))
    assert driver_view("out", central, signs, UP, words(), AT)["lines"][0][1] == "Вам к окну 3"


SIGN = {"id": "board", "kind": "simulated"}


# ---------------------------------------------------------------------------------------------------------------- cards


def test_cards_are_ranked_by_who_needs_an_officer():
    ranks = {state: card(view(state, transaction="T1"))["rank"] for state in LaneState}
    assert {state for state, rank in ranks.items() if rank == 0} == {LaneState.MANUAL}
    assert {state for state, rank in ranks.items() if rank == 1} == {
        LaneState.VIOLATION,
        LaneState.FAULT,
        LaneState.OUT_OF_SERVICE,
    }
    assert card(None)["rank"] == 1


def test_a_card_shows_the_vehicle_that_is_there_else_the_last_one():
    open_one = replace(HERE, pictures=("a" * 64, "b" * 64))
    now = card(view("manual", transaction="T1"), [open_one], evidence={"b" * 64})
    assert (now["here"], now["waits"], now["vehicle"]["picture"]) == (True, True, "b" * 64)
    assert (now["vehicle"]["plate"], now["vehicle"]["unsure"]) == ("京A12346", (6,))
    last = replace(HERE, outcome=Outcome.PASSED, duration_s=4.12, plate="京A12345")
    later = card(view("idle"), [last])
    assert (later["here"], later["waits"]) == (False, False)
    told = later["vehicle"]
    assert (told["result"], told["tone"], told["took"], told["picture"]) == ("Passed", "passed", "4.1", "")
    assert card(view("idle"))["vehicle"] is None


def test_a_card_names_the_worst_device_of_its_lane_alone():
    assert card(view("idle"))["device"] == {"tone": "passed", "text": "All working"}, "the broker is the gate's"
    lost = card(view("idle"), devices=UP | {"out/relay": "lost", "out/front": "dark"})["device"]
    assert (lost["tone"], lost["text"].split(":")[0]) == ("refused", "Relay board")
    assert card(view("idle"), devices={})["device"]["tone"] == "unknown"


def test_the_summary_counts_the_drivers_who_wait():
    idle, manual = card(view("idle")), card(view("manual", transaction="T1"))
    assert summary([idle], words()) == "1 lane."
    assert summary([manual, idle, manual], words()) == "3 lanes. 2 drivers are waiting for an officer."
    assert summary([manual, idle], words("ru")) == "2 полосы. 1 водитель ждёт сотрудника."


def test_the_last_vehicle_of_a_quiet_lane_is_kept_however_busy_the_others_are():
    known = {f"T{number}": replace(HERE, transaction=f"T{number}", lane="busy") for number in range(KEPT + 20)}
    quiet = {f"Q{number}": replace(HERE, transaction=f"Q{number}", lane="quiet") for number in range(3)}
    kept = _newest({**quiet, **known})
    assert len(kept) == KEPT + 1
    assert next(iter(kept)) == "Q2"
    assert list(kept)[1:] == list(known)[-KEPT:]
