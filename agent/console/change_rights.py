"""Who may change what of the configuration from the console."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.console.access import Role
from agent.settings import (
    ChangeError,
    SettingsError,
    anchors_among,
    check_anchors_untouched,
    differences,
    judged,
    key_path,
)
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.console.access import Person
    from agent.console.dependencies import Gate
    from agent.settings import ConfigEditor, LoadedSettings

TECHNICIANS: Final = frozenset({"lanes", "evidence", "journal", "log"})
"""The sections that a technician changes: the lanes with their devices, limits and rules, and what is kept of them.

The others are an administrator's: they say who the gate is, whom it speaks to and believes, and who may come in here.
So is `metrics`: it opens a port to the network that answers without a login, as `console.listen` opens one with.
"""
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})


def check_right(
    gate: Gate, person: Person, editor: ConfigEditor, loaded: LoadedSettings, of: int | None = None
) -> None:
    """See that trust anchors stay, once root keeps them, and are an administrator's before that. Raises ChangeError.

    So is, at all times, all that is not of a technician's sections. `of`: the former state that is brought back, which
    may name other anchors: they do not count.
    """
    if loaded.anchors is not None and of is None:
        check_anchors_untouched(editor, loaded)
    if person.role.covers(Role.ADMIN):
        return
    try:
        present = judged(editor, NOTHING)
    except SettingsError:  # what is on the disk cannot be used: what runs is what counts
        present = gate.loaded
    keys = [one.key for one in differences(present, loaded)]
    if touched := anchors_among(keys):
        raise ChangeError(
            Text("{keys} is a trust anchor of the gate: an administrator changes it", keys=", ".join(touched))
        )
    if others := [key for key in keys if key_path(key)[0] not in TECHNICIANS]:
        raise ChangeError(
            Text(
                "{keys}: an administrator changes this; a technician changes {own}",
                keys=", ".join(others),
                own=", ".join(sorted(TECHNICIANS)),
            )
        )
