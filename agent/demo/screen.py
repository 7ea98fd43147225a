"""What the demo shows in the terminal: the barrier, the events as they arrive, the vehicles and what came of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.demo.clockwork import QUICK, View

if TYPE_CHECKING:
    from types import TracebackType

    from agent.demo.acts import Act
    from agent.demo.central import JsonObject

EVENT_LINES = 14
LANE_CELLS = 56
CELLS_PER_M = 2.5
ARM_CELL = 34
VERDICT_COLOURS = {"PASS": "bold green", "DENY": "bold red", "MANUAL": "bold yellow", "RETRY": "cyan"}
TYPE_COLOURS = {
    "access.granted": "green",
    "transaction.closed": "bold",
    "alarm.raised": "bold red",
    "device.changed": "magenta",
    "gate.started": "magenta",
}


@dataclass(slots=True)
class Result:
    """What came of one vehicle. `pulses`: how often the barrier was raised for it. `answer_ms`: arrival to decision."""

    act: Act
    outcome: str = ""
    reason: str = ""
    pulses: int = 0
    answer_ms: float | None = None
    pictures: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether it is what had to come."""
        raised = 0 if self.act.outcome.value == "denied" else 1
        return (self.outcome, self.reason, self.pulses) == (self.act.outcome.value, self.act.reason.value, raised)


class Screen:
    """Draw live on a terminal; where the output is no terminal, print a line for each event instead."""

    def __init__(self, acts: tuple[Act, ...]) -> None:
        self.console = Console()
        self._live = Live(console=self.console, refresh_per_second=8) if self.console.is_terminal else None
        self._events: deque[Text] = deque(maxlen=EVENT_LINES)
        self._results: list[Result] = []
        self._acts = acts
        self._step = "setting up"
        self._seen = ""
        self._view = View()
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

    def step(self, text: str) -> None:
        """Say what happens now."""
        self._step = text
        if self._live is None:
            self.console.print(f"[bold]>> {text}[/]")
        self._draw()

    def vehicle(self, result: Result) -> None:
        """A vehicle drives up."""
        self._results.append(result)
        code = {"none": "no code", "first": "the first vehicle's code"}.get(
            result.act.shown, f"a code ({result.act.carrier})"
        )
        self._seen = f"{result.act.plate}, {code}"
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

    def broker(self, state: str) -> None:
        """The broker went or came."""
        self._broker = state
        self._draw()

    def event(self, event: JsonObject) -> None:
        """An event arrived at the central system."""
        line = event_line(event)
        self._events.append(line)
        if self._live is None:
            self.console.print(line)
        self._draw()

    def summary(self, results: list[Result], notes: list[str]) -> None:
        """The closing table and what else was checked."""
        if self._live is not None:
            self._live.update(Group(self._vehicles(final=True)))
            self._live.stop()
            self._live = None
        else:
            self.console.print(self._vehicles(final=True))
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
            Text(f"broker: {self._broker}"),
        )
        events = Group(*self._events) if self._events else Text("no event yet")
        return Group(
            Text(f"gate agent demo - {self._step}", style="bold"),
            Columns([Panel(yard, title="at the barrier", width=LANE_CELLS + 4, height=11)], expand=False),
            Panel(events, title="what the central system hears", height=EVENT_LINES + 2),
            self._vehicles(final=False),
        )

    def _vehicles(self, *, final: bool) -> Table:
        table = Table(title="vehicles", expand=False)
        for heading in ("", "vehicle", "plate", "outcome", "reason", "raised", "answer"):
            table.add_column(heading, justify="right" if heading in {"raised", "answer"} else "left")
        for number, result in enumerate(self._results, start=1):
            done = bool(result.outcome)
            mark = "" if not done and not final else ("[green]✔[/]" if result.right else "[red]✘[/]")
            answer = "" if result.answer_ms is None else f"{result.answer_ms:.0f} ms"
            table.add_row(
                f"{number} {mark}",
                result.act.title,
                result.act.plate,
                result.outcome or "...",
                result.reason,
                str(result.pulses) if done else "",
                answer,
            )
        return table


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


def event_line(event: JsonObject) -> Text:
    """One event as one line: time, sequence number, type and the gist."""
    kind, data = event["type"], event["data"]
    line = Text(f"{event['time'][11:23]} {event['seq']:>4} ")
    line.append(f"{kind:<19}", style=TYPE_COLOURS.get(kind, "default"))
    if kind == "access.decided":
        line.append(f"{data['verdict']} {data['reason']}", style=VERDICT_COLOURS.get(data["verdict"], ""))
        if data["plate"]:
            line.append(f"  plate {data['plate']['read'] or '-'} / declared {data['plate']['declared']}")
    elif kind in _GISTS:
        line.append(_GISTS[kind].format(**data)[:90])
    return line


_GISTS = {
    "transaction.closed": "{outcome} ({reason}) after {duration_s:.1f} s",
    "access.granted": "by {by}",
    "alarm.raised": "{alarm} {detail}",
    "device.changed": "{family} {device}: {state} {detail}",
    "barrier.moved": "{position}",
    "barrier.pulsed": "{action}: {delivery}",
    "permit.presented": "{length} bytes by {engine}",
    "chain.checkpoint": "signs all up to {seq}",
}
