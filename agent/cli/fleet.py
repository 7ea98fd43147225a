"""The commands `gate-agent fleet` and `gate-agent fleet simulate`."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.broker import BrokerAddress, TlsFilesError
from agent.cli import exit_codes
from agent.cli.secret_options import password_file_help, password_of, password_refusal
from sim.fleet import SESSION_EXPIRY_S, WILL_DELAY_S, Credentials, Fleet, FleetPlan, ProcessFleet, elsewhere

if TYPE_CHECKING:
    from sim.fleet import FleetReport, RunProgress

PASSWORD_VARIABLE = "GATE_AGENT_FLEET_PASSWORD"  # noqa: S105 - the name of a variable
HOUR_S = 3600.0


_BROKER_HELP = "mqtt://host:port or mqtts://host:port; several make a cluster."
_Gates = Annotated[int, typer.Option(min=1, help="How many gates.")]
_For = Annotated[float, typer.Option("--for", help="For how many seconds events are recorded.")]
_Settle = Annotated[
    float, typer.Option("--settle", help="How many seconds at most to wait afterwards until all is acknowledged.")
]
_Prefix = Annotated[str, typer.Option(help="What the gates' ids begin with; a number follows.")]
_Consume = Annotated[
    bool, typer.Option("--consume", help="Count and acknowledge the events here too, where no central does.")
]
_CentralBroker = Annotated[
    list[str] | None,
    typer.Option(help="For --consume: where central connects, if not where the gates do; as --broker."),
]
_Ca = Annotated[Path | None, typer.Option(help="PEM file of the brokers' CA.")]
_Certificate = Annotated[
    str | None, typer.Option(help="PEM certificate of the gates; {gate} stands for each gate's id.")
]
_Key = Annotated[str | None, typer.Option("--certificate-key", "--key", help="PEM key of the gates; {gate} as above.")]
_CentralCertificate = Annotated[str | None, typer.Option(help="PEM certificate for --consume.")]
_CentralKey = Annotated[str | None, typer.Option(help="PEM key for --consume.")]
_User = Annotated[str | None, typer.Option(help="User name; {gate} as above. No certificate needs one.")]
_CentralUser = Annotated[str | None, typer.Option(help="User name for --consume; as --user otherwise.")]
_PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help=f"For all users: {password_file_help(PASSWORD_VARIABLE)}")
]
_Password = Annotated[str | None, typer.Option("--password", hidden=True, callback=password_refusal(PASSWORD_VARIABLE))]
_StartSpread = Annotated[float, typer.Option(help="Within so many seconds the gates connect first.")]
_AnswerTimeout = Annotated[float, typer.Option(help="For how many seconds a gate waits until a broker has let it in.")]
_SessionExpiry = Annotated[
    int, typer.Option(help="For how many seconds the broker keeps the session of a gate that is gone.")
]
_Really = Annotated[bool, typer.Option("--really", help="Also where a broker is not on this machine.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]


def fleet(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: typer.Context,
    broker: Annotated[list[str] | None, typer.Option("--broker", "-b", help=_BROKER_HELP)] = None,
    gates: _Gates = 100,
    rate: Annotated[
        float, typer.Option(help="Events per second of EACH gate: 1000 gates at 1 make 1000 events/s.")
    ] = 1.0,
    for_s: _For = 30.0,
    settle_s: _Settle = 60.0,
    payload_bytes: Annotated[int, typer.Option(help="Pad events to this size; about 520 bytes they have anyway.")] = 0,
    prefix: _Prefix = "fleet-",
    consume: _Consume = False,
    central_broker: _CentralBroker = None,
    ca: _Ca = None,
    certificate: _Certificate = None,
    key: _Key = None,
    central_certificate: _CentralCertificate = None,
    central_key: _CentralKey = None,
    user: _User = None,
    central_user: _CentralUser = None,
    password_file: _PasswordFile = None,
    _password: _Password = None,
    start_spread: _StartSpread = 5.0,
    answer_timeout: _AnswerTimeout = 30.0,
    session_expiry: _SessionExpiry = SESSION_EXPIRY_S,
    really: _Really = False,
    as_json: _AsJson = False,
) -> None:
    """Simulate many gates that send small events and nothing else against brokers, and measure.

    Each gate has an id, a stream, a real hash chain, its own order of brokers, and resends what is not acknowledged.
    `fleet simulate` has gates that say all that a real one says. The events look like those of a real gate: never let
    a fleet loose on a broker whose consumer keeps customs records. Exit code 0 when all gates are connected at the end
    and no event is lost or not acknowledged.
    """
    if context.invoked_subcommand is not None:
        return
    if not broker:
        raise typer.BadParameter("name at least one broker, such as mqtt://127.0.0.1", param_hint="--broker")
    credentials = _credentials(
        password_file, ca, certificate, key, user, central_certificate, central_key, central_user
    )
    plan = _plan(
        gates,
        rate,
        broker,
        for_s,
        credentials,
        central_broker,
        really=really,
        payload_bytes=payload_bytes,
        prefix=prefix,
        settle_s=settle_s,
        start_spread_s=start_spread,
        answer_timeout_s=answer_timeout,
        session_expiry_s=session_expiry,
        consume=consume,
    )
    if not as_json:
        typer.echo(f"{gates:,} gates at {rate:g} events/s each: {gates * rate:,.0f} events/s for {for_s:g} s")
    _run(plan, as_json=as_json)


def simulate(  # noqa: PLR0913, PLR0917 - one parameter an option
    broker: Annotated[list[str], typer.Option("--broker", "-b", help=_BROKER_HELP)],
    gates: _Gates = 100,
    vehicles: Annotated[
        float, typer.Option(help="Vehicles per hour of EACH gate; one makes 9 events of 10 kB in all.")
    ] = 60.0,
    for_s: _For = 60.0,
    settle_s: _Settle = 60.0,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Over how many processes the gates are spread; by default one a core.")
    ] = None,
    site: Annotated[int | None, typer.Option(help="The number of the site whose lists the gates take.")] = None,
    prefix: _Prefix = "fleet-",
    consume: _Consume = False,
    central_broker: _CentralBroker = None,
    ca: _Ca = None,
    certificate: _Certificate = None,
    key: _Key = None,
    central_certificate: _CentralCertificate = None,
    central_key: _CentralKey = None,
    user: _User = None,
    central_user: _CentralUser = None,
    password_file: _PasswordFile = None,
    _password: _Password = None,
    start_spread: _StartSpread = 5.0,
    answer_timeout: _AnswerTimeout = 30.0,
    session_expiry: _SessionExpiry = SESSION_EXPIRY_S,
    really: _Really = False,
    as_json: _AsJson = False,
) -> None:
    """Simulate many gates that say all that real ones say: vehicles, birth, status, health, answers to commands.

    The events are those of a vehicle that passes, in their own time. Commands are refused as by a gate that knows no
    key; lists are received and not checked. It says when it was itself short of CPU: its times mean nothing then. Exit
    code as of `gate-agent fleet`.
    """
    credentials = _credentials(
        password_file, ca, certificate, key, user, central_certificate, central_key, central_user
    )
    plan = _plan(
        gates,
        vehicles / HOUR_S,
        broker,
        for_s,
        credentials,
        central_broker,
        really=really,
        prefix=prefix,
        settle_s=settle_s,
        start_spread_s=start_spread,
        answer_timeout_s=answer_timeout,
        session_expiry_s=session_expiry,
        consume=consume,
        whole=True,
        site=site,
        processes=min(gates, processes or os.cpu_count() or 1),
    )
    if not as_json:
        a_second = gates * vehicles / HOUR_S
        typer.echo(
            f"{gates:,} gates with {vehicles:g} vehicles/hour each: {a_second:,.1f} vehicles/s for {for_s:g} s, in "
            f"{plan.processes} processes"
        )
    _run(plan, as_json=as_json)


def _credentials(  # noqa: PLR0913, PLR0917 - one parameter an option
    password_file: Path | None,
    ca: Path | None,
    certificate: str | None,
    key: str | None,
    user: str | None,
    central_certificate: str | None,
    central_key: str | None,
    central_user: str | None,
) -> Credentials:
    password = password_of(password_file, PASSWORD_VARIABLE)
    return Credentials(ca, certificate, key, user, password, central_certificate, central_key, central_user)


def _plan(  # noqa: PLR0913 - what all fleets have
    gates: int,
    rate: float,
    broker: list[str],
    for_s: float,
    credentials: Credentials,
    central_broker: list[str] | None,
    *,
    really: bool,
    session_expiry_s: int,
    **fields: object,
) -> FleetPlan:
    """The plan of these options. Raises BadParameter for what cannot be, and for a broker that is elsewhere."""
    addresses = tuple(_parse(url) for url in broker)
    central_addresses = tuple(_parse(url) for url in central_broker or ())
    away = elsewhere((*addresses, *central_addresses))
    if away and not really:
        raise typer.BadParameter(
            f"{', '.join(away)} is not on this machine. A fleet floods its broker: say --really if it is meant",
            param_hint="--broker",
        )
    try:
        plan = FleetPlan(
            gates,
            rate,
            addresses,
            for_s,
            credentials,
            session_expiry_s=session_expiry_s,
            will_delay_s=min(session_expiry_s, WILL_DELAY_S),
            central_brokers=central_addresses,
            **fields,  # type: ignore[arg-type]
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
