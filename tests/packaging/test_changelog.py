"""The changelog has its form, and a release is told of."""

from pathlib import Path

import pytest

from tools.changelog import ChangelogError, released
from tools.deb.project import version

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
GOOD = """\
# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-26

### Added
- One.

### Fixed
- Two.

## [1.2.0rc1] - 2026-11-20

## [1.1.9] - 2026-11-20
"""


def test_the_changelog_has_its_form():
    released(CHANGELOG.read_text(encoding="utf-8"))


def test_the_versions_are_told_newest_first():
    assert released(GOOD) == ["1.2.0", "1.2.0rc1", "1.1.9"]


def test_the_version_of_the_product_is_the_newest_released_one_or_a_later_one():
    from packaging.version import Version  # noqa: PLC0415 - beside a folder of this name here

    versions = released(CHANGELOG.read_text(encoding="utf-8"))
    assert not versions or Version(version()) >= Version(versions[0])


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("## [1.2.0] - 2026-11-26", "## 1.2.0", 5),
        ("## [1.2.0] - 2026-11-26", "## [1.2.0]", 5),
        ("## [Unreleased]\n\n", "", 3),
        ("## [1.1.9] - 2026-11-20", "## [1.3.0] - 2026-11-20", 15),
        ("## [1.1.9] - 2026-11-20", "## [1.1.9] - 2026-12-20", 15),
        ("## [1.1.9] - 2026-11-20", "## [Unreleased]", 15),
        ("### Fixed", "### Repaired", 10),
        ("### Fixed", "### Added", 10),
    ],
)
def test_what_has_not_the_form_is_told_with_its_line(right, wrong, line):
    assert right in GOOD
    with pytest.raises(ChangelogError, match=rf"CHANGELOG.md:{line}: "):
        released(GOOD.replace(right, wrong))


def test_an_empty_changelog_is_none():
    with pytest.raises(ChangelogError, match="no section"):
        released("# Changelog\n")
