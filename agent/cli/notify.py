"""The commands `gate-agent notify`: try the ways by which people are told, and make a secret for a webhook."""

from __future__ import annotations

import base64
import secrets
import uuid
from typing import Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.gate_registry import settings_of
from agent.cli.terminal import echo
from agent.clock import Clock
from agent.core.notices import SECRET_PREFIX
from agent.notifications import DeliveryError, channels_of, test_message

app = typer.Typer(no_args_is_help=True, help="Send a test message by each channel, and make a secret for a webhook.")

SECRET_BYTES = 32


@app.command("test")
def try_channels(
    configuration: Configuration = DEFAULT_PATH,
    channel: Annotated[
        str | None, typer.Option(help="Only this channel: webhook or mail.", show_default="all of them")
    ] = None,
) -> None:
    """Send a test message by each channel of the configuration. Exit code 0 when all were delivered, 1 when not.

    The agent does not need to run. Messages are sent from this computer, with the rights of your user.
    """
    settings = settings_of(configuration)
    channels = [one for one in channels_of(settings) if channel in {None, one.name}]
    if not channels:
        echo(
            "gate-agent notify: no channel is complete: fill in [webhook] or [mail] of the configuration;"
            " `gate-agent config check` names what is missing",
            err=True,
        )
        raise typer.Exit(exit_codes.FAILED)
    failed = False
    for one in channels:
        utc = Clock().now().utc
        message = test_message(f"ntc_{uuid.uuid4().hex}", settings.gate.id, utc, settings.notifications.language)
        try:
            one.send(message, utc)
        except DeliveryError as error:
            failed = True
            echo(f"{one.name}  {one.place}  not delivered: {error}")
        else:
            echo(f"{one.name}  {one.place}  delivered")
    raise typer.Exit(exit_codes.FAILED if failed else exit_codes.OK)


@app.command()
def secret() -> None:
    """Make a secret for a webhook, and print it: for the credential webhook.secret, and for the receiver."""
    echo(SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode())
