"""The page docs/dependencies.md names each work of others that the product uses, and says what holds of it."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import dependencies_page
from tools.deb.targets import LIBRARIES, NEEDED, RECOMMENDED, SUGGESTED
from tools.deb.third_party import normal

ROOT = Path(__file__).parents[2]
SIZE = re.compile(r"\| [\d.]+ [kM]B \|")
WORDS = tomllib.loads(dependencies_page.WORDS.read_text(encoding="utf-8"))
LOCKED = re.compile(r"^([\w.-]+)==", re.MULTILINE)


@pytest.fixture(scope="module")
def text():
    return dependencies_page.PAGE.read_text(encoding="utf-8")


def rows(text):
    return {line.split(" | ")[0].removeprefix("| ").strip("`") for line in text.splitlines() if line.startswith("| ")}


def test_the_page_is_what_the_tool_writes_but_for_sizes_which_each_machine_measures_anew(text):
    written = dependencies_page.page()
    assert SIZE.sub("| size |", text) == SIZE.sub("| size |", written), "run: python -m tools.dependencies_page"


def test_every_package_that_pyproject_names_has_its_row(text):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    assert len(lines) > 25
    assert {normal(Requirement(line).name) for line in lines} <= rows(text)


def test_every_package_that_the_product_imports_is_named_by_pyproject():
    """What comes only because another package needs it goes when that one no longer does."""
    named = {name for extra in ("", *dependencies_page.EXTRAS) for name in dependencies_page.requirements(extra)}
    assert set(dependencies_page.importers()) - named == set()


def test_every_package_that_a_release_carries_has_its_row(text):
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {normal(name) for name in LOCKED.findall(lock)} - {"colorama"}  # for Windows alone
    assert len(locked) > 50
    assert locked <= rows(text)


def test_every_debian_package_of_the_control_file_and_every_file_of_a_manifest_has_its_row(text):
    named = {name for line in (*LIBRARIES, *NEEDED, *RECOMMENDED, *SUGGESTED) for name in line.split(" | ")}
    assert named - {"time-daemon"} <= rows(text)
    files = {str(path.relative_to(ROOT)) for path, _ in dependencies_page.vendored().values()}
    assert len(files) > 5
    assert files <= rows(text)


def test_nothing_is_explained_that_is_not_used(text):
    names = {row.rsplit("/", 1)[-1] for row in rows(text)}
    assert {name for part in WORDS.values() for name in part} <= names


def test_a_new_dependency_without_words_stops_the_tool(monkeypatch):
    named = dependencies_page.requirements()
    monkeypatch.setattr(dependencies_page, "requirements", lambda _="": [*named, "hypothesis"])
    with pytest.raises(KeyError, match="hypothesis"):
        dependencies_page.page()
