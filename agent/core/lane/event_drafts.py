"""What a lane writes: transaction ids, and events made from decisions and presentations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.core.events import (
    AccessDecided,
    CheckRecord,
    DataRecord,
    DriverMessageRecord,
    PermitPresented,
    PermitRecord,
    PlateRecord,
    VinRecord,
    WitnessRecord,
    digest_of_code,
)
from agent.core.lane.copies import changed
from agent.core.lane.own_plate import newest_first, own_readings
from agent.core.lane.seen_vins import vin_pictures
from agent.core.model import ListKind
from agent.core.plates import NO_PLATE, WitnessStanding, customs_code

if TYPE_CHECKING:
    from agent.core.decision import Decision
    from agent.core.lane.state import Transaction
    from agent.core.lists import DataStanding
    from agent.core.model import DriverMessage, Presentation, TraceContext
    from agent.core.permit import Permit
    from agent.core.plates import PlateMatch, WitnessedMatch
    from agent.core.vin_match import VinMatch

_LAST_SECOND = 253402300799.0  # of the year 9999
_SERIALS = 10_000
_READING_PICTURES = 3
_MESSAGES = 16


def transaction_id(utc: float, lane_number: int, serial: int) -> str:
    """Return 20 digits: yyyymmddHHMMSS in UTC, the lane's number, the serial. A clock off the calendar is clipped."""
    stamp = datetime.fromtimestamp(min(max(utc, 0.0), _LAST_SECOND), UTC)
    return f"{stamp:%Y%m%d%H%M%S}{lane_number:02d}{serial % _SERIALS:04d}"


def presentation_event(presentation: Presentation, picture: str | None) -> PermitPresented:
    """Return the event of a QR text: its length and digest, never the text."""
    return PermitPresented(
        length=len(presentation.payload),
        digest=digest_of_code(presentation.payload),
        engine=presentation.engine,
        camera=presentation.camera,
        picture=picture,
    )


def decision_event(decision: Decision, pictures: tuple[str, ...]) -> AccessDecided:
    """Return the event of a decision."""
    return AccessDecided(
        verdict=decision.verdict,
        reason=decision.reason,
        checks=tuple(CheckRecord(reason=c.reason, ok=c.ok, detail=c.detail) for c in decision.checks),
        permit=_permit(decision.permit, decision.trace),
        plate=_plate(decision.match),
        pictures=pictures,
        data=_data(decision.data),
        vin=_vin(decision.vin),
        witness=_witness(decision.witnessed),
        facts=decision.facts,
    )


def evidence_pictures(transaction: Transaction) -> tuple[str, ...]:
    """Return the evidence pictures of a transaction.

    Those that events named, those that were read once more for its decision, then the newest of its own plate. Those
    of other plates follow where these are fewer. Last come those of its VIN.
    """
    own = own_readings(transaction)
    newest = sorted(newest_first(transaction.readings), key=lambda reading: reading not in own)
    plates = dict.fromkeys(reading.picture for reading in newest if reading.picture is not None)
    read_again = () if transaction.decision is None else transaction.decision.pictures
    vins = vin_pictures(transaction.decision)
    return tuple(dict.fromkeys((*transaction.pictures, *read_again, *tuple(plates)[:_READING_PICTURES], *vins)))


def with_message(transaction: Transaction, message: DriverMessage, at: float) -> Transaction:
    """Return the transaction after a message to its driver. Of too many the last stands in for the one before it."""
    told = transaction.told
    if told and told[-1][0] is message:
        return transaction
    return changed(transaction, told=(*told[: _MESSAGES - 1], (message, at)))


def driver_message_records(transaction: Transaction) -> tuple[DriverMessageRecord, ...]:
    """Return what the driver of a transaction was told, for its outcome."""
    return tuple(
        DriverMessageRecord(message=message, after_s=round(at - transaction.began_at, 3))
        for message, at in transaction.told
    )


def permit_of(transaction: Transaction) -> str | None:
    """Return the id, in hex, of the permit that was verified in this transaction."""
    if transaction.decision is None or transaction.decision.permit is None:
        return None
    return transaction.decision.permit.permit_id.hex()


def _permit(permit: Permit | None, trace: TraceContext | None) -> PermitRecord | None:
    if permit is None:
        return None
    return PermitRecord(
        permit=permit.permit_id.hex(),
        issuer=permit.issuer,
        key=permit.key_id.hex(),
        declaration=permit.declaration_number,
        vin=permit.vin,
        plate=permit.plate,
        expires_at=permit.expires_at,
        form=permit.form.value,
        plate_code=NO_PLATE if permit.plate is None else customs_code(permit.plate_kind or ""),
        traceparent=None if trace is None else trace.parent,
    )


def _plate(match: PlateMatch | None) -> PlateRecord | None:
    if match is None:
        return None
    return PlateRecord(
        verdict=match.verdict,
        declared=match.declared,
        read=match.read,
        score=match.score,
        frames=match.frames,
        rival=match.rival,
        kind=match.kind,
        colour=match.colour,
        code=customs_code(match.kind),
        country=match.country,
        country_probability=round(match.country_share, 3),
    )


def _vin(found: VinMatch | None) -> VinRecord | None:
    if found is None:
        return None
    return VinRecord(
        verdict=found.verdict,
        read=found.read,
        source=found.source,
        score=found.score,
        frames=found.frames,
        others=found.others,
    )


def _witness(found: WitnessedMatch | None) -> WitnessRecord | None:
    if found is None or found.standing is WitnessStanding.SILENT:
        return None
    return WitnessRecord(standing=found.standing, said=found.said, witness=found.witness)


def _data(data: DataStanding | None) -> DataRecord | None:
    if data is None:
        return None
    return DataRecord(
        state=data.state,
        age_s=None if data.age_s is None else round(data.age_s),
        trust=data.trust,
        declarations=data.versions.get(ListKind.DECLARATIONS),
        revocations=data.versions.get(ListKind.REVOCATIONS),
        watch=data.versions.get(ListKind.WATCH),
    )
