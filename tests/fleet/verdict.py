"""What must be true of a roll-out, as central and the gates themselves show it."""

from collections import Counter
from dataclasses import dataclass, field

DONE, STOPPED = 0, 1


@dataclass(frozen=True)
class Promise:
    """How a roll-out must end. `failed`: the code with which each gate must have refused or undone the document."""

    code: int
    told: frozenset
    applied: frozenset
    failed: dict


@dataclass(frozen=True)
class Found:
    """How it ended. `told`, `applied`: gates, by central's events. `failed`: code and words of each gate that failed.

    `working`: the gates on which what was rolled out is at work, as they themselves show. `online`: the gates that
    central has for connected; `active`: those whose service runs.
    """

    code: int
    told: frozenset
    applied: frozenset
    failed: dict
    working: frozenset
    online: frozenset
    active: frozenset
    seconds: float = 0.0


@dataclass(frozen=True)
class Events:
    """The events of one gate: how many it recorded, and what central has of them."""

    recorded: int
    lost: int
    altered: int


@dataclass(frozen=True)
class Row:
    """A roll-out: what was promised, and what was found. `gates`: all gates of the proof.

    `began`, `ended`: Unix seconds, until everybody was at rest again.
    """

    name: str
    gates: frozenset
    promise: Promise
    found: Found
    whys: Counter = field(default_factory=Counter)
    began: float = 0.0
    ended: float = 0.0

    def wrongs(self):
        """What is wrong, in words; empty where all is well."""
        promise, found = self.promise, self.found
        codes = {gate: code for gate, (code, _) in found.failed.items()}
        silent = sorted(gate for gate, (_, words) in found.failed.items() if not words)
        said = [
            (found.code != promise.code, f"fleet apply ended with {found.code}, not {promise.code}"),
            (found.told - promise.told, f"told too: {_names(found.told - promise.told)}"),
            (promise.told - found.told, f"not told: {_names(promise.told - found.told)}"),
            (promise.applied - found.applied, f"not applied: {_names(promise.applied - found.applied)}"),
            (found.applied - promise.applied, f"applied too: {_names(found.applied - promise.applied)}"),
            (codes != promise.failed, f"failed: {codes}, not {promise.failed}"),
            (silent, f"failed without a word: {_names(silent)}"),
            (found.working - promise.applied, f"at work, not applied: {_names(found.working - promise.applied)}"),
            (promise.applied - found.working, f"applied, not at work: {_names(promise.applied - found.working)}"),
            (self.gates - found.online, f"cut off: {_names(self.gates - found.online)}"),
            (self.gates - found.active, f"not running: {_names(self.gates - found.active)}"),
        ]
        return [f"{self.name}: {text}" for wrong, text in said if wrong]


def wrongs_of_events(events):
    """What is wrong with the events, by gate."""
    found = []
    for gate, one in sorted(events.items()):
        said = [
            (not one.recorded, f"{gate} recorded nothing"),
            (one.lost, f"{gate}: {one.lost} events are lost"),
            (one.altered, f"{gate}: {one.altered} events at central are not those of the gate"),
        ]
        found += [text for wrong, text in said if wrong]
    return found


def compared(kept, stored):
    """The events of a gate, by the payloads that it kept and those that central stored, both by number.

    What the gate no longer keeps is compared by its number alone.
    """
    last = max(kept, default=0)
    return Events(
        recorded=last,
        lost=sum(seq not in stored for seq in range(1, last + 1)),
        altered=sum(kept.get(seq, payload) != payload for seq, payload in stored.items() if seq <= last),
    )


def _names(gates):
    return ", ".join(sorted(gates))
