"""The apt repository of a release: apt takes what was signed, and nothing else."""

import gzip
import re
import shutil

import pytest

from tests.support.packaging.private_apt import PrivateApt
from tests.support.packaging.release_keys import TIME, release_key, signed_release, why_not
from tools.deb.targets import SUITES, TARGETS
from tools.sign import now
from tools.supply.keyring import KEYRING
from tools.supply.repository import Validity, packages_of, write_releases

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")

VERSION = "1.2.0"
TARGET = TARGETS["deb13_amd64"]
SUITE = SUITES[TARGET.release]


@pytest.fixture(scope="module")
def key():
    with release_key() as key:
        yield key


@pytest.fixture(scope="module")
def whole(key, tmp_path_factory):
    dist = tmp_path_factory.mktemp("release") / "dist"
    signed_release(dist, key, VERSION, time=now())
    return dist


@pytest.fixture
def dist(whole, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(whole, tmp_path / "dist")


@pytest.fixture
def lists(dist):
    return dist / "apt/dists" / SUITE


@pytest.fixture
def apt(dist, tmp_path):
    return PrivateApt(tmp_path / "apt", dist / "apt", SUITE, dist / KEYRING)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_apt_of_each_debian_and_architecture_finds_its_package(dist, tmp_path, target):
    apt = PrivateApt(tmp_path / "apt", dist / "apt", SUITES[target.release], dist / KEYRING, target.architecture)
    updated = apt.update()
    assert updated.returncode == 0, updated.stdout
    assert apt.candidate() == f"{VERSION}+deb{target.release}"
    fetched = apt.download()
    assert fetched.returncode == 0, fetched.stdout
    (package,) = (tmp_path / "apt/downloads").iterdir()
    assert package.read_bytes() == packages_of(dist)[target].read_bytes()


def test_the_lists_name_everything_by_its_sha256_alone(lists):
    text = (lists / "Release").read_text()
    fields = dict(re.findall(r"^([A-Z][A-Za-z-]+): (.+)$", text, re.MULTILINE))
    named = {name: fields[name] for name in ("Origin", "Codename", "Architectures", "Components")}
    assert named == {
        "Origin": "gate-agent",
        "Codename": SUITE,
        "Architectures": "amd64 arm64",
        "Components": "main",
    }
    assert "Valid-Until" in fields
    assert re.findall(r"^(MD5Sum|SHA1|SHA256|SHA512):", text, re.MULTILINE) == ["SHA256"]
    listed = re.findall(r"^ [0-9a-f]{64} +\d+ (\S+)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(
        f"main/binary-{architecture}/Packages{packed}" for architecture in ("amd64", "arm64") for packed in ("", ".gz")
    )


def test_it_is_the_same_bytes_each_time(dist, tmp_path):
    for name in ("one", "other"):
        shutil.copytree(dist / "apt", tmp_path / name)
        write_releases(tmp_path / name, Validity(TIME, 30))
    one, other = (tmp_path / name / "dists" / SUITE / "Release" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert "Date: Tue, 14 Nov 2023 22:13:20 UTC\n" in one.read_text()


def altered_package(dist, lists, key):
    (package,) = (dist / "apt/pool" / SUITE / "main").glob("*_amd64.deb")
    content = package.read_bytes()
    package.unlink()  # the same file as in the folder above
    package.write_bytes(content.replace(VERSION.encode(), b"6.6.6", 1))


def altered_list(dist, lists, key):
    for name in ("Packages", "Packages.gz"):
        file = lists / "main/binary-amd64" / name
        content = file.read_bytes()
        text = gzip.decompress(content) if name.endswith(".gz") else content
        text = text.replace(VERSION.encode(), b"9.9.9")
        file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def altered_release(dist, lists, key):
    for name in ("Release", "InRelease"):
        file = lists / name
        file.write_text(file.read_text().replace("Origin: gate-agent", "Origin: gate-robber"))


def not_signed(dist, lists, key):
    for name in ("InRelease", "Release.gpg"):
        (lists / name).unlink()


def signed_by_another(dist, lists, key):
    shutil.rmtree(dist / "apt")
    with release_key() as other:
        signed_release(dist.with_name("other"), other, VERSION, time=now())
    shutil.copytree(dist.with_name("other") / "apt", dist / "apt")


def out_of_date(dist, lists, key):
    shutil.rmtree(dist / "apt")
    signed_release(dist.with_name("old"), key, VERSION, time=now() - 40 * 24 * 3600)
    shutil.copytree(dist.with_name("old") / "apt", dist / "apt")


@pytest.mark.parametrize(
    "spoil",
    [altered_package, altered_list, altered_release, not_signed, signed_by_another, out_of_date],
    ids=lambda spoil: spoil.__name__,
)
def test_apt_refuses_what_was_altered_is_not_signed_by_our_key_or_is_too_old(dist, lists, key, apt, spoil):
    spoil(dist, lists, key)
    updated = apt.update()
    assert updated.returncode != 0 or spoil is altered_package, updated.stdout
    assert apt.download().returncode != 0
    assert [path for path in (dist.parent / "apt/downloads").iterdir() if path.suffix == ".deb"] == []


def test_a_mirror_cannot_bring_back_an_older_release_that_was_signed_too(dist, key, apt):
    assert apt.update().returncode == 0
    shutil.rmtree(dist / "apt")
    signed_release(dist.with_name("older"), key, "1.1.0", time=now() - 24 * 3600)
    shutil.copytree(dist.with_name("older") / "apt", dist / "apt")
    apt.update()
    assert apt.candidate() == f"{VERSION}+deb{TARGET.release}"
