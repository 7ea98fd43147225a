"""The command `gate-agent camera find`: which cameras are there, what they offer, and what to write into gate.toml."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Typer reads the annotations of its callbacks
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.camera.findings import as_json, ask, lines
from agent.cli.secret_options import SecretError, refusing, secret_of
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from drivers.camera.onvif import find_cameras, local_networks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.camera.onvif import FoundCamera

SEARCH_PORT = 3702
_REFUSED = refusing("--password", "--password-file FILE (mode 600), or --password-file - to be asked")
_WHAT_TO_CHECK = """no camera answered within {within:g} s, asked from {networks}. Check that
  the camera has power, and its cable a light at both ends
  ONVIF is switched on in the camera's own pages (network, integration protocol)
  the camera is on this network: one fresh from its box has an address of its maker's, such as 192.168.1.64
  no firewall of this computer drops answers, UDP from port 3702
  no switch or access point between drops multicast to 239.255.255.250
Where you know its address, name it: gate-agent camera find 192.168.1.64"""


def find(  # noqa: PLR0913, PLR0917 - one argument an option
    address: Annotated[
        list[str] | None, typer.Argument(help="Ask only these cameras, and do not search.", show_default=False)
    ] = None,
    user: Annotated[str, typer.Option(help="A user of the cameras who may use ONVIF.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the user's password (mode 600); - asks for it.")
    ] = None,
    within: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to search.")] = 4.0,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="Search only from this address of this computer; repeat for more."),
    ] = None,
    other_hosts: Annotated[
        bool, typer.Option("--other-hosts", help="Trust a camera that names another host for its services.")
    ] = False,
    search_port: Annotated[int, typer.Option(min=1, max=65535, hidden=True)] = SEARCH_PORT,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")] = False,
    _password: Annotated[
        str | None,
        typer.Option(
            "--password",
            hidden=True,
            callback=_REFUSED,
        ),
    ] = None,
) -> None:
    """Find network cameras by ONVIF, and show what to write into gate.toml for each.

    With a user and a password, the command asks each camera for its streams. The password goes to cameras only as a
    digest, and is not printed. If cameras have different passwords, run the command for each camera, with its address.

    Exit code 1 when no camera was found, or a camera did not say which streams it offers.

    Example:
      gate-agent camera find 192.168.1.64 --user admin --password-file -
    """
    if (password_file is None) != (not user):
        raise typer.BadParameter("give --user and --password-file together")
    try:
        password = "" if password_file is None else secret_of(password_file, f"Password of {user} at the cameras")
    except SecretError as error:
        fail("camera find", error)
    cameras: Sequence[FoundCamera | str] = address or _searched(within, source or [], search_port)
    clock = Clock()
    findings = []
    for camera in cameras:
        echo(f"asking {camera if isinstance(camera, str) else camera.place} ...", err=True)
        findings.append(ask(camera, user, password, lambda: clock.now().utc, other_hosts=other_hosts))
    if as_json_:
        echo(json.dumps([as_json(one, user) for one in findings], ensure_ascii=False, indent=2))
    else:
        echo("\n".join(line for one in findings for line in lines(one, user)))
    failed = any(one.trouble and not one.needs_login for one in findings)
    raise typer.Exit(exit_codes.FAILED if failed else exit_codes.OK)


def _searched(within_s: float, source: Sequence[str], port: int) -> tuple[FoundCamera, ...]:
    """The cameras that answer a search. What goes on is told on the error output; exits where there are none."""
    here = local_networks()
    asked = [one for one in here if not source or one.address in source]
    unknown = sorted(set(source) - {one.address for one in here})
    if unknown:
        known = ", ".join(one.address for one in here)
        said = f"{unknown[0]} is not an address of this computer; it has {known}"
        raise typer.BadParameter(said, param_hint="--from")
    named = ", ".join(f"{one.address} ({one.name})" for one in asked)
    echo(f"searching for {within_s:g} s from {named} ...", err=True)
    found = find_cameras(
        within_s, networks=asked, port=port, on_found=lambda one: echo(f"  {one.place} answers", err=True)
    )
    if not found:
        fail("camera find", _WHAT_TO_CHECK.format(within=within_s, networks=named))
    return found
