"""The abstraction loses nothing: the real lane, with true times and ids, goes the way that its canonical form goes."""

import random
from dataclasses import replace
from math import isfinite

import pytest

from agent.core.events import AlarmRaised
from agent.core.lane.effects import Record, Show
from agent.core.lane.lane_state_machine import step
from agent.core.lane.state import Lane, LaneState
from agent.core.lane.step_inputs import Decided, OfficerCommand, PlateRead, Presented, Pulsed, Sampled, VinRead
from agent.core.model import Instant, Verdict
from tests.model.lane import LaneMachine
from tests.model.lane_inputs import OPEN_TRANSACTION, UTC
from tests.model.lane_kinds import LARGE, SMALL
from tests.model.lane_monitor import Known

KINDS = SMALL | LARGE
START_AT = 5000.0
STEPS = 300
LIKELY = ("tick", "sample A1", "permit", "decision PASS", "relay up", "way free", "pulse", "order open")


def later(item, by_s, ids, frame):  # noqa: PLR0911 - one a kind
    """The same input at a true time, with the ids as they really are; each frame of a camera is another one."""
    item = replace(item, now=Instant(item.now.at + by_s, UTC + item.now.at + by_s))
    match item:
        case Sampled():
            return replace(item, signals=replace(item.signals, at=item.signals.at + by_s))
        case Presented():
            return replace(item, presentation=replace(item.presentation, at=item.presentation.at + by_s, frame=frame))
        case PlateRead() | VinRead():
            return replace(item, reading=replace(item.reading, at=item.reading.at + by_s, frame=frame))
        case Decided():
            transaction = ids.get(item.transaction, item.transaction)
            return replace(item, transaction=transaction, deadline=item.deadline + by_s)
        case OfficerCommand():
            subject = replace(item.subject, transaction=ids.get(item.subject.transaction, item.subject.transaction))
            return replace(item, deadline=item.deadline + by_s, subject=subject)
        case Pulsed():
            return replace(item, grant=ids.get(item.grant, item.grant))
        case _:
            return item


def said(effects):
    """What is done and told, but for ids, times, signs, and what is not told twice: alarms, and asking for more."""
    told = []
    for effect in effects:
        if isinstance(effect, Record):
            told += [type(one.event).__name__ for one in effect.events if not is_once(one.event)]
            told += [(row.use, row.state) for row in effect.ledger]
        elif not isinstance(effect, Show):
            told.append(type(effect).__name__)
    return told


def is_once(event):
    return isinstance(event, AlarmRaised) or getattr(event, "verdict", None) is Verdict.RETRY


@pytest.mark.parametrize("name", KINDS)
def test_the_real_lane_goes_the_way_of_its_canonical_form(name):
    machine, chance = LaneMachine(KINDS[name]), random.Random(name)  # noqa: S311 - a walk, no secret
    lane, at = Lane.start(machine.rules, 1), START_AT
    form, names = machine.forms.form(lane, at)
    for number in range(STEPS):
        labels = [label for label in machine.inputs((form, Known())) if label != "restart +0"]
        if not labels:
            return  # a bound of the machine
        likely = [label for label in labels if label.startswith(LIKELY)]
        label = chance.choice(likely if likely and chance.random() < 0.7 else labels)
        ticks, item = machine.feed.made(label)
        canonical, effects = step(machine.forms.lane(form), item)
        here = lane.served if lane.state is LaneState.DENIED else lane.transaction_id
        ids = {short: real for real, short in names.items()} | {OPEN_TRANSACTION: here or "none"}
        lane, really = step(lane, later(item, at, ids, number))
        at += ticks
        assert said(really) == said(effects), label
        form = machine.forms.form(canonical, ticks)[0]
        truly, names = machine.forms.form(lane, at)
        assert truly == form, label
        assert isfinite(at)
