"""What the commands of a gate's own lists share: its configuration, and its registry beside a running agent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from agent.cli import exit_codes
from agent.cli.terminal import echo
from agent.clock import Clock
from agent.lists import open_registry
from agent.settings import SettingsError
from agent.settings.configuration_loading import load_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.settings import Settings
    from agent.store.registry import Registry


def settings_of(configuration: Path) -> Settings:
    """The gate's settings; a configuration that cannot be used ends the command with 78."""
    try:
        return load_configuration(configuration).settings
    except SettingsError as error:
        echo(str(error), err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None


@contextmanager
def registry_of(settings: Settings) -> Iterator[Registry]:
    """The gate's registry, also while its agent runs. Raises RegistryError."""
    registry = open_registry(settings, Clock())
    try:
        yield registry
    finally:
        registry.close()
