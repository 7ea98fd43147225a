"""Whether a fleet document on trial has proved itself, or is to be undone: not connected, or not whole, in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.fleet.document import read_signed
from agent.core.fleet.refusals import DocumentFault
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.fleet.held_documents import Trial


@dataclass(frozen=True, slots=True)
class TrialView:
    """How the gate is while a document is on trial. `up`: its devices that are; `known`: all that it has."""

    connected: bool
    whole: bool
    up: frozenset[str]
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """`steady_since`: since when the gate is whole and connected; None: it is not. `code` None and not `good`: wait."""

    steady_since: float | None
    good: bool = False
    code: DocumentFault | None = None
    detail: str = ""


def judged_trial(trial: Trial, view: TrialView, steady_since: float | None, at: float) -> TrialVerdict:
    """Whether a document has proved itself, has failed, or has time yet. `at`: monotonic seconds."""
    document = read_signed(trial.signed)[0].document
    lost = sorted((frozenset(trial.was_up) & view.known) - view.up)
    is_whole = (view.whole or not trial.was_whole) and not lost
    if view.connected and is_whole:
        since = at if steady_since is None else steady_since
        return TrialVerdict(since, good=at - since >= document.steady_s)
    if at - trial.began_at < document.trial_s:
        return TrialVerdict(None)
    if not view.connected:
        detail = Text("no connection to a broker of central within {limit} s", limit=document.trial_s)
        return TrialVerdict(None, code=DocumentFault.NOT_CONNECTED, detail=detail)
    what = Text("the state of the gate is not complete")
    if lost:
        what = Text("{devices} was up before, and is not now", devices=", ".join(lost))
    detail = Text("within {limit} s: {what}", limit=document.trial_s, what=what)
    return TrialVerdict(None, code=DocumentFault.NOT_WHOLE, detail=detail)
