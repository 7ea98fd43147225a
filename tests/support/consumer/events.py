"""Sealed events of a gate, as messages for the reference consumer, and its answers to them."""

import json

from agent.core.events.chain import ClockReading, Point, Writer, beginning, seal
from tests.support.store.journals import STREAM, UTC, device

GATE = "khorgos-03"
SOURCE = f"/gate/{GATE}"


def chain(*drafts, gate=GATE, stream=STREAM, after=None):
    """Sealed events, in order."""
    before, made = after or beginning(stream), []
    for draft in drafts:
        made.append(seal(draft, Writer(gate, stream, "boot-1"), before, ClockReading(UTC, True, 3), bytes(10)))
        before = point(made[-1], stream)
    return made


def point(event, stream=STREAM):
    return Point(stream, event.seq, event.digest)


def devices(count):
    return [device(f"event {number}") for number in range(count)]


def message(event, gate=GATE):
    return f"gate/v1/{gate}/event/{event.type}", event.payload


def put(store, messages):
    """Store (topic, payload) messages: the watermark of each stream in them, as the gates are told it."""
    answers = store.store([(*message[:2], 0, dict(*message[2:])) for message in messages])
    told = [(topic, json.loads(payload)) for topic, payload in answers]
    assert all(topic.startswith("gate/v1/") and topic.endswith("/ack") for topic, _ in told)
    return [(f"/gate/{topic.split('/')[2]}", body["stream"], body["seq"]) for topic, body in told]
