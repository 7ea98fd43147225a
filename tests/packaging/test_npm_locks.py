"""The locks of npm: they pin every package by its hash, and name no host that it must come from."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/generators", "examples/central-node")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_package_is_pinned_by_its_hash_and_comes_from_no_named_host(folder):
    lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_asked_for_is_one_version_and_is_the_one_in_the_lock(folder):
    asked = json.loads((ROOT / folder / "package.json").read_text("utf-8"))
    wanted = {**asked["dependencies"], **asked.get("devDependencies", {})}
    lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted
