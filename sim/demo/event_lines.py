"""The events that the demo's central system hears, each in one line, and the lists behind a decision below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.core.events import AccessDecided, DriverShown, TransactionClosed
from agent.i18n import Language
from agent.i18n.event_text import event_summary
from agent.i18n.event_tone import TERMINAL_STYLES, event_tone
from sim.demo.tables import on_one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.demo.central import JsonObject

INDENT = 18
TYPE_CELLS = 18


def event_picture(event: JsonObject) -> RenderableType:
    """One event: time, sequence number, type and the gist; nothing is cut off, long texts are folded."""
    kind, data = event["type"], event["data"]
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, min_width=TYPE_CELLS)
    line.add_column(overflow="fold")
    when = Text(f"{event['time'][11:23]} {event['seq']:>4}")
    line.add_row(when, Text(kind, style=TERMINAL_STYLES[event_tone(kind, data)]), _gist(kind, data))
    lists = lists_behind(data) if kind == AccessDecided.TYPE else ""
    below = [Padding(Text(f"by {lists}", style="italic"), (0, 0, 0, INDENT), expand=False)] if lists else []
    return Group(line, *below)


def _gist(kind: str, data: JsonObject) -> str:
    if kind == DriverShown.TYPE:
        devices = dict.fromkeys(output["device"].partition("/")[2] for output in data["outputs"])
        return f"the driver was told {len(data['outputs'])} times, by {', '.join(devices)}"
    gist = event_summary(kind, data, Language.EN)
    if kind == TransactionClosed.TYPE and data.get("driver_messages"):
        gist = f'{gist} The driver was told: "{on_one_line(data["driver_messages"][-1]["message"])}"'
    plate, vin = (data.get(key) if kind == AccessDecided.TYPE else None for key in ("plate", "vin"))
    if vin:
        gist = f"{gist} VIN {vin['read']} ({vin['source']})"
    if not plate:
        return gist
    read, declared = plate["read"] or "no plate", plate["declared"]
    return f"{gist} {read}" if read == declared else f"{gist} {read}, declared {declared}"


def lists_behind(data: JsonObject) -> str:
    """The lists behind an `access.decided`: their versions, what their age allowed and what it was; empty: none."""
    said = data.get("data")
    if not said:
        return ""
    versions = ", ".join(f"{name} {said[name]}" for name in ("declarations", "revocations") if said.get(name))
    age = "" if said["age_s"] is None else f", {said['age_s']} s old"
    return f"{versions or 'no list'}: {said['state']}{age}"
