"""Vehicles as a journal records them: their decisions and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, ValidationError

from agent.core.events import AccessDecided, digest_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class NotJudged(StrEnum):
    """Why a vehicle cannot be judged by other rules. Each has its words in `agent.replay.words`."""

    EARLIER_VERSION = "earlier_version"
    UNREADABLE = "unreadable"
    NO_SUCH_LANE = "no_such_lane"
    CODES = "codes"
    FORM = "form"
    DECLARED_PLATES = "declared_plates"
    OTHER_PLATES = "other_plates"
    VINS = "vins"
    PLATES_OF_CAMERA = "plates_of_camera"
    PLATES_LEFT_OUT = "plates_left_out"
    LISTS_AND_LEDGER = "lists_and_ledger"
    SECOND_READING = "second_reading"
    HOME_GATE = "home_gate"
    ERASED = "erased"


class NotJudgedError(Exception):
    """What other rules would have to know was not recorded."""

    def __init__(self, cause: NotJudged) -> None:
        super().__init__(cause.value)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class RecordedVehicle:
    """One transaction. `began`, RFC 3339: the time of its first event that is there.

    `decisions`: in their order; None for one that cannot be read, as that of a later version. `outcome`, `plate`,
    `vin`, `permit`: as its close tells them; empty where it is not there, or says nothing. `by_officer`: an officer let
    it pass. `pictures`: SHA-256 of its kept pictures, in hex.
    """

    transaction: str
    lane: str
    began: str
    decisions: tuple[AccessDecided | None, ...]
    outcome: str = ""
    plate: str = ""
    vin: str = ""
    permit: str = ""
    by_officer: bool = False
    pictures: tuple[str, ...] = ()


class _AnyVersion(AccessDecided):
    """A decision with fields that this version does not know, which it leaves aside."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def recorded_decision(data: Mapping[str, Any]) -> AccessDecided | None:
    """Read the data of an access.decided, of this version or another; None where that cannot be read."""
    try:
        return _AnyVersion.model_validate(data)
    except ValidationError:
        return None


def recorded_vehicle(events: Sequence[Mapping[str, Any]]) -> RecordedVehicle:
    """Put a vehicle together from the events of its transaction, in their order; at least one."""
    first = events[0]
    closed = next((_data(one) for one in events if one.get("type") == "transaction.closed"), {})
    granted = [_data(one) for one in events if one.get("type") == "access.granted"]
    return RecordedVehicle(
        transaction=str(first.get("transaction")),
        lane=str(first.get("lane")),
        began=str(first.get("time")),
        decisions=tuple(recorded_decision(_data(one)) for one in events if one.get("type") == "access.decided"),
        outcome=str(closed.get("outcome") or ""),
        plate=_kept(closed.get("plate")),
        vin=_kept(closed.get("vin")),
        permit=str(closed.get("permit") or ""),
        by_officer=any(one.get("by") == "operator" for one in granted),
        pictures=tuple(str(one) for one in closed.get("pictures") or ()),
    )


def _kept(value: object) -> str:
    """A text of an event; empty where it says none, and where it was erased."""
    return "" if value is None or digest_in(value) is not None else str(value)


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {}
