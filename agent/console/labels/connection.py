"""What the page Connection calls states of connections, clock and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES: Final[Mapping[str, Text]] = {
    "up": Text("Connected."),
    "connecting": Text("Connecting."),
    "stale": Text("No answer for a while."),
    "lost": Text("No connection. Reconnecting. The gate still serves vehicles."),
}

CLOCK: Final[Mapping[str, Text]] = {
    "SYNCED": Text("Synchronized with a time server."),
    "HOLDOVER": Text("No time server now, but the clock is still accurate enough."),
    "UNTRUSTED": Text(
        "Not synchronized for too long, so the clock is not reliable. Check the time server and the network."
    ),
}

LISTS_STATES: Final[Mapping[str, Text]] = {
    "FRESH": Text("Fresh: vehicles that pass all checks may pass."),
    "STALE_OK": Text("A while old: vehicles that pass all checks may still pass."),
    "KNOWN_ONLY": Text("Old: only permits with a declaration at this gate may pass."),
    "TOO_OLD": Text("Too old: an officer decides."),
}

LISTS: Final[Mapping[str, Text]] = {
    "trust": Text("Trust"),
    "declarations": Text("Declarations"),
    "revocations": Text("Revocations"),
    "watch": Text("Watch list"),
}
