"""The commands `gate-agent est revoke` and `crl`: a gate that is to be let in no more."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from cryptography import x509

from agent.broker import check_gate_id
from agent.cli.est.common import EstConfiguration, register_of, registrar_of, settings_of
from agent.cli.terminal import counted, echo, fail
from agent.clock import Clock
from central.est import DEFAULT_PATH, IssuerError, write_revocation_list

if TYPE_CHECKING:
    from central.est import EstSettings, Registrar


def revoke(
    gate: Annotated[str, typer.Argument(help="The gate's id.")],
    cause: Annotated[str, typer.Option(help="The reason, kept in the register.")],
    server_settings: EstConfiguration = DEFAULT_PATH,
    *,
    certificate: Annotated[
        list[Path] | None,
        typer.Option(
            "--certificate",
            help="Also revoke this certificate of the gate, from another server (PEM file); repeat for more.",
        ),
    ] = None,
) -> None:
    """Revoke a gate: it gets no more certificates, and brokers that read the revocation list reject it.

    Its unused tokens become invalid. A token that you make later enrols the gate again, with a new key.
    """
    settings = settings_of("est revoke", server_settings)
    try:
        check_gate_id(gate)
        others = tuple(x509.load_pem_x509_certificate(path.read_bytes()).serial_number for path in certificate or ())
    except ValueError as error:
        fail("est revoke", error)
    with register_of("est revoke", settings) as register:
        fresh = register.revoke(gate, Clock().now().utc, cause, others)
        _write("est revoke", settings, registrar_of("est revoke", settings, register))
    echo(f"gate {gate} is revoked, {counted(len(fresh), 'certificate')}; it is in the list {settings.crl_path}")
    echo("let the brokers read the list again, and disconnect the gate there")


def crl(server_settings: EstConfiguration = DEFAULT_PATH) -> None:
    """Sign the revocation list now; the server does this once a day."""
    settings = settings_of("est crl", server_settings)
    with register_of("est crl", settings) as register:
        _write("est crl", settings, registrar_of("est crl", settings, register))
    echo(f"{settings.crl_path} is valid for {settings.crl_days} days")


def _write(command: str, settings: EstSettings, registrar: Registrar) -> None:
    try:
        write_revocation_list(settings, registrar)
    except (IssuerError, OSError) as error:
        fail(command, error)
