"""What the demo shows in the terminal: the barrier, the events as they arrive, the vehicles and what came of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.segment import SegmentLines
from rich.table import Table
from rich.text import Text

from agent.core.model import Reason
from sim.demo.event_lines import event_picture
from sim.demo.real_time import QUICK, View
from sim.demo.tables import advice_table, mark, messages_table, on_one_line, results_table

if TYPE_CHECKING:
    from types import TracebackType

    from rich.segment import Segment

    from sim.demo.central import JsonObject
    from sim.demo.result import DemoResult
    from sim.demo.vehicles import Act
    from sim.demo.yard import SignLines

EVENT_LINES = 16
FEWEST_EVENT_LINES = 5
OTHER_LINES = 23
"""Of the picture beside the events and the vehicles: headings, frames and the lane."""
PANEL_FRAME = 4
LANE_CELLS = 56
CELLS_PER_M = 2.5
ARM_CELL = 34


class Screen:
    """Draw live on a terminal; where the output is no terminal, print a line for each event instead."""

    def __init__(self, acts: tuple[Act, ...]) -> None:
        self.console = Console()
        self._live = Live(console=self.console, refresh_per_second=8) if self.console.is_terminal else None
        self._events: deque[list[Segment]] = deque(maxlen=EVENT_LINES)
        self._results: list[DemoResult] = []
        self._acts = acts
        self._step = "setting up"
        self._seen = ""
        self._view = View()
        self._sign: SignLines = ()
        self._page = ""
        self._guest = self._choosing = ""
        self._choices: dict[str, str] = {}
        self._broker = "up"

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def now(self) -> str:
        """What happens now."""
        return self._step

    def step(self, text: str) -> None:
        """Say what happens now."""
        self._step = text
        if self._live is None:
            self.console.print(f"[bold]>> {text}[/]")
        self._draw()

    def vehicle(self, result: DemoResult) -> None:
        """A vehicle drives up."""
        self._results.append(result)
        code = {"none": "no code", "first": "the first vehicle's code"}.get(
            result.act.shown, f"a code ({result.act.carrier})"
        )
        label = f", a VIN label ({result.act.label})" if result.act.label else ""
        self._seen = f"{result.act.bears}{label}, {code}"
        self.step(f"vehicle {len(self._results)} of {len(self._acts)}: {result.act.title}")

    def gone(self) -> None:
        """The vehicle is away."""
        self._seen = ""
        self._draw()

    def lane(self, view: View) -> None:
        """The arm, the lamp or a vehicle moved."""
        if view != self._view:
            self._view = view
            self._draw()

    def sign(self, lines: SignLines) -> None:
        """The sign at the post shows something else."""
        self._sign = lines
        self._draw()

    def driver_page(self, address: str) -> None:
        """The driver page is served here."""
        self._page = address
        self.step(f"what the driver is told, in a browser: {address}")

    def guest(self, link: str, page: str) -> None:
        """This link logs a browser in; on this page vehicles are chosen; "": none are."""
        self._guest, self._choosing = link, page
        self.step(f"see it in a browser, open this link (it works once): {link}")

    def choices(self, choices: dict[str, str]) -> None:
        """What the visitor can choose, by the keys."""
        if choices != self._choices:
            self._choices = choices
            if self._live is None and choices:
                self.console.print(_keys(choices))
            self._draw()

    def broker(self, state: str) -> None:
        """The broker went or came."""
        self._broker = state
        self._draw()

    def event(self, event: JsonObject) -> None:
        """An event arrived at the central system."""
        picture = event_picture(event)
        if self._live is None:
            self.console.print(picture)
        else:
            # Laid out once, not with every picture: the relay board, which must answer in time, is emulated beside
            # this.
            options = self.console.options.update(width=self.console.width - PANEL_FRAME, height=None)
            self._events.extend(self.console.render_lines(picture, options, pad=False))
        self._draw()

    def summary(self, results: list[DemoResult], notes: list[str]) -> None:
        """The closing table and what else was checked."""
        if self._live is not None:
            self._live.update(Text(""))
            self._live.stop()
            self._live = None
        self.console.print(results_table(results), advice_table(results), messages_table(results))
        for note in notes:
            self.console.print(note)
        wrong = sum(not result.right for result in results)
        verdict = "[bold green]all as it must be[/]" if not wrong else f"[bold red]{wrong} not as it must be[/]"
        self.console.print(f"{len(results)} vehicles: {verdict}")

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self._picture())

    def _picture(self) -> RenderableType:
        yard = Group(
            Text(f"before the camera: {self._seen or 'nobody'}"),
            *lane_lines(self._view),
            sign_line(self._sign),
            Text(f"driver page: {self._page or '...'}", no_wrap=True),
            Text(f"broker: {self._broker}"),
        )
        room = self.console.height - OTHER_LINES - len(self._acts)
        room = max(FEWEST_EVENT_LINES, min(EVENT_LINES, room))
        return Group(
            Text(f"gate agent demo - {self._step}", style="bold", no_wrap=True),
            Text(f"browser: {self._guest or '...'}", overflow="fold"),
            *([_keys(self._choices), Text(f"or choose here: {self._choosing}")] if self._choices else []),
            Panel(yard, title="at the barrier", width=LANE_CELLS + PANEL_FRAME),
            Panel(
                SegmentLines(list(self._events)[-room:], new_lines=True),
                title="what the central system hears",
                height=room + 2,
            ),
            self._progress(),
        )

    def _progress(self) -> Table:
        """The vehicles so far, each in one line."""
        table = Table(box=None, show_header=False, pad_edge=False)
        for _ in range(5):
            table.add_column(no_wrap=True)
        for number, result in enumerate(self._results, start=1):
            came = result.reason if result.reason != Reason.OK else result.outcome
            row = (mark(number, result, final=False), result.act.title, result.act.bears, came or "...")
            table.add_row(*row, _told(result))
        return table


def _told(result: DemoResult) -> str:
    """What the driver was told last, in words."""
    return on_one_line(result.told[-1]) if result.told else ""


def _keys(choices: dict[str, str]) -> Text:
    """What can be chosen, on one line."""
    line = Text("choose: ", overflow="fold")
    for key, words in choices.items():
        line.append(f"[{key}]", style="bold")
        line.append(f" {words}   ")
    return line


def sign_line(lines: SignLines) -> Text:
    """What can be read on the sign."""
    shown = [Text(text, style=colour) for text, colour in lines if text]
    return Text("sign: ", no_wrap=True) + (Text(" | ").join(shown) if shown else Text("dark", style="bright_black"))


def lane_lines(view: View) -> list[Text]:
    """The lane from aside, driven from left to right: the lamp, the arm, the vehicles, the loops in the road."""
    boom = round(view.arm * 4)
    lines = [Text(" " * ARM_CELL + ("\u2551" if boom > height else " ")) for height in (3, 2, 1, 0)]
    lines[3].append("  arm up" if view.arm == 1.0 else ("  arm down" if view.arm == 0.0 else "  arm moves"))
    lines[2].append("   \u25cf", style="green" if view.green else "red")
    road = [" "] * LANE_CELLS
    for rear_m, front_m in view.vehicles:
        for cell in range(max(0, _cell(rear_m)), min(LANE_CELLS, _cell(front_m) + 1)):
            road[cell] = "\u2588"
    if boom == 0 and road[ARM_CELL] == " ":
        road[ARM_CELL] = "\u2590"
    loops = Text("\u2500" * LANE_CELLS)
    for (low_m, high_m), on in ((QUICK.presence, view.presence), (QUICK.safety, view.safety)):
        loops.stylize("bold green" if on else "bold blue", _cell(low_m), _cell(high_m))
    return [*lines, Text("".join(road), style="cyan"), loops]


def _cell(at_m: float) -> int:
    return ARM_CELL + round(at_m * CELLS_PER_M)
