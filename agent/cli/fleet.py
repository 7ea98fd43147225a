"""The commands `gate-agent fleet` and `gate-agent fleet simulate`."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - options are read by their annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.broker import BrokerAddress, TlsFilesError
from agent.cli import exit_codes
from agent.cli.option_group import with_options
from agent.cli.secret_options import password_file_help, password_of, password_refusal
from sim.fleet import SESSION_EXPIRY_S, WILL_DELAY_S, Credentials, Fleet, FleetPlan, ProcessFleet, elsewhere

if TYPE_CHECKING:
    from sim.fleet import FleetReport, RunProgress

PASSWORD_VARIABLE = "GATE_AGENT_FLEET_PASSWORD"  # noqa: S105 - the name of a variable
HOUR_S = 3600.0


_BROKER_HELP = "A broker, mqtt://HOST:PORT or mqtts://HOST:PORT; repeat for each broker of a cluster."
_For = Annotated[float, typer.Option("--for", help="Seconds for which the gates record events.")]


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """The options that all fleets have."""

    gates: Annotated[int, typer.Option(min=1, help="Number of gates.")] = 100
    settle_s: Annotated[
        float,
        typer.Option("--settle", help="Maximum time in seconds to wait afterwards, until every event is acknowledged."),
    ] = 60.0
    prefix: Annotated[str, typer.Option(help="Start of the gates' ids; a number follows.")] = "fleet-"
    consume: Annotated[
        bool,
        typer.Option(
            "--consume", help="Also count and acknowledge the events here, for brokers without a central system."
        ),
    ] = False
    central_broker: Annotated[
        list[str] | None,
        typer.Option(help="For --consume: a broker for central, if it is not the gates' broker; repeat as --broker."),
    ] = None
    ca: Annotated[Path | None, typer.Option(help="File with the CA certificate of the brokers (PEM).")] = None
    certificate: Annotated[
        str | None,
        typer.Option(
            help="File with the client certificate of a gate (PEM); {gate} in the name becomes the gate's id."
        ),
    ] = None
    key: Annotated[
        str | None,
        typer.Option("--certificate-key", "--key", help="File with the private key of a gate (PEM); {gate} as above."),
    ] = None
    central_certificate: Annotated[
        str | None, typer.Option(help="For --consume: file with the client certificate of central (PEM).")
    ] = None
    central_key: Annotated[
        str | None, typer.Option(help="For --consume: file with the private key of central (PEM).")
    ] = None
    user: Annotated[
        str | None, typer.Option(help="User name at the broker; {gate} as above. Not needed with a certificate.")
    ] = None
    central_user: Annotated[str | None, typer.Option(help="For --consume: user name of central at the broker.")] = None
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help=password_file_help(PASSWORD_VARIABLE))
    ] = None
    refused_password: Annotated[
        str | None, typer.Option("--password", hidden=True, callback=password_refusal(PASSWORD_VARIABLE))
    ] = None
    start_spread: Annotated[float, typer.Option(help="Seconds over which the first connections are spread.")] = 5.0
    answer_timeout: Annotated[
        float, typer.Option(help="Seconds that a gate waits for the answer of a broker to its connection.")
    ] = 30.0
    session_expiry: Annotated[
        int, typer.Option(help="Seconds for which the brokers keep the session of a disconnected gate.")
    ] = SESSION_EXPIRY_S
    really: Annotated[bool, typer.Option("--really", help="Confirm that a broker is on another computer.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False


@with_options(FleetOptions)
def fleet(
    context: typer.Context,
    options: FleetOptions,
    broker: Annotated[list[str] | None, typer.Option("--broker", "-b", help=_BROKER_HELP)] = None,
    rate: Annotated[
        float, typer.Option(help="Events per second of EACH gate. 1000 gates at 1 send 1000 events/s.")
    ] = 1.0,
    for_s: _For = 30.0,
    payload_bytes: Annotated[int, typer.Option(help="Size of an event in bytes. 0: no padding, about 520 bytes.")] = 0,
) -> None:
    """Roll out documents to many gates, or simulate many gates against brokers.

    Without a command, it simulates gates that send small events to the brokers, and measures. Each gate has its own id,
    stream, hash chain and order of brokers, and resends what is not acknowledged. `fleet simulate` simulates gates that
    send everything that real gates send.

    WARNING: the events look like those of real gates. Never use a broker whose central system keeps customs records.

    Exit code 0 when all gates are connected at the end, and every event is acknowledged.

    Example:
      gate-agent fleet --broker mqtt://127.0.0.1:1883 --gates 100 --for 30 --consume
    """
    if context.invoked_subcommand is not None:
        return
    if not broker:
        raise typer.BadParameter("name at least one broker, such as mqtt://127.0.0.1", param_hint="--broker")
    plan = _plan(options, broker, rate, for_s, payload_bytes=payload_bytes)
    if not options.as_json:
        gates = options.gates
        typer.echo(f"{gates:,} gates at {rate:g} events/s each: {gates * rate:,.0f} events/s for {for_s:g} s")
    _run(plan, as_json=options.as_json)


@with_options(FleetOptions)
def simulate(
    broker: Annotated[list[str], typer.Option("--broker", "-b", help=_BROKER_HELP)],
    options: FleetOptions,
    vehicles: Annotated[
        float, typer.Option(help="Vehicles per hour of EACH gate. A vehicle causes 9 events, 10 kB together.")
    ] = 60.0,
    for_s: _For = 60.0,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Number of processes for the gates; default: one per processor core.")
    ] = None,
    site: Annotated[int | None, typer.Option(help="Number of the site whose lists the gates receive.")] = None,
) -> None:
    """Simulate many gates that send everything that real gates send: vehicles, status, health, answers to commands.

    A vehicle causes the events of a vehicle that passes, at their usual times. The gates refuse all commands, because
    they know no key. They receive lists, but do not check them. If the simulation itself was short of CPU, it says so:
    then its times mean nothing. Exit codes as of `gate-agent fleet`.

    Example:
      gate-agent fleet simulate --broker mqtt://127.0.0.1:1883 --gates 20 --for 60 --consume
    """
    gates = options.gates
    plan = _plan(
        options,
        broker,
        vehicles / HOUR_S,
        for_s,
        whole=True,
        site=site,
        processes=min(gates, processes or os.cpu_count() or 1),
    )
    if not options.as_json:
        a_second = gates * vehicles / HOUR_S
        typer.echo(
            f"{gates:,} gates with {vehicles:g} vehicles/hour each: {a_second:,.1f} vehicles/s for {for_s:g} s, in "
            f"{plan.processes} process{'' if plan.processes == 1 else 'es'}"
        )
    _run(plan, as_json=options.as_json)


def _credentials(options: FleetOptions) -> Credentials:
    return Credentials(
        options.ca,
        options.certificate,
        options.key,
        options.user,
        password_of(options.password_file, PASSWORD_VARIABLE),
        options.central_certificate,
        options.central_key,
        options.central_user,
    )


def _plan(options: FleetOptions, broker: list[str], rate: float, for_s: float, **fields: Any) -> FleetPlan:
    """The plan of these options. Raises BadParameter for what cannot be, and for a broker that is elsewhere."""
    credentials = _credentials(options)
    addresses = tuple(_parse(url) for url in broker)
    central_addresses = tuple(_parse(url) for url in options.central_broker or ())
    away = elsewhere((*addresses, *central_addresses))
    if away and not options.really:
        raise typer.BadParameter(
            f"{', '.join(away)} is not on this computer. A fleet floods its broker: give --really if you mean it",
            param_hint="--broker",
        )
    try:
        plan = FleetPlan(
            options.gates,
            rate,
            addresses,
            for_s,
            credentials,
            prefix=options.prefix,
            settle_s=options.settle_s,
            start_spread_s=options.start_spread,
            answer_timeout_s=options.answer_timeout,
            session_expiry_s=options.session_expiry,
            will_delay_s=min(options.session_expiry, WILL_DELAY_S),
            consume=options.consume,
            central_brokers=central_addresses,
            **fields,
        )
        credentials.of_gate(plan.gate_id(1))
        credentials.of_central("central")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return plan


def _run(plan: FleetPlan, *, as_json: bool) -> None:
    show = _show_nothing if as_json else _show
    try:
        found: FleetReport = (
            ProcessFleet(plan, show).run() if plan.processes > 1 else asyncio.run(Fleet(plan, show).run())
        )
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


def _show_nothing(_progress: RunProgress) -> None:
    """With --json the result is all that is printed."""


def _show(progress: RunProgress) -> None:
    typer.echo(
        f"{progress.at_s:6.1f} s  {progress.phase:<10}  {progress.up:,} up, {progress.recorded:,} recorded, "
        f"{progress.taken:,} at the broker, {progress.acknowledged:,} acknowledged, {progress.reconnects:,} reconnects"
    )
