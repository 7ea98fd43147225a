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

STEPS: Final[Mapping[str, Text]] = {
    "add": Text("added: {what}"),
    "change": Text("changed: {what}"),
    "edit": Text("edited as text: {what}"),
    "remove": Text("removed: {what}"),
    "set": Text("set: {what}"),
    "setup": Text("written by the set-up"),
    "undo": Text("back to state {what}"),
    "unset": Text("back to the default: {what}"),
    "upload": Text("a file uploaded"),
    "zone": Text("zone of {what}"),
}
"""By the words that the steps of the history begin with, as the pages and the commands write them."""
