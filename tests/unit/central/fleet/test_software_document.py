"""The order of a version, made of the repository of a release, and rolled out as any other document."""

import hashlib
import shutil

import pytest
from typer.testing import CliRunner

from agent.cli.rollout import app
from agent.core.fleet import DocumentKind
from agent.core.software import parsed_order
from central.fleet import PlanError, SoftwareTextError, read_plan, software_text
from tests.support.packaging.release_keys import TIME, small_package
from tools.deb.package_files import Build
from tools.deb.targets import TARGETS
from tools.supply.repository import Validity, lay_out_repository

PLAN = """
name = "software"
kind = "software"
cause = "a fault is mended"
text_file = "software.toml"
sites = [17]
gates = ["gate-1", "gate-2"]
[[stages]]
percent = 50
[[stages]]
percent = 100
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    if shutil.which("apt-ftparchive") is None:
        pytest.skip("apt-ftparchive is not installed")
    folder = tmp_path_factory.mktemp("release")
    packages = {target: small_package(folder, Build(target, "0.5.0", TIME)) for target in TARGETS.values()}
    lay_out_repository(folder / "apt", packages, Validity(TIME, 30))
    return folder / "apt", packages


def test_it_names_every_package_of_the_version_with_its_hash(repository):
    folder, packages = repository
    order = parsed_order(software_text(folder, "0.5.0", path="apt", floor="0.4.0"))
    assert (order.version, order.floor, order.path) == ("0.5.0", "0.4.0", "apt")
    assert set(order.packages) == {target.name for target in TARGETS.values()}
    for target, package in packages.items():
        found = order.packages[target.name]
        assert found.file == package.name
        assert found.sha256 == hashlib.sha256(package.read_bytes()).hexdigest()
        assert found.bytes == package.stat().st_size


@pytest.mark.parametrize(
    ("version", "floor", "told"), [("0.6.0", "", "lists no package"), ("0.5.0", "0.9.0", "floor of at most")]
)
def test_what_cannot_be_ordered_is_told(repository, version, floor, told):
    with pytest.raises(SoftwareTextError, match=told):
        software_text(repository[0], version, floor=floor)


def test_a_plan_brings_it_out_and_a_mistake_in_it_is_told_before_it_is_sent(repository, tmp_path):
    printed = CliRunner().invoke(app, ["software", str(repository[0]), "0.5.0", "--path", "apt"])
    assert printed.exit_code == 0
    (tmp_path / "plan.toml").write_text(PLAN)
    (tmp_path / "software.toml").write_text(printed.stdout)
    plan = read_plan(tmp_path / "plan.toml")
    assert plan.document(0, 1, 1.0).kind is DocumentKind.SOFTWARE
    assert len(plan.meant(0, {})) == 1
    (tmp_path / "software.toml").write_text(printed.stdout.replace("_amd64.deb", "_i386.deb"))
    with pytest.raises(PlanError, match=r"software\.toml: .*expected the file"):
        read_plan(tmp_path / "plan.toml")


def test_the_command_says_what_is_wrong(repository):
    said = CliRunner().invoke(app, ["software", str(repository[0]), "0.7.0"])
    assert said.exit_code != 0
    assert "lists no package of gate-agent 0.7.0" in said.output
