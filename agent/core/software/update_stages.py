"""The stages of an update that root's helper carries out. It records each stage before the work begins.

    keeping -> unpacking -> resting -> configuring -> trial -> applied
    from unpacking on, where something fails: going_back -> undone

After a power cut in any stage, the helper repeats the work of that stage at the next start. Each stage can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.detail import Detail, DetailMessage, WithDetail
from agent.core.fleet import DocumentFault, TimeWindow
from drivers.text import Text, joined, shortened

MOST_ATTEMPTS: Final = 3
"""So often the work of one stage is begun: what cuts it off each time may be the new version's doing."""
LONGEST_DETAIL: Final = 1_000


class UpdateStage(StrEnum):
    """What is being done.

    KEEPING: a package of what is installed is made, to go back to. UNPACKING: dpkg unpacks the new one; the old one
    runs on. RESTING: waits for a moment without a vehicle. CONFIGURING: the old one is stopped, the new one started.
    TRIAL: it must be up, and connected where the old one was. GOING_BACK: the kept package is installed.
    """

    KEEPING = "keeping"
    UNPACKING = "unpacking"
    RESTING = "resting"
    CONFIGURING = "configuring"
    TRIAL = "trial"
    GOING_BACK = "going_back"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class UpdateRecord(WithDetail, _Kept):
    """The update that is under way, as it is kept. `identity`: SHA-256, in hex, of the signed document.

    `version`, `before`: of the packages, the new one and the one of now. `connected`: whether the agent was, before.
    `attempts`: how often the work of this stage was begun. `code`, `detail`: why it goes back. `message`: what `detail`
    was made of, where the record was read from the disk; a text has its own.
    """

    form: Literal[1] = 1
    identity: str
    version: str
    before: str
    connected: bool
    rest_s: int
    trial_s: int
    steady_s: int
    window: TimeWindow | None = None
    stage: UpdateStage = UpdateStage.KEEPING
    attempts: int = 0
    code: DocumentFault | None = None
    detail: Detail = ""
    message: DetailMessage = None


class UpdateOutcome(WithDetail, _Kept):
    """How an update ended. `applied`: the new version runs. `utc`: when, Unix seconds. `message`: as of the record."""

    identity: str
    version: str
    applied: bool
    code: DocumentFault | None = None
    detail: Detail = Field(default="", max_length=LONGEST_DETAIL)
    message: DetailMessage = None
    utc: float = 0.0


def entered(record: UpdateRecord) -> UpdateRecord | UpdateOutcome:
    """The work of the stage begins, or begins again after it was cut off: to be written before it does.

    Where it was cut off too often the update goes back; where that is what was cut off, it ends there.
    """
    if record.stage is UpdateStage.RESTING or record.attempts < MOST_ATTEMPTS:
        return record.model_copy(update={"attempts": record.attempts + 1})
    detail = Text("it was cut off {count} times while {stage}", count=MOST_ATTEMPTS, stage=record.stage)
    if record.stage is UpdateStage.KEEPING:
        return _ended(record, DocumentFault.CUT_OFF, str(detail))
    if record.stage is UpdateStage.GOING_BACK:
        return _ended(record, DocumentFault.NOT_RESTORED, _both(record.detail, detail))
    return entered(_back(record, DocumentFault.CUT_OFF, str(detail)))


def after_stage(
    record: UpdateRecord, code: DocumentFault | None = None, detail: str = "", *, untouched: bool = False
) -> UpdateRecord | UpdateOutcome:
    """What follows once the work of a stage is done, or has failed with a code.

    `untouched`: what failed has changed nothing, so there is nothing to go back from.
    """
    stage = record.stage
    if code is None:
        return _done(record) if stage in _LAST else _to(record, _NEXT[stage])
    if stage is UpdateStage.KEEPING or (stage is UpdateStage.UNPACKING and untouched):
        return _ended(record, code, detail)
    if stage is not UpdateStage.GOING_BACK:
        return _back(record, code, detail)
    if record.attempts < MOST_ATTEMPTS:
        return record
    return _ended(record, DocumentFault.NOT_RESTORED, _both(record.detail, detail))


_LAST: Final = frozenset({UpdateStage.TRIAL, UpdateStage.GOING_BACK})
_NEXT: Final = {
    UpdateStage.KEEPING: UpdateStage.UNPACKING,
    UpdateStage.UNPACKING: UpdateStage.RESTING,
    UpdateStage.RESTING: UpdateStage.CONFIGURING,
    UpdateStage.CONFIGURING: UpdateStage.TRIAL,
}


def overtaken(record: UpdateRecord, installed: str) -> UpdateOutcome | None:
    """How an update ends where somebody has installed another version meanwhile: that one is left alone; None: nobody.

    `installed`: the version of the package, as dpkg has it.
    """
    if record.stage is UpdateStage.KEEPING or installed in {record.version, record.before}:
        return None
    detail = Text("version {version} was installed manually meanwhile", version=installed)
    return _ended(record, DocumentFault.NOT_INSTALLED, str(detail))


def may_configure(record: UpdateRecord, *, at_rest: bool, rested_s: float, utc: float) -> bool:
    """Whether the old version may be stopped. The agent says "not now" for `rest_s` at most, within the window.

    `rested_s`: for how long it was waited within the window. `utc`: Unix seconds.
    """
    within = record.window is None or record.window.holds(utc)
    return within and (at_rest or rested_s >= record.rest_s)


@dataclass(frozen=True, slots=True)
class TrialSigns:
    """How the new version is. `up`: the service is ready. `connected`: the agent says so."""

    up: bool
    connected: bool


def judged_signs(
    record: UpdateRecord, signs: TrialSigns, since: float | None, began: float, at: float
) -> tuple[float | None, DocumentFault | None, str]:
    """Since when the new version has been well, None: it is not; and why it has failed, None: it has not.

    It has proved itself once it was well for `steady_s`. Times are monotonic seconds; `began`: when the trial did.
    """
    if signs.up and (signs.connected or not record.connected):
        return (at if since is None else since), None, ""
    if at - began < record.trial_s:
        return None, None, ""
    if not signs.up:
        why = Text("version {version} was not ready within {limit} s", version=record.version, limit=record.trial_s)
        return None, DocumentFault.NOT_STARTED, str(why)
    return None, DocumentFault.NOT_CONNECTED, str(_not_connected(record))


def _not_connected(record: UpdateRecord) -> Text:
    return Text("no connection to a broker of central within {limit} s", limit=record.trial_s)


def _to(record: UpdateRecord, stage: UpdateStage) -> UpdateRecord:
    return record.model_copy(update={"stage": stage, "attempts": 0})


def _back(record: UpdateRecord, code: DocumentFault, detail: str) -> UpdateRecord:
    return _to(record, UpdateStage.GOING_BACK).model_copy(
        update={"code": code, "detail": shortened(detail, LONGEST_DETAIL), "message": None}
    )


def _done(record: UpdateRecord) -> UpdateOutcome:
    if record.stage is UpdateStage.GOING_BACK:
        ended = _ended(record, record.code or DocumentFault.NOT_STARTED, record.detail)
        return ended.model_copy(update={"message": record.message})
    return UpdateOutcome(identity=record.identity, version=record.version, applied=True)


def _both(first: str, second: str) -> Text:
    return joined([words for words in (first, second) if words], " ")


def _ended(record: UpdateRecord, code: DocumentFault, detail: str) -> UpdateOutcome:
    return UpdateOutcome(
        identity=record.identity,
        version=record.version,
        applied=False,
        code=code,
        detail=shortened(detail, LONGEST_DETAIL),
    )
