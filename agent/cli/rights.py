"""The rights with which a command works at a gate: as root those of the agent's user, who keeps its folders.

The options that lead to a gate's folders take them as soon as they are read, before the command opens anything.
"""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - Typer reads the annotations of its callbacks

from agent.service.rights import become, keeper_for_root
from agent.settings.documents import read
from agent.settings.refuge import state_directory


def act_at(path: Path | None) -> Path | None:
    """Take the rights of whoever keeps a path, for good; returns the path. Raises OSError."""
    account = None if path is None else keeper_for_root(path)
    if account is not None:
        become(account)
    return path


def act_on_configuration(configuration: Path) -> Path:
    """The same for a configuration that the command changes: all of its files. Raises OSError."""
    account = keeper_for_root(configuration) or keeper_for_root(*(one.path for one in read(configuration).files))
    if account is not None:
        become(account)
    return configuration


def act_at_gate(configuration: Path) -> Path:
    """The same for a gate: its configuration and its state. Raises OSError."""
    act_on_configuration(configuration)
    act_at(state_directory(configuration, os.environ))
    return configuration
