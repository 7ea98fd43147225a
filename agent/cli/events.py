"""The commands `gate-agent events tail | verify | export`: the journal, read beside a running agent."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from agent.cli import exits
from agent.cli.event_line import event_line
from agent.cli.event_time import unix_time
from agent.cli.events_schema import schema
from agent.core.chain import SEQ_MAX
from agent.core.verification import Verification, verify
from agent.store.errors import JournalError
from agent.store.reader import JournalReader, is_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

FOLLOW_S: Final = 0.25
DEFAULT_JOURNAL: Final = Path("/var/lib/gate-agent/journal.db")

app = typer.Typer(name="events", help="Show, prove and export what the gate recorded.", no_args_is_help=True)
app.command()(schema)

JournalPath = Annotated[
    Path, typer.Option("--journal", "-j", envvar="GATE_AGENT_JOURNAL", help="The journal's file.", show_default=True)
]


@app.command()
def tail(
    journal: JournalPath = DEFAULT_JOURNAL,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="How many of the last events to show.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events until interrupted.")] = False,
    raw: Annotated[bool, typer.Option("--json", help="Print the stored bytes, one event a line.")] = False,
) -> None:
    """Show the last events."""
    show = _show_raw if raw else _show_line(Console(highlight=False, soft_wrap=True))
    with _failing(), JournalReader(journal) as reader:
        now = reader.standing()
        seen = max(now.head.seq - count, now.tail.seq)
        try:
            while True:
                for event in reader.events(seen + 1):
                    show(event.payload)
                    seen = event.seq
                if not follow:
                    return
                sys.stdout.flush()
                threading.Event().wait(FOLLOW_S)
        except KeyboardInterrupt:
            return


@app.command(name="verify")
def verify_command(
    file: Annotated[Path, typer.Argument(help="A journal, or a file of events, one JSON event a line.")],
) -> None:
    """Prove that no event was altered, dropped or invented; says the first that was. Exit code 0 when whole, else 1.

    A journal proves its own end; a file of lines cannot show that lines are missing at its end.
    """
    with _failing():
        if is_database(file):
            with JournalReader(file) as reader:
                found = reader.verify()
                anchored = True
        else:
            with file.open("rb") as lines:
                found = verify(line.rstrip(b"\r\n") for line in lines)
                anchored = False
    if found.flaw is not None:
        flaw = found.flaw
        typer.echo(f"{file}: record {flaw.index + 1}, event {flaw.seq or '?'}: {flaw.fault}: {flaw.detail}", err=True)
        typer.echo(f"{file}: {found.proven} records before it are proven", err=True)
        raise typer.Exit(exits.FAILED)
    typer.echo(_praise(file, found, anchored=anchored))


@app.command()
def export(
    journal: JournalPath = DEFAULT_JOURNAL,
    to_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; else standard output.")
    ] = None,
    first: Annotated[int | None, typer.Option("--from", min=1, help="First sequence number.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Last sequence number.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Begin with the first event since then: 2026-11-24T08:30Z, or 90m, 24h, 7d ago.")
    ] = None,
) -> None:
    """Write events as lines of JSON, byte for byte as they are stored, sent and hashed."""
    with _failing(), JournalReader(journal) as reader:
        now = reader.standing()
        begin = max(first or 1, now.tail.seq + 1)
        if since is not None:
            begin = max(begin, reader.first_since(unix_time(since)) or now.head.seq + 1)
        end = min(last or SEQ_MAX, now.head.seq)
        if to_file is None:
            _write(sys.stdout.buffer, reader.payloads(begin, end), max(end - begin + 1, 0))
            return
        unfinished = to_file.with_name(f"{to_file.name}.part")
        with unfinished.open("wb") as out:
            written = _write(out, reader.payloads(begin, end), max(end - begin + 1, 0))
        unfinished.rename(to_file)
        typer.echo(f"{to_file}: {written} events", err=True)


def _write(out: BinaryIO, payloads: Iterator[bytes], expected: int) -> int:
    written = 0
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("events", total=expected)
        for payload in payloads:
            out.write(payload + b"\n")
            written += 1
            progress.update(task, completed=written)
    out.flush()
    return written


def _show_raw(payload: bytes) -> None:
    sys.stdout.buffer.write(payload + b"\n")
    sys.stdout.buffer.flush()


def _show_line(console: Console) -> Callable[[bytes], None]:
    return lambda payload: console.print(event_line(payload))


def _praise(file: Path, found: Verification, *, anchored: bool) -> str:
    if found.first is None or found.last is None:
        return f"{file}: whole, no events"
    span = f"events {found.first.seq} to {found.last.seq} of stream {found.last.stream}"
    end = "" if anchored else f"; compare its end with what the gate says: {found.last.digest}"
    return f"{file}: whole, {span}{end}"


@contextmanager
def _failing() -> Iterator[None]:
    """Say an error in one line and exit with FAILED; a reader that went away (`| head`) is no error."""
    try:
        yield
    except BrokenPipeError:
        raise typer.Exit(exits.OK) from None
    except (JournalError, OSError) as error:
        typer.echo(f"gate-agent events: {error}", err=True)
        raise typer.Exit(exits.FAILED) from None
