"""One simulated gate: sealed events, the product's own delivery window and broker selector; no cameras, no disk.

A whole one says all that a real gate says besides, and its events are those of vehicles that pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.broker import Topics, shuffled
from agent.core.events import (
    RANDOM_BYTES,
    Ack,
    ClockReading,
    CommandRefused,
    DeviceChanged,
    Draft,
    Point,
    Writer,
    beginning,
    seal,
)
from agent.mqtt import (
    BrokerSelector,
    DeliveryWindow,
    Outgoing,
    Receipt,
    SilenceDetector,
    Subscription,
    event_message,
    reason_codes,
)
from sim.fleet.connection import Wire, WireOptions
from sim.fleet.own_messages import OwnMessages
from sim.fleet.passing_vehicle import vehicle_drafts

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from concurrent.futures import Executor
    from random import Random

    from agent.core.events import SealedEvent
    from agent.mqtt import BrokerLimits, ClientSettings, DeliverySettings, Incoming
    from sim.fleet.counters import FleetCounters

log = logging.getLogger(__name__)

JSON_TYPE = "application/json"
STATUS_LIFE_FACTOR = 3
HEALTH_EVERY_S = 60.0


class SimulatedGate:
    """Connects for ever, records when told, sends what it recorded until it is acknowledged.

    `context`: for TLS brokers. `padding`: how much longer than needed its events are. `whole`: it says all that a real
    gate says. `lists`: the filter of the lists that it takes, None: of none. `utc`: the wall clock, Unix seconds.
    `pace`: as in FleetPlan.
    """

    def __init__(  # noqa: PLR0913 - what a gate needs of its fleet
        self,
        settings: ClientSettings,
        delivery: DeliverySettings,
        counters: FleetCounters,
        random: Random,
        dialler: Executor,
        *,
        context: ssl.SSLContext | None = None,
        padding: int = 0,
        whole: bool = False,
        lists: str | None = None,
        utc: Callable[[], float],
        pace: float = 1.0,
    ) -> None:
        self._settings = settings
        self._delivery_settings = delivery
        self._counters = counters
        self._random = random
        self._dialler = dialler
        self._context = context
        self._padding = "." * padding
        self._topics = Topics(settings.gate)
        self._broker_selector = BrokerSelector(
            shuffled(settings.brokers, random), settings.first_retry_s, settings.retry_cap_s
        )
        stream = str(uuid.uuid4())
        self._writer = Writer(settings.gate, stream, uuid.uuid4().hex)
        self._head = beginning(stream)
        self._own = OwnMessages(self._writer, self._topics, settings.status_every_s) if whole else None
        self._lists, self._utc, self._pace = lists, utc, pace
        self._vehicles = self._pending = 0
        self._health_due_at = 0.0
        self._delivery = DeliveryWindow(delivery, 0)
        self._silence_detector = SilenceDetector(delivery.silent_s)
        self._kept: dict[int, tuple[SealedEvent, float]] = {}
        self._under_way: dict[int, tuple[int, float]] = {}
        self._wire: Wire | None = None
        self._up_at: float | None = None
        self._opened_at = 0.0
        self._down_at: float | None = None
        self._status_due_at = 0.0
        self._over: asyncio.Future[str] | None = None
        self._first = True
        self._limit = 0
        self._stopping = asyncio.Event()

    @property
    def gate(self) -> str:
        """Its id."""
        return self._settings.gate

    @property
    def stream(self) -> str:
        """Its stream."""
        return self._writer.stream

    @property
    def head(self) -> int:
        """The sequence number of its last event."""
        return self._head.seq

    @property
    def watermark(self) -> int:
        """All of its events up to here are acknowledged."""
        return self._delivery.watermark

    @property
    def settled(self) -> bool:
        """Whether all that it recorded is acknowledged, and no vehicle is on its way."""
        return not self._pending and self._delivery.watermark >= self._head.seq

    @property
    def expects(self) -> bool:
        """Whether a vehicle is on its way whose events are not all recorded."""
        return self._pending > 0

    async def run(self) -> None:
        """Live until stopped."""
        begun_at = time.monotonic()
        await self._pause(self._random.random() * self._settings.start_spread_s)
        self._down_at = begun_at
        while not self._stopping.is_set():
            cause, stood_at = await self._live()
            self._first = self._first and stood_at is None
            if self._stopping.is_set():
                return
            self._counters.failures[cause] += 1
            now = time.monotonic()
            lasted = stood_at is not None and now - stood_at >= self._settings.stable_after_s
            await self._pause(self._broker_selector.ended(lasted=lasted, draw=self._random.random(), at=now))

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)

    def record(self, clock: ClockReading) -> None:
        """Make one event and send it as soon as the window allows; a whole gate lets a vehicle come."""
        if self._own is not None:
            self._let_a_vehicle_come(clock)
            return
        self._record(
            Draft(
                DeviceChanged(device="relay", family="relay", state="up", detail=self._padding), None, None, clock.utc
            ),
            clock,
        )

    def _let_a_vehicle_come(self, clock: ClockReading) -> None:
        self._vehicles += 1
        loop = asyncio.get_running_loop()
        for after_s, draft in vehicle_drafts(clock.utc, self._vehicles, self._pace):
            self._pending += 1
            loop.call_later(after_s, self._record_pending, draft, replace(clock, utc=draft.utc))

    def _record_pending(self, draft: Draft, clock: ClockReading) -> None:
        self._pending -= 1
        self._record(draft, clock)

    def _record(self, draft: Draft, clock: ClockReading) -> None:
        sealed = seal(draft, self._writer, self._head, clock, secrets.token_bytes(RANDOM_BYTES))
        self._head = Point(self.stream, sealed.seq, sealed.digest)
        self._kept[sealed.seq] = (sealed, time.monotonic())
        self._counters.recorded += 1
        self._counters.event_bytes += len(sealed.payload)
        self._pump()

    def tick(self, now: float) -> None:
        """Look after what has its time; to be called about once a second."""
        wire = self._wire
        if wire is None:
            return
        if self._up_at is None:
            if now - self._opened_at > self._settings.answer_timeout_s:
                wire.end("no answer of an MQTT broker in time")
            return
        wire.tend()
        self._counters.resent += self._delivery.ticked(now)
        if self._delivery.owed_s(now) > self._delivery_settings.puback_timeout_s:
            wire.end("the broker has not answered an event in time")
            return
        if not self._delivery.nobody and self._silence_detector.watch(self._delivery.still_s(now)):
            wire.end("nothing from central: the broker may have lost the subscription")
            return
        if now >= self._status_due_at:
            self._say_status()
        if self._own is not None and now >= self._health_due_at:
            self._health_due_at = now + HEALTH_EVERY_S
            self._say(self._own.health(self._utc()))
        self._pump()

    def stop(self) -> None:
        """Disconnect; `run` returns soon."""
        self._stopping.set()
        if self._wire is not None:
            self._wire.leave()

    # --------------------------------------------------------------------------------------------------- the connection

    async def _live(self) -> tuple[str, float | None]:
        """One connection from its dialling to its end: why it ended, and since when it stood."""
        over = self._over = asyncio.get_running_loop().create_future()
        self._opened_at = time.monotonic()
        if self._own is None:
            will = Outgoing(self._topics.status, b'{"state":"lost"}', retain=True, content_type=JSON_TYPE)
        else:
            will = self._own.status("lost", self._utc(), self.head, self._delivery.watermark)
        settings = self._settings
        options = WireOptions(
            user=settings.user,
            password=settings.password,
            keepalive_s=settings.keepalive_s,
            connect_timeout_s=settings.connect_timeout_s,
            session_expiry_s=settings.session_expiry_s,
            will=will,
            will_delay_s=settings.will_delay_s,
        )
        address = self._broker_selector.address
        wire = self._wire = Wire(self, settings.gate, options)
        try:
            await wire.open(address, self._context if address.tls else None, self._dialler)
        except OSError as error:
            wire.end(f"{type(error).__name__}: {error}")
        cause = await over
        stood_at, self._up_at, self._wire = self._up_at, None, None
        if stood_at is not None:
            self._counters.up -= 1
            self._down_at = time.monotonic()
            self._delivery.disconnected(self._down_at)
            self._under_way.clear()
        return cause, stood_at

    def connected(self, limits: BrokerLimits) -> None:
        """Subscribe as the product does."""
        self._limit = limits.receive_maximum
        if self._wire is not None:
            lists = [] if self._lists is None else [Subscription(self._lists, self.arrived, qos=1, stored=True)]
            self._wire.subscribe(
                [
                    Subscription(self._topics.ack, self.arrived, qos=0, stored=True),
                    Subscription(self._topics.commands, self.arrived, qos=1, stored=False),
                    *lists,
                ]
            )

    def subscribed(self, codes: tuple[int, ...]) -> None:
        """The connection stands: say so, and send what is not acknowledged."""
        refused = [code for code in codes if reason_codes.refused(code)]
        if refused:
            log.warning("%s may not subscribe: %s", self.gate, reason_codes.words(refused[0]))
        now = time.monotonic()
        if self._down_at is not None:
            (self._counters.first_s if self._first else self._counters.reconnects_s).append(now - self._down_at)
        self._up_at, self._down_at = now, None
        self._counters.up += 1
        self._counters.connections += 1
        self._delivery.connected(self._limit, now)
        if self._own is not None:
            self._say(self._own.birth(self._utc()))
            self._say(self._own.health(self._utc()))
            self._health_due_at = now + HEALTH_EVERY_S
        self._say_status()
        self._pump()

    def ended(self, cause: str) -> None:
        """The connection is over."""
        if self._over is not None and not self._over.done():
            self._over.set_result(cause)

    def _say_status(self) -> None:
        every_s = self._settings.status_every_s
        self._status_due_at = time.monotonic() + every_s
        if self._own is not None:
            self._say(self._own.status("online", self._utc(), self.head, self._delivery.watermark))
            return
        body = {"state": "online", "gate": self.gate, "stream": self.stream, "seq_head": self.head}
        message = Outgoing(
            self._topics.status,
            json.dumps(body).encode(),
            retain=True,
            expiry_s=int(every_s * STATUS_LIFE_FACTOR),
            content_type=JSON_TYPE,
        )
        if self._wire is not None:
            self._wire.publish(message)

    def _say(self, message: Outgoing) -> None:
        if self._wire is not None and self._wire.publish(message) is not None:
            self._counters.own_messages += 1

    # ------------------------------------------------------------------------------------------------------- the events

    def _pump(self) -> None:
        wire = self._wire
        while wire is not None and self._up_at is not None:
            want = self._delivery.want()
            if want is None:
                return
            upto = self.head if want.upto is None else min(want.upto, self.head)
            last = min(upto, want.after + want.limit)
            if want.after >= last:
                return
            for seq in range(want.after + 1, last + 1):
                if not self._delivery.needs(seq):
                    self._delivery.passed(seq)
                elif not self._send(wire, seq):
                    return

    def _send(self, wire: Wire, seq: int) -> bool:
        mid = wire.publish(event_message(self._topics, self._kept[seq][0]))
        if mid is None:
            return False
        now = time.monotonic()
        self._under_way[mid] = (seq, now)
        self._delivery.sent(seq, now)
        self._counters.sent += 1
        return True

    def answered(self, mid: int, code: int) -> None:
        """The broker answered for an event or a status."""
        found = self._under_way.pop(mid, None)
        receipt = Receipt(code)
        if receipt.refused:
            self._counters.refused[code] += 1
        if found is None:
            return
        seq, sent_at = found
        now = time.monotonic()
        self._counters.answers_s.append(now - sent_at)
        self._counters.taken += not receipt.refused
        self._counters.unheard += not receipt.refused and not receipt.taken
        self._delivery.answered(seq, now, taken=receipt.taken, refused=receipt.refused)
        self._pump()

    def arrived(self, message: Incoming) -> None:
        """A watermark came; or a command, which a whole gate refuses as one without keys does; or a part of a list."""
        if message.topic != self._topics.ack:
            self._take_other(message)
            return
        ack = Ack.model_validate_json(message.payload)
        if ack.stream != self.stream:
            return
        self._counters.acks_heard += 1
        self._silence_detector.note_message()
        before, now = self._delivery.watermark, time.monotonic()
        seq = min(ack.seq, self.head)
        if not self._delivery.acknowledged(seq, now):
            return
        for one in range(before + 1, seq + 1):
            self._counters.stored_s.append(now - self._kept.pop(one)[1])
        self._counters.acknowledged += seq - before
        self._pump()

    def _take_other(self, message: Incoming) -> None:
        if not message.topic.startswith(f"{self._topics.root}/"):
            self._counters.list_messages += 1
            self._counters.list_bytes += len(message.payload)
        elif self._own is not None:
            self._counters.commands += 1
            answer, refused = self._own.refusal(message)
            self._say(answer)
            utc = self._utc()
            event = CommandRefused(
                code=refused.code, name=answer.topic.rpartition("/")[2], detail=str(refused.detail), count=1
            )
            self._record(Draft(event, None, None, utc), ClockReading(utc, synced=True, error_ms=None))
