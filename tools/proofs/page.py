"""The report as one page of HTML that fetches nothing, light or dark as the reader's screen is: pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from tools.proofs.document import Heading, Printed, Sentence, of_numbers

if TYPE_CHECKING:
    from tools.proofs.document import Block, Cell, Document, Table

SHORT: Final = 24
"""A command of so many letters is not broken into lines."""
STYLE: Final = """
:root { color-scheme: light dark; --canvas: #f3f5f7; --surface: #fff; --ink: #131a22; --ink-2: #414d5a;
  --line: #d9dfe6; --good: #1a6b35; --bad: #b3261e; --open: #7a5200; }
@media (prefers-color-scheme: dark) { :root { --canvas: #0f1419; --surface: #171e26; --ink: #e8edf2;
  --ink-2: #aab6c2; --line: #2c3742; --good: #6fd08c; --bad: #ff8a80; --open: #f0c060; } }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 84rem; background: var(--canvas); color: var(--ink);
  font: 1rem/1.5 system-ui, "Noto Sans", sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; }
.wide { overflow-x: auto; background: var(--surface); border: 1px solid var(--line); border-radius: 0.6rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th, td { padding: 0.4rem 0.75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--ink-2); font-weight: 600; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.short { white-space: nowrap; }
.good { color: var(--good); } .open { color: var(--open); } .bad { color: var(--bad); font-weight: 700; }
code, pre { font: 0.85rem/1.45 ui-monospace, "Noto Sans Mono", monospace; }
pre { overflow-x: auto; padding: 0.75rem 1rem; background: var(--surface); border: 1px solid var(--line);
  border-left: 0.3rem solid var(--bad); border-radius: 0.4rem; }
"""


def page(document: Document) -> str:
    """The whole page."""
    title = escape(document.title)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{title}</h1>",
            *map(_block, document.blocks),
            "</body>",
            "</html>",
            "",
        ]
    )


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Sentence):
        return f"<p>{_words(block.text)}</p>"
    if isinstance(block, Printed):
        return f"<p>{_words(block.words)}</p>\n<pre>{escape(chr(10).join(block.lines))}</pre>"
    return _table(block)


def _table(table: Table) -> str:
    kinds = [' class="number"' if is_right else "" for is_right in of_numbers(table)]
    heads = "".join(f"<th{kind}>{escape(text)}</th>" for text, kind in zip(table.headings, kinds, strict=True))
    rows = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return "\n".join(
        [
            f'<div class="wide" tabindex="0"><table>\n<thead><tr>{heads}</tr></thead>',
            f"<tbody>\n{rows}\n</tbody></table></div>",
        ]
    )


def _cell(cell: Cell) -> str:
    is_short = cell.is_code and len(cell.text) <= SHORT
    kinds = " ".join(filter(None, [cell.tone.value, "number" if cell.is_number else "", "short" if is_short else ""]))
    text = f"<code>{escape(cell.text)}</code>" if cell.is_code else _words(cell.text)
    return f'<td class="{kinds}">{text}</td>' if kinds else f"<td>{text}</td>"


def _words(text: str) -> str:
    """Words, of which those between backticks are code."""
    parts = [escape(part) for part in text.split("`")]
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    return "".join(parts)
