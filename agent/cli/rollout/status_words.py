"""How a roll-out stands, in words: its stage, how many gates stand how, and the last report of each."""

from __future__ import annotations

from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.core.fleet import DocumentState
from agent.i18n.recorded import recorded_text
from central.fleet import RolloutPhase, count_stage
from drivers.text import Text, joined, pgettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from central.fleet import GateReports, GateWord, RolloutPlan, RolloutState

_PHASES: Final[Mapping[RolloutPhase, Text]] = MappingProxyType(
    {
        RolloutPhase.RUNNING: pgettext("roll-out", "running"),
        RolloutPhase.STOPPED: pgettext("roll-out", "stopped"),
        RolloutPhase.DONE: pgettext("roll-out", "done"),
    }
)
_COUNTS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "applied": pgettext("gates of a roll-out", "applied"),
        "failed": pgettext("gates of a roll-out", "failed"),
        "busy": pgettext("gates of a roll-out", "busy"),
        "silent": pgettext("gates of a roll-out", "silent"),
        "unfinished": pgettext("gates of a roll-out", "unfinished"),
    }
)
_STATES: Final[Mapping[DocumentState, Text]] = MappingProxyType(
    {
        DocumentState.REFUSED: pgettext("state of a fleet document", "refused"),
        DocumentState.WAITING: pgettext("state of a fleet document", "waiting"),
        DocumentState.TRIAL: pgettext("state of a fleet document", "trial"),
        DocumentState.APPLIED: pgettext("state of a fleet document", "applied"),
        DocumentState.UNDONE: pgettext("state of a fleet document", "undone"),
        DocumentState.FETCHING: pgettext("state of a fleet document", "fetching"),
        DocumentState.INSTALLING: pgettext("state of a fleet document", "installing"),
    }
)


def status_lines(plan: RolloutPlan, state: RolloutState, reports: GateReports) -> Iterator[Text]:
    """A line for each."""
    yield Text(
        "{name}: {phase}, stage {stage} of {stages}, version {version}",
        name=state.name,
        phase=_PHASES[state.phase],
        stage=state.stage + 1,
        stages=len(plan.stages),
        version=state.version,
    )
    if state.why:
        yield Text("why: {why}", why=state.why)
    count = count_stage(plan, state, reports.words, reports.groups)
    for name, gates in asdict(count).items():
        yield joined([_COUNTS[name], str(len(gates))], ": ")
    if count.unfinished:
        yield Text(
            "unfinished gates had no result yet when the roll-out ended; `fleet apply` with the same plan asks again"
        )
    for gate in plan.file.gates:
        if word := reports.words.get(gate):
            yield joined(("  ", _of_gate(gate, word)), "")


def _of_gate(gate: str, word: GateWord) -> Text:
    state = Text("{gate}: version {version} {state}", gate=gate, version=word.version, state=_STATES[word.state])
    if not word.code:
        return state
    why = recorded_text(word.detail, word.message)
    return Text("{state} ({code}): {why}", state=state, why=why or word.code, code=word.code)
