"""The places where people read: pages, messages, help, descriptions and the docstrings of faces, each with its text."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("agent", "central", "drivers", "sim")
MESSAGES: Final = {"Text": 1, "_": 1, "pgettext": 2, "ngettext": 2}
"""Functions that take a message, and how many of their first arguments are texts."""
SAID: Final = frozenset({"help", "description", "epilog", "short_help"})
"""Keywords whose value people read: help of commands, descriptions of configuration keys and of events' fields."""
SPOKEN: Final = ("agent/cli/", "central/operation/", "sim/demo/")
"""Modules of commands, whose strings of some words go to a terminal."""
WHOLE: Final = ("drivers/api.py",)
"""Modules of which every docstring is read: people outside build on them."""
DESCRIBED: Final = ("agent/settings/model/", "agent/core/events/", "agent/core/commands/")
"""Modules whose classes are tables of the configuration or types of messages: their docstrings are descriptions."""
FEWEST_WORDS: Final = 3
HISTORY: Final = ("docs/adr/", "CHANGELOG.md", "docs/proof.md", "docs/proof/")
"""What was decided, done and printed is not written again."""
_UNREAD: Final = re.compile(
    r"^(```|~~~).*?^\1|`[^`\n]*(?:\n[^`\n]+)?`|\]\([^)\s]*\)|<!--.*?-->|<[^>\n]+>", re.DOTALL | re.MULTILINE
)
"""Code, addresses and comments."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that people read. `path`: its file from the root; `at`: gives the offset of a match in that file."""

    path: str
    text: str
    at: Callable[[re.Match[str]], int]


def passages(root: Path = ROOT) -> Iterator[Passage]:
    """Every text of the repository that people read, file by file."""
    for path in sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")]):
        name = path.relative_to(root).as_posix()
        if not name.startswith(HISTORY):
            yield page(name, path.read_text(encoding="utf-8"))
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield from python(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((root / package).rglob("*.html")):
            yield from template(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def page(name: str, source: str) -> Passage:
    """A page in Markdown without its code, addresses and comments; offsets stay."""
    text = _UNREAD.sub(lambda found: re.sub(r"[^\n]", "·", found[0]), source)
    return Passage(name, text, lambda match: match.start())


def python(name: str, source: str) -> Iterator[Passage]:
    """The messages, help texts and descriptions of a module, and those docstrings that people read."""
    tree = ast.parse(source)
    told = [
        *_docstrings(name, tree),
        *(one for node in ast.walk(tree) if isinstance(node, ast.Call) for one in _said(node)),
    ]
    if name.startswith(SPOKEN):
        told += _sentences(tree)
    for one in told:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield _literal(name, source, one, one.value)


def _sentences(tree: ast.Module) -> Iterator[ast.expr]:
    """Strings of three words and more that are no docstrings."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
        if is_text and len(str(node.value).split()) >= FEWEST_WORDS:
            yield node


def _said(node: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that people read: messages, help, descriptions."""
    function = node.func.id if isinstance(node.func, ast.Name) else ""
    yield from node.args[: MESSAGES.get(function, 0)]
    yield from (one.value for one in node.keywords if one.arg in SAID)


def _docstrings(name: str, tree: ast.Module) -> Iterator[ast.expr]:
    """The docstrings of a module that people read: of faces, commands, tables of the configuration, messages."""
    if name.endswith("__init__.py"):
        yield from _docstring(tree)
    for node in ast.walk(tree):
        is_read = (
            name in WHOLE
            or (isinstance(node, ast.ClassDef) and name.startswith(DESCRIBED))
            or (isinstance(node, ast.FunctionDef) and "typer." in ast.unparse(node.args))
        )
        if is_read and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _docstring(node)


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    if ast.get_docstring(node) is not None and isinstance(node.body[0], ast.Expr):
        yield node.body[0].value


def _literal(name: str, source: str, node: ast.Constant, text: str) -> Passage:
    """A string of a module. Its words are found in the source again, whose lines may break it anywhere."""
    begin = _offset(source, node.lineno, node.col_offset)
    end = _offset(source, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return Passage(name, _UNREAD.sub(lambda found: "·" * len(found[0]), text), _finder(source, begin, end))


def template(name: str, source: str) -> Iterator[Passage]:
    """The messages of a page of the console."""
    for node in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        function = node.node.name if isinstance(node.node, nodes.Name) else ""
        for one in node.args[: MESSAGES.get(function, 0)]:
            if isinstance(one, nodes.Const) and isinstance(one.value, str):
                begin = sum(len(line) for line in source.splitlines(keepends=True)[: one.lineno - 1])
                yield Passage(name, one.value, _finder(source, begin, len(source)))


def _finder(source: str, begin: int, end: int) -> Callable[[re.Match[str]], int]:
    """Gives the offset of matched words in a piece of source, where quotes and line ends may be between them."""

    def find(match: re.Match[str]) -> int:
        words = r"""(?:\s|\\n|["'])+""".join(re.escape(word) for word in match[0].split())
        again = re.compile(words, re.IGNORECASE).search(source, begin, end)
        return again.start() if again else begin

    return find


def _offset(source: str, line: int, column: int) -> int:
    """The offset of a position of `ast`, whose columns count bytes of UTF-8."""
    lines = source.splitlines(keepends=True)
    before = sum(len(one) for one in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode())
