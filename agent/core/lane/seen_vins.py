"""The VINs read in a transaction: how many the lane keeps, which it reports, and which is the vehicle's own.

Nothing here judges a VIN. The decision compares each with the VIN of the permit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import VehicleVin
from agent.core.model import Reason, Verdict, VinSource
from agent.core.plates import MatchVerdict
from agent.core.vin_match import read_by_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.decision import Decision
    from agent.core.lane.state import Transaction
    from agent.core.model import VinReading

_MOST_ALIKE: Final = 4
"""How many readings of one text are kept: enough to tell what is read again and again from what was misread once."""
_MOST_TEXTS: Final = 8
"""How many different texts of codes are kept: a wall of labels must not push out the one that a person scanned."""
_MOST_PRINTED: Final = 16
_MOST_TOLD: Final = 8
_MOST_PICTURES: Final = 2
_AWAITED: Final = frozenset({Reason.VIN_UNREADABLE, Reason.VIN_UNSURE, Reason.VIN_MISMATCH})


def with_vin(vins: tuple[VinReading, ...], reading: VinReading) -> tuple[VinReading, ...]:
    """Return the readings with one more; the same ones where it says nothing that they do not."""
    if reading in vins:
        return vins
    if not read_by_code(reading.source):
        printed = [one for one in vins if not read_by_code(one.source)]
        oldest = printed[:1] if len(printed) >= _MOST_PRINTED else ()
        return (*_without(vins, oldest), reading)
    alike = [one for one in vins if one.text == reading.text and one.source is reading.source]
    if len(alike) < _MOST_ALIKE:
        return _without_oldest_text((*vins, reading))
    pictured = reading.legible and reading.picture is not None
    if not pictured or any(one.picture == reading.picture for one in alike):
        return vins
    return (*_without(vins, alike[:1]), reading)


def awaits_vin(decision: Decision | None) -> bool:
    """Whether all that a vehicle lacks, as far as it was looked at, is its VIN."""
    return decision is not None and decision.verdict is Verdict.RETRY and decision.reason in _AWAITED


def own_vin(transaction: Transaction) -> str | None:
    """Return the VIN that was read and is the one of the permit."""
    found = None if transaction.decision is None else transaction.decision.vin
    return found.read if found is not None and found.verdict is MatchVerdict.MATCH else None


def vin_of(transaction: Transaction) -> str | None:
    """Return the VIN that was read for sure, the permit's or another one."""
    found = None if transaction.decision is None else transaction.decision.vin
    return found.read if found is not None and found.verdict is not MatchVerdict.UNSURE else None


def untold_vins(transaction: Transaction, decision: Decision) -> tuple[VehicleVin, ...]:
    """Return the events of the VINs that were compared with the permit's and that no event has named yet."""
    if decision.vin is None:
        return ()
    found = tuple(
        VehicleVin(
            vin=one.text,
            source=one.source,
            camera=one.camera,
            match=one.compared,
            frames=one.frames,
            score=None if read_by_code(one.source) else one.score,
            check_digit=not one.check_digit_differs,
            picture=one.picture,
        )
        for one in decision.vin.sightings
        if one.compared != "unsure" and told_as(one.text, one.source) not in transaction.told_vins
    )
    return found[: max(0, _MOST_TOLD - len(transaction.told_vins))]


def told_as(text: str, source: VinSource) -> tuple[str, str]:
    """What an event of a VIN is remembered by: one text is told once of each kind of source."""
    return text, source.value


def vin_pictures(decision: Decision | None) -> tuple[str, ...]:
    """Return the pictures of the VINs that a decision knows of, that of the permit's first."""
    sightings = () if decision is None or decision.vin is None else decision.vin.sightings
    return tuple(dict.fromkeys(one.picture for one in sightings if one.picture is not None))[:_MOST_PICTURES]


def _without(vins: tuple[VinReading, ...], gone: Sequence[VinReading]) -> tuple[VinReading, ...]:
    return tuple(one for one in vins if one not in gone)


def _without_oldest_text(vins: tuple[VinReading, ...]) -> tuple[VinReading, ...]:
    """Leave out the text of a code that was read longest ago where there are too many; what was scanned at last."""
    newest: dict[str, tuple[bool, float]] = {}
    for one in vins:
        if read_by_code(one.source):
            scanned = one.source is VinSource.SCANNER
            before = newest.get(one.text, (scanned, one.at))
            newest[one.text] = (scanned or before[0], max(one.at, before[1]))
    if len(newest) <= _MOST_TEXTS:
        return vins
    oldest = min(newest, key=newest.__getitem__)
    return tuple(one for one in vins if not read_by_code(one.source) or one.text != oldest)
