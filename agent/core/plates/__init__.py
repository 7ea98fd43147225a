"""Plates as texts: their formats, the vote over frames, and the match with the declared plate.

Pure figures. No picture comes here; the vision worker's readings do.
"""

from agent.core.plates.bystanders import Bystanders
from agent.core.plates.caption import TextLook, is_caption
from agent.core.plates.colours import PlateColour, possible, refined
from agent.core.plates.customs_codes import NO_PLATE, customs_code
from agent.core.plates.formats import (
    FORMATS,
    MARKS,
    PROVINCES,
    STRICT,
    TWO_LINES,
    Grammar,
    PlateFormat,
    PlateKind,
    is_plate_text,
    kinds_of,
    normalise,
)
from agent.core.plates.frame_evidence import TEMPERATURE, FrameEvidence
from agent.core.plates.main_plate import PLAUSIBLE, aside_of, in_zone, prominence
from agent.core.plates.match import DEFAULT_RULES, MatchRules, MatchVerdict, PlateMatch
from agent.core.plates.picture_edge import NEAR_EDGE, PlateSide, confidence_when_cut, is_cut
from agent.core.plates.recogniser_columns import ALPHABET, MOST_BYTES, decode, encode
from agent.core.plates.rivals import series
from agent.core.plates.vote import ACCEPTED, PlateVote
from agent.core.plates.witness import (
    DEFAULT_WITNESS_RULES,
    WitnessedMatch,
    WitnessRules,
    WitnessStanding,
    with_witness,
)

__all__ = [
    "ACCEPTED",
    "ALPHABET",
    "DEFAULT_RULES",
    "DEFAULT_WITNESS_RULES",
    "FORMATS",
    "MARKS",
    "MOST_BYTES",
    "NEAR_EDGE",
    "NO_PLATE",
    "PLAUSIBLE",
    "PROVINCES",
    "STRICT",
    "TEMPERATURE",
    "TWO_LINES",
    "Bystanders",
    "FrameEvidence",
    "Grammar",
    "MatchRules",
    "MatchVerdict",
    "PlateColour",
    "PlateFormat",
    "PlateKind",
    "PlateMatch",
    "PlateSide",
    "PlateVote",
    "TextLook",
    "WitnessRules",
    "WitnessStanding",
    "WitnessedMatch",
    "aside_of",
    "confidence_when_cut",
    "customs_code",
    "decode",
    "encode",
    "in_zone",
    "is_caption",
    "is_cut",
    "is_plate_text",
    "kinds_of",
    "normalise",
    "possible",
    "prominence",
    "refined",
    "series",
    "with_witness",
]
