"""Which sign a command is about: one of the configuration, or one that the command line describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from pydantic import ValidationError

from agent.cli.configuration import DEFAULT_PATH
from agent.cli.owner_rights import act_at_gate
from agent.cli.relay.target_boards import TargetBoard, key_and_value
from agent.i18n import Language
from agent.settings.configuration_loading import load_configuration
from drivers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.settings import Lane
    from drivers.api import SignPort


@dataclass(frozen=True, slots=True)
class TargetSign:
    """A sign: the kind, and the keys of its driver. `name`: LANE/ID, empty for one of the command line."""

    kind: str
    table: Mapping[str, Any]
    name: str = ""
    languages: tuple[Language, ...] = tuple(Language)

    @property
    def place(self) -> str:
        """Where it is, in words."""
        port, host = self.table.get("port"), self.table.get("host")
        return str(port or host or self.table.get("name") or "nowhere")

    def check_free(self) -> None:
        """Raise DeviceUnavailableError, with who it is, where another program has the port open."""
        TargetBoard(self.kind, self.table).check_free()

    def driver(self) -> SignPort:
        """Make the driver.

        Raises typer.BadParameter for keys that it refuses, DeviceMisconfiguredError for the kind.
        """
        model = registry.settings_model(registry.SIGNS, self.kind)
        strange = [key for key in self.table if key not in model.model_fields]
        if strange:
            there = ", ".join(model.model_fields)
            raise typer.BadParameter(f"the {self.kind} sign has no key {', '.join(strange)}; there is: {there}")
        try:
            return registry.sign(self.kind, self.table)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"]))
            raise typer.BadParameter(f"the {self.kind} sign: {key + ': ' if key else ''}{first['msg']}") from None


def configured(path: Path) -> list[TargetSign]:
    """All signs of a configuration. Raises SettingsError."""
    lanes = load_configuration(act_at_gate(path)).settings.lanes
    return [sign for name, lane in lanes.items() for sign in _of_lane(name, lane)]


def chosen(config: Path | None, name: str | None, kind: str | None, pairs: list[str] | None) -> TargetSign:
    """The one sign that the options name.

    Raises typer.BadParameter for options that do not go together, SettingsError for a configuration that cannot be
    used.
    """
    if kind is not None:
        if config or name:
            raise typer.BadParameter("--kind describes a sign; it does not go with --config and --sign")
        return TargetSign(kind, dict(map(key_and_value, pairs or ())))
    if pairs:
        raise typer.BadParameter("--set goes with --kind")
    path = config or DEFAULT_PATH
    signs = configured(path)
    there = ", ".join(sign.name for sign in signs)
    found = [sign for sign in signs if name in {None, sign.name, sign.name.partition("/")[2]}]
    if not signs:
        raise typer.BadParameter(f"{path} has no sign")
    if not found:
        raise typer.BadParameter(f"no sign {name!r}; there is: {there}")
    if len(found) > 1:
        raise typer.BadParameter(f"--sign is missing; there is: {there}")
    return found[0]


def _of_lane(name: str, lane: Lane) -> Iterator[TargetSign]:
    for sign in lane.signs:
        yield TargetSign(sign.kind, sign.table, f"{name}/{sign.id}", sign.languages)
