"""What the agent does about its trust anchors while it runs.

Records every change of them, reloads the configuration when they change, and asks for the seal after the first real
vehicle.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.anchors.helper_client import HelperUnreachableError, ask_helper
from agent.anchors.kept_file import keep_file
from agent.anchors.store import CHANGES, FILE, AnchorChange, recorded_changes
from agent.anchors.waiting_proposal import WaitingProposal
from agent.core.anchors import AnchorRefusedError, SealRequest, differences, sealed
from agent.core.events import AnchorRecord, AnchorsChanged, ConsoleActed, TransactionClosed
from agent.core.model import Outcome, ReportOnce
from agent.service.worker import Worker
from agent.settings import AnchorsUnusableError, read_anchors
from agent.store.durable_files import open_regular
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from agent.core.anchors import ChangeRequest, HeldAnchors, HelperAnswer
    from agent.core.events import Draft, Event

log = logging.getLogger(__name__)

EVERY_S: Final = 10.0
LIMIT_S: Final = 60.0
SEEN: Final = "anchors-seen.json"
UNKNOWN: Final = "unknown"
_LIMIT_BYTES: Final = 4096
_PASSED: Final = frozenset({Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION})


@dataclass(frozen=True, slots=True)
class AnchorFollowerDependencies:
    """What the follower stands on. `folder`: of the anchors. `state`: the agent's own directory.

    `running`: the anchors that the agent runs with. `overruled`: their keys that its configuration would set otherwise.
    `real_lanes`: the lanes that move something real. `note` records an event; `reload` has the configuration read
    again. `utc`: Unix seconds. `ask`: asks the helper. `owner`: whose the anchors must be.
    """

    folder: Path
    state: Path
    running: HeldAnchors | None
    overruled: tuple[str, ...]
    real_lanes: frozenset[str]
    note: Callable[[Event], None]
    utc: Callable[[], float]
    reload: Callable[[], None]
    ask: Callable[[ChangeRequest | SealRequest], HelperAnswer] = ask_helper
    owner: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Up to which change all are recorded, and the anchors after it."""

    number: int = 0
    digest: str = ""
    sealed: bool = False


class AnchorFollower:
    """Looks every `EVERY_S` seconds. `waiting`: the proposal that waits. `ask`: asks the helper, and waits for it."""

    def __init__(self, dependencies: AnchorFollowerDependencies) -> None:
        self._dependencies = dependencies
        self._held = dependencies.running
        self.waiting = WaitingProposal(dependencies.state)
        self.ask = dependencies.ask
        self._looked_at: tuple[tuple[int, int], ...] | None = None
        self._unexplained: _Seen | None = None
        self._has_vehicle = False
        self._asked_for = "" if dependencies.running is None else dependencies.running.digest
        self._reported = ReportOnce()
        self.worker = Worker("anchors", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Start to look."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time; whether it has."""
        return self.worker.stop()

    def on_recorded(self, drafts: Sequence[Draft]) -> None:
        """These events were recorded. Never blocks."""
        real = self._dependencies.real_lanes
        for draft in drafts:
            if isinstance(draft.event, TransactionClosed) and draft.lane in real and draft.event.outcome in _PASSED:
                self._has_vehicle = True

    def status(self) -> Mapping[str, object]:
        """What birth and status say of the anchors; empty: the gate has none of its own yet. For all threads."""
        held = self._held
        if held is None:
            return {}
        overruled = list(self._dependencies.overruled)
        return {"number": held.number, "sealed": held.sealed, "digest": held.digest, "overruled": overruled}

    def read(self) -> HeldAnchors | None:
        """The anchors as they are on the disk now; None: the gate has none of its own. Raises AnchorsUnusableError."""
        file = read_anchors(self._dependencies.folder, self._dependencies.owner)
        return None if file is None else file.held

    def look(self) -> None:
        """Record what has changed, and do what follows from it."""
        standing = _standing(self._dependencies.folder)
        if standing != self._looked_at and not self._look_anew():
            return
        self._looked_at = standing
        try:
            self._tell_expired(self._held)
        except OSError as error:
            self._complain("a proposal of other trust anchors cannot be put away: %s", error)
        if self._held is not None:
            self._seal(self._held)

    def _look_anew(self) -> bool:
        """Read the anchors, record what has changed and have it taken; False: that has to be done again."""
        dependencies = self._dependencies
        try:
            held = self._held = self.read()
        except AnchorsUnusableError as error:
            self._complain("the trust anchors cannot be looked at: %s", error)
            return False
        changes: tuple[AnchorChange, ...] = ()
        try:
            changes = recorded_changes(dependencies.folder)
        except (OSError, ValueError) as error:  # the anchors count all the same, and a change is told without its note
            self._complain("the notes on changes of trust anchors cannot be read: %s", error)
        digest = "" if held is None else held.digest
        if digest != self._asked_for:
            self._asked_for = digest
            dependencies.reload()
        try:
            return self._record(held, changes)
        except OSError as error:
            self._complain("what is recorded of the trust anchors cannot be kept: %s", error)
            return False

    def _run(self) -> None:
        while True:
            self.look()
            if self.worker.wait(EVERY_S):
                return

    def _record(self, held: HeldAnchors | None, changes: Sequence[AnchorChange]) -> bool:
        """Make an event of each change that has none yet. After a crash in between there are two, never none.

        False: the anchors are others and no note says why yet, which is written just after them: look again. Anchors
        that are gone leave their number behind: those that follow them are others.
        """
        path = self._dependencies.state / SEEN
        seen = _read(path)
        now = _Seen(seen.number, "", seen.sealed) if held is None else _Seen(held.number, held.digest, held.sealed)
        new = _not_seen(changes, seen, now)
        if new:
            is_explained = new[-1].digest == now.digest
        else:
            is_explained = (now.number, now.digest) == (seen.number, seen.digest) and now.sealed >= seen.sealed
        if not is_explained and self._unexplained != now:
            self._unexplained = now
            return False
        for one in new:
            self._dependencies.note(_event(one))
        if not is_explained:  # somebody wrote the file himself
            number, anchors = (0, ()) if held is None else (held.number, differences(None, held))
            change = AnchorChange(number, 0.0, UNKNOWN, (), "the file was changed by hand", anchors, now.digest)
            self._dependencies.note(_event(change))
        if now != seen:
            told = {"number": now.number, "digest": now.digest, "sealed": now.sealed}
            keep_file(path, json.dumps(told).encode())
        self._unexplained = None
        return True

    def _tell_expired(self, held: HeldAnchors | None) -> None:
        over = self.waiting.pop_over(held, self._dependencies.utc())
        if over is not None:
            detail = Text("{cause}: no one confirmed it in time", cause=over.document.cause)
            self._dependencies.note(
                ConsoleActed(person=over.person, role="", address="", act="anchors.expired", detail=detail, done=False)
            )

    def _seal(self, held: HeldAnchors) -> None:
        if held.sealed or not self._has_vehicle:
            return
        try:
            sealed(held)
        except AnchorRefusedError as error:  # so would the helper refuse it, each time until the anchors are others
            self._complain("the trust anchors are not sealed: %s", error)
            return
        try:
            answer = self._dependencies.ask(SealRequest())
        except HelperUnreachableError as error:
            self._complain("the trust anchors cannot be sealed: %s", error)
            return
        if answer.done:
            log.info("the trust anchors are sealed: a real vehicle has been here")
        else:
            self._complain("the trust anchors are not sealed: %s", answer.why)

    def _complain(self, message: str, why: object) -> None:
        if self._reported.is_new(f"{message}{why}"):
            log.warning(message, why)


def _not_seen(changes: Sequence[AnchorChange], seen: _Seen, now: _Seen) -> Sequence[AnchorChange]:
    """The changes that have no event yet.

    If root deleted the anchors and their notes and adopted again, the numbers start lower than before. Then no note has
    an event yet.
    """
    if now.number < seen.number:
        is_anew = bool(changes) and (changes[-1].number, changes[-1].digest) == (now.number, now.digest)
        return changes if is_anew else ()
    return [one for one in changes if (one.number, one.authority == "seal") > (seen.number, seen.sealed)]


def _standing(folder: Path) -> tuple[tuple[int, int], ...]:
    """What is another whenever content, name, owner or rights of the folder or its files are."""
    found = []
    for path in (folder, folder / FILE, folder / CHANGES):
        try:
            status = path.stat()
        except OSError:
            found.append((0, 0))
        else:
            found.append((status.st_ino, status.st_ctime_ns))
    return tuple(found)


def _event(change: AnchorChange) -> AnchorsChanged:
    return AnchorsChanged(
        number=change.number,
        authority=change.authority,
        by=change.by,
        cause=change.cause,
        anchors=tuple(AnchorRecord(key=one.key, before=one.before, after=one.after) for one in change.differences),
        digest=change.digest,
        changed_at=round(change.utc),
    )


def _read(path: Path) -> _Seen:
    """What was kept; nothing where it cannot be read: then changes are recorded once more."""
    try:
        with open_regular(path) as file:
            told = json.loads(file.read(_LIMIT_BYTES))
        return _Seen(int(told["number"]), str(told["digest"]), bool(told["sealed"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return _Seen()
