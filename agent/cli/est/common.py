"""What the commands of the EST server share: its settings, its register, its authority."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.secret_options import secret_of
from agent.cli.terminal import fail
from agent.clock import Clock
from central.est import (
    DEFAULT_PATH,
    EstSettingsError,
    Issuer,
    IssuerError,
    Register,
    RegisterError,
    Registrar,
    load_est_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from central.est import EstSettings

EstConfiguration = Annotated[
    Path, typer.Option("--config", "-c", help="The settings file of the EST server.", show_default=str(DEFAULT_PATH))
]


def settings_of(command: str, configuration: Path) -> EstSettings:
    """The server's settings; what is wrong with them ends the command."""
    try:
        return load_est_settings(configuration)
    except EstSettingsError as error:
        fail(command, error)


@contextmanager
def register_of(command: str, settings: EstSettings) -> Iterator[Register]:
    """The register, also beside a running server; where it cannot be used the command ends."""
    try:
        with closing(Register.open(settings.folder, settings.site)) as register:
            yield register
    except (RegisterError, IssuerError) as error:
        fail(command, error)


def issuer_of(command: str, settings: EstSettings) -> Issuer:
    """The site's authority; where its files cannot be used the command ends."""
    file = settings.ca_key_password_file
    try:
        password = None if file is None else secret_of(file, "Password of the authority's key").encode()
        return Issuer.of_files(settings.ca_file, settings.ca_key_file, password)
    except (IssuerError, OSError) as error:
        fail(command, error)


def registrar_of(command: str, settings: EstSettings, register: Register) -> Registrar:
    """The registrar of the site, with its authority."""
    clock = Clock()
    return Registrar.of(
        settings.site, settings.certificate_days, issuer_of(command, settings), register, lambda: clock.now().utc
    )
