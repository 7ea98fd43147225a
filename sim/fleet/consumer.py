"""A consumer that only counts: it removes duplicates, follows each gate's hash chain and publishes the watermarks.

It keeps nothing on a disk: for measuring, where no central runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from agent.broker import ROOT, Topics, shuffled
from agent.core.events import beginning, digest_of
from agent.mqtt import BrokerSelector, Outgoing, Subscription
from sim.fleet.connection import Wire, WireOptions
from sim.fleet.counters import Consumed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from concurrent.futures import Executor
    from random import Random

    from agent.mqtt import BrokerLimits, ClientSettings, Incoming

BATCH_S = 0.05
SESSION_S = 600
BURST = 100
SOURCE = "/gate/"


@dataclass(slots=True)
class _Stream:
    """What is known of a stream: the digest at the watermark, and the events that arrived beyond a gap."""

    gate: str
    digest: str
    watermark: int = 0
    beyond: dict[int, tuple[str, str]] = field(default_factory=dict)


class Consumer:
    """One MQTT client with a session that outlasts a broker's restart, where the broker keeps sessions."""

    def __init__(
        self, settings: ClientSettings, random: Random, dialler: Executor, *, context: ssl.SSLContext | None
    ) -> None:
        self._settings = settings
        self._random = random
        self._dialler = dialler
        self._context = context
        self._broker_selector = BrokerSelector(
            shuffled(settings.brokers, random), settings.first_retry_s, settings.retry_cap_s
        )
        self._streams: dict[str, _Stream] = {}
        self._touched: set[str] = set()
        self._arrivals = self._duplicates = self._broken = self._not_understood = 0
        self._wire: Wire | None = None
        self._over: asyncio.Future[str] | None = None
        self._opened_at = 0.0
        self._stopping = asyncio.Event()
        self.up = asyncio.Event()
        self.cause = "no answer"

    async def run(self) -> None:
        """Live until stopped."""
        acking = asyncio.create_task(self._acknowledge())
        while not self._stopping.is_set():
            stood_at = time.monotonic()
            await self._live()
            now = time.monotonic()
            lasted = now - stood_at >= self._settings.stable_after_s
            pause_s = self._broker_selector.ended(lasted=lasted, draw=self._random.random(), at=now)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
        await acking

    def tick(self, now: float) -> None:
        """Look after what has its time; to be called about once a second."""
        if self._wire is None:
            return
        if not self.up.is_set() and now - self._opened_at > self._settings.answer_timeout_s:
            self._wire.end("no answer of an MQTT broker in time")
        else:
            self._wire.tend()

    def stop(self) -> None:
        """Disconnect; `run` returns soon."""
        self._stopping.set()
        if self._wire is not None:
            self._wire.leave()

    def counts(self, heads: Mapping[str, tuple[int, int]]) -> Consumed:
        """What came, beside what was recorded; `heads`: the last event of each stream, and the last acknowledged."""
        missing = lost = 0
        for stream, (head, acknowledged) in heads.items():
            known = self._streams.get(stream)
            watermark, beyond = (0, set()) if known is None else (known.watermark, set(known.beyond))
            missing += head - watermark - len(beyond)
            lost += sum(seq not in beyond for seq in range(watermark + 1, acknowledged + 1))
        return Consumed(
            self._arrivals - self._duplicates, missing, lost, self._duplicates, self._broken, self._not_understood
        )

    # --------------------------------------------------------------------------------------------------- the connection

    async def _live(self) -> None:
        settings = self._settings
        self._over = asyncio.get_running_loop().create_future()
        self._opened_at = time.monotonic()
        options = WireOptions(
            user=settings.user,
            password=settings.password,
            keepalive_s=settings.keepalive_s,
            connect_timeout_s=settings.connect_timeout_s,
            session_expiry_s=SESSION_S,
            clean_start=False,
            burst=BURST,
        )
        wire = self._wire = Wire(self, settings.gate, options)
        address = self._broker_selector.address
        try:
            await wire.open(address, self._context if address.tls else None, self._dialler)
        except OSError as error:
            wire.end(str(error))
        self.cause = await self._over
        self._wire = None
        self.up.clear()

    def connected(self, _limits: BrokerLimits) -> None:
        """Subscribe to the events of all gates."""
        if self._wire is not None:
            self._wire.subscribe([Subscription(f"{ROOT}/+/event/#", self.arrived, qos=1)])

    def subscribed(self, _codes: tuple[int, ...]) -> None:
        """Ready."""
        self.up.set()

    def answered(self, mid: int, code: int) -> None:
        """Watermarks go out with QoS 0: no answer comes."""

    def ended(self, cause: str) -> None:
        """The connection is over."""
        if self._over is not None and not self._over.done():
            self._over.set_result(cause)

    # ------------------------------------------------------------------------------------------------------- the events

    def arrived(self, message: Incoming) -> None:
        """Count an event and put it in its place."""
        try:
            event = json.loads(message.payload)
            source, stream, seq, prev = (
                str(event["source"]),
                str(event["stream"]),
                int(event["seq"]),
                str(event["prev"]),
            )
        except (ValueError, KeyError, TypeError):
            self._not_understood += 1
            return
        self._arrivals += 1
        known = self._streams.get(stream)
        if known is None:
            gate = unquote(source.removeprefix(SOURCE))
            known = self._streams[stream] = _Stream(gate, beginning(stream).digest)
        self._touched.add(stream)
        if seq <= known.watermark or seq in known.beyond:
            self._duplicates += 1
            return
        known.beyond[seq] = (prev, digest_of(message.payload))
        while (following := known.beyond.pop(known.watermark + 1, None)) is not None:
            self._broken += following[0] != known.digest
            known.digest = following[1]
            known.watermark += 1

    async def _acknowledge(self) -> None:
        """Publish the watermark of every gate that sent something, duplicates too, so that a resend brings it."""
        while not self._stopping.is_set():
            await asyncio.sleep(BATCH_S)
            if self._wire is None or not self.up.is_set():
                continue
            touched, self._touched = self._touched, set()
            for stream in touched:
                known = self._streams[stream]
                body = json.dumps({"stream": stream, "seq": known.watermark}).encode()
                self._wire.publish(Outgoing(Topics(known.gate).ack, body, qos=0))
