"""The command `gate-agent config schema`."""

from __future__ import annotations

from agent.cli.terminal import echo
from agent.settings import schema_text
from agent.settings.drivers import FAMILIES, models


def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors that complete and check while one writes."""
    echo(schema_text(models, {family: tuple(table) for family, table in FAMILIES.items()}), nl=False)
