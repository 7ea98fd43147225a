"""The two digits for the kinds of plates in checkpoint and customs systems of China (GA/T 16.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.plates.plate_kinds import Country, PlateKind, country_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_PLATE: Final = "41"
"""A vehicle that has none."""
NOT_KNOWN: Final = ""

_CODES: Final[Mapping[str, str]] = {
    PlateKind.CIVIL: NOT_KNOWN,  # large or small: its colour would tell
    PlateKind.CIVIL_YELLOW: "01",
    PlateKind.CIVIL_BLUE: "02",
    PlateKind.EMBASSY: "03",
    PlateKind.CONSULATE: "04",
    **{kind: "05" for kind in PlateKind if country_of(kind) not in {Country.CHINA, Country.OTHER}},
    PlateKind.TRAILER: "15",
    PlateKind.LEARNER: "16",
    PlateKind.TRIAL: "18",
    PlateKind.TEMPORARY: "22",
    PlateKind.OVERSIZED: "22",
    PlateKind.POLICE: "23",
    PlateKind.HONG_KONG: "26",
    PlateKind.MACAO: "27",
    PlateKind.ARMED_POLICE: "31",
    PlateKind.NEW_ENERGY_LARGE: "51",
    PlateKind.NEW_ENERGY_SMALL: "52",
    PlateKind.LATIN: NOT_KNOWN,  # whose it is, letters and digits alone do not tell
}
"""By PlateKind. 05 is a foreign plate, 22 one on paper. 20, for vehicles admitted temporarily, is never reported: the
format of its plates is not public."""


def customs_code(kind: str) -> str:
    """The code of a PlateKind value; NOT_KNOWN where it has none, as for no kind at all."""
    return _CODES.get(kind, NOT_KNOWN)
