"""Plates as text: their formats, the vote over several frames, and the match with the declared plate.

Only calculates. Gets readings from the vision worker, never pictures.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.plates.bystanders import Bystanders
    from agent.core.plates.caption import TextLook, is_caption
    from agent.core.plates.certainty import ACCEPTED, Doubt, bounded, doubt_of
    from agent.core.plates.colours import PlateColour, possible, refined
    from agent.core.plates.customs_codes import NO_PLATE, customs_code
    from agent.core.plates.foreign_formats import CYRILLIC, LOOK_LATIN, MONGOLIAN_PROVINCES
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
    from agent.core.plates.lookalike_characters import TWIN_SHARE, TWINS
    from agent.core.plates.lookalike_plates import series
    from agent.core.plates.main_plate import PLAUSIBLE, in_zone, off_centre_of, prominence
    from agent.core.plates.match import DEFAULT_RULES, MatchRules, MatchVerdict, PlateMatch
    from agent.core.plates.picture_edge import NEAR_EDGE, PlateSide, is_cut
    from agent.core.plates.plate_country import Sight, as_seen, shares, weighed
    from agent.core.plates.plate_format import RegionField
    from agent.core.plates.plate_kinds import Country, country_of
    from agent.core.plates.recogniser_columns import ALPHABET, MOST_BYTES, decode, encode
    from agent.core.plates.vote import PlateVote
    from agent.core.plates.witness_plate_match import (
        DEFAULT_WITNESS_RULES,
        WitnessedMatch,
        WitnessRules,
        WitnessStanding,
        with_witness,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ACCEPTED",
    "ALPHABET",
    "CYRILLIC",
    "DEFAULT_RULES",
    "DEFAULT_WITNESS_RULES",
    "FORMATS",
    "LOOK_LATIN",
    "MARKS",
    "MONGOLIAN_PROVINCES",
    "MOST_BYTES",
    "NEAR_EDGE",
    "NO_PLATE",
    "PLAUSIBLE",
    "PROVINCES",
    "STRICT",
    "TEMPERATURE",
    "TWINS",
    "TWIN_SHARE",
    "TWO_LINES",
    "Bystanders",
    "Country",
    "Doubt",
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
    "RegionField",
    "Sight",
    "TextLook",
    "WitnessRules",
    "WitnessStanding",
    "WitnessedMatch",
    "as_seen",
    "bounded",
    "country_of",
    "customs_code",
    "decode",
    "doubt_of",
    "encode",
    "in_zone",
    "is_caption",
    "is_cut",
    "is_plate_text",
    "kinds_of",
    "normalise",
    "off_centre_of",
    "possible",
    "prominence",
    "refined",
    "series",
    "shares",
    "weighed",
    "with_witness",
]
