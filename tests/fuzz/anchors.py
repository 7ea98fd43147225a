"""What is handed to the helper of the trust anchors: requests, and the signature of a second person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent.core.anchors import (
    AnchorRefusedError,
    ChangeRequest,
    RequestInvalidError,
    Sender,
    judge_change,
    parsed_request,
    request_bytes,
    sign_document,
)
from tests.fuzz.mutations import spoilt
from tests.fuzz.target import Target
from tests.support.anchors.people import UTC, document, held, key, signed

if TYPE_CHECKING:
    import random

_HELD = held()
_PAYLOAD = document(_HELD)
_FIRST, _SECOND = signed(_PAYLOAD, "person:aigul", "person:bolat")
_ISSUED = frozenset({_SECOND, *signed(_PAYLOAD, "central:central")})
_REQUEST = request_bytes(ChangeRequest(signatures=(_FIRST, _SECOND))).strip()


def _signature(rng: random.Random) -> bytes:
    """A second signature that is spoilt, or of a spoilt document by a stranger, or by the first person again."""
    if rng.random() < 0.3:
        payload = spoilt(rng, _PAYLOAD)
        name = rng.choice(("mallory", "aigul"))
        return sign_document(payload, key(name), rng.choice(("person:bolat", "central:central"))).encode()
    return spoilt(rng, rng.choice(tuple(sorted(_ISSUED))).encode())


def _is_taken(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    try:
        judge_change(_HELD, (_FIRST, text), Sender.SERVICE, UTC)
    except AnchorRefusedError:
        return False
    return text not in _ISSUED


def _is_misread(data: bytes) -> bool:
    """A request that is understood is one that says just that."""
    try:
        request = parsed_request(data)
    except RequestInvalidError:
        return False
    return json.loads(data).get("op") != request.op


ANCHORS: dict[str, Target] = {
    "signatures under trust anchors": Target(_signature, _is_taken, 0.01),
    "requests to the anchors' helper": Target(lambda rng: spoilt(rng, _REQUEST), _is_misread, 0.005),
}
