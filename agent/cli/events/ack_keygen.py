"""The command `gate-agent events ack-keygen`: the key by which central signs that it has stored a gate's events."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from agent.cli.permit.files import PermitFileError, new_signing_key
from agent.cli.terminal import echo, fail


def ack_keygen(
    out: Annotated[Path, typer.Argument(help="File for the private key; it must not exist yet.")],
    kid: Annotated[str, typer.Option("--id", help="The id of the key in the gates' settings.")] = "central",
) -> None:
    """Make an Ed25519 key with which central signs its acknowledgements, and print its public half for gate.toml.

    Keep the private key only with the program that stores the events at central.
    """
    try:
        key = new_signing_key(out)
    except PermitFileError as error:
        fail("events ack-keygen", error)
    echo(f'[[mqtt.ack_keys]]\nid = "{kid}"\npublic_key = "{key.public.raw.hex()}"')
