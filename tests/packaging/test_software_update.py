"""Software that central orders, on a booted machine: installed, undone, cut off at every stage, and never older.

One container, in which the tests follow one another. The documents are put where the agent keeps those that came; the
repository is a folder, as a stick's.
"""

import json

import pytest

from agent.clock import Clock
from tests.packaging.test_upgrade import never_ready
from tests.support.fleet.documents import DAY_S, KEY, KEY_ID
from tests.support.packaging.booted_gate import CONFIGURATION, installed_gate, why_not_here
from tests.support.packaging.debian_packages import Packages
from tests.support.packaging.release_keys import DAYS, release_key, why_not, write_keys
from tests.support.software.updates import entry, order_text, signed_order
from tests.support.waiting import eventually
from tools.supply.keyring import keyring
from tools.supply.repository import Validity, lay_out_repository
from tools.supply.signing import sign_file

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(why_not_here() or why_not()), reason=why_not_here() or why_not() or "-"),
    pytest.mark.timeout(1800),
]

WITHIN_S = 600
STAGES = ("keeping", "unpacking", "resting", "configuring", "trial")
POWER_CUTS = [(stage, late_s) for stage in (*STAGES, "going_back") for late_s in (0, 0.4)]
SETTINGS = f"""
[[fleet.keys]]
id = "{KEY_ID}"
public_key = "{KEY.public.raw.hex()}"
may = ["configuration", "software"]
"""
REPOSITORY = 'repositories = ["file:///srv/releases"]\nrate_kb_s = 1000000\n'
UPDATE = "/var/lib/gate-agent-versions/update"
HELPER = "gate-agent-software.service"
KEYRING = "usr/share/keyrings/gate-agent-archive-keyring.gpg"
# Hands a signed document in, as the broker would.
TAKE = """
import sys, time
from pathlib import Path
from agent.core.fleet import read_signed, taken_in
from agent.fleet import FleetStore
found = read_signed(Path("/srv/order").read_text())[0]
FleetStore(Path("/var/lib/gate-agent")).change(lambda held: taken_in(held, found, 0.0))
"""
# The state stays where the helper is killed, so the next cut needs a helper that was started since. A short stage may
# be over before it is seen: a later one counts too.
CUT = """
until p=$(systemctl show -P MainPID {helper}) && [ "$p" != 0 ] && [ "$p" != "$killed" ] &&
    grep -qE '"stage":"({stages})"' {state} 2>/dev/null
do sleep 0.01; done
sleep {late}
killed=$(systemctl show -P MainPID {helper})
[ "$killed" != 0 ] && systemctl kill --signal=KILL {helper} && echo cut
"""


def from_stage(stage):
    """A stage and those that follow it."""
    return STAGES[STAGES.index(stage) :] if stage in STAGES else (stage,)


class Fleet:
    """The gate in the container, and central with a key."""

    def __init__(self, gate, packages, key):
        self.gate, self.packages, self._key = gate, packages, key
        self._version = 0
        self.machine = gate.machine

    def release(self, version, change=None):
        """Put a version into the repository; the text of the document that orders it."""
        target, package = self.packages.target, self.packages.thin(version, change)
        named = package.with_name(package.name.removeprefix("thin-"))
        named.write_bytes(package.read_bytes())
        folder = self.machine.root / "srv/releases" / version
        for release in lay_out_repository(folder, {target: named}, Validity(int(Clock().now().utc) - DAY_S, DAYS)):
            with self._key.in_use():
                sign_file(release, self._key.fingerprint).rename(release.with_name("Release.gpg"))
        return order_text({"version": version, "path": version, "rest_s": 60, "packages": {target.name: entry(named)}})

    def order(self, text, **changes):
        """Have a document come to the gate."""
        self._version += 1
        utc = int(Clock().now().utc)
        given = {"version": self._version, "iat": utc - 60, "exp": utc + DAY_S, "trial_s": 240, "steady_s": 2}
        (self.machine.root / "srv/order").write_text(signed_order(text, **(given | changes)))
        (self.machine.root / "srv/take.py").write_text(TAKE)
        self.gate.ask(
            "setpriv --reuid=gate-agent --regid=gate-agent --init-groups /usr/lib/gate-agent/current/bin/python3 -I "
            "/srv/take.py"
        )

    def told(self):
        """State and code of the newest document, as the gate tells central."""
        held = json.loads((self.machine.root / "var/lib/gate-agent/fleet/documents.json").read_text())
        (one,) = held["outcomes"]
        return one["version"], one["state"], one["code"]

    def until_told(self, state, code=None):
        wanted = (self._version, state, code)
        self.machine.until_true(lambda: self.told() == wanted, f"{wanted}", WITHIN_S)

    @property
    def stage(self):
        """Of the update that is under way; None: there is none."""
        try:
            return json.loads((self.machine.root / UPDATE[1:] / "state.json").read_text())["stage"]
        except FileNotFoundError:
            return None

    def cut(self, *cuts):
        """Kill the helper and all that it has started, at each (stage, seconds later) in turn.

        One script for all of them: systemd starts the helper again sooner than a second command could look.
        """
        state = f"{UPDATE}/state.json"
        script = "".join(
            CUT.format(stages="|".join(from_stage(stage)), state=state, late=late, helper=HELPER)
            for stage, late in cuts
        )
        assert self.machine.run(script, timeout=WITHIN_S).stdout.split() == ["cut"] * len(cuts)

    def is_in_order(self, version):
        """Whether a version is at work, and nothing of an update is left."""
        gate = self.gate
        assert gate.version == version
        assert gate.shown("ActiveState") == "active"
        assert gate.run("dpkg --audit").text == ""
        assert gate.ask(f"ls {UPDATE}").split() == ["lock", "outcome.json", "seen.json"]
        assert gate.ask("ls /usr/lib/gate-agent").split()[1:] == ["current"]
        return True


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    packages = Packages(folder)
    with release_key() as key, installed_gate(packages.thin("0.9.0")) as gate:
        gate.wire()
        file = gate.machine.root / CONFIGURATION[1:]
        text = file.read_text()
        assert text.count("#repositories = []\n") == 1
        file.write_text(text.replace("#repositories = []\n", REPOSITORY) + SETTINGS)
        trusted = gate.machine.root / KEYRING
        trusted.write_bytes(keyring(write_keys(folder / "keys", key)))
        trusted.chmod(0o644)
        gate.ask("gate-agent anchors adopt --yes && systemctl restart gate-agent")
        yield Fleet(gate, packages, key)


def test_what_central_orders_is_installed_and_proves_itself(fleet):
    before, events = fleet.gate.process, fleet.gate.events()
    fleet.order(fleet.release("0.9.1"))
    fleet.until_told("applied")
    assert fleet.is_in_order("0.9.1")
    assert fleet.gate.process != before
    assert fleet.gate.events() > events
    said = fleet.gate.log()
    asked = said.index("no vehicle is under way, and the helper updates the agent now")
    assert asked < said.index("stopping: SIGTERM", asked)
    assert fleet.gate.ask(f"stat --format='%U %a' {UPDATE}") == "root 755"


def test_a_version_that_does_not_come_up_is_undone_and_told(fleet):
    fleet.order(fleet.release("0.9.2", never_ready))
    fleet.until_told("undone", "not_started")
    assert fleet.is_in_order("0.9.1")


def test_cut_off_ten_times_in_the_middle_it_is_installed_all_the_same(fleet):
    fleet.order(fleet.release("0.9.3"))
    fleet.cut(*((stage, late_s) for stage in STAGES for late_s in (0, 0.3)))
    fleet.until_told("applied")
    assert fleet.is_in_order("0.9.3")


def test_cut_off_while_it_goes_back_it_is_back_in_the_end(fleet):
    fleet.order(fleet.release("0.9.4", never_ready))
    fleet.cut(("going_back", 0), ("going_back", 0.5))
    fleet.until_told("undone", "not_started")
    assert fleet.is_in_order("0.9.3")


@pytest.mark.parametrize(("number", "stage", "late_s"), [(5 + n, *cut) for n, cut in enumerate(POWER_CUTS)])
def test_where_the_power_of_the_machine_goes_the_update_ends_as_it_must_after_the_start(fleet, number, stage, late_s):
    goes_back = stage == "going_back"
    before, version = fleet.gate.version, f"0.9.{number}"
    fleet.order(fleet.release(version, never_ready if goes_back else None))
    eventually(lambda: fleet.stage in from_stage(stage), WITHIN_S, stage)
    fleet.machine.run(f"sleep {late_s}")
    fleet.machine.cut_power()
    fleet.machine.boot()
    fleet.until_told(*(("undone", "not_started") if goes_back else ("applied",)))
    assert fleet.is_in_order(before if goes_back else version)


def test_an_older_version_is_refused(fleet):
    process, version = fleet.gate.process, fleet.gate.version
    fleet.order(fleet.release("0.9.0"))
    fleet.until_told("refused", "downgrade")
    assert fleet.is_in_order(version)
    assert fleet.gate.process == process
