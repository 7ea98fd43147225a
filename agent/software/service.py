"""The agent's half of its own updates: what central orders is fetched, handed to root's helper, and reported.

One thread. It writes what becomes of a document into what the gate holds of fleet documents, which tells it.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.fleet import (
    DocumentFault,
    DocumentKind,
    DocumentRefusedError,
    DocumentState,
    in_layer_order,
    proven,
)
from agent.core.model import ReportOnce
from agent.core.software import BeginRequest, UpdateStage, WordRequest, chosen_package, parsed_order
from agent.i18n.recorded import recorded_text
from agent.service.worker import Worker
from agent.software.fetching import FetchStoppedError
from agent.software.helper_client import SoftwareHelperError
from agent.software.order_outcomes import OrderOutcomes
from agent.software.repository_source import SourceError
from agent.store.durable_files import open_regular
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.core.fleet import FleetRules, HeldFleet, SignedDocument
    from agent.core.model import Instant
    from agent.core.software import ChosenPackage, Machine, SoftwareAnswer, SoftwareOrder
    from agent.fleet import FleetStore
    from agent.software.fetching import Fetching

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
IDLE_S: Final = 5.0
AGAIN_S: Final = 60.0
LIMIT_S: Final = 300.0
STOP_S: Final = 2.0
FETCH_DAYS_S: Final = 86_400.0
"""For so long a package is asked for; then the document is refused, so that central hears of it."""
_BEFORE: Final = frozenset({UpdateStage.KEEPING, UpdateStage.UNPACKING, UpdateStage.RESTING})


@dataclass(frozen=True, slots=True)
class SoftwareDependencies:
    """What the service stands on. `rules`: whose documents are taken. `machine`: this machine; None: no package fits.

    `is_pending`: whether root's helper has an update under way, as its file says. `ask`: asks the helper. `reload` has
    the agent wait until no vehicle is under way, and then call `hand_over`. `trusted_utc`: Unix seconds; None: the
    clock is not trusted.
    """

    store: FleetStore
    rules: FleetRules
    machine: Callable[[], Machine | None]
    fetching: Callable[[Callable[[float], bool]], Fetching]
    is_pending: Callable[[], bool]
    ask: Callable[[BeginRequest | WordRequest, Sequence[int]], SoftwareAnswer]
    is_connected: Callable[[], bool]
    reload: Callable[[], None]
    now: Callable[[], Instant]
    trusted_utc: Callable[[], float | None]


class SoftwareService:
    """Looks after the software documents that the gate holds, from `start` to `stop`."""

    def __init__(self, dependencies: SoftwareDependencies) -> None:
        self._dependencies = dependencies
        self._reported = ReportOnce()
        self._wants_rest = threading.Event()
        self._failing_since: float | None = None
        self.worker = Worker("software", self._run, limit_s=LIMIT_S)
        self._fetching = dependencies.fetching(self._pause)
        self._outcomes = OrderOutcomes(dependencies.store, dependencies.now)

    def start(self) -> None:
        """Begin."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time; whether it has."""
        return self.worker.stop(STOP_S)

    def hand_over(self) -> bool:
        """No vehicle is under way, and none will be until the agent has ended: say so where an update waits for that.

        Whether the helper is about to stop the agent.
        """
        if not self._wants_rest.is_set():
            return False
        self._wants_rest.clear()
        answer = self._asked(WordRequest(at_rest=True, connected=self._dependencies.is_connected()))
        stops = answer is not None and answer.stage is UpdateStage.CONFIGURING
        log.info("no vehicle is under way, and the helper %s", "updates the agent now" if stops else "does not go on")
        return stops

    def look(self) -> float:
        """Go on with what is held; in how many seconds again."""
        try:
            return self._look()
        except OSError as error:
            if self._reported.is_new(str(error)):
                log.error("the software document cannot be continued: %s", reason(error))  # noqa: TRY400 - told
            return AGAIN_S

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self.worker.wait(self.look()):
            pass

    def _pause(self, for_s: float) -> bool:
        if for_s > 0:
            return self.worker.wait(for_s)
        self.worker.touch()
        return self.worker.stopping

    def _look(self) -> float:
        held = self._dependencies.store.held()
        found = self._wanted(held)
        if found is None:
            if self._dependencies.is_pending():
                self._word()
                return LOOK_S
            self._fetching.clear()
            return IDLE_S
        if held.trial is not None and not self._dependencies.is_pending():
            return LOOK_S  # a new start would cut the trial of the other document off
        try:
            order, machine = parsed_order(found.document.text), self._machine()
            return self._go_on(found, order, machine)
        except DocumentRefusedError as error:
            self._outcomes.refuse(found, error.fault, str(error))
            return LOOK_S

    def _wanted(self, held: HeldFleet) -> SignedDocument | None:
        """The narrowest document of software, where it waits. Wider ones have nothing to do: they count as done."""
        waiting = self._proven(held.waiting)
        if not waiting:
            return None
        groups = self._dependencies.rules.groups
        counts = in_layer_order([*self._proven(held.installed), *waiting], groups)[-1]
        for one in waiting:
            if one != counts:
                self._outcomes.done(one)
        return counts if counts in waiting else None

    def _proven(self, texts: Sequence[str]) -> list[SignedDocument]:
        found = []
        for text in texts:
            try:
                one = proven(text, self._dependencies.rules)
            except DocumentRefusedError as error:
                if self._reported.is_new(str(error), text):
                    log.warning("a waiting fleet document is no longer valid: %s", error)
                continue
            if one.document.kind is DocumentKind.SOFTWARE:
                found.append(one)
        return found

    def _machine(self) -> Machine:
        machine = self._dependencies.machine()
        if machine is None:
            raise DocumentRefusedError(
                DocumentFault.NOT_PACKAGED, Text("this agent was not installed from a package of Debian")
            )
        return machine

    def _go_on(self, found: SignedDocument, order: SoftwareOrder, machine: Machine) -> float:
        answer = self._word()
        if answer is not None and answer.stage is not None:
            return self._follow(found, order, answer)
        if self._dependencies.is_pending():
            return LOOK_S  # the helper is at work, or about to be started
        outcome = None if answer is None else answer.outcome
        if outcome is not None and outcome.identity == found.identity:
            self._outcomes.end(found, outcome)
            return LOOK_S
        chosen = chosen_package(order, machine)
        if chosen is None:
            self._outcomes.done(found)
            return LOOK_S
        return self._begin(found, order, chosen)

    def _follow(self, found: SignedDocument, order: SoftwareOrder, answer: SoftwareAnswer) -> float:
        """The helper has an update under way."""
        if answer.identity == found.identity:
            before = answer.stage in _BEFORE
            self._outcomes.progress(found, DocumentState.WAITING if before else DocumentState.INSTALLING)
        if answer.stage is UpdateStage.RESTING and self._is_open(order) and not self._wants_rest.is_set():
            self._wants_rest.set()
            self._dependencies.reload()
        return LOOK_S

    def _begin(self, found: SignedDocument, order: SoftwareOrder, chosen: ChosenPackage) -> float:
        try:
            self._outcomes.progress(found, DocumentState.FETCHING)
            files = self._fetching.fetch(chosen)
        except FetchStoppedError:
            return 0.0
        except (SourceError, DocumentRefusedError) as error:
            return self._not_fetched(found, error)
        self._failing_since = None
        self._outcomes.progress(found, DocumentState.WAITING)
        if not self._is_open(order):
            return AGAIN_S
        connected = self._dependencies.is_connected()
        with ExitStack() as opened:
            handed = [opened.enter_context(open_regular(file)).fileno() for file in files]
            answer = self._asked(BeginRequest(document=found.signed, connected=connected), handed)
        if answer is None or answer.fault in _AGAIN:
            return AGAIN_S
        if not answer.done:
            self._outcomes.refuse(found, DocumentFault(answer.fault), recorded_text(answer.why, answer.message))
        return LOOK_S

    def _is_open(self, order: SoftwareOrder) -> bool:
        """Whether it may be installed at this time. With a clock that is not trusted nobody can say so."""
        utc = self._dependencies.trusted_utc()
        return order.window is None or (utc is not None and order.window.holds(utc))

    def _not_fetched(self, found: SignedDocument, error: Exception) -> float:
        """It is tried again for a day, and told meanwhile; what no other try can change is refused at once."""
        at, detail = self._dependencies.now().at, str(error)
        since = self._failing_since = at if self._failing_since is None else self._failing_since
        code = error.fault if isinstance(error, DocumentRefusedError) else DocumentFault.NOT_FETCHED
        if code is DocumentFault.NOT_FETCHED and isinstance(error, DocumentRefusedError):
            raise error
        if at - since >= FETCH_DAYS_S:
            self._failing_since = None
            raise DocumentRefusedError(code, detail)
        if self._reported.is_new(detail):
            log.warning("the software that central ordered is not fetched yet: %s", detail)
        self._outcomes.progress(found, DocumentState.FETCHING, detail)
        return AGAIN_S

    # ----------------------------------------------------------------------------------------------------- the helper

    def _word(self) -> SoftwareAnswer | None:
        return self._asked(WordRequest(at_rest=False, connected=self._dependencies.is_connected()))

    def _asked(self, request: BeginRequest | WordRequest, handed: Sequence[int] = ()) -> SoftwareAnswer | None:
        try:
            return self._dependencies.ask(request, handed)
        except SoftwareHelperError as error:
            # While dpkg runs for it, it hears nobody.
            level = logging.INFO if self._dependencies.is_pending() else logging.WARNING
            if self._reported.is_new(str(error)):
                log.log(level, "the helper that installs software does not answer: %s", error)
            return None


_AGAIN: Final = frozenset({"not_kept", "request_invalid"})
"""Faults of the helper's that are no fault of the document."""
