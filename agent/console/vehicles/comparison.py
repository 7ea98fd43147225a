"""Two vehicles side by side: what is the same of them and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.vehicles.vehicle_row import finding, seconds_text
from agent.i18n import translate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.console.vehicles.record import VehicleRecord
    from agent.console.vehicles.story import Story
    from agent.i18n import Language


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is known of both. `same`: None where one of them lacks it. `is_code`: read by letters."""

    name: str
    now: str
    before: str
    same: bool | None
    is_code: bool = False


def compared(now: Story, before: Story, language: Language) -> list[Difference]:
    """What is known of a vehicle and of the one before it, what differs first."""
    values: tuple[tuple[Text, Callable[[VehicleRecord], str]], ...] = (
        (Text("Plate as read"), lambda record: record.plate),
        (Text("Declared plate"), lambda record: record.declared),
        (Text("VIN"), lambda record: record.vin),
        (Text("VIN as read"), lambda record: record.vin_read),
        (Text("Permit"), lambda record: record.permit),
        (Text("Declaration"), lambda record: record.declaration),
        (Text("Lane"), lambda record: record.lane),
        (Text("Reason"), lambda record: finding(record.reason, language) if record.reason else ""),
        (Text("Officer"), lambda record: record.operator),
    )
    rows = [
        _difference(translate(name, language), value(now.record), value(before.record), is_code=name.pattern in _CODES)
        for name, value in values
    ]
    rows.append(_difference(translate(Text("Outcome"), language), now.chip.word, before.chip.word))
    took = ["" if one.record.seconds is None else seconds_text(one.record.seconds, language) for one in (now, before)]
    rows.append(Difference(translate(Text("Decided in"), language), took[0], took[1], None))
    shown = [one for one in rows if one.now or one.before]
    return sorted(shown, key=lambda one: {False: 0, None: 1, True: 2}[one.same])


_CODES: Final = frozenset({"VIN", "VIN as read", "Permit", "Declaration"})


def _difference(name: str, now: str, before: str, *, is_code: bool = False) -> Difference:
    return Difference(name, now, before, now == before if now and before else None, is_code)
