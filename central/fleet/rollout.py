"""A roll-out as a state and steps: what to do next, by the plan, by what gates say, and by the time."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel, ConfigDict

from agent.core.fleet import DocumentState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from central.fleet.gate_reports import GateWord
    from central.fleet.rollout_plan import RolloutPlan, StopRules


class RolloutPhase(StrEnum):
    """Where a roll-out stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class RolloutState(BaseModel):
    """What is kept of a roll-out. Times are Unix seconds. `stage`: -1 before the first.

    `signed`: the document of the stage, the same bytes each time it is sent; `sent`: it is at every broker.
    `settled_at`: since when all gates of the stage have answered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    place: str
    digest: str
    phase: RolloutPhase = RolloutPhase.RUNNING
    stage: int = -1
    version: int = 0
    signed: str = ""
    sent: bool = False
    began_at: float = 0.0
    settled_at: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class StageCount:
    """How the gates of a stage stand with the document.

    `unfinished`: those that were busy with it when the roll-out ended, and of which nothing was heard since.
    """

    applied: tuple[str, ...]
    failed: tuple[str, ...]
    busy: tuple[str, ...]
    silent: tuple[str, ...]
    unfinished: tuple[str, ...] = ()

    @property
    def meant(self) -> int:
        """How many gates the stage has."""
        return sum(len(gates) for gates in astuple(self))


@dataclass(frozen=True, slots=True)
class SignNext:
    """Sign the document of this stage with this version, keep it, then send it."""

    stage: int
    version: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send the signed document that is kept, to every site."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class End:
    """The roll-out is over."""


Action: TypeAlias = SignNext | Send | Wait | End


def count_stage(plan: RolloutPlan, state: RolloutState, words: Mapping[str, GateWord], groups: Groups) -> StageCount:
    """How the gates stand that have the document by the stage of now."""
    found: dict[str, list[str]] = {field.name: [] for field in fields(StageCount)}
    for gate in plan.meant(state.stage, groups) if state.stage >= 0 else ():
        found[_standing(words.get(gate), state)].append(gate)
    return StageCount(**{name: tuple(gates) for name, gates in found.items()})


def step(
    plan: RolloutPlan, state: RolloutState, words: Mapping[str, GateWord], groups: Groups, utc: float
) -> tuple[RolloutState, Action]:
    """The state and what to do now. `words`, `groups`: what gates say. `utc`: Unix seconds, now."""
    if state.phase is not RolloutPhase.RUNNING:
        return state, End()
    if state.stage < 0:
        return _next_stage(plan, state, words, utc)
    if not state.sent:
        return state, Send()
    count = count_stage(plan, state, words, groups)
    waited_s = utc - state.began_at
    if why := _why_stop(plan, count, waited_s):
        return state.model_copy(update={"phase": RolloutPhase.STOPPED, "why": why}), End()
    rules = plan.file.stop
    if (count.busy and waited_s < rules.busy_s) or (count.silent and waited_s < rules.answer_s):
        return state.model_copy(update={"settled_at": None}), Wait(_waits_for(count, rules, state.began_at))
    return _after_settled(plan, state, words, utc)


def _after_settled(
    plan: RolloutPlan, state: RolloutState, words: Mapping[str, GateWord], utc: float
) -> tuple[RolloutState, Action]:
    """Every gate of the stage has answered, or has had its time."""
    settled_at = utc if state.settled_at is None else state.settled_at
    state = state.model_copy(update={"settled_at": settled_at})
    soak_s = plan.stages[state.stage].soak_s
    if utc - settled_at < soak_s:
        return state, Wait(f"the stage soaks for {soak_s} s")
    if state.stage == len(plan.stages) - 1:
        return state.model_copy(update={"phase": RolloutPhase.DONE}), End()
    return _next_stage(plan, state, words, utc)


def _next_stage(
    plan: RolloutPlan, state: RolloutState, words: Mapping[str, GateWord], utc: float
) -> tuple[RolloutState, Action]:
    window = plan.file.window
    if window is not None and not window.holds(utc):
        return state, Wait(f"the next stage begins between {window.begin} and {window.end} UTC")
    version = max([state.version, *(word.version for word in words.values())]) + 1
    return state, SignNext(state.stage + 1, version)


def begun_stage(state: RolloutState, action: SignNext, signed: str, utc: float) -> RolloutState:
    """The state once the document of a stage is signed. To be kept before it is sent."""
    changes = {
        "stage": action.stage,
        "version": action.version,
        "signed": signed,
        "sent": False,
        "began_at": utc,
        "settled_at": None,
    }
    return state.model_copy(update=changes)


def _standing(word: GateWord | None, state: RolloutState) -> str:
    if word is None or word.digest != state.digest:
        return "applied" if word is not None and word.in_force == state.digest else "silent"
    match word.state:
        case DocumentState.APPLIED:
            return "applied"
        case DocumentState.REFUSED | DocumentState.UNDONE:
            return "failed"
        case DocumentState.WAITING | DocumentState.TRIAL | DocumentState.FETCHING | DocumentState.INSTALLING:
            return "busy" if state.phase is RolloutPhase.RUNNING else "unfinished"


def _waits_for(count: StageCount, rules: StopRules, began_at: float) -> str:
    waiting = len(count.busy) + len(count.silent)
    busy = f", {len(count.busy)} of them busy with the document" if count.busy else ""
    until = datetime.fromtimestamp(began_at + (rules.busy_s if count.busy else rules.answer_s), UTC)
    return f"{waiting} of {count.meant} gates have no result yet{busy}; waiting until {until:%Y-%m-%d %H:%M} UTC"


def _why_stop(plan: RolloutPlan, count: StageCount, waited_s: float) -> str:
    rules, meant, failed = plan.file.stop, max(1, count.meant), len(count.failed)
    if failed > rules.most_failed or 100 * failed / meant > rules.most_failed_percent:
        return f"{failed} of {count.meant} gates refused or undid the document: {_names(count.failed)}"
    silent = count.silent if waited_s >= rules.answer_s else ()
    busy = count.busy if waited_s >= rules.busy_s else ()
    if 100 * (len(silent) + len(busy)) / meant <= rules.most_silent_percent:
        return ""
    told = [f"{len(silent)} of {count.meant} gates said nothing in {rules.answer_s} s: {_names(silent)}"] * bool(silent)
    told += [f"{len(busy)} of {count.meant} gates are still busy after {rules.busy_s} s: {_names(busy)}"] * bool(busy)
    return "; ".join(told)


def _names(gates: tuple[str, ...]) -> str:
    return ", ".join(gates[:_SHOWN])


_SHOWN = 10
Groups: TypeAlias = "Mapping[str, tuple[str, ...]]"
