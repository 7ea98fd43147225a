"""The session of this gate and those of the others: what is said is numbered here, and what is heard is judged here.

The rules are those of `agent.core.site.peer_session`.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from agent.core.site import EVERYBODY, Hello, PeerSession, Place, SiteFault
from agent.devices import PortState

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.crypto import SigningKey
    from agent.core.site import Membership, OpenedMessage, Rows, SiteMessage
    from agent.mqtt import Receipt
    from agent.site.link import SiteLink

NONCE_BYTES = 16


class Sessions:
    """Says what this gate says, and takes what is new of what others say. Safe to use from any thread.

    `met` hears of a gate that takes what this one says from now on, and whose word is taken here: after every new
    connection of one of the two. It is called on the thread of `process_hello`.
    """

    def __init__(self, membership: Membership, key: SigningKey, link: SiteLink, met: Callable[[str], None]) -> None:
        self._membership = membership
        self._key = key
        self._link = link
        self._met = met
        # Also while something is sent: what stands at a later place must not go before what stands at an earlier one.
        self._lock = threading.RLock()
        self._session = _nonce()
        self._said = dict.fromkeys((*membership.peers, EVERYBODY), 0)
        self._peers = {peer: PeerSession() for peer in membership.peers}
        self._other_versions: dict[str, int] = {}

    # -------------------------------------------------------------------------------------------------------- saying

    def send(self, to: str, said: SiteMessage, done: Callable[[Receipt], None] | None = None) -> bool:
        """Say something to a gate that this one has met; False where it did not go.

        `done`: as the link's.
        """
        with self._lock:
            peer = self._peers.get(to)  # a gate that was taken off the list may still hold a grant
            return peer is not None and peer.hears and self._send(to, said, done)

    def broadcast(self, rows: Rows) -> bool:
        """Tell everybody of rows; False where it did not go, or nobody would take it."""
        with self._lock:
            if not any(peer.hears for peer in self._peers.values()):
                return False
            place = Place(self._session, self._said[EVERYBODY] + 1)
            sent = self._is_up() and self._link.broadcast_rows(self._sealed(rows, EVERYBODY, place))
            self._said[EVERYBODY] += sent
            return sent

    def connected(self) -> None:
        """Begin a session for a new connection, and challenge all others in it."""
        with self._lock:
            self._session = _nonce()
            self._said = dict.fromkeys(self._said, 0)
            self._peers = {gate: peer.reconnected() for gate, peer in self._peers.items()}
            for gate in self._peers:
                self._challenge(gate)

    def tick(self) -> float | None:
        """Challenge whose answer is missing or grows old; when there is more to do, in monotonic seconds."""
        if not self._is_up():
            return None
        with self._lock:
            now_at = time.monotonic()
            for gate, peer in tuple(self._peers.items()):
                if now_at >= peer.due_at():
                    self._challenge(gate)
            return min((peer.due_at() for peer in self._peers.values()), default=None)

    def _challenge(self, gate: str, answer: str = "") -> None:
        peer = self._peers[gate] = self._peers[gate].challenge(_nonce(), time.monotonic())
        self._greet(gate, Hello(challenge=peer.nonce, answer=answer, rows_number=self._said[EVERYBODY]))

    def _greet(self, gate: str, hello: Hello) -> None:
        self._send(gate, hello)  # what does not go is said again by `tick`, or asked for again

    def _send(self, to: str, said: SiteMessage, done: Callable[[Receipt], None] | None = None) -> bool:
        place = Place(self._session, self._said[to] + 1)
        sent = self._is_up() and self._link.send_to_gate(to, self._sealed(said, to, place), done)
        self._said[to] += sent
        return sent

    def _sealed(self, said: SiteMessage, to: str, place: Place) -> bytes:
        return self._membership.sealed(said, to, place, self._key)

    def _is_up(self) -> bool:
        return self._link.view.state is PortState.UP

    # ------------------------------------------------------------------------------------------------------- hearing

    def accept(self, message: OpenedMessage) -> SiteFault | None:
        """Take a message that is no Hello; the fault where it is not to be acted on."""
        with self._lock:
            now_at = time.monotonic()
            peer = self._peers[message.gate]
            taken = peer.accept(message.place, now_at, to_all=message.to_all)
            if isinstance(taken, PeerSession):
                self._peers[message.gate] = taken
                return None
            if taken is SiteFault.NO_SESSION and peer.may_ask(now_at):
                self._challenge(message.gate)
            return taken

    def process_hello(self, gate: str, hello: Hello, place: Place) -> SiteFault | None:
        """Answer a Hello, and take its answer; the fault where nothing of it is taken."""
        with self._lock:
            now_at = time.monotonic()
            before = self._peers[gate]
            found = before.greeted(hello, place, now_at)
            if isinstance(found, SiteFault):
                return found
            self._peers[gate] = found
            self._other_versions.pop(gate, None)
            if place.session != found.session or not found.proven(now_at):
                self._challenge(gate, hello.challenge)
            elif hello.challenge:
                self._greet(gate, Hello(answer=hello.challenge, rows_number=self._said[EVERYBODY]))
            met = found.met(now_at) and (not before.met(now_at) or before.session != found.session)
        if met:
            self._met(gate)
        return None

    def note_version(self, gate: str, version: int) -> None:
        """Note that a gate speaks another version of the messages; not where what it said may be an old word of it."""
        with self._lock:
            if not self._peers[gate].proven(time.monotonic()):
                self._other_versions[gate] = version

    # -------------------------------------------------------------------------------------------------------- status

    def has_met(self, gate: str) -> bool:
        """Whether this gate and that take what the other says."""
        with self._lock:
            return self._peers[gate].met(time.monotonic())

    def missed(self, gate: str) -> int:
        """How many messages of a gate never came, as its numbers say, since this gate started."""
        with self._lock:
            return self._peers[gate].missed

    def version_of(self, gate: str) -> int:
        """The other version of the messages that a gate speaks; 0 where it is met, or not heard at all."""
        with self._lock:
            return self._other_versions.get(gate, 0)


def _nonce() -> str:
    return secrets.token_hex(NONCE_BYTES)
