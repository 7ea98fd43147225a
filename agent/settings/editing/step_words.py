"""How a step of the history of the configuration reads for people: it keeps the words that commands and pages write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_HAND: Final = "edited by hand"
"""What the history keeps of files that neither a command nor a page has written."""

_STEPS: Final[Mapping[str, Text]] = {
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
"""By the words that the steps begin with."""


def step_text(what: str) -> Text:
    """A step as a text that can be translated; as it stands where its first word is none of ours."""
    if what in {"", BY_HAND}:
        return Text("edited manually")
    verb, _, rest = what.partition(" ")
    if verb not in _STEPS:
        return Text.of(what)
    return _STEPS[verb].filled(what=rest.removeprefix("to ").removeprefix("of "))
