"""The end of the demo: the journal verified, what was decided offline, and a picture of each vehicle collected."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from agent.core.crypto import kid_of
from agent.core.events import DriverShown, verify
from agent.store.gate_key import read_gate_key
from sim.demo.report import report_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sim.demo.central import Central
    from sim.demo.result import DemoResult
    from sim.demo.site import Site

DRAIN_TIMEOUT_S = 30.0
SHOWN = DriverShown.TYPE
_OF_FILE_NAMES = str.maketrans({" ": "-", ",": None, "'": None})


def reckoning(central: Central, site: Site, results: Sequence[DemoResult]) -> list[str]:
    """What is to be told at the end, in the markup of rich; what is not as it must be is red. The agent has stopped."""
    return [
        _journal(central, site),
        *_offline(results),
        f"pictures: {_pictures(site, results)} in {site.folder / 'pictures'}",
        f"all vehicles with their pictures, for a browser: {_report(central, site, results)}",
        f"the agent's log: {site.agent_log}",
    ]


def _journal(central: Central, site: Site) -> str:
    stopped = central.wait_for(lambda event: event["type"] == "gate.stopping", DRAIN_TIMEOUT_S)
    if stopped is not None:
        # The gate's last word is its signature over all that it said.
        central.wait_for(lambda event: event["seq"] == stopped["seq"] + 1, DRAIN_TIMEOUT_S)
    key = read_gate_key(site.state).public
    verification = verify(central.lines_in_order, keys={kid_of(key): key})
    signed = verification.signed
    heard = f"journal: {len(central.events)} events heard in order, {central.duplicates} duplicates removed, "
    if verification.whole and stopped is not None and signed is not None:
        return f"{heard}[green]chain holds to the last, signed by the gate up to {signed.seq}[/]"
    return f"{heard}[red]chain broken: {verification}[/]"


def _offline(results: Sequence[DemoResult]) -> Iterator[str]:
    for number, result in enumerate(results, start=1):
        if result.act.broker_away:
            lists = result.lists or "[red]no list[/]"
            yield f"vehicle {number}, while the broker was away: {result.verdict} by {lists}"


def _report(central: Central, site: Site, results: Sequence[DemoResult]) -> Path:
    """Write the page of all vehicles; return where."""
    page = site.folder / "report.html"
    shown = {event["transaction"]: event["data"]["outputs"] for event in central.events if event["type"] == SHOWN}
    page.write_text(report_page(results, shown), encoding="utf-8")
    return page


def _pictures(site: Site, results: Sequence[DemoResult]) -> int:
    """Copy the pictures behind each outcome; return how many there were."""
    folder = site.folder / "pictures"
    folder.mkdir()
    kept = 0
    for number, result in enumerate(results, start=1):
        name = result.act.title.translate(_OF_FILE_NAMES)
        for index, digest in enumerate(result.pictures, start=1):
            for source in (site.state / "evidence").glob(f"*/{digest[:2]}/{digest}.jpg"):
                copy = folder / f"{number:02}-{name}-{index}.jpg"
                shutil.copy(source, copy)
                result.copies.append(copy.name)
                kept += 1
    return kept
