"""The command `gate-agent watch`: a lane live in the terminal."""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agent.cli import exit_codes
from agent.cli.agent_client import DEFAULT_SOCKET, AgentAwayError, AgentClient, SocketOption
from agent.cli.events.event_line import event_line, shown_payload
from agent.cli.journal_option import DEFAULT_JOURNAL, JournalPath
from agent.cli.terminal import echo
from agent.cli.view_record import leave_view
from agent.i18n import Language
from agent.store.errors import JournalError
from agent.store.journal import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import RenderableType

EVENTS: Final = 12
AGAIN_S: Final = 1.0
REFRESH_HZ: Final = 5
_STYLES: Final = {
    "good": "green",
    "open": "bold green",
    "busy": "cyan",
    "poor": "yellow",
    "bad": "bold red",
    "off": "dim",
}
_MARKS: Final = {"on": "●", "off": "○", "unknown": "?"}


def watch(
    lane: Annotated[str | None, typer.Argument(help="The lane; not needed if there is only one.")] = None,
    *,
    language: Annotated[Language, typer.Option("--language", help="The language to show it in.")] = Language.EN,
    journal: JournalPath = DEFAULT_JOURNAL,
    socket: SocketOption = DEFAULT_SOCKET,
    once: Annotated[bool, typer.Option("--once", help="Show the current state once, and end.")] = False,
) -> None:
    """Show a lane live: its state and sign, the arm, the inputs, every device, what the cameras see, the last events.

    It asks the running agent, and continues when the agent restarts; Ctrl-C ends it. Nothing is moved or changed.
    Exit code 1 when no agent runs here, or it has no such lane.
    """
    agent = AgentClient(socket, language.value)
    try:
        name, cameras = _lane(agent, lane)
    except AgentAwayError as error:
        echo(f"gate-agent watch: {error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    leave_view(journal.absolute().parent, f"watch {name}")
    screen = Screen(name, cameras, journal, language)
    if once or not sys.stdout.isatty():
        _show_once(agent, screen)
        return
    try:
        # What was last to be seen stays on the screen.
        with Live(console=Console(highlight=False), refresh_per_second=REFRESH_HZ, get_renderable=screen.shown):
            _follow(agent, screen)
    except KeyboardInterrupt:
        return


def _lane(agent: AgentClient, wanted: str | None) -> tuple[str, list[str]]:
    """The lane that is meant, and its cameras.

    Raises AgentAwayError where there is none of that name, or which is not said.
    """
    lanes: dict[str, Any] = agent.json("/api/lanes")["lanes"]
    if wanted is None and len(lanes) > 1:
        raise AgentAwayError(f"which lane? There is {', '.join(lanes)}")
    name = next(iter(lanes)) if wanted is None else wanted
    if name not in lanes:
        raise AgentAwayError(f"there is no lane {name}; there is {', '.join(lanes)}")
    return name, lanes[name]["cameras"]


def _show_once(agent: AgentClient, screen: Screen) -> None:
    try:
        for name, value in agent.news(screen.path):
            screen.update_section(name, value)
            if screen.whole:
                break
    except AgentAwayError as error:
        echo(f"gate-agent watch: {error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    Console(highlight=False).print(screen.shown())


def _follow(agent: AgentClient, screen: Screen) -> None:
    pause = threading.Event()
    while True:
        try:
            for name, value in agent.news(screen.path):
                screen.update_section(name, value)
            screen.away = "the agent has ended the connection"
        except AgentAwayError as error:
            screen.away = str(error)
        pause.wait(AGAIN_S)


class Screen:
    """What is to be seen of a lane. `away`: why nothing is heard of the agent now."""

    def __init__(self, lane: str, cameras: list[str], journal: Path, language: Language) -> None:
        self.path = f"/live/lane/{lane}/news"
        self.away = ""
        self._lane = lane
        self._cameras = cameras
        self._language = language
        self._told: dict[str, Any] = {}
        self._events = Events(journal)

    @property
    def whole(self) -> bool:
        """Whether everything has been told at least once."""
        wanted = {"lane", "barrier", "inputs", "devices", *(f"camera:{camera}" for camera in self._cameras)}
        return wanted <= self._told.keys()

    def update_section(self, name: str, value: Any) -> None:
        """Take news."""
        self.away = ""
        self._told[name] = value

    def shown(self) -> RenderableType:
        """All of it, for the terminal."""
        parts: list[RenderableType] = [self._head(), self._rows()]
        lines = [event_line(payload, self._language) for payload in self._events.last()]
        parts += [Text("")] + [_cut(line) for line in lines] if lines else []
        return Group(*parts)

    def _head(self) -> Text:
        if self.away:
            return Text(f"{self._lane}: {self.away}", style="bold red")
        lane = self._told.get("lane")
        if lane is None:
            return Text(f"{self._lane} ...", style="dim")
        style = _STYLES.get(lane["tone"], "")
        return Text.assemble((f"{self._lane}  ", "bold"), (lane["state"], style), (f"  {lane['message']}", "bold"))

    def _rows(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        lane, inputs = self._told.get("lane"), self._told.get("inputs")
        if lane is not None and lane["notes"]:
            table.add_row("", Text("  ".join(lane["notes"]), style="yellow"))
        if (barrier := self._told.get("barrier")) is not None:
            table.add_row("▬", Text(barrier["arm"], style=_STYLES.get(barrier["tone"], "")))
        if inputs is not None:
            marks = "   ".join(f"{_MARKS[one['state']]} {one['name']}" for one in inputs["signals"])
            table.add_row("⇥", Text.assemble(marks, "   ", (inputs["age"], _STYLES.get(inputs["tone"], ""))))
        for device in self._told.get("devices", ()):
            table.add_row("", Text.assemble(f"{device['name']}  ", (device["state"], _STYLES.get(device["tone"], ""))))
        for camera in self._cameras:
            if (seen := self._told.get(f"camera:{camera}")) is not None:
                table.add_row("◉", _camera(camera, seen))
        return table


class Events:
    """The last events of the journal, read beside the agent; none where there is no journal or it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = -1
        self._last: deque[bytes] = deque(maxlen=EVENTS)

    def last(self) -> Iterable[bytes]:
        """Those that there are now, the oldest first."""
        try:
            with JournalReader(self._path) as reader:
                now = reader.standing()
                start = max(now.head.seq - EVENTS, now.tail.seq, self._seen)
                for event in reader.events(start + 1):
                    self._last.append(shown_payload(event))
                    self._seen = event.seq
        except (JournalError, OSError):
            return ()
        return tuple(self._last)


def _camera(name: str, seen: dict[str, Any]) -> Text:
    parts: list[tuple[str, str]] = [(f"{name}  ", "bold"), (seen["state"], _STYLES.get(seen["tone"], ""))]
    parts += [(f"  {seen['size']}", "")] if seen["size"] else []
    parts += [(f"  {one['name']} {one['value']}", _STYLES.get(one["tone"], "")) for one in seen["figures"]]
    parts += [(f"  {mark['label']}", _STYLES.get(mark["tone"], "")) for mark in seen["marks"]]
    advice = seen["advice"] or seen["detail"]
    return Text.assemble(*parts, (f"\n{advice}" if advice else "", "yellow"))


def _cut(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
