"""Three gates, their broker and their network, for the races to use and to break."""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from sqlite3 import connect

from agent.core.crypto.keys import SigningKey
from tests.support.mqtt.mosquitto import Broker
from tests.support.waiting import PATIENCE_S, eventually, scaled

GATES = ("north", "south", "west")
ROOT = Path(__file__).parents[2]


class Place(Enum):
    """What becomes of a file while its gate is down. OLDER: a copy is put back."""

    KEPT = "kept"
    OLDER = "older"
    GONE = "gone"


@dataclass(frozen=True)
class Restore:
    """What is lost of a gate that was killed, and what is put back."""

    journal: Place
    head: Place

    def __str__(self):
        return f"journal {self.journal.value}, head file {self.head.value}"


RESTORES = (
    Restore(Place.OLDER, Place.KEPT),
    Restore(Place.GONE, Place.KEPT),
    Restore(Place.OLDER, Place.OLDER),
    Restore(Place.OLDER, Place.GONE),
    Restore(Place.GONE, Place.GONE),
)


class SiteBroker(Broker):
    """A mosquitto that keeps nothing, on one address of this machine."""

    def __init__(self, folder, host):
        super().__init__(folder, "persistence false")
        text = self._conf.read_text().replace("127.0.0.1", host).replace("log_type all", "log_type error")
        self._conf.write_text(text)
        self._host = host

    def _listens(self):
        assert self.process.poll() is None, self.log.read_text()
        return (
            f"{self._host}:{self.port}"
            in subprocess.run(
                ["ss", "-Hltn", f"sport = :{self.port}"], check=True, capture_output=True, text=True
            ).stdout
        )


class RacingGate:
    """A process of tests.races.gate. `told`: called with every line it says, on a thread of its own.

    `lost`: the journals that were taken away from it, which the judge reads too.
    """

    def __init__(self, name, folder, setup, prefix, told):
        self.name, self._told, self._prefix = name, told, prefix
        self.journal, self.lost = folder / f"{name}.db", []
        self._head = folder / f"{name}-witness" / "head"
        self._journal_copy, self._head_copy = folder / f"{name}.copy", folder / f"{name}.head-copy"
        self._file = folder / f"{name}.json"
        self._file.write_text(
            json.dumps({**setup, "gate": name, "journal": str(self.journal), "head_file": str(self._head)})
        )
        self._log = folder / f"{name}.log"
        self._answers = queue.SimpleQueue()
        self._process = self._reader = None
        self._writing = threading.Lock()

    def start(self):
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "tests.races.gate", str(self._file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self

    def started(self):
        said = self._answers.get(timeout=scaled(30))
        assert "started" in said, said

    def _read(self, process):
        with process.stdout:
            for line in process.stdout:
                said = json.loads(line)
                if "race" in said:
                    self._told(self.name, said)
                else:
                    self._answers.put(said)

    def order(self, **order):
        """Give an order; False where the gate is not there to hear it."""
        try:
            with self._writing:
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def where(self):
        return self._asked("where", "where")

    def accept(self):
        """Two persons take what is there for all there is."""
        return self._asked("accept", "accepted")

    def _asked(self, do, answer):
        assert self.order(do=do), self._log.read_text()[-2000:]
        return self._answers.get(timeout=scaled(30))[answer]

    @property
    def journals(self):
        """All journals that it ever had: that of now, those that were taken away, and those that it moved aside."""
        aside = sorted(self.journal.parent.glob(f"{self.name}.damaged-*.db"))
        return [self.journal, *self.lost, *aside]

    def copy(self):
        """Copy journal and head file while the gate writes them. The head file is not ahead of its journal then."""
        shutil.copy(self._head, self._head_copy)
        self._journal_copy.unlink(missing_ok=True)
        with (
            closing(connect(f"file:{self.journal}?mode=ro", uri=True)) as source,
            closing(connect(self._journal_copy)) as target,
        ):
            source.backup(target)

    def lose(self, restore):
        """While the gate is down: take its journal away, and put back what is to be there.

        Returns whether a use of a permit is lost by it.
        """
        aside = self.journal.with_name(f"{self.name}.lost-{len(self.lost) + 1}.db")
        for ending in ("", "-wal"):
            old = self.journal.with_name(f"{self.journal.name}{ending}")
            if old.exists():
                old.rename(aside.with_name(f"{aside.name}{ending}"))
        self.journal.with_name(f"{self.journal.name}-shm").unlink(missing_ok=True)
        self.lost.append(aside)
        if restore.journal is Place.OLDER:
            shutil.copy(self._journal_copy, self.journal)
        if restore.head is not Place.KEPT:
            self._head.unlink()
        if restore.head is Place.OLDER:
            shutil.copy(self._head_copy, self._head)
        return restore.journal is Place.GONE or _row_place(self.journal) < _row_place(aside)

    def kill(self):
        self._process.kill()
        self._leave()

    def _leave(self):
        code = self._process.wait(PATIENCE_S)
        with suppress(OSError):
            self._process.stdin.close()
        self._reader.join(PATIENCE_S)
        return code

    def stop(self):
        self.order(do="stop")
        said = self._answers.get(timeout=scaled(30))
        assert said.get("stopped"), (said, self._log.read_text()[-2000:])
        assert self._leave() == 0

    def end(self):
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def log(self):
        return self._log.read_text()


def _row_place(journal):
    """How far the row log of a journal goes."""
    with closing(connect(journal)) as database:
        return database.execute("SELECT coalesce(max(seq), 0) FROM site_log").fetchone()[0]


class World:
    """All of it. `faults`: what the gates said of faults of their own, which must be nothing."""

    def __init__(self, folder, net, told, **setup):
        keys = {gate: SigningKey.from_seed(os.urandom(32)) for gate in GATES}
        self.net = net
        self.broker = SiteBroker(folder, net.host)
        seeds = {gate: key.private.private_bytes_raw().hex() for gate, key in keys.items()}
        common = {
            "gates": {gate: key.public.raw.hex() for gate, key in keys.items()},
            "broker": [net.host, self.broker.port],
            "slow": 0.005,
            "passage_s": 0.03,
            "naive": False,
            **setup,
        }
        self.gates = {
            gate: RacingGate(gate, folder, {**common, "seed": seeds[gate]}, net.command(gate), told) for gate in GATES
        }

    def __enter__(self):
        self.broker.start()
        for gate in self.gates.values():
            gate.start()
        for gate in self.gates.values():
            gate.started()
        self.settled()
        return self

    def __exit__(self, *_):
        for gate in self.gates.values():
            gate.end()
        self.broker.stop()

    def settled(self, within_s=60):
        """Wait until all gates are connected and know all rows of one another. Those that have given up start again."""
        eventually(self._is_settled, within_s, "all gates knowing of all uses")

    def _is_settled(self):
        places = {gate: one.where() for gate, one in self.gates.items()}
        for gate in [gate for gate, place in places.items() if place["given_up"]]:
            self.kill_gate(gate)
            return False
        return all(
            place["connected"]
            and not place["missing"]
            and all(seq == places[peer]["head"] for peer, seq in place["knows"].items())
            for place in places.values()
        )

    def met(self):
        """Wait until all gates hear one another: of what nobody has heard nobody can tell."""
        eventually(self._have_met, 60, "all gates hearing one another")

    def _have_met(self):
        places = [one.where() for one in self.gates.values()]
        return all(place["connected"] and all(peer["met"] for peer in place["peers"].values()) for place in places)

    def kill_gate(self, gate, meanwhile=lambda: None):
        """Kill -9, and start it again; `meanwhile` is done while it is down."""
        self.gates[gate].kill()
        meanwhile()
        self.gates[gate].start()
        self.gates[gate].started()

    def stop(self):
        for gate in self.gates.values():
            gate.stop()
