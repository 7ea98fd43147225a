"""In which languages a driver is spoken to: those of the plate's country first, then those of the lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.plates import PlateKind, country_of
from agent.i18n.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AT_ONCE: Final = 3
"""So many languages a page shows at one time, at most."""

_CHINA: Final = (Language.ZH,)
_KAZAKHSTAN: Final = (Language.KK, Language.RU)
_RUSSIAN: Final = (Language.RU,)
_ABROAD: Final = (Language.EN,)

OF_COUNTRIES: Final[Mapping[str, tuple[Language, ...]]] = {
    "CN": _CHINA,
    "HK": _CHINA,
    "MO": _CHINA,
    "KZ": _KAZAKHSTAN,
    **dict.fromkeys(("AM", "AZ", "BY", "GE", "KG", "MN", "RU", "TJ", "TM", "UZ"), _RUSSIAN),
}
"""By the country of a plate, in two letters of ISO 3166-1: what its drivers most likely read of our languages."""

_NOT_OF_THEIR_COUNTRY: Final[Mapping[PlateKind, tuple[Language, ...]]] = {
    PlateKind.EMBASSY: _ABROAD,
    PlateKind.CONSULATE: _ABROAD,
    **dict.fromkeys(
        (
            PlateKind.KAZAKHSTAN_FOREIGN,
            PlateKind.UZBEKISTAN_FOREIGN,
            PlateKind.KYRGYZSTAN_FOREIGN,
            PlateKind.TURKMENISTAN_FOREIGN,
        ),
        (Language.RU, *_ABROAD),
    ),
    PlateKind.KAZAKHSTAN_DIPLOMATIC: _ABROAD,
    PlateKind.UZBEKISTAN_DIPLOMATIC: _ABROAD,
    PlateKind.LATIN: (),
}
"""Kinds whose drivers come from elsewhere, or, of a plate that only has Latin letters, from nobody knows where."""


def languages_for(origin: PlateKind | str | None, lane_order: Iterable[Language]) -> tuple[Language, ...]:
    """The languages for a vehicle, the first for the largest letters; at most `AT_ONCE`, each once.

    `origin`: the kind of its plate, or its country's two letters; None: not known. `lane_order`: those of the lane.
    """
    return tuple(dict.fromkeys((*_of_origin(origin), *lane_order)))[:AT_ONCE]


def _of_origin(origin: PlateKind | str | None) -> tuple[Language, ...]:
    if not isinstance(origin, PlateKind):
        return OF_COUNTRIES.get((origin or "").upper(), ())
    elsewhere = _NOT_OF_THEIR_COUNTRY.get(origin)
    if elsewhere is not None:
        return elsewhere
    return OF_COUNTRIES[country_of(origin)]
