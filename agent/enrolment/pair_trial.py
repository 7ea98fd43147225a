"""A renewed pair proves itself at a broker; one that no broker takes makes room for the pair before it.

Central can sign by an authority that its brokers do not know yet. Without a way back such a gate would be cut off for
as long as its old certificate still holds, and nobody could tell it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.model import Instant
    from agent.enrolment.certificate_pair import CertificatePair

log = logging.getLogger(__name__)

TRIAL_S: Final = 300.0
"""Time for some attempts at every broker, whose pauses are a minute at most."""
HOLDS_S: Final = 2 * 86_400.0
"""A pair that ends before this is not gone back to: it could not get another one, for which it is asked once a day."""
RENEWED: Final = Text("the certificate is renewed")


class PairLink(Protocol):
    """The connection to brokers that shows a pair, read again for each attempt."""

    @property
    def attempts(self) -> int:
        """How many attempts to connect have begun since the agent started."""
        ...

    @property
    def stood(self) -> int:
        """Which of them led to the newest connection that stood; 0: none did."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether a connection stands."""
        ...

    def reconnect(self, cause: str, /) -> None:
        """End the connection of now, and go on to the next broker."""
        ...


class TrialEnd(StrEnum):
    """How the trial of a pair stands."""

    NONE = "none"
    RUNNING = "running"
    PROVEN = "proven"
    UNDONE = "undone"


@dataclass(slots=True)
class PairTrial:
    """The trial of one pair; for one thread. What is on the disk tells whether there is one, also after a restart."""

    subject: str
    pair: CertificatePair
    link: PairLink
    _began_at: float | None = None
    _before: int = 0

    def begin(self, at: float) -> None:
        """A pair was put in its place by this process: have the link show it now, while the one before still holds."""
        self._began_at, self._before = at, self.link.attempts
        self.link.reconnect(RENEWED)

    def look(self, now: Instant) -> TrialEnd:
        """What has become of it. Raises PairError."""
        if not self.pair.on_trial(now.utc + HOLDS_S):
            self._began_at, self._before = None, 0
            return TrialEnd.NONE
        if self._began_at is None:
            self._began_at = now.at
        if self.link.stood > self._before:
            self.pair.prove()
            log.info("a broker has accepted the new certificate of %s", self.subject)
            return TrialEnd.PROVEN
        if now.at - self._began_at < TRIAL_S:
            if self.link.is_up:  # by an attempt that began before the pair was put, and so showed the one before
                self.link.reconnect(RENEWED)
            return TrialEnd.RUNNING
        self.pair.go_back()
        log.warning("no broker accepts the new certificate of %s; the previous one is used again", self.subject)
        return TrialEnd.UNDONE
