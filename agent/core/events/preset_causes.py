"""The reasons that the console offers to an officer who decides, with their codes.

An event contains the code, and the English text as its cause. This module gives the text for other languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

LET_PASS: Final[Mapping[str, Text]] = {
    "plate_by_eye": Text("Plate matches, checked by eye"),
    "vin_at_vehicle": Text("VIN matches, checked at the vehicle"),
    "no_plate": Text("New vehicle without a plate, documents checked"),
    "confirmed_by_central": Text("Confirmed by central by phone"),
}
"""Why an officer lets a vehicle pass."""

REFUSE: Final[Mapping[str, Text]] = {
    "plate_differs": Text("Plate does not match the declaration"),
    "vin_differs": Text("VIN does not match the declaration"),
    "documents_invalid": Text("Documents missing or invalid"),
    "held_for_inspection": Text("Vehicle held for inspection"),
}
"""Why an officer refuses a vehicle."""
