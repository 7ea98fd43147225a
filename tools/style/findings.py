"""What the rules find, and the baseline: files whose findings are known and may only become fewer."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.style.places import ROOT
from tools.style.rules import must_be_clean, rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tools.style.places import Passage

BASELINE: Final = Path(__file__).with_name("baseline.toml")
_HEAD: Final = (
    "# Known findings, by file. A count only goes down: rewrite a text, then run `python -m tools.style --lower`.\n"
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Words that a rule bars. `line` and `column` count from 1."""

    path: str
    line: int
    column: int
    words: str
    rule: str
    why: str
    instead: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}"
        return f'{place}: "{self.words}": {self.why} Write: {self.instead} [{self.rule}]'


def findings(passages: Iterable[Passage], root: Path = ROOT) -> list[Finding]:
    """All that the rules find, in the order of files and lines; each place once."""
    found: set[Finding] = set()
    for passage in passages:
        source = ""
        for rule in rules():
            for match in rule.pattern.finditer(passage.text):
                source = source or (root / passage.path).read_text(encoding="utf-8")
                before = source[: passage.at(match)]
                line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
                words = " ".join(match[0].split())
                found.add(Finding(passage.path, line, column, words, rule.name, rule.why, rule.instead))
    return sorted(found)


def known(path: Path = BASELINE) -> Mapping[str, int]:
    """The baseline: how many findings each file may have."""
    return tomllib.loads(path.read_text(encoding="utf-8"))["findings"]  # type: ignore[no-any-return]


def problems(found: Iterable[Finding], allowed: Mapping[str, int]) -> Iterator[str]:
    """Why a check fails: one line each.

    A file with more findings than the baseline allows is shown finding by finding; one with fewer must be lowered.
    """
    by_file: dict[str, list[Finding]] = {}
    for one in found:
        by_file.setdefault(one.path, []).append(one)
    for path in sorted(by_file.keys() | allowed.keys()):
        here, may = by_file.get(path, []), allowed.get(path, 0)
        if may and must_be_clean(path):
            yield f"{path}: may not be in the baseline"
        elif len(here) > may:
            yield from (str(one) for one in here)
        elif len(here) < may:
            yield f"{path}: {len(here)} findings are left of {may}: run `python -m tools.style --lower`"


def lowered(found: Iterable[Finding], allowed: Mapping[str, int]) -> dict[str, int]:
    """The baseline with lower counts where fewer are left; no count rises and no file is added."""
    left = Counter(one.path for one in found)
    return {path: count for path, may in allowed.items() if (count := min(may, left[path]))}


def written(allowed: Mapping[str, int]) -> str:
    """The text of a baseline."""
    return _HEAD + "\n[findings]\n" + "".join(f'"{path}" = {count}\n' for path, count in sorted(allowed.items()))
