"""What a gate in a container needs for vehicles to come: a lane, permits, and the program that lets them come."""

from tests.fleet.arrivals import POST, RELAY
from tests.fleet.traffic import vehicles_of
from tests.support.packaging.booted_gate import CONFIGURATION
from tests.support.packaging.debian_packages import SEEN, STORE, own_target
from tools.deb.environment import ready_environment
from tools.deb.project import ROOT

CODE = "/srv/code"
SHOWN = {f"{CODE}/{name}": ROOT / name for name in ("agent", "central", "drivers", "sim", "tests")}
"""What the program is made of: not that of the package, which comes and goes while it runs."""
UNIT = "vehicles"
FOLDER = "board"
PLACE = f"/run/{FOLDER}"
PERMITS = "/srv/permits"
NOTES = f"/var/lib/{UNIT}/notes"
TRUST_LIST = "/etc/gate-agent/trust.gtl"
EXAMPLE_KEY = "e42f822c916cb9d453846d4247d280fbaea1f4ee7a761418b60f219711f431e3"
MANY = 1000
"""More than come while a proof lasts."""
LANES = "\n[lanes.lane-1]\n"
"""Where the lanes begin in the configuration that is shipped."""
# All that is at rest within CLEAR_S after the arm opened; and slow machines are no fault of the gate's.
LANE = f"""
[lanes.lane-1]
number = 1
direction = "export"

[lanes.lane-1.rules]
require = "permit"

[lanes.lane-1.timing]
read_s = 2
gone_s = 0.5
blind_passage_s = 2
decide_s = 30
grant_s = 30

[lanes.lane-1.relay]
kind = "lcus"
port = "{PLACE}/{RELAY}"
channels = 2

[[lanes.lane-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{PLACE}/{POST}"
"""


class Vehicles:
    """The vehicles of one gate. `number`: of the gate. `lanes`: its lanes; `required`: the lists that it needs."""

    lanes = LANE
    required = "[]"

    def __init__(self, machine, number):
        self._machine, self._number = machine, number

    def begin(self, trade_window):
        """Have the gate take the permits of a trade window, give each vehicle one, and let them come."""
        self.configure(trade_window)
        permits = "".join(self._permit(trade_window, place) for place in range(MANY))
        (self._machine.root / PERMITS[1:]).write_text(permits, encoding="ascii")
        target = own_target()
        modules = f"{CODE}:{SEEN / ready_environment(target, STORE).name}"
        self._machine.ask(
            f"systemd-run --quiet --unit={UNIT} --property=User=gate-agent --property=RuntimeDirectory={FOLDER}"
            f" --property=StateDirectory={UNIT} --setenv=PYTHONPATH={modules}"
            f" /usr/bin/python{target.python} -B -m tests.fleet.arrivals {PERMITS} {NOTES} {PLACE}"
        )
        self._machine.until(f"test -e {PLACE}/{POST} && echo there", "there")

    def end(self):
        """Let no more come; it must have run until now."""
        self._machine.ask(f"systemctl is-active {UNIT} && systemctl stop {UNIT}")

    def came(self):
        """The vehicles, in the order in which they came, and how often the arm opened for nobody."""
        return vehicles_of((self._machine.root / NOTES[1:]).read_text(encoding="ascii").splitlines())

    def configure(self, trade_window):
        """These lanes are the only ones, and their gate trusts the trade window."""
        file, trust_list = (self._machine.root / path[1:] for path in (CONFIGURATION, TRUST_LIST))
        trust_list.write_bytes((trade_window.folder / "trust.gtl").read_bytes())
        trust_list.chmod(0o644)
        text, there, _ = file.read_text().partition(LANES)
        assert there
        for old, new in (
            (EXAMPLE_KEY, trade_window.root_key),
            (f'#trust_list = "{TRUST_LIST}"\n', f'trust_list = "{TRUST_LIST}"\n'),
            ('\nrequire = ["revocations"]\n', f"\nrequire = {self.required}\n"),
            ("#require_synchronised = true\n", "require_synchronised = false\n"),
        ):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file.write_text(text + self.lanes)

    def _permit(self, trade_window, place):
        """A line with the permit of one vehicle; no two of all gates are the same vehicle."""
        serial = self._number * MANY + place
        name = serial.to_bytes(8, "big")
        return f"{name.hex()} {trade_window.permit(None, permit_id=name, vin=f'1M8GDM9AXKP{serial:06d}')}\n"
