"""The command line `gate-central`: thin; what a command does is the work of other rooms."""

from __future__ import annotations

import getpass
import logging
import os
import re
import sys
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agent.broker import check_gate_id
from agent.clock import Clock
from agent.core.events import digest_of_value
from agent.core.model import SEQ_MAX
from agent.service.systemd_notify import Notifier
from agent.settings import SettingsError
from central.consumer import ConsumerService, gaps, order_replays, wanted_replays
from central.database import (
    CentralScope,
    DatabaseError,
    ErasureOrder,
    IdentityError,
    MigrationError,
    all_migrations,
    applied,
    connect,
    drop_old_months,
    ensure_months,
    erase_old_values,
    erase_values,
    rewrite,
)
from central.database import migrate as migrate_database
from central.exporter import ExporterServer, GateCollector
from central.operation.service_factory import (
    KeyFileError,
    ack_key,
    collector_client,
    one_shot_client,
    replay_key,
    sources,
)
from central.operation.settings import load_central
from central.operation.stop_signal import StopSignal
from central.traces import TraceService

if TYPE_CHECKING:
    from central.database import Database
    from central.operation.settings import CentralSettings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Run the central side of gates: store events, watch gates, request missing events.",
)
keys = typer.Typer(no_args_is_help=True, help="Manage the public keys with which gates sign their journals.")
app.add_typer(keys, name="keys")
log = logging.getLogger("gate-central")
DEFAULT: Path = Path("/etc/gate-central/central.toml")
FAILED, UNUSABLE = 1, 2

_Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
_Worker = Annotated[
    str, typer.Option(help="Name of this worker. If several workers share the work, each needs its own name.")
]


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("pika").setLevel(logging.WARNING)
    try:
        app()
    except SettingsError as error:
        _fail(str(error), UNUSABLE)
    except (DatabaseError, IdentityError, MigrationError, KeyFileError) as error:
        _fail(f"gate-central: {' '.join(str(error).split())}", FAILED)


@app.command()
def check(config: _Config = DEFAULT) -> None:
    """Check the configuration and the database, and report problems."""
    settings = _settings(config)
    ack_key(settings)
    replay_key(settings)
    if settings.traces is not None:
        collector_client(settings)
    with closing(connect(settings.database.url)) as database:
        _check_schema(database)
    _say(f"{config}: can be used; the database is connected, and its tables are up to date")


@app.command()
def migrate(config: _Config = DEFAULT) -> None:
    """Update the tables of the database to this release."""
    settings = _settings(config)
    with closing(connect(settings.database.url)) as database:
        for step in migrate_database(database):
            _say(f"applied {step.name}")
        made = ensure_months(database, _now())
        _say(f"the tables are up to date; months created: {', '.join(made) or 'none'}")


@app.command()
def consume(config: _Config = DEFAULT, worker: _Worker = "1") -> None:
    """Receive events from the broker, verify, store and acknowledge them, until SIGTERM or Ctrl-C."""
    settings = _settings(config)
    with closing(connect(settings.database.url)) as database:
        _check_schema(database)
    notifier = Notifier.from_environment(os.environ)
    service = ConsumerService(
        sources(settings, worker),
        settings.database.url,
        _now,
        name=settings.central.name,
        role=settings.central.role,
        ack_key=ack_key(settings),
        works=partial(notifier.ready, "takes events"),
        alive=notifier.alive,
    )
    service.run(StopSignal())


@app.command()
def export(config: _Config = DEFAULT) -> None:
    """Serve the metrics of all gates for Prometheus, until SIGTERM or Ctrl-C."""
    settings = _settings(config)
    collector = GateCollector(
        partial(connect, settings.database.url, read_only=True),
        most_gates=settings.exporter.most_gates,
        fresh_s=settings.exporter.fresh_s,
    )
    with ExporterServer(collector, settings.exporter.listen, settings.exporter.port):
        notifier = Notifier.from_environment(os.environ)
        notifier.ready("serves Prometheus")
        StopSignal().wait()


@app.command()
def trace(config: _Config = DEFAULT) -> None:
    """Send a span for each finished vehicle to an OpenTelemetry collector, until SIGTERM or Ctrl-C."""
    settings = _settings(config)
    if settings.traces is None:
        _fail(f"{config}: the table [traces] is missing: add it, with the url of the collector", UNUSABLE)
    with closing(connect(settings.database.url)) as database:
        _check_schema(database)
        notifier = Notifier.from_environment(os.environ)
        service = TraceService(database, collector_client(settings), untraced=settings.traces.untraced)
        service.run(StopSignal(), partial(notifier.ready, "tells the collector"))


@app.command()
def housekeep(config: _Config = DEFAULT) -> None:
    """Create future months, delete old and verified ones, and request missing events, once.

    The systemd timer runs it every five minutes.
    """
    settings = _settings(config)
    with closing(connect(settings.database.url)) as database:
        _check_schema(database)
        for month in ensure_months(database, _now()):
            _say(f"created the month {month}")
        for one in drop_old_months(database, _now(), settings.database.keep_months):
            _say(str(one))
        if settings.database.keep_values_days:
            gone = erase_old_values(database, _now(), settings.database.keep_values_days)
            _say(f"erased by age: {gone.values} values of {gone.events} events")
        key = replay_key(settings)
        if settings.replay is None or key is None:
            return
        wanted = wanted_replays(database, _now(), settings.replay.after_s)
        for line in order_replays(database, wanted, partial(one_shot_client, settings), key, _now):
            _say(line)


@app.command()
def erase(  # noqa: PLR0913 - each is an option
    *,
    cause: Annotated[str, typer.Option(help="The reason, kept in the table erasures. Do not name anyone here.")],
    operator: Annotated[str, typer.Option(help="Who erases the values; kept in the table erasures too.")],
    config: _Config = DEFAULT,
    gate: Annotated[str | None, typer.Option(help="Only values of this gate.")] = None,
    stream: Annotated[str | None, typer.Option(help="Only values of this stream (journal) of the gate.")] = None,
    first: Annotated[int, typer.Option("--from", min=1, help="First sequence number.")] = 1,
    last: Annotated[int, typer.Option("--to", min=1, help="Last sequence number.")] = SEQ_MAX,
    value: Annotated[
        bool,
        typer.Option(
            "--value",
            help="Ask for a plate, VIN, declaration or name, or read it from standard input, and erase only what "
            "belongs to it.",
        ),
    ] = False,
    digest: Annotated[str, typer.Option(help="The same, by the SHA-256 of the normalised value, 64 hex digits.")] = "",
    rewrite_tables: Annotated[
        bool,
        typer.Option(
            "--rewrite", help="Also rewrite the tables, which frees the disk space. Consumers wait meanwhile."
        ),
    ] = False,
) -> None:
    """Erase personal values of stored events for good; the events stay, and every chain stays valid."""
    if not (value or digest or (gate and stream)):
        _fail("gate-central erase: give --value or --digest, or --gate and --stream", UNUSABLE)
    if digest and not re.fullmatch("[0-9a-f]{64}", digest):
        _fail("gate-central erase: --digest: expected 64 hex digits", UNUSABLE)
    if value:
        said = getpass.getpass("Plate, VIN, declaration or name: ") if sys.stdin.isatty() else sys.stdin.readline()
        if not said.strip():
            _fail("gate-central erase: no value was given", UNUSABLE)
        digest = digest_of_value(said)
    settings = _settings(config)
    with closing(connect(settings.database.url)) as database:
        _check_schema(database)
        scope = CentralScope(gate, stream, first, last, digest)
        gone = erase_values(database, scope, ErasureOrder("request", cause, operator), _now())
        _say(f"{gone.values} values of {gone.events} events are erased")
        for table in rewrite(database, sorted(gone.months)) if rewrite_tables else ():
            _say(f"rewritten: {table}")
    raise typer.Exit(0 if gone.values else FAILED)


@app.command("gaps")
def gaps_(config: _Config = DEFAULT) -> None:
    """Show what is missing, not verified or in conflict.

    Exit code 0 if all is well; 1 if not, or if no gate is known.
    """
    settings = _settings(config)
    with closing(connect(settings.database.url, read_only=True)) as database:
        lines = gaps(database)
    for line in lines:
        _say(line.text)
    raise typer.Exit(0 if all(line.well for line in lines) else FAILED)


@app.command()
def expect(
    gates: Annotated[list[str], typer.Argument(help="Ids of gates.")],
    config: _Config = DEFAULT,
    remove: Annotated[bool, typer.Option("--remove", help="No longer expect these gates.")] = False,
) -> None:
    """Set which gates must exist: an expected gate that never reports is a problem."""
    settings = _settings(config)
    for gate in gates:
        _check_gate(gate)
    with closing(connect(settings.database.url)) as database:
        database.execute(
            "INSERT INTO gates (gate, expected) SELECT g, %s FROM unnest(%s::text[]) AS n (g) "
            "ON CONFLICT (gate) DO UPDATE SET expected = excluded.expected",
            (not remove, sorted(set(gates))),
        )


@keys.command("add")
def keys_add(
    gate: Annotated[str, typer.Argument(help="Id of the gate.")],
    public_key: Annotated[str, typer.Argument(help="64 hex digits, as gate-agent events key prints them at the gate.")],
    noted_by: Annotated[str, typer.Option(help="Who got the key from the gate, by a secure way.")],
    config: _Config = DEFAULT,
) -> None:
    """Add the public key with which a gate signs. From then on, its checkpoints are verified."""
    _check_gate(gate)
    try:
        raw = bytes.fromhex(public_key)
    except ValueError:
        raw = b""
    if len(raw) != 32:  # noqa: PLR2004 - an Ed25519 key
        _fail(f"gate-central keys add: {public_key!r}: expected 64 hex digits", UNUSABLE)
    settings = _settings(config)
    with closing(connect(settings.database.url)) as database:
        database.execute(
            "INSERT INTO gate_keys (gate, public_key, noted_by) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (gate, raw, noted_by),
        )


@keys.command("list")
def keys_list(config: _Config = DEFAULT) -> None:
    """List the public keys that were added, and those that the gates report themselves."""
    settings = _settings(config)
    with closing(connect(settings.database.url, read_only=True)) as database:
        rows = database.execute(
            "SELECT coalesce(k.gate, g.gate), encode(coalesce(k.public_key, g.key_public), 'hex'), "
            "CASE WHEN k.gate IS NULL THEN 'reported by the gate, not added' ELSE 'noted by ' || k.noted_by END "
            "FROM gate_keys k FULL JOIN gates g ON g.gate = k.gate AND g.key_public = k.public_key "
            "WHERE coalesce(k.public_key, g.key_public) IS NOT NULL ORDER BY 1, 2"
        ).fetchall()
    for row in rows:
        _say("  ".join(row))


def _settings(path: Path) -> CentralSettings:
    return load_central(path)


def _check_schema(database: Database) -> None:
    there, wanted = applied(database), all_migrations()[-1].number
    if there < wanted:
        raise MigrationError(f"the database has migration {there} of {wanted}; run: gate-central migrate")
    if there > wanted:
        raise MigrationError(f"the database has migration {there}, this release {wanted}: install the newer one")


def _check_gate(gate: str) -> None:
    try:
        check_gate_id(gate)
    except ValueError as error:
        _fail(f"gate-central: {error}", UNUSABLE)


def _now() -> datetime:
    return datetime.fromtimestamp(Clock().now().utc, UTC)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(text: str, code: int) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    sys.exit(code)
