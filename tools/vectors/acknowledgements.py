"""Vectors of acknowledgements: taken, signed or not, and one of each refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from agent.core.crypto import JwsType, jws
from agent.core.events import AckFault, AckPolicy, Point, ReadAck, beginning, read_ack, sign_ack
from agent.mqtt.acknowledgements import Sending, judge_ack
from tools.vectors import chains
from tools.vectors import example_keys as keys
from tools.vectors.chains import CHAIN, GATE, STREAM

KID: Final = "central"
POLICY: Final = AckPolicy(GATE, {KID: keys.ACKNOWLEDGER.public})
SENDING: Final = Sending(STREAM, head=5, handed=4, watermark=2, sent_now=True, silent=False)
UNSIGNED: Final = b'{"stream": "%s", "seq": 3}' % STREAM.encode()


def _at(seq: int) -> Point:
    return beginning(STREAM) if seq == 0 else Point(STREAM, seq, CHAIN[seq - 1].digest)


def _signed(place: int, gate: str = GATE, **change: Any) -> bytes:
    return sign_ack(gate, replace(_at(place), **change), keys.ACKNOWLEDGER, KID)


def _said(outside: dict[str, Any], inside: dict[str, Any], kind: JwsType = JwsType.ACKNOWLEDGEMENT) -> bytes:
    signature = jws.sign(json.dumps(inside).encode(), keys.ACKNOWLEDGER, KID, kind)
    return json.dumps({**outside, "signature": signature}).encode()


def _cases() -> list[tuple[str, bytes, AckFault | None, dict[str, Any]]]:
    point = _at(3)
    outside = {"stream": STREAM, "seq": 3}
    inside = {"gate": GATE, "stream": STREAM, "seq": 3, "digest": point.digest}
    other_head = "0" * 64
    return [
        ("signed", _signed(3), None, {}),
        ("signed, of the same again", _signed(2), None, {}),
        ("signed, before the first", _signed(0), None, {"watermark": 0}),
        ("with a field of a later version", _said(outside, {**inside, "batch": 7}), None, {}),
        ("not signed, at a gate that has no key", UNSIGNED, None, {"keys": False}),
        ("not signed, at a gate that takes both", UNSIGNED, None, {"unsigned": True}),
        ("no JSON", b"3", AckFault.MALFORMED, {}),
        ("a number for the stream", b'{"stream": 3, "seq": 3}', AckFault.MALFORMED, {}),
        ("signed as a command is", _said(outside, inside, JwsType.COMMAND), AckFault.MALFORMED, {}),
        ("it says another seq than is signed", _said({**outside, "seq": 4}, inside), AckFault.MALFORMED, {}),
        ("a digest in capitals", _said(outside, {**inside, "digest": point.digest.upper()}), AckFault.MALFORMED, {}),
        ("not signed", UNSIGNED, AckFault.UNSIGNED, {}),
        ("a key that the gate does not know", sign_ack(GATE, point, keys.STRANGER, "other"), AckFault.KEY_UNKNOWN, {}),
        ("the signature of another key", sign_ack(GATE, point, keys.STRANGER, KID), AckFault.SIGNATURE_INVALID, {}),
        ("for another gate", _signed(3, "khorgos-04"), AckFault.FOREIGN_GATE, {}),
        ("of another stream", _signed(3, stream="c2a1f7de"), AckFault.FOREIGN_STREAM, {}),
        ("more than was recorded", _signed(3, seq=6), AckFault.BEYOND_HEAD, {}),
        ("another head", _signed(3, digest=other_head), AckFault.WRONG_HEAD, {}),
        ("more than was sent", _signed(5), AckFault.BEYOND_SENT, {}),
        ("less than before", _signed(1), AckFault.BEHIND, {}),
    ]


def verdict(payload: bytes, change: dict[str, Any]) -> dict[str, Any]:
    """What the gate says to the acknowledgement; it holds the events of CHAIN."""
    known = {} if change.get("keys") is False else POLICY.keys
    policy = AckPolicy(GATE, known, unsigned=bool(change.get("unsigned")))
    sending = replace(SENDING, watermark=change.get("watermark", SENDING.watermark))
    found = read_ack(payload, policy)
    if not isinstance(found, ReadAck):
        return {"refused": found.fault.value}
    own = _at(found.seq).digest if found.stream == STREAM and found.seq <= SENDING.head else None
    matches = None if own is None or found.digest is None else own == found.digest
    fault = judge_ack(found, sending, hash_matches=matches)
    return {"taken": found.seq} if fault is None else {"refused": fault.value}


def vectors() -> dict[str, Any]:
    """What `acknowledgements.json` holds. Raises ValueError where the gate says something else than is expected."""
    cases = []
    for name, payload, fault, change in _cases():
        said = verdict(payload, change)
        if said.get("refused") != (fault and fault.value):
            raise ValueError(f"acknowledgement, {name}: {said}")
        cases.append(
            {"name": name, "payload": payload.decode(), **({"gate": change} if change else {}), "expect": said}
        )
    return {
        "about": "Acknowledgements as central publishes them to the gate with the events of chain.json. `gate` of "
        "a case names what differs there: `keys` false: the gate has no key of central. `unsigned`: the gate accepts "
        "signed and unsigned acknowledgements.",
        "gate": {
            "gate": GATE,
            "stream": STREAM,
            "keys": {KID: keys.ACKNOWLEDGER.public.raw.hex()},
            "unsigned": False,
            "head": SENDING.head,
            "sent": SENDING.handed,
            "watermark": SENDING.watermark,
            "digests": [beginning(STREAM).digest, *(event.digest for event in chains.CHAIN)],
        },
        "cases": cases,
    }
