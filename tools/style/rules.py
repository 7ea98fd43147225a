"""The rules of style as rules.toml has them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

RULES: Final = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class StyleRule:
    """A pattern that plain English does without. `instead`: the better words; `bad` and `good`: an example."""

    name: str
    pattern: re.Pattern[str]
    why: str
    instead: str
    bad: str
    good: str


@cache
def rules() -> tuple[StyleRule, ...]:
    """Every rule, in the order of the file."""
    return tuple(
        StyleRule(
            name=row["name"],
            pattern=re.compile(_spaced(row["pattern"]), re.IGNORECASE),
            why=row["why"],
            instead=row["instead"],
            bad=row["bad"],
            good=row["good"],
        )
        for row in _file()["rule"]
    )


@cache
def clean() -> tuple[str, ...]:
    """Files and folders (with a slash at the end) that must have no finding; "!" before one excepts it."""
    return tuple(_file()["clean"])


def must_be_clean(path: str) -> bool:
    """Whether a file, named from the root of the repository, may have no finding."""
    named = [one for one in clean() if path == one.lstrip("!") or (one[-1] == "/" and path.startswith(one.lstrip("!")))]
    return bool(named) and not any(one.startswith("!") for one in named)


@cache
def _file() -> dict[str, list]:  # type: ignore[type-arg]
    return tomllib.loads(RULES.read_text(encoding="utf-8"))


_LOOKBEHIND: Final = re.compile(r"\(\?<[!=](?:[^()\\]|\\.)*\)")


def _spaced(pattern: str) -> str:
    """The pattern with white space of any length for a space; a lookbehind has one length and stays."""
    kept = iter(_LOOKBEHIND.findall(pattern))
    parts = _LOOKBEHIND.split(pattern)
    spaced = [re.sub(r" (?![?*+{])", r"\\s+", part) for part in parts]
    return "".join(part + next(kept, "") for part in spaced)
