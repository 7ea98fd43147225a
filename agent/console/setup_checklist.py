"""What of a new gate is done and what is left, in the order in which it is best done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.clock import ClockState
from agent.lane import SIMULATED
from agent.settings import EXAMPLE_ROOT_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from agent.settings import Lane, Settings

EXAMPLE_GATE: Final = "gate-1"
WORKING: Final = frozenset({"up", "streaming"})
PRACTICE: Final = "practice"


class StepProgress(StrEnum):
    """DONE; LEFT: nobody has done it yet; WRONG: it is configured and does not work; CHOICE: a site may leave it so."""

    DONE = "done"
    LEFT = "left"
    WRONG = "wrong"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class ChecklistStep:
    """One step.

    `code`: its words are `setup.<code>`; `link`: the page where it is done; `lane`: "" for the gate's own.
    """

    code: str
    progress: StepProgress
    link: str
    lane: str = ""


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What is known of the running gate.

    `devices`: states by name; `passed`: the lanes through which a vehicle went; `acknowledged`: an event of this gate
    was acknowledged, by central or, where the broker's word counts, by the broker.
    """

    devices: Mapping[str, str]
    clock: ClockState
    passed: Collection[str]
    acknowledged: bool


def steps(settings: Settings, known: SetupFacts) -> list[ChecklistStep]:
    """All steps of a gate and of its lanes."""
    found = [
        ChecklistStep("gate", _done(settings.gate.id != EXAMPLE_GATE), "/configuration"),
        ChecklistStep("permits", _permits(settings), "/configuration"),
        ChecklistStep("broker", _broker(settings, known), "/connection"),
        ChecklistStep("clock", _clock(settings, known), "/connection"),
    ]
    for name, lane in settings.lanes.items():
        found += _of_lane(name, lane, known)
    return found


def is_practice(trust_list: Path | None) -> bool:
    """Whether a trust list is the one that `gate-agent setup` made for a practice permit."""
    return trust_list is not None and trust_list.parent.name == PRACTICE


def _of_lane(name: str, lane: Lane, known: SetupFacts) -> Iterator[ChecklistStep]:
    yield ChecklistStep("relay", _device(lane.relay.kind, f"{name}/relay", known), "/devices", name)
    if lane.inputs is None:
        yield ChecklistStep("inputs", StepProgress.CHOICE, "/devices", name)
    else:
        yield ChecklistStep("inputs", _device(lane.inputs.kind, f"{name}/inputs", known), f"/barrier/{name}", name)
    for camera in lane.cameras:
        at = f"/aim/{name}/{camera.id}"
        yield ChecklistStep("camera", _device(camera.kind, f"{name}/{camera.id}", known), at, name)
        if "plate" in camera.readers:
            yield ChecklistStep("zone", StepProgress.DONE if camera.zone else StepProgress.CHOICE, at, name)
    yield ChecklistStep("vehicle", _done(name in known.passed), f"/lanes/{name}", name)


def _done(done: bool) -> StepProgress:
    return StepProgress.DONE if done else StepProgress.LEFT


def _permits(settings: Settings) -> StepProgress:
    if settings.permits.root_keys == (EXAMPLE_ROOT_KEY,):
        return StepProgress.LEFT
    # A practice permit ends after a day, and nobody can make another with its key.
    return StepProgress.WRONG if is_practice(settings.permits.trust_list) else StepProgress.DONE


def _broker(settings: Settings, known: SetupFacts) -> StepProgress:
    if not settings.mqtt.enabled:
        return StepProgress.CHOICE
    if known.devices.get("broker") not in WORKING:
        return StepProgress.WRONG
    return _done(known.acknowledged)


def _clock(settings: Settings, known: SetupFacts) -> StepProgress:
    if known.clock is not ClockState.UNTRUSTED:
        return StepProgress.DONE
    return StepProgress.WRONG if settings.clock.require_synchronised else StepProgress.CHOICE


def _device(kind: str, name: str, known: SetupFacts) -> StepProgress:
    if kind == SIMULATED:
        return StepProgress.LEFT
    return StepProgress.DONE if known.devices.get(name) in WORKING else StepProgress.WRONG
