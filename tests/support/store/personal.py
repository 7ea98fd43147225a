"""Vehicles with plates and VINs of their own in a journal, and the search for their values in raw bytes."""

import base64
import json

from agent.core.contract.examples import event_example
from agent.core.events.event_types import AccessDecided, AccessGranted, Draft, TransactionClosed
from agent.store.journal import Journal
from tests.support.store.journals import GATE, UTC, FakeClock

DECIDED = AccessDecided.model_validate(json.loads(event_example("access.decided"))["data"])
CLOSED = TransactionClosed.model_validate(json.loads(event_example("transaction.closed"))["data"])


def open_erasable(folder, *, clock=None, max_bytes=64 << 20):
    return Journal.open(
        folder / "journal.db",
        gate=GATE,
        boot="boot-1",
        clock=clock or FakeClock(),
        max_bytes=max_bytes,
        erasable=True,
    )


def plate(number):
    return f"ZQ{number:05d}W"


def vin(number):
    return f"LZGCL2R{number:06d}KP42"


def declaration(number):
    return f"{number:012d}202611"


def officer(number):
    return f"Officer-{number:05d}-Bakyt"


def values(number):
    """All that the events of a vehicle tell of people and vehicles."""
    return plate(number), vin(number), officer(number)


def vehicle(number, utc=UTC):
    """Three events of one transaction, with plate, VIN and the name of an officer."""
    name, own = plate(number), vin(number)
    permit = DECIDED.permit.model_copy(update={"plate": name, "vin": own, "declaration": declaration(number)})
    decided = DECIDED.model_copy(
        update={
            "permit": permit,
            "plate": DECIDED.plate.model_copy(update={"declared": name, "read": name}),
            "vin": None,
            "witness": None,
            "facts": None,
            "checks": tuple(one.model_copy(update={"detail": f"read {name}"}) for one in DECIDED.checks[:2]),
        }
    )
    grant = AccessGranted(grant=f"t{number}-1", by="operator", operator=officer(number), cause=f"waved {name} through")
    closed = CLOSED.model_copy(update={"plate": name, "vin": own, "vin_read": own, "declaration": declaration(number)})
    return [Draft(event, "1", f"t{number}", utc) for event in (decided, grant, closed)]


def found_in(raw, words):
    """The words that stand in raw bytes, as they are or in base64 at any of its three offsets."""
    return [word for word in words if any(form in raw for form in _forms(word.encode()))]


def _forms(word):
    yield word
    for shift in range(3):
        encoded = base64.urlsafe_b64encode(bytes(shift) + word)
        # The signs at both ends also depend on what stands beside the word.
        yield encoded[-(-8 * shift // 6) : (shift + len(word)) * 8 // 6]


def bytes_of(folder):
    """What all files below a folder hold."""
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
