"""The steps of a set-up in their order, and how far each is, by what was seen to happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.clock import ClockState
from agent.lane import SIMULATED
from agent.settings import EXAMPLE_ROOT_KEY
from agent.setup.practice import is_practice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from agent.settings import Lane, Settings

EXAMPLE_GATE: Final = "gate-1"
WORKING: Final = frozenset({"up", "streaming"})


class StepCode(StrEnum):
    """The steps, in the order in which they are best done."""

    GATE = "gate"
    NETWORK = "network"
    TIME = "time"
    BOARD = "board"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    CAMERAS = "cameras"
    AIM = "aim"
    TRUST = "trust"
    CENTRAL = "central"
    PRACTICE = "practice"
    VEHICLE = "vehicle"
    SAFETY = "safety"


OF_GATE: Final = frozenset({StepCode.GATE, StepCode.NETWORK, StepCode.TIME, StepCode.TRUST, StepCode.CENTRAL})
"""The steps that are the same for every lane of a gate."""


class StepProgress(StrEnum):
    """DONE: seen to work. LEFT: not done yet. WRONG: configured, and does not work. CHOICE: a site may leave it so.

    SKIPPED: somebody left it out, and knows what follows.
    """

    DONE = "done"
    LEFT = "left"
    WRONG = "wrong"
    CHOICE = "choice"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One step of a lane and how far it is. `detail`: what is left of it, by a code of the words; "": nothing more."""

    code: StepCode
    progress: StepProgress
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What is known of the running gate.

    `devices`: states by name. `passed`: the lanes through which a vehicle went. `acknowledged`: an event of this gate
    was acknowledged, by central or, where the broker's word counts, by the broker. `seen`: what was seen to happen, by
    the keys of `observed`. `skipped`: the steps of the lane that were left out. `practice_ends`: when the practice
    permit ends, Unix seconds; 0: there is none. `utc`: now.
    """

    devices: Mapping[str, str]
    clock: ClockState
    passed: Collection[str] = ()
    acknowledged: bool = False
    seen: Collection[str] = ()
    skipped: Collection[StepCode] = field(default=frozenset())
    practice_ends: float = 0.0
    utc: float = 0.0


def observed(lane: str, code: StepCode, what: str = "") -> str:
    """The key by which something seen is remembered: of which lane ("": the gate), in which step, and what."""
    return f"{'' if code in OF_GATE else lane}/{code}/{what}"


def steps(settings: Settings, lane: str, known: SetupFacts) -> list[SetupStep]:
    """All steps of the set-up of one lane. Raises KeyError where there is no such lane."""
    found = [_step(code, settings, lane, known) for code in StepCode]
    return [
        SetupStep(one.code, StepProgress.SKIPPED)
        if one.code in known.skipped and one.progress in {StepProgress.LEFT, StepProgress.CHOICE}
        else one
        for one in found
    ]


def first_open(found: Sequence[SetupStep]) -> StepCode | None:
    """The first step that still needs somebody; None: the set-up is complete."""
    return next((one.code for one in found if one.progress in {StepProgress.LEFT, StepProgress.WRONG}), None)


def after(code: StepCode) -> StepCode | None:
    """The step after another; None after the last."""
    every = list(StepCode)
    place = every.index(code) + 1
    return every[place] if place < len(every) else None


def before(code: StepCode) -> StepCode | None:
    """The step before another; None before the first."""
    every = list(StepCode)
    place = every.index(code)
    return every[place - 1] if place else None


def _step(code: StepCode, settings: Settings, name: str, known: SetupFacts) -> SetupStep:
    made = _OF_LANE.get(code)
    if made is not None:
        return SetupStep(code, *made(name, settings.lanes[name], known))
    return SetupStep(code, *_OF_SETTINGS[code](settings, name, known))


_Found = tuple[StepProgress, str]


def _gate(settings: Settings, _name: str, _known: SetupFacts) -> _Found:
    return _done(settings.gate.id != EXAMPLE_GATE)


def _network(_settings: Settings, name: str, known: SetupFacts) -> _Found:
    return _done(observed(name, StepCode.NETWORK) in known.seen)


def _clock(settings: Settings, _name: str, known: SetupFacts) -> _Found:
    if known.clock is not ClockState.UNTRUSTED:
        return StepProgress.DONE, ""
    return (StepProgress.WRONG, "") if settings.clock.require_synchronised else (StepProgress.CHOICE, "")


def _trust(settings: Settings, _name: str, _known: SetupFacts) -> _Found:
    if settings.permits.root_keys == (EXAMPLE_ROOT_KEY,):
        return StepProgress.LEFT, ""
    # A practice permit ends after a day, and nobody can make another with its key.
    return (StepProgress.LEFT, "practice") if is_practice(settings.permits.trust_list) else (StepProgress.DONE, "")


def _central(settings: Settings, _name: str, known: SetupFacts) -> _Found:
    if not settings.mqtt.enabled:
        return StepProgress.CHOICE, ""
    if known.devices.get("broker") not in WORKING:
        return StepProgress.WRONG, ""
    return _done(known.acknowledged)


def _practice(settings: Settings, _name: str, known: SetupFacts) -> _Found:
    if not is_practice(settings.permits.trust_list):
        return StepProgress.CHOICE, ""
    return (StepProgress.DONE, "") if known.practice_ends > known.utc else (StepProgress.LEFT, "over")


def _board(name: str, lane: Lane, known: SetupFacts) -> _Found:
    if lane.relay.kind == SIMULATED:
        return StepProgress.LEFT, ""
    if known.devices.get(f"{name}/relay") not in WORKING:
        return StepProgress.WRONG, ""
    moved = observed(name, StepCode.BOARD) in known.seen
    return (StepProgress.DONE, "") if moved else (StepProgress.LEFT, "untried")


def _inputs(name: str, lane: Lane, known: SetupFacts) -> _Found:
    if lane.inputs is None or lane.signals is None:
        return StepProgress.CHOICE, ""
    if lane.inputs.kind == SIMULATED:
        return StepProgress.LEFT, ""
    if known.devices.get(f"{name}/inputs") not in WORKING:
        return StepProgress.WRONG, ""
    unseen = [one for one in lane.signals.wired if observed(name, StepCode.INPUTS, one) not in known.seen]
    return (StepProgress.LEFT, "unseen") if unseen else (StepProgress.DONE, "")


def _outputs(name: str, lane: Lane, known: SetupFacts) -> _Found:
    there = outputs_of(lane)
    if not there:
        return StepProgress.CHOICE, ""
    return _done(all(observed(name, StepCode.OUTPUTS, one) in known.seen for one in there))


def outputs_of(lane: Lane) -> list[str]:
    """What tells the driver something in a lane: its lamps, signs and loudspeaker, by names that stay."""
    lamps = [lamp for lamp in ("red", "green") if getattr(lane.barrier, f"{lamp}_channel") is not None]
    return [*lamps, *(sign.id for sign in lane.signs), *([] if lane.voice is None else ["voice"])]


def _cameras(name: str, lane: Lane, known: SetupFacts) -> _Found:
    if not lane.cameras or any(camera.kind == SIMULATED for camera in lane.cameras):
        return StepProgress.LEFT, ""
    if any(known.devices.get(f"{name}/{camera.id}") not in WORKING for camera in lane.cameras):
        return StepProgress.WRONG, ""
    return StepProgress.DONE, ""


def _aim(_name: str, lane: Lane, _known: SetupFacts) -> _Found:
    whole = [camera for camera in lane.cameras if "plate" in camera.readers and not camera.zone]
    return (StepProgress.CHOICE, "") if whole or not lane.cameras else (StepProgress.DONE, "")


def _vehicle(name: str, _lane: Lane, known: SetupFacts) -> _Found:
    return _done(name in known.passed)


def _safety(name: str, _lane: Lane, known: SetupFacts) -> _Found:
    return _done(observed(name, StepCode.SAFETY) in known.seen)


def _done(done: bool) -> _Found:
    return (StepProgress.DONE if done else StepProgress.LEFT), ""


_OF_SETTINGS: Final[Mapping[StepCode, Callable[[Settings, str, SetupFacts], _Found]]] = {
    StepCode.GATE: _gate,
    StepCode.NETWORK: _network,
    StepCode.TIME: _clock,
    StepCode.TRUST: _trust,
    StepCode.CENTRAL: _central,
    StepCode.PRACTICE: _practice,
}
_OF_LANE: Final[Mapping[StepCode, Callable[[str, Lane, SetupFacts], _Found]]] = {
    StepCode.BOARD: _board,
    StepCode.INPUTS: _inputs,
    StepCode.OUTPUTS: _outputs,
    StepCode.CAMERAS: _cameras,
    StepCode.AIM: _aim,
    StepCode.VEHICLE: _vehicle,
    StepCode.SAFETY: _safety,
}
