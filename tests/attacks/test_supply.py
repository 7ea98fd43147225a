"""M8: what comes on a stick is authenticated before anything of it is run, unpacked or believed.

Before, `sudo sh install.sh` of a bundle checked SHA256SUMS that lay in the same tar: who altered one altered the other.
"""

import os
import shutil

import pytest

from tests.support.packaging.release_keys import release_key, signed_release, why_not, write_keys
from tests.support.packaging.small_computer import SmallComputer, as_root, places, signature_of
from tools.deb.package_files import SCRIPTS, forms
from tools.deb.project import ROOT
from tools.deb.targets import SUITES, TARGETS
from tools.supply.keyring import KEYRING, keyring
from tools.supply.provenance import sha256

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")

VERSION = "1.2.0"
TARGET = TARGETS["deb13_amd64"] if os.uname().machine == "x86_64" else TARGETS["deb13_arm64"]
BUNDLE = f"gate-agent-{VERSION}_{TARGET.name}.tar"
OLDER = f"gate-agent-1.1.0_{TARGET.name}.tar"
IN_USE = f"{VERSION}+deb{TARGET.release}"
NOT_AUTHENTIC = "the bundle is not authentic, and nothing of it was run"


@pytest.fixture(scope="module")
def key():
    with release_key() as key:
        yield key


@pytest.fixture(scope="module")
def thief():
    with release_key() as key:
        yield key


@pytest.fixture(scope="module")
def released(key, tmp_path_factory):
    """Two releases that the makers signed: of each its bundles."""
    folder = tmp_path_factory.mktemp("releases")
    for version in (VERSION, "1.1.0"):
        signed_release(folder / version, key, version)
    return folder


@pytest.fixture
def stick(released, tmp_path):
    """What the technician was given: a folder that anybody may have written."""
    folder = shutil.copytree(released / VERSION, tmp_path / "stick")
    for suffix in ("", ".sig"):
        shutil.copy(released / "1.1.0" / f"{OLDER}{suffix}", folder)
    return folder


@pytest.fixture(params=["sqv", "gpgv"])
def computer(request, stick, released, tmp_path):
    """A gate whose package has brought the keyring; for each program that checks signatures."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return SmallComputer(tmp_path / "gate", TARGET, request.param, released / VERSION / KEYRING)


def refused(computer, said, words):
    """Whether an installation ended with these words, and nothing is there that was not there before."""
    assert said.returncode != 0, said.stdout
    assert words in said.stdout
    assert computer.installed is None
    assert computer.history == []
    assert computer.left() == []
    return True


def test_what_the_makers_signed_is_installed_and_recorded_with_the_key_that_signed_it(computer, stick, key):
    """M8, the good case."""
    said = computer.install(stick / BUNDLE)
    assert said.returncode == 0, said.stdout
    assert f"gate-agent {IN_USE} for Debian {TARGET.release} on {TARGET.architecture}" in said.stdout
    assert computer.installed == IN_USE
    (line,) = computer.history
    assert f"bundle {IN_USE} sha256 {sha256(stick / BUNDLE)} signed by {key.fingerprint}" in line
    assert computer.left() == []


def test_it_can_be_checked_without_being_installed(computer, stick):
    """M8, the good case."""
    said = computer.install("--check", stick / BUNDLE)
    assert (said.returncode, computer.installed, computer.history, computer.left()) == (0, None, [], [])
    assert f"gate-agent {IN_USE} for Debian" in said.stdout


def one_byte(stick, thief):
    """In the package, with checksums that would fit: the old script saw nothing."""
    file = stick / BUNDLE
    content = bytearray(file.read_bytes())
    content[content.index(b"debian-binary") + 200] ^= 1
    file.write_bytes(content)


def one_byte_more(stick, thief):
    with (stick / BUNDLE).open("ab") as file:
        file.write(b"\0")


def cut(stick, thief):
    file = stick / BUNDLE
    file.write_bytes(file.read_bytes()[:-512])


def signed_by_the_thief(stick, thief):
    with thief.in_use():
        thief._gpg("--yes", "--detach-sign", "--output", signature_of(stick / BUNDLE), stick / BUNDLE)


def signature_of_another_bundle(stick, thief):
    shutil.copy(signature_of(stick / OLDER), signature_of(stick / BUNDLE))


def signature_of_the_checksums(stick, thief):
    shutil.copy(stick / "SHA256SUMS.sig", signature_of(stick / BUNDLE))


def a_list_that_is_signed_in_itself(stick, thief):
    """A text with its signature in it is whole by itself; nothing of it is about the bundle."""
    one_byte(stick, thief)
    shutil.copy(stick / "apt/dists" / SUITES[TARGET.release] / "InRelease", signature_of(stick / BUNDLE))


def empty_signature(stick, thief):
    signature_of(stick / BUNDLE).write_bytes(b"")


def the_bundle_as_its_signature(stick, thief):
    shutil.copy(stick / BUNDLE, signature_of(stick / BUNDLE))


@pytest.mark.parametrize(
    "attack",
    [
        one_byte,
        one_byte_more,
        cut,
        signed_by_the_thief,
        signature_of_another_bundle,
        signature_of_the_checksums,
        a_list_that_is_signed_in_itself,
        empty_signature,
        the_bundle_as_its_signature,
    ],
    ids=lambda attack: attack.__name__,
)
def test_an_altered_bundle_is_refused_and_nothing_of_it_is_run(computer, stick, thief, attack):
    """M8."""
    attack(stick, thief)
    assert refused(computer, computer.install(stick / BUNDLE), NOT_AUTHENTIC)


def test_something_else_that_was_signed_is_no_bundle(computer, stick):
    """M8: each file of a release has a signature of the same key."""
    for name in ("SHA256SUMS", "gate-agent-install"):
        for suffix in ("", ".sig"):
            shutil.copy(stick / f"{name}{suffix}", stick / f"odd.tar{suffix}")
        assert refused(computer, computer.install(stick / "odd.tar"), "something else that was signed")


def test_every_key_of_the_keyring_counts_and_none_that_was_taken_out(computer, stick, released, key, thief, tmp_path):
    """M8: a stolen key is taken back by a release without it, which the standby key signs."""
    signed_by_the_thief(stick, thief)
    computer.keyring.write_bytes(keyring(write_keys(tmp_path / "both", key, thief)))
    assert computer.install("--check", stick / BUNDLE).returncode == 0
    computer.keyring.write_bytes(keyring(write_keys(tmp_path / "one", key)))
    assert refused(computer, computer.install(stick / BUNDLE), NOT_AUTHENTIC)


def test_a_bundle_without_a_signature_is_refused(computer, stick):
    """M8."""
    signature_of(stick / BUNDLE).unlink()
    assert refused(computer, computer.install(stick / BUNDLE), ".sig is not there")


def test_a_key_that_lies_on_the_stick_is_not_believed(computer, stick, thief):
    """M8: the keyring of the computer counts; another only with the SHA-256 that came on paper."""
    signed_by_the_thief(stick, thief)
    (stick / KEYRING).write_bytes(thief._gpg("--export", thief.fingerprint))
    assert refused(computer, computer.install(stick / BUNDLE), NOT_AUTHENTIC)
    alone = computer.install("--keyring", stick / KEYRING, stick / BUNDLE)
    assert refused(computer, alone, "--keyring and --sha256 come together")
    assert refused(
        computer,
        computer.install("--keyring", stick / KEYRING, "--sha256", "0" * 64, stick / BUNDLE),
        "is not the keyring of the paper",
    )


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_keyring_that_others_than_root_may_write_is_not_believed(computer, stick, mode):
    """M8."""
    computer.keyring.chmod(mode)
    assert refused(computer, computer.install(stick / BUNDLE), "writable by nobody else")


def test_a_bundle_that_is_swapped_while_it_is_checked_is_not_the_one_that_is_used(computer, stick, tmp_path):
    """M8: a stick that shows other bytes the second time."""
    evil = tmp_path / "evil.tar"
    evil.write_bytes(b"evil")
    for name in ("sqv", "gpgv"):
        own = (tmp_path / "gate" / "bin" / name).exists()
        if not own and shutil.which(name):
            computer.program(name, f'#!/bin/sh\ncp {evil} {stick / BUNDLE}\nexec {shutil.which(name)} "$@"\n')
    said = computer.install(stick / BUNDLE)
    assert said.returncode == 0, said.stdout
    assert (stick / BUNDLE).read_bytes() == b"evil"
    assert computer.installed == IN_USE


def test_an_older_version_that_was_signed_too_is_refused_unless_root_says_so(computer, stick):
    """M8: faults of old versions are known, and their signatures are good for ever."""
    assert computer.install(stick / BUNDLE).returncode == 0
    said = computer.install(stick / OLDER)
    assert said.returncode != 0
    assert f"version 1.1.0+deb{TARGET.release} is older than '{IN_USE}', which has run here" in said.stdout
    assert (computer.installed, len(computer.history), computer.left()) == (IN_USE, 1, [])
    said = computer.install("--downgrade", "fault 17 of the new one", stick / OLDER)
    assert said.returncode == 0, said.stdout
    assert computer.installed == f"1.1.0+deb{TARGET.release}"
    assert len(computer.history) == 2


@pytest.mark.parametrize(
    ("floor", "words"),
    [(IN_USE, "which has run here"), ("not a version", "holds no version"), ("", "holds no version")],
    ids=["higher", "spoilt", "empty"],
)
def test_the_floor_outlives_a_removal_and_a_spoilt_one_counts_as_higher(computer, stick, floor, words):
    """M8."""
    computer.versions.mkdir()
    (computer.versions / "floor").write_text(f"{floor}\n")
    said = computer.install("--check", stick / OLDER)
    assert said.returncode != 0, said.stdout
    assert "is older than" in said.stdout
    assert words in said.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"deb12_{TARGET.architecture}", "this is for Debian 12"),
        (f"deb13_{'arm64' if TARGET.architecture == 'amd64' else 'amd64'}", "take the bundle for that"),
    ],
)
def test_a_bundle_for_another_computer_is_refused(computer, stick, name, words):
    assert refused(computer, computer.install(stick / f"gate-agent-{VERSION}_{name}.tar"), words)


def test_the_first_time_the_paper_vouches_for_the_keyring(stick, tmp_path):
    """M8: a bare computer has no key of ours."""
    computer = SmallComputer(tmp_path / "bare", TARGET, "gpgv")
    assert refused(computer, computer.install(stick / BUNDLE), "this computer has no key of releases yet")
    paper = " ".join(sha256(stick / KEYRING).upper()[at : at + 8] for at in range(0, 64, 8))
    said = computer.install("--keyring", stick / KEYRING, "--sha256", paper, stick / BUNDLE)
    assert said.returncode == 0, said.stdout
    assert computer.installed == IN_USE


@pytest.mark.parametrize("typed", ["0" * 63, "0" * 65, "O" + "0" * 63, "-"], ids=["short", "long", "letter", "mark"])
def test_a_sha256_that_was_mistyped_is_told_as_that_and_no_alarm(computer, stick, typed):
    said = computer.install("--keyring", stick / KEYRING, "--sha256", typed, stick / BUNDLE)
    assert refused(computer, said, "--sha256 needs the 64 digits of the paper")


def test_without_room_for_a_copy_nothing_is_changed(computer, stick):
    computer.program("cp", "#!/bin/sh\necho 'cp: error writing: No space left on device' >&2\nexit 1\n")
    said = computer.install(stick / BUNDLE)
    assert refused(computer, said, "Where there is no room, make some")
    assert "No space left on device" in said.stdout


def test_without_root_nothing_is_changed(computer, stick):
    said = computer.install(stick / "none.tar")
    assert refused(computer, said, "none.tar is not there")
    computer.program("id", "#!/bin/sh\necho 1000\n")
    assert refused(computer, computer.install(stick / BUNDLE), "this needs root")


# --- The package's own scripts hold the floor too: for apt, and for dpkg by hand.


def script(name, folder, version):
    """One of the package's scripts as it is for a version, at home in a folder."""
    assert name in SCRIPTS
    text = (ROOT / "packaging" / "deb" / name).read_text(encoding="utf-8")
    for word, value in {"@VERSION@": version, "@FORMS@": forms().strip(), "@NEED_KIB@": "1"}.items():
        text = text.replace(word, value)
    values = {"TREES": folder / "trees", "STATE": folder / "state", "VERSIONS": folder / "versions"}
    return places(text, values)


def before(folder, version, **variables):
    """What the script before an installation says; its CompletedProcess."""
    file = folder / "preinst"
    file.write_text(f"umask 077\n{script('preinst', folder, version)}")
    return as_root("sh", file, "install", **variables)


def came_up(folder, version):
    """What the script after an installation does once the version is in use."""
    text = script("postinst", folder, version).split("\ncase $1 in\n")[0]
    file = folder / "postinst"
    file.write_text(f"umask 077\n{text}\nraise_floor\n")
    done = as_root("sh", file)
    assert done.returncode == 0, done.stdout


def test_the_package_itself_refuses_to_be_older_than_what_has_run_unless_root_gives_a_reason(tmp_path):
    """M8: `dpkg --install` of a package from a stick, too."""
    for version in ("0.9.0+deb13", "0.9.1~rc1+deb13", "0.9.1+deb13", "0.9.1+deb13"):
        assert before(tmp_path, version).returncode == 0
        came_up(tmp_path, version)
    floor, history = tmp_path / "versions/floor", tmp_path / "versions/history"
    assert floor.read_text() == "0.9.1+deb13\n"
    assert len(history.read_text().splitlines()) == 3
    for older in ("0.9.0+deb13", "0.9.1~rc1+deb13"):
        said = before(tmp_path, older)
        assert said.returncode == 1
        assert "nothing was changed: version 0.9.1+deb13 has run here, and this one is older" in said.stdout
    assert floor.read_text() == "0.9.1+deb13\n"
    said = before(tmp_path, "0.9.0+deb13", GATE_AGENT_DOWNGRADE="fault 17\nof \033[1mthe new one")
    assert said.returncode == 0, said.stdout
    assert floor.read_text() == "0.9.0+deb13\n"
    assert floor.stat().st_mode & 0o777 == 0o644  # read by who only checks a bundle, whatever root's umask
    last = history.read_text().splitlines()[-1]
    assert "downgrade from 0.9.1+deb13 to 0.9.0+deb13, by " in last
    assert last.endswith(": fault 17 of  [1mthe new one")


def test_a_spoilt_floor_lets_no_version_in_without_root_and_the_next_one_that_runs_mends_it(tmp_path):
    """M8."""
    came_up(tmp_path, "0.9.1+deb13")
    floor = tmp_path / "versions/floor"
    floor.write_text("")
    said = before(tmp_path, "0.9.2+deb13")
    assert said.returncode == 1
    assert f"{floor} holds no version" in said.stdout
    assert before(tmp_path, "0.9.2+deb13", GATE_AGENT_DOWNGRADE="the file is empty").returncode == 0
    came_up(tmp_path, "0.9.2+deb13")
    assert floor.read_text() == "0.9.2+deb13\n"
