"""What the page Configuration calls tables and steps of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS: Final[Mapping[str, Text]] = {
    "gate": Text("This gate"),
    "state": Text("Where it keeps its data"),
    "permits": Text("Permits"),
    "lists": Text("Lists from central"),
    "clock": Text("Clock"),
    "mqtt": Text("Connection to central"),
    "journal": Text("Journal"),
    "evidence": Text("Pictures"),
    "commands": Text("Commands from central"),
    "notifications": Text("Notifications"),
    "webhook": Text("Webhook"),
    "mail": Text("Mail"),
    "uploads": Text("Object storage"),
    "enrolment": Text("Certificates"),
    "fleet": Text("Documents from central"),
    "software": Text("Software updates"),
    "site": Text("Gates of the site"),
    "privacy": Text("Privacy"),
    "console": Text("This console"),
    "log": Text("Log"),
    "metrics": Text("Metrics"),
}
