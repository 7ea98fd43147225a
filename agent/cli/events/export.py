"""The command `gate-agent events export`: events as lines, for audits signed by the gate."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from agent.cli import exit_codes
from agent.cli.events.common import failing
from agent.cli.events.time_argument import unix_time
from agent.cli.journal_option import DEFAULT_JOURNAL, JournalLater
from agent.cli.terminal import counted, echo
from agent.cli.view_record import leave_view
from agent.clock import Clock
from agent.core.events import ExportStatement, Verifier, signed, time_text
from agent.core.model import SEQ_MAX
from agent.service.privileges import acting_as, acting_as_caller, owner_for_root
from agent.store.errors import JournalCorruptError, JournalUnavailableError
from agent.store.gate_key import GateKeyError, read_gate_key
from agent.store.journal import JournalReader, held_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from agent.core.crypto import SigningKey
    from agent.store.journal import Recorded

SIGNATURE = ".sig"
VALUES = ".values"
_PRIVATE = 0o600


def export(  # noqa: PLR0913 - each is an option
    journal: JournalLater = DEFAULT_JOURNAL,
    *,
    to_file: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; default: standard output.")
    ] = None,
    first: Annotated[int | None, typer.Option("--from", min=1, help="First sequence number.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Last sequence number.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Begin with the first event since then: 2026-11-24T08:30Z, or 90m, 24h, 7d ago.")
    ] = None,
    sign: Annotated[
        bool,
        typer.Option("--signed", help="Also write FILE.sig, signed with the gate's key in the folder of the journal."),
    ] = False,
    values: Annotated[
        bool,
        typer.Option(
            "--values",
            help="Also write FILE.values: the personal values of these events, one line for each event.",
        ),
    ] = False,
) -> None:
    """Write events as lines of JSON, byte for byte as they are stored, sent and hashed.

    Damaged events are written unchanged, and reported with exit code 1; a signed export ends before them.

    Example:
      gate-agent events export --since 24h --out events.jsonl
    """
    if (sign or values) and to_file is None:
        raise typer.BadParameter("a signed export, and one with values, needs a file: give --out")
    with failing(), acting_as(owner_for_root(journal)), JournalReader(journal) as reader:
        now = reader.standing()
        begin = max(first or 1, now.tail.seq + 1)
        if since is not None:
            begin = max(begin, reader.first_since(unix_time(since)) or now.head.seq + 1)
        end = min(last or SEQ_MAX, now.head.seq)
        expected = max(end - begin + 1, 0)
        leave_view(journal.absolute().parent, f"events export: {begin} to {end}")
        if values and to_file is not None:
            _write_values(reader, to_file, (begin, end))
        if sign and to_file is not None:
            _export_signed(reader, to_file, _key_beside(journal), (begin, end))
            return
        verifier = Verifier()
        if to_file is None:
            _write(sys.stdout.buffer, reader.events(begin, end), expected, verifier)
        else:
            written = _write_file(to_file, reader.events(begin, end), expected, verifier)
            echo(f"{to_file}: {counted(written, 'event')}", err=True)
        found = verifier.ended(now.head if begin <= end == now.head.seq else None)
    if found.flaw is not None:
        echo(f"{journal}: event {found.flaw.seq or '?'} is damaged: {found.flaw.fault}: {found.flaw.detail}", err=True)
        raise typer.Exit(exit_codes.FAILED)


def _key_beside(journal: Path) -> SigningKey:
    try:
        return read_gate_key(journal.absolute().parent)
    except FileNotFoundError:
        raise GateKeyError(f"the gate's key is not beside {journal}: sign on the gate") from None


def _export_signed(reader: JournalReader, to_file: Path, key: SigningKey, span: tuple[int, int]) -> None:
    """Write the file and its signature. Raises JournalError when not every event is as it was recorded."""
    begin, end = span
    if begin > end:
        raise JournalUnavailableError("there are no such events: nothing was signed")
    ends: list[Recorded] = []

    def noted() -> Iterator[Recorded]:
        for event in reader.sound_events(begin, end):
            ends[1:] = [event]
            yield event

    now = reader.standing()
    signature = to_file.with_name(f"{to_file.name}{SIGNATURE}")
    with acting_as_caller():
        signature.unlink(missing_ok=True)
    written = _write_file(to_file, noted(), end - begin + 1, Verifier())
    first, last = ends[0], ends[-1]
    with acting_as_caller(), to_file.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    statement = ExportStatement(
        gate=now.gate,
        stream=now.head.stream,
        time=time_text(round(Clock().now().utc * 1000)),
        first=first.seq,
        last=last.seq,
        prev=held_hashes(first.payload)[0],
        digest=last.hash,
        events=written,
        sha256=sha256,
    )
    with acting_as_caller(), _new_file(signature) as out:
        out.write(f"{signed(statement, key)}\n".encode())
    echo(f"{to_file}: {counted(written, 'event')}, {first.seq} to {last.seq}, signed in {signature.name}", err=True)


def _write_values(reader: JournalReader, to_file: Path, span: tuple[int, int]) -> None:
    """Write what is kept of the values of these events: `seq`, `disclosures` and `erased`, as they go to central."""
    path = to_file.with_name(f"{to_file.name}{VALUES}")
    with acting_as_caller():
        path.unlink(missing_ok=True)
        out = _new_file(path)
    with out:
        for event in reader.events(*span):
            if event.disclosures:
                out.write(json.dumps(_values_of(event), separators=(",", ":")).encode() + b"\n")


def _values_of(event: Recorded) -> dict[str, object]:
    kept = [one.text for one in event.disclosures if one.text is not None]
    gone = [
        {
            "digest": one.digest,
            "at": None if one.erased_ms is None else time_text(one.erased_ms),
            "rule": one.rule,
        }
        for one in event.disclosures
        if one.text is None
    ]
    return {"seq": event.seq, "disclosures": kept, "erased": gone}


def _write_file(to_file: Path, events: Iterable[Recorded], expected: int, verifier: Verifier) -> int:
    unfinished = to_file.with_name(f"{to_file.name}.part")
    with acting_as_caller():
        unfinished.unlink(missing_ok=True)
        out = _new_file(unfinished)
    try:
        with out:
            written = _write(out, events, expected, verifier)
    except JournalCorruptError:
        with acting_as_caller():
            unfinished.unlink()
        raise
    with acting_as_caller():
        unfinished.rename(to_file)
    return written


def _new_file(path: Path) -> BinaryIO:
    """A file that was not there, for its owner alone: events name people. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE), "wb")


def _write(out: BinaryIO, events: Iterable[Recorded], expected: int, verifier: Verifier) -> int:
    written = 0
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("events", total=expected)
        for event in events:
            out.write(event.payload + b"\n")
            verifier.add_record(event.payload, written)
            written += 1
            progress.update(task, completed=written)
    out.flush()
    return written
