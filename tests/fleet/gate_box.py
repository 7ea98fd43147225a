"""Gates in containers: the package installed once, then as many machines as are asked for, each with a bare state.

Each is enrolled by a token, locks its trust anchors and starts, by the commands of the pages.
"""

import re
from contextlib import contextmanager
from pathlib import Path

from tests.fleet.central_side import FLEET_KEY, GROUP, SITE
from tests.fleet.vehicles import LANES, SHOWN, Vehicles
from tests.support.packaging.booted_gate import CONFIGURATION, SCANNER, UNIT, Gate
from tests.support.packaging.container import Container
from tests.support.packaging.debian_packages import SEEN, STORE
from tools.supply.keyring import keyring

KEYRING = "usr/share/keyrings/gate-agent-archive-keyring.gpg"
REPOSITORY = "/srv/releases"
SETTINGS = """
[[fleet.keys]]
id = "{key_id}"
public_key = "{key}"
may = ["configuration", "policy", "software"]
"""
# Slow machines that do much at once are no fault of the gate's; and the one device that only proofs have.
DROP_IN = """\
[Service]
WatchdogSec=120
TimeoutStartSec=300
TimeoutStopSec=120
RestartSec=0.5
DeviceAllow=char-pts rw
"""
CAMERA = r"\[\[lanes.lane-1.cameras\]\]\n.*?\nscene_file = [^\n]*\n"


INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
ROOM = 1024


@contextmanager
def room_for_many():
    """Have this machine's kernel allow what many containers together need: each has a dozen inotify instances."""
    before = int(INOTIFY.read_text())
    INOTIFY.write_text(str(max(ROOM, before)))
    try:
        yield
    finally:
        INOTIFY.write_text(str(before))


@contextmanager
def installed_box(package, bridge, releases):
    """A machine on which the package was installed and then switched off; yields what others begin with.

    `releases`: the folder of the repository that all see.
    """
    shown = {SEEN: STORE, REPOSITORY: releases}
    with Container(shown, bridge=bridge.name) as machine:
        gate = Gate(machine)
        said = gate.install(package)
        assert said.code == 0, said
        machine.ask(f"systemctl disable --now {UNIT}")
        machine.ask("rm -rf /var/lib/gate-agent/* /var/lib/gate-agent/.[!.]* /var/lib/gate-agent-witness/*")
        drop_in = machine.root / "etc/systemd/system" / f"{UNIT}.d/proof.conf"
        drop_in.parent.mkdir(exist_ok=True)
        drop_in.write_text(DROP_IN)
        machine.power_off()
        yield machine.written


class GateBox:
    """One gate. `number`: its place in the network; its name is made of it. `shared`: folders that it may write, by
    where it sees them.
    """

    def __init__(self, number, base, bridge, releases, shared=None):
        self.name = name_of(number)
        shown = {SEEN: STORE, REPOSITORY: releases, **SHOWN}
        self.machine = Container(shown, base=base, bridge=bridge.name, shared=shared)
        self.gate = Gate(self.machine)
        self.vehicles = Vehicles(self.machine, number)
        self._address = bridge.of_gate(number)

    def __enter__(self):
        self.machine.__enter__()
        return self

    def __exit__(self, *_):
        self.machine.__exit__()

    def set_up(self, central, *, trusted, group=GROUP):
        """Give it its network and its configuration, as a technician does. `trusted`: files of release keys."""
        root = self.machine.root
        with (root / "etc/hosts").open("a") as hosts:
            hosts.write(central.hosts)
        self.connect()
        file = root / CONFIGURATION[1:]
        text, replaced = re.subn(CAMERA, lambda _: SCANNER, file.read_text(), flags=re.DOTALL)
        assert replaced == 1
        for old, new in (
            ('\nid = "gate-1"\n', f'\nid = "{self.name}"\n'),
            ("\nsite = 1\n", f"\nsite = {SITE}\n"),
            ("#groups = []\n", f'groups = ["{group}"]\n'),
            ("#repositories = []\n", f'repositories = ["file://{REPOSITORY}"]\n'),
            ("#rate_kb_s = 1000\n", "rate_kb_s = 1000000\n"),
            (LANES, SETTINGS.format(key_id=FLEET_KEY, key=central.fleet_key) + LANES),
        ):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file.write_text(text)
        (root / KEYRING).write_bytes(keyring(trusted))
        (root / KEYRING).chmod(0o644)

    def connect(self):
        """Give it its address in the network: it has none when it was switched on."""
        self.machine.ask(f"ip address add {self._address} dev host0 && ip link set host0 up")

    def enrol(self, code):
        """Enrol it by its token, lock its trust anchors, and switch it on."""
        self.take_certificate(code)
        self.switch_on()

    def take_certificate(self, code):
        """Enrol it by its token."""
        said = self.gate.run(f"gate-agent enrol '{code}'")
        assert said.code == 0, (self.name, said.text, self.gate.run("ls -lan /var/lib/gate-agent /etc/gate-agent").text)

    def switch_on(self):
        """Lock its trust anchors, and switch it on."""
        self.machine.ask("gate-agent anchors adopt --yes")
        self.machine.ask(f"systemctl enable --now {UNIT}")

    def value(self, key):
        """What the configuration in force says of a key."""
        said = self.machine.run(f"gate-agent config show | grep '^{key} = '", check=False).stdout
        return said.partition(" = ")[2].strip()

    @property
    def at_work(self):
        return self.gate.shown("ActiveState") == "active"

    def last_words(self):
        """The newest lines of its log, of the agent and of the helper that installs software."""
        units = "--unit=gate-agent.service --unit=gate-agent-software.service"
        return self.machine.run(f"journalctl {units} --no-pager --output=cat --lines=8", check=False).stdout.strip()


def name_of(number):
    """The name of a gate."""
    return f"gate-{number:02}"
