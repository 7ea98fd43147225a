"""What was seen from outside, put in order: what drivers and boards noted, and what central's events say."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from agent.core.model import Verdict


@dataclass(frozen=True)
class Visit:
    """A vehicle at a lane. `shown_at`, `gone_at`: None where the power was cut before. `passed`: as its driver knows.

    `pulses`: when the board was told to open meanwhile. All times are Unix seconds.
    """

    gate: str
    lane: str
    number: int
    came_at: float
    shown_at: float | None = None
    gone_at: float | None = None
    pulses: tuple = ()
    passed: bool = False
    sign: str = ""

    @property
    def may_have_passed(self):
        """Whether nobody can say that it did not pass."""
        return self.passed or (bool(self.pulses) and self.gone_at is None)


@dataclass(frozen=True)
class Switching:
    """What a board was told: `what` is "pulse" or "close". `under`: whether a vehicle was under the arm."""

    gate: str
    lane: str
    at: float
    what: str
    number: int | None
    under: bool = False


@dataclass(frozen=True)
class Lanes:
    """What was seen at the lanes. `struck`: how many vehicles were met by an arm."""

    visits: tuple = ()
    switchings: tuple = ()
    struck: int = 0


@dataclass(frozen=True)
class Said:
    """An event as it is judged. `at`: when, by the gate's clock."""

    gate: str
    stream: str
    seq: int
    at: float
    type: str
    lane: str
    transaction: str
    data: dict = field(default_factory=dict)


def lanes_of(gate, notes):
    """What was seen at the lanes of a gate, by the lines of its yard."""
    visits, switchings, here, struck = [], [], {}, 0
    for note in notes:
        what, lane, at = note["what"], note["lane"], note["at"]
        if what == "yard":
            # The yard is there again after a power cut: who was there is gone.
            visits += [Visit(**one) for one in here.values()]
            here = {}
        elif what == "came":
            here[lane] = {"gate": gate, "lane": lane, "number": note["number"], "came_at": at}
        elif what == "shown":
            here[lane]["shown_at"] = at
        elif what == "gives up":
            here[lane]["sign"] = note.get("sign", "")
        elif what == "gone":
            one = here.pop(lane)
            visits.append(Visit(**one, gone_at=at, passed=note["passed"]))
            struck = max(struck, note.get("struck", 0))
        else:
            switchings.append(Switching(gate, lane, at, what, note["number"], note.get("under", False)))
            if what == "pulse" and lane in here:
                here[lane]["pulses"] = (*here[lane].get("pulses", ()), at)
    visits += [Visit(**one) for one in here.values()]
    return Lanes(tuple(visits), tuple(switchings), struck)


def said_of(gate, stream, events):
    """What central's events of a stream say. `events`: payloads by number."""
    found = []
    for seq, payload in sorted(events.items()):
        event = json.loads(payload)
        at = datetime.fromisoformat(event["time"]).timestamp()
        lane, transaction = event.get("lane", ""), event.get("transaction", "")
        found.append(Said(gate, stream, seq, at, event["type"], lane, transaction, event["data"]))
    return found


def decisions_in(said, visit, until):
    """The decisions on a vehicle: those of its lane from its code on, until the next one comes."""
    since = visit.shown_at if visit.shown_at is not None else visit.came_at
    return [
        (Verdict(one.data["verdict"]), one.data["reason"])
        for one in said
        if one.type == "access.decided" and one.gate == visit.gate and one.lane == visit.lane
        and since - 0.05 <= one.at < until
    ]  # fmt: skip
