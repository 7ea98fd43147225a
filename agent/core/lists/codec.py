"""Rows of the lists as bytes: a deterministic CBOR map with integer keys each. A row has exactly one encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from agent.core.crypto import cbor
from agent.core.lists.errors import ListError, ListFault
from agent.core.model import (
    Declaration,
    DeclarationStatus,
    ListKind,
    Revocation,
    Subject,
    Watched,
    trace_of_octets,
)
from agent.core.permit import (
    DECLARATION_DIGITS,
    DIRECTIONS,
    LANES,
    PERMIT_ID_BYTES,
    PLATE_KINDS,
    TIMES,
    ClaimsError,
    Fields,
    check_declaration,
    check_vehicle,
    vin,
)
from agent.core.plates import normalise
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = "Declaration | Revocation | Watched"

MAX_ROW_BYTES = 1024
REFERENCE_BYTES = 16
NOTE_CHARACTERS = 200

STATUSES: Mapping[int, DeclarationStatus] = dict(enumerate(DeclarationStatus, start=1))
"""The numbers that stand for the statuses in a row."""
SUBJECTS: Mapping[int, Subject] = dict(enumerate(Subject, start=1))
"""The numbers that stand for the subjects in a row."""

(
    _PERMIT_ID,
    _STATUS,
    _ISSUER,
    _NOT_BEFORE,
    _EXPIRES_AT,
    _DECLARATION,
    _VIN,
    _PLATE,
    _PLATE_KIND,
    _ENERGY,
    _SITE,
    _LANE_MASK,
    _DIRECTION,
    _MAX_USES,
    _REFERENCE,
    _EXPORTER,
    _MODEL,
    _COLOUR,
    _TRACE,
) = range(1, 20)
_REVOKED_ID, _REVOKED_EXPIRES_AT, _CAUSE = range(1, 4)
_SUBJECT, _VALUE, _NOTE, _WATCH_EXPIRES_AT = range(1, 5)

_LIMITS = cbor.CborLimits(depth=1, items=40)
_IDS = range(PERMIT_ID_BYTES, PERMIT_ID_BYTES + 1)
_REFERENCES = range(REFERENCE_BYTES, REFERENCE_BYTES + 1)
_SHORT = range(1, 65)
_NOTES = range(1, NOTE_CHARACTERS + 1)
_NUMBERS = range(10**DECLARATION_DIGITS)
_VINS = range(vin.LENGTH, vin.LENGTH + 1)
_PLATES = range(4, 13)
_KINDS = range(1, len(PLATE_KINDS) + 1)
_STATUS_CODES = {status: code for code, status in STATUSES.items()}
_SUBJECT_CODES = {subject: code for code, subject in SUBJECTS.items()}
_KIND_CODES: Mapping[str, int] = {kind.value: code for code, kind in PLATE_KINDS.items()}
_DIRECTION_CODES: Mapping[str, int] = {direction: code for code, direction in DIRECTIONS.items()}


def row_key(row: Row) -> bytes:
    """Return what a row is known by in its list: the permit id, or of the watch list the UTF-8 of `subject:value`."""
    if isinstance(row, Watched):
        return f"{row.subject}:{row.value}".encode()
    return row.permit_id


def kind_of(row: Row) -> ListKind:
    """Return the list that a row is of."""
    match row:
        case Declaration():
            return ListKind.DECLARATIONS
        case Revocation():
            return ListKind.REVOCATIONS
        case Watched():
            return ListKind.WATCH
        case _:
            assert_never(row)


def encode_row(row: Row) -> bytes:
    """Return the bytes of a row.

    Raises:
        ListError: CONTENT_INVALID; the row says something that `decode_row` would refuse.
    """
    try:
        data = cbor.encode({key: value for key, value in _fields(row).items() if value is not None})
    except (ClaimsError, cbor.CborError) as error:
        raise ListError(ListFault.CONTENT_INVALID, str(error)) from None
    decode_row(kind_of(row), data)  # the publisher is held to what the gates will ask
    return data


def decode_row(kind: ListKind, data: bytes) -> Row:
    """Return the row of its bytes; every field is checked for form and range, as those of a permit are.

    Raises:
        ListError: TOO_LARGE, or CONTENT_INVALID for anything else.
    """
    if len(data) > MAX_ROW_BYTES:
        raise ListError(
            ListFault.TOO_LARGE,
            Text("a row of {count} bytes; the limit is {max_row_bytes}", count=len(data), max_row_bytes=MAX_ROW_BYTES),
        )
    try:
        fields = Fields(cbor.decode(data, _LIMITS), "field")
        match kind:
            case ListKind.DECLARATIONS:
                return _declaration(fields)
            case ListKind.REVOCATIONS:
                return _revocation(fields)
            case ListKind.WATCH:
                return _watched(fields)
            case _:
                assert_never(kind)
    except (ClaimsError, cbor.CborError) as error:
        raise ListError(
            ListFault.CONTENT_INVALID, Text("a row that is not well-formed: {error}", error=error)
        ) from None


def _declaration(fields: Fields) -> Declaration:
    row = Declaration(
        permit_id=fields.octets(_PERMIT_ID, _IDS),
        status=STATUSES[fields.integer(_STATUS, range(1, len(STATUSES) + 1))],
        issuer=fields.text(_ISSUER, _SHORT),
        not_before=fields.integer(_NOT_BEFORE, TIMES),
        expires_at=fields.integer(_EXPIRES_AT, TIMES),
        declaration=fields.integer(_DECLARATION, _NUMBERS),
        vin=fields.text(_VIN, _VINS),
        plate=fields.text(_PLATE, _PLATES) if _PLATE in fields else None,
        plate_kind=PLATE_KINDS[fields.integer(_PLATE_KIND, _KINDS)] if _PLATE_KIND in fields else None,
        energy=fields.integer(_ENERGY, range(1, 6)) if _ENERGY in fields else None,
        site=fields.integer(_SITE, range(1, 1 << 32)),
        lane_mask=fields.integer(_LANE_MASK, range(1, 1 << LANES)) if _LANE_MASK in fields else 0,
        direction=DIRECTIONS[fields.integer(_DIRECTION, range(1, 3))],
        max_uses=fields.integer(_MAX_USES, range(2, 1001)) if _MAX_USES in fields else 1,
        reference=fields.octets(_REFERENCE, _REFERENCES) if _REFERENCE in fields else None,
        exporter=fields.text(_EXPORTER, _SHORT) if _EXPORTER in fields else "",
        model=fields.text(_MODEL, _SHORT) if _MODEL in fields else "",
        colour=fields.text(_COLOUR, _SHORT) if _COLOUR in fields else "",
        # It decides nothing: one that is not right is left out, and the row holds.
        trace=trace_of_octets(fields.take_field(_TRACE)) if _TRACE in fields else None,
    )
    fields.finish()
    if not row.not_before < row.expires_at:
        raise ClaimsError(Text("it ends before it begins"))
    check_declaration(row.declaration, row.direction)
    check_vehicle(row.vin, row.plate, row.plate_kind)
    return row


def _revocation(fields: Fields) -> Revocation:
    row = Revocation(
        permit_id=fields.octets(_REVOKED_ID, _IDS),
        expires_at=fields.integer(_REVOKED_EXPIRES_AT, TIMES),
        cause=fields.text(_CAUSE, _NOTES) if _CAUSE in fields else "",
    )
    fields.finish()
    return row


def _watched(fields: Fields) -> Watched:
    row = Watched(
        subject=SUBJECTS[fields.integer(_SUBJECT, range(1, len(SUBJECTS) + 1))],
        value=fields.text(_VALUE, range(1, 33)),
        note=fields.text(_NOTE, _NOTES) if _NOTE in fields else "",
        expires_at=fields.integer(_WATCH_EXPIRES_AT, TIMES) if _WATCH_EXPIRES_AT in fields else None,
    )
    fields.finish()
    if not _is_value(row.subject, row.value):
        raise ClaimsError(Text("a value that no {subject} has", subject=row.subject))
    return row


def _is_value(subject: Subject, value: str) -> bool:
    """Whether a value has the one form that its subject is looked up by."""
    match subject:
        case Subject.PERMIT:
            return len(value) == 2 * PERMIT_ID_BYTES and set(value) <= set("0123456789abcdef")
        case Subject.VIN:
            return vin.is_well_formed(value)
        case Subject.PLATE:
            return len(value) in _PLATES and value == normalise(value)
        case Subject.DECLARATION:
            return len(value) == DECLARATION_DIGITS and value.isascii() and value.isdecimal()
        case _:
            assert_never(subject)


def _fields(row: Row) -> dict[int | str, cbor.Value]:
    """The fields of a row; None stands for one that is left out because it says nothing."""
    match row:
        case Declaration():
            return _declared_fields(row)
        case Revocation():
            return {_REVOKED_ID: row.permit_id, _REVOKED_EXPIRES_AT: row.expires_at, _CAUSE: row.cause or None}
        case Watched():
            return {
                _SUBJECT: _SUBJECT_CODES[row.subject],
                _VALUE: row.value,
                _NOTE: row.note or None,
                _WATCH_EXPIRES_AT: row.expires_at,
            }
        case _:
            assert_never(row)


def _declared_fields(row: Declaration) -> dict[int | str, cbor.Value]:
    return {
        _PERMIT_ID: row.permit_id,
        _STATUS: _STATUS_CODES[row.status],
        _ISSUER: row.issuer,
        _NOT_BEFORE: row.not_before,
        _EXPIRES_AT: row.expires_at,
        _DECLARATION: row.declaration,
        _VIN: row.vin,
        _PLATE: row.plate,
        _PLATE_KIND: None if row.plate_kind is None else _code(_KIND_CODES, row.plate_kind),
        _ENERGY: row.energy,
        _SITE: row.site,
        _LANE_MASK: row.lane_mask or None,
        _DIRECTION: _code(_DIRECTION_CODES, row.direction),
        _MAX_USES: None if row.max_uses == 1 else row.max_uses,
        _REFERENCE: row.reference,
        _EXPORTER: row.exporter or None,
        _MODEL: row.model or None,
        _COLOUR: row.colour or None,
        _TRACE: None if row.trace is None else row.trace.octets,
    }


def _code(codes: Mapping[str, int], name: str) -> int:
    if name not in codes:
        raise ClaimsError(Text("a direction or a plate kind that no declaration has"))
    return codes[name]
