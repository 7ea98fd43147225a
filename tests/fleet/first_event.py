"""From an unpacked box to its first acknowledged event: `python -m tests.fleet.first_event [--fault NAME]`. As root.

A booted Debian without any file of the product, central as it ships, and the commands of docs/enrolment.md, one after
the other. Prints each step with its seconds. What must be true: tokens of another gate and of another site are refused,
central has stored the gate's events from the first one on, and the gate knows. Exit code 1 where it is not, or takes
longer than `--goal-min`: nothing is waited for longer than that. `--fault` puts a fault in, which must be found.
"""

import argparse
import re
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.fleet.bridge import Bridge
from tests.fleet.central_side import AGENT, CONSUMER, SITE, CentralSide
from tests.fleet.faults import ANY_TOKEN, NO_ACKNOWLEDGEMENT
from tests.fleet.gate_box import GateBox, name_of
from tests.fleet.progress import Progress, report, table
from tests.fleet.waits import InVainError, until_none
from tests.support.packaging.booted_gate import UNIT, why_not_here
from tests.support.packaging.container import refused
from tests.support.packaging.debian_packages import Packages
from tests.support.packaging.release_keys import release_key, why_not, write_keys

GATE = 1
GOAL_MIN = 10.0
FAULTS = {
    "token of another": "central makes the token for another gate",
    "any token": "central's EST server gives a certificate for any token",
    "not stored": "central's consumer does not run",
    "not acknowledged": "central's consumer stores events, and tells no gate",
}
HEADINGS = ("step", "who", "commands", "seconds")


class Way:
    """The steps of the way, each with its time. `wrongs`: what is not as it must be. `told`: by the doctor.

    `goal_s`: for all of it.
    """

    def __init__(self, progress, goal_s):
        self._say, self._goal_s = progress.say, goal_s
        self.rows, self.wrongs, self.took_s, self.told = [], [], 0.0, "-"

    @contextmanager
    def step(self, what, who, commands):
        """One step: `commands` that somebody types in it."""
        began = time.monotonic()
        try:
            yield
        finally:
            took_s = time.monotonic() - began
            self.took_s += took_s
            self.rows.append((what, who, commands, f"{took_s:.1f}"))
            self._say(f"{what}: {took_s:.1f} s")

    def until(self, is_there, what, gate):
        """Wait until something of a gate is there, as long as the goal may be reached. Raises InVainError."""
        until_none(lambda: () if is_there() else (gate,), what, max(0.0, self._goal_s - self.took_s))


def walk(way, central, box, package, trusted, fault):
    """Go the way; ends early where a step fails."""
    gate = box.gate
    with way.step("a token for the gate", "central", 1):
        code = central.code(name_of(GATE + 1) if fault == "token of another" else box.name)
    with way.step("install the package", "technician", 1):
        said = gate.install(package)
    if said.code:
        way.wrongs.append(f"the package: {said.text}")
        return
    with way.step("name, site, network, keys of central", "technician", 1):
        box.set_up(central, trusted=trusted)
    with way.step("tokens of another gate and of another site are refused", "-", 0):
        way.wrongs += taken_tokens(central, box)
    if way.wrongs:
        return
    with way.step("enrol by the token", "technician", 1):
        said = gate.run(f"gate-agent enrol '{code}'")
    if said.code:
        way.wrongs.append(f"enrol: {said.text.strip().splitlines()[0]}")
        return
    with way.step("lock the trust anchors", "technician", 1):
        gate.ask("gate-agent anchors adopt --yes")
    with way.step("take the configuration", "technician", 1):
        gate.ask(f"systemctl restart {UNIT}")
    try:
        follow_first_event(way, central, box.name)
    except InVainError as error:
        way.wrongs.append(str(error))
    with way.step("the doctor", "technician", 1):
        said = gate.run("gate-agent doctor")
    found = re.search(r"^.*connected.*$", said.text, re.MULTILINE)
    way.told = found[0].strip() if found else "nothing of a connection"


def follow_first_event(way, central, gate):
    """To central, and back; raises InVainError."""
    with way.step("the first event is stored at central", "-", 0):
        way.until(lambda: central.watermark(gate) >= 1, "central to store an event of", gate)
    with way.step("the gate knows that it is", "-", 0):
        way.until(lambda: _acknowledged(central, gate) >= 1, "an acknowledgement to reach", gate)


def taken_tokens(central, box):
    """What is wrong with the answers to tokens that are not for this gate."""
    of_gate = central.code(name_of(GATE + 1))
    of_site = of_gate.replace(f",{SITE}-", f",{SITE + 1}-")
    assert of_site != of_gate
    found = []
    for whose, code in (("another gate", of_gate), ("another site", of_site)):
        said = box.gate.run(f"gate-agent enrol --again '{code}'")
        if said.code == 0 or "403" not in said.text:
            found.append(f"enrol by a token of {whose}, which must be refused: {said.text.strip().splitlines()[0]}")
    return found


def _acknowledged(central, gate):
    """Up to which event the gate itself has heard central's acknowledgement, as its status says."""
    found = central.asked("SELECT coalesce(acked, 0) FROM gates WHERE gate = %s", (gate,))
    return found[0][0] if found else 0


def main():
    options = _options()
    if reason := why_not_here() or why_not() or refused():
        sys.exit(f"it cannot run here: {reason}")
    progress = Progress()
    way = Way(progress, options.goal_min * 60)
    with tempfile.TemporaryDirectory(prefix="first-event-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("central", "packages", "releases"):
            (folder / part).mkdir()
        progress.say("the package is built, and central is set up")
        package = Packages(folder / "packages").whole("0.9.0")
        trusted = write_keys(folder / "keys", stack.enter_context(release_key()))
        bridge = stack.enter_context(Bridge())
        central = stack.enter_context(_central_side(folder / "central", bridge, options.fault))
        box = stack.enter_context(GateBox(GATE, None, bridge, folder / "releases"))
        progress.say("the box has booted: from here on the time counts")
        walk(way, central, box, package, trusted, options.fault)
    if way.took_s > options.goal_min * 60:
        way.wrongs.append(f"it took {way.took_s / 60:.1f} minutes, more than {options.goal_min:g}")
    commands = sum(row[2] for row in way.rows)
    end = f"{commands} commands, {way.took_s / 60:.1f} minutes on this machine"
    report("fleet-first-event", [*table(HEADINGS, way.rows), "", end, f"doctor: {way.told}", *way.wrongs])
    return 1 if way.wrongs else 0


def _central_side(folder, bridge, fault):
    est = ANY_TOKEN if fault == "any token" else AGENT
    consumer = NO_ACKNOWLEDGEMENT if fault == "not acknowledged" else CONSUMER
    return CentralSide(folder, bridge, [name_of(GATE)], est=est, consumer=None if fault == "not stored" else consumer)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--goal-min", type=float, default=GOAL_MIN, help="minutes that it may take")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="put a fault in, which must be found")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
