"""VINs as texts that were read on a vehicle: the match with the one VIN that the permit declares, never a search.

Pure figures. No picture comes here; readings of codes, scanners and print do. Their form is agent.core.permit.vin's.
"""

from agent.core.vins.match import (
    BY_CODE,
    DEFAULT_VIN_RULES,
    VinMatch,
    VinMatchRules,
    VinSighting,
    match_vin,
    read_by_code,
)
from agent.core.vins.texts import NEIGHBOURS_APART, vin_text

__all__ = [
    "BY_CODE",
    "DEFAULT_VIN_RULES",
    "NEIGHBOURS_APART",
    "VinMatch",
    "VinMatchRules",
    "VinSighting",
    "match_vin",
    "read_by_code",
    "vin_text",
]
