"""The command `gate-agent enrol`: the gate's client certificate, by a one-time token of the central side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.configuration import DEFAULT_PATH, ConfigurationToChange
from agent.cli.enrol.keys import configure
from agent.cli.secret_options import ASKED, secret_of
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.enrolment import (
    AnswerError,
    CodeError,
    Endpoint,
    EnrolmentCode,
    EnrolmentPlan,
    EstClient,
    EstError,
    ExchangeError,
    PairError,
    ServerTrustError,
    enrol,
    fingerprint,
    renewal_utc,
)
from agent.setup import GatePlace

if TYPE_CHECKING:
    from agent.enrolment import Outcome


def enrol_command(  # noqa: PLR0913 - one argument an option
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL|CODE",
            help="Address of the EST server, https://HOST:PORT; or an enrolment code, which contains everything.",
        ),
    ],
    token: Annotated[str, typer.Argument(help='The one-time token; "-" asks for it. Not needed with a code.')] = "",
    ca_fingerprint: Annotated[
        str, typer.Option("--ca-fingerprint", help="SHA-256 fingerprint (hex) of the CA certificate of the server.")
    ] = "",
    ca: Annotated[
        Path | None, typer.Option("--ca", help="File with the CA certificate (PEM), instead of its fingerprint.")
    ] = None,
    broker: Annotated[
        list[str] | None, typer.Option("--broker", help="URL of a broker, if the server names none; repeat for more.")
    ] = None,
    configuration: ConfigurationToChange = DEFAULT_PATH,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Request another certificate, even if the gate has a valid one.")
    ] = False,
) -> None:
    """Get the gate's certificate from the EST server of its site. The fingerprint proves that it is the right server.

    The command makes the key on this computer, writes key, certificate and CA certificates to the files in the
    configuration, and adds missing keys to the configuration. If it was interrupted, run it again: the result is the
    same.

    Example:
      sudo gate-agent enrol https://est.example:8443 - --ca-fingerprint FINGERPRINT
    """
    try:
        asked = _asked(url, token, ca_fingerprint, ca)
        place = GatePlace.of(configuration)
        plan = EnrolmentPlan(place.gate, asked.token, asked.fingerprint, ca, again)
        outcome = enrol(plan, EstClient(Endpoint.parse(asked.url)), place.files, Clock().now().utc)
    except (
        *(AnswerError, CodeError, EstError, ExchangeError, PairError, ServerTrustError),
        ValueError,
        OSError,
    ) as error:
        fail("enrol", error)
    _tell(outcome)
    configure(configuration, place, asked.url, tuple(broker or ()) or outcome.brokers)


@dataclass(frozen=True, slots=True)
class _Asked:
    url: str
    token: str
    fingerprint: bytes | None


def _asked(url: str, token: str, digits: str, ca: Path | None) -> _Asked:
    """What the arguments say. Raises ValueError, OSError."""
    if not token and not url.startswith("https:"):
        if digits or ca is not None:
            raise ValueError("a code contains the fingerprint: leave out --ca-fingerprint and --ca")
        found = EnrolmentCode.parse(url)
        return _Asked(found.url, found.token, found.fingerprint)
    Endpoint.parse(url)
    if bool(digits) == (ca is not None):
        raise ValueError("give --ca-fingerprint or --ca: the gate must verify the server")
    if not token or token == str(ASKED):
        token = secret_of(ASKED, "The one-time token")
    return _Asked(url, token, fingerprint(digits) if digits else None)


def _tell(outcome: Outcome) -> None:
    ends, due = outcome.certificate.not_valid_after_utc, renewal_utc(outcome.certificate)
    said = "the gate already has a valid certificate" if outcome.kept else "the gate is enrolled"
    left_days = (due - Clock().now().utc) / 86_400
    echo(f"{said}: its certificate ends on {ends:%Y-%m-%d}, and is renewed in {max(0.0, left_days):.0f} days")
    if outcome.broker_ca_kept:
        echo("the CA certificates for the brokers do not change: the file differs from what the server sent", err=True)
