"""Options that lead to a gate's folders: as they are read, root takes the rights of the agent's user, who keeps those.

So a command that runs as root opens nothing of the gate with rights of its own.
"""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - Typer reads the annotations of its callbacks

from agent.service.privileges import take_owner_rights
from agent.settings import read, state_directory


def act_at(path: Path | None) -> Path | None:
    """Take the rights of the user who keeps a path, permanently; returns the path. Raises OSError."""
    if path is not None:
        take_owner_rights(path)
    return path


def act_on_configuration(configuration: Path) -> Path:
    """The same for a configuration that the command changes: all of its files. Raises OSError."""
    take_owner_rights(configuration)
    take_owner_rights(*(one.path for one in read(configuration).files))
    return configuration


def act_at_gate(configuration: Path) -> Path:
    """The same for a gate: its configuration and its state. Raises OSError."""
    act_on_configuration(configuration)
    act_at(state_directory(configuration, os.environ))
    return configuration
