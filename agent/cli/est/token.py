"""The commands `gate-agent est token` and `code`: what a technician takes to a gate that is to be enrolled."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import segno
import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agent.cli.est.common import EstConfiguration, register_of, registrar_of, settings_of
from agent.cli.terminal import echo, fail
from agent.enrolment import CodeError, EnrolmentCode
from central.est import DEFAULT_PATH

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

HOURS = 72.0
ENDINGS = (".svg", ".png")
_PRIVATE = 0o600

_Qr = Annotated[
    Path | None, typer.Option("--qr", help="Also draw the code into this file, .svg or .png; it must not exist yet.")
]


def token(
    gate: Annotated[str, typer.Argument(help="The gate's id, for its certificate.")],
    server_settings: EstConfiguration = DEFAULT_PATH,
    *,
    hours: Annotated[float, typer.Option(min=0.1, max=8760, help="Hours for which the token is valid.")] = HOURS,
    qr: _Qr = None,
) -> None:
    """Make a one-time token that enrols one gate of the site, and print how to use it.

    Only a digest is kept: no one can look the token up later. A second call makes another token.
    """
    settings = settings_of("est token", server_settings)
    with register_of("est token", settings) as register:
        registrar = registrar_of("est token", settings, register)
        try:
            made = registrar.make_token(gate, hours)
        except ValueError as error:
            fail("est token", error)
        digest = _sha256(registrar.issuer.certificate)
    found = EnrolmentCode(settings.url, made, digest)
    echo(f"token: {made}")
    echo(f"valid for: {hours:g} hours, gate {gate}, site {settings.site}")
    echo(f"code: {found.text}")
    echo(f"at the gate: sudo gate-agent enrol {found.url} {made} --ca-fingerprint {digest.hex()}")
    if qr is not None:
        _draw(qr, found, "est token")


def code(
    url: Annotated[str, typer.Argument(help="Address of the EST server, https://HOST:PORT.")],
    given: Annotated[str, typer.Argument(metavar="TOKEN", help="The one-time token, made by that server.")],
    ca: Annotated[Path, typer.Option("--ca", help="File with the CA certificate of the server (PEM).")],
    qr: _Qr = None,
) -> None:
    """Print the enrolment code for a token of another EST server; `est token` prints it for this one."""
    try:
        digest = _sha256(x509.load_pem_x509_certificate(ca.read_bytes()))
        found = EnrolmentCode.parse(EnrolmentCode(url, given, digest).text)
    except (ValueError, CodeError) as error:
        fail("est code", error)
    echo(found.text)
    if qr is not None:
        _draw(qr, found, "est code")


def _sha256(certificate: Certificate) -> bytes:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()


def _draw(path: Path, found: EnrolmentCode, command: str) -> None:
    if path.suffix not in ENDINGS:
        fail(command, f"{path}: expected a name that ends in {' or '.join(ENDINGS)}")
    path.touch(_PRIVATE, exist_ok=False)
    segno.make(found.text, error="m", micro=False).save(str(path), scale=6)
