"""What a Debian package holds and says of itself; how it lives on a machine is in test_boot.py."""

import hashlib
import json
import os
import re
import subprocess
from importlib.metadata import distributions

import pytest

from tests.support.packaging.debian_packages import STORE, Packages, own_target
from tests.support.packaging.release_keys import release_key, write_keys
from tools.deb import environment
from tools.deb.command_tree import commands
from tools.deb.completion import completion
from tools.deb.environment import installed_wheel, ready_environment
from tools.deb.licences import bill_of_materials, copyright_file
from tools.deb.manual import installer_manual, manual
from tools.deb.package_files import INSTALLER, OUTSIDE, SCRIPTS, TREES, Build, build_wheel, lay_out
from tools.deb.targets import LIBRARIES, TARGETS, BuildError
from tools.deb.third_party import works
from tools.supply.keyring import KEYRING

VERSION = "0.9.0"
TIME = 1_700_000_000

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(own_target() is None, reason="packages are built for Debian 12 and 13"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return Packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def control(packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    subprocess.run(["dpkg-deb", "--control", packages.thin(VERSION), folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def found(packages):
    return works(ready_environment(packages.target, STORE))


def test_a_package_is_the_same_bytes_each_time(packages, tmp_path):
    again = Packages(tmp_path).thin(VERSION)
    sums = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (again, packages.thin(VERSION))}
    assert len(sums) == 1


def test_nothing_tells_where_and_when_the_product_was_built(tmp_path):
    built = []
    for name in ("here", "there"):
        wheel = build_wheel(tmp_path / name, TIME)
        folder = installed_wheel(own_target(), wheel, tmp_path / name / "environments")
        built.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert built[0] == built[1]
    assert not [path for path, content in built[0].items() if os.fsencode(tmp_path) in content]


def test_it_is_refused_before_it_is_unpacked_where_python_or_a_library_does_not_fit(packages, control):
    text = (control / "control").read_text()
    python = packages.target.python
    assert f"Version: {VERSION}+deb{packages.target.release}\n" in text
    assert f"Architecture: {packages.target.architecture}\n" in text
    (before,) = re.findall(r"^Pre-Depends: (.*)$", text, re.MULTILINE)
    assert before.startswith(f"python3 (>= {python}), python3 (<< {packages.target.next_python}), libzbar0")
    assert "\nDepends:" not in text


def test_it_brings_the_keys_by_which_the_next_release_is_known_and_what_checks_them(packages, tmp_path):
    with release_key() as key:
        build = Build(packages.target, VERSION, TIME, write_keys(tmp_path / "keys", key))
        lay_out(build, build_wheel(tmp_path / "wheel", TIME), STORE, tmp_path / "content")
        held = tmp_path / "content/usr/share/keyrings" / KEYRING
        assert held.read_bytes() == key._gpg("--export")
    assert held.stat().st_mode & 0o777 == 0o644
    installer = tmp_path / "content/usr/sbin/gate-agent-install"
    assert (installer.stat().st_mode & 0o777, installer.read_bytes()) == (0o755, INSTALLER.read_bytes())
    assert ", gpgv | sqv\n" in (tmp_path / "content/DEBIAN/control").read_text()


def test_drivers_of_others_have_a_folder_of_roots_beside_it_where_python_looks_last(packages, tmp_path):
    lay_out(Build(packages.target, VERSION, TIME), build_wheel(tmp_path / "wheel", TIME), STORE, tmp_path / "content")
    place = f"{OUTSIDE}/python{packages.target.python}"
    folder = tmp_path / "content" / place
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o755
    (line,) = (tmp_path / "content" / TREES).glob("*/lib/python*/site-packages/gate-agent-drivers.pth")
    assert line.read_text() == f"/{place}\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_place_in_a_script_is_left_unfilled_and_it_is_posix_shell(control, script):
    text = (control / script).read_text()
    assert text.startswith("#!/bin/sh\n")
    assert re.findall(r"@[A-Z_]+@", text) == []
    checked = subprocess.run(["sh", "-n", control / script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_refuses_what_it_does_not_know(control, script):
    done = subprocess.run(["sh", control / script, "dance"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "dpkg asked for something unknown: dance" in done.stderr


def test_every_python_package_in_it_has_a_licence_and_most_bring_its_text(packages, found):
    there = {
        re.sub(r"[-_.]+", "-", one.name).lower()
        for one in distributions(path=[str(ready_environment(packages.target, STORE))])
    }
    assert {work.name for work in found} == there
    assert all(work.licence for work in found)
    without = {work.name for work in found if not work.texts}
    assert without <= {"flatbuffers", "pyserial"}  # Apache-2.0 and BSD, by their metadata alone


def test_a_package_without_a_known_licence_stops_the_build(tmp_path):
    information = tmp_path / "nobody-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: nobody\nVersion: 1.0\nLicense: ask me\n")
    with pytest.raises(BuildError, match="licence of nobody is not known"):
        works(tmp_path)


def test_a_foreign_file_that_is_not_as_its_manifest_says_stops_the_build(tmp_path):
    folder = tmp_path / "agent"
    folder.mkdir()
    (folder / "one.js").write_text("changed")
    (folder / "manifest.toml").write_text(f'["one.js"]\nlicence = "MIT"\norigin = "elsewhere"\nsha256 = "{"0" * 64}"\n')
    with pytest.raises(BuildError, match=r"agent/one.js is not what manifest.toml beside it says"):
        works(tmp_path)


def test_the_bill_of_materials_is_valid_and_the_same_each_time(packages, found):
    # Imported here, for it takes seconds, and every worker imports every module of tests.
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    text = bill_of_materials(found, packages.target, VERSION, TIME)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == bill_of_materials(found, packages.target, VERSION, TIME)
    listed = {one["name"]: one for one in json.loads(text)["components"]}
    assert {work.name for work in found} | {"python3", *LIBRARIES} == set(listed)
    assert all("licenses" in listed[work.name] for work in found)


def test_the_copyright_file_has_a_paragraph_for_each_work(found):
    text = copyright_file(found)
    for work in found:
        assert f"Comment: {work.name} {work.version}" in text
    assert all(line.startswith((" ", "\t")) or ":" in line or not line for line in text.splitlines())


def test_the_manual_has_every_command_and_no_mistake_of_form(tmp_path):
    page = manual(commands(), VERSION, TIME)
    for entry in commands().walk():
        assert " ".join(("gate-agent", *entry.words)) in page.replace(r"\-", "-").replace(r"\:", "")
    has_no_mistake_of_form(tmp_path / "gate-agent.1", page)


def test_an_example_keeps_its_lines_in_the_manual():
    page = manual(commands(), VERSION, TIME)
    assert ".PP\nExample:\n.EX\n  gate\\-agent fleet plan plan.toml\n.EE\n" in page


def test_the_installer_has_a_manual_with_all_its_options(tmp_path):
    source = INSTALLER.with_name("gate-agent-install.8").read_text(encoding="utf-8")
    page = installer_manual(source, VERSION, TIME)
    assert "@" not in page
    options = set(re.findall(r"^  (--[a-z0-9]+)", INSTALLER.read_text(encoding="utf-8"), re.MULTILINE))
    assert options == {"--check", "--downgrade", "--keyring", "--sha256"}
    for option in options:
        assert option in page.replace(r"\-", "-")
    has_no_mistake_of_form(tmp_path / "gate-agent-install.8", page)


def has_no_mistake_of_form(file, page):
    file.write_text(page)
    try:
        checked = subprocess.run(
            ["man", "--warnings", "--local-file", file], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("man is not installed here")
    assert checked.stderr == ""


def test_the_completion_knows_every_command_and_option():
    script = completion(commands())
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    asked = (
        f"{script}\nCOMP_WORDS=(gate-agent config check --j); COMP_CWORD=3; "
        '_gate_agent gate-agent --j\necho "$COMPREPLY"'
    )
    said = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout == "--json\n"


def test_code_for_another_processor_stops_the_build(tmp_path):
    (tmp_path / "other.so").write_bytes(b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little"))
    with pytest.raises(BuildError, match=r"other.so is for another processor"):
        environment._check_machine(TARGETS["deb13_amd64"], tmp_path)
    environment._check_machine(TARGETS["deb13_arm64"], tmp_path)
