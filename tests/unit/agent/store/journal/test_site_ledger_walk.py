"""Gates of a site that claim, answer, reserve, pass, fail and restart in any order, over a network that loses, doubles
and delays.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from agent.core.site.home_gate import home_gate
from agent.store.errors import LedgerConflictError
from tests.support.site.ledgers import VIN, ask, conflicts
from tests.support.store.journals import closed, consume, open_journal, present, release, reserve

NAMES = ("gate-a", "gate-b", "gate-c")
USES = (1, 1, 2, 1, 4)
STEPS = 500
STEPS_A_PERMIT = 25
SEEDS = range(5)
MANY_SEEDS = 150


@dataclass
class Gate:
    """`open`: the transactions under way, each with its permit and the use that it has reserved, 0 for none."""

    name: str
    path: object
    boot: int = 0
    journal: object = None
    open: dict = field(default_factory=dict)

    def start(self):
        if self.journal is not None:
            self.journal.close()
        self.boot += 1
        self.open = {}
        self.journal = open_journal(self.path, gate=self.name, boot=f"boot-{self.boot}")


class Site:
    """`wire`: what is under way and may arrive, or not, or twice. `passed`: every use that a vehicle passed with."""

    def __init__(self, folder, seed):
        self.dice = random.Random(seed)  # noqa: S311 - a walk, not a secret
        self.gates = {name: Gate(name, folder / f"{name}.db") for name in NAMES}
        self.wire = []
        self.passed = []
        self.serial = 0
        self.steps = 0
        for gate in self.gates.values():
            gate.start()

    def home_of(self, permit):
        return self.gates[home_gate(permit.decode(), NAMES)]

    def permits(self):
        """All permits so far, with how often each may be used; copies of the last two are shown at all gates."""
        return {f"{number:08}".encode(): USES[number % len(USES)] for number in range(self.steps // STEPS_A_PERMIT + 2)}

    def step(self):
        self.steps += 1
        weights = {
            self.arrive: 12,
            self.deliver: 34,
            self.leave: 6,
            self.tell: 12,
            self.ask_what_became: 8,
            self.restart: 0.2,
        }
        (step,) = self.dice.choices(list(weights), list(weights.values()))
        step()

    def arrive(self):
        gate = self.gates[self.dice.choice(NAMES)]
        permit, max_uses = self.dice.choice(list(self.permits().items())[-2:])
        self.serial += 1
        transaction = f"t{self.serial}"
        gate.journal.record([present(transaction)])
        gate.open[transaction] = (permit, 0)
        state = gate.journal.use_state(permit, transaction)
        if state.used >= max_uses or state.open_reservation or state.reserved_at:
            self.close(gate, transaction)
            return
        row = ask(transaction, gate.name, permit, max_uses, vehicle=VIN + permit.decode())
        home = self.home_of(permit)
        if home is gate:
            verdict = gate.journal.site.claim(row)
            self.send(lambda: self.answered(gate, transaction, permit, verdict))
        else:
            self.send(lambda: self.claimed(home, gate, row))

    def claimed(self, home, gate, row):
        verdict = home.journal.site.claim(row)
        self.send(lambda: self.answered(gate, row.transaction, row.permit_id, verdict))

    def answered(self, gate, transaction, permit, verdict):
        if gate.open.get(transaction) != (permit, 0):
            return
        if not verdict.use:
            self.close(gate, transaction)
            return
        try:
            gate.journal.record([], [reserve(verdict.use, transaction, permit, VIN + permit.decode(), "export")])
        except LedgerConflictError:
            self.close(gate, transaction)
        else:
            gate.open[transaction] = (permit, verdict.use)

    def leave(self):
        """A vehicle leaves: through the gate where it may, or it has waited long enough."""
        gate = self.gates[self.dice.choice(NAMES)]
        for transaction, (_permit, use) in list(gate.open.items()):
            if self.dice.random() < (0.6 if use else 0.2):
                self.close(gate, transaction, passes=self.dice.random() < 0.4)

    def close(self, gate, transaction, *, passes=False):
        permit, use = gate.open.pop(transaction)
        changes = [(consume if passes else release)(use, transaction, permit)] if use else []
        gate.journal.record([closed(transaction)], changes)
        if use and passes:
            self.passed.append((permit, use))

    def tell(self):
        """One gate tells another its rows, from where that one says that it stands or from somewhere else."""
        gate, other = (self.gates[name] for name in self.dice.sample(NAMES, 2))
        known = other.journal.site.cursor(gate.name)
        after = self.dice.choice([0, known.seq, known.seq, known.seq, known.seq + 1])
        rows = gate.journal.site.rows_after(after, self.dice.choice([1, 3, 50]))
        self.send(lambda: other.journal.site.take_rows(gate.name, gate.journal.stream, after + 1, rows))

    def ask_what_became(self):
        """A home gate asks what became of what it granted; the answer may come late."""
        home = self.gates[self.dice.choice(NAMES)]
        for one in home.journal.site.unconfirmed(-1, 3):
            gate = self.gates[one.gate]
            if one.transaction not in gate.open:
                place = gate.journal.site.head()
                self.send(lambda one=one, place=place: self.over(home, one, place))

    def over(self, home, one, place):
        """A transaction is over; what it did stands in the rows of its gate up to that place, which
        must be known here.
        """
        if home.journal.site.cursor(one.gate).seq >= place:
            home.journal.site.release_claim(one.gate, one.permit_id, one.use, one.transaction)

    def restart(self):
        self.gates[self.dice.choice(NAMES)].start()

    def send(self, arrive):
        self.wire.append(arrive)

    def deliver(self):
        if not self.wire:
            return
        at = max(self.dice.randrange(len(self.wire)) for _each in range(3))  # the newer ones sooner, the older ones too
        fate = self.dice.random()
        message = self.wire[at] if fate < 0.15 else self.wire.pop(at)
        if fate < 0.9:
            message()

    def settle(self):
        """Everybody tells everybody everything."""
        for gate in self.gates.values():
            for other in self.gates.values():
                if other is not gate:
                    rows = gate.journal.site.rows_after(0, 100_000)
                    assert not other.journal.site.take_rows(gate.name, gate.journal.stream, 1, rows).gap

    def close_all(self):
        for gate in self.gates.values():
            gate.journal.close()


def walk(folder, seed):
    """Walk so many steps; returns how many vehicles passed."""
    site = Site(folder, seed)
    for _step in range(STEPS):
        site.step()
        assert max(Counter(site.passed).values(), default=1) == 1, "a use passed twice"
    site.settle()
    for permit, max_uses in site.permits().items():
        passages = sum(one == permit for one, _use in site.passed)
        assert passages <= max_uses
        assert {gate.journal.use_state(permit).used for gate in site.gates.values()} == {passages}
    assert [conflicts(gate.journal) for gate in site.gates.values()] == [[], [], []]
    site.close_all()
    return len(site.passed)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_use_passes_twice_and_all_gates_come_to_know_the_same(tmp_path, seed):
    assert walk(tmp_path, seed)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_use_passes_twice_on_many_walks(tmp_path):
    passed = 0
    for seed in range(MANY_SEEDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        passed += walk(folder, seed)
    assert passed > MANY_SEEDS
