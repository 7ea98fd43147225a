"""The signed record of the gate's head, which witnesses store: one form for the head file and for `status`.

It is a compact JWS by the gate's own key. Its type is its own, so no other text of that key can pass for it.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.crypto import JwsError, JwsType, jws
from agent.core.model import SEQ_MAX
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto import PublicKey, SigningKey

LONGEST: Final = 7_000
"""Characters of the longest record that is read or made."""

_Count = Annotated[int, Field(ge=0, le=SEQ_MAX)]
_Text = Annotated[str, Field(min_length=1, max_length=128)]


class HeadFault(StrEnum):
    """Why a text is no record of this gate's head."""

    NOT_A_RECORD = "not_a_record"
    SIGNATURE_INVALID = "signature_invalid"


class HeadRecordError(ValueError):
    """A text is no record of the gate's head; `fault` says why in one word, the message in a sentence."""

    def __init__(self, fault: HeadFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class HeadRecord(BaseModel):
    """Where a gate stood.

    `gate`: its id. `stream`, `seq`, `digest`: the last event, and its hash in hex. `rows`: the newest place in the row
    log of its permit ledger. `lists`: the highest version of each list that was ever in force. `orders`: by lane, who
    locked it and who took it out of service, "" for nobody; lanes without an order are left out. None: too many to
    name. `former`: the streams before, with their last known events. `utc_ms`: when, Unix milliseconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    gate: _Text
    stream: _Text
    seq: _Count
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    rows: _Count
    utc_ms: Annotated[int, Field(ge=0, le=2**53)]
    lists: dict[_Text, _Count] = {}
    orders: dict[_Text, tuple[str, str]] | None = None
    former: dict[_Text, _Count] = {}


def signed_head(record: HeadRecord, key: SigningKey) -> str:
    """The record as a compact JWS. One that is too long goes without its orders."""
    text = _signed(record, key)
    return text if len(text) <= LONGEST else _signed(record.model_copy(update={"orders": None}), key)


def _signed(record: HeadRecord, key: SigningKey) -> str:
    return jws.write(record.model_dump_json().encode(), key, jws.kid_of(key.public), JwsType.HEAD)


def opened_head(text: str, key: PublicKey) -> HeadRecord:
    """The record that this key has signed. Raises HeadRecordError."""
    opened, record = _read(text)
    if not opened.holds(key):
        raise HeadRecordError(HeadFault.SIGNATURE_INVALID, Text("it is not signed by this gate's key"))
    return record


def unproven_head(text: str) -> HeadRecord:
    """The record in a text, whoever signed it. Good to raise a doubt, never to lay one. Raises HeadRecordError."""
    return _read(text)[1]


def _read(text: str) -> tuple[jws.Jws, HeadRecord]:
    if len(text) > LONGEST:
        raise HeadRecordError(HeadFault.NOT_A_RECORD, Text("it is too long for a record of a head"))
    try:
        opened = jws.read(text, JwsType.HEAD)
        return opened, HeadRecord.model_validate(json.loads(opened.payload))
    except (JwsError, ValidationError, ValueError, RecursionError):
        raise HeadRecordError(HeadFault.NOT_A_RECORD, Text("it is not a record of a head")) from None
