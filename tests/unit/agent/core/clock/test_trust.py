"""What the clock is worth, look by look: steps, drift, restarts, dead batteries, and a floor that nothing undoes."""

from dataclasses import dataclass, field, replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.clock.clock_step import STEP_S
from agent.core.clock.trust import (
    FLOOR_SLACK_S,
    RTC_ERROR_S,
    RTC_WRITTEN_S,
    ClockFloor,
    ClockObservation,
    ClockState,
    HoldoverRules,
    LastObservation,
    observe,
    resumed,
    word_error_s,
)
from agent.core.model.instant import Instant

UTC = 1_795_000_000.0
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
YEAR_S = 365 * DAY_S
RULES = HoldoverRules()
BATTERY = HoldoverRules(rtc_holdover_s=72 * HOUR_S)
NEVER = ClockFloor(0.0)
BATTERY_OFF_S = RTC_ERROR_S + STEP_S + RTC_WRITTEN_S * 200e-6
"""What a battery-backed clock may be off at once, where the clock was right."""
SYNCED, HOLDOVER, UNTRUSTED = ClockState


@dataclass
class Computer:
    """A computer whose two clocks are moved by hand, and which is looked at."""

    at: float = 1000.0
    utc: float = UTC
    synced: bool = True
    error_s: float = 0.05
    floor: ClockFloor = NEVER
    rules: HoldoverRules = RULES
    detail: str = ""
    trust: object = field(default=None)

    def look(self, **changes):
        for name, value in changes.items():
            setattr(self, name, value)
        look = ClockObservation(Instant(self.at, self.utc), self.synced, self.error_s, self.floor, self.detail)
        self.trust = observe(self.trust, look, self.rules)
        return self.trust

    def after(self, seconds, gained=0.0, **changes):
        self.at += seconds
        self.utc += seconds + gained
        return self.look(**changes)

    def restarted(self, off_s, rtc_off_s=0.0, **changes):
        self.at, self.trust = 5.0, None
        self.utc += off_s + rtc_off_s
        return self.look(**changes)


def synced(**changes):
    computer = Computer(**changes)
    assert computer.look().state is SYNCED
    return computer


# ------------------------------------------------------------------------------------------------ with a time server


def test_a_clock_that_a_time_server_keeps_is_synced_and_off_by_what_the_kernel_says():
    trust = Computer(error_s=0.012).look()
    assert (trust.state, trust.error_s, trust.step_s, trust.trusted) == (SYNCED, 0.012, None, True)


def test_a_clock_that_no_time_server_ever_kept_is_untrusted():
    trust = Computer(synced=False).look()
    assert (trust.state, trust.error_s, trust.trusted) == (UNTRUSTED, None, False)
    assert "no time server" in trust.detail


def test_a_time_server_that_is_itself_too_far_off_keeps_nothing_right_and_may_have_spoilt_what_was():
    assert Computer(error_s=61.0).look().state is UNTRUSTED
    computer = synced()
    trust = computer.after(10, error_s=61.0)
    assert (trust.state, trust.step_s) == (UNTRUSTED, None)
    assert trust.detail == "with its time server it may be off by 61 s, more than 60 s"
    assert computer.after(1, synced=False).state is UNTRUSTED
    assert computer.after(1, synced=True, error_s=60.0).state is SYNCED


@pytest.mark.parametrize("step_s", [3.0, -3.0, HOUR_S, YEAR_S, -YEAR_S, 40 * YEAR_S])
def test_a_step_by_a_time_server_is_taken_and_told(step_s):
    computer = synced()
    trust = computer.after(1, gained=step_s)
    assert (trust.state, trust.step_s) == (SYNCED, pytest.approx(step_s))
    assert computer.after(1).step_s is None
    assert computer.trust.state is SYNCED


@pytest.mark.parametrize("step_s", [1.0, -1.0, 0.4])
def test_a_leap_second_is_no_step_with_a_time_server_or_without(step_s):
    computer = synced()
    assert computer.after(1, gained=step_s).step_s is None
    computer.after(1, synced=False)
    trust = computer.after(1, gained=step_s)
    assert (trust.state, trust.step_s) == (HOLDOVER, None)
    assert trust.error_s == pytest.approx(0.05 + abs(step_s), abs=0.01)


def test_the_time_of_a_time_server_is_a_floor_only_once_it_has_stood_for_a_minute():
    computer = synced()
    assert not computer.trust.settled
    assert not computer.after(59).settled
    assert computer.after(1).settled
    assert not computer.after(1, gained=YEAR_S).settled
    assert computer.after(60).settled
    assert not computer.after(1, synced=False).settled
    assert not computer.after(1, synced=True).settled


# --------------------------------------------------------------------------------------------------- without


def test_a_day_offline_without_a_restart_stays_holdover_also_when_the_kernel_gave_up_late():
    computer = synced(error_s=16.0)
    for hour in range(24):
        trust = computer.after(HOUR_S, synced=False)
        assert trust.state is HOLDOVER, hour
    assert trust.error_s == pytest.approx(16.0 + DAY_S * 200e-6)
    assert trust.trusted


def test_holdover_ends_when_the_clock_may_be_off_by_too_much_and_only_a_time_server_brings_trust_back():
    computer = synced(error_s=0.0)
    assert computer.after(60 / 200e-6 - 1, synced=False).state is HOLDOVER
    trust = computer.after(2)
    assert (trust.state, trust.error_s) == (UNTRUSTED, None)
    assert "off by 60 s" in trust.detail
    assert computer.after(1).detail == trust.detail
    assert computer.after(1, synced=True).state is SYNCED


@pytest.mark.parametrize("step_s", [STEP_S, -STEP_S, 60.0, HOUR_S, -HOUR_S, YEAR_S, -YEAR_S])
def test_a_step_that_no_time_server_made_is_untrusted_until_synchronised_also_when_it_is_undone(step_s):
    computer = synced()
    computer.after(1, synced=False)
    trust = computer.after(1, gained=step_s)
    assert (trust.state, trust.step_s) == (UNTRUSTED, pytest.approx(step_s))
    assert computer.after(1, gained=-step_s).state is UNTRUSTED
    assert computer.after(DAY_S).state is UNTRUSTED
    assert computer.after(1, synced=True).state is SYNCED


def test_many_small_steps_are_added_up():
    computer = synced(error_s=0.0)
    computer.after(1, synced=False)
    states = [computer.after(1, gained=1.9).state for _ in range(40)]
    assert states.index(UNTRUSTED) == 31
    assert set(states[31:]) == {UNTRUSTED}


def test_a_machine_that_slept_shows_it_by_a_step_and_is_untrusted_until_synchronised():
    # The monotonic clock stands while a machine sleeps; on waking the wall clock is set from the battery-backed one.
    computer = synced()
    trust = computer.after(1, gained=8 * HOUR_S, synced=False)
    assert (trust.state, trust.step_s) == (UNTRUSTED, pytest.approx(8 * HOUR_S))


def test_a_time_server_that_comes_back_takes_over_and_tells_how_far_off_the_clock_was():
    computer = synced()
    computer.after(DAY_S, synced=False)
    trust = computer.after(1, gained=-14.0, synced=True)
    assert (trust.state, trust.step_s) == (SYNCED, pytest.approx(-14.0))


def test_holdover_counts_from_the_last_sure_look_not_from_the_first():
    computer = synced(error_s=0.0)
    computer.after(10 * DAY_S)
    assert computer.after(DAY_S, synced=False).error_s == pytest.approx(DAY_S * 200e-6)


# ----------------------------------------------------------------------------------------------------- restarts


def test_after_a_restart_of_the_computer_nothing_is_trusted_before_a_time_server_spoke():
    computer = synced()
    floor = ClockFloor(computer.utc, computer.utc)
    assert computer.restarted(120, synced=False, floor=floor).state is UNTRUSTED
    assert computer.after(60, synced=True).state is SYNCED


def test_a_battery_backed_clock_is_trusted_for_so_long_after_the_last_word_of_a_time_server():
    computer = synced(rules=BATTERY)
    floor = ClockFloor(computer.utc, computer.utc)
    trust = computer.restarted(HOUR_S, synced=False, floor=floor)
    assert (trust.state, trust.error_s) == (HOLDOVER, pytest.approx(BATTERY_OFF_S + HOUR_S * 200e-6))
    assert computer.after(70 * HOUR_S).state is HOLDOVER
    trust = computer.after(HOUR_S)
    assert (trust.state, "too long ago" in trust.detail) == (UNTRUSTED, True)


@pytest.mark.parametrize(
    ("clock_says", "state"),
    [
        (UTC + HOUR_S, HOLDOVER),
        (UTC, HOLDOVER),
        (UTC - 1.0, HOLDOVER),  # a clock that counts whole seconds
        (UTC - 10.0, UNTRUSTED),
        (UTC + 72 * HOUR_S, UNTRUSTED),
        (UTC + YEAR_S, UNTRUSTED),
        (0.0, UNTRUSTED),  # a dead battery: 1970
        (946_684_800.0, UNTRUSTED),  # or 2000
    ],
)
def test_a_battery_backed_clock_is_judged_against_the_last_word_of_a_time_server(clock_says, state):
    computer = Computer(utc=clock_says, synced=False, floor=ClockFloor(UTC, UTC), rules=BATTERY)
    assert computer.look().state is state


def test_a_battery_backed_clock_that_no_time_server_ever_kept_is_not_trusted():
    assert Computer(synced=False, floor=ClockFloor(UTC), rules=BATTERY).look().state is UNTRUSTED


def test_a_new_process_goes_on_where_the_last_one_was_while_the_computer_ran():
    computer = synced(error_s=0.0)
    anchor = computer.trust.anchor
    computer.trust = resumed(LastObservation(anchor.now, anchor))
    assert not computer.trust.trusted
    trust = computer.after(HOUR_S, synced=False)
    assert (trust.state, trust.error_s) == (HOLDOVER, pytest.approx(HOUR_S * 200e-6))


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
def test_a_step_between_two_processes_is_noticed(step_s):
    computer = synced()
    computer.trust = resumed(LastObservation(computer.trust.seen, computer.trust.anchor))
    trust = computer.after(10, gained=step_s, synced=False)
    assert (trust.state, trust.step_s) == (UNTRUSTED, pytest.approx(step_s))


AFTER_A_LOSS = {
    "nothing happens": ({}, UNTRUSTED, None),
    "it is set back to where it was": ({"gained": -HOUR_S}, UNTRUSTED, -HOUR_S),
    "it is set once more": ({"gained": HOUR_S}, UNTRUSTED, HOUR_S),
    "a time server speaks": ({"synced": True}, SYNCED, None),
    "a time server speaks, and sets it": ({"gained": -HOUR_S, "synced": True}, SYNCED, -HOUR_S),
}


@pytest.mark.parametrize(("change", "state", "step_s"), AFTER_A_LOSS.values(), ids=AFTER_A_LOSS)
@pytest.mark.parametrize("rules", [RULES, BATTERY])
def test_where_nothing_held_any_more_only_a_time_server_brings_trust_back_to_the_next_process(
    rules, change, state, step_s
):
    computer = synced(rules=rules)
    computer.after(60, floor=ClockFloor(computer.utc, computer.utc), synced=False)
    lost = computer.after(60, gained=HOUR_S)
    computer.trust = resumed(LastObservation(lost.seen, lost.anchor))
    trust = computer.after(10, **change)
    assert trust.state is state
    assert trust.step_s == (None if step_s is None else pytest.approx(step_s))


@pytest.mark.parametrize(
    ("before_s", "max_error_s", "state"),
    [
        (0.0, 10.0, HOLDOVER),
        (0.05, 10.0, HOLDOVER),
        (5.7, 10.0, HOLDOVER),
        (5.9, 10.0, UNTRUSTED),
        (9.9, 10.0, UNTRUSTED),
        (16.0, 20.3, HOLDOVER),
        (16.0, 20.1, UNTRUSTED),
        (16.0, 60.0, HOLDOVER),
    ],
)
def test_a_battery_backed_clock_is_off_by_what_it_was_off_when_a_time_server_spoke_last_too(
    before_s, max_error_s, state
):
    rules = replace(BATTERY, max_error_s=max_error_s)
    trust = Computer(utc=UTC + 100, synced=False, floor=ClockFloor(UTC, UTC, before_s), rules=rules).look()
    assert trust.state is state
    assert trust.error_s == (None if state is UNTRUSTED else pytest.approx(before_s + BATTERY_OFF_S + 100 * 200e-6))


def test_a_battery_backed_clock_of_which_nobody_knows_how_far_off_it_is_is_not_trusted():
    floor = ClockFloor(UTC, UTC, inf)
    trust = Computer(utc=UTC + 100, synced=False, floor=floor, rules=replace(BATTERY, max_error_s=inf)).look()
    assert (trust.state, trust.detail) == (UNTRUSTED, "no time server keeps the clock right")


def test_the_battery_backed_clock_surely_has_the_time_once_a_time_server_kept_it_for_long_without_making_it_better():
    computer = synced(error_s=0.5)
    assert not computer.after(899).outlives_computer
    assert computer.after(1).outlives_computer
    assert computer.after(60, error_s=1.4).steady_error_s == 1.4
    assert computer.after(60, error_s=0.1).steady_error_s == 1.4, "as the bound goes up and down between two answers"
    assert computer.trust.outlives_computer
    assert not computer.after(1, gained=STEP_S).outlives_computer
    assert computer.after(900).outlives_computer
    computer.after(60, error_s=15.0)
    assert computer.trust.outlives_computer, "it is no worse than it says"
    assert not computer.after(1, error_s=12.9).outlives_computer, "put right, perhaps, without a step"
    assert computer.trust.settled
    assert not computer.after(900, synced=False).outlives_computer


DOUBTS = {
    "it stays as it was": ({}, 0.5),
    "a time server is lost": ({"seconds": HOUR_S, "synced": False}, 0.5),
    "the bound grows a little": ({"error_s": 2.4}, 0.5),
    "the bound grows a little more than the word bears": ({"error_s": 2.9}, 2.5),
    "the bound grows by much": ({"error_s": 15.0}, pytest.approx(15.0 - STEP_S - 910 * 200e-6)),
    "set by a time server": ({"gained": STEP_S}, inf),
    "set by hand": ({"gained": STEP_S, "synced": False}, inf),
    "set by hand, by less than a step": ({"gained": 1.9, "synced": False}, 0.5),
    "no time server is near enough": ({"error_s": 61.0, "gained": 61.0}, inf),
}


@pytest.mark.parametrize(("change", "error_s"), DOUBTS.values(), ids=DOUBTS)
def test_what_the_last_word_of_a_time_server_is_worth_for_the_battery_backed_clock(change, error_s):
    computer = synced(error_s=0.5, rules=BATTERY)
    floor = ClockFloor(computer.utc, computer.utc, 0.5)
    trust = computer.after(change.pop("seconds", 10.0), floor=floor, **change)
    assert word_error_s(trust, floor, BATTERY) == error_s


def test_without_a_word_of_a_time_server_there_is_nothing_to_doubt():
    computer = synced()
    assert word_error_s(computer.after(1, gained=HOUR_S, synced=False), ClockFloor(UTC), BATTERY) == 0.0


def test_after_a_restart_the_word_is_worth_less_by_the_whole_seconds_of_the_battery_backed_clock():
    floor = ClockFloor(UTC, UTC, 0.5)
    trust = Computer(utc=UTC + 100, synced=False, floor=floor, rules=BATTERY).look()
    assert word_error_s(trust, floor, BATTERY) == pytest.approx(0.5 + RTC_ERROR_S)


# ------------------------------------------------------------------------------------------------------- the floor


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("clock_says", [UTC - FLOOR_SLACK_S - 1, UTC - YEAR_S, 946_684_800.0, 0.0])
def test_a_clock_behind_a_time_that_has_passed_is_untrusted_whatever_the_kernel_says(clock_says, kept):
    trust = Computer(utc=clock_says, synced=kept, floor=ClockFloor(UTC, UTC), rules=BATTERY).look()
    assert (trust.state, trust.settled, trust.anchor) == (UNTRUSTED, False, None)
    assert "behind a time that has passed" in trust.detail


def test_a_little_behind_the_floor_is_borne_for_other_clocks_are_not_exact_either():
    assert Computer(floor=ClockFloor(UTC + FLOOR_SLACK_S)).look().state is SYNCED


def test_a_clock_that_is_set_back_by_a_year_with_the_blessing_of_a_time_server_is_caught_by_the_floor():
    computer = synced()
    computer.after(60)
    trust = computer.after(1, gained=-YEAR_S, floor=ClockFloor(computer.utc, computer.utc))
    assert (trust.state, trust.step_s) == (UNTRUSTED, pytest.approx(-YEAR_S))
    assert computer.after(DAY_S).state is UNTRUSTED
    assert computer.after(1, gained=YEAR_S - DAY_S).state is SYNCED


def test_a_floor_that_rises_over_a_clock_in_holdover_ends_it_for_good():
    computer = synced()
    computer.after(HOUR_S, synced=False)
    assert computer.after(1, floor=ClockFloor(computer.utc + HOUR_S)).state is UNTRUSTED
    assert computer.after(2 * HOUR_S).state is UNTRUSTED
    assert computer.after(1, synced=True).state is SYNCED


# ---------------------------------------------------------------------------------------- where answers part, and words


def test_a_clock_that_may_be_off_by_just_so_much_is_still_trusted():
    computer = synced(error_s=RULES.max_error_s)
    assert computer.after(0.0, synced=False).state is HOLDOVER
    assert computer.after(1.0).state is UNTRUSTED


@pytest.mark.parametrize(
    ("off_s", "state", "error_s"),
    [
        (-STEP_S - 1, UNTRUSTED, None),
        (-STEP_S, HOLDOVER, BATTERY_OFF_S),
        (0.0, HOLDOVER, BATTERY_OFF_S),
        (0.5, HOLDOVER, BATTERY_OFF_S + 0.0001),
        (72 * HOUR_S - 1, HOLDOVER, BATTERY_OFF_S + (72 * HOUR_S - 1) * 200e-6),
        (72 * HOUR_S, UNTRUSTED, None),
    ],
)
def test_a_battery_backed_clock_is_off_by_its_whole_seconds_and_what_it_drifted(off_s, state, error_s):
    trust = Computer(utc=UTC + off_s, synced=False, floor=ClockFloor(UTC, UTC), rules=BATTERY).look()
    assert trust.state is state
    assert trust.error_s == (None if error_s is None else pytest.approx(error_s, abs=1e-9))
    assert trust.detail == "no time server keeps the clock right", "whatever it says, it is the same as none"


def held_over(computer):
    computer.look(synced=True)
    return computer.after(1, synced=False)


def restarted_long_ago(computer):
    computer.look()
    computer.restarted(HOUR_S, synced=False, floor=ClockFloor(UTC, UTC), rules=BATTERY)
    return computer.after(72 * HOUR_S)


def set_by_hand(computer):
    computer.look()
    return computer.after(1, gained=-90.0, synced=False)


NONE = "no time server keeps the clock right"
WORDS = {
    "never kept": (lambda computer: computer.look(synced=False), "", NONE),
    "never kept, and the kernel says why": (lambda computer: computer.look(synced=False), "no answer", "no answer"),
    "held over": (held_over, "", NONE),
    "held over, and the kernel says why": (held_over, "no answer", "no answer"),
    "set by hand": (set_by_hand, "no answer", "the clock was set by -90.0 s, not by a time server"),
    "restarted": (
        restarted_long_ago,
        "",
        "the computer restarted, and the last answer of a time server is too long ago",
    ),
}


@pytest.mark.parametrize(("story", "kernel", "wanted"), WORDS.values(), ids=WORDS)
def test_why_the_clock_is_not_synced_is_said(story, kernel, wanted):
    assert story(Computer(detail=kernel)).detail == wanted


# ---------------------------------------------------------------------------------------------------- always true

looks = st.lists(
    st.tuples(
        st.floats(0.01, 2 * DAY_S),
        st.sampled_from([0.0, 0.0, 0.0, 0.5, -1.0, 1.9, 2.0, -60.0, DAY_S, -YEAR_S, YEAR_S]),
        st.booleans(),
        st.floats(0.0, 20.0),
        st.sampled_from([0.0, UTC, UTC + DAY_S]),
    ),
    max_size=30,
)


@given(looks, st.sampled_from([RULES, BATTERY, replace(RULES, max_error_s=1.0, drift_ppm=5000.0)]))
def test_whatever_happens_trust_is_never_more_than_what_was_seen(steps, rules):
    computer = Computer(rules=rules)
    sure_at = None
    for seconds, gained, kept, error_s, floor_utc in steps:
        trust = computer.after(
            seconds, gained=gained, synced=kept, error_s=error_s, floor=ClockFloor(floor_utc, floor_utc or None)
        )
        sure_at = computer.at if trust.state is SYNCED else sure_at
        assert trust.trusted == (trust.error_s is not None) == (trust.anchor is not None)
        if trust.trusted:
            assert trust.error_s <= rules.max_error_s
            assert computer.utc >= floor_utc - FLOOR_SLACK_S
        if trust.state is HOLDOVER:
            assert sure_at is not None or rules is BATTERY
        if trust.step_s is not None:
            assert trust.state is (SYNCED if kept and trust.trusted else UNTRUSTED)
