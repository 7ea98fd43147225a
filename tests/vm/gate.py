"""The gate in the virtual machine as it is seen from outside: by its relay board, its scanner, and the events that it
tells.
"""

import json

from agent.clock.clock import Clock
from agent.core.events.chain_verification import verify
from central.issuing import PermitOrder
from tests.support.waiting import eventually

UNIT = "gate-agent.service"
JOURNAL = "/var/lib/gate-agent/journal.db"
# An emulated processor that others use too: it says nothing about how long a gate takes.
PATIENCE_S = 1200.0
AGAIN = 200  # how many of the last events are told again after a start of the machine
AWAY = {"connecting", "stale", "lost"}


class Told:
    """The events that `events tail --follow` told out of the machine: the journal had them, whatever becomes of its
    power.
    """

    def __init__(self):
        """`known`: the lines by their seq, of all starts; `now`: those of this start."""
        self.known = {}
        self.now = {}
        self.malformed = []
        self._rest = b""

    def take(self, data):
        """What came over the serial line."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                self.malformed.append(line)
                continue
            self.now[event["seq"]] = line
            self.known.setdefault(event["seq"], line)

    def begin(self):
        """The machine starts: it will tell its last events again."""
        self.now, self._rest = {}, b""

    @property
    def head(self):
        return max(self.now, default=0)

    def events(self, kind=None, after=0):
        """The events of this start, decoded, in order."""
        events = (json.loads(self.now[seq]) for seq in sorted(self.now) if seq > after)
        return [event for event in events if kind in {None, event["type"]}]

    def lost(self):
        """The numbers of those that were told once and now are not there, or are others."""
        first = min(self.now)
        return [seq for seq, line in self.known.items() if seq >= first and self.now.get(seq) != line]

    def verified(self):
        """How many events were ever told, after the proof that they are one unbroken chain from the first on."""
        chain = [self.known[seq] for seq in range(1, max(self.known) + 1)]
        found = verify(chain)
        assert found.whole, found.flaw
        return len(chain)


class Gate:
    """The gate on its machine. `issuer` issues permits for it."""

    def __init__(self, machine, told, issuer):
        self.machine, self.told = machine, told
        self._issuer = issuer
        self._number = 0
        self.used = []

    def permit(self):
        """A new permit."""
        self._number += 1
        order = PermitOrder(declaration=f"94012026{self._number:010d}", vin=f"WVWZZZ3BZWE{self._number:06d}")
        return self._issuer.issue(order, int(Clock().now().utc) - 3600)

    def shown(self, *names):
        """What systemd says of the service."""
        return self.machine.run(f"systemctl show --value {' '.join(f'--property={name}' for name in names)} {UNIT}")

    def process(self):
        return self.shown("MainPID")

    def until_active(self, other_than=0):
        """Wait until the service is ready, as another process."""
        asked = f"$(systemctl show --property=MainPID --value {UNIT})"
        line = f"until systemctl is-active --quiet {UNIT} && [ {asked} != {other_than} ]; do sleep 1; done"
        self.machine.run(line, within_s=PATIENCE_S)

    def follow(self):
        """Have the events told out of the machine from here on, and wait for those that are there."""
        self.told.begin()
        again = AGAIN if self.told.known else 1_000_000
        self.machine.run(
            "stty --file=/dev/ttyS2 raw -echo && systemctl stop told.service; "
            "systemd-run --quiet --collect --unit=told "
            f"bash -c 'exec gate-agent events tail --journal {JOURNAL} --json --count {again} --follow >/dev/ttyS2'"
        )
        self.until(lambda: self.told.now, "events to be told")

    def until(self, condition, what):
        """Wait for what the gate tells."""
        eventually(lambda: condition() or None, PATIENCE_S, what)
        assert not self.told.malformed, self.told.malformed[:3]

    def until_told(self, kind, after, **data):
        """Wait for an event after another; it, decoded."""

        def found():
            return [one for one in self.told.events(kind, after) if data.items() <= one["data"].items()]

        self.until(found, f"{kind} {data}")
        return found()[-1]

    def until_device(self, device, after, *, away=False):
        """Wait until a device is there, or is away."""

        def states():
            told = self.told.events("device.changed", after)
            return [one["data"]["state"] for one in told if one["data"]["device"] == device][-1:]

        self.until(lambda: states() and (states()[0] in AWAY) == away, f"{device} to be {'away' if away else 'there'}")

    def until_at_work(self, after=0):
        """Wait until the service, started after that event, has its board and its scanner."""
        begun = self.until_told("gate.started", after)["seq"]
        for device in ("lane-1/relay", "lane-1/post"):
            self.until_device(device, begun)

    def show(self, permit):
        """Hold a permit before the scanner; the decision, and whether the barrier was raised."""
        pulses, seen = self.machine.board.pulses, self.told.head
        self.machine.scanner.send(permit.text.encode() + b"\r\n")
        decided = self.until_told("access.decided", seen)["data"]
        self.until_told("transaction.closed", seen)
        self.until(lambda: not self.machine.board.on, "the pulse to end")
        raised = self.machine.board.pulses - pulses
        return decided, raised

    def vehicle(self):
        """Bring a vehicle through: its permit raises the barrier once."""
        permit = self.permit()
        decided, raised = self.show(permit)
        assert (decided["verdict"], raised) == ("PASS", 1), (decided, raised)
        self.used.append(permit)

    def refused(self, permit, reason="ALREADY_USED"):
        """Show a permit that must raise nothing."""
        decided, raised = self.show(permit)
        assert (decided["verdict"] != "PASS", decided["reason"], raised) == (True, reason, 0), (decided, raised)

    def nothing_lost(self):
        """How many events there are: a whole chain, and all that were ever told are among them, byte for byte."""
        self.until(lambda: self.told.head >= max(self.told.known), "all events to be told")
        assert not self.told.lost(), f"lost: {self.told.lost()}"
        return self.told.verified()

    def verified(self):
        """The same, and what the journal's own proof on the machine says."""
        said = self.machine.run(f"gate-agent events verify {JOURNAL}")
        events = int(said.split("events 1 to ")[1].split()[0])
        self.until(lambda: self.told.head >= events, "all events to be told")
        return self.nothing_lost()
