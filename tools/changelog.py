"""The form of CHANGELOG.md (https://keepachangelog.com/en/1.1.0/).

What it must look like, and what it says of releases.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from packaging.version import Version

KINDS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_SECTION: Final = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<day>\d{4}-\d\d-\d\d))?$")


class ChangelogError(Exception):
    """The changelog does not have the required form; the message names the line and the fix."""


def released(text: str) -> list[str]:
    """The versions that it names, newest first. Raises ChangelogError for what has not the form."""
    found: list[tuple[Version, date]] = []
    kinds: list[str] = []
    sections = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            sections += 1
            kinds = []
            _take_section(line, number, sections, found)
        elif line.startswith("### "):
            _take_kind(line.removeprefix("### "), number, kinds)
    if sections == 0:
        raise ChangelogError("CHANGELOG.md: it has no section; the first is: ## [Unreleased]")
    return [str(version) for version, _ in found]


def _take_section(line: str, number: int, sections: int, found: list[tuple[Version, date]]) -> None:
    match = _SECTION.match(line)
    if match is None:
        raise ChangelogError(
            f"CHANGELOG.md:{number}: a section is ## [Unreleased] or ## [1.2.3] - 2026-11-26, not {line!r}"
        )
    if match["name"] == "Unreleased":
        if sections != 1 or match["day"]:
            raise ChangelogError(f"CHANGELOG.md:{number}: [Unreleased] is the first section, and has no day")
        return
    if sections == 1:
        raise ChangelogError(f"CHANGELOG.md:{number}: the first section is ## [Unreleased]")
    if match["day"] is None:
        raise ChangelogError(f"CHANGELOG.md:{number}: a release has its day, as in ## [1.2.3] - 2026-11-26")
    one = (Version(match["name"]), date.fromisoformat(match["day"]))
    if found and (one[0] >= found[-1][0] or one[1] > found[-1][1]):
        raise ChangelogError(f"CHANGELOG.md:{number}: the newest release stands first")
    found.append(one)


def _take_kind(kind: str, number: int, kinds: list[str]) -> None:
    if kind not in KINDS:
        raise ChangelogError(f"CHANGELOG.md:{number}: a heading is one of {', '.join(KINDS)}, not {kind!r}")
    if kind in kinds:
        raise ChangelogError(f"CHANGELOG.md:{number}: {kind!r} stands twice in one section")
    kinds.append(kind)
