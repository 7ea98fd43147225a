"""Hears the other gates.

Opens what they say, refuses what is not theirs, and hands it to two threads that act on it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from agent.core.model import OnceEvery
from agent.core.site import Hello, Rows, RowsRequest, SiteFault, SiteMessageError
from agent.mqtt import LinkUp
from agent.site.work_queue import WorkQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.site import Membership, OpenedMessage
    from agent.mqtt import Incoming, LinkDown
    from agent.site.link import SiteLink
    from agent.site.sessions import Sessions

log = logging.getLogger(__name__)

LOG_AGAIN_S = 60.0
WHY_NOT_TAKEN = {
    SiteFault.NO_SESSION: "{gate} said it in a session that it has not proven: in a former one, or before the two met",
    SiteFault.REPLAYED: "{gate} said it before something that is known here already: it was repeated, or comes late",
}


class MessageDispatcher:
    """Open what comes over the link and give it to `claims` or to `rows`, each on the thread of its inbox.

    `claim_tick`, `row_tick`: see WorkQueue. `link_up`, on the thread of the rows, hears of every connection. `sessions`
    says of every message whether it is new.
    """

    def __init__(  # noqa: PLR0913 - the seams of one part
        self,
        membership: Membership,
        link: SiteLink,
        sessions: Sessions,
        *,
        claims: Callable[[OpenedMessage], None],
        claim_tick: Callable[[], float | None],
        rows: Callable[[OpenedMessage], None],
        row_tick: Callable[[], float | None],
        link_up: Callable[[], None],
    ) -> None:
        self._membership = membership
        self._sessions = sessions
        self._claims_to = claims
        self._rows_to = rows
        self._link_up = link_up
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._may_log = OnceEvery(LOG_AGAIN_S)
        self.claims = WorkQueue("site-words", claim_tick, self._full)
        self.rows = WorkQueue("site-rows", row_tick, self._full)
        link.subscribe(
            lambda message: self.claims.submit(lambda: self._open(message)),
            lambda message: self.rows.submit(lambda: self._open_rows(message)),
        )
        link.listen(self._link_changed)

    @property
    def refused(self) -> Mapping[str, int]:
        """How many texts were refused, by the fault."""
        with self._lock:
            return dict(self._refused)

    def refuse(self, fault: str, why: str) -> None:
        """Count a refusal; the log hears of each kind once a minute."""
        with self._lock:
            self._refused[fault] += 1
            count, may_log = self._refused[fault], self._may_log(fault, time.monotonic())
        if may_log:
            log.warning("a message at the site was refused, %s (%d so far): %s", fault, count, why)

    def start(self) -> None:
        """Begin to act on what comes in."""
        self.claims.start()
        self.rows.start()

    def stop(self, timeout_s: float) -> bool:
        """End; whether both threads have."""
        ended = self.claims.stop(timeout_s / 2)
        return self.rows.stop(timeout_s / 2) and ended

    def _full(self) -> None:
        self.refuse("inbox_full", "messages come in faster than they can be acted on")

    def _link_changed(self, event: LinkUp | LinkDown) -> None:
        if isinstance(event, LinkUp):
            self.rows.submit(self._link_up)
            self.claims.submit(self._sessions.connected)

    def _opened(self, message: Incoming) -> OpenedMessage | None:
        if message.retained:
            self.refuse("retained", "what gates say to one another is of the moment; nobody keeps it")
            return None
        try:
            return self._membership.opened(message.payload)
        except SiteMessageError as error:
            if error.version:
                self._sessions.note_version(error.gate, error.version)
            self.refuse(error.fault.value, str(error))
            return None

    def _is_taken(self, opened: OpenedMessage) -> bool:
        """Whether a message that is proven to be of its gate is new as well."""
        if isinstance(opened.said, Hello):
            fault = self._sessions.process_hello(opened.gate, opened.said, opened.place)
        else:
            fault = self._sessions.accept(opened)
        if fault is not None:
            self.refuse(fault.value, WHY_NOT_TAKEN[fault].format(gate=opened.gate))
        return fault is None

    def _open(self, message: Incoming) -> None:
        opened = self._opened(message)
        if opened is None:
            return
        if opened.to_all and not isinstance(opened.said, Rows):
            self._refuse_topic(opened)
        elif not self._is_taken(opened):
            return
        elif isinstance(opened.said, Rows | RowsRequest):
            self.rows.submit(lambda: self._rows_to(opened))
        elif not isinstance(opened.said, Hello):
            self._claims_to(opened)

    def _open_rows(self, message: Incoming) -> None:
        opened = self._opened(message)
        if opened is None:
            return
        if not isinstance(opened.said, Rows):
            self._refuse_topic(opened)
        elif self._is_taken(opened):
            self._rows_to(opened)

    def _refuse_topic(self, opened: OpenedMessage) -> None:
        self.refuse("wrong_topic", f"{opened.gate} told everybody what is for one gate")
