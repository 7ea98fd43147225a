"""What was read of the vehicle beside what its permit declares, and whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from agent.console.lanes.character_comparison import Letters, compared
from agent.core.events import digest_in
from agent.i18n.event_text import ERASED
from drivers.text import Text, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.live.vehicles import Vehicle
    from agent.console.live.viewer_texts import Words
    from agent.core.events import AccessDecided

PLATE_KINDS: Final[Mapping[str, str]] = {
    "blue": "",
    "yellow": "yellow",
    "green": "green",
    "yellow_green": "green",
    "white": "white",
}
"""How a plate is drawn, by the colour of its ground; any other is drawn white."""
_MATCH: Final = "MATCH"
_UNSURE: Final = "UNSURE"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its name, what was read and what is declared, and the chip with its tone.

    `shape`: plate, mono (a VIN), until (the end of a permit) or words. `kind`: how the plate is drawn.
    """

    name: str
    letters: Letters
    chip: str
    tone: str
    shape: str = "words"
    kind: str = "white"


def comparison(vehicle: Vehicle | None, plate: str, words: Words, utc: float) -> list[Row]:
    """The rows for the vehicle that is there; none without one. `utc`: now, Unix seconds.

    `plate`: as read until now, for a vehicle whose plate no decision has compared yet; empty: none was.
    """
    if vehicle is None:
        return []
    return [_plate(vehicle, plate, words), _vin(vehicle, words), _permit(vehicle.decided, words, utc)]


def plate_kind(decided: AccessDecided | None) -> str:
    """How the plate that was read is drawn."""
    colour = decided.plate.colour if decided is not None and decided.plate is not None else ""
    return PLATE_KINDS.get(colour, "white")


def _plate(vehicle: Vehicle, plate: str, words: Words) -> Row:
    match = None if vehicle.decided is None else vehicle.decided.plate
    letters = compared(shown(vehicle.plate or plate, words), shown(vehicle.declared, words))
    chip, tone = _chip(None if match is None else match.verdict, letters)
    return Row(words(Text("Plate")), letters, words(chip), tone, "plate", plate_kind(vehicle.decided))


def _vin(vehicle: Vehicle, words: Words) -> Row:
    decided = vehicle.decided
    found = None if decided is None else decided.vin
    permit = None if decided is None else decided.permit
    read = "" if found is None else shown(found.read, words)
    letters = compared(read, "" if permit is None else shown(permit.vin, words))
    chip, tone = _chip(None if found is None else found.verdict, letters)
    return Row(words(Text("VIN")), letters, words(chip), tone, "mono")


def _chip(verdict: str | None, letters: Letters) -> tuple[Text, str]:
    if not letters.read:
        return Text("Not read"), "unknown"
    if not letters.declared:
        return Text("Nothing to compare with"), "unknown"
    if verdict == _MATCH:
        return Text("Match"), "passed"
    if verdict != _UNSURE:
        return (Text("No match"), "refused") if verdict is not None else (Text("Not compared"), "unknown")
    count = len(letters.unsure_read)
    return (
        ngettext("{count} letter unclear", "{count} letters unclear", count, count=count) if count else Text("Unclear")
    ), "warning"


def _permit(decided: AccessDecided | None, words: Words, utc: float) -> Row:
    permit = None if decided is None else decided.permit
    name = words(Text("Permit"))
    if permit is None:
        return Row(name, Letters(words(Text("None verified")), ""), words(Text("None")), "unknown")
    until = words.when(datetime.fromtimestamp(permit.expires_at, UTC))
    over = permit.expires_at <= utc
    return Row(
        name,
        Letters(words(Text("Signature is valid")), until),
        words(Text("Expired") if over else Text("Valid")),
        "refused" if over else "passed",
        "until",
    )


def shown(value: str | None, words: Words) -> str:
    """A personal value, or that it was erased; empty for none."""
    if not value:
        return ""
    return value if digest_in(value) is None else words(ERASED)


def as_plain(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows as plain values for a template."""
    return [
        {
            "name": row.name,
            "read": row.letters.read,
            "declared": row.letters.declared,
            "unsure_read": row.letters.unsure_read,
            "unsure_declared": row.letters.unsure_declared,
            "chip": row.chip,
            "tone": row.tone,
            "shape": row.shape,
            "kind": row.kind,
        }
        for row in rows
    ]
