"""The stages of an update as a table: what follows what."""

import pytest

from agent.core.fleet import DocumentFault, TimeWindow
from agent.core.software import (
    MOST_ATTEMPTS,
    TrialSigns,
    UpdateOutcome,
    UpdateRecord,
    UpdateStage,
    after_stage,
    entered,
    judged_signs,
    may_configure,
)
from drivers.text import Text

S, F = UpdateStage, DocumentFault


def record(stage=S.KEEPING, **changes):
    fields = {
        "identity": "a" * 64,
        "version": "2+deb13",
        "before": "1+deb13",
        "connected": True,
        "rest_s": 100,
        "trial_s": 60,
        "steady_s": 10,
        "stage": stage,
    }
    return UpdateRecord(**(fields | changes))


def told(found):
    return (found.applied, found.code) if isinstance(found, UpdateOutcome) else (found.stage, found.code)


@pytest.mark.parametrize(
    ("stage", "code", "untouched", "follows"),
    [
        (S.KEEPING, None, False, (S.UNPACKING, None)),
        (S.KEEPING, F.NO_ROOM, False, (False, F.NO_ROOM)),
        (S.UNPACKING, None, False, (S.RESTING, None)),
        (S.UNPACKING, F.NOT_INSTALLED, True, (False, F.NOT_INSTALLED)),
        (S.UNPACKING, F.NOT_INSTALLED, False, (S.GOING_BACK, F.NOT_INSTALLED)),
        (S.RESTING, None, False, (S.CONFIGURING, None)),
        (S.CONFIGURING, None, False, (S.TRIAL, None)),
        (S.CONFIGURING, F.NOT_STARTED, False, (S.GOING_BACK, F.NOT_STARTED)),
        (S.TRIAL, None, False, (True, None)),
        (S.TRIAL, F.NOT_CONNECTED, False, (S.GOING_BACK, F.NOT_CONNECTED)),
        (S.GOING_BACK, None, False, (False, F.NOT_STARTED)),
        (S.GOING_BACK, F.NOT_RESTORED, False, (S.GOING_BACK, None)),
    ],
)
def test_each_stage_has_what_follows_it(stage, code, untouched, follows):
    assert told(after_stage(record(stage), code, "why", untouched=untouched)) == follows


def test_an_update_that_went_back_says_why_it_did():
    back = after_stage(record(S.TRIAL), F.NOT_CONNECTED, "no broker")
    ended = after_stage(back)
    assert (ended.applied, ended.code, ended.detail) == (False, F.NOT_CONNECTED, "no broker")


def kept(found):
    """As it is read from the disk."""
    return type(found).model_validate_json(found.model_dump_json())


def test_why_it_went_back_can_be_told_in_another_language_also_after_a_restart_of_the_helper():
    why = Text("no connection to a broker of central within {limit} s", limit=60)
    back = kept(after_stage(record(S.TRIAL), F.NOT_CONNECTED, why))
    ended = kept(after_stage(back))
    assert (ended.detail, ended.message.id, ended.message.args) == (why, why.pattern, {"limit": 60})
    assert kept(after_stage(back.model_copy(update={"attempts": MOST_ATTEMPTS}), F.NOT_RESTORED, "no dpkg")).detail == (
        f"{why} no dpkg"
    )


@pytest.mark.parametrize(
    ("stage", "follows"),
    [
        (S.KEEPING, (False, F.CUT_OFF)),
        (S.UNPACKING, (S.GOING_BACK, F.CUT_OFF)),
        (S.CONFIGURING, (S.GOING_BACK, F.CUT_OFF)),
        (S.TRIAL, (S.GOING_BACK, F.CUT_OFF)),
        (S.GOING_BACK, (False, F.NOT_RESTORED)),
        (S.RESTING, (S.RESTING, None)),
    ],
)
def test_a_stage_that_is_cut_off_too_often_is_given_up(stage, follows):
    one = record(stage)
    for number in range(MOST_ATTEMPTS):
        one = entered(one)
        assert (one.stage, one.attempts) == (stage, number + 1)
    assert told(entered(one)) == follows


def test_going_back_that_fails_is_tried_so_often_and_then_told():
    one = entered(record(S.GOING_BACK, code=F.NOT_STARTED, detail="it crashed"))
    for _ in range(MOST_ATTEMPTS - 1):
        one = entered(after_stage(one, F.NOT_RESTORED, "no dpkg"))
    assert told(after_stage(one, F.NOT_RESTORED, "no dpkg")) == (False, F.NOT_RESTORED)


NIGHT = TimeWindow(begin="22:00", end="04:00")
NOON, MIDNIGHT = 12 * 3600.0, 0.0


@pytest.mark.parametrize(
    ("window", "utc", "at_rest", "rested_s", "may"),
    [
        (None, NOON, True, 0, True),
        (None, NOON, False, 99.9, False),
        (None, NOON, False, 100, True),
        (NIGHT, NOON, True, 0, False),
        (NIGHT, NOON, False, 1000, False),
        (NIGHT, MIDNIGHT, True, 0, True),
        (NIGHT, MIDNIGHT, False, 0, False),
        (NIGHT, MIDNIGHT, False, 100, True),
    ],
)
def test_the_gate_says_not_now_for_a_bounded_time_and_only_the_window_is_absolute(window, utc, at_rest, rested_s, may):
    assert may_configure(record(S.RESTING, window=window), at_rest=at_rest, rested_s=rested_s, utc=utc) is may


@pytest.mark.parametrize(
    ("up", "connected", "was", "at", "since", "code"),
    [
        (True, True, True, 1, 1, None),
        (True, False, True, 1, None, None),
        (False, True, True, 1, None, None),
        (True, False, False, 1, 1, None),
        (True, False, True, 60, None, F.NOT_CONNECTED),
        (False, False, True, 60, None, F.NOT_STARTED),
        (False, True, False, 60, None, F.NOT_STARTED),
        (True, True, True, 61, 61, None),
    ],
)
def test_a_new_version_must_be_up_and_connected_where_the_old_one_was(up, connected, was, at, since, code):
    found = judged_signs(record(S.TRIAL, connected=was), TrialSigns(up, connected), None, 0, at)
    assert found[:2] == (since, code)
    assert bool(found[2]) is (code is not None)


def test_being_well_begins_anew_where_it_was_lost():
    one = record(S.TRIAL)
    since, _, _ = judged_signs(one, TrialSigns(up=True, connected=True), 5.0, 0, 9)
    assert since == 5.0
    since, _, _ = judged_signs(one, TrialSigns(up=True, connected=False), since, 0, 10)
    assert since is None


def test_what_is_kept_is_read_back_and_what_a_later_version_adds_is_left_out():
    one = record(S.TRIAL, window=NIGHT, code=F.CUT_OFF, detail="x")
    assert UpdateRecord.model_validate_json(one.model_dump_json()) == one
    assert UpdateRecord.model_validate_json(one.model_dump_json()[:-1] + ',"later":1}') == one
