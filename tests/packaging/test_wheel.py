"""The wheel holds the whole product and nothing else, and nothing that it stands beside has its package names."""

import hashlib
import re
import subprocess
import tomllib
from importlib.metadata import distribution
from pathlib import PurePosixPath
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from drivers.contracts.plugin import SUITES
from tests.support.gate.installed import ROOT, build_wheel

PACKAGES = ("agent", "central", "drivers", "sim")
SHARED = ("config", "systemd")
MODELS = ("agent/vision/worker/plate/models", "agent/vision/worker/vin/models")
FONTS = "drivers/camera/simulated_yard/fonts"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as wheel:
        yield wheel


def names(wheel, beginning=""):
    return {name.removeprefix(beginning) for name in wheel.namelist() if name.startswith(beginning)}


def kept(*folders):
    """The files of the repository below these folders: those in it, and those about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_holds_both_packages_and_their_data_and_nothing_else(wheel):
    information = next(name.split("/")[0] for name in names(wheel) if name.endswith(".dist-info/METADATA"))
    data = information.replace(".dist-info", ".data/data/share/gate-agent/")
    code = {name for name in names(wheel) if not name.startswith((information, data))}
    weights = set(weights_of(wheel))
    assert code == {name for name in kept(*PACKAGES) if not name.endswith(".gitignore")} | weights
    assert names(wheel, data) == kept(*SHARED)
    assert names(wheel, f"{information}/") == {
        "METADATA",
        "WHEEL",
        "RECORD",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_both_packages_say_that_they_are_typed(wheel):
    assert {f"{package}/py.typed" for package in PACKAGES} <= names(wheel)


def test_the_weights_in_the_wheel_are_those_of_the_manifest(wheel):
    entries = weights_of(wheel)
    assert len(entries) == 3
    for path, entry in entries.items():
        content = wheel.read(path)
        assert len(content) == entry["size"]
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert {name for name in names(wheel) if name.endswith(".onnx")} == set(entries)


def weights_of(wheel):
    """What the manifests of all folders of weights say of each, by its path."""
    return {
        f"{folder}/{entry['file']}": entry
        for folder in MODELS
        for entry in tomllib.loads(wheel.read(f"{folder}/manifest.toml").decode()).values()
    }


def test_the_fonts_come_with_their_licence(wheel):
    fonts = names(wheel, f"{FONTS}/")
    assert {PurePosixPath(name).suffix for name in fonts} >= {".ttf", ".otf"}
    assert "OFL.txt" in fonts


def test_every_file_in_the_wheel_is_as_in_the_repository(wheel):
    for name in names(wheel):
        if name.startswith(PACKAGES):
            assert wheel.read(name) == (ROOT / name).read_bytes(), name


def test_the_wheel_installs_the_command_and_the_contracts_of_drivers_for_pytest(wheel):
    (points,) = (wheel.read(name).decode() for name in names(wheel) if name.endswith("entry_points.txt"))
    assert [line for line in points.splitlines() if line] == [
        "[console_scripts]",
        "gate-agent = agent.cli.main:main",
        "gate-central = central.operation.main:main",
        "[pytest11]",
        "gate_agent.contracts = drivers.contracts.plugin",
    ]


def test_the_contracts_in_the_wheel_use_nothing_of_the_repositorys_own_tests(wheel):
    suites = {name: wheel.read(name).decode() for name in names(wheel) if name.startswith("drivers/contracts/")}
    assert {f"drivers/contracts/{name}.py" for name in (*SUITES, "plugin", "waiting")} <= suites.keys()
    ours = re.compile(r"^\s*(?:from|import) tests\b", re.MULTILINE)
    assert [name for name, text in suites.items() if ours.search(text)] == []


def test_pytest_is_wanted_by_those_alone_who_make_drivers(wheel):
    (text,) = (wheel.read(name).decode() for name in names(wheel) if name.endswith(".dist-info/METADATA"))
    assert re.findall(r"^Requires-Dist: (pytest.*)$", text, re.MULTILINE) == ["pytest>=8.4; extra == 'contracts'"]


def test_no_locked_dependency_has_a_package_named_like_ours():
    lines = re.findall(r"^[A-Za-z0-9._-]+==[^\\\n]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    locked = [requirement for requirement in map(Requirement, lines) if _is_for_this_python(requirement)]
    assert len(locked) > 20
    for requirement in locked:
        roots = {file.parts[0].removesuffix(".py") for file in distribution(requirement.name).files or ()}
        assert not roots & set(PACKAGES), requirement


def _is_for_this_python(requirement):
    return requirement.marker is None or requirement.marker.evaluate()


def test_every_dependency_is_locked_with_a_hash():
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"^(?=[A-Za-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    locked = {normal(entry.split("==")[0]) for entry in entries}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {normal(Requirement(line).name) for line in wanted} <= locked


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
