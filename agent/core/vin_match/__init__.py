"""Compares the VINs that were read on a vehicle with the one VIN that its permit declares.

It never searches other VINs. Only calculates. Gets readings of codes, scanners and printed labels, never pictures.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.vin_match.match import (
        BY_CODE,
        DEFAULT_VIN_RULES,
        VinMatch,
        VinMatchRules,
        VinSighting,
        match_vin,
        read_by_code,
    )
    from agent.core.vin_match.vin_distance import NEIGHBOURS_APART, differences
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "BY_CODE",
    "DEFAULT_VIN_RULES",
    "NEIGHBOURS_APART",
    "VinMatch",
    "VinMatchRules",
    "VinSighting",
    "differences",
    "match_vin",
    "read_by_code",
]
