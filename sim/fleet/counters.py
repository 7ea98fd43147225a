"""What is counted during a run, and the report that comes of it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LAG_LIMIT_S = 0.25
"""A fleet whose loop is later than this, in one of a hundred cases, measures itself and not the broker."""
STARVED = (
    f"DO NOT BELIEVE THESE TIMES: the fleet itself was short of CPU, its loop came more than {LAG_LIMIT_S:g} s late. "
    "Give it more cores, more --processes or fewer gates. What is said of lost events is right all the same"
)


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
    connected took to be so again. `failures`: how often an attempt or a connection ended, by cause. `event_bytes`: of
    what was recorded. `own_messages`: births, statuses, healths and results of commands. `list_messages`,
    `list_bytes`: what came of the site's lists. `lags_s`: how late the loop of a process came to what was due.
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
    event_bytes: int = 0
    own_messages: int = 0
    list_messages: int = 0
    list_bytes: int = 0
    commands: int = 0
    lags_s: list[float] = field(default_factory=list)

    def add(self, other: FleetCounters) -> None:
        """Count what another process counted."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif isinstance(mine, list):
                mine.extend(theirs)
            else:
                setattr(self, each.name, mine + theirs)


@dataclass(frozen=True, slots=True)
class Consumed:
    """What the consumer saw.

    `missing`: recorded, and not here when it was asked. `lost`: of these, those that a gate holds for acknowledged, so
    that it would never send them again. `broken`: links of the hash chain that did not hold.
    """

    events: int
    missing: int
    lost: int
    duplicates: int
    broken: int
    not_understood: int


@dataclass(frozen=True, slots=True)
class FleetReport:
    """A run in figures.

    `lost`: acknowledged, and not at the consumer when it was asked at the end; None where there is no consumer here to
    ask. `not_acknowledged`: recorded, and not acknowledged when the run ended: a gate would go on to send them; None
    where nobody acknowledges. `loop_lag_s`: how late the processes of the fleet came to what was due. `cpu_share`: of
    one core, of all its processes together.
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
    not_acknowledged: int | None
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
    processes: int
    event_bytes: int
    own_messages: int
    list_messages: int
    list_bytes: int
    commands: int
    loop_lag_s: Percentiles

    @property
    def well(self) -> bool:
        """Whether nothing is lost or still open, every gate is connected, and no chain is broken."""
        whole = self.consumed is None or not (self.consumed.broken or self.consumed.not_understood)
        return not self.lost and not self.not_acknowledged and self.up_at_end == self.gates and whole

    @property
    def believable(self) -> bool:
        """Whether the fleet had the CPU to do in time what it measures."""
        return (self.loop_lag_s.p99 or 0.0) <= LAG_LIMIT_S

    @property
    def sends_an_event(self) -> float:
        """How often an event was sent, on the average; 0 where none was recorded."""
        return self.sent / self.recorded if self.recorded else 0.0

    def as_json(self) -> dict[str, object]:
        """All figures, for machines."""
        return {**asdict(self), "sends_an_event": round(self.sends_an_event, 3), "believable": self.believable}

    def lines(self) -> list[str]:
        """All figures, for people."""
        unheard = f", {self.unheard:,} of them although nobody subscribes" if self.unheard else ""
        refused = "".join(f", {count:,} refused with {code}" for code, count in self.refused.items())
        recorded = f"{self.recorded:,} events, {self.event_bytes:,} bytes, by {self.gates:,} gates in {self.took_s:g} s"
        sent = f"{self.sent:,} times, {self.sends_an_event:.2f} an event; {self.resent:,} again on one connection"
        open_at_end = "not known" if self.not_acknowledged is None else f"{self.not_acknowledged:,}"
        lines = [
            f"recorded       {recorded}",
            f"sent           {sent}",
            f"broker took    {self.taken:,}{unheard}{refused}",
            f"acknowledged   {self.acknowledged:,}; not acknowledged when the run ended: {open_at_end}",
            f"lost           {'not known: ask your consumer' if self.lost is None else f'{self.lost:,}'}",
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
        if self.own_messages:
            lists = f"{self.list_messages:,} messages of lists, {self.list_bytes:,} bytes"
            lines += [
                f"beside events  {self.own_messages:,} births, statuses, healths and results",
                f"came           {self.commands:,} commands, {lists}",
            ]
        lines += [
            (
                f"CPU of the fleet         {self.cpu_share:.0%} of one core, in {self.processes} "
                f"process{'' if self.processes == 1 else 'es'}"
            ),
            f"its loop came late       {self.loop_lag_s.words}",
        ]
        return lines if self.believable else [*lines, STARVED]


@dataclass(frozen=True, slots=True)
class FleetPart:
    """What one process of the fleet knows at its end.

    `heads`: the last event of each stream, and the last that is acknowledged.
    """

    counters: FleetCounters
    heads: dict[str, tuple[int, int]]
    took_s: float
    cpu_s: float
    up_at_end: int


def report(parts: Sequence[FleetPart], *, gates: int, rate: float, consumed: Consumed | None) -> FleetReport:
    """Put the figures of all processes together."""
    counters = FleetCounters()
    for part in parts:
        counters.add(part.counters)
    took_s = max(part.took_s for part in parts)
    heard = consumed is not None or counters.acks_heard
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
        not_acknowledged=counters.recorded - counters.acknowledged if heard else None,
        lost=None if consumed is None else consumed.lost,
        up_at_end=sum(part.up_at_end for part in parts),
        connections=counters.connections,
        failures=dict(counters.failures.most_common(8)),
        puback_s=Percentiles.of(counters.answers_s),
        stored_s=Percentiles.of(counters.stored_s),
        first_connect_s=Percentiles.of(counters.first_s),
        reconnect_s=Percentiles.of(counters.reconnects_s),
        cpu_share=round(sum(part.cpu_s for part in parts) / took_s, 3),
        consumed=consumed,
        processes=len(parts),
        event_bytes=counters.event_bytes,
        own_messages=counters.own_messages,
        list_messages=counters.list_messages,
        list_bytes=counters.list_bytes,
        commands=counters.commands,
        loop_lag_s=Percentiles.of(counters.lags_s),
    )
