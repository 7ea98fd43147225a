"""A gate in a container: the package on a booted machine, as a technician meets it."""

import re
import shutil
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from tests.support.packaging.container import Container, refused, why_not
from tests.support.packaging.debian_packages import SEEN, STORE, own_target, what_is_missing

UNIT = "gate-agent.service"
CONFIGURATION = "/etc/gate-agent/gate.toml"
JOURNAL = "/var/lib/gate-agent/journal.db"
BOARD = "/run/board/relay"
STARTED = "gate gate-1 runs with"
RELAY_UP = "relay lane-1/relay: up"
# The unit as it is, but quicker, and with the one device that only tests have.
DROP_IN = """
[Service]
WatchdogSec={watchdog_s}
TimeoutAbortSec=5
RestartSec=0.2
DeviceAllow=char-pts rw
"""
SWITCHINGS = "journalctl --unit=board --output=cat | sed -n 's/.*relay 1 \\([^ ]*\\).*/\\1/p'"
# In the place of the camera that is shipped, whose drawing would take most of the processor.
SCANNER = '[[lanes.lane-1.scanners]]\nid = "post"\nkind = "serial_lines"\nport = "/run/board/none"\n'
RELAY = 'kind = "lcus"\nport = "/run/board/relay"\nchannels = 2\n'


class Said(NamedTuple):
    """What a program said, and the code with which it ended."""

    code: int
    text: str


class Gate:
    """The gate in the container."""

    def __init__(self, machine):
        self.machine = machine
        self.ask, self.until = machine.ask, machine.until

    def run(self, command):
        done = self.machine.run(command, check=False)
        return Said(done.returncode, done.stdout)

    def install(self, package, how=""):
        """Install a package as a technician does."""
        place = self.machine.root / "srv" / package.name
        if not place.exists():
            shutil.copy(package, place)
        return self.run(f"{how} dpkg --install --force-unsafe-io /srv/{package.name}")

    def wire(self, reader=SCANNER, watchdog_s=15):
        """Give the lane a relay board whose every switching is told, and the unit what the tests need.

        `reader`: what is written in the place of the lane's camera. `watchdog_s`: how long it may stand still.
        """
        file = self.machine.root / CONFIGURATION[1:]
        text = file.read_text()
        for pattern, new in (
            (r"(?<=\[lanes.lane-1.relay\]\n)(#[^\n]*\n)*kind = \"simulated\"\n", RELAY),
            (r"\[\[lanes.lane-1.cameras\]\]\n.*?\nscene_file = [^\n]*\n", reader),
        ):
            text, replaced = re.subn(pattern, new, text, flags=re.DOTALL)
            assert replaced == 1, pattern
        file.write_text(text)
        drop_in = self.machine.root / "etc/systemd/system" / f"{UNIT}.d/test.conf"
        drop_in.parent.mkdir(exist_ok=True)
        drop_in.write_text(DROP_IN.format(watchdog_s=watchdog_s))
        self.ask(
            "systemd-run --quiet --unit=board --property=User=gate-agent --property=RuntimeDirectory=board "
            f"/usr/lib/gate-agent/current/bin/python3 -I -m drivers.emulators.lcus --link {BOARD}"
        )
        self.until(f"test -e {BOARD} && echo there", "there")
        self.ask(f"systemctl daemon-reload && systemctl restart {UNIT}")

    def shown(self, name):
        return self.ask(f"systemctl show --property={name} --value {UNIT}")

    @property
    def process(self):
        return int(self.shown("MainPID"))

    @property
    def version(self):
        return self.ask("cat /usr/lib/gate-agent/current/version").split("+")[0]

    def until_back(self, before):
        """Wait until another process than `before` is at work."""
        self.machine.until_true(
            lambda: self.shown("ActiveState") == "active" and self.process not in {0, before}, "the gate to be back"
        )

    @contextmanager
    def takes_configuration(self):
        """Wait until it runs with what was changed meanwhile."""
        before = self.log().count(STARTED)
        yield
        self.machine.until_true(lambda: self.log().count(STARTED) > before, "the gate to take the configuration")

    def until_up(self, device):
        self.machine.until_true(lambda: device in self.log(), device)

    def log(self, unit=UNIT):
        return self.ask(f"journalctl --unit={unit} --output=cat --no-pager")

    def energise(self):
        """Leave the agent in the middle of a pulse: it stands still, and the relay that opens the barrier is on.

        It has the board already, and no thread of it runs on: else what it writes at its start would switch it off.
        """
        self.machine.until_true(lambda: RELAY_UP in self._log_of_this_run(), RELAY_UP)
        before, process = len(self._switchings()), self.process
        self.ask(f"kill -STOP {process}")
        self.until(f"grep --files-without-match '^State:.T' /proc/{process}/task/*/status", "")
        self.ask(f"printf '\\240\\001\\001\\242' >{BOARD}")
        self.machine.until_true(lambda: "ON" in self._switchings()[before:], "the relay to be on")

    def until_released(self):
        self.machine.until_true(lambda: self._switchings()[-1] == "off", "the relay to be off")

    def _switchings(self):
        """What relay 1 was switched to, one after the other."""
        return self.ask(SWITCHINGS).split()

    def _log_of_this_run(self):
        return self.ask(f"journalctl --output=cat --no-pager _SYSTEMD_INVOCATION_ID={self.shown('InvocationID')}")

    def events(self):
        """The events, after the proof that they hold together from the first to the last."""
        said = self.ask(f"gate-agent events verify {JOURNAL}")
        return int(re.search(r"whole, events 1 to (\d+) of stream", said)[1])


def why_not_here():
    """Why the package cannot be booted on this machine; "" where it may be tried."""
    if own_target() is None:
        return "packages are built for Debian 12 and 13"
    return why_not() or what_is_missing()


@contextmanager
def installed_gate(package):
    """A machine on which a package was installed."""
    if reason := refused():
        pytest.skip(reason)
    with Container(shown={SEEN: STORE}) as machine:
        gate = Gate(machine)
        said = gate.install(package)
        assert said.code == 0, said
        yield gate
