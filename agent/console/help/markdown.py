"""Pages in Markdown as safe HTML: no scripts, no styles, no strange tags, links only to pages of the help."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from markdown_it.token import Token

PICTOGRAMS: Final = "../agent/console/static/pictograms/"
MEDIA_TYPES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",  # Python before 3.13 does not know it, and a browser shows no picture of another type
}
PICTURES: Final = tuple(MEDIA_TYPES)
"""What the names of pictures end in."""

_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTOGRAM: Final = re.compile(
    rf'<img src="{re.escape(PICTOGRAMS)}(?P<name>[a-z_]+\.svg)" width="48" height="48" alt="(?P<alt>[^"<>]*)">'
)
_READER: Final = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page. `level`: 1 to 6; `anchor`: the name by which it is linked, unique on the page."""

    level: int
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as HTML, and its headings from top to bottom."""

    html: Markup
    headings: tuple[Heading, ...]


@dataclass(slots=True)
class Anchors:
    """Names of headings as GitHub makes them: a name that is there already gets a number."""

    _used: dict[str, int] = field(default_factory=dict)

    def anchor(self, title: str) -> str:
        """The next heading's name."""
        kept = re.sub(r"[^\w\- ]", "", title.strip().lower())
        name = kept.replace(" ", "-")
        count = self._used.get(name, -1) + 1
        self._used[name] = count
        return f"{name}-{count}" if count else name


def render(source: str, address_of: Callable[[str], str]) -> Rendered:
    """A page as HTML.

    `address_of`: the address in the help of a relative link of the page; "" where it leads out of the help: such a link
    is shown as words, for a gate has no network to follow it.
    """
    anchors = Anchors()
    tokens = _READER.parse(_COMMENT.sub("", source))
    headings: list[Heading] = []
    for place, token in enumerate(tokens):
        if "style" in token.attrs:  # the console's content security policy allows no inline styles
            del token.attrs["style"]
        if token.type == "heading_open":
            title = _words(tokens[place + 1].children or ())
            anchor = anchors.anchor(title)
            token.attrSet("id", anchor)
            headings.append(Heading(int(token.tag[1:]), title, anchor))
        elif token.type == "inline":
            token.children = list(_inline(token.children or (), address_of))
        elif token.type == "html_block":
            token.content = str(escape(token.content))
    html = Markup(_READER.renderer.render(tokens, _READER.options, {}))  # noqa: S704 - made safe above
    return Rendered(html, tuple(headings))


def headings(source: str) -> Iterator[tuple[int, Heading]]:
    """The headings of a page with the numbers of their lines, from 0, without rendering it."""
    anchors = Anchors()
    fence = ""
    for number, line in enumerate(source.splitlines()):
        mark = line.lstrip()[:3]
        if mark in {"```", "~~~"} and (not fence or mark == fence):
            fence = "" if fence else mark
        elif not fence and (found := re.match(r"(#{1,6}) +(.+?) *$", line)):
            title = plain(found[2])
            yield number, Heading(len(found[1]), title, anchors.anchor(title))


def plain(line: str) -> str:
    """A line of Markdown as words alone."""
    without_links = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", line)
    return re.sub(r"[`*|]+|<[^>]+>", "", without_links)


def _words(children: Sequence[Token]) -> str:
    return "".join(one.content for one in children if one.type in {"text", "code_inline"})


def _inline(children: Sequence[Token], address_of: Callable[[str], str]) -> Iterator[Token]:
    """The parts of a line with their links turned into the help, and without tags of its own."""
    is_kept: list[bool] = []
    for token in children:
        if token.type == "link_open":
            is_kept.append(_link(token, address_of))
        if token.type in {"link_open", "link_close"} and not (is_kept.pop() if token.nesting < 0 else is_kept[-1]):
            continue
        if token.type == "image":
            token.attrs = {"src": _address(str(token.attrs.get("src", "")), address_of), "alt": "", "loading": "lazy"}
        if token.type == "html_inline":
            token.content = _tag(token.content)
        yield token


def _link(token: Token, address_of: Callable[[str], str]) -> bool:
    """Turn a link into the help; whether it leads there."""
    address = _address(str(token.attrs.get("href", "")), address_of)
    token.attrs = {"href": address}
    return bool(address)


def _address(href: str, address_of: Callable[[str], str]) -> str:
    if href.startswith("#"):
        return href
    is_elsewhere = ":" in href.partition("/")[0]
    return "" if is_elsewhere else address_of(href)


def _tag(tag: str) -> str:
    """The few tags that the pages need; any other is shown as text."""
    if re.fullmatch(r"<br */?>", tag):
        return "<br>"
    if found := _PICTOGRAM.fullmatch(tag):
        return f'<img src="/static/pictograms/{found["name"]}" width="48" height="48" alt="{found["alt"]}">'
    return str(escape(tag))


def target(page: str, href: str, pages: Mapping[str, object]) -> str:
    """The address in the help of a link on a page, both named from the folder of pages; "" for one that leads out."""
    path, mark, anchor = href.partition("#")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    if name.endswith(PICTURES) and not name.startswith(".."):
        return f"/settings/help/{name}"
    name = name.removesuffix("/")
    for found in (name.removesuffix(".md"), f"{name}/README"):
        if found in pages and (path.endswith(".md") or found.endswith("README")):
            return f"/settings/help/{found}{mark}{anchor}"
    return ""
