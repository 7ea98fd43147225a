"""The command `gate-agent fleet`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from agent.broker import BrokerAddress, TlsFilesError
from agent.cli import exit_codes
from agent.cli.secret_options import password_file_help, password_of, password_refusal
from sim.fleet import SESSION_EXPIRY_S, WILL_DELAY_S, Credentials, Fleet, FleetPlan, elsewhere

if TYPE_CHECKING:
    from sim.fleet import RunProgress

PASSWORD_VARIABLE = "GATE_AGENT_FLEET_PASSWORD"  # noqa: S105 - the name of a variable


def fleet(  # noqa: PLR0913, PLR0917 - one parameter an option
    broker: Annotated[
        list[str], typer.Option("--broker", "-b", help="mqtt://host:port or mqtts://host:port; several make a cluster.")
    ],
    gates: Annotated[int, typer.Option(min=1, help="How many gates.")] = 100,
    rate: Annotated[
        float, typer.Option(help="Events per second of EACH gate: 1000 gates at 1 make 1000 events/s.")
    ] = 1.0,
    for_s: Annotated[float, typer.Option("--for", help="For how many seconds events are recorded.")] = 30.0,
    settle_s: Annotated[
        float, typer.Option("--settle", help="How many seconds at most to wait afterwards until all is acknowledged.")
    ] = 60.0,
    payload_bytes: Annotated[int, typer.Option(help="Pad events to this size; about 520 bytes they have anyway.")] = 0,
    prefix: Annotated[str, typer.Option(help="What the gates' ids begin with; a number follows.")] = "fleet-",
    consume: Annotated[
        bool, typer.Option("--consume", help="Count and acknowledge the events here too, where no central does.")
    ] = False,
    central_broker: Annotated[
        list[str] | None,
        typer.Option(help="For --consume: where central connects, if not where the gates do; as --broker."),
    ] = None,
    ca: Annotated[Path | None, typer.Option(help="PEM file of the brokers' CA.")] = None,
    certificate: Annotated[
        str | None, typer.Option(help="PEM certificate of the gates; {gate} stands for each gate's id.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--certificate-key", "--key", help="PEM key of the gates; {gate} as above.")
    ] = None,
    central_certificate: Annotated[str | None, typer.Option(help="PEM certificate for --consume.")] = None,
    central_key: Annotated[str | None, typer.Option(help="PEM key for --consume.")] = None,
    user: Annotated[str | None, typer.Option(help="User name; {gate} as above. No certificate needs one.")] = None,
    central_user: Annotated[str | None, typer.Option(help="User name for --consume; as --user otherwise.")] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help=f"For all users: {password_file_help(PASSWORD_VARIABLE)}"),
    ] = None,
    _password: Annotated[
        str | None, typer.Option("--password", hidden=True, callback=password_refusal(PASSWORD_VARIABLE))
    ] = None,
    start_spread: Annotated[float, typer.Option(help="Within so many seconds the gates connect first.")] = 5.0,
    answer_timeout: Annotated[
        float, typer.Option(help="For how many seconds a gate waits until a broker has let it in.")
    ] = 30.0,
    session_expiry: Annotated[
        int, typer.Option(help="For how many seconds the broker keeps the session of a gate that is gone.")
    ] = SESSION_EXPIRY_S,
    really: Annotated[bool, typer.Option("--really", help="Also where a broker is not on this machine.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
) -> None:
    """Simulate many gates against brokers, and measure.

    Each gate has an id, a stream, a real hash chain, its own order of brokers, and resends what is not acknowledged.
    Its events look like those of a real gate: never let a fleet loose on a broker whose consumer keeps customs records.
    Exit code 0 when all gates are connected at the end and no event is lost.
    """
    addresses = tuple(_parse(url) for url in broker)
    central_addresses = tuple(_parse(url) for url in central_broker or ())
    away = elsewhere((*addresses, *central_addresses))
    if away and not really:
        raise typer.BadParameter(
            f"{', '.join(away)} is not on this machine. A fleet floods its broker: say --really if it is meant",
            param_hint="--broker",
        )
    password = password_of(password_file, PASSWORD_VARIABLE)
    try:
        credentials = Credentials(ca, certificate, key, user, password, central_certificate, central_key, central_user)
        plan = FleetPlan(
            gates,
            rate,
            addresses,
            for_s,
            credentials,
            payload_bytes,
            prefix,
            settle_s,
            start_spread,
            answer_timeout_s=answer_timeout,
            session_expiry_s=session_expiry,
            will_delay_s=min(session_expiry, WILL_DELAY_S),
            consume=consume,
            central_brokers=central_addresses,
        )
        credentials.of_gate(plan.gate_id(1))
        credentials.of_central("central")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not as_json:
        typer.echo(f"{gates:,} gates at {rate:g} events/s each: {gates * rate:,.0f} events/s for {for_s:g} s")
    try:
        found = asyncio.run(Fleet(plan, (lambda _progress: None) if as_json else _show).run())
    except TlsFilesError as error:
        typer.echo(f"gate-agent fleet: {error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    typer.echo(json.dumps(found.as_json(), indent=2) if as_json else "\n".join(found.lines()))
    raise typer.Exit(exit_codes.OK if found.well else exit_codes.FAILED)


def _parse(url: str) -> BrokerAddress:
    try:
        return BrokerAddress.parse(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--broker") from None


def _show(progress: RunProgress) -> None:
    typer.echo(
        f"{progress.at_s:6.1f} s  {progress.phase:<10}  {progress.up:,} up, {progress.recorded:,} recorded, "
        f"{progress.taken:,} at the broker, {progress.acknowledged:,} acknowledged, {progress.reconnects:,} reconnects"
    )
