"""Make the gate of version 0.1 that tests/system/test_migration.py begins with, by 0.1's own code.

    git worktree add /tmp/v01 147c1b8
    (cd /tmp/v01 && make setup)
    TEST_TIME_SCALE=8 .venv/bin/python -m tests.support.migration.make_gate /tmp/v01

Builds 0.1's wheel, lets its agent run with a board, scanners, a camera and a broker as in the tests of the whole
product, and packs its folder at the moment of a loss of power, in the middle of a vehicle.
"""

import json
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from agent.store.journal.reader import JournalReader
from drivers.emulators.scanner import ScannerEmulator
from tests.support.gate.gate_site import GATE, SITE
from tests.support.gate.installed import build_wheel, install
from tests.support.migration.kept_gate import ARCHIVE, FOLDER, LANE_2, PRESENCE, Placed, moved, put_scene
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Broker, Listener
from tests.support.waiting import eventually
from tests.system.list_site import ListSite
from tests.system.posts import PASSED, Gate, denied

KEPT = ("gate.toml", "lanes", "state", "shipped", "papers.json", "events.jsonl")
LEFT_OUT = ("-shm", "-lock", "-reserve")
"""Endings of files that hold nothing and are made anew by each start."""

CONFIGURATION = """\
# A gate of version 0.1 with two lanes.
version = 1
include = ["lanes/exit-1.toml", "lanes/{lane_2}.toml"]

[gate]
id = "{gate}"
site = {site}

[state]
directory = "{folder}/state"

[permits]
root_keys = ["{root_key}"]
clock_skew_s = 30
forms = ["signed", "reference"]

[lists]
require = ["declarations", "revocations"]
fresh_s = 600

[clock]
require_synchronised = false

[mqtt]
brokers = ["mqtt://127.0.0.1:1883"]
start_spread_s = 0.1
resend_s = 2
heartbeat_s = 5

[journal]
keep_acknowledged_days = 3650

[evidence]
keep_passed_hours = 720
send = ["overridden"]

[[commands.keys]]
id = "room"
public_key = "{command_key}"
may = ["lock", "unlock", "open"]

[console]
enabled = true
port = 0

[log]
level = "info"
"""
LANE = """\
[lanes.exit-1]
number = 1
direction = "export"
{lane}
[lanes.exit-1.rules]
require = "permit"
declaration = "required"

[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "{folder}/scanner"

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
scene_file = "{folder}/yard/scene.json"
frame_rate_hz = 10
"""
SECOND_LANE = """\
[lanes.{lane_2}]
number = 2
direction = "export"

[lanes.{lane_2}.rules]
require = "permit"

[lanes.{lane_2}.relay]
kind = "simulated"
name = "{lane_2}"

[lanes.{lane_2}.inputs]
kind = "simulated"
name = "{lane_2}"
state_file = "{folder}/yard/inputs.json"

[lanes.{lane_2}.signals]
presence = {presence}
safety = 2

[[lanes.{lane_2}.scanners]]
id = "post-2"
kind = "serial_lines"
port = "{folder}/scanner-2"
"""
OTHER_KINDS = """
import json, os, sys, time
from agent.core.chain import ClockReading
from agent.core.contract.examples import event_example
from agent.core.events import TYPES, Draft
from agent.store.journal import Journal
from agent.store.reader import JournalReader

path, gate = sys.argv[1:]
from pathlib import Path
path = Path(path)
with JournalReader(path) as reader:
    recorded = {event.type for event in reader.events()}
journal = Journal.open(path, gate=gate, boot="examples", clock=lambda: ClockReading(time.time(), False, None),
                       max_bytes=1 << 28)
for kind in TYPES:
    if kind.TYPE not in recorded:
        data = json.loads(event_example(kind.TYPE))["data"]
        journal.record([Draft(kind.model_validate(data), None, None, time.time())])
        print(kind.TYPE)
journal.close()
"""
"""Records, by 0.1's code, the example of every kind of event that the gate has not recorded, of no lane and vehicle."""


class OldGate:
    """The gate while it is made. `papers`: what the test must know of it."""

    def __init__(self, installed, folder, broker):
        self.folder = folder
        self.installed = installed
        self.placed = Placed(installed, folder, broker)
        self.site = ListSite(installed, folder)
        self.gate = Gate(self.placed, folder)
        self.papers = {"gate": GATE}

    def configure(self):
        said = self.run("command", "keygen", self.folder / "room.pem")
        key = said.split('"')[1]
        (self.folder / "lanes").mkdir()
        (self.folder / "yard").mkdir()
        put_scene(self.folder, {})
        values = {
            "folder": self.folder,
            "gate": GATE,
            "site": SITE,
            "root_key": self.site.root_key,
            "command_key": key,
            "lane": self.gate.lane.toml,
            "lane_2": LANE_2,
            "presence": PRESENCE,
        }
        (self.folder / "gate.toml").write_text(CONFIGURATION.format(**values))
        (self.folder / "lanes" / "exit-1.toml").write_text(LANE.format(**values))
        (self.folder / "lanes" / f"{LANE_2}.toml").write_text(SECOND_LANE.format(**values))

    def run(self, *arguments):
        done = self.placed.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def ready(self):
        self.gate.start().ready()
        self.gate.hearing.wait("device.changed", self.gate._started, family="camera", state="streaming")

    def head(self):
        with JournalReader(self.gate.state / "journal.db") as journal:
            return journal.standing()


@contextmanager
def old_gate(checkout, folder, broker):
    (folder / "wheel").mkdir()
    installed = install(build_wheel(folder / "wheel", checkout), folder / "wheel", ("agent", "drivers"))
    home = folder / "gate"
    home.mkdir()
    gate = OldGate(installed, home, broker)
    gate.configure()
    with gate.gate, ScannerEmulator(home / "scanner-2"):
        yield gate


def with_broker(old, broker):
    """What happens while the broker is there: two permits used, one refused, a lane locked, a user made."""
    papers, site, gate = old.papers, old.site, old.gate
    rows = [site.vehicle() for _ in range(5)]
    used, seen, revoked, without_broker, interrupted = rows
    new = [site.vehicle() for _ in range(3)]
    site.declare(*rows, *new)
    site.revoke(revoked)
    site.publish(broker)
    old.ready()
    for name in ("trust", "declarations", "revocations"):
        gate.hearing.wait("lists.applied", list=name)
    texts = {"used": used, "seen": seen, "revoked": revoked, "unsent": without_broker, "interrupted": interrupted}
    papers["permits"] = {name: site.permit_of(row) for name, row in texts.items()}
    papers["new"] = [site.permit_of(row) for row in new]
    assert gate.visit(papers["permits"]["used"]).words == PASSED
    put_scene(old.folder, {"code": {"text": papers["permits"]["seen"]}, "vehicle": {"plate": seen.plate}})
    gate.arrive()
    assert gate.answer()["data"]["verdict"] == "PASS"
    put_scene(old.folder, {})
    assert gate.leave().outcome == "passed"
    assert gate.visit(papers["permits"]["revoked"]).words == denied("PERMIT_REVOKED")
    assert gate.visit("https://example.org/no-permit").verdict == "DENY"
    with Listener(broker.port, f"gate/v1/{GATE}/cmd/#") as commands:
        old.run(
            *("command", "send", "lock", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--gate", GATE),
            *("--key", old.folder / "room.pem", "--kid", "room", "--lane", LANE_2),
            *("--operator", "officer 7", "--cause", "snow"),
        )
        eventually(lambda: commands.messages, what="the command")
        papers["lock"] = commands.messages[0]["payload"]
    said = old.run("console", "user", "add", "aigul", "--role", "technician", "--config", gate.configuration)
    papers["user"] = said.split()[:2]
    gate.hearing.wait("console.acted", act="user.added")
    old.gate.agent.stop()


def without_broker(old):
    """What nobody has heard of: all other kinds of events, a vehicle that passes, and one in whose middle it ends."""
    gate, papers = old.gate, old.papers
    told = run_python(old.installed, OTHER_KINDS, gate.state / "journal.db", GATE)
    sys.stdout.write(f"examples recorded of: {', '.join(told.split())}\n")
    old.ready()
    assert gate.visit(papers["permits"]["unsent"]).words == PASSED
    gate.arrive()
    gate.scanner.scan(papers["permits"]["interrupted"])
    assert gate.answer()["data"]["verdict"] == "PASS"
    gate.agent.until(lambda: gate.lane.pulses > gate._pulses, "the pulse")
    gate.hearing.wait("barrier.pulsed", gate._since)
    gate.agent.kill()


def run_python(installed, program, *arguments):
    """Run a program with the installed packages; its output."""
    done = subprocess.run(
        [installed.python, "-c", program, *map(str, arguments)],
        cwd=installed.scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pack(old):
    """The folder as one archive, without the names of this computer's users and of its folders."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in KEPT:
            for path in sorted([old.folder / name, *(old.folder / name).rglob("*")]):
                if path.name.endswith(LEFT_OUT):
                    continue
                entry = archive.gettarinfo(path, str(path.relative_to(old.folder)))
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mtime = int(entry.mtime)
                content = moved(path, str(old.folder), FOLDER) if path.is_file() else b""
                entry.size = len(content)
                archive.addfile(entry, BytesIO(content))
    ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    ARCHIVE.write_bytes(lzma.compress(packed.getvalue(), preset=9))


def make(checkout):
    """Make it anew from a checkout of version 0.1."""
    with tempfile.TemporaryDirectory(prefix="gate-0.1-") as name:
        folder = Path(name)
        with Broker(folder) as broker, old_gate(checkout, folder, broker) as old:
            with Central(broker.port, GATE) as central:
                with_broker(old, broker)
                old.papers["watermark"] = central.watermark
            broker.stop()
            without_broker(old)
            said = old.run("events", "export", "--journal", old.gate.state / "journal.db")
            (old.folder / "events.jsonl").write_text(said)
            old.papers["key"] = old.run("events", "key", "--state", old.gate.state)
            now = old.head()
            old.papers |= {"stream": now.head.stream, "head": now.head.seq}
            assert 0 < now.watermark <= old.papers["watermark"]
            old.papers["watermark"] = now.watermark
            (old.folder / "papers.json").write_text(json.dumps(old.papers, ensure_ascii=False, indent=1))
            for path in (checkout / "config" / "gate.toml", *(checkout / "config" / "lanes").glob("*.toml")):
                target = old.folder / "shipped" / path.relative_to(checkout / "config")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
            pack(old)
    sys.stdout.write(f"{ARCHIVE}: {ARCHIVE.stat().st_size} bytes, {old.papers['head']} events\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve())
