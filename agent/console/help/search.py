"""Search in the help: every section of every page, by words, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.help.markdown import headings, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_FOUND: Final = 30
MOST_WORDS: Final = 8
SNIPPET: Final = 180
_TITLE_COUNTS: Final = 10
_PAGE_COUNTS: Final = 4
_MOST_IN_TEXT: Final = 5


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, from a heading to the next. `folded`: title and text in small letters, to search in."""

    page: str
    page_title: str
    title: str
    anchor: str
    text: str
    folded: str


@dataclass(frozen=True, slots=True)
class Found:
    """A section that a search has found. `snippet`: its text around the first word."""

    address: str
    page_title: str
    title: str
    snippet: str


def sections(page: str, source: str) -> Iterator[Section]:
    """The sections of a page."""
    lines = source.splitlines()
    starts = list(headings(source))
    page_title = starts[0][1].title if starts else page
    for (number, heading), (end, _) in zip(starts, [*starts[1:], (len(lines), None)], strict=True):
        text = " ".join(" ".join(plain(line).split()) for line in lines[number + 1 : end] if line.strip())
        yield Section(page, page_title, heading.title, heading.anchor, text, f"{heading.title} {text}".casefold())


def search(among: Iterable[Section], words: str) -> list[Found]:
    """The sections that have all of these words, the best first: in titles a word counts more than in the text."""
    wanted = words.casefold().split()[:MOST_WORDS]
    if not wanted:
        return []
    found = [(_score(one, wanted), one) for one in among if all(word in one.folded for word in wanted)]
    found.sort(key=lambda each: -each[0])
    return [
        Found(f"/settings/help/{one.page}#{one.anchor}", one.page_title, one.title, _snippet(one.text, wanted[0]))
        for _, one in found[:MOST_FOUND]
    ]


def _score(section: Section, wanted: list[str]) -> int:
    title, page = section.title.casefold(), section.page_title.casefold()
    return sum(
        _TITLE_COUNTS * (word in title) + _PAGE_COUNTS * (word in page) + min(section.folded.count(word), _MOST_IN_TEXT)
        for word in wanted
    )


def _snippet(text: str, word: str) -> str:
    at = max(text.casefold().find(word), 0)
    begin = max(at - SNIPPET // 3, 0)
    begin = text.find(" ", begin) + 1 if begin else 0
    cut = text[begin : begin + SNIPPET]
    return f"{'… ' if begin else ''}{cut}{' …' if begin + SNIPPET < len(text) else ''}"
