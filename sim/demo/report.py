"""The demo's report as a page for a browser: each vehicle with its pictures, what came of it, what its driver was told.

One file without scripts; the pictures lie in a folder beside it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from agent.core.model import DriverMessage, Reason, Verdict
from agent.i18n import Language
from agent.i18n.driver_texts import sentence
from agent.i18n.reasons import officer_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sim.demo.central import JsonObject
    from sim.demo.result import DemoResult

MOST_PICTURES: Final = 4
"""So many pictures of a vehicle are on the page; all of them are in the folder."""

_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>gate agent demo</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d2530; }
section { border-top: 1px solid #c9d1da; padding: 1rem 0; display: grid; grid-template-columns: 1fr 1fr; gap: 0 2rem; }
h2 { font-size: 1.15rem; margin: 0 0 .5rem; grid-column: 1 / -1; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; } ol { margin: 0; padding-left: 1.3rem; }
img { max-width: 100%; display: block; margin-bottom: .5rem; }
.right { color: #0a6b2d; } .wrong { color: #b00020; }
</style>
</head>
<body>
"""


def report_page(results: Sequence[DemoResult], shown: Mapping[str, Sequence[JsonObject]]) -> str:
    """The page. `shown`: of each transaction the outputs of its `driver.shown`, where it has one."""
    right = sum(result.right for result in results)
    parts = [
        _HEAD,
        f"<h1>gate agent demo</h1>\n<p>{len(results)} vehicles, {right} as they must be.</p>\n",
        *(
            part
            for number, result in enumerate(results, start=1)
            for part in _vehicle(number, result, shown.get(result.transaction, ()))
        ),
        "</body>\n</html>\n",
    ]
    return "".join(parts)


def _vehicle(number: int, result: DemoResult, outputs: Iterable[JsonObject]) -> Iterator[str]:
    mark = '<span class="right">&#10004;</span>' if result.right else '<span class="wrong">&#10008;</span>'
    yield f"<section>\n<h2>{number} {mark} {escape(result.act.title)}: {escape(result.act.bears)}</h2>\n<div>\n"
    for copy in result.copies[:MOST_PICTURES]:
        yield f'<img src="pictures/{escape(copy)}" alt="What the gate kept of vehicle {number}">\n'
    yield "</div>\n<dl>\n"
    for name, value in _facts(result):
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
    said = "".join(f"<li>{escape(line)}</li>" for line in _told(result, outputs))
    yield f"<dt>What the driver was told</dt><dd><ol>{said}</ol></dd>\n</dl>\n</section>\n"


def _facts(result: DemoResult) -> Iterator[tuple[str, str]]:
    yield "Result", result.came if result.reason == Reason.OK else f"{result.came}: {result.reason}"
    if result.vin:
        yield "VIN as read", result.vin
    if result.verdict in {Verdict.DENY, Verdict.MANUAL}:
        yield "What the officer reads", officer_text(Reason(result.reason), Language.EN)
    if result.answer_ms is not None:
        yield "From its arrival to the answer", f"{result.answer_ms:.0f} ms"


def _told(result: DemoResult, outputs: Iterable[JsonObject]) -> Iterator[str]:
    """Each message, and what is known of it on each device."""
    became: dict[str, list[str]] = {}
    for output in outputs:
        device = str(output["device"]).partition("/")[2]
        became.setdefault(str(output["message"]), []).append(f"{device}: {output['receipt']}")
    for message in result.told:
        known = f" ({', '.join(dict.fromkeys(became[message]))})" if message in became else ""
        said = sentence(DriverMessage(message), Language.EN) if message in set(DriverMessage) else message
        yield f"{said}{known}"
