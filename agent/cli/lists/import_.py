"""The command `gate-agent lists import`: imports the lists of a pack, such as one on a USB stick, into this gate."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, ConfigurationLater
from agent.cli.gate_registry import registry_of, settings_of
from agent.cli.lists.pack_import import Intake
from agent.cli.owner_rights import act_at_gate
from agent.cli.terminal import counted, echo, fail
from agent.clock import Clock
from agent.core.events import AlarmRaised, ListsApplied, ListsRefused
from agent.lists import INCOMING, ListIntake
from agent.store.errors import RegistryError
from agent.store.registry import ChunkSpool, PackError, read_pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from agent.core.events import Event
    from agent.settings import Settings
    from agent.store.registry import Registry


def import_(
    file: Annotated[Path, typer.Argument(help="The pack, a file of `gate-agent lists pack`.")],
    configuration: ConfigurationLater = DEFAULT_PATH,
) -> None:
    """Import the lists of a pack into this gate. The gate uses each list at once, also while its agent runs.

    A list is imported completely or not at all. It must be signed for this site by a key of the trust list, and be
    newer than the gate's list. Exit code 0 when the gate has everything in the pack, 1 when a part was refused.

    Example:
      sudo gate-agent lists import /media/usb/lists.zip
    """
    try:
        opened = read_pack(file)
    except PackError as error:
        settings_of(act_at_gate(configuration))  # a configuration that cannot be used is told first
        fail("lists import", error)
    try:
        with opened as pack, _bar() as bar, _gate_of(configuration) as (settings, registry):
            spool = ChunkSpool(settings.state.directory / INCOMING)
            list_intake = ListIntake(registry, spool, Clock().now, _Teller(bar).print_event, records=False)
            intake = Intake(list_intake, pack, bar)
            intake.run()
    except (PackError, RegistryError) as error:
        fail("lists import", error)
    for kind, version in intake.current.items():
        echo(f"{kind}: version {version} is already in force")
    if not intake.complete:
        echo(f"gate-agent lists import: not all of {file} was imported; the lists in force stay", err=True)
        raise typer.Exit(exit_codes.FAILED)


@contextmanager
def _gate_of(configuration: Path) -> Iterator[tuple[Settings, Registry]]:
    """The gate's settings and registry, opened after the pack, which may be the caller's alone.

    Raises RegistryError.
    """
    settings = settings_of(act_at_gate(configuration))
    with registry_of(settings) as registry:
        yield settings, registry


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar on the terminal's error output; nothing where that is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - a quick command must not wait for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        yield progress


class _Teller:
    """Says what the agent would record."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def print_event(self, event: Event) -> None:
        match event:
            case ListsApplied():
                what = counted(event.rows, "key" if event.list == "trust" else "row")
                before = f" (before: {event.before})" if event.before else ""
                self._print_line(f"{event.list}: version {event.version} is in force{before}, {what}")
            case ListsRefused():
                self._print_line(f"{event.list}: refused ({event.code}): {event.detail}", err=True)
            case AlarmRaised():
                self._print_line(event.detail, err=True)
            case _:
                self._print_line(str(event))

    def _print_line(self, text: str, *, err: bool = False) -> None:
        self._progress.stop()
        echo(text, err=err)
        self._progress.start()
