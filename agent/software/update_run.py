"""An update carried out by root's helper, a stage at a time; each is on the disk before its work begins."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.core.fleet import DocumentFault
from agent.core.software import (
    TrialSigns,
    UpdateOutcome,
    UpdateRecord,
    UpdateStage,
    after_stage,
    entered,
    judged_signs,
    may_configure,
    overtaken,
)
from agent.software.dpkg import DpkgBusyError, DpkgError
from agent.software.kept_package import NotWholeError, keep_installed
from agent.software.update_files import KEPT, PACKAGE, STAGING
from drivers.text import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.core.model import Instant
    from agent.software.dpkg import Dpkg
    from agent.software.update_files import UpdateFiles

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
AGAIN_S: Final = 10.0
"""Before going back is tried again."""
WORD_S: Final = 15.0
"""For so long what the agent said counts; it says it every few seconds."""


class UpdateRun:
    """The update that is under way. Methods may raise OSError: the disk does not take what must be written.

    `is_up`: whether the service is ready. `now` reads the clocks. `root`: of the file system that dpkg speaks of.
    """

    def __init__(
        self,
        files: UpdateFiles,
        dpkg: Dpkg,
        is_up: Callable[[], bool],
        now: Callable[[], Instant],
        root: Path,
    ) -> None:
        self._files, self._dpkg, self._is_up, self._now, self._root = files, dpkg, is_up, now, root
        self.outcome = files.outcome()
        self.record = files.record()
        if self.record is not None and self.outcome is not None and self.outcome.identity == self.record.identity:
            files.clear()  # the power went between the two
            self.record = None
        self._entered = False
        self._said: tuple[float, bool, bool] | None = None
        self._rested_s = 0.0
        self._looked_at: float | None = None
        self._began_at = 0.0
        self._steady_since: float | None = None

    def begin(self, record: UpdateRecord) -> None:
        """Have an update under way; what it needs lies in the folder."""
        log.info("update from %s to %s begins", record.before, record.version)
        self._keep(record)

    def heard(self, *, at_rest: bool, connected: bool) -> None:
        """The agent has said how it is.

        It is believed only as to when the old version is stopped, and whether the new one is connected.
        """
        self._said = (self._now().at, at_rest, connected)
        if self.record is not None and self.record.stage is UpdateStage.RESTING and self._entered:
            self._rest(self.record)  # the answer says whether the old version is stopped now

    def go_on(self) -> float | None:
        """Do what can be done now. Returns the seconds until there may be more to do; None: nothing is under way."""
        record = self.record
        if record is None:
            return None
        if not self._entered:
            self._enter(record)
            return 0.0
        match record.stage:
            case UpdateStage.RESTING:
                return self._rest(record)
            case UpdateStage.TRIAL:
                return self._try(record)
            case UpdateStage.KEEPING | UpdateStage.UNPACKING | UpdateStage.CONFIGURING | UpdateStage.GOING_BACK:
                return self._work(record)

    # ---------------------------------------------------------------------------------------------------- the stages

    def _enter(self, record: UpdateRecord) -> None:
        found = self._overtaken(record) or entered(record)
        if isinstance(found, UpdateOutcome):
            self._end(found)
            return
        self._keep(found)
        self._entered = True
        self._began_at, self._steady_since = self._now().at, None
        self._rested_s, self._looked_at = 0.0, None
        if found.stage is not UpdateStage.TRIAL:
            self._said = None

    def _work(self, record: UpdateRecord) -> float:
        code, detail, untouched = None, "", False
        try:
            self._do(record)
        except DpkgBusyError as error:
            return self._wait_for_others(record, str(error))
        except (DpkgError, NotWholeError) as error:
            code, detail = _FAULTS[record.stage], str(error)
        except OSError as error:
            code, detail = DocumentFault.NO_ROOM, str(reason(error))
        if code is not None:
            log.error("update to %s: %s: %s", record.version, record.stage, detail)
            untouched = self._is_as_before(record)
        self._follow(after_stage(record, code, detail, untouched=untouched))
        return AGAIN_S if self.record == record else 0.0

    def _wait_for_others(self, record: UpdateRecord, why: str) -> float:
        """Nothing was done, and the stage is begun again later. The gate does not stand still meanwhile."""
        log.warning("update to %s waits: %s", record.version, why)
        stage = UpdateStage.RESTING if record.stage is UpdateStage.CONFIGURING else record.stage
        self._keep(record.model_copy(update={"stage": stage, "attempts": max(0, record.attempts - 1)}))
        return AGAIN_S

    def _do(self, record: UpdateRecord) -> None:
        path = self._files.path
        match record.stage:
            case UpdateStage.KEEPING:
                keep_installed(self._dpkg, path / STAGING, path / KEPT, self._root)
            case UpdateStage.UNPACKING:
                self._dpkg.unpack(path / PACKAGE)
            case UpdateStage.CONFIGURING:
                # Configured already where the power went just after it, and dpkg takes that for a mistake.
                if self._dpkg.status() != ("installed", record.version):
                    self._dpkg.configure()
            case UpdateStage.GOING_BACK:
                why = f"update to {record.version} undone: {record.code}"
                self._dpkg.go_back(path / KEPT, why)
            case UpdateStage.RESTING | UpdateStage.TRIAL:
                raise AssertionError(record.stage)

    def _rest(self, record: UpdateRecord) -> float:
        moment = self._now()
        if self._looked_at is not None and (record.window is None or record.window.holds(moment.utc)):
            self._rested_s += moment.at - self._looked_at
        self._looked_at = moment.at
        at_rest = self._word(1)
        if not may_configure(record, at_rest=at_rest, rested_s=self._rested_s, utc=moment.utc):
            return LOOK_S
        if not at_rest:
            log.warning("the gate has reported for %d s that it is not at rest: the update continues", record.rest_s)
        self._follow(after_stage(record))
        return 0.0

    def _try(self, record: UpdateRecord) -> float:
        at = self._now().at
        signs = TrialSigns(up=self._is_up(), connected=self._word(2))
        self._steady_since, code, detail = judged_signs(record, signs, self._steady_since, self._began_at, at)
        if code is not None:
            log.error("update to %s failed: %s", record.version, detail)
            self._follow(after_stage(record, code, detail))
            return 0.0
        if self._steady_since is not None and at - self._steady_since >= record.steady_s:
            self._follow(after_stage(record))
            return 0.0
        return LOOK_S

    def _word(self, which: int) -> bool:
        """What the agent said of late: 1, that it is at rest; 2, that it is connected."""
        said = self._said
        return said is not None and self._now().at - said[0] <= WORD_S and bool(said[which])

    def _overtaken(self, record: UpdateRecord) -> UpdateOutcome | None:
        try:
            return overtaken(record, self._dpkg.status()[1])
        except DpkgError:
            return None

    def _is_as_before(self, record: UpdateRecord) -> bool:
        try:
            return self._dpkg.status() == ("installed", record.before)
        except DpkgError:
            return False

    # -------------------------------------------------------------------------------------------------- what is kept

    def _follow(self, found: UpdateRecord | UpdateOutcome) -> None:
        if isinstance(found, UpdateOutcome):
            self._end(found)
        else:
            self._keep(found)

    def _keep(self, record: UpdateRecord) -> None:
        self._files.keep(record)
        self.record, self._entered = record, False

    def _end(self, outcome: UpdateOutcome) -> None:
        outcome = outcome.model_copy(update={"utc": self._now().utc})
        self._files.end(outcome)
        self.outcome, self.record, self._entered = outcome, None, False
        log.log(
            logging.INFO if outcome.applied else logging.ERROR,
            "update to %s %s",
            outcome.version,
            "applied" if outcome.applied else f"undone ({outcome.code}): {outcome.detail}",
        )


_FAULTS: Final = {
    UpdateStage.KEEPING: DocumentFault.NOT_INSTALLED,
    UpdateStage.UNPACKING: DocumentFault.NOT_INSTALLED,
    UpdateStage.CONFIGURING: DocumentFault.NOT_STARTED,
    UpdateStage.GOING_BACK: DocumentFault.NOT_RESTORED,
}
