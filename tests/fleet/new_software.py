"""The releases that the proof rolls out: packages in a repository that is signed as a real one is."""

import shutil
import subprocess

from agent.clock import Clock
from tests.fleet.central_side import AGENT
from tests.fleet.faults import put_into_software
from tests.fleet.waits import REST_S
from tests.support.fleet.documents import DAY_S
from tests.support.packaging.debian_packages import rewrite
from tests.support.packaging.release_keys import DAYS
from tools.supply.repository import Validity, lay_out_repository
from tools.supply.signing import sign_file

BY_DESIGN = {"dies": "not_started", "deaf": "not_connected"}
"""How new software fails at a gate that has a file of this name, and what central must hear."""


class Releases:
    """A folder of releases. `key`: that signs them. `packages`: what they are made of. `fault`: that is put in."""

    def __init__(self, folder, key, packages, fault):
        self._folder, self._key, self._packages, self._fault = folder, key, packages, fault

    def ordered(self, version, *, may_fail=True):
        """Make a release; the text of a document that orders it. `may_fail`: by design, at gates that have a file."""
        change = self._changed if may_fail else self._put_fault
        target, package = self._packages.target, self._packages.thin(version, change)
        named = package.with_name(package.name.removeprefix("thin-"))
        shutil.copyfile(package, named)
        folder = self._folder / version
        for release in lay_out_repository(folder, {target: named}, Validity(int(Clock().now().utc) - DAY_S, DAYS)):
            with self._key.in_use():
                sign_file(release, self._key.fingerprint).rename(release.with_name("Release.gpg"))
        command = [*AGENT, "fleet", "software", folder, version, "--path", version]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return f"rest_s = {REST_S['software']}\n{text}"

    def _changed(self, modules, tree):
        _fail_by_design(modules)
        self._put_fault(modules, tree)

    def _put_fault(self, modules, _tree):
        put_into_software(self._fault, modules)


def _fail_by_design(modules):
    """Have it fail at gates that have a file: it dies at its start, or gets no connection."""
    rewrite(
        modules / "agent/assembly/app.py",
        "        # Before the disk is asked",
        "        if __import__('os').path.exists('/etc/gate-agent/dies'):\n            raise SystemExit(3)\n"
        "        # Before the disk is asked",
    )
    rewrite(
        modules / "agent/mqtt/paho_connection.py",
        "            self._client.tls_set_context(make_context(options.tls))",
        "            deaf = __import__('os').path.exists('/etc/gate-agent/deaf')\n"
        "            self._client.tls_set_context(make_context(type(options.tls)() if deaf else options.tls))",
    )
