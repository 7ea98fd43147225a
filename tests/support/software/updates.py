"""A machine in a folder that is updated: dpkg with a root of its own, a repository with a key, and root's folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from agent.anchors import AnchorStore
from agent.core.fleet import sign_fleet_document
from agent.core.software import Machine
from agent.settings import anchors_of
from agent.software.dpkg import Dpkg
from agent.software.update_files import FOLDER
from agent.software.update_intake import UpdateTrust
from tests.support.anchors.people import tables
from tests.support.fleet.documents import KEY, KEY_ID, UTC, document
from tests.support.packaging.release_keys import signed_release
from tools.deb.targets import TARGETS

SCRIPTS = Path(__file__).parent
TARGET = TARGETS["deb13_amd64"]
OLD, NEW = "0.4.0", "0.5.0"
OLD_PACKAGE, NEW_PACKAGE = f"{OLD}+deb13", f"{NEW}+deb13"
ME = os.geteuid()
LISTS = ("Release", "Release.gpg", "Packages")


class Releases:
    """Two releases of small packages, signed by one key: made once."""

    def __init__(self, folder, key):
        self.packages, self.repositories = {}, {}
        for version in (OLD, NEW):
            self.packages[version] = signed_release(folder / version, key, version)
            self.repositories[version] = folder / version / "apt"
        self.keyring = folder / NEW / "gate-agent-archive-keyring.gpg"

    def package(self, version=NEW, target=TARGET):
        return self.packages[version][target]

    def files(self, version=NEW, target=TARGET):
        """The package and its lists, as the agent hands them in."""
        suite = self.repositories[version] / "dists" / "trixie"
        lists = [suite / LISTS[0], suite / LISTS[1], suite / f"main/binary-{target.architecture}" / LISTS[2]]
        return [self.package(version, target), *lists]

    def text(self, version=NEW, **changes):
        """The text of a document that orders a version."""
        tables = {}
        for target, package in self.packages.get(version, self.packages[NEW]).items():
            tables[target.name] = entry(package)
        return order_text({"version": version, "packages": tables, **changes})


def entry(package):
    data = package.read_bytes()
    return {"file": package.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def order_text(order):
    """An order as TOML; JSON's strings and numbers are those of TOML."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in order.items() if not isinstance(value, dict)]
    for key, value in order.items():
        if key == "packages":
            for name, package in value.items():
                lines += [f"[packages.{name}]", *(f"{field} = {json.dumps(found)}" for field, found in package.items())]
        elif isinstance(value, dict):
            lines += [f"[{key}]", *(f"{field} = {json.dumps(found)}" for field, found in value.items())]
    return "\n".join(lines) + "\n"


def signed_order(text, *, key=KEY, key_id=KEY_ID, **changes):
    """A document of software, signed."""
    return sign_fleet_document(document(text, kind="software", **changes), key, key_id)


class UpdatedMachine:
    """A machine on which the old version is installed, in a new folder."""

    def __init__(self, folder, releases):
        self.folder, self.releases = folder, releases
        self.root = folder / "root"
        self.versions = folder / "versions"
        self.path = self.versions / FOLDER
        folder.mkdir()
        self.path.mkdir(parents=True)
        self.path.chmod(0o755)
        admin = self.root / "var/lib/dpkg"
        for name in ("info", "updates", "triggers"):
            (admin / name).mkdir(parents=True)
        (admin / "status").write_text("")
        (folder / "bin").mkdir()
        for name in ("dpkg", "dpkg-query", "dpkg-deb"):
            shutil.copy(SCRIPTS / name, folder / "bin")
        self.dpkg = Dpkg(f"{folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin", admin, 0.2)
        self.by_hand(releases.package(OLD))

    def by_hand(self, package):
        """Install a package as somebody at the gate does."""
        subprocess.run([self.folder / "bin" / "dpkg", "--install", package], check=True, capture_output=True)
        (self.folder / "done").unlink()

    def tell(self, name, text):
        """Steer what happens: "kill", "fail", "up", "connected"."""
        (self.folder / name).write_text(text)

    @property
    def done(self):
        """What dpkg was asked to do."""
        file = self.folder / "done"
        return [line.split(" ", 1)[0] for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def installed(self):
        """The version of the files, where dpkg knows of nothing half done."""
        status, version = self.dpkg.status()
        marker = (self.root / "usr/share/gate-agent/marker").read_text()
        assert (status, version) == ("installed", marker)
        return marker

    def machine(self, installed, **changes):
        floor = (self.versions / "floor").read_text() if (self.versions / "floor").exists() else ""
        fields = {"floor": floor, "release": 13, "suite": "trixie", "architecture": "amd64"}
        return Machine(installed, **(fields | changes))

    def trust(self, may=("configuration", "software"), key=KEY):
        """Trust anchors that root has adopted, with a key that may order software."""
        anchors = self.folder / "anchors"
        if not anchors.exists():
            wanted = tables(sealed=False)
            wanted["fleet"] = {"keys": [{"id": KEY_ID, "public_key": key.public.raw.hex(), "may": list(may)}]}
            AnchorStore(anchors, ME).adopt(anchors_of(wanted), "root", UTC)
        return UpdateTrust(anchors, self.releases.keyring, ME)
