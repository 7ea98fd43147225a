"""The gates of a site as a machine: permits that vehicles want to use at several of them, over a broker that loses,
repeats and reorders, with crashes, lost and restored journals.

What must hold, from docs/site.md: under `home_gate` and `deny` no use passes two gates, but where the last word of a
use was lost with a disk that nobody else had heard of; under `allow_and_flag`, and where a journal was put back, every
double is told at every gate once they hear one another; and then every permit that is not in doubt can be used again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.model import LedgerChange, LedgerState
from agent.core.site import ClaimCode, ClaimRequest, PartitionPolicy
from agent.core.site.home_gate import home_gate
from agent.site.claimant import SiteRules
from tests.model.explorer import Outcome
from tests.model.site_disks import Disk
from tests.model.site_gates import Gate, Gates, gates_alone, knows_all, membership_of
from tests.model.site_scenarios import BUDGET, Vehicle, World

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from tests.model.site_gates import Facts, Played
    from tests.model.site_scenarios import Scenario

PERMITS: Final = {name: bytes([number]) * 8 for number, name in enumerate("PQR", 1)}
_PASSES: Final = frozenset({ClaimCode.GRANTED, ClaimCode.FLAGGED})
_LATER_S: Final = 10.01
_ROUNDS: Final = 80
_CALM_ROUNDS: Final = 9


class SiteMachine:
    """One scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.gates = Gates()
        self._names = tuple(scenario.gates)
        self._texts: list[tuple[str, Any]] = []
        self._labels: list[str] = []
        self._text_numbers: dict[Hashable, int] = {}
        self._numbers: dict[str, int] = {}
        self._vins = {name: _vin(home, scenario.gates) for name, home, _ in scenario.permits}
        self._uses = {name: count for name, _, count in scenario.permits}

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        with gates_alone():
            yield "a site", self._first()

    def inputs(self, state: Any) -> Iterator[str]:
        left = dict(zip(BUDGET, state.left, strict=True))
        if len(state.messages) > self.scenario.in_flight:
            return
        yield from self._vehicle_inputs(state, left)
        for number in dict.fromkeys(state.messages):
            facts = self._facts(state, self._texts[number][0])
            if facts.alive and facts.up:
                yield f"hear {self._labels[number]}"
                if left["doubles"]:
                    yield f"hear twice {self._labels[number]}"
        for place, name in enumerate(self._names):
            yield from self._gate_inputs(name, self.gates.facts(state.gates[place]), left)

    def outcomes(self, state: Any, label: str) -> Iterator[Outcome]:
        with gates_alone():
            after = self._done(state, label)
        moved = label.split()[1] if label.startswith("v") else label.split(maxsplit=1)[0]
        yield Outcome(label, after, tuple(self._doubles(state, after)), moved)

    def judged(self, state: Any) -> Iterator[str]:
        """Once all gates are up and hear one another: doubles are told, and what is not in doubt can be used."""
        with gates_alone():
            for drops in (False, True):
                world, calm = self._healed(replace(state, messages=()) if drops else state)
                if not calm:
                    yield "the gates of a sound site never come to rest"
                    continue
                yield from self._untold(world)
                yield from self._unusable(world)

    def never_seen(self, moved: Iterable[Hashable]) -> Iterator[str]:
        seen = set(moved)
        yield from (one for one in self.scenario.sees if one not in seen)

    def told(self, state: Any) -> str:
        vehicles = zip(self.scenario.vehicles, state.vehicles, strict=True)
        words = [f"{spec[0]} {vehicle.state}" for spec, vehicle in vehicles]
        down = [
            name for name, number in zip(self._names, state.gates, strict=True) if not self.gates.facts(number).alive
        ]
        return ", ".join([*words, f"{len(state.messages)} messages", *(f"{name} is down" for name in down)])

    # ------------------------------------------------------------------------------------------------ what can happen

    def _vehicle_inputs(self, world: World, left: dict[str, int]) -> Iterator[str]:
        for (name, gate, _), vehicle in zip(self.scenario.vehicles, world.vehicles, strict=True):
            if not self._facts(world, gate).alive:
                continue
            again = vehicle.state == "refused" and vehicle.asks < self.scenario.asks
            if vehicle.state == "new" or again:
                yield f"{name} asks"
            elif vehicle.state == "granted":
                yield f"{name} records"
            elif vehicle.state == "open":
                yield f"{name} passes"
                if left["backs"]:
                    yield f"{name} turns"

    @staticmethod
    def _gate_inputs(name: str, facts: Facts, left: dict[str, int]) -> Iterator[str]:
        alive, up = facts.alive, facts.up
        may = {
            "start": not alive,
            "lose": not alive and left["losses"],
            "restore": not alive and left["restores"] and facts.backed_up,
            "restart": facts.spent,
            "wait": alive and facts.is_due and left["waits"],
            "push": facts.can_push,
            "heartbeat": alive and left["heartbeats"],
            "crash": alive and left["crashes"],
            "cut": alive and up and left["cuts"],
            "join": alive and not up,
            "backup": alive and left["restores"] and not facts.backed_up,
        }
        yield from (f"{what} {name}" for what, is_due in may.items() if is_due)

    def _done(self, world: World, label: str) -> World:
        words = label.split()
        if words[0].startswith("v"):
            return self._driven(world, words[0], words[1])
        if words[0] == "hear":
            twice = words[1] == "twice"
            number = self._numbers[label.removeprefix("hear twice " if twice else "hear ")]
            to, text = self._texts[number]
            world = self._spent(world, "doubles") if twice else self._unsent(world, number)
            return self._played(world, to, ("hear", text))
        return self._at_gate(world, words[0], words[1])

    def _at_gate(self, world: World, what: str, name: str) -> World:
        linked = world.linked[self._names.index(name)]
        match what:
            case "crash":
                return self._fallen(self._spent(world, "crashes"), name)
            case "restart":
                return self._played(self._fallen(world, name), name, ("start", linked))
            case "cut":
                return self._linked(self._played(self._spent(world, "cuts"), name, ("cut",)), name, up=False)
            case "join":
                return self._played(self._linked(world, name, up=True), name, ("connect",))
            case "lose" | "restore":
                spends = "losses" if what == "lose" else "restores"
                return self._forgotten(self._spent(world, spends), name, (what,))
            case _:
                events: dict[str, tuple[tuple[Any, ...], str]] = {
                    "start": (("start", linked), ""),
                    "wait": (("due",), "waits"),
                    "push": (("push",), ""),
                    "heartbeat": (("later", _LATER_S), "heartbeats"),
                    "backup": (("back_up",), ""),
                }
                event, spends = events[what]
                return self._played(self._spent(world, spends) if spends else world, name, event)

    def _driven(self, world: World, name: str, what: str) -> World:
        place = next(number for number, spec in enumerate(self.scenario.vehicles) if spec[0] == name)
        _, gate, permit = self.scenario.vehicles[place]
        vehicle = world.vehicles[place]
        if what == "asks":
            world = self._vehicle(world, place, Vehicle("asked", 0, vehicle.asks + 1))
            request = ClaimRequest(
                PERMITS[permit], self._vins[permit], "export", self._uses[permit], name, self.scenario.window_s
            )
            return self._played(world, gate, ("ask", name, request))
        states = {"records": LedgerState.RESERVED, "passes": LedgerState.CONSUMED, "turns": LedgerState.RELEASED}
        change = LedgerChange(
            PERMITS[permit], vehicle.use, states[what], name, vehicle=self._vins[permit], direction="export"
        )
        if what == "records":
            played = self.gates.play(world.gates[self._names.index(gate)], ("record", name, change))
            world = self._vehicle(world, place, replace(vehicle, state="refused" if played.refused else "open"))
            return self._after(world, gate, played)
        world = self._vehicle(world, place, replace(vehicle, state="passed" if what == "passes" else "left"))
        return self._played(self._spent(world, "backs") if what == "turns" else world, gate, ("settle", change))

    # -------------------------------------------------------------------------------------------------------- the world

    def _first(self) -> World:
        scenario, names = self.scenario, self._names
        skews = dict(zip(names, scenario.skews, strict=False))
        rules = SiteRules(scenario.policy, 1.0, 5.0)
        gates = []
        for name in names:
            gate = Gate(name, Disk(f"{name}#1"), membership_of(name, scenario.gates), rules, skews.get(name, 0.0))
            if scenario.synced:
                knows_all(gate, self.gates.ledgers)
            gates.append(gate)
        left = tuple(getattr(scenario, what) for what in BUDGET)
        world = World(
            tuple(map(self.gates.first, gates)),
            tuple(Vehicle() for _ in scenario.vehicles),
            (),
            left,
            (True,) * len(names),
        )
        for name in names:
            world = self._played(world, name, ("start", True))
        return self._calm(world) if scenario.synced else world

    def _calm(self, world: World) -> World:
        """All that a start has to tell was told."""
        while world.messages or any(self.gates.facts(number).can_push for number in world.gates):
            for name in self._names:
                while self._facts(world, name).can_push:
                    world = self._played(world, name, ("push",))
            world = self._delivered(world)
        for name in self._names:
            world = self._played(world, name, ("later", _LATER_S / 2))
        return self._delivered(world)

    def _delivered(self, world: World) -> World:
        while world.messages:
            number = world.messages[0]
            to, text = self._texts[number]
            world = self._unsent(world, number)
            if self._facts(world, to).up:
                world = self._played(world, to, ("hear", text))
        return world

    def _facts(self, world: World, name: str) -> Facts:
        return self.gates.facts(world.gates[self._names.index(name)])

    def _played(self, world: World, name: str, event: tuple[Any, ...]) -> World:
        return self._after(world, name, self.gates.play(world.gates[self._names.index(name)], event))

    def _after(self, world: World, name: str, played: Played) -> World:
        place = self._names.index(name)
        gates = (*world.gates[:place], played.gate, *world.gates[place + 1 :])
        sent = [self._text(to, text) for to, text in played.said]
        world = replace(world, gates=gates, messages=tuple(sorted((*world.messages, *sent))))
        for transaction, code, use in played.answers:
            number = next(number for number, spec in enumerate(self.scenario.vehicles) if spec[0] == transaction)
            vehicle = world.vehicles[number]
            if vehicle.state == "asked":
                world = self._vehicle(
                    world, number, replace(vehicle, state="granted" if code in _PASSES else "refused", use=use)
                )
        return world

    def _text(self, to: str, text: Any) -> int:
        key = (to, text)
        number = self._text_numbers.get(key)
        if number is None:
            number = self._text_numbers[key] = len(self._texts)
            self._texts.append(key)
            self._labels.append(_words_of(to, text))
            self._numbers[self._labels[-1]] = number
        return number

    @staticmethod
    def _unsent(world: World, number: int) -> World:
        place = world.messages.index(number)
        return replace(world, messages=world.messages[:place] + world.messages[place + 1 :])

    @staticmethod
    def _spent(world: World, what: str) -> World:
        place = BUDGET.index(what)
        return replace(world, left=(*world.left[:place], world.left[place] - 1, *world.left[place + 1 :]))

    @staticmethod
    def _vehicle(world: World, place: int, vehicle: Vehicle) -> World:
        return replace(world, vehicles=(*world.vehicles[:place], vehicle, *world.vehicles[place + 1 :]))

    def _linked(self, world: World, name: str, *, up: bool) -> World:
        place = self._names.index(name)
        return replace(world, linked=(*world.linked[:place], up, *world.linked[place + 1 :]))

    def _fallen(self, world: World, name: str) -> World:
        """A process is gone: what it had asked is over, what it had opened counts as passed."""
        world = self._played(world, name, ("stop",))
        falls = {"asked": "gone", "granted": "gone", "open": "doubt"}
        for number, (_, gate, _) in enumerate(self.scenario.vehicles):
            vehicle = world.vehicles[number]
            if gate == name:
                world = self._vehicle(world, number, replace(vehicle, state=falls.get(vehicle.state, vehicle.state)))
        return world

    def _forgotten(self, world: World, name: str, event: tuple[Any, ...]) -> World:
        """A journal goes, and with it the uses that no other gate has heard of: no rule covers those."""
        before = self._facts(world, name).disk
        world = self._played(world, name, event)
        kept = {(row[0], row[1], row[4]) for row in self._facts(world, name).disk.table("ledger") if row[2] == ""}
        lost = set(world.lost)
        for row in before.table("ledger"):
            key = (row[0], row[1], row[4])
            if row[2] == "" and row[3] != "RELEASED" and key not in kept and not self._heard(world, name, key):
                lost.add(str(row[4]))
        return replace(world, lost=frozenset(lost))

    def _heard(self, world: World, name: str, key: tuple[object, ...]) -> bool:
        permit, use, transaction = key
        for other in self._names:
            if other == name:
                continue
            disk = self._facts(world, other).disk
            if any(
                (row[0], row[1], row[2], row[4]) == (permit, use, name, transaction) for row in disk.table("ledger")
            ):
                return True
            if any((row[0], row[1], row[2]) == (permit, use, name) for row in disk.table("consents")):
                return True
        return False

    # --------------------------------------------------------------------------------------------------- what must hold

    def _gone(self, world: World, permit: str) -> list[str]:
        """The vehicles that went through, or may have, by a permit."""
        vehicles = zip(self.scenario.vehicles, world.vehicles, strict=True)
        return [
            spec[0] for spec, vehicle in vehicles if spec[2] == permit and vehicle.state in {"open", "passed", "doubt"}
        ]

    def _doubles(self, before: World, after: World) -> Iterator[str]:
        """A use that passes twice by this step. A journal that was put back knows nothing before that is noticed."""
        unnoticed = after.left[BUDGET.index("restores")] < self.scenario.restores and not any(
            self.gates.facts(number).disk.superseded for number in before.gates
        )
        if self.scenario.policy is PartitionPolicy.ALLOW_AND_FLAG or after.lost or unnoticed:
            return
        for permit, count in self._uses.items():
            gone = self._gone(after, permit)
            if len(gone) > max(count, len(self._gone(before, permit))):
                yield f"permit {permit} of {count} use(s) lets {' and '.join(gone)} through"
        for vin in set(self._vins.values()) if self.scenario.window_s else ():
            gone = [one for permit, own in self._vins.items() if own == vin for one in self._gone(after, permit)]
            if len(gone) > 1:
                yield f"a vehicle leaves twice, as {' and '.join(gone)}"

    def _healed(self, world: World) -> tuple[World, bool]:
        """All gates up and joined, nothing is lost any more, time goes on, until nothing is told; whether that came."""
        for name in self._names:
            facts = self._facts(world, name)
            world = self._linked(world, name, up=True)
            if not facts.alive:
                world = self._played(world, name, ("start", True))
            elif not facts.up:
                world = self._played(world, name, ("connect",))
        falls = {"asked": "gone", "granted": "gone"}  # they drive off
        for number, vehicle in enumerate(world.vehicles):
            world = self._vehicle(world, number, replace(vehicle, state=falls.get(vehicle.state, vehicle.state)))
        calm = 0
        for number in range(_ROUNDS):
            before = tuple(self.gates.facts(one).disk for one in world.gates)
            world = self._round(world, _LATER_S if number % 4 == 3 else 0.35)
            facts = [self.gates.facts(one) for one in world.gates]
            same = before == tuple(one.disk for one in facts)
            calm = calm + 1 if same and not any(one.missing or one.busy or one.spent for one in facts) else 0
            if calm == _CALM_ROUNDS:
                return world, True
        return world, False

    def _round(self, world: World, seconds: float) -> World:
        world = self._delivered(world)
        for name in self._names:
            if self._facts(world, name).spent:
                world = self._played(self._fallen(world, name), name, ("start", True))
            world = self._played(world, name, ("later", seconds))
            for _ in range(3):
                if self._facts(world, name).can_push:
                    world = self._played(world, name, ("push",))
        return self._delivered(world)

    def _untold(self, world: World) -> Iterator[str]:
        """A double is told at every gate."""
        for permit, count in self._uses.items():
            vehicles = zip(self.scenario.vehicles, world.vehicles, strict=True)
            passed = [spec[0] for spec, vehicle in vehicles if spec[2] == permit and vehicle.state == "passed"]
            if len(passed) <= count or world.lost:
                continue
            for name in self._names:
                flags = self._facts(world, name).disk.flags
                if not any(flag[0] == PERMITS[permit].hex() for flag in flags):
                    yield f"permit {permit} of {count} use(s) passed {len(passed)} times, and {name} does not tell it"

    def _unusable(self, world: World) -> Iterator[str]:
        """A permit that has uses left, of which none is in doubt, passes at every gate.

        What a gate had been granted when it lost its journal is in doubt: nobody knows whether it was used. So it is
        where a gate falls before it has heard everybody for the first time.
        """
        unsure = ("losses", "restores", *(() if self.scenario.synced else ("crashes",)))
        if any(world.left[BUDGET.index(what)] < getattr(self.scenario, what) for what in unsure):
            return
        for permit, count in self._uses.items():
            vehicles = list(zip(self.scenario.vehicles, world.vehicles, strict=True))
            states = [vehicle.state for spec, vehicle in vehicles if spec[2] == permit]
            if states.count("passed") >= count or {"open", "doubt"} & set(states) or self.scenario.window_s:
                continue
            for name in self._names:
                if not self._usable(world, permit, name):
                    yield f"permit {permit} has a use left and nobody in doubt, and does not pass at {name}"

    def _usable(self, world: World, permit: str, name: str) -> bool:
        place = self._names.index(name)
        request = ClaimRequest(PERMITS[permit], self._vins[permit], "export", self._uses[permit], f"z{name}")
        for _ in range(60):
            played = self.gates.play(world.gates[place], ("ask", f"z{name}", request)) if _ == 0 else None
            if played is None:
                world, answers = self._waited(world, place)
            else:
                answers = played.answers
                gates = (*world.gates[:place], played.gate, *world.gates[place + 1 :])
                sent = [self._text(to, text) for to, text in played.said]
                world = replace(world, gates=gates, messages=tuple(sorted((*world.messages, *sent))))
            if answers:
                return answers[0][1] in _PASSES
        return False

    def _waited(self, world: World, place: int) -> tuple[World, tuple[Any, ...]]:
        """One message is heard, or a moment passes; the answers that came of it at a gate."""
        answers: tuple[Any, ...] = ()
        events: list[tuple[int, tuple[Any, ...]]] = [(number, ("later", 0.3)) for number in range(len(self._names))]
        if world.messages:
            to, text = self._texts[world.messages[0]]
            world = self._unsent(world, world.messages[0])
            events = [(self._names.index(to), ("hear", text))]
        for number, event in events:
            played = self.gates.play(world.gates[number], event)
            answers += played.answers if number == place else ()
            gates = (*world.gates[:number], played.gate, *world.gates[number + 1 :])
            sent = [self._text(to, text) for to, text in played.said]
            world = replace(world, gates=gates, messages=tuple(sorted((*world.messages, *sent))))
        return world, answers


def _words_of(to: str, text: Any) -> str:
    """A message in words."""
    sender, receiver, said, *place = text
    words = [f"{name}={value}" for name, value in said.model_dump(mode="json", exclude_defaults=True).items()]
    return f"{sender} to {'all, at ' if receiver == '*' else ''}{to}: {' '.join([said.kind, *words, *map(str, place)])}"


def _vin(home: str, gates: str) -> str:
    return next(vin for vin in (f"V{number}" for number in range(1000)) if home_gate(vin, gates) == home)
