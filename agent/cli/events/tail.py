"""The command `gate-agent events tail`: the journal, read beside a running agent."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from agent.cli.events.common import failing
from agent.cli.events.event_line import event_line, shown_payload
from agent.cli.journal_option import DEFAULT_JOURNAL, JournalPath
from agent.cli.view_record import leave_view
from agent.i18n import Language  # noqa: TC001 - typer reads the annotation
from agent.store.journal import JournalReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.store.journal import Recorded

FOLLOW_S: Final = 0.25


def tail(
    journal: JournalPath = DEFAULT_JOURNAL,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="How many of the last events to show.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new events until interrupted.")] = False,
    raw: Annotated[bool, typer.Option("--json", help="Print the stored bytes, one event per line.")] = False,
    language: Annotated[
        Language | None, typer.Option("--language", help="Also explain what decisions, alarms and outcomes mean.")
    ] = None,
) -> None:
    """Show the last events as they are in the file. To verify them, use `verify`."""
    leave_view(journal.absolute().parent, "events tail")
    show = _show_raw if raw else _show_line(Console(highlight=False, soft_wrap=True), language)
    with failing(), JournalReader(journal) as reader:
        now = reader.standing()
        seen = max(now.head.seq - count, now.tail.seq)
        try:
            while True:
                for event in reader.events(seen + 1):
                    show(event)
                    seen = event.seq
                if not follow:
                    return
                sys.stdout.flush()
                threading.Event().wait(FOLLOW_S)
        except KeyboardInterrupt:
            return


def _show_raw(event: Recorded) -> None:
    sys.stdout.buffer.write(event.payload + b"\n")
    sys.stdout.buffer.flush()


def _show_line(console: Console, language: Language | None) -> Callable[[Recorded], None]:
    return lambda event: console.print(event_line(shown_payload(event, language), language))
