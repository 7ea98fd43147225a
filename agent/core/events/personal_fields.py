"""Which fields of events identify a person or a vehicle, and how to hide them.

`docs/privacy.md` lists the same fields. Some free texts are hidden too: those that contain the value of such a field, a
plate of a strict format, or a VIN.
"""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import event_types as types
from agent.core.events.judged_facts import VoteRecord
from agent.core.events.personal_values import ENCODER, FREE_TEXTS, PREFIX, HiddenData, Subject, disclosure, normal_form
from agent.core.events.plate_masking import names_plate
from agent.core.fleet import FleetDifference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import BaseModel

    from agent.core.events.personal_values import Disclosure

_BY_OFFICER: Final = MappingProxyType({"operator": Subject.PERSON, "cause": Subject.WORDS})
_AT_CONSOLE: Final = MappingProxyType({"person": Subject.PERSON, "address": Subject.PERSON})

PERSONAL: Final[Mapping[type[BaseModel], Mapping[str, Subject]]] = MappingProxyType(
    {
        types.PermitRecord: {"declaration": Subject.VEHICLE, "vin": Subject.VEHICLE, "plate": Subject.VEHICLE},
        types.PlateRecord: {"declared": Subject.VEHICLE, "read": Subject.VEHICLE},
        types.VinRecord: {"read": Subject.VEHICLE},
        types.WitnessRecord: {"said": Subject.VEHICLE},
        VoteRecord: {"read": Subject.VEHICLE},
        types.VehicleVin: {"vin": Subject.VEHICLE},
        types.TransactionClosed: {
            "plate": Subject.VEHICLE,
            "declaration": Subject.VEHICLE,
            "vin": Subject.VEHICLE,
            "vin_read": Subject.VEHICLE,
            **_BY_OFFICER,
        },
        types.LedgerConflict: {"vin": Subject.VEHICLE},
        types.Search: {"plate": Subject.VEHICLE, "permit": Subject.VEHICLE},
        types.PermitPresented: {"digest": Subject.VEHICLE},
        types.AccessGranted: _BY_OFFICER,
        types.BarrierHeld: _BY_OFFICER,
        types.BarrierTested: _BY_OFFICER,
        types.LaneOrdered: _BY_OFFICER,
        types.DriverTold: _BY_OFFICER,
        types.DriverText: {"text": Subject.WORDS},
        types.CommandAccepted: _BY_OFFICER,
        types.ConfigurationApplied: {"person": Subject.PERSON},
        types.AnchorsChanged: {"by": Subject.PERSON, "cause": Subject.WORDS},
        FleetDifference: {"person": Subject.PERSON},
        types.ConsoleActed: {**_AT_CONSOLE, "detail": Subject.WORDS},
        types.EvidenceViewed: _AT_CONSOLE,
        types.StateChanged: {"persons": Subject.PERSON},
        types.PersonalDataErased: _BY_OFFICER,
    }
)
"""The fields that are a plate, a VIN, a declaration, a name, an address, or the words of a person."""

_NAMING: Final = 4
"""A text may hold a shorter value by chance: that does not show that it means the same."""
_VIN: Final = re.compile(r"(?<![0-9A-Za-z])[A-HJ-NPR-Z0-9]{17}(?![0-9A-Za-z])")
_ONLY_DIGITS: Final = re.compile(r"[0-9]+")


def hidden_data(event: BaseModel, salt: Callable[[], bytes]) -> HiddenData:
    """The data of an event with every personal value hidden. `salt` gives `SALT_BYTES` fresh random bytes each time."""
    written = event.model_dump_json()
    tree = json.loads(written)
    hiding = _Hiding(salt, frozenset(map(normal_form, _named(event))))
    hiding.model(event, tree, "")
    if not hiding.disclosures:
        return HiddenData(written, ())
    return HiddenData(ENCODER.encode(tree), tuple(hiding.disclosures))


class _Hiding:
    """Goes through an event and its JSON side by side, and puts digests in place of personal values."""

    def __init__(self, salt: Callable[[], bytes], known: frozenset[str]) -> None:
        self.disclosures: list[Disclosure] = []
        self._salt = salt
        self._known = known

    def model(self, model: BaseModel, tree: dict[str, Any], pointer: str) -> None:
        """Hide what is personal in a model. `tree`: its JSON, which is changed."""
        personal = PERSONAL.get(type(model), {})
        for name, said in list(tree.items()):
            place = f"{pointer}/{name}"
            value = getattr(model, name, None)
            if name == "message" and isinstance(said, dict):
                self._message(said, place, personal.get("detail"))
            else:
                tree[name] = self._value(value, said, place, personal.get(name), free=name in FREE_TEXTS)

    def _value(self, value: object, said: Any, place: str, subject: Subject | None, *, free: bool) -> Any:
        match said:
            case str():
                return self._text(said, place, subject, free=free)
            case list():
                ones = value if isinstance(value, tuple | list) else (None,) * len(said)
                return [
                    self._value(one, each, f"{place}/{number}", subject, free=free)
                    for number, (one, each) in enumerate(zip(ones, said, strict=True))
                ]
            case dict() if hasattr(type(value), "model_fields"):
                self.model(value, said, place)  # type: ignore[arg-type] # it has the fields of a model
                return said
            case _:
                return said

    def _message(self, message: dict[str, Any], pointer: str, subject: Subject | None) -> None:
        """Hide what the values of a message tell; its words are the gate's own."""
        args = message.get("args")
        if not isinstance(args, dict):
            return
        for name, said in args.items():
            if isinstance(said, dict):
                self._message(said, f"{pointer}/args/{name}", subject)
            elif isinstance(said, str):
                args[name] = self._text(said, f"{pointer}/args/{name}", subject, free=True)

    def _text(self, said: str, place: str, subject: Subject | None, *, free: bool) -> str:
        if not said:
            return said
        if subject is None and (said.startswith(PREFIX) or (free and self._tells(said))):
            subject = Subject.WORDS
        if subject is None:
            return said
        made = disclosure(self._salt(), place, said, subject)
        self.disclosures.append(made)
        return f"{PREFIX}{made.digest}"

    def _tells(self, words: str) -> bool:
        """Whether a text names something personal: what the event names elsewhere, a plate, or a VIN."""
        squeezed = normal_form(words)
        return any(one in squeezed for one in self._known) or names_plate(words) or _names_vin(words)


def _names_vin(words: str) -> bool:
    return any(not _ONLY_DIGITS.fullmatch(found) for found in _VIN.findall(words))


def _named(model: BaseModel) -> Iterator[str]:
    """The personal values of a model and of all in it, but for words."""
    personal = PERSONAL.get(type(model), {})
    for name, value in model:
        subject = personal.get(name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, str) and subject not in (None, Subject.WORDS) and len(normal_form(one)) >= _NAMING:
                yield one
            elif hasattr(type(one), "model_fields"):
                yield from _named(one)
