"""Vectors of the chain: a few events with a checkpoint, and what spoils them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from agent.core.clock import ClockState
from agent.core.crypto import JwsType, jws, kid_of
from agent.core.events import (
    RANDOM_BYTES,
    AccessGranted,
    ClockReading,
    Draft,
    GateStarted,
    GateStopping,
    Point,
    SealedEvent,
    VehiclePresent,
    Writer,
    beginning,
    checkpoint_draft,
    checkpoint_of,
    seal,
    verify,
)
from agent.core.model import TraceContext, span_of_transaction
from tools.vectors import example_keys as keys
from tools.vectors.jws_texts import signed_text
from tools.vectors.trust_lists import AT

GATE: Final = "khorgos-03"
STREAM: Final = "3a5d2cb7-9262-4163-b0e1-8031b6af03c6"
WRITER: Final = Writer(GATE, STREAM, "9fb65a20-74c3-4975-a878-cd736f2f9b7b")
TRANSACTION: Final = "20261124081515010042"
CLOCK: Final = ClockReading(AT, synced=True, error_ms=5, state=ClockState.SYNCED)


def _chain() -> tuple[SealedEvent, ...]:
    drafts = (
        Draft(GateStarted(version="1.0.0", configuration=sha256(b"configuration").hexdigest()), None, None, AT),
        Draft(VehiclePresent(seen_by="inputs", direction="export"), "in-1", TRANSACTION, AT + 1),
        Draft(
            AccessGranted(grant=f"{TRANSACTION}-1", by="operator", operator="Ä. 谢", cause="救护车"),
            "in-1",
            TRANSACTION,
            AT + 2,
            trace=span_of_transaction(
                TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1), GATE, TRANSACTION
            ),
        ),
        None,
        Draft(GateStopping(cause="stopped"), None, None, AT + 4),
    )
    events: list[SealedEvent] = []
    before = beginning(STREAM)
    for number, draft in enumerate(drafts):
        random = sha256(f"event {number}".encode()).digest()[:RANDOM_BYTES]
        sealed = seal(draft or checkpoint_draft(before, GATE, keys.GATE, AT + 3), WRITER, before, CLOCK, random)
        events.append(sealed)
        before = Point(STREAM, sealed.seq, sealed.digest)
    return tuple(events)


CHAIN: Final = _chain()
TEXTS: Final = tuple(event.payload.decode() for event in CHAIN)
HEAD: Final = Point(STREAM, CHAIN[-1].seq, CHAIN[-1].digest)


def _rechained(texts: list[str]) -> list[str]:
    """What somebody does who rewrites a store: every `prev` fits again."""
    made: list[str] = []
    digest = beginning(STREAM).digest
    for text in texts:
        old = json.loads(text)["prev"]
        made.append(text.replace(f'"prev":"{old}"', f'"prev":"{digest}"'))
        digest = sha256(made[-1].encode()).hexdigest()
    return made


def _cases() -> dict[str, tuple[list[str], bool]]:
    """The events of each case, and whether they are a whole chain."""
    whole = list(TEXTS)
    altered = [*whole[:2], whole[2].replace("operator", "operatoR", 1), *whole[3:]]
    other_key = checkpoint_of(Point(STREAM, CHAIN[2].seq, CHAIN[2].digest), GATE, keys.STRANGER, AT + 3)
    forged = json.loads(whole[3])["data"]["signature"]
    return {
        "whole": (whole, True),
        "its last event is missing, which nobody can see without its head": (whole[:-1], True),
        "a byte of one event": (altered, False),
        "an event is missing": ([*whole[:1], *whole[2:]], False),
        "an event twice": ([*whole[:2], *whole[1:]], False),
        "two events changed places": ([whole[0], whole[2], whole[1], *whole[3:]], False),
        "rewritten and chained again": (_rechained(altered), False),
        "a checkpoint of another key": (
            [*whole[:3], *_rechained([*whole[:3], whole[3].replace(forged, other_key)])[3:]],
            False,
        ),
    }


def _checkpoints() -> list[tuple[str, str, bool]]:
    point = Point(STREAM, HEAD.seq, HEAD.digest)
    right = checkpoint_of(point, GATE, keys.GATE, AT + 5)
    head, body, signature = right.split(".")
    kid, said = kid_of(keys.GATE.public), jws.verified(right, keys.GATE.public, JwsType.CHECKPOINT)
    untyped = signed_text({"alg": "EdDSA", "kid": kid}, said, keys.GATE)
    as_export = jws.sign(said, keys.GATE, kid, JwsType.EXPORT)
    return [
        ("it holds", right, True),
        ("without a type, as agents of version 0.1 signed", untyped, True),
        ("of another key", checkpoint_of(point, GATE, keys.STRANGER, AT + 5), False),
        ("of another kind", as_export, False),
        ("another signature", f"{head}.{body}.{'A' * len(signature)}", False),
    ]


def chain_verdict(texts: list[str]) -> dict[str, Any]:
    """What the proof says of these events, with the gate's key."""
    found = verify((text.encode() for text in texts), keys={kid_of(keys.GATE.public): keys.GATE.public})
    if found.flaw is not None:
        return {"whole": False, "flaw": {"index": found.flaw.index, "fault": found.flaw.fault.value}}
    if found.last is None:
        raise ValueError("a chain of no events")
    last = {"seq": found.last.seq, "digest": found.last.digest}
    return {"whole": True, "last": last, "signed": None if found.signed is None else found.signed.seq}


def checkpoint_verdict(text: str) -> dict[str, Any]:
    """What a reader says to a checkpoint, that knows the gate's key."""
    try:
        return {"holds": json.loads(jws.verified(text, keys.GATE.public, JwsType.CHECKPOINT))}
    except jws.JwsError as error:
        return {"refused": error.fault.value}


def vectors() -> dict[str, Any]:
    """What `chain.json` holds. Raises ValueError where the proof says something else than is expected."""
    cases = []
    for name, (texts, whole) in _cases().items():
        said = chain_verdict(texts)
        if said["whole"] is not whole:
            raise ValueError(f"chain, {name}: {said}")
        cases.append({"name": name, "events": texts, "expect": said})
    checkpoints = []
    for name, text, holds in _checkpoints():
        said = checkpoint_verdict(text)
        if ("holds" in said) is not holds:
            raise ValueError(f"checkpoint, {name}: {said}")
        checkpoints.append({"name": name, "text": text, "expect": said})
    return {
        "about": "Events of one stream as they are stored. The hash is over the UTF-8 bytes of each text. `flaw`: the "
        "position in `events`, from 0, where the flaw shows. `signed`: the last event that a checkpoint of the gate's "
        "key proves.",
        "gate": GATE,
        "stream": STREAM,
        "gate_key": {"kid": kid_of(keys.GATE.public), "public": keys.GATE.public.raw.hex()},
        "digests": [event.digest for event in CHAIN],
        "cases": cases,
        "checkpoints": checkpoints,
    }
