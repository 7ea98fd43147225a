"""The command `gate-agent bundle`: a file for somebody who helps from afar."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import exit_codes
from agent.cli.agent_client import DEFAULT_SOCKET, AgentAwayError, AgentClient, SocketLater
from agent.cli.configuration import DEFAULT_PATH, ConfigurationLater, usable_configuration
from agent.cli.doctor import report_of
from agent.cli.owner_rights import act_at, act_at_gate
from agent.cli.terminal import echo
from agent.cli.view_record import leave_view
from agent.doctor import BundleMaterial, BundleRequest, pack_bundle, service_log
from agent.i18n import Language
from agent.settings import LoadedSettings, SettingsError

MODE = 0o600


def bundle(
    out: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The file to write; it must not exist yet.")],
    configuration: ConfigurationLater = DEFAULT_PATH,
    *,
    pictures: Annotated[bool, typer.Option("--pictures", help="Include the pictures of the last vehicles.")] = False,
    plates: Annotated[
        bool, typer.Option("--plates", help="Include plates and VINs in full; otherwise they are masked.")
    ] = False,
    socket: SocketLater = DEFAULT_SOCKET,
) -> None:
    """Pack the log, the configuration, what the doctor finds, the last events, devices, versions and hashes.

    Passwords, tokens and private keys are removed. Run it as root, or as a user who may read the service's log.
    Exit code 1 if the file cannot be written.
    """
    log = service_log()
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        with os.fdopen(descriptor, "wb") as file:
            # The file and the log may be the caller's alone; all else is looked at with the agent's rights.
            act_at_gate(configuration)
            act_at(socket)
            material = _material(configuration, socket, log)
            if material.loaded is not None and (pictures or plates):
                parts = [name for name, is_in in (("--pictures", pictures), ("--plates", plates)) if is_in]
                leave_view(material.loaded.settings.state.directory, f"bundle {' '.join(parts)}")
            file.write(pack_bundle(material, BundleRequest(pictures=pictures, plates=plates)))
            size = file.tell()
    except OSError as error:
        echo(f"gate-agent bundle: {out}: {error.strerror or error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    echo(f"{out}: {size / 1024:.0f} KiB; check its content before you send it")


def _material(configuration: Path, socket: Path, log: str | None) -> BundleMaterial:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    report, _usable = report_of(configuration, socket, Language.EN)
    return BundleMaterial(
        report=report,
        loaded=_loaded(configuration),
        log=log,
        health=_health(socket) if report.agent else None,
        environment=os.environ,
        credentials=Path(directory) if directory else None,
    )


def _loaded(configuration: Path) -> LoadedSettings | None:
    try:
        return usable_configuration(configuration).loaded
    except SettingsError:  # the report names its mistakes
        return None


def _health(socket: Path) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = AgentClient(socket, Language.EN.value).json("/api/health")
    except AgentAwayError as error:
        echo(f"gate-agent bundle: {error}; the bundle has no figures of the agent", err=True)
        return None
    return told
