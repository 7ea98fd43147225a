"""A gate of the site in its container: two lanes, the devices of its yard, and the other gates of the site."""

import json
import re
import shutil
from contextlib import ExitStack

from tests.fleet.gate_box import GateBox
from tests.fleet.vehicles import CODE, UNIT, Vehicles
from tests.site import yard
from tests.site.kinds import CAMERA, POST
from tests.site.network_camera import RTSP_PORT, NetworkCamera
from tests.site.permits import scene_of
from tests.support.packaging.booted_gate import CONFIGURATION, JOURNAL
from tests.support.packaging.booted_gate import UNIT as AGENT_UNIT
from tests.support.packaging.debian_packages import SEEN, STORE, own_target
from tests.support.waiting import eventually
from tools.deb.environment import ready_environment

PLACE = "/run/board"
FOLDER = "/srv/yard"
"""What the yard reads and writes: on a disk of its own, which never fills up."""
STATE = JOURNAL.rpartition("/")[0]
BACKUP, ASIDE = "/srv/backup", "/srv/aside"
IN_USE = "state-journal.db"
"""How the copy of the journal in use is called."""
FILES = "/etc/gate-agent"
TWO_LANES = f"""
[lanes.{CAMERA}]
number = 1
direction = "export"
close_mode = "agent"

[lanes.{CAMERA}.rules]
without_plate = "vin"

[lanes.{CAMERA}.driver_page]
enabled = true

# Long enough for a machine that does much at once.
[lanes.{CAMERA}.timing]
read_s = 8
decide_s = 8
open_s = 20
close_s = 20
stale_s = 5

[lanes.{CAMERA}.barrier]
open_channel = 5
close_channel = 6
red_channel = 7
green_channel = 8

[lanes.{CAMERA}.relay]
kind = "modbus_rtu"
port = "{PLACE}/{yard.BOARD}"
timeout_ms = 2000

[lanes.{CAMERA}.inputs]
kind = "modbus_rtu"
port = "{PLACE}/{yard.BOARD}"
timeout_ms = 2000

[lanes.{CAMERA}.signals]
presence = 1
safety = 2
opened = 3
closed = 4

[[lanes.{CAMERA}.signs]]
id = "sign"
kind = "onbon"
port = "{PLACE}/{yard.SIGN}"
languages = ["en"]
lines = 2
columns = 16
timeout_ms = 2000

[lanes.{CAMERA}.voice]
kind = "simulated"
languages = ["zh", "en"]

[lanes.{POST}]
number = 2
direction = "export"

[lanes.{POST}.rules]
require = "permit"

[lanes.{POST}.timing]
read_s = 2
gone_s = 0.5
blind_passage_s = 2
decide_s = 30
grant_s = 30

[lanes.{POST}.relay]
kind = "lcus"
port = "{PLACE}/{yard.POST_BOARD}"
channels = 2

[[lanes.{POST}.scanners]]
id = "post"
kind = "serial_lines"
port = "{PLACE}/{yard.SCANNER}"
"""
DRAWN = f'kind = "simulated"\nscene_file = "{FOLDER}/{yard.SCENE_FILE}"\nframe_rate_hz = 5\n'
STREAMED = f'kind = "opencv"\nurl = "rtsp://127.0.0.1:{RTSP_PORT}/live.mp4"\nread_timeout_ms = 4000\n'
FRONT = f"""
[[lanes.{CAMERA}.cameras]]
id = "front"
readers = ["qr", "plate", "vin"]
reading_deadline_s = 10
hang_s = 30
"""
NEIGHBOURS = """
[site]
brokers = ["mqtts://{host}:{port}"]
ca_file = "/etc/gate-agent/site-ca.pem"
certificate_file = "/etc/gate-agent/site.pem"
key_file = "/etc/gate-agent/site.key"
claim_timeout_s = {claim_s}
"""
NEIGHBOUR = """
[[site.gates]]
id = "{gate}"
public_key = "{key}"
"""
CLAIM_S = 5.0
BEGIN_S = 60.0


class Yard(Vehicles):
    """The vehicles of one gate, and its devices. `number`: of the gate. `folder`: what it shares with the container."""

    required = '["revocations"]'

    def __init__(self, machine, number, folder):
        super().__init__(machine, number)
        self._folder, self._stack = folder, ExitStack()
        for path in (folder, folder / yard.FAULTS, folder / yard.SCENE):
            path.mkdir()
            path.chmod(0o777)
        self._camera = NetworkCamera(folder, folder / yard.SCENE_FILE, machine) if number % 2 == 0 else None
        self.lanes = TWO_LANES + FRONT + (DRAWN if self._camera is None else STREAMED)

    def __enter__(self):
        if self._camera is not None:
            self._stack.enter_context(self._camera)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def lay_down(self, arrivals, texts, began):
        """Say who comes when. `texts`: of their codes, by number. `began`: Unix seconds at which the day begins."""
        rows = [
            {
                "number": one.number,
                "lane": one.lane,
                "at": began + one.at_s,
                "kind": one.kind,
                "text": texts[one.number],
                "scene": scene_of(one),
            }
            for one in arrivals
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self._folder / yard.VEHICLES).write_text(text, encoding="utf-8")

    def begin(self):
        """Put the devices there, and let the vehicles come that are still to come."""
        target = own_target()
        modules = f"{CODE}:{SEEN / ready_environment(target, STORE).name}"
        before = self._times_begun()
        self._machine.ask(
            f"systemd-run --quiet --unit={UNIT} --property=User=gate-agent --property=RuntimeDirectory=board"
            f" --setenv=PYTHONPATH={modules}"
            f" /usr/bin/python{target.python} -B -m tests.site.yard {FOLDER} {PLACE}"
        )
        eventually(lambda: self._times_begun() > before, BEGIN_S, "the yard")
        if self._camera is not None:
            self._camera.set_power(on=True)

    def lose_power(self):
        """All that is at the gate is without power; the devices inside its container are gone with it."""
        if self._camera is not None:
            self._camera.set_power(on=False)

    def _times_begun(self):
        return sum(note["what"] == yard.BEGUN for note in self.notes())

    def fail(self, device):
        """Have a device fail until it is mended."""
        if device == yard.SCENE and self._camera is not None:
            self._camera.set_failing(fails=True)
        else:
            (self._folder / yard.FAULTS / device).touch()

    def mend(self, device):
        if device == yard.SCENE and self._camera is not None:
            self._camera.set_failing(fails=False)
        else:
            (self._folder / yard.FAULTS / device).unlink(missing_ok=True)

    def notes(self):
        """All that was seen at the lanes until now, in order."""
        file = self._folder / yard.NOTES
        lines = file.read_text(encoding="ascii").split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in lines]


class SiteBox(GateBox):
    """A gate of the site. `folder`: outside, for what it shares."""

    def __init__(self, number, base, bridge, releases, folder):
        super().__init__(number, base, bridge, releases, {FOLDER: folder / "yard"})
        self.folder = folder
        self.vehicles = Yard(self.machine, number, folder / "yard")

    def __enter__(self):
        self.vehicles.__enter__()
        return super().__enter__()

    def __exit__(self, *_):
        self.vehicles.__exit__()
        super().__exit__()

    def first_start(self):
        """Start it once, for the key that it makes; its public half."""
        self.machine.ask(f"systemctl start {AGENT_UNIT}")
        said = self.machine.ask(f"gate-agent events key --state {STATE}")
        self.machine.ask(f"systemctl stop {AGENT_UNIT}")
        return re.search(r"^public ([0-9a-f]{64})$", said, re.MULTILINE)[1]

    def join(self, broker, host, keys):
        """Have it know the other gates of the site. `broker`: theirs; `keys`: of all gates, by name."""
        root = self.machine.root
        for name, file in zip(("site-ca.pem", "site.pem", "site.key"), broker.files(f"{self.name}.site"), strict=True):
            shutil.copyfile(file, root / FILES[1:] / name)
        self.machine.ask(f"cd {FILES} && chown gate-agent: site* && chmod 0644 site-ca.pem && chmod 0600 site.key")
        text = NEIGHBOURS.format(host=host, port=broker.port, claim_s=CLAIM_S)
        text += "".join(NEIGHBOUR.format(gate=gate, key=key) for gate, key in sorted(keys.items()))
        file = root / CONFIGURATION[1:]
        before, there, _ = file.read_text().partition("\n[site]\n")
        assert there
        after = file.read_text().partition("\n[privacy]\n")
        file.write_text(before + text + "\n[privacy]\n" + after[2])

    # ---------------------------------------------------------------------------------------------------- its troubles

    def kill_agent(self):
        self.machine.run(f"systemctl kill --signal=KILL --kill-whom=main {AGENT_UNIT}", check=False)

    def kill_workers(self):
        """Kill what reads pictures for the agent."""
        main = f"/proc/$(systemctl show --property=MainPID --value {AGENT_UNIT})/task/*/children"
        self.machine.run(f"kill -KILL $(cat {main})", check=False)

    def cut_power(self):
        """Its computer and its boards lose their power at once."""
        self.machine.cut_power()
        self.vehicles.lose_power()

    def power_on(self):
        self.machine.boot()
        self.connect()
        self.vehicles.begin()

    def set_network(self, *, up):
        self.machine.run(f"ip link set host0 {'up' if up else 'down'}")

    def back_up(self):
        """Copy its state, as somebody does who means well."""
        self.stop()
        self.machine.ask(f"rm -rf {BACKUP} && cp -a {STATE} {BACKUP}")
        self.start()

    def restore(self):
        """Put the copy in the place of the state, and the state aside for the judge."""
        self.machine.ask(f"mkdir -p {ASIDE} && cp -a {STATE}/journal.db* {ASIDE}")
        self.machine.ask(f"find {STATE} -mindepth 1 -delete && cp -a {BACKUP}/. {STATE}")
        self.start()

    def start(self):
        self.machine.ask(f"systemctl start {AGENT_UNIT}")

    def stop(self):
        self.machine.ask(f"systemctl stop {AGENT_UNIT}")

    def journals(self, when):
        """Copies of all its journals, of the stopped gate: also of those that it has moved aside, or that were."""
        folder = self.folder / when
        folder.mkdir()
        for source, name in ((STATE, "state"), (ASIDE, "aside")):
            for file in (self.machine.root / source[1:]).glob("journal*.db*"):
                shutil.copy(file, folder / f"{name}-{file.name}")
        return [path for path in sorted(folder.iterdir()) if path.suffix == ".db"]
