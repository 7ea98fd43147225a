"""The plate formats of China: GA 36-2018 as published in summaries.

If no official serial grammar is public, as for temporary plates, the format is wide.
"""

from __future__ import annotations

from string import ascii_uppercase, digits
from typing import Final

from agent.core.plates.plate_format import PlateFormat
from agent.core.plates.plate_kinds import PlateKind

PROVINCES: Final = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"
_LETTERS: Final = ascii_uppercase.replace("I", "").replace("O", "")
_CITY: Final = _LETTERS + "O"  # O marks offices in some provinces
_SERIAL: Final = digits + _LETTERS
_ENERGY: Final = "DABCEFGHJK"  # D, A, B, C, E battery; F, G, H, J, K others

MARKS: Final = {"临": PlateKind.TEMPORARY, "试": PlateKind.TRIAL, "超": PlateKind.OVERSIZED}
"""Characters that stand for a kind and are no part of the number."""


def _marked() -> list[PlateFormat]:
    """Temporary, trial and oversized plates; their serials are published nowhere, so any of four to six will do."""
    return [
        PlateFormat(kind, (PROVINCES, _CITY, *[_SERIAL] * length), 0.2, mark)
        for mark, kind in MARKS.items()
        for length in (4, 5, 6)
    ]


def _suffixed(kind: PlateKind, suffix: str) -> PlateFormat:
    return PlateFormat(kind, (PROVINCES, _CITY, *[_SERIAL] * 4, suffix))


CHINESE: Final[tuple[PlateFormat, ...]] = (
    PlateFormat(PlateKind.CIVIL, (PROVINCES, _CITY, *[_SERIAL] * 5)),
    PlateFormat(PlateKind.NEW_ENERGY_SMALL, (PROVINCES, _LETTERS, _ENERGY, _SERIAL, *[digits] * 4)),
    PlateFormat(PlateKind.NEW_ENERGY_LARGE, (PROVINCES, _LETTERS, *[digits] * 5, _ENERGY)),
    _suffixed(PlateKind.POLICE, "警"),
    _suffixed(PlateKind.TRAILER, "挂"),
    _suffixed(PlateKind.LEARNER, "学"),
    PlateFormat(PlateKind.HONG_KONG, ("粤", "Z", *[_SERIAL] * 4, "港")),
    PlateFormat(PlateKind.MACAO, ("粤", "Z", *[_SERIAL] * 4, "澳")),
    PlateFormat(PlateKind.EMBASSY, ("使", *[digits] * 6)),
    PlateFormat(PlateKind.EMBASSY, (*[digits] * 6, "使"), 0.2),
    PlateFormat(PlateKind.CONSULATE, (PROVINCES, _SERIAL, *[digits] * 4, "领")),
    *[PlateFormat(PlateKind.ARMED_POLICE, ("W", "J", PROVINCES, *[digits] * (n - 1), _SERIAL), 0.2) for n in (5, 6, 7)],
    *_marked(),
)
