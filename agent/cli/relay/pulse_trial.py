"""One pulse by the agent's own contacts, watched.

What became of each call to the board, and how long the relay was on.
"""

from __future__ import annotations

import threading
import time
from math import inf
from typing import TYPE_CHECKING, Final

from agent.barrier import RelayScheduler, Wiring
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.cli.relay.trace_lines import Transfer
    from drivers.api import RelayCapabilities, RelayPort

START_WITHIN_S: Final = 5.0
LOOK_EVERY_S: Final = 0.01
RELEASE_SOON_S: Final = 0.08
"""A relay that must be released so soon is not asked for its state any more: an answer could come too late."""
OVERDUE_S: Final = 1.0


class TestPulse:
    """Give one pulse and watch. `run` raises DeviceError and KeyboardInterrupt, after every relay was released.

    `interrupt` may be called by a signal handler: the exchange in hand is brought to its end first, for an exception in
    the middle of one would leave locks behind that the release needs.
    """

    def __init__(self, relay: RelayPort, channel: int, pulse_ms: int) -> None:
        self._witness = _RecordingRelayPort(relay, channel)
        self._scheduler = RelayScheduler(self._witness)
        self._lane_outputs = self._scheduler.lane_outputs(Wiring(open_channel=channel, pulse_ms=pulse_ms))
        self._channel = channel
        self._pulse_s = pulse_ms / 1000
        self._identity = ""
        self._delivery: Delivery | None = None
        self._interrupted = False

    @property
    def succeeded(self) -> bool:
        """Whether the pulse is known to have been given, and every relay to be released."""
        return self._delivery is Delivery.DELIVERED and self._witness.released is Delivery.DELIVERED

    def note_transfer(self, transfer: Transfer) -> None:
        """Note when the bytes of a command left: no command is later on the wire than that."""
        if transfer.sent:
            self._witness.sent(transfer.at)

    def interrupt(self) -> None:
        """Have `run` end soon, by KeyboardInterrupt."""
        self._interrupted = True

    def run(self) -> None:
        """Connect, give the pulse, wait for its end, and release every relay whatever happens."""
        try:
            self._identity = self._scheduler.connect()
            self._witness.begin()
            self._heed_interrupt()
            self._delivery = self._scheduler.pulse(self._lane_outputs, "open", time.monotonic() + START_WITHIN_S)
            self._watch()
        finally:
            if self._identity:
                self._scheduler.release_and_close()
            else:
                self._scheduler.close()

    def report(self) -> Iterator[str]:
        """What happened, in lines."""
        if not self._identity:
            return
        yield f"board      {self._identity}"
        yield f"pulse      {self._delivery.value.replace('_', ' ') if self._delivery else 'not given'}"
        yield f"read back  {self._witness.read_back(self._delivery)}"
        yield f"length     {self._witness.length()}"
        yield f"released   {_RELEASES[self._witness.released]}"

    def _heed_interrupt(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt

    def _watch(self) -> None:
        """Make the calls that the contacts have due, and look at the relay in between, until it is off again."""
        limit = time.monotonic() + self._pulse_s + OVERDUE_S
        while time.monotonic() < limit:
            self._heed_interrupt()
            due_in_s = self._scheduler.due_in_s()
            if due_in_s is None and not self._witness.is_on:
                return
            if due_in_s is not None and due_in_s < RELEASE_SOON_S:
                _pause(due_in_s)
                self._scheduler.work()
                continue
            self._witness.query_relays()
            _pause(LOOK_EVERY_S)


_RELEASES = {
    Delivery.DELIVERED: "every relay",
    Delivery.UNKNOWN: "NOT KNOWN: look at the relays of the board, and switch its power off if one is on",
    Delivery.NOT_DELIVERED: "NO: switch the power of the board off",
    None: "NO: the board was lost; look at its relays, and switch its power off if one is on",
}


class _RecordingRelayPort:
    """A relay port that passes everything on and notes what becomes of it. Times are monotonic seconds."""

    def __init__(self, relay: RelayPort, channel: int) -> None:
        self._relay = relay
        self._channel = channel
        self.is_on = False
        self.released: Delivery | None = None
        self._begun = False
        self._on_from: float | None = None
        self._seen_on: float | None = None
        self._off_at: float | None = None
        self._failed = ""
        self._sent_at: float | None = None
        self._asked_at = 0.0

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        return self._relay.capabilities

    def open(self) -> str:
        """Pass on."""
        return self._relay.open()

    def close(self) -> None:
        """Pass on."""
        self._relay.close()

    def begin(self) -> None:
        """From now on what happens to the relay is the pulse."""
        self._begun = True

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:
        """Pass on and note."""
        self._command()
        return self._switched_on(self._relay.pulse(channel, duration_ms, deadline=deadline))

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Pass on and note."""
        self._command()
        delivery = self._relay.set(channel, on=on, deadline=deadline)
        if on:
            return self._switched_on(delivery)
        if delivery is Delivery.DELIVERED:
            self._switched_off(self._sent())
        return delivery

    def all_off(self) -> Delivery:
        """Pass on and note."""
        self.released = None
        self._command()
        self.released = self._relay.all_off()
        if self.released is Delivery.DELIVERED:
            self._switched_off(self._sent())
        return self.released

    def state(self) -> tuple[bool, ...] | None:
        """Pass on and note."""
        asked_at = time.monotonic()
        relays = self._relay.state()
        if relays is not None and self._begun:
            if relays[self._channel - 1]:
                self._seen_on = asked_at
            elif self.is_on:
                self._switched_off(asked_at)
        return relays

    def query_relays(self) -> None:
        """Ask for the relays.

        After a question that went wrong no more is asked: waiting could make the release late.
        """
        if self._failed:
            return
        try:
            self.state()
        except DeviceError as error:
            self._failed = str(error)

    def read_back(self, delivery: Delivery | None) -> str:
        """What the board said of the relay."""
        if not self._relay.capabilities.read_back:
            return "the board cannot report its relays: listen whether the relay clicks"
        if self._seen_on is not None or delivery is Delivery.DELIVERED:
            return "the relay was on" + (" and is off again" if self._off_at is not None else "")
        return f"the relay was never seen on{f' ({self._failed})' if self._failed else ''}"

    def length(self) -> str:
        """How long the relay was on, as well as it can be told."""
        if self._on_from is None or self._off_at is None:
            return "unknown"
        length_ms = (self._off_at - self._on_from) * 1000
        if not self._relay.capabilities.read_back:
            return f"{length_ms:.0f} ms between the two commands"
        if self._relay.capabilities.hardware_pulse and self._seen_on is not None:
            doubt_ms = (self._off_at - self._seen_on) * 1000
            return f"{length_ms - doubt_ms:.0f} to {length_ms:.0f} ms, timed by the board, by reading it back"
        return f"{length_ms:.0f} ms between the two commands, both read back"

    def sent(self, at: float) -> None:
        """Bytes have left; of a command with its read-back those of the command come first."""
        if self._sent_at is None:
            self._sent_at = at

    def _command(self) -> None:
        self._sent_at = None
        self._asked_at = time.monotonic()

    def _sent(self) -> float:
        return self._asked_at if self._sent_at is None else self._sent_at

    def _switched_on(self, delivery: Delivery) -> Delivery:
        if delivery is not Delivery.NOT_DELIVERED:
            self.is_on, self._on_from = True, self._sent()
        return delivery

    def _switched_off(self, at: float) -> None:
        if self._begun and self.is_on:
            self.is_on, self._off_at = False, at


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
