"""In place of the sessions of site messages, while the gates of a site are explored: gates meet without nonces.

After a connection a gate greets all others; who hears that has met it, and answers. Until then nothing is said to a
gate, as in truth. But what is heard is taken, twice too, late, and from before a restart: `agent.site.sessions` refuses
all that (tests/model/sessions.py explores it), and what is explored here must hold without that (ADR 16).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from agent.core.site import EVERYBODY, Hello
from agent.devices import PortState

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.site import Membership

GREET_AGAIN_S: Final = 2.0
_GREETING: Final = Hello(challenge="0" * 32)
_ANSWER: Final = Hello(answer="0" * 32)


class MeetingSessions:
    """As `agent.site.sessions.Sessions`, as far as the parts of a site service use it."""

    def __init__(self, membership: Membership, _key: object, link: Any, met: Callable[[str], None]) -> None:
        self._own, self._peers = membership.own, membership.peers
        self._link = link
        self._met_now = met
        self._met: frozenset[str] = frozenset()
        self._greeted_at = 0.0

    def send(self, to: str, said: Any, done: Any = None) -> bool:
        return to in self._met and self._link.send_to_gate(to, (self._own, to, said), done)

    def broadcast(self, rows: Any) -> bool:
        return bool(self._met) and self._link.broadcast_rows((self._own, EVERYBODY, rows))

    def connected(self) -> None:
        """Meet all others anew."""
        self._met = frozenset()
        self._greet()

    def tick(self) -> float | None:
        """Greet those once more that have not answered."""
        if self._link.view.state is not PortState.UP or len(self._met) == len(self._peers):
            return None
        if time.monotonic() >= self._greeted_at + GREET_AGAIN_S:
            self._greet()
        return self._greeted_at + GREET_AGAIN_S

    def _greet(self) -> None:
        self._greeted_at = time.monotonic()
        for peer in self._peers:
            if peer not in self._met:
                self._link.send_to_gate(peer, (self._own, peer, _GREETING))

    def accept(self, _message: object) -> None:
        """Whatever is heard is taken."""

    def process_hello(self, gate: str, hello: Hello, _place: object) -> None:
        """Take a Hello, and answer a greeting: of a new connection, so that the two have met anew."""
        is_new = gate not in self._met
        self._met |= {gate}
        if len(self._met) == len(self._peers):
            self._greeted_at = 0.0  # nobody is greeted any more
        if hello.challenge:
            self._link.send_to_gate(gate, (self._own, gate, _ANSWER))
        if is_new or hello.challenge:
            self._met_now(gate)
