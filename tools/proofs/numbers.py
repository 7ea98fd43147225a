"""The numbers that the product must reach, each with the figures that show it: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.proofs.result import Result


@dataclass(frozen=True, slots=True)
class Wanted:
    """Figures of a proof by a pattern of their names, and their goal; None: the goal that the proof gives them."""

    proof: str
    figure: str
    goal: float | None = None
    unit: str = ""
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number in words, and all figures that must reach their goals for it."""

    what: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure of a number beside its goal. A figure without a value is missing: no result at this commit has it."""

    what: str
    proof: str
    figure: Figure


def shown(numbers: tuple[Number, ...], results: Mapping[str, Result]) -> list[Shown]:
    """Each number with its figures from the results at this commit; what is missing has its row too."""
    return [
        Shown(number.what, wanted.proof, figure)
        for number in numbers
        for wanted in number.wanted
        for figure in _figures(wanted, results.get(wanted.proof))
    ]


def _figures(wanted: Wanted, result: Result | None) -> list[Figure]:
    there = result.figures if result else ()
    matching = [one for one in there if one.value is not None and fnmatchcase(one.what, wanted.figure)]
    if not matching:
        return [Figure(wanted.figure, None, wanted.unit, wanted.goal, wanted.at_least)]
    if wanted.goal is None:
        return matching
    return [replace(one, goal=wanted.goal, at_least=wanted.at_least) for one in matching]


def _bench(figure: str, goal: float | None = None, unit: str = "", *, at_least: bool = False) -> Wanted:
    return Wanted("bench", figure, goal, unit, at_least)


def _kills(case: str, cycles: int) -> tuple[Wanted, ...]:
    return (Wanted("faults", f"{case}: cycles", cycles, at_least=True), Wanted("faults", f"{case}: events lost", 0))


NUMBERS: Final = (
    Number(
        "From the first picture with a code to the relay, 1080p25",
        (
            _bench("frame to relay byte, code shown at the arm, p50", 60, "ms"),
            _bench("frame to relay byte, code shown at the arm, p99", 120, "ms"),
            _bench("frame to relay byte, vehicle and code at once, p50", 60, "ms"),
            _bench("frame to relay byte, vehicle and code at once, p99", 120, "ms"),
        ),
    ),
    Number(
        "From the decision to the last byte for the relay", (_bench("decision to last relay byte, *, p99", 5, "ms"),)
    ),
    Number(
        "Check of a permit with 100,000 declarations",
        (_bench("permit check, signed, p99", 5, "ms"), _bench("permit check, blurred, p99", 12, "ms")),
    ),
    Number(
        "Durable record of an event",
        (_bench("journal append, durable, p99", 20, "ms"), _bench("journal append, CPU", 0.3, "ms")),
    ),
    Number(
        "Events to central after an outage, with mutual TLS",
        (_bench("drain after an outage, mutual TLS*", 4000, "events/s", at_least=True),),
    ),
    Number("Kills of the agent", _kills("agent kill -9", 200)),
    Number(
        "Kills of a broker that keeps nothing",
        _kills("agent and broker kill -9, mosquitto without persistence", 100),
    ),
    Number("Power cuts", _kills("power cut, simulated", 50)),
    Number("Failures of the network", _kills("network faults, *", 100)),
    Number(
        "Permits used twice at a site",
        (Wanted("races", "home_gate: permits used twice", 0), Wanted("races", "deny: permits used twice", 0)),
    ),
    Number(
        "A camera at rest, 1080p25",
        (_bench("1 camera at rest, 1080p25, key pictures decoded: CPU *", 4, "% of a core"),),
    ),
    Number(
        "Eight cameras on two cores, two of them busy",
        (_bench("8 cameras at 1080p25, 2 busy, *at rest: the latest frame, behind its stream", 0.5, "s"),),
    ),
    Number(
        "A whole site for a day",
        tuple(
            Wanted("site", figure, 0)
            for figure in ("events lost", "permits used twice", "pulses without a grant", "arms moved onto a vehicle")
        ),
    ),
    Number("From start to ready", (_bench("process start to READY=1, p50", 3, "s"),)),
    Number("Memory of the agent with one camera", (_bench("memory of the whole agent", 300, "MB"),)),
    Number("Growth of the memory in a soak", (Wanted("soak", "memory, growth"),)),
    Number(
        "Codes on photographs",
        (
            _bench("QR codes read, half held back", 97, "%", at_least=True),
            _bench("QR texts wrong, whole cascade", 0),
        ),
    ),
    Number(
        "Plates on kept pictures, by country",
        (_bench("plates exact, ours, thorough, *"), _bench("wrong among accepted, ours, thorough, *", 0.5, "%")),
    ),
    Number("Time for a plate in a 720p picture", (_bench("plate reading, 720p, plate there", 40, "ms"),)),
    Number(
        "Declared plate accepted in three pictures, a neighbour's plate accepted",
        (
            _bench("true plate accepted in three frames*", 98, "%", at_least=True),
            _bench("neighbour's plate accepted*", 0.1, "%"),
        ),
    ),
    Number(
        "VIN as a code of 2 pixels for a module, and in print of 14 pixels",
        (
            _bench("VIN in Code 39 at 2 pixels a module read", 80, "%", at_least=True),
            _bench("VIN in print of 14 px accepted in one frame", 98, "%", at_least=True),
            _bench("another's VIN accepted, of *", 0),
            _bench("VIN next to a printed one accepted, of *", 0),
        ),
    ),
    Number(
        "1,000 gates back after a broker that was away for 10 s",
        (
            _bench("1,000 gates, broker killed and away for 10 s: back after its return, p99", 15, "s"),
            _bench("1,000 gates, broker killed and away for 10 s: sends an event", 1.2),
        ),
    ),
    Number(
        "Hardening score of the service, 1.5 at most: tests compare it",
        (Wanted("test", "tests failed", 0),),
    ),
)
