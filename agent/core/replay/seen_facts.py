"""What cameras and scanners saw of a vehicle, as its decision recorded it: plate, VIN, readings of witnesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.plates import MatchVerdict, PlateMatch, PlateVote, WitnessedMatch, WitnessStanding, doubt_of
from agent.core.plates.match import match
from agent.core.replay.recorded import NotJudged, NotJudgedError
from agent.core.vin_match import VinMatch

if TYPE_CHECKING:
    from agent.core.decision import JudgementRules
    from agent.core.events import AccessDecided, FactsRecord, PlateRecord, VinRecord, VoteRecord
    from agent.core.permit import Permit


@dataclass(frozen=True, slots=True)
class Counting:
    """Whether what was read of the plate and of the VIN counts by the rules."""

    plate: bool = True
    vin: bool = True


def counting_of(facts: FactsRecord, permit: Permit | None, rules: JudgementRules) -> Counting:
    """What counts where two cameras must see permit and vehicle; else everything does. Raises NotJudgedError.

    What a camera read alone that read the permit too counts only where it needs no second one.
    """
    if facts.by_plate or permit is None:
        return Counting()
    if not rules.require_two_cameras:
        if facts.of_same_camera or facts.vins_of_same_camera:
            raise NotJudgedError(NotJudged.PLATES_LEFT_OUT)
        return Counting()
    return Counting(
        plate=_by_another(facts.plate_by, facts.permit_by), vin=_by_another(facts.label_by, facts.permit_by)
    )


def _by_another(seen_by: tuple[str, ...], permit_by: tuple[str, ...]) -> bool:
    """Whether all that was read counts, or nothing of it. Raises NotJudgedError where it is a part."""
    if len(permit_by) != 1 or permit_by[0] not in seen_by:
        return True
    if len(seen_by) > 1:
        raise NotJudgedError(NotJudged.PLATES_OF_CAMERA)
    return False


def vote_of(said: VoteRecord | None) -> PlateVote | None:
    """The plate that was read, but for its characters' probabilities, which no check asks for; None: none was."""
    if said is None:
        return None
    return PlateVote(
        text=said.read,
        positions=(),
        confidence=said.confidence,
        frames=said.frames,
        agreeing=said.agreeing,
        kind=said.kind,
        contested=said.contested,
        colour=said.colour,
        doubt=doubt_of(said.read),
    )


def match_of(said: PlateRecord | None) -> PlateMatch | None:
    """The match of the plate with the declared one, as it was; None: none was made."""
    if said is None:
        return None
    return PlateMatch(
        verdict=MatchVerdict(said.verdict),
        declared=said.declared,
        read=said.read,
        score=said.score,
        frames=said.frames,
        rival=said.rival,
        kind=said.kind,
        colour=said.colour,
        country=said.country,
        country_share=said.country_probability,
    )


def witnessed_of(record: AccessDecided, facts: FactsRecord, counting: Counting) -> WitnessedMatch | None:
    """What the witnesses made of the match, which is recorded as it was after them. Raises NotJudgedError."""
    said, after = record.witness, match_of(record.plate)
    if said is None or record.permit is None:
        return None
    if not counting.plate:
        raise NotJudgedError(NotJudged.PLATES_OF_CAMERA)
    found = after or match(None, record.permit.plate or "")
    return WitnessedMatch(found, found, WitnessStanding(said.standing), said.said, said.witness, facts.disputed)


def vin_of(said: VinRecord | None) -> VinMatch | None:
    """The match of the VIN with the declared one, as it was; None: none was read."""
    if said is None:
        return None
    return VinMatch(MatchVerdict(said.verdict), said.read, said.source, said.score, said.frames)
