"""What the page Barrier calls orders, channels and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTS: Final[Mapping[str, Text]] = {
    "test_open": Text("Test: open"),
    "test_close": Text("Test: close"),
    "open": Text("Open once"),
    "hold": Text("Hold open"),
    "release": Text("Release hold"),
    "close": Text("Close"),
    "lock": Text("Lock the lane"),
    "unlock": Text("Unlock the lane"),
    "out_of_service": Text("Take out of service"),
    "in_service": Text("Back in service"),
}

RESULTS: Final[Mapping[str, Text]] = {
    "done": Text("Done."),
    "not_done": Text("Refused."),
    "failed": Text("Failed."),
    "unknown": Text("Not known."),
}

CHANNELS: Final[Mapping[str, Text]] = {
    "open": pgettext("action", "open"),
    "close": pgettext("action", "close"),
    "hold": Text("hold open"),
    "red": Text("red lamp"),
    "green": Text("green lamp"),
}

RELAY_STATES: Final[Mapping[str, Text]] = {
    "up": Text("The relay board answers."),
    "connecting": Text("The relay board is being looked for."),
    "stale": Text("The relay board has not answered for a while."),
    "lost": Text("The relay board is lost; it is tried again and again."),
}
