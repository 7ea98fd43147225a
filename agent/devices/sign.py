"""A sign of a lane: a thread that keeps its card connected and its pages fresh, and shows the newest programme.

Each page has a time on the card, after which it disappears. While the lane sends messages, the thread sends the page
again before that. If the lane stops sending, the sign tells the driver to wait. If the agent stops, the page disappears
by itself. Another module chooses the pages of a message.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from agent.core.model import DriverReceipt, ReportOnce
from agent.devices.port_supervisor import PortSupervisor
from agent.service.worker import Worker
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError, NotSentError, SignPage, SignProof

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.devices.port_supervisor import PortState
    from drivers.api import SignPort

log = logging.getLogger(__name__)

REPEATS_S = (0.8, 2.0)
"""When a new page is sent again to a card that does not tell whether it has it: one lost frame is no lost message.

Not sooner: what a driver is told while a code is checked is often followed by the decision within half a second, which
must not wait until a repeat has left a slow line.
"""
SILENT_S = 2.0
"""A lane that has not spoken for so long stands still: what it said last may be wrong by now."""
SPOKEN_S = 2.0
"""What could not be said for so long is not said any more: the lane may long be at something else."""
STOP_TIMEOUT_S = 5.0
LIMIT_S = 30.0
"""A card that hangs on its line is given up by its driver much sooner."""
DARK = SignPage((), 1)


@dataclass(frozen=True, slots=True)
class TimedPage:
    """A page, and how long it stays before the next one comes, or the same one again. Shorter than its own time."""

    page: SignPage
    hold_s: float


@dataclass(frozen=True, slots=True)
class SignProgramme:
    """What a sign shows until further notice: its pages in turn; none: it is dark.

    `languages`: those of the pages. `is_complete`: it says what was to be said; else it stands in for that.
    """

    pages: tuple[TimedPage, ...]
    languages: tuple[str, ...] = ()
    is_complete: bool = True


@dataclass(slots=True, eq=False)
class _Wanted:
    """`make`: makes the programme, on the monitor's thread. `at`: when it was wanted, monotonic s."""

    make: Callable[[], SignProgramme]
    told: Callable[[tuple[str, ...], DriverReceipt], None]
    at: float
    last: DriverReceipt | None = None

    def tell(self, languages: tuple[str, ...], receipt: DriverReceipt) -> None:
        """Tell what became of it, where that is news."""
        if receipt is not self.last:
            self.last = receipt
            self.told(languages, receipt)


class SignMonitor:
    """Show what one lane says on one sign, until stopped.

    `gone`: makes what is shown when the lane has fallen silent, and last of all. `on_state` gets each change of the
    card's state, or of the reason for its loss, on the monitor's own thread; it must only pass the change on.
    """

    def __init__(
        self, name: str, sign: SignPort, gone: Callable[[], SignProgramme], on_state: Callable[[PortState, str], None]
    ) -> None:
        self._name = name
        self._sign = sign
        self._on_state = on_state
        self._gone = _Wanted(gone, lambda _languages, _receipt: None, -inf)
        self._port = PortSupervisor(f"the sign {name}", self._open, sign.close, self._port_changed)
        self._wanted: _Wanted | None = None
        self._heard_at = time.monotonic()
        self._news = threading.Condition()
        self._current: _Wanted | None = None
        self._pages: deque[TimedPage] = deque()
        self._repeats: deque[float] = deque()
        self._next_at = inf
        self._report_once = ReportOnce()
        self.worker = Worker(f"sign-{name}", self._run, limit_s=LIMIT_S)

    @property
    def state(self) -> PortState:
        """How the card is."""
        return self._port.state

    def start(self) -> None:
        """Start to keep the card connected."""
        self._heard_at = time.monotonic()
        self.worker.start()

    def stop(self) -> bool:
        """Tell the driver to wait, and let the card go, within a bounded time; whether that is done."""
        self.worker.ask_to_stop()
        with self._news:
            self._news.notify()
        return self.worker.stop(STOP_TIMEOUT_S)

    def show(self, make: Callable[[], SignProgramme], told: Callable[[tuple[str, ...], DriverReceipt], None]) -> None:
        """Show this from now on. From any thread; it waits for nothing.

        `make` is called on the monitor's thread, at each return of a lost card too. `told` gets the languages and what
        became of it, on that thread, each time that this changes.
        """
        with self._news:
            self._heard_at = time.monotonic()
            self._wanted = _Wanted(make, told, self._heard_at)
            self._news.notify()

    def keep(self) -> None:
        """Go on showing what is shown: the lane is alive. From any thread, often; it waits for nothing."""
        self._heard_at = time.monotonic()
        if self._current is self._gone:
            with self._news:
                self._news.notify()

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self.worker.stopping:
            self.worker.touch()
            if self._port.is_up:
                self._wait()
                self._port.guarded(self._attend)
            elif not self.worker.wait(self._port.wait_s()):
                self._port.connect()
            if not self._port.is_up:
                self._lose()
        self._leave()

    def _wait(self) -> None:
        """Wait until there is another programme, or something is to be sent again."""
        now = time.monotonic()
        silent_at = SILENT_S + (now if self._current is self._gone else self._heard_at)
        due_at = min(self._next_at, *self._repeats, silent_at)
        with self.worker.resting(), self._news:
            self._news.wait_for(
                lambda: self.worker.stopping or self._in_force() is not self._current, max(0.0, due_at - now)
            )

    def _in_force(self) -> _Wanted | None:
        """What is to be shown now; None before the lane has said anything."""
        if time.monotonic() - self._heard_at > SILENT_S:
            return self._gone
        return self._wanted

    def _open(self) -> str:
        """Open the card and show what is to be shown: one that takes no page is not up."""
        identity = self._sign.open()
        self._current = None
        if not self.worker.stopping:
            self._attend()
        return identity

    def _attend(self) -> None:
        wanted, now = self._in_force(), time.monotonic()
        if wanted is None or self.worker.stopping:
            return
        if wanted is not self._current:
            self._begin(wanted)
        elif self._repeats and now >= self._repeats[0]:
            self._repeats.popleft()
            self._put()
        elif now >= self._next_at:
            self._pages.rotate(-1)
            self._put()
            self._hold()

    def _begin(self, wanted: _Wanted) -> None:
        programme = wanted.make()
        self._pages = deque(programme.pages)
        is_shown = self._put(spoken=time.monotonic() - wanted.at <= SPOKEN_S)
        now = time.monotonic()
        proves = self._sign.capabilities.proof is SignProof.PAGE
        self._repeats = deque(() if proves else (now + later_s for later_s in REPEATS_S))
        self._hold()
        self._current = wanted
        if is_shown and programme.is_complete:
            wanted.tell(programme.languages, DriverReceipt.CONFIRMED if proves else DriverReceipt.SENT)
        else:
            wanted.tell((), DriverReceipt.LOST)

    def _put(self, *, spoken: bool = False) -> bool:
        """Show the first of the pages that the card takes, or make it dark; whether there was one.

        It is spoken once, and not again with the pages that follow.
        """
        while self._pages:
            first = self._pages[0]
            silent = replace(first.page, spoken="")
            self._pages[0] = replace(first, page=silent)
            try:
                self._send(first.page if spoken else silent)
            except DeviceMisconfiguredError as error:
                if self._report_once.is_new(str(error)):
                    log.error("the sign %s does not show it: %s", self._name, error)  # noqa: TRY400 - no bug
                self._pages.popleft()
            else:
                return True
        self._send(DARK)
        return False

    def _send(self, page: SignPage) -> None:
        """Send a page; once more where the card did not answer properly: on a rough line that is no loss of it."""
        try:
            self._sign.show(page)
        except NotSentError:
            raise
        except DeviceUnavailableError as error:
            log.debug("the sign %s is told once more: %s", self._name, error)
            self._sign.close()
            self._sign.open()
            self._sign.show(replace(page, spoken=""))

    def _hold(self) -> None:
        self._next_at = time.monotonic() + self._pages[0].hold_s if self._pages else inf

    def _lose(self) -> None:
        self._current = None
        if self._wanted is not None:
            self._wanted.tell((), DriverReceipt.LOST)

    def _leave(self) -> None:
        """Have the driver wait: who comes next is told nothing more by this agent."""
        if self._port.is_up:
            self._pages = deque(self._gone.make().pages)
            self._port.guarded(self._put)
        self._sign.close()

    def _port_changed(self) -> None:
        self._on_state(self._port.state, self._port.detail)
