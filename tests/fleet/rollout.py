"""Roll-outs at twenty real gates: `python -m tests.fleet.rollout [--gates N] [--only KIND] [--fault NAME]`. As root.

Each gate is a container with the package installed, enrolled by a token; central is mosquitto, PostgreSQL, the
consumer, the EST server and `gate-agent fleet` as they ship. A good configuration goes to all in stages; one that cuts
gates off stops at its second stage and is undone by the gates; software of which one gate in ten does not come up
stops, and then goes on with those failures allowed. What must be true is judged by central's events and at the gates
themselves. All the while vehicles with good permits come to every gate, and none may be refused. Exit code 1 where
something is not, or where a gate does not answer in its time: then it ends at once. `--fault` puts a fault in, which
must be found.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from agent.clock import Clock
from agent.store.journal.reader import JournalReader
from central.fleet import read_plan
from tests.fleet.bridge import Bridge
from tests.fleet.central_side import GROUP, CentralSide
from tests.fleet.faults import FAULTS, put_into_gates
from tests.fleet.gate_box import GateBox, installed_box, name_of, room_for_many
from tests.fleet.new_software import BY_DESIGN, Releases
from tests.fleet.progress import Progress, report, shortened, table
from tests.fleet.traffic import course, summary, traffic_of, wrongs_of_traffic
from tests.fleet.verdict import DONE, STOPPED, Found, Promise, Row, compared, wrongs_of_events
from tests.fleet.waits import TRIAL_S, InVainError, answer_s, settled_s, until_none
from tests.support.gate.gate_site import GateSite
from tests.support.packaging.booted_gate import JOURNAL, UNIT, why_not_here
from tests.support.packaging.container import refused
from tests.support.packaging.debian_packages import Packages
from tests.support.packaging.release_keys import release_key, why_not, write_keys

GATES = 20
PERCENTS = (5, 50, 100)
HEARTBEAT_S = 20
OUTSIDER = 0
"""A gate of another group: no roll-out of this proof is for it."""
KINDS = ("configuration", "software")
ENDS = {"applied", "undone", "refused"}
HEADINGS = (
    "roll-out",
    "gates",
    "told",
    "applied",
    "undone",
    "rolled back",
    "untouched",
    "vehicles",
    "refused",
    "seconds",
    "central heard",
    "",
)


class Proof:
    """The fleet in a folder, and what became of each roll-out. `in_vain`: for what it waited too long, and ended."""

    def __init__(self, folder, options, progress, stack):
        self.folder, self.fault, self.say = folder, options.fault, progress.say
        self._stack = stack
        self.names = [name_of(number) for number in range(1, options.gates + 1)]
        self.everybody = frozenset([name_of(OUTSIDER), *self.names])
        self.rows, self.events, self.traffic, self.in_vain = [], {}, {}, ""
        self.boxes = {}
        self._settled_s = settled_s(len(self.everybody))
        for name in ("releases", "packages", "central", "trade-window"):
            (folder / name).mkdir()
        self._trade_window = GateSite(folder / "trade-window")
        key = stack.enter_context(release_key())
        self._trusted = write_keys(folder / "keys", key)
        stack.enter_context(room_for_many())
        self.bridge = stack.enter_context(Bridge())
        self.say("central: mosquitto, PostgreSQL, consumer, EST server")
        self.central = stack.enter_context(CentralSide(folder / "central", self.bridge, sorted(self.everybody)))
        self._packages = Packages(folder / "packages")
        self._releases = Releases(folder / "releases", key, self._packages, self.fault)

    def play(self, kinds):
        """All of it, up to the end or to what never comes."""
        try:
            self.begin()
            for kind in kinds:
                getattr(self, kind)()
            ended = self.end_traffic()
            self.judge_events()
            self.judge_vehicles(ended)
        except InVainError as error:
            self.in_vain = str(error)
            self.say(self.in_vain)
            for gate in filter(error.concerns, self.boxes):
                self.say(f"{gate}, its last words:\n{self.boxes[gate].last_words()}")

    def begin(self):
        """Install once, and start the gates one after the other."""
        self.say("the package: built and installed once")
        releases = self.folder / "releases"
        base = self._stack.enter_context(installed_box(self._packages.thin("0.9.0"), self.bridge, releases))
        put_into_gates(self.fault, base)
        for number in range(len(self.names) + 1):
            box = self._stack.enter_context(GateBox(number, base, self.bridge, releases))
            group = "south" if number == OUTSIDER else GROUP
            box.set_up(self.central, trusted=self._trusted, group=group)
            box.vehicles.begin(self._trade_window)
            box.enrol(self.central.code(box.name))
            self.boxes[box.name] = box
            self.say(f"{box.name}: booted, enrolled and started ({number + 1} of {len(self.everybody)})")
        self._until_online("after the start")
        self.say("all gates are online")

    # ---------------------------------------------------------------------------------------------------- the roll-outs

    def configuration(self):
        """A good one to all; then one that cuts off all but the pilot, which has a narrower document."""
        good = self._plan("good", "configuration", f"[mqtt]\nheartbeat_s = {HEARTBEAT_S}\n")
        working = self._having("mqtt.heartbeat_s", str(HEARTBEAT_S))
        self._carry_out(good, Promise(DONE, frozenset(self.names), frozenset(self.names), {}), working)
        stop = "most_failed = 1000\n" if self.fault == "not stopped" else ""
        bad = self._plan("cuts-off", "configuration", "[mqtt]\nenabled = false\n", stop)
        first, second, _ = bad.stages()
        (pilot,) = first = frozenset(first)
        spared = self._plan("spared", "configuration", "[mqtt]\nenabled = true\n", gates=(pilot,))
        cut_off = self._having("mqtt.enabled", "false")
        self._carry_out(spared, Promise(DONE, first, first, {}), lambda: first | cut_off())
        promise = Promise(STOPPED, first.union(second), first, dict.fromkeys(second, "not_connected"))
        self._carry_out(bad, promise, lambda: first | cut_off())

    def software(self):
        """One gate in ten does not come up with it: first none may fail, then so many may."""
        first = self._software("0.9.1")
        one, second, third = first.stages()
        failing = {second[0]: "dies", third[0]: "deaf"}
        more = [*second[1:], *third[1:]][: max(0, len(self.names) // 10 - len(failing))]
        failing |= dict.fromkeys(more, "dies")
        for gate, how in failing.items():
            (self.boxes[gate].machine.root / f"etc/gate-agent/{how}").touch()
        codes = {gate: BY_DESIGN[how] for gate, how in failing.items()}
        told = frozenset([*one, *second])
        failed = {gate: code for gate, code in codes.items() if gate in told}
        self._carry_out(first, Promise(STOPPED, told, told - set(failed), failed), self._running("0.9.1"))
        everybody = frozenset(self.names)
        again = self._software("0.9.2", f"most_failed = {len(failing)}\n")
        self._carry_out(again, Promise(DONE, everybody, everybody - set(codes), codes), self._running("0.9.2"))

    def _plan(self, name, kind, text, stop="", gates=None):
        return self.central.roll_out(
            name,
            kind=kind,
            text=text,
            for_whom=f"group:{GROUP}" if gates is None else f"gate:{gates[0]}",
            gates=self.names if gates is None else list(gates),
            percents=PERCENTS if gates is None else (100,),
            trial_s=TRIAL_S[kind],
            stop=stop,
        )

    def _software(self, version, stop=""):
        return self._plan(f"software-{version}", "software", self._releases.ordered(version), stop)

    def _carry_out(self, rollout, promise, working):
        """Bring it out, wait until every gate that was told has come to an end, and note what is true then."""
        began = Clock().now().utc
        within_s = answer_s(rollout.kind, len(self.everybody))
        code = rollout.run(self.say, within_s)
        plan = read_plan(rollout.plan)
        digest = plan.document(0, 1, 1.0).digest
        until_none(lambda: rollout.reached() - self._words(digest)[1], f"the last word on {rollout.name} of", within_s)
        self._until_online(f"after {rollout.name}")
        words, _ = self._words(digest)
        failed = {
            gate: (data["code"], data["detail"])
            for gate, data in words.items()
            if data["state"] in {"undone", "refused"}
        }
        found = Found(
            code=code,
            told=frozenset(words),
            applied=frozenset(gate for gate, data in words.items() if data["state"] == "applied"),
            failed=failed,
            working=working(),
            online=frozenset(self.central.online()),
            active=frozenset(gate for gate, box in self.boxes.items() if box.at_work),
            seconds=rollout.took_s,
        )
        whys = Counter(f"{why}: {shortened(words)}" for why, words in failed.values())
        row = Row(rollout.name, self.everybody, promise, found, whys, began, Clock().now().utc)
        self.rows.append(row)
        self.say(f"{rollout.name}: {'; '.join(row.wrongs()) or 'as it must be'}")

    def _words(self, digest):
        """The last word of each gate on a document, and those whose last word is an end."""
        words = {}
        for event in self.central.stored("fleet.document"):
            # In a later stage a gate says of a text that it has undone no more than that.
            if event.data["digest"] == digest and event.data["code"] != "undone_before":
                words[event.gate] = event.data
        return words, frozenset(gate for gate, data in words.items() if data["state"] in ENDS)

    def _having(self, key, value):
        return lambda: frozenset(gate for gate, box in self.boxes.items() if box.value(key) == value)

    def _running(self, version):
        return lambda: frozenset(gate for gate, box in self.boxes.items() if box.gate.version == version)

    def _until_online(self, when):
        until_none(lambda: self.everybody - self.central.online(), f"a connection {when} of", self._settled_s)

    # ----------------------------------------------------------------------------------------- vehicles and events

    def end_traffic(self):
        """Let no more vehicles come; what came to each gate, and until when."""
        ended = {}
        for gate, box in self.boxes.items():
            box.vehicles.end()
            ended[gate] = (box.vehicles.came(), Clock().now().utc)
        return ended

    def judge_vehicles(self, ended):
        """Hold what came to each gate against central's events."""
        events = {gate: [] for gate in ended}
        for event in self.central.stored():
            events[event.gate].append(event.spoken)
        self.traffic = {gate: traffic_of(came, events[gate], at) for gate, (came, at) in ended.items()}
        for gate, one in self.traffic.items():
            for permit, (at, why) in (one.refused | one.resumed).items():
                end = "and let pass" if permit in one.resumed else "and refused"
                self.say("\n  ".join([f"{gate}: {permit}: {why}, {end}", *course(events[gate], at)]))

    def judge_events(self):
        """Hold each gate's journal against what central stored."""
        if self.fault == "event lost":
            self.central.lose_one(self.names[0])
        kept = {}
        for gate, box in sorted(self.boxes.items()):
            box.machine.ask(f"systemctl stop {UNIT}")
            kept[gate] = self._kept(box)
            box.machine.ask(f"systemctl start {UNIT}")
        until_none(lambda: self._behind(kept), "the events of", self._settled_s)
        stored = {gate: {} for gate in kept}
        for event in self.central.stored():
            stored[event.gate][event.seq] = event.payload
        self.events = {gate: compared(kept[gate], stored[gate]) for gate in kept}
        counted = sum(one.recorded for one in self.events.values())
        self.say(f"{counted:,} events of {len(self.events)} gates compared")

    def _behind(self, kept):
        """The gates of which central has not all that their journals hold."""
        return [gate for gate, events in kept.items() if self.central.watermark(gate) < max(events, default=0)]

    def _kept(self, box):
        """What a stopped gate's journal holds, by number; read in a copy, so that no file of it is touched."""
        folder = self.folder / f"journal-{box.name}"
        folder.mkdir()
        for file in (box.machine.root / JOURNAL[1:]).parent.glob("journal.db*"):
            shutil.copy(file, folder)
        with JournalReader(folder / "journal.db") as journal:
            return {event.seq: event.payload for event in journal.events()}

    # ------------------------------------------------------------------------------------------------------ what came

    def wrongs(self):
        of_rows = [text for row in self.rows for text in row.wrongs()]
        if self.in_vain:
            return [*of_rows, self.in_vain]
        return of_rows + wrongs_of_events(self.events) + wrongs_of_traffic(self.traffic, self._began)

    @property
    def _began(self):
        return self.rows[0].began

    def _vehicles(self, row):
        """How many passed and were refused while it was rolled out; not known where the proof ended early."""
        if self.in_vain:
            return "-", "-"
        passed = sum(one.passed(row.began, row.ended) for one in self.traffic.values())
        return passed, sum(one.turned_away(row.began, row.ended) for one in self.traffic.values())

    def lines(self):
        rows = []
        for row in self.rows:
            found = row.found
            failed, rolled = len(found.failed), row.name.startswith("software")
            untouched = len(row.gates - found.told)
            heard = "; ".join(f"{count} x {why}" for why, count in row.whys.items()) or "-"
            verdict = "FAILED" if row.wrongs() else "ok"
            undone = (0, failed) if rolled else (failed, 0)
            counts = (len(row.gates), len(found.told), len(found.applied), *undone, untouched, *self._vehicles(row))
            rows.append((row.name, *counts, f"{found.seconds:.0f}", heard, verdict))
        if self.in_vain:
            return [*table(HEADINGS, rows), "", *self.wrongs()]
        recorded = sum(one.recorded for one in self.events.values())
        lost = sum(one.lost for one in self.events.values())
        end = f"events: {recorded:,} recorded, {lost} lost, {sum(one.altered for one in self.events.values())} altered"
        return [*table(HEADINGS, rows), "", summary(self.traffic, self._began), end, *self.wrongs()]


def main():
    options = _options()
    if reason := why_not_here() or why_not() or refused():
        sys.exit(f"it cannot run here: {reason}")
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        proof = Proof(Path(folder), options, progress, stack)
        proof.play(options.only or KINDS)
        report("fleet-rollout", proof.lines())
        wrong = proof.wrongs()
        progress.say(json.dumps({"wrong": len(wrong)}))
    return 1 if wrong else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=GATES, help="of the group; one of another is beside them")
    parser.add_argument("--only", choices=KINDS, action="append", help="only roll-outs of this kind; again for more")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="put a fault in, which must be found")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
