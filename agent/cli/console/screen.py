"""The command `gate-agent console screen`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import segno
import typer

from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.console.common import access_of, leave_act
from agent.cli.console.console_addresses import reached
from agent.cli.gate_registry import settings_of
from agent.cli.terminal import echo, fail
from agent.console.access import ScreenKey
from agent.settings import screen_token

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings import Settings


def screen(
    lane: Annotated[str, typer.Argument(help="Name of the lane.")],
    configuration: Configuration = DEFAULT_PATH,
    *,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Make a new key first. The old tokens of all lanes become invalid."),
    ] = False,
) -> None:
    """Show the addresses at which screens open the driver page of a lane; one of them as a QR code.

    An address contains a token: anyone who has the address can see the page, and nothing else. A screen of this
    computer needs no token.
    """
    settings = settings_of(configuration)
    page = None if lane not in settings.lanes else settings.lanes[lane].driver_page
    if page is None:
        fail("console", f"there is no lane {lane}; there are {', '.join(settings.lanes)}")
    if not page.enabled:
        fail("console", f"lane {lane} has no driver page: set lanes.{lane}.driver_page.enabled = true")
    if renew and page.token_file is not None:
        fail("console", f"the token of lane {lane} is the one in {page.token_file}: write another token there")
    try:
        token = _token(settings.state.directory, lane, page.token_file, renew=renew)
    except OSError as error:
        fail("console", f"the token of lane {lane} cannot be read or made: {error}")
    if renew:
        with access_of(configuration) as access:
            leave_act(access, "screens.renewed", "the tokens of all driver pages")
    _say(settings, lane, token)


def _token(state: Path, lane: str, file: Path | None, *, renew: bool) -> str:
    """The token of a lane, made where there is none. Raises OSError."""
    if file is not None:
        found = screen_token(file)
        if found is None:
            fail("console", f"{file} contains no token: expected 32 to 128 letters and digits")
        return found
    key = ScreenKey(state)
    key.renew() if renew else key.ensure()
    return key.token(lane)


def _say(settings: Settings, lane: str, token: str) -> None:
    path = f"driver/{quote(lane)}"
    found = reached(settings.console)
    here = [f"{one.url}/{path}" for one in found if one.is_here]
    elsewhere = [f"{one.url}/{path}" for one in found if not one.is_here]
    for address in here:
        echo(f"on this computer  {address}")
    for address in elsewhere:
        echo(f"elsewhere         {address}?token={token}")
    if elsewhere:
        # Drawn by its own output: a drawing holds nothing that could steer the terminal.
        segno.make(f"{elsewhere[0]}?token={token}", error="l", micro=False).terminal(compact=True)
    else:
        echo("elsewhere         not reachable: add an address of this computer to console.listen")
