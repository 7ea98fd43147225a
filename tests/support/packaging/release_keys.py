"""Release keys that tests make for themselves, and small releases that they sign."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tools.deb.bundle import fill, pack_bundle
from tools.deb.package_files import INSTALLER, Build
from tools.deb.targets import TARGETS
from tools.supply.keyring import KEYRING, keyring
from tools.supply.repository import Validity
from tools.supply.signing import SUMS, sign_release, sums

PROGRAMS = ("gpg", "gpg-agent", "gpgv", "apt-ftparchive", "apt-get", "dpkg-deb")
TIME = 1_700_000_000
DAYS = 30


def why_not():
    """Why releases cannot be signed on this machine; "" where they can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(missing)} is not installed" if missing else ""


class ReleaseKey:
    """A key that only gpg knows, in a folder of its own, as on the machine that signs."""

    def __init__(self, home):
        self.home = home
        self._gpg("--passphrase", "", "--quick-gen-key", "Releases <releases@gate.test>", "ed25519", "cert", "never")
        listed = self._gpg("--list-keys", "--with-colons").decode()
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
        self._gpg("--passphrase", "", "--quick-add-key", self.fingerprint, "ed25519", "sign", "never")

    @property
    def armoured(self):
        return self._gpg("--armor", "--export", self.fingerprint).decode()

    @property
    def private(self):
        return self._gpg("--armor", "--passphrase", "", "--export-secret-keys", self.fingerprint).decode()

    @contextmanager
    def in_use(self):
        """Have it be the key that gpg knows."""
        before = os.environ.get("GNUPGHOME")
        os.environ["GNUPGHOME"] = str(self.home)
        try:
            yield self
        finally:
            if before is None:
                del os.environ["GNUPGHOME"]
            else:
                os.environ["GNUPGHOME"] = before

    def _gpg(self, *words):
        command = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        return subprocess.run(command, check=True, capture_output=True).stdout


@contextmanager
def release_key():
    """A new key; its agent is ended with it. The folder has a short name: a socket's path has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="gpg-", dir="/tmp") as name:
        home = Path(name)
        try:
            yield ReleaseKey(home)
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)


def write_keys(folder, *keys):
    """The public halves, as they lie in packaging/keyring; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, key in enumerate(keys):
        (folder / f"{number}.asc").write_text(key.armoured)
    return folder


def small_package(folder, build):
    """A package that has the name of ours, and one file."""
    content = folder / f"content-{build.file}"
    (content / "usr/share/gate-agent").mkdir(parents=True)
    (content / "usr/share/gate-agent/marker").write_text(build.package_version)
    (content / "DEBIAN").mkdir()
    (content / "DEBIAN/control").write_text(
        f"Package: gate-agent\nVersion: {build.package_version}\nArchitecture: {build.target.architecture}\n"
        "Maintainer: Tests <tests@localhost>\nDescription: small\n"
    )
    file = folder / build.file
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", content, file], check=True, capture_output=True
    )
    shutil.rmtree(content)
    return file


def signed_release(dist, key, version, *, time=TIME, days=DAYS, keys=None):
    """A release of small packages with their bundles and repository, signed; its packages by target.

    `keys`: those in its keyring, if not the one that signs.
    """
    dist.mkdir(parents=True)
    trusted = keyring(write_keys(dist.with_name(f"{dist.name}-keys"), *(keys or (key,))))
    (dist / KEYRING).write_bytes(trusted)
    shutil.copyfile(INSTALLER, dist / INSTALLER.name)
    packages = {}
    for target in TARGETS.values():
        build = Build(target, version, TIME)
        packages[target] = small_package(dist, build)
        make_bundle(dist, build, packages[target])
    (dist / SUMS).write_text(sums(dist))
    with key.in_use():
        sign_release(dist, key.fingerprint, Validity(time, days))
    return packages


def make_bundle(dist, build, package):
    """The bundle of a package, with nothing of Debian's in it."""
    name = f"gate-agent-{build.version}_{build.target.name}"
    folder = dist / name
    fill(folder, build, package, [])
    pack_bundle(folder, dist / f"{name}.tar", TIME)
    shutil.rmtree(folder)
    return dist / f"{name}.tar"
