"""What a TOML text opens and never closes: the place to fix, while parsers name only where they gave up."""

from __future__ import annotations

import re
from typing import Final

from drivers.text import Text

_TOKEN: Final = re.compile(
    r"""
    \#[^\n]*                                                   # a comment
    | (?P<long>\"{3}|'{3})                                     # a text of several lines begins
    | "(?:[^"\\\n]|\\.)*"? | '[^'\n]*'?                        # a text of one line, closed or not
    | (?P<open>[\[{]) | (?P<close>[\]}])
    """,
    re.VERBOSE,
)
_HEADER: Final = re.compile(r"^[ \t]*\[\[?[^\[\]\n]*\]\]?[ \t]*(?:\#[^\n]*)?$", re.MULTILINE)
_LONG_ENDS: Final = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*'{3,5}"),
}
_NO_END: Final = Text("the text has no closing quotes")


def closing(text: str, start: int) -> int:
    """The offset behind the bracket that closes the one at `start`; the end of the text where none does."""
    depth, at = 0, start
    while match := _TOKEN.search(text, at):
        at = match.end()
        if match["long"]:
            end = _LONG_ENDS[match["long"]].match(text, at)
            at = end.end() if end else len(text)
        elif match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
            if depth == 0:
                return at
    return len(text)


def opening(text: str, end: int) -> tuple[int, Text] | None:
    """The offset of the innermost bracket or text of several lines that is open at `end`, and what to say of it."""
    open_brackets: list[int] = []
    at = 0
    while match := _TOKEN.search(text, at, end):
        at = match.end()
        if match["long"]:
            closing = _LONG_ENDS[match["long"]].match(text, at, end)
            if closing is None:
                return match.start(), _NO_END
            at = closing.end()
        elif match["open"]:
            header = _HEADER.match(text, text.rfind("\n", 0, match.start()) + 1) if not open_brackets else None
            if header:
                at = max(at, header.end())
            else:
                open_brackets.append(match.start())
        elif match["close"] and open_brackets:
            open_brackets.pop()
    if not open_brackets:
        return None
    return open_brackets[-1], Text("the bracket {bracket} is never closed", bracket=text[open_brackets[-1]])
