"""The steps of a story: every type of event has plain words in every language, whatever stands in its fields."""

from __future__ import annotations

import json

import pytest

from agent.console.vehicles.check_words import check_words, date_text, plain
from agent.console.vehicles.story import NoStoryError, story_of
from agent.console.vehicles.timeline import timeline
from agent.core.contract.examples import event_example
from agent.core.contract.schemas import EVENTS
from agent.core.events import AccessGranted, DriverShown, TransactionClosed
from agent.core.model import Outcome, Reason, Verdict
from agent.i18n import Language
from agent.i18n.checks import CHECKS
from tests.support.console.vehicles import EXPIRED, vehicle
from tests.support.store.journals import UTC
from tests.unit.agent.console.vehicles.test_record import stored

TOLD_ELSEWHERE = {DriverShown.TYPE, AccessGranted.TYPE}
"""What the driver was told has a place of its own; a grant by a permit says no more than the decision before it."""
STRANGE = (None, 5, "x", [], {}, [5], {"a": []}, True)


@pytest.mark.parametrize("language", Language)
def test_every_type_of_event_is_told_in_every_language(language):
    for kind in EVENTS:
        steps = timeline([json.loads(event_example(kind))], language)
        assert all(step.title for step in steps), kind
        assert bool(steps) is (kind not in TOLD_ELSEWHERE), kind


def test_strange_values_in_the_fields_of_an_event_break_no_story():
    for kind in EVENTS:
        event = json.loads(event_example(kind))
        for name in event["data"]:
            for value in STRANGE:
                timeline([{**event, "data": {**event["data"], name: value}}], Language.EN)


def test_a_type_that_a_later_agent_records_is_told_by_its_name():
    (step,) = timeline([{"type": "vehicle.flew", "time": "2026-11-24T08:00:00Z", "data": {}}], Language.EN)
    assert step.title == "vehicle.flew"


def test_steps_that_repeat_are_told_once_with_their_number():
    events = [event for _, event in stored(vehicle(UTC)[1])]
    seen = [step for step in timeline(events, Language.EN) if step.title == "QR code seen"]
    assert [step.times for step in seen] == [2]


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        ("lane mask 0x0", Reason.WRONG_LANE, "for all lanes"),
        ("lane mask 0x5", Reason.WRONG_LANE, "for lanes 1, 3"),
        ("score 8.107499704063903 from 3 frames", Reason.PLATE_UNSURE, "score 8.10 from 3 frames"),
        ("declaration 1795000000", Reason.DECLARATION_UNKNOWN, "declaration 1795000000"),
        ("until 1795000000", Reason.EXPIRED, f"until {date_text(1_795_000_000)}"),
        ("from 5 to 1795000000", Reason.KEY_EXPIRED, f"from 5 to {date_text(1_795_000_000)}"),
    ],
)
def test_a_detail_has_nothing_that_only_a_program_reads(said, reason, told):
    assert plain(said, reason, Language.EN) == told


def test_checks_have_the_failed_ones_first_and_strange_ones_by_their_code():
    found = check_words([{"reason": "OK", "ok": True}, {"reason": "NEW_ONE", "ok": False}, {"ok": 5}, {}], Language.EN)
    assert [one.ok for one in found] == [False, False, False, True]
    assert found[0].name == "NEW_ONE"
    assert found[-1].name == CHECKS[Reason.OK]


@pytest.mark.parametrize("language", Language)
def test_a_story_says_what_is_wrong_who_acted_and_which_pictures_are_gone(language):
    drafts = vehicle(
        UTC,
        verdict=Verdict.MANUAL,
        reason=Reason.EXPIRED,
        outcome=Outcome.OVERRIDDEN,
        officer="A. Kasymova",
        detail=EXPIRED,
    )[1]
    story = story_of(stored(drafts), language, {"cd" * 32})
    assert (story.tone, len(story.failed), story.gone, list(story.pictures)) == ("officer", 1, 1, ["cd" * 32])
    assert story.people == ["A. Kasymova: VIN compared"]
    assert date_text(1_795_000_000) in story.failed[0].detail
    assert story.finding
    assert not story.advice  # it is over
    assert any("A. Kasymova" in step.title for step in story.steps)


def test_the_picture_of_the_story_is_the_whole_vehicle_and_else_the_last_one():
    events = stored(vehicle(UTC)[1])
    frame, plate = "ab" * 32, "cd" * 32
    assert story_of(events, Language.EN, {frame, plate}).picture == frame
    assert story_of(events, Language.EN, {plate}).picture == plate
    assert story_of(events, Language.EN, set()).picture == ""


def test_events_of_which_none_begins_a_transaction_tell_no_story():
    with pytest.raises(NoStoryError):
        story_of([], Language.EN, set())
    closed = json.loads(event_example(TransactionClosed.TYPE))
    with pytest.raises(NoStoryError):
        story_of([(1, {**closed, "lane": None})], Language.EN, set())
