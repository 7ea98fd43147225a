"""The keyring of a release, its signatures, and what it says of where it comes from."""

import json
import shlex
import shutil
import subprocess
import sys
import tarfile

import pytest

from tests.support.packaging.release_keys import (
    TIME,
    release_key,
    signed_release,
    why_not,
    write_keys,
)
from tools.deb.project import ROOT
from tools.deb.targets import BuildError
from tools.supply.keyring import KEYRING, KEYS, keyring
from tools.supply.provenance import (
    BUILD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    Origin,
    debian_packages,
    locked,
    public_address,
    sha256,
    statement,
)
from tools.supply.repository import FOLDER, Validity
from tools.supply.signing import SIGNATURE, SUMS, sign_release, sums

ORIGIN = Origin(
    version="1.2.0",
    source="https://git.test/gate-agent.git",
    commit="5e60a796" * 5,
    tag="v1.2.0",
    clean=True,
    builder="https://builds.test/hall-2",
    epoch=TIME,
    began=TIME + 0.75,
    ended=TIME + 1800.25,
)
needs_gpg = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@pytest.fixture(scope="module")
def key():
    with release_key() as key:
        yield key


@pytest.fixture(scope="module")
def dist(key, tmp_path_factory):
    dist = tmp_path_factory.mktemp("release") / "dist"
    signed_release(dist, key, "1.2.0")
    return dist


@needs_gpg
def test_the_keyring_is_what_gpg_itself_would_make_of_the_keys(key, tmp_path):
    with release_key() as standby:
        folder = write_keys(tmp_path / "keys", key, standby)
        assert keyring(folder) == key._gpg("--export") + standby._gpg("--export")


@needs_gpg
def test_a_private_key_among_the_public_ones_stops_the_build(key, tmp_path):
    (tmp_path / "mistake.asc").write_text(key.private)
    with pytest.raises(BuildError, match=r"mistake.asc must hold one public key"):
        keyring(tmp_path)
    # Also under the other's name.
    (tmp_path / "mistake.asc").write_text(key.private.replace("PRIVATE", "PUBLIC"))
    with pytest.raises(BuildError, match=r"mistake.asc must hold one public key"):
        keyring(tmp_path)


HEAD, TAIL = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ключ",
        f"{HEAD}\n{TAIL}",
        f"{HEAD}\n\n{TAIL}",
        f"{HEAD}\n\nnot base64!\n{TAIL}",
        f"{HEAD}\n\nmDME\n",
        f"{HEAD}\n\nmDME\n{TAIL}\n{HEAD}\n\nmDME\n{TAIL}",
    ],
)
def test_what_is_no_public_key_stops_the_build(tmp_path, text):
    (tmp_path / "odd.asc").write_text(text)
    with pytest.raises(BuildError, match=r"odd.asc must hold one public key, as written by: gpg --armor --export"):
        keyring(tmp_path)


def test_the_keys_of_this_checkout_can_be_read():
    assert isinstance(keyring(KEYS), bytes)


@needs_gpg
@pytest.mark.parametrize("name", [SUMS, "gate-agent-install", "gate-agent-1.2.0_deb13_amd64.tar"])
def test_each_file_that_is_checked_by_itself_has_its_signature(dist, name):
    check = ["gpgv", "--keyring", dist / KEYRING, dist / f"{name}.sig", dist / name]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    sums = subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=dist, capture_output=True, check=False)
    assert (sums.returncode, sums.stdout) == (0, b"")


@needs_gpg
def test_signing_by_a_key_that_gates_do_not_know_is_refused(dist, tmp_path):
    dist = shutil.copytree(dist, tmp_path / "dist")
    with release_key() as other, other.in_use(), pytest.raises(BuildError, match="a gate would refuse SHA256SUMS"):
        sign_release(dist, other.fingerprint, Validity(TIME, 30))


@needs_gpg
def test_signing_without_a_keyring_or_without_the_key_is_refused(key, tmp_path):
    with pytest.raises(BuildError, match=f"{KEYRING} is not there"):
        sign_release(tmp_path, key.fingerprint, Validity(TIME, 30))
    (tmp_path / KEYRING).write_bytes(b"")
    with pytest.raises(BuildError, match=f"{SUMS} is not there"):
        sign_release(tmp_path, key.fingerprint, Validity(TIME, 30))
    (tmp_path / SUMS).write_text(sums(tmp_path))
    with key.in_use(), pytest.raises(BuildError, match="gpg --batch"):
        sign_release(tmp_path, "0" * 40, Validity(TIME, 30))


def another_package(dist):
    next(dist.glob("*_amd64.deb")).write_bytes(b"evil")


def a_file_more(dist):
    (dist / "gate-agent-1.2.0_deb99_amd64.tar").write_bytes(b"evil")


def a_file_less(dist):
    next(dist.glob("*.tar")).unlink()


@needs_gpg
@pytest.mark.parametrize("spoil", [another_package, a_file_more, a_file_less], ids=lambda spoil: spoil.__name__)
def test_what_was_altered_between_building_and_signing_is_not_signed(dist, key, tmp_path, spoil):
    dist = shutil.copytree(dist, tmp_path / "dist")
    for signature in dist.glob(f"*{SIGNATURE}"):
        signature.unlink()
    spoil(dist)
    with key.in_use(), pytest.raises(BuildError, match=r"^gate-agent\S+: expected what SHA256SUMS says"):
        sign_release(dist, key.fingerprint, Validity(TIME, 30))
    assert list(dist.glob(f"*{SIGNATURE}")) == []


@needs_gpg
def test_the_repository_is_made_of_the_packages_that_were_checked_whatever_came_along(dist, key, tmp_path):
    """apt/ is in no sums: a package or a list that somebody put there on the way would be signed with the others."""
    dist = shutil.copytree(dist, tmp_path / "dist")
    (package,) = (dist / FOLDER / "pool/trixie/main").glob("*_amd64.deb")
    lists = dist / FOLDER / "dists/trixie/main/binary-amd64/Packages"
    good = package.read_bytes(), lists.read_text()
    package.write_bytes(b"evil")
    lists.write_text(good[1].replace("1.2.0", "6.6.6"))
    (package.parent / "evil_1_amd64.deb").write_bytes(b"evil")
    with key.in_use():
        sign_release(dist, key.fingerprint, Validity(TIME, 30))
    assert (package.read_bytes(), lists.read_text()) == good
    assert not (package.parent / "evil_1_amd64.deb").exists()


def test_signing_needs_nothing_but_python_itself():
    """The machine that has the key has no network, by which the packages of the project could come."""
    command = [sys.executable, "-S", "-m", "tools.sign", "--help"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stderr) == (0, "")


def test_a_release_says_what_it_was_built_of_and_by_whom():
    """The form: in-toto's statement 1, with SLSA's provenance 1."""
    told = json.loads(statement({"b.deb": "bb" * 32, "a.tar": "aa" * 32}, ORIGIN, locked(ROOT)))
    assert (told["_type"], told["predicateType"]) == (STATEMENT_TYPE, PREDICATE_TYPE)
    assert told["subject"] == [
        {"name": "a.tar", "digest": {"sha256": "aa" * 32}},
        {"name": "b.deb", "digest": {"sha256": "bb" * 32}},
    ]
    build, run = told["predicate"]["buildDefinition"], told["predicate"]["runDetails"]
    assert build["buildType"] == BUILD_TYPE
    assert build["externalParameters"] == {
        "source": "https://git.test/gate-agent.git",
        "ref": "refs/tags/v1.2.0",
        "version": "1.2.0",
    }
    assert build["internalParameters"]["sourceDateEpoch"] == TIME
    commit, *files = build["resolvedDependencies"]
    assert commit == {"uri": "git+https://git.test/gate-agent.git", "digest": {"gitCommit": "5e60a796" * 5}}
    assert {"name": "requirements.lock", "digest": {"sha256": sha256(ROOT / "requirements.lock")}} in files
    assert run == {
        "builder": {"id": "https://builds.test/hall-2"},
        "metadata": {"startedOn": "2023-11-14T22:13:20Z", "finishedOn": "2023-11-14T22:43:20Z"},
    }


def test_debians_packages_in_the_bundles_are_named_once_each(tmp_path):
    (tmp_path / "libzbar0_1_amd64.deb").write_bytes(b"zbar")
    (tmp_path / "gate-agent_1_amd64.deb").write_bytes(b"ours")
    for name in ("one", "other"):
        with tarfile.open(tmp_path / f"{name}.tar", "w") as archive:
            archive.add(tmp_path / "libzbar0_1_amd64.deb", f"{name}/debian/libzbar0_1_amd64.deb")
            archive.add(tmp_path / "gate-agent_1_amd64.deb", f"{name}/gate-agent_1_amd64.deb")
    assert debian_packages([tmp_path / "one.tar", tmp_path / "other.tar"]) == [
        {"name": "libzbar0_1_amd64.deb", "digest": {"sha256": sha256(tmp_path / "libzbar0_1_amd64.deb")}}
    ]


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://builder:geheim@git.test:8443/gate.git?x=1#y", "https://git.test:8443/gate.git"),
        ("https://git.test/gate.git", "https://git.test/gate.git"),
        ("ssh://git@git.test/gate.git", "ssh://git.test/gate.git"),
        ("git@git.test:house/gate.git", "ssh://git.test/house/gate.git"),
        ("/srv/gate.git", "/srv/gate.git"),
        ("", ""),
    ],
)
def test_no_name_or_password_of_the_repositorys_address_is_told(remote, shown):
    assert public_address(remote) == shown


CHECKS = ("sqv ", "gpgv ", "sha256sum --check --ignore-missing", "sha256sum gate-agent-archive")


def told_commands():
    """The lines by which the pages tell somebody to check a release by hand."""
    for page in ("install.md", "releasing.md"):
        blocks = (ROOT / "docs" / page).read_text(encoding="utf-8").split("\n```")[1::2]
        for line in (line for block in blocks for line in block.splitlines() if line.startswith(CHECKS)):
            yield line.split("   #")[0].rstrip()


@needs_gpg
@pytest.mark.parametrize("command", list(dict.fromkeys(told_commands())))
def test_what_the_pages_tell_to_type_is_right_and_finds_an_altered_file(dist, tmp_path, command):
    if shutil.which(command.split()[0]) is None:
        pytest.skip(f"{command.split()[0]} is not installed")
    folder = shutil.copytree(dist, tmp_path / "dist")
    assert subprocess.run(shlex.split(command), cwd=folder, capture_output=True, check=False).returncode == 0
    if "sha256sum gate" in command:
        return  # a digest, which two persons compare with the paper
    for name in ("gate-agent-install", SUMS):
        with (folder / name).open("ab") as file:
            file.write(b"# altered\n")
    assert subprocess.run(shlex.split(command), cwd=folder, capture_output=True, check=False).returncode != 0
