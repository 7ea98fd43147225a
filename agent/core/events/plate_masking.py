"""Masks plates and VINs that were read in events, for sites where complete ones must not leave the gate.

The VIN of a permit is not masked, because central finds the declaration by it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel

from agent.core.events.event_types import (
    AccessDecided,
    PermitRecord,
    PlateRecord,
    Search,
    TransactionClosed,
    VehicleVin,
    VinRecord,
    WitnessRecord,
)
from agent.core.events.judged_facts import VoteRecord
from agent.core.plates import STRICT
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.core.events.event_types import Draft

SHOWN = 2
PLATES: Final[Mapping[type[BaseModel], frozenset[str]]] = {
    PermitRecord: frozenset({"plate"}),
    PlateRecord: frozenset({"declared", "read"}),
    TransactionClosed: frozenset({"plate", "vin_read"}),
    Search: frozenset({"plate"}),
    VehicleVin: frozenset({"vin"}),
    VinRecord: frozenset({"read"}),
    VoteRecord: frozenset({"read"}),
    WitnessRecord: frozenset({"said"}),
}
"""The fields that are a plate, or a VIN as read, and nothing else."""
FREE_TEXTS: Final = frozenset({"detail", "cause", "text"})
"""The fields, of whatever event, in which people or errors may name a plate."""

_BETWEEN: Final = r"[ ·.\-]?"
_NO_MORE_BEFORE: Final = "(?<![0-9A-Za-z])"
_NO_MORE_AFTER: Final = "(?![0-9A-Za-z])"


def _pattern(places: Sequence[str]) -> str:
    """A plate within a text: `places[i]` holds the characters at place i.

    Chinese is written without spaces around it.
    """
    body = _BETWEEN.join(f"[{re.escape(place)}]" for place in places)
    before, after = (_NO_MORE_BEFORE, _NO_MORE_AFTER)
    return f"{before if places[0].isascii() else ''}{body}{after if places[-1].isascii() else ''}"


@cache
def _any_plate() -> re.Pattern[str]:
    """A plate of a strict format, as people write it; of the generic Latin one any word might be one.

    Made when it is first asked for: few sites mask, and it takes a twentieth of the time in which a command starts.
    """
    return re.compile("|".join(dict.fromkeys(_pattern(plate.places) for plate in STRICT)), re.IGNORECASE)


_Model = TypeVar("_Model", bound=BaseModel)


def masked_plate(plate: str) -> str:
    """The plate with all but its first and last two characters replaced by `*`; short ones wholly."""
    if len(plate) <= 2 * SHOWN:
        return "*" * len(plate)
    return plate[:SHOWN] + "*" * (len(plate) - 2 * SHOWN) + plate[-SHOWN:]


def masked_text(text: str, plates: Iterable[str] = ()) -> str:
    """A text with `plates`, and whatever has a strict format of a plate, masked in it."""
    for plate in sorted(set(plates), key=len, reverse=True):
        text = re.sub(_pattern(plate), _hidden, text, flags=re.IGNORECASE)
    return _any_plate().sub(_hidden, text)


def names_plate(text: str) -> bool:
    """Whether a text holds what has a strict format of a plate."""
    return _any_plate().search(text) is not None


def masked(draft: Draft) -> Draft:
    """The draft with every plate in it masked, and every VIN that was read."""
    return replace(draft, event=_masked(draft.event, _plates_of(draft)))


def _hidden(found: re.Match[str]) -> str:
    return masked_plate(found[0])


def _plates_of(draft: Draft) -> frozenset[str]:
    """The plates that an event is about: of the generic format too, they are known by these."""
    match draft.event:
        case AccessDecided(permit=permit, plate=plate, witness=witness, facts=facts):
            vote = None if facts is None else facts.vote
            named = (
                None if permit is None else permit.plate,
                *(() if plate is None else (plate.declared, plate.read)),
                None if witness is None else witness.said,
                None if vote is None else vote.read,
            )
        case TransactionClosed(plate=plate):
            named = (plate,)
        case _:
            named = ()
    return frozenset(one for one in named if one)


def _masked(model: _Model, plates: frozenset[str]) -> _Model:
    """The model, and all models in it, with their plates masked; the same one where there is none."""
    of_plates = PLATES.get(type(model), frozenset())
    changed: dict[str, object] = {}
    for name, value in model:
        masked_value = _masked_value(name, value, plates, is_plate=name in of_plates)
        if masked_value != value:
            changed[name] = masked_value
    return model.model_copy(update=changed) if changed else model


def _masked_words(words: str, plates: frozenset[str]) -> str:
    """A text with its values masked; as plain words where a plate stands across them."""
    hidden = masked_text(words, plates)
    if not isinstance(words, Text) or hidden == words:
        return words if hidden == words else hidden
    told = words.with_values(lambda value: masked_text(value, plates) if isinstance(value, str) else value)
    return told if told == hidden else hidden


def _masked_value(name: str, value: object, plates: frozenset[str], *, is_plate: bool) -> object:
    match value:
        case str() if is_plate:
            return masked_plate(value)
        case str() if name in FREE_TEXTS:
            return _masked_words(value, plates)
        case BaseModel():
            return _masked(value, plates)
        case tuple():
            return tuple(_masked_value(name, one, plates, is_plate=is_plate) for one in value)
        case _:
            return value
