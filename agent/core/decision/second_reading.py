"""The second reading: compares what the vision workers reported with what the kept pictures show.

A vision worker reads untrusted pixels, so an attacker may take it over. It can then report any permit and any plate. So
a grant that relies on cameras needs a second, fresh process. This process must read the same from the pictures that the
gate keeps as evidence. This module chooses the pictures and compares the results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.decision.second_factor import relied_on, tie_of
from agent.core.decision.second_reading_result import SecondReading, SecondVerdict
from agent.core.plates import ACCEPTED, MatchVerdict, with_witness
from agent.core.plates.match import least_score, match
from agent.core.plates.vote import vote
from agent.core.vin_match import match_vin, read_by_code
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from agent.core.decision.decision import Decision
    from agent.core.decision.judgement_rules import JudgementRules
    from agent.core.decision.permit_choice import Assessment
    from agent.core.model import Position, Presentation, Reading, VinReading, VinSource, WitnessReading

MOST_PLATES: Final = 3
"""How many plates are read once more: the pictures that show the voted one best."""
_SPARE_NATS: Final = 2.0
"""By how much one picture must be more than enough to be read alone: a picture reads a little otherwise each time."""
MOST_VINS: Final = 3
"""How many pictures of the VIN are read once more: the newest of a code, those that show print best."""
_ONE_SLIP: Final = 1


@dataclass(frozen=True, slots=True)
class ToBeConfirmed:
    """What a PASS rests on that cameras saw, and the pictures of it.

    `code`: the bytes of the permit's code, None where none is to be read; `code_picture`: SHA-256 of the picture that
    shows it, `code_camera`: whose it is. `plate`: the declared plate, None where none is to be read; `readings`: what
    was told of it, each with its picture. `vin`: the declared VIN, None where none is to be read; `vins`: what was told
    of it, each with its picture. `witnessed`: what the witnesses had said of the plate.
    """

    code: bytes | None = None
    code_picture: str | None = None
    code_camera: str = ""
    plate: str | None = None
    readings: tuple[Reading, ...] = ()
    vin: str | None = None
    vins: tuple[VinReading, ...] = ()
    witnessed: tuple[WitnessReading, ...] = ()

    @property
    def pictures(self) -> tuple[str, ...]:
        """The pictures by their names, that of the code first."""
        plates = (reading.picture for reading in self.readings)
        vins = (reading.picture for reading in self.vins)
        return tuple(dict.fromkeys(name for name in (self.code_picture, *plates, *vins) if name is not None))

    @property
    def missing(self) -> str:
        """What no picture can be shown of, in words; empty where all have one."""
        if self.code is not None and self.code_picture is None:
            return Text("no picture shows the code well enough to read it again")
        if self.plate is not None and not self.readings:
            return Text("no picture of the plate is kept")
        if self.vin is not None and not self.vins:
            return Text("no picture of the VIN is kept")
        return ""


@dataclass(frozen=True, slots=True)
class PlateShown:
    """What the picture of a plate reads as; the fields are those of agent.core.model.observations.Reading."""

    text: str
    positions: tuple[Position, ...]
    confidence: float
    columns: bytes = b""
    two_lines: bool = False


@dataclass(frozen=True, slots=True)
class VinShown:
    """One VIN that a picture shows; the fields are those of agent.core.model.observations.VinReading."""

    text: str
    source: VinSource
    positions: tuple[Position, ...] = ()
    confidence: float = 1.0
    columns: bytes = b""


@dataclass(frozen=True, slots=True)
class PicturesShown:
    """What the pictures of a ToBeConfirmed show: all codes in that of the code; each plate, None where none is read.

    `vins`: of each picture of the VIN all VINs in it; None where the second reading covers no VINs.
    """

    codes: tuple[bytes, ...] = ()
    plates: tuple[PlateShown | None, ...] = ()
    vins: tuple[tuple[VinShown, ...], ...] | None = None


def to_be_confirmed(
    assessment: Assessment,
    rules: JudgementRules,
    held: Container[str],
    scanners: Container[str],
    decision: Decision | None = None,
    *,
    all_plates: bool = False,
) -> ToBeConfirmed | None:
    """What is to be read once more before an assessed permit may pass; None: nothing of it was seen by a camera.

    `held`: the pictures that are still there. `scanners`: by name, the readers that are no cameras; what one of them
    read of the permit itself, or of the VIN, needs no picture. `decision`: the PASS, which says what plate and VIN it
    rests on. `all_plates`: as many pictures of the plate as there are, three at most, also where the best of them is
    more than enough.
    """
    permit = assessment.permit
    shown = [one for one in assessment.evidence.presentations if one.payload == assessment.payload]
    asks_code = not assessment.by_plate and not any(one.camera in scanners for one in shown)
    matched, found = (None, None) if decision is None else (decision.match, decision.vin)
    rests = None if permit is None else relied_on(tie_of(permit, rules), matched, found)
    asks_plate = permit is not None and permit.plate is not None and rests is not None and rests.plate
    seen = () if found is None else found.readings
    asks_vin = rests is not None and rests.vin and not any(one.camera in scanners for one in seen)
    if not asks_code and not asks_plate and not asks_vin:
        return None
    pictured = [one for one in reversed(shown) if _is_held(one, held)]
    readings = _readings(assessment, held) if asks_plate else ()
    vins = tuple(one for one in seen if _is_held(one, held)) if asks_vin else ()
    newest = next(iter(pictured), None)
    if rules.require_two_cameras and asks_code and (asks_plate or asks_vin):
        newest, readings, vins = _apart(pictured, readings, vins)
    if permit is not None and permit.plate is not None and not all_plates:
        readings = _enough(readings, permit.plate, rules)
    return ToBeConfirmed(
        code=assessment.payload if asks_code else None,
        code_picture=newest.picture if newest is not None and asks_code else None,
        code_camera=newest.camera if newest is not None and asks_code else "",
        plate=permit.plate if permit is not None and asks_plate else None,
        readings=readings[:MOST_PLATES],
        vin=permit.vin if permit is not None and asks_vin else None,
        vins=vins[:MOST_VINS],
        witnessed=assessment.evidence.witnessed if asks_plate else (),
    )


def compared(asked: ToBeConfirmed, shown: PicturesShown, rules: JudgementRules) -> SecondReading:
    """Hold what the pictures show against what was told of them. `rules`: by which plate and VIN were matched."""
    if asked.missing:
        return SecondReading(SecondVerdict.UNCLEAR, asked.missing)
    if asked.code is not None and asked.code not in shown.codes:
        return _different(asked.code_camera, _other_code(len(shown.codes)))
    against = _against_plate(asked, shown, rules) or _against_vin(asked, shown, rules)
    return against or SecondReading(SecondVerdict.CONFIRMED, Text("{count} pictures", count=len(asked.pictures)))


def _against_plate(asked: ToBeConfirmed, shown: PicturesShown, rules: JudgementRules) -> SecondReading | None:
    """What stands against the plate; None: nothing, or none was asked for."""
    if asked.plate is None:
        return None
    for told, plate in zip(asked.readings, shown.plates, strict=True):
        if against := _contradiction(told, plate):
            return _different(told.camera, against)
    again = tuple(
        replace(
            told,
            text=plate.text,
            positions=plate.positions,
            confidence=plate.confidence,
            columns=plate.columns,
            two_lines=plate.two_lines,
        )
        for told, plate in zip(asked.readings, shown.plates, strict=True)
        if plate is not None
    )
    voted = vote(again)
    own = match(voted, asked.plate, rules.match)
    found = with_witness(own, voted, asked.witnessed, rules.witness, rules.match).match
    if found.verdict is not MatchVerdict.MATCH:
        return _unclear(found.score, found.frames)
    return None


def _against_vin(asked: ToBeConfirmed, shown: PicturesShown, rules: JudgementRules) -> SecondReading | None:
    """What stands against the VIN; None: nothing, or none was asked for."""
    if asked.vin is None:
        return None
    if shown.vins is None:
        return SecondReading(SecondVerdict.FAILED, Text("the second reading covers no VINs"))
    for told, there in zip(asked.vins, shown.vins, strict=True):
        if against := _contradicted_vin(told, there):
            return _different(told.camera, against)
    again = tuple(
        replace(
            told,
            text=one.text,
            source=one.source,
            positions=one.positions,
            confidence=one.confidence,
            columns=one.columns,
        )
        for told, there in zip(asked.vins, shown.vins, strict=True)
        for one in there
    )
    found = match_vin(again, asked.vin, rules.vin_match)
    if found is None:
        return SecondReading(SecondVerdict.UNCLEAR, Text("the pictures of the VIN show no VIN"))
    if found.verdict is not MatchVerdict.MATCH:
        return _unclear(found.score, found.frames)
    return None


def _contradicted_vin(told: VinReading, there: tuple[VinShown, ...]) -> str:
    """Why a picture cannot be what a VIN was read in; empty where it can. A code is there, letter by letter, or not."""
    if read_by_code(told.source):
        by_code = any(one.text == told.text and read_by_code(one.source) for one in there)
        return "" if by_code else Text("the picture of the VIN does not show its code")
    if told.confidence < ACCEPTED:
        return ""
    if any(_slips(told.text, one.text) <= _ONE_SLIP or one.confidence < ACCEPTED for one in there):
        return ""
    return Text("the picture of the VIN shows another VIN") if there else Text("the picture of the VIN shows no VIN")


def _unclear(score: float, frames: int) -> SecondReading:
    detail = Text("score {score} from {frames} frames", score=f"{score:.2f}", frames=frames)
    return SecondReading(SecondVerdict.UNCLEAR, detail)


def _is_held(seen: Presentation | VinReading, held: Container[str]) -> bool:
    """Whether a picture that is still there shows it so that it can be read once more."""
    return seen.legible and seen.picture is not None and seen.picture in held


def _readings(assessment: Assessment, held: Container[str]) -> tuple[Reading, ...]:
    voted = assessment.voted
    readings = () if voted is None else voted.readings
    return tuple(one for one in readings if one.legible and one.picture is not None and one.picture in held)


def _enough(readings: tuple[Reading, ...], declared: str, rules: JudgementRules) -> tuple[Reading, ...]:
    """The best reading alone where it is more than enough: each further picture costs the vehicle its time."""
    alone = vote(readings[:1])
    if alone is None:
        return readings
    found = match(alone, declared, rules.match)
    more = found.score - least_score(alone, rules.match)
    return readings[:1] if found.verdict is MatchVerdict.MATCH and more >= _SPARE_NATS else readings


def _apart(
    pictured: Sequence[Presentation], readings: tuple[Reading, ...], vins: tuple[VinReading, ...]
) -> tuple[Presentation | None, tuple[Reading, ...], tuple[VinReading, ...]]:
    """The newest picture of the code with plates and VINs that another camera read; without such none of them."""
    for one in pictured:
        plates = tuple(reading for reading in readings if reading.camera != one.camera)
        labels = tuple(reading for reading in vins if reading.camera != one.camera)
        if bool(plates) == bool(readings) and bool(labels) == bool(vins) and (plates or labels):
            return one, plates, labels
    return next(iter(pictured), None), (), ()


def _different(camera: str, what: str) -> SecondReading:
    return SecondReading(SecondVerdict.DIFFERENT, Text("{camera}: {what}", camera=camera, what=what), camera)


def _other_code(count: int) -> Text:
    return (
        Text("the picture of the code shows {count} other codes", count=count)
        if count
        else Text("the picture of the code shows no code")
    )


def _contradiction(told: Reading, shown: PlateShown | None) -> str:
    """Why a picture cannot be what a plate was read in; empty where it can.

    A reader that is not sure reads the same picture in two ways; one that is sure does not.
    """
    if shown is None:
        sure = told.confidence >= ACCEPTED
        return Text("the picture of a plate that was read clearly shows no plate") if sure else ""
    if shown.confidence < ACCEPTED or _slips(told.text, shown.text) <= _ONE_SLIP:
        return ""
    return Text("the picture of a plate shows another plate")


def _slips(told: str, shown: str) -> int:
    """Characters that differ; of texts of different length, more than one."""
    if len(told) != len(shown):
        return _ONE_SLIP + 1
    return sum(x != y for x, y in zip(told, shown, strict=True))
