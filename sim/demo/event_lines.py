"""The events that the demo's central system hears, each in one line, and what an officer would read below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.core.model import Reason, Verdict
from agent.i18n import Language
from agent.i18n.reasons import officer_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.demo.central import JsonObject

INDENT = 18
TYPE_CELLS = 18
VERDICT_COLOURS = {
    Verdict.PASS: "bold green",
    Verdict.DENY: "bold red",
    Verdict.MANUAL: "bold yellow",
    Verdict.RETRY: "cyan",
}
TYPE_COLOURS = {
    "access.granted": "green",
    "transaction.closed": "bold",
    "alarm.raised": "bold red",
    "device.changed": "magenta",
    "gate.started": "magenta",
    "lists.applied": "blue",
    "lists.state": "blue",
}
_GISTS = {
    "transaction.closed": "{outcome} ({reason}) after {duration_s:.1f} s",
    "access.granted": "by {by}",
    "alarm.raised": "{alarm}: {detail}",
    "device.changed": "{family} {device}: {state} {detail}",
    "barrier.moved": "{position}",
    "barrier.pulsed": "{action}: {delivery}",
    "permit.presented": "{length} bytes by {engine}",
    "chain.checkpoint": "signs all up to {seq}",
    "lists.applied": "{list} {version}, rows: {rows}, by {source}",
    "lists.state": "{state}",
    "clock.changed": "{state}",
}


def event_picture(event: JsonObject) -> RenderableType:
    """One event: time, sequence number, type and the gist; nothing is cut off, long texts are folded."""
    kind = event["type"]
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, min_width=TYPE_CELLS)
    line.add_column(overflow="fold")
    when = Text(f"{event['time'][11:23]} {event['seq']:>4}")
    line.add_row(when, Text(kind, style=TYPE_COLOURS.get(kind, "default")), _gist(kind, event["data"]))
    below = _below(event["data"]) if kind == "access.decided" else []
    return Group(line, *(Padding(Text(text, style="italic"), (0, 0, 0, INDENT), expand=False) for text in below))


def _gist(kind: str, data: JsonObject) -> Text:
    if kind != "access.decided":
        return Text(_GISTS.get(kind, "").format(**data).rstrip())
    gist = Text(f"{data['verdict']} {data['reason']}", style=VERDICT_COLOURS[Verdict(data["verdict"])])
    if data["plate"]:
        read, declared = data["plate"]["read"] or "no plate", data["plate"]["declared"]
        gist.append(f"  {read}" if read == declared else f"  {read}, declared {declared}", style="default")
    return gist


def _below(data: JsonObject) -> list[str]:
    """What an officer reads of a decision, and by which lists it was made."""
    verdict = Verdict(data["verdict"])
    if verdict is Verdict.RETRY:
        return []
    below = [] if verdict is Verdict.PASS else [f"officer: {officer_text(Reason(data['reason']), Language.EN)}"]
    lists = lists_behind(data)
    return [*below, f"by {lists}"] if lists else below


def lists_behind(data: JsonObject) -> str:
    """The lists behind an `access.decided`: their versions, what their age allowed and what it was; empty: none."""
    said = data.get("data")
    if not said:
        return ""
    versions = ", ".join(f"{name} {said[name]}" for name in ("declarations", "revocations") if said.get(name))
    age = "" if said["age_s"] is None else f", {said['age_s']} s old"
    return f"{versions or 'no list'}: {said['state']}{age}"
