"""What is counted during a run, and the report that comes of it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The median, the slowest hundredth and the slowest of some times, in seconds; None where there were none."""

    count: int
    p50: float | None
    p99: float | None
    max: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Percentiles:
        """The spread of these values."""
        if not values:
            return cls(0, None, None, None)
        ordered = sorted(values)
        return cls(len(ordered), _at(ordered, 0.5), _at(ordered, 0.99), round(ordered[-1], 6))

    @property
    def words(self) -> str:
        """In words, such as `p50 12 ms, p99 80 ms, max 0.3 s`."""
        if self.p50 is None or self.p99 is None or self.max is None:
            return "none"
        return f"p50 {_time(self.p50)}, p99 {_time(self.p99)}, max {_time(self.max)}"


def _at(ordered: Sequence[float], share: float) -> float:
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 6)


def _time(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms" if value_s < 1.0 else f"{value_s:.1f} s"


@dataclass(slots=True)
class FleetCounters:
    """Counted by all gates together. Times in seconds.

    `recorded`: events made. `sent`: publishes, repeats included. `refused`: answers of the broker that are refusals, by
    reason code. `acknowledged`: events below the watermark of their gate. `reconnects`: how long each gate that was
    connected took to be so again. `failures`: how often an attempt or a connection ended, by cause.
    """

    recorded: int = 0
    sent: int = 0
    resent: int = 0
    taken: int = 0
    unheard: int = 0
    acknowledged: int = 0
    acks_heard: int = 0
    connections: int = 0
    up: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    answers_s: list[float] = field(default_factory=list)
    stored_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    reconnects_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Consumed:
    """What the consumer of this process saw. `broken`: links of the hash chain that did not hold."""

    events: int
    missing: int
    duplicates: int
    broken: int
    not_understood: int


@dataclass(frozen=True, slots=True)
class FleetReport:
    """A run in figures. `lost`: recorded, but not acknowledged, or with a consumer here not arrived, when it ended.

    None where nobody acknowledges: then nothing is known of losses. `cpu_share`: of one core, of this process alone.
    """

    gates: int
    rate: float
    took_s: float
    recorded: int
    sent: int
    resent: int
    taken: int
    unheard: int
    refused: dict[str, int]
    acknowledged: int
    lost: int | None
    up_at_end: int
    connections: int
    failures: dict[str, int]
    puback_s: Percentiles
    stored_s: Percentiles
    first_connect_s: Percentiles
    reconnect_s: Percentiles
    cpu_share: float
    consumed: Consumed | None

    @property
    def well(self) -> bool:
        """Whether nothing is lost, every gate is connected, and no chain is broken."""
        whole = self.consumed is None or not (self.consumed.broken or self.consumed.not_understood)
        return not self.lost and self.up_at_end == self.gates and whole

    def as_json(self) -> dict[str, object]:
        """All figures, for machines."""
        return asdict(self)

    def lines(self) -> list[str]:
        """All figures, for people."""
        unheard = f", {self.unheard:,} of them although nobody subscribes" if self.unheard else ""
        refused = "".join(f", {count:,} refused with {code}" for code, count in self.refused.items())
        lines = [
            f"recorded       {self.recorded:,} events by {self.gates:,} gates in {self.took_s:g} s",
            f"sent           {self.sent:,} times, {self.resent:,} of them again on the same connection",
            f"broker took    {self.taken:,}{unheard}{refused}",
            f"acknowledged   {self.acknowledged:,}",
            f"lost           {'not known: nobody acknowledges' if self.lost is None else f'{self.lost:,}'}",
            f"broker's answer          {self.puback_s.words}",
            f"recorded to acknowledged {self.stored_s.words}",
            f"first connection         {self.first_connect_s.words}",
            f"reconnect                {self.reconnect_s.count:,}: {self.reconnect_s.words}",
            f"connected at the end     {self.up_at_end:,} of {self.gates:,}, after {self.connections:,} connections",
        ]
        if (consumed := self.consumed) is not None:
            lines.append(
                f"consumer       {consumed.events:,} events, {consumed.duplicates:,} duplicates, {consumed.missing:,} "
                "missing, "
                f"{consumed.broken:,} breaks of a chain, {consumed.not_understood:,} not understood"
            )
        lines += [f"ended {count:,} times: {cause}" for cause, count in self.failures.items()]
        return [*lines, f"CPU of this process      {self.cpu_share:.0%} of one core"]


def report(  # noqa: PLR0913 - what a run knows at its end
    counters: FleetCounters,
    *,
    gates: int,
    rate: float,
    took_s: float,
    cpu_s: float,
    up_at_end: int,
    consumed: Consumed | None,
) -> FleetReport:
    """Put the figures together."""
    lost: int | None = None
    if consumed is not None:
        lost = consumed.missing
    elif counters.acks_heard:
        lost = counters.recorded - counters.acknowledged
    return FleetReport(
        gates=gates,
        rate=rate,
        took_s=round(took_s, 1),
        recorded=counters.recorded,
        sent=counters.sent,
        resent=counters.resent,
        taken=counters.taken,
        unheard=counters.unheard,
        refused={f"0x{code:02X}": count for code, count in sorted(counters.refused.items())},
        acknowledged=counters.acknowledged,
        lost=lost,
        up_at_end=up_at_end,
        connections=counters.connections,
        failures=dict(counters.failures.most_common(8)),
        puback_s=Percentiles.of(counters.answers_s),
        stored_s=Percentiles.of(counters.stored_s),
        first_connect_s=Percentiles.of(counters.first_s),
        reconnect_s=Percentiles.of(counters.reconnects_s),
        cpu_share=round(cpu_s / took_s, 3),
        consumed=consumed,
    )
