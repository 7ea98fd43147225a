"""The pages of the help: where they lie, which there are, and one of them as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.console.help.markdown import MEDIA_TYPES, PICTURES, Heading, headings, render, target
from agent.console.help.search import Found, Section, search, sections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.console.help.markdown import Rendered

FIRST: Final = "index"
PLACES: Final = (Path(__file__).parents[3] / "docs", Path("/usr/share/doc/gate-agent"))
"""Where the pages may lie: beside the code in a checkout, and where the package puts them on a gate."""
_KEPT_PAGES: Final = 8


class PageUnknownError(LookupError):
    """The help has no such page or picture."""


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A page that is shown. `name`: without its ending, from the folder of pages, such as "boards/lcus"."""

    name: str
    title: str
    rendered: Rendered

    @property
    def contents(self) -> tuple[Heading, ...]:
        """The headings of its sections."""
        return tuple(one for one in self.rendered.headings if one.level == 2)  # noqa: PLR2004 - the title has 1


class HelpLibrary:
    """The pages in a folder. They are read once and kept; a new version of the package restarts the agent."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        files = sorted(folder.rglob("*")) if folder is not None else ()
        names = {path.relative_to(folder).as_posix(): path for path in files if path.is_file()} if folder else {}
        self._pages = {name.removesuffix(".md"): path for name, path in names.items() if name.endswith(".md")}
        self._pictures = {name: path for name, path in names.items() if name.endswith(PICTURES)}
        self._sections: Sequence[Section] | None = None
        self._page = lru_cache(_KEPT_PAGES)(self._rendered)

    @classmethod
    def installed(cls) -> HelpLibrary:
        """The pages of this installation; an empty library where it brought none."""
        return cls(next((one for one in PLACES if (one / f"{FIRST}.md").is_file()), None))

    @property
    def is_empty(self) -> bool:
        """Whether there is no page."""
        return FIRST not in self._pages

    def page(self, name: str) -> HelpPage:
        """A page. Raises PageUnknownError, and OSError where it cannot be read any more."""
        if name not in self._pages:
            raise PageUnknownError(name)
        return self._page(name)

    def picture(self, name: str) -> tuple[Path, str]:
        """The file of a picture, and its media type. Raises PageUnknownError."""
        if name not in self._pictures:
            raise PageUnknownError(name)
        path = self._pictures[name]
        return path, MEDIA_TYPES[path.suffix]

    def search(self, words: str) -> list[Found]:
        """The sections that have all of these words, the best first. Raises OSError."""
        if self._sections is None:
            self._sections = [section for name, path in self._pages.items() for section in sections(name, _text(path))]
        return search(self._sections, words)

    def anchors(self) -> Mapping[str, frozenset[str]]:
        """The names of headings on each page. Raises OSError."""
        return {
            name: frozenset(heading.anchor for _, heading in headings(_text(path)))
            for name, path in self._pages.items()
        }

    def _rendered(self, name: str) -> HelpPage:
        rendered = render(_text(self._pages[name]), lambda href: target(name, href, self._pages))
        return HelpPage(name, rendered.headings[0].title if rendered.headings else name, rendered)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
