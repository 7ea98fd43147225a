"""Where a gate takes its configuration from when the file cannot be used: the last one with which it ran."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.settings.editing.history import ConfigurationFiles, History, HistoryError
from agent.settings.loading.anchor_file import AnchorsUnusableError, anchors_folder, read_anchors
from agent.settings.model.agent import State as StateTable
from agent.settings.toml.files import read_file
from agent.settings.toml.problems import SettingsError
from agent.settings.toml.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.settings.loading.load import LoadedSettings
    from agent.settings.toml.files import FileReader

    Loader = Callable[[FileReader], LoadedSettings]

log = logging.getLogger(__name__)

VARIABLE: Final = "GATE_STATE__DIRECTORY"
OF_SERVICE: Final = "STATE_DIRECTORY"
"""What systemd names the folder of StateDirectory=."""


@dataclass(frozen=True, slots=True)
class UsableConfiguration:
    """A configuration that can be used, the files that it is made of, and why those on the disk cannot be.

    None: they are it.
    """

    loaded: LoadedSettings
    state: ConfigurationFiles
    refused: SettingsError | None


def state_directory(main: Path, environment: Mapping[str, str]) -> Path:
    """The state directory, also of a file with mistakes.

    As far as it can be read, else that of the service, else the usual.
    """
    usual: Path = StateTable.model_fields["directory"].default
    known = (
        _anchored(main),
        environment.get(VARIABLE, ""),
        _named(main),
        environment.get(OF_SERVICE, "").partition(":")[0],
    )
    return next((Path(name) for name in known if name.startswith("/") and "\0" not in name), usual)


def on_disk(main: Path, load: Loader) -> UsableConfiguration:
    """The configuration on the disk. Raises SettingsError."""
    seen: dict[str, bytes] = {}

    def remember(path: Path) -> bytes:
        found = seen[os.path.realpath(path)] = read_file(path)
        return found

    return UsableConfiguration(load(remember), ConfigurationFiles(os.path.realpath(main), seen), None)


def last_good(main: Path, load: Loader, environment: Mapping[str, str]) -> UsableConfiguration | None:
    """The last configuration with which the agent ran; None where there is none that can still be used."""
    try:
        good = History(state_directory(main, environment), main).good()
        return None if good is None else UsableConfiguration(load(good.reader()), good, None)
    except (HistoryError, SettingsError) as error:
        log.warning("the last good configuration cannot be used: %s", error)
        return None


def usable(
    main: Path,
    load: Loader,
    environment: Mapping[str, str],
    bearing: Loader | None = None,
    bearing_files: Loader | None = None,
) -> UsableConfiguration:
    """The configuration on the disk, or where that cannot be used the last one with which the agent ran.

    Before the gate is left without any: `bearing_files` loads the one on the disk where only files are wrong that it
    names, as a certificate, and `bearing` the last one, also where drivers are missing. Raises SettingsError, that of
    the disk, when none can be used.
    """
    try:
        return on_disk(main, load)
    except SettingsError as refused:
        good = last_good(main, load, environment)
        if good is None and bearing_files is not None:
            with suppress(SettingsError):
                return on_disk(main, bearing_files)
        if good is None and bearing is not None:
            good = last_good(main, bearing, environment)
        if good is None:
            raise
        return replace(good, refused=refused)


def _anchored(main: Path) -> str:
    """What the trust anchors say, which win; "" where there are none that can be used."""
    try:
        anchors = read_anchors(anchors_folder(main))
    except AnchorsUnusableError:  # loading the configuration says so
        return ""
    return "" if anchors is None else str(anchors.held.values["state.directory"])


def _named(main: Path) -> str:
    """What the file names; "" where that cannot be read."""
    try:
        data, _ = parse(str(main), read_file(main).decode("utf-8-sig", "replace"))
    except OSError:
        return ""
    state = data.get("state")
    named = state.get("directory") if isinstance(state, dict) else None
    return named if isinstance(named, str) else ""
