"""The gate of version 0.1 that is kept in tests/data/version_0_1, and the present agent that goes on with it.

0.1 stopped at a moment of the past. The present agent has a clock that is set back to just after then, so that permits,
lists and pictures are as old as they were.
"""

import json
import lzma
import os
import subprocess
import tarfile
from datetime import datetime
from io import BytesIO
from pathlib import Path

from tests.support.gate.installed import AgentProcess, clean_environment
from tests.support.waiting import scaled

ARCHIVE = Path(__file__).parents[2] / "data" / "version_0_1" / "gate.tar.xz"
FOLDER = "/srv/gate-7"
"""Stands in the kept texts for the folder in which the gate lies."""
TEXTS = (".toml", ".json")
LANE_2 = "entry-2"
PRESENCE = 1
BETWEEN_S = 60
"""So long after 0.1's last event the present agent starts."""
PROGRAM = """\
#!{python}
import time
from types import SimpleNamespace
from agent.clock import clock
back_s = time.time() - {utc}
clock.time = SimpleNamespace(time=lambda: time.time() - back_s, monotonic=time.monotonic)
from agent.cli.main import main
main()
"""


class Placed:
    """An installation whose processes run in a gate's folder, where the ports and files of its configuration lie.

    They find the broker of the test in place of the configured one. `command`: another one than the installation's.
    """

    def __init__(self, installed, folder, broker, command=None):
        self.scratch = folder
        self.command = command or installed.command
        self.environment = {"GATE_MQTT__BROKERS": json.dumps([f"mqtt://127.0.0.1:{broker.port}"])}

    def run(self, *arguments):
        """Run `gate-agent` to its end; the CompletedProcess, with its output as text."""
        return subprocess.run(
            [self.command, *map(str, arguments)],
            cwd=self.scratch,
            env=clean_environment(self.scratch) | self.environment,
            capture_output=True,
            text=True,
            timeout=scaled(60),
            check=False,
        )

    def agent(self, configuration):
        """The agent of a configuration, not started yet."""
        return AgentProcess(self, configuration, self.environment)


class KeptGate:
    """0.1's gate in `folder`, which is made.

    `papers`: what is known of it. `payloads`: its events by sequence number, as 0.1 exported them.
    """

    def __init__(self, folder):
        self.folder = folder
        with tarfile.open(fileobj=BytesIO(lzma.decompress(ARCHIVE.read_bytes()))) as archive:
            archive.extractall(folder, filter="tar")
        for path in filter(Path.is_file, folder.rglob("*")):
            kept = path.stat()
            content = moved(path, FOLDER, str(folder))
            if content != path.read_bytes():
                path.write_bytes(content)
                os.utime(path, (kept.st_atime, kept.st_mtime))
        self.papers = json.loads((folder / "papers.json").read_text(encoding="utf-8"))
        lines = (folder / "events.jsonl").read_bytes().splitlines()
        self.payloads = {json.loads(line)["seq"]: line for line in lines}
        (folder / "yard").mkdir()
        put_scene(folder, {})

    @property
    def events(self):
        """Its events as objects, in order."""
        return [json.loads(payload) for _, payload in sorted(self.payloads.items())]

    def of(self, kind):
        """Its events of a type, in order."""
        return [event for event in self.events if event["type"] == kind]

    def placed(self, installed, broker):
        """The present product in this folder, by a clock that goes on shortly after 0.1's last event."""
        last = datetime.fromisoformat(self.events[-1]["time"]).timestamp()
        program = self.folder / "gate-agent"
        program.write_text(PROGRAM.format(python=installed.python, utc=last + BETWEEN_S))
        program.chmod(0o755)
        return Placed(installed, self.folder, broker, program)


def moved(path, old, new):
    """The bytes of a file of a gate that lies in another folder now: texts name it, all else is as it is."""
    content = path.read_bytes()
    return content.replace(old.encode(), new.encode()) if path.suffix in TEXTS else content


def put_scene(folder, scene):
    """Put this before the camera of a gate in `folder`, at once and whole."""
    fresh = folder / "yard" / "scene.new"
    fresh.write_text(json.dumps(scene), encoding="utf-8")
    fresh.replace(folder / "yard" / "scene.json")
