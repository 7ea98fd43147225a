"""Races of three gates for the same permits, while gates and the broker are killed, the network is split, and journals
are lost or put back to copies some seconds old.

`python -m tests.races.races` runs all and prints a table; `--races N` how many, `--few` a short form, `--restores N`
how many losses of a journal under each rule, `--seed N` the permits and faults of an earlier run, in their order.
"""

import argparse
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import cycle, islice
from pathlib import Path

from tests.races.judge import judge
from tests.races.network import network, why_no_namespaces
from tests.races.recovery import Recovery
from tests.races.world import GATES, RESTORES, World

OUTSTANDING = 40
RACES_A_SECOND = 45
AGAIN_S = (0.02, 0.8)
LINE_EVERY_S = 5.0
AWAY_S = (0.3, 1.5)
SPLIT_S = (2.0, 5.0)
COPY_AGE_S = (1.0, 4.0)
LOST_AFTER_S = 15.0


@dataclass(frozen=True)
class Plan:
    """`kills`, `broker_kills`, `splits`, `restores`: how many, spread over the races.

    `patience_s`: how long a gate waits for another's answer, and may use what it was granted.
    """

    policy: str
    races: int
    kills: int
    broker_kills: int
    splits: int
    restores: int = 0
    naive: bool = False
    patience_s: float = 1.0

    @property
    def name(self):
        return "first echo wins" if self.naive else self.policy


@dataclass
class Result:
    """`silent`: losses that the gate did not notice; `accepted`: those that two persons had to take as they were."""

    plan: Plan
    codes: Counter
    verdict: object
    latencies_ms: list
    took_s: float
    faults: list
    silent: tuple = ()
    accepted: int = 0

    @property
    def passes(self):
        verdict, told = self.verdict, self.plan.policy == "allow_and_flag"
        if self.faults or self.silent or verdict.passed < self.plan.races / 2:
            return False
        if verdict.untold or verdict.unfounded:
            return False
        return told or not (verdict.doubles or verdict.twins)


class Races:
    """Runs one plan. Each race is one permit that vehicles show at two or three gates at nearly the same time."""

    def __init__(self, plan, folder, net, line=lambda _text: None, seed=None):
        """`seed`: of the choices of this run; None: new ones."""
        self._plan, self._line = plan, line
        self._dice = random.Random(f"{new_seed() if seed is None else seed} {plan.name}")  # noqa: S311 - not secret
        times = {"claim_timeout_s": plan.patience_s, "hold_s": plan.patience_s}
        self._world = World(folder, net, self._told, policy=plan.policy, naive=plan.naive, **times)
        self._folder = folder
        self._changed = threading.Condition()
        self._open = {}
        self._orders = {}
        self._again = []
        self._begun = 0
        self._codes = Counter()
        self._latencies_ms = []
        self._faults = []
        self._limit = plan.races
        self._opened = set()
        self._passed = []
        self._returning = Counter()
        self._silent, self._accepted = [], 0
        self.permits = {}

    def run(self):
        began_at = time.monotonic()
        with self._world as world:
            chaos = threading.Thread(target=self._break_things)
            chaos.start()
            self._race()
            chaos.join()
            if not self._plan.naive:
                world.settled()
            world.stop()
        journals = {gate: one.journals for gate, one in world.gates.items()}
        verdict = judge(journals, self.permits, self._opened)
        took_s = time.monotonic() - began_at
        logs = [line for one in world.gates.values() for line in one.log().splitlines() if "Traceback" in line]
        ends = (sorted(self._latencies_ms), took_s, self._faults + logs, tuple(self._silent), self._accepted)
        return Result(self._plan, self._codes, verdict, *ends)

    # ------------------------------------------------------------------------------------------------------ the races

    def _race(self):
        told_at, began_at = 0.0, time.monotonic()
        while True:
            with self._changed:
                self._drop_lost()
                self._show_again()
                if self._begun == self._plan.races and not self._open:
                    return
                due = min(self._limit, int((time.monotonic() - began_at) * RACES_A_SECOND) + 1)
                while self._begun < due and len(self._open) < OUTSTANDING:
                    self._begin(self._begun)
                    self._begun += 1
                self._changed.wait(0.02)
            if time.monotonic() - told_at > LINE_EVERY_S:
                told_at = time.monotonic()
                self._line(f"{self._plan.name}: {self._begun - len(self._open)} of {self._plan.races} races")

    def _begin(self, race):
        permit, vehicle = secrets.token_hex(8), f"V{race:016d}"
        # Now and then a vehicle has two permits, or a permit two uses.
        twin = self._dice.random() < 0.05 and race > 0
        if twin:
            vehicle = f"V{race - 1:016d}"
        max_uses = 2 if not twin and self._dice.random() < 0.05 else 1
        self.permits[permit] = (vehicle, max_uses)
        gates = self._dice.sample(GATES, 3 if self._dice.random() < 0.7 else 2)
        again = {gate: self._dice.randint(0, 3) for gate in gates}
        self._open[race] = {gate: time.monotonic() for gate in gates}
        self._orders[race] = (
            {
                "do": "present",
                "race": race,
                "permit": permit,
                "vehicle": vehicle,
                "max_uses": max_uses,
                "exited_s": 3600.0,
                "turns_back": 0.3 if self._dice.random() < 0.3 else 0.0,
            },
            again,
        )
        for gate in gates:
            self._present(gate, race)

    def _present(self, gate, race):
        if not self._world.gates[gate].order(**self._orders[race][0]):
            self._codes["gate away"] += 1
            self._end(gate, race)

    def _told(self, gate, said):
        with self._changed:
            if "opened" in said:
                self._opened.add(said["opened"])
                return
            code, race = said["code"], said["race"]
            self._codes[code] += 1
            if code.endswith(" passed") and race in self._orders:
                self._passed.append(self._orders[race][0])
            if code.startswith("FAULT"):
                self._faults.append(f"{gate}: {code}")
            if said["ms"] is not None and not said["home"] and not code.startswith(("flagged", "ledger")):
                self._latencies_ms.append(said["ms"])
            if race not in self._open or gate not in self._open[race]:
                self._returning[gate] -= self._returning[gate] > 0
                return
            again = self._orders[race][1]
            if again[gate] and not code.endswith("passed"):
                again[gate] -= 1
                self._open[race][gate] = time.monotonic()
                heappush(self._again, (time.monotonic() + self._dice.uniform(*AGAIN_S), race, gate))
            else:
                self._end(gate, race)

    def _show_again(self):
        """Drivers who were turned away show their permits once more."""
        while self._again and self._again[0][0] <= time.monotonic():
            _at, race, gate = heappop(self._again)
            if gate in self._open.get(race, ()):
                self._present(gate, race)

    def _end(self, gate, race):
        self._open[race].pop(gate, None)
        if not self._open[race]:
            del self._open[race], self._orders[race]
            self._changed.notify_all()

    def _drop_lost(self):
        """What was shown to a gate that was killed is answered by nobody."""
        for race, gates in list(self._open.items()):
            for gate, at in list(gates.items()):
                if time.monotonic() - at > LOST_AFTER_S * self._plan.patience_s:
                    self._codes["lost with its gate"] += 1
                    self._end(gate, race)

    def _break_things(self):
        plan = self._plan
        losses = [partial(self._lose_state, restore) for restore in islice(cycle(RESTORES), plan.restores)]
        acts = [(1, False, self._kill_gate)] * plan.kills + [(1, False, self._kill_broker)] * plan.broker_kills
        acts += [(2, False, self._split)] * plan.splits + [(5, True, lose) for lose in losses]
        self._dice.shuffle(acts)
        parts, done = 1 + sum(share for share, *_act in acts), 1
        for share, is_heard, act in acts:
            with self._changed:
                # To each act its share of the races, which wait where it takes longer.
                self._limit = plan.races * done // parts
                self._changed.wait_for(lambda: self._begun >= self._limit)
            try:
                if is_heard:
                    self._world.met()
                with self._changed:
                    done += share
                    self._limit = plan.races * done // parts
                act()
            except Exception as error:  # noqa: BLE001 - a fault of the races themselves fails them
                self._faults.append(f"{act}: {type(error).__name__}: {error}")
                break
        with self._changed:
            self._limit = plan.races

    def _kill_gate(self):
        self._kill(self._dice.choice(GATES))

    def _kill(self, gate, meanwhile=lambda: None):
        self._world.kill_gate(gate, meanwhile)
        with self._changed:
            self._returning[gate] = 0
            for race in [race for race, gates in self._open.items() if gate in gates]:
                self._codes["lost with its gate"] += 1
                self._end(gate, race)

    def _lose_state(self, restore):
        gate = self._dice.choice(GATES)
        one, lost = self._world.gates[gate], []
        with self._changed:
            already = len(self._passed)
        one.copy()
        threading.Event().wait(self._dice.uniform(*COPY_AGE_S))
        self._kill(gate, lambda: lost.append(one.lose(restore)))
        with self._changed:
            begun, vehicles = self._begun, self._passed[already:]
            self._limit = min(self._plan.races, max(self._limit, begun + 1))
        recovery = Recovery(
            one,
            restart=lambda: self._kill(gate),
            come_again=lambda: self._come_again(gate, vehicles),
            is_over=lambda: self._is_over(gate, begun),
        ).run()
        self._accepted += recovery.accepted
        if any(lost) and not recovery.noticed:
            self._silent.append(f"{gate} did not notice: {restore}")

    def _come_again(self, gate, vehicles):
        """What passed, at whichever gate, between the copy and the loss is shown once more."""
        with self._changed:
            self._returning[gate] = len(vehicles)
        for order in vehicles:
            if not self._world.gates[gate].order(**order):
                raise AssertionError(f"{gate} is away")

    def _is_over(self, gate, begun):
        """Whether no permit of before is shown any more; nor that of the next race, perhaps for the same vehicle."""
        with self._changed:
            is_begun = self._begun >= min(begun + 1, self._plan.races)
            return is_begun and not self._returning[gate] and not any(race <= begun for race in self._open)

    def _kill_broker(self):
        self._world.broker.kill()
        threading.Event().wait(self._dice.uniform(*AWAY_S))
        self._world.broker.start()

    def _split(self):
        gates = self._dice.sample(GATES, self._dice.choice((1, 1, 2)))
        for gate in gates:
            self._world.net.pull(gate)
        threading.Event().wait(self._dice.uniform(*SPLIT_S))
        for gate in gates:
            self._world.net.plug(gate)


def plans(races, *, splits, restores=None):
    """Four tenths under home_gate, three each under deny and allow_and_flag, and some by the
    simpler rule, which fails. `restores`: how many under each rule; None: as many as kills.
    """
    share = races // 10

    def plan(policy, part, naive=False):
        few = max(1, part // 500)
        losses = 0 if naive else few if restores is None else restores
        return Plan(policy, part, few, few, few if splits else 0, losses, naive)

    rows = [plan("home_gate", races - 6 * share), plan("deny", 3 * share), plan("allow_and_flag", 3 * share)]
    return [*rows, plan("home_gate", max(200, share // 2), naive=True)]


HEADINGS = (
    "rule", "races", "passes", "refused", "no word", "gate kills", "broker kills", "splits", "restores", "silent",
    "by two persons", "doubles", "used twice", "conflicts", "untold", "unheard", "p50 ms", "p99 ms", "time", "",
)  # fmt: skip


def cells(result):
    """One row of the table."""
    plan, verdict, codes = result.plan, result.verdict, result.codes
    no_word = codes["ledger_unreachable"]
    refused = sum(count for code, count in codes.items() if "passed" not in code and "not_taken" not in code) - no_word
    times = result.latencies_ms or [0.0]
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    word = "ok" if result.passes else "FAILED"
    if plan.naive:
        word = "doubles, as it must be" if verdict.doubles else "no double was caught"
    twins = [f"{len(verdict.twins)} vehicles left twice"] if verdict.twins else []
    wrong = [*result.faults[:2], *result.silent, *twins]
    counts = (plan.races, verdict.passed, refused, no_word, plan.kills, plan.broker_kills, plan.splits)
    losses = (plan.restores, len(result.silent), result.accepted)
    sets = (verdict.consumed_twice, verdict.conflicts, verdict.untold, verdict.unheard)
    figures = [f"{count:,}" for count in (*counts, *losses, verdict.doubles, *map(len, sets))]
    return (plan.name, *figures, f"{p50:.1f}", f"{p99:.1f}", f"{result.took_s:.0f} s", "; ".join([word, *wrong]))


def table(results):
    """The lines of the table."""
    rows = [HEADINGS, *map(cells, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--races", type=int, default=10_000)
    parser.add_argument("--few", action="store_true", help="a short form: 300 races")
    parser.add_argument("--restores", type=int, help="losses of a journal under each rule; else as many as kills")
    parser.add_argument("--seed", type=int, help="the permits and faults of the run that printed it; else new ones")
    options = parser.parse_args()
    seed = new_seed() if options.seed is None else options.seed
    lacking = why_no_namespaces()
    if lacking:
        _line(f"the network is not split: {lacking}")
    results = []
    for plan in plans(300 if options.few else options.races, splits=not lacking, restores=options.restores):
        with tempfile.TemporaryDirectory() as folder:
            results.append(run(plan, Path(folder), seed))
        _line(f"{plan.name}: {dict(results[-1].codes)}")
    sys.stdout.write(table(results) + "\n")
    again = f"make races SEED={seed}"
    sys.stdout.write(f"seed {seed}; the same permits and faults again, at other moments: {again}\n")
    failed = any(not result.passes for result in results if not result.plan.naive)
    blind = not lacking and not any(result.verdict.doubles for result in results if result.plan.naive)
    return 1 if failed or blind else 0


def run(plan, folder, seed=None):
    """Run a plan in a folder that holds the journals."""
    with network(GATES, splits=bool(plan.splits)) as net:
        return Races(plan, folder, net, _line, seed).run()


def new_seed():
    """A seed that nobody has used."""
    return secrets.randbits(32)


def _line(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
