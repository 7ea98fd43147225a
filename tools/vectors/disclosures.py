"""Vectors of personal values beside events: salt, place, value and digest, what was erased, and what proves nothing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import (
    RANDOM_BYTES,
    SALT_BYTES,
    AccessGranted,
    DisclosureInvalidError,
    Draft,
    GateStarted,
    LedgerConflict,
    Point,
    SealedEvent,
    TransactionClosed,
    Writer,
    beginning,
    digest_of_value,
    hidden_data,
    hidden_places,
    normal_form,
    opened_event,
    opened_values,
    seal,
)
from agent.core.model import Outcome, Reason
from tools.vectors.chains import CLOCK, GATE, TRANSACTION, WRITER
from tools.vectors.trust_lists import AT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.core.events import Event, HiddenData

STREAM: Final = "0f0c2a94-5a7b-4c1e-9d35-0b4f0a6e7c11"
ERASED_AT: Final = "2026-12-24T08:15:16.812Z"


class _Salts:
    """Salts that are known, for these vectors alone."""

    def __init__(self) -> None:
        self._given = 0

    def __call__(self) -> bytes:
        self._given += 1
        return sha256(f"salt {self._given}".encode()).digest()[:SALT_BYTES]


def _chain() -> tuple[SealedEvent, ...]:
    salts = _Salts()

    def hide(event: Event) -> HiddenData:
        return hidden_data(event, salts)

    writer = Writer(GATE, STREAM, WRITER.boot, hide)
    granted = AccessGranted(grant=f"{TRANSACTION}-1", by="operator", operator="Ä. 谢", cause="救护车 新B·7C386")
    closed = TransactionClosed(
        outcome=Outcome.PASSED,
        reason=Reason.OK,
        assumed=False,
        duration_s=4.2,
        plate="新B7C386",
        vin="1M8GDM9AXKP042788",
        declaration="940120260000184236",
    )
    conflict = LedgerConflict(permit="5e0c41b7a92d8f36", use=1, gates=("a", "b"), transactions=("1", "2"))
    drafts = (
        Draft(GateStarted(version="1.0.0", configuration=sha256(b"configuration").hexdigest()), None, None, AT),
        Draft(granted, "in-1", TRANSACTION, AT + 1),
        Draft(conflict, None, None, AT + 2),
        Draft(closed, "in-1", TRANSACTION, AT + 3),
    )
    made: list[SealedEvent] = []
    before = beginning(STREAM)
    for number, draft in enumerate(drafts):
        made.append(seal(draft, writer, before, CLOCK, sha256(f"event {number}".encode()).digest()[:RANDOM_BYTES]))
        before = Point(STREAM, made[-1].seq, made[-1].digest)
    return tuple(made)


CHAIN: Final = _chain()
GRANTED: Final = CHAIN[1]
CLOSED: Final = CHAIN[-1]


def _texts(event: SealedEvent) -> list[str]:
    return [one.text for one in event.disclosures]


def _tombs(event: SealedEvent, *places: int) -> list[dict[str, str]]:
    return [{"digest": event.disclosures[place].digest, "at": ERASED_AT, "rule": "request"} for place in places]


def _moved(event: SealedEvent) -> str:
    """The event with two of its digests in each other's place, as somebody would put them who has the store."""
    first, second = (f"sd:{one.digest}" for one in event.disclosures[:2])
    text = event.payload.decode()
    return text.replace(first, "?").replace(second, first).replace("?", second)


def _cases() -> Iterator[tuple[str, str, list[str], list[dict[str, str]], bool]]:
    """Name, event, disclosures, what was erased, and whether the event may be stored."""
    closed, granted = CLOSED.payload.decode(), GRANTED.payload.decode()
    own = _texts(CLOSED)
    altered = json.loads(urlsafe_b64decode(own[0] + "=="[: -len(own[0]) % 4]))
    altered[2] = "新B7C387"
    forged = urlsafe_b64encode(json.dumps(altered, ensure_ascii=False, separators=(",", ":")).encode())
    yield "all values", closed, own, [], True
    yield "in another order", closed, own[::-1], [], True
    yield "one of them erased", closed, own[1:], _tombs(CLOSED, 0), True
    yield "all of them erased", closed, [], _tombs(CLOSED, *range(len(own))), True
    yield "words that name a plate", granted, _texts(GRANTED), [], True
    yield "an event that hides nothing", CHAIN[0].payload.decode(), [], [], True
    yield "one is missing", closed, own[1:], [], False
    yield "of another event", closed, [*own, _texts(GRANTED)[0]], [], False
    yield "another value", closed, [forged.rstrip(b"=").decode(), *own[1:]], [], False
    yield "in the place of another", _moved(CLOSED), own, [], False
    yield "no JSON", closed, ["AAAA", *own[1:]], [], False
    yield "no text for a value", closed, [urlsafe_b64encode(b'["s","/plate",7]').rstrip(b"=").decode()], [], False


def disclosures_verdict(event: str, disclosures: list[str], erased: list[dict[str, str]]) -> dict[str, Any]:
    """What a reader says to an event with what came beside it."""
    said = json.loads(event)
    try:
        values = opened_values(said, disclosures)
    except DisclosureInvalidError as error:
        return {"refused": error.fault.value}
    if hidden_places(said).keys() - values.keys() - {one["digest"] for one in erased}:
        return {"refused": "missing"}
    return {"data": opened_event(said, values)["data"]}


def vectors() -> dict[str, Any]:
    """What `disclosures.json` holds. Raises ValueError where a reader says something else than is expected."""
    cases = []
    for name, event, texts, erased, storable in _cases():
        expect = disclosures_verdict(event, texts, erased)
        if ("data" in expect) is not storable:
            raise ValueError(f"disclosures, {name}: {expect}")
        cases.append({"name": name, "event": event, "disclosures": texts, "erased": erased, "expect": expect})
    told = [one for event in CHAIN for one in event.disclosures]
    said = [(one, json.loads(urlsafe_b64decode(one.text + "=" * (-len(one.text) % 4)))) for one in told]
    return {
        "about": "Events with digests instead of personal values, and their disclosures: base64url of the JSON array "
        "[salt, pointer, value]. A digest is base64url of the SHA-256 of a disclosure in ASCII. `expect`: the data "
        "with the values in place, or why you must not store the event. Real salts are random.",
        "gate": GATE,
        "stream": STREAM,
        "events": [event.payload.decode() for event in CHAIN],
        "beside": {
            str(event.seq): {"disclosures": _texts(event), "erased": []} for event in CHAIN if event.disclosures
        },
        "disclosures": [
            {
                "salt": salt,
                "pointer": pointer,
                "value": value,
                "subject": one.subject.value,
                "disclosure": one.text,
                "digest": one.digest,
            }
            for one, (salt, pointer, value) in said
        ],
        "values": [
            {"value": value, "normal": normal_form(value), "digest": digest_of_value(value)}
            for value in ("新B·7C386", "新b 7c386", "1M8GDM9AXKP042788", "Ä. 谢")
        ],
        "cases": cases,
    }
