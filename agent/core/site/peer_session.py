"""What a gate knows about the session of another gate: a challenge starts it, and after that only new messages count.

Every gate numbers its messages within a session of its own, which begins with each connection to the broker. A receiver
accepts a session only after the sender has answered a nonce in it. An answer to a fresh nonce cannot be old. After
that, numbers only rise. So no message is accepted twice, after a later one, or after a restart of the receiver. If the
sender restarts, the receiver refuses the old messages after a new challenge.

An answer is valid only for FRESH_S. So a message that the broker withholds is soon useless, even if the broker prevents
a new challenge. Messages to all gates have a topic of their own, and an answer may overtake them. Therefore an answer
invalidates only messages that were sent before the previous answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.site.messages import SiteFault

if TYPE_CHECKING:
    from agent.core.site.messages import Hello
    from agent.core.site.signed_messages import Place

FRESH_S: Final = 30.0
"""How long an answer proves a session, counted from its challenge."""
RENEW_S: Final = 10.0
"""When a gate is challenged again, counted from the challenge before."""
ANSWER_S: Final = 5.0
"""How long an answer to a nonce is waited for; then another nonce takes its place."""
ASK_AGAIN_S: Final = 2.0
"""How long after a challenge it is repeated."""
LEAST_PAUSE_S: Final = 0.3
"""Between two challenges to a gate, whatever it says: who repeats old messages makes a gate say no more than this."""


@dataclass(frozen=True, slots=True)
class PeerSession:
    """What this gate knows of another's session. Times are monotonic seconds.

    `session`: the one that it has proven, empty for none. `challenged_at`: when the nonce was drawn that proved it.
    `number`, `rows_number`: of what was taken last, said to this gate and told to all. `rows_told`: what the other had
    told all when it gave the answer that proves its session. `missed`: how many numbers
    before those never came, over all sessions. `nonce`, `drawn_at`, `asked_at`: the challenge that is not answered yet,
    when it was drawn and when it was sent last. `hears`: the other has challenged this gate in its own session and was
    answered, so that it takes what is said to it.
    """

    session: str = ""
    challenged_at: float = -inf
    number: int = 0
    rows_number: int = 0
    rows_told: int = 0
    missed: int = 0
    nonce: str = ""
    drawn_at: float = -inf
    asked_at: float = -inf
    hears: bool = False

    def proven(self, at: float) -> bool:
        """Whether what it says is taken."""
        return bool(self.session) and at - self.challenged_at <= FRESH_S

    def met(self, at: float) -> bool:
        """Whether each of the two takes what the other says."""
        return self.hears and self.proven(at)

    # ------------------------------------------------------------------------------------------- challenging the other

    def due_at(self) -> float:
        """When it is to be challenged next, as long as it says nothing."""
        if self.nonce:
            return self.asked_at + ASK_AGAIN_S
        return self.challenged_at + RENEW_S

    def may_ask(self, at: float) -> bool:
        """Whether a challenge may go to it now."""
        return at - self.asked_at >= LEAST_PAUSE_S

    def challenge(self, nonce: str, at: float) -> PeerSession:
        """Challenge it: by its `nonce`, which is the one of before while an answer to that may still come."""
        if self.nonce and at - self.drawn_at <= ANSWER_S:
            return replace(self, asked_at=at)
        return replace(self, nonce=nonce, drawn_at=at, asked_at=at)

    def reconnected(self) -> PeerSession:
        """Go on in a new session of this gate's own: the other does not know it yet, and may be challenged at once."""
        return replace(self, hears=False, nonce="", drawn_at=-inf, asked_at=-inf)

    # ------------------------------------------------------------------------------------------------- what it says

    def accept(self, place: Place, at: float, *, to_all: bool) -> PeerSession | SiteFault:
        """Take a message that stands at this place, which is no Hello; the fault where it is not taken."""
        if place.session != self.session or not self.proven(at):
            return SiteFault.NO_SESSION
        last = self.rows_number if to_all else self.number
        if place.number <= last:
            return SiteFault.REPLAYED
        missed = self.missed + place.number - last - 1
        if to_all:
            return replace(self, rows_number=place.number, missed=missed)
        return replace(self, number=place.number, missed=missed)

    def greeted(self, hello: Hello, place: Place, at: float) -> PeerSession | SiteFault:
        """Take a Hello: its answer may prove a session, and its challenge is to be answered.

        A challenge is proven by nothing: it may be an old one, and then nobody has a use for the answer.
        """
        if hello.answer and hello.answer == self.nonce and at - self.drawn_at <= ANSWER_S:
            return self._proved(hello, place, at)
        hears = self.hears or bool(hello.challenge)
        if place.session != self.session:
            return replace(self, hears=True) if hello.challenge else SiteFault.NO_SESSION
        if place.number <= self.number:
            return SiteFault.REPLAYED
        missed = self.missed + place.number - self.number - 1
        return replace(self, hears=hears, number=place.number, missed=missed)

    def _proved(self, hello: Hello, place: Place, at: float) -> PeerSession:
        found = replace(
            self,
            session=place.session,
            challenged_at=self.drawn_at,
            rows_told=hello.rows_number,
            nonce="",
            drawn_at=-inf,
            hears=self.hears or bool(hello.challenge),
        )
        if place.session != self.session:
            return replace(found, number=place.number, rows_number=hello.rows_number)
        rows_number = max(self.rows_number, self.rows_told if self.proven(at) else hello.rows_number)
        missed = max(0, place.number - self.number - 1) + rows_number - self.rows_number
        return replace(
            found, number=max(self.number, place.number), rows_number=rows_number, missed=self.missed + missed
        )
