"""A run of the fleet: everything started, fed, shown, waited for and stopped."""

from __future__ import annotations

import asyncio
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from agent.broker import TlsFiles, make_context
from agent.clock import Clock
from agent.core.events import ClockReading, DeviceChanged, Draft, Writer, beginning, seal
from agent.lists import ListTopics
from agent.mqtt import ClientSettings
from sim.fleet.consumer import Consumer
from sim.fleet.counters import FleetCounters, FleetPart, report
from sim.fleet.gate import SimulatedGate
from sim.fleet.loop_lag import measure_lag
from sim.fleet.passing_vehicle import vehicle_s

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from sim.fleet.counters import Consumed, FleetReport
    from sim.fleet.plan import FleetPlan

FEED_S = 0.01
TICK_S = 1.0
SHOW_S = 5.0
DIALLERS = 64
READY_S = 60.0
# A connection takes its own socket and a pair of paho's.
FILES_A_GATE = 3
FILES_BESIDE = 300
CENTRAL = "central"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Where a run stands. `phase`: connecting, recording, settling."""

    phase: str
    at_s: float
    up: int
    recorded: int
    taken: int
    acknowledged: int
    reconnects: int


def raise_file_limit(gates: int) -> None:
    """Allow as many open files as the gates need. Raises OSError where the machine does not."""
    wanted = gates * FILES_A_GATE + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise OSError(f"{gates} gates need {wanted} open files; this machine allows {hard}: raise it with ulimit -Hn")
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Fleet:
    """One run of a plan. `show` hears how it goes, about every 5 s. `ready_s`: how long to wait for the connections."""

    def __init__(
        self, plan: FleetPlan, show: Callable[[RunProgress], None] = lambda _progress: None, *, ready_s: float = READY_S
    ) -> None:
        self._plan = plan
        self._ready_s = ready_s
        self._show = show
        self._random = Random()  # noqa: S311 - jitter, no secret
        self._clock = Clock()
        self._counters = FleetCounters()
        self._contexts: dict[TlsFiles, ssl.SSLContext | None] = {}
        self._begun_at = time.monotonic()
        self._up_at_end = 0

    async def run(self) -> FleetReport:
        """Run to the end. Raises OSError for files and brokers that cannot be used, TlsFilesError for certificates."""
        part, consumed = await self.measure()
        return report([part], gates=self._plan.gates, rate=self._plan.rate, consumed=consumed)

    async def measure(self) -> tuple[FleetPart, Consumed | None]:
        """Run to the end; what this process knows, and what its consumer saw. Raises as `run`."""
        plan = self._plan
        raise_file_limit(plan.gates)
        with ThreadPoolExecutor(DIALLERS, "dial") as dialler:
            gates = self._make_gates(dialler)
            consumer = make_consumer(plan, self._random, dialler, self._context) if plan.consume else None
            begun_at, begun_cpu_s = time.monotonic(), time.process_time()
            self._begun_at = begun_at
            broken = self._watch_callbacks()
            everybody: list[SimulatedGate | Consumer] = [*gates, *([] if consumer is None else [consumer])]
            tasks = [asyncio.create_task(each.run()) for each in everybody]
            ticking = asyncio.create_task(self._tick(gates, consumer))
            lagging = asyncio.create_task(measure_lag(self._counters.lags_s.append))
            living = asyncio.create_task(self._live(gates, consumer))
            try:
                await asyncio.wait([living, broken], return_when=asyncio.FIRST_COMPLETED)
                if broken.done():
                    broken.result()
                await living
            finally:
                living.cancel()
                for each in everybody:
                    each.stop()
                await asyncio.gather(*tasks)
                for beside in (ticking, lagging):
                    beside.cancel()
            took_s, cpu_s = time.monotonic() - begun_at, time.process_time() - begun_cpu_s
        heads = {gate.stream: (gate.head, gate.watermark) for gate in gates}
        part = FleetPart(self._counters, heads, took_s, cpu_s, self._up_at_end)
        return part, None if consumer is None else consumer.counts(heads)

    @staticmethod
    def _watch_callbacks() -> asyncio.Future[None]:
        """A future that fails with the first exception of a callback: the loop alone would log it and go on."""
        loop = asyncio.get_running_loop()
        broken: asyncio.Future[None] = loop.create_future()

        def fail(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
            error = context.get("exception")
            if not broken.done():
                broken.set_exception(error if isinstance(error, Exception) else RuntimeError(str(context["message"])))

        loop.set_exception_handler(fail)
        return broken

    async def _live(self, gates: list[SimulatedGate], consumer: Consumer | None) -> None:
        if consumer is not None:
            try:
                await asyncio.wait_for(consumer.up.wait(), self._ready_s)
            except TimeoutError:
                raise OSError(
                    f"the consumer could not subscribe within {self._ready_s:g} s: {consumer.cause}"
                ) from None
        await self._connect(gates)
        await self._feed(gates)
        await self._wait_settled(gates)
        self._up_at_end = self._counters.up

    # ----------------------------------------------------------------------------------------------------------- phases

    async def _connect(self, gates: list[SimulatedGate]) -> None:
        """Wait until all are connected once, for a bounded time: a broker may be too weak for that."""
        deadline = time.monotonic() + self._plan.start_spread_s + self._ready_s
        shown_at = time.monotonic()
        while self._counters.up < len(gates) and time.monotonic() < deadline:
            if time.monotonic() - shown_at >= SHOW_S:
                shown_at = time.monotonic()
                self._report_progress("connecting")
            await asyncio.sleep(0.05)
        self._report_progress("connecting")

    async def _feed(self, gates: list[SimulatedGate]) -> None:
        plan = self._plan
        begun_at = shown_at = time.monotonic()
        fed = 0
        while (passed_s := time.monotonic() - begun_at) < plan.for_s:
            now = self._clock.now().utc
            reading = ClockReading(now, synced=True, error_ms=None)
            while fed < int(passed_s * plan.rate * plan.gates):
                gates[fed % len(gates)].record(reading)
                fed += 1
            if time.monotonic() - shown_at >= SHOW_S:
                shown_at = time.monotonic()
                self._report_progress("recording")
            await asyncio.sleep(FEED_S)

    async def _wait_settled(self, gates: list[SimulatedGate]) -> None:
        on_their_way_s = vehicle_s(self._plan.pace) if self._plan.whole else 0.0
        deadline = time.monotonic() + self._plan.settle_s + on_their_way_s
        shown_at = time.monotonic()
        while time.monotonic() < deadline:
            heard = self._counters.acks_heard or self._plan.consume or self._plan.acknowledged
            passed = all(not gate.expects for gate in gates)
            taken = self._counters.taken >= self._counters.recorded
            if all(gate.settled for gate in gates) or (not heard and passed and taken):
                return
            if time.monotonic() - shown_at >= SHOW_S:
                shown_at = time.monotonic()
                self._report_progress("settling")
            await asyncio.sleep(0.05)

    async def _tick(self, gates: list[SimulatedGate], consumer: Consumer | None) -> None:
        """Go round all gates about once a second, a part of them at a time, so that no turn is long."""
        parts = 20
        place = 0
        while True:
            now = time.monotonic()
            for gate in gates[place::parts]:
                gate.tick(now)
            if place == 0 and consumer is not None:
                consumer.tick(now)
            place = (place + 1) % parts
            await asyncio.sleep(TICK_S / parts)

    def _report_progress(self, phase: str) -> None:
        counters = self._counters
        self._show(
            RunProgress(
                phase,
                time.monotonic() - self._begun_at,
                counters.up,
                counters.recorded,
                counters.taken,
                counters.acknowledged,
                len(counters.reconnects_s),
            )
        )

    # ------------------------------------------------------------------------------------------------------- the parts

    def _make_gates(self, dialler: ThreadPoolExecutor) -> list[SimulatedGate]:
        plan = self._plan
        padding = max(0, plan.payload_bytes - _bare_bytes(plan.gate_id(plan.numbers[-1])))
        lists = None if plan.site is None else f"{ListTopics(plan.site).root}/#"
        made = []
        for number in plan.numbers:
            settings = plan.session(plan.gate_id(number))
            made.append(
                SimulatedGate(
                    settings,
                    plan.delivery,
                    self._counters,
                    self._random,
                    dialler,
                    context=self._context(settings),
                    padding=padding,
                    whole=plan.whole,
                    lists=lists,
                    pace=plan.pace,
                    utc=lambda: self._clock.now().utc,
                )
            )
        return made

    def _context(self, settings: ClientSettings) -> ssl.SSLContext | None:
        if settings.tls not in self._contexts:
            self._contexts[settings.tls] = tls_context(settings)
        return self._contexts[settings.tls]


def make_consumer(
    plan: FleetPlan,
    random: Random,
    dialler: ThreadPoolExecutor,
    context: Callable[[ClientSettings], ssl.SSLContext | None],
) -> Consumer:
    """The consumer of a plan. `context`: what makes the TLS context of such settings."""
    files, user = plan.credentials.of_central(CENTRAL)
    settings = ClientSettings(
        gate=CENTRAL,
        brokers=plan.central_brokers or plan.brokers,
        tls=files,
        user=user,
        password=plan.credentials.password,
        first_retry_s=0.5,
        retry_cap_s=2.0,
    )
    return Consumer(settings, random, dialler, context=context(settings))


def tls_context(settings: ClientSettings) -> ssl.SSLContext | None:
    """The TLS context of these settings; None where no broker needs one. Raises TlsFilesError."""
    return make_context(settings.tls) if any(broker.tls for broker in settings.brokers) else None


def _bare_bytes(gate: str) -> int:
    """How long an event of this gate is without padding."""
    stream = "0" * 36
    draft = Draft(DeviceChanged(device="relay", family="relay", state="up", detail=""), None, None, 1.8e9)
    clock = ClockReading(1.8e9, synced=True, error_ms=None)
    return len(seal(draft, Writer(gate, stream, "0" * 32), beginning(stream), clock, bytes(10)).payload)
