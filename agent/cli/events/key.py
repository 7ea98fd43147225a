"""The command `gate-agent events key`: the public half of the gate's own key, for central to pin."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from agent.cli.events.common import failing
from agent.cli.journal_option import DEFAULT_STATE
from agent.cli.owner_rights import act_at, act_at_gate
from agent.cli.terminal import echo
from agent.core.crypto import kid_of
from agent.store.gate_key import GateKeyError, public_pem, read_gate_key


def show_key(
    state: Annotated[Path | None, typer.Option(help="The state directory.", show_default=str(DEFAULT_STATE))] = None,
    configuration: Annotated[
        Path | None, typer.Option("--config", help="The configuration file, which contains the state directory.")
    ] = None,
    pem: Annotated[bool, typer.Option("--pem", help="Print the public key as PEM instead.")] = False,
) -> None:
    """Print the id and the public key with which the gate signs its checkpoints and exports.

    Give it to central in a way that you trust. The agent makes the key at its first start.
    """
    with failing():
        folder = _state(state, configuration)
        try:
            key = read_gate_key(folder).public
        except FileNotFoundError:
            raise GateKeyError(f"{folder} has no gate.key yet: the agent makes it at its first start") from None
    echo(public_pem(key).decode(), nl=False) if pem else echo(f"kid {kid_of(key)}\npublic {key.raw.hex()}")


def _state(state: Path | None, configuration: Path | None) -> Path:
    if state is not None and configuration is not None:
        raise typer.BadParameter("give either --state or --config")
    if configuration is None:
        folder = state or DEFAULT_STATE
        act_at(folder)
        return folder
    from agent.settings.configuration_loading import load_configuration  # noqa: PLC0415 - it loads all drivers

    return load_configuration(act_at_gate(configuration)).settings.state.directory
