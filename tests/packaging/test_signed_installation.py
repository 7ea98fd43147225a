"""What comes by a stick or from the repository, on a booted machine: known by its signature, from the first time on.

One container, in which the tests follow one another; at first nothing of the gate agent is on it.
"""

import shutil
from pathlib import Path

import pytest

from tests.support.packaging.booted_gate import UNIT, Gate, why_not_here
from tests.support.packaging.container import Container, refused
from tests.support.packaging.debian_packages import SEEN, STORE, Packages
from tests.support.packaging.release_keys import TIME, make_bundle, release_key, why_not, write_keys
from tools.deb.package_files import INSTALLER, Build
from tools.deb.targets import SUITES
from tools.sign import now
from tools.supply.keyring import KEYRING, keyring
from tools.supply.provenance import sha256
from tools.supply.repository import FOLDER, Validity
from tools.supply.signing import SUMS, sign_file, sign_release, sums

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(why_not_here() or why_not()), reason=why_not_here() or why_not() or "-"),
    pytest.mark.timeout(300),
]

# Of this repository alone, as Debian ships apt, whatever this machine has.
APT = (
    "DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends -o Dir::Etc::SourceParts=/dev/null "
    "-o Dir::Etc::SourceList=/srv/gate-agent.list -o Acquire::Check-Date=true -o Acquire::Check-Valid-Until=true"
)


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return Packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def gate():
    if reason := refused():
        pytest.skip(reason)
    with Container(shown={SEEN: STORE}) as machine:
        yield Gate(machine)


@pytest.fixture(scope="module")
def key():
    with release_key() as key:
        yield key


def named(package, build, folder):
    """A package under the name that it has in a release."""
    return Path(shutil.copy(package, folder / build.file))


@pytest.fixture(scope="module")
def bundles(gate, packages, key, tmp_path_factory):
    """Where two bundles lie in the machine, the older first, and the options that the paper gives."""
    folder = tmp_path_factory.mktemp("bundles")
    stick = gate.machine.root / "srv/stick"
    stick.mkdir()
    (stick / KEYRING).write_bytes(keyring(write_keys(folder / "keys", key)))
    with key.in_use():
        for version in ("0.9.0", "0.9.1"):
            build = Build(packages.target, version, TIME)
            package = named(packages.thin(version), build, folder)
            sign_file(make_bundle(stick, build, package), key.fingerprint)
    shutil.copy(INSTALLER, stick)
    first, second = (f"/srv/stick/gate-agent-{version}_{packages.target.name}.tar" for version in ("0.9.0", "0.9.1"))
    return first, second, f"--keyring /srv/stick/{KEYRING} --sha256 {sha256(stick / KEYRING)}"


def test_a_bundle_is_installed_where_nothing_was_by_the_key_that_the_paper_vouches_for(gate, bundles):
    first, _, paper = bundles
    program = "sh /srv/stick/gate-agent-install"
    assert "needs root" in gate.run(f"setpriv --reuid=65534 --clear-groups {program} {first}").text
    assert "has no key of releases yet" in gate.run(f"{program} {first}").text
    assert "no packages found" in gate.run("dpkg-query --show gate-agent").text
    said = gate.run(f"{program} {paper} {first}")
    assert said.code == 0, said
    assert gate.shown("ActiveState") == "active"
    assert gate.ask(f"systemctl is-enabled {UNIT}") == "enabled"
    gate.wire()


def test_the_next_bundle_is_known_by_the_key_on_the_machine_and_an_older_or_altered_one_refused(gate, bundles):
    first, second, _ = bundles
    # As the package brings it, where the checkout has keys.
    gate.ask(f"install -D -m 0644 /srv/stick/{KEYRING} /usr/share/keyrings/{KEYRING}")
    said = gate.run(f"gate-agent-install {second}")
    assert said.code == 0, said
    assert gate.version == "0.9.1"
    assert "is older than" in gate.run(f"gate-agent-install {first}").text
    gate.ask(f"printf x >>{second}")
    assert "the bundle is not authentic, and nothing of it was run" in gate.run(f"gate-agent-install {second}").text
    assert (gate.version, gate.shown("ActiveState")) == ("0.9.1", "active")
    assert gate.run("dpkg --audit").text == ""


def test_apt_installs_from_the_signed_repository_and_nothing_from_one_that_another_signed(
    gate, packages, key, bundles, tmp_path
):
    build = Build(packages.target, "0.9.2", TIME)
    dist = tmp_path / "dist"
    dist.mkdir()
    validity = Validity(now(), 30)
    shutil.copy(gate.machine.root / "srv/stick" / KEYRING, dist)
    named(packages.thin("0.9.2"), build, dist)
    (dist / SUMS).write_text(sums(dist))
    with key.in_use():
        sign_release(dist, key.fingerprint, validity)
    shutil.copytree(dist / FOLDER, gate.machine.root / "srv/apt")
    (gate.machine.root / "srv/gate-agent.list").write_text(
        f"deb [signed-by=/usr/share/keyrings/{KEYRING}] file:/srv/apt {SUITES[packages.target.release]} main\n"
    )
    said = gate.run(f"{APT} update && {APT} install gate-agent")
    assert said.code == 0, said
    assert gate.version == "0.9.2"
    with release_key() as stranger:
        (dist / KEYRING).write_bytes(keyring(write_keys(tmp_path / "strangers", stranger)))
        (dist / SUMS).write_text(sums(dist))
        with stranger.in_use():
            sign_release(dist, stranger.fingerprint, Validity(now(), 30))
    shutil.copytree(dist / FOLDER, gate.machine.root / "srv/apt", dirs_exist_ok=True)
    said = gate.run(f"rm -rf /var/lib/apt/lists/*srv_apt* && {APT} update")
    assert said.code != 0
    assert "is not signed" in said.text


def test_by_apt_too_an_older_version_needs_roots_word(gate, packages, tmp_path):
    build = Build(packages.target, "0.9.1", TIME)
    shutil.copy(named(packages.thin("0.9.1"), build, tmp_path), gate.machine.root / "srv")
    install = f"{APT} install --allow-downgrades /srv/{build.file}"
    said = gate.run(install)
    assert said.code != 0
    assert "has run here, and this one is older" in said.text
    assert gate.version == "0.9.2"
    said = gate.run(f"GATE_AGENT_DOWNGRADE='fault 18' {install}")
    assert said.code == 0, said
    assert gate.version == "0.9.1"
    assert gate.ask("tail -n 1 /var/lib/gate-agent-versions/history").endswith("by root: fault 18")
