"""From nothing: python -m tests.bare [--releases 12 13] [STEP ...] (`make test-bare`). As root.

In a bare Debian, in which nothing of this machine is: README's two commands from a clone (demo, test), the package by
apt (package), the bundle without a network (bundle), and what is for arm64, run under an emulated processor (arm64).
Prints each step with its seconds and what came of it; exit code 1 where one failed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bare.debian import EMULATOR, FOLDER, BareDebian, ForeignDebian, StepError
from tests.support.packaging.release_keys import release_key, write_keys
from tools.deb.package_files import INSTALLER, TREES, Build
from tools.deb.project import ROOT, build_time, run, version
from tools.deb.targets import TARGETS, BuildError
from tools.supply.keyring import KEYRING, keyring
from tools.supply.provenance import sha256
from tools.supply.signing import sign_file

README = ROOT / "README.md"
DIST = FOLDER / "dist"
HOUR_S, DEMO_S = 3600, 900
SITE, ISSUER, ROOM = 17, "bare", "/srv/practice"
# Words for `gate-agent` that go through everything: keys, a printed code, the readers, the configuration.
KEYGEN = ("permit", "keygen", "--out", f"{ROOM}/keys", "--issuer", ISSUER)
ISSUE = (
    *("permit", "issue", "--key", f"{ROOM}/keys/issuer.pem", "--issuer", ISSUER, "--site", str(SITE)),
    *("--declaration", "940120260000000001", "--vin", "LSGJA52U1AH123456", "--plate", "A123BC", "--out"),
    f"{ROOM}/permit.png",
)
SCAN = ("scan", "--json", f"{ROOM}/permit.png")
LEFT = (
    *("/etc/gate-agent", "/var/lib/gate-agent", "/var/lib/gate-agent-versions", "/usr/lib/gate-agent"),
    *("/usr/share/gate-agent", "/usr/bin/gate-agent", "/usr/sbin/gate-agent-install"),
)
WELL = ("models", "cameras", "relays", "inputs", "disk", "memory")
# Imports every module of machine code; what only another program can load is named.
IMPORT_ALL = """
import importlib, pathlib, sys
site = next(pathlib.Path(path) for path in sys.path if path.endswith("site-packages"))
done = 0
for file in sorted(site.rglob("*.so")):
    place = file.relative_to(site)
    name = ".".join([*place.parts[:-1], place.name.split(".")[0]])
    if ".libs" in str(place) or name in {"PIL._imagingtk", "onnxruntime.capi.libonnxruntime_providers_shared"}:
        continue
    importlib.import_module("cv2" if name.startswith("cv2.") else name)
    done += 1
print(done)
"""


class TwoCommands:
    """A checkout in a bare Debian, in which README is followed to the letter."""

    def __init__(self, debian):
        self._debian = debian
        packages = re.search(r"`sudo apt install ([a-z -]+)`", README.read_text())[1]
        debian.run(f"apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends {packages}")
        whole = debian.root / "srv" / "whole.bundle"
        subprocess.run(["git", "bundle", "create", "--quiet", whole, "HEAD"], cwd=ROOT, check=True)
        debian.run("git clone --quiet /srv/whole.bundle /srv/gate-agent")

    def demo(self):
        said = self._make("demo", DEMO_S)
        assert "all as it must be" in said, said[-2000:]
        return said.strip().splitlines()[-1]

    def test(self):
        said = self._make("test", HOUR_S)
        counted = re.findall(r"^=+ (\d+ passed.*) =+$", said, re.MULTILINE)
        assert counted, said[-2000:]
        return "; ".join(counted)

    def _make(self, goal, within_s):
        return self._debian.run(f"cd /srv/gate-agent && make {goal}", within_s=within_s)


def demo(release):
    with BareDebian(release, "minbase") as debian:
        return TwoCommands(debian).demo()


def test(release):
    with BareDebian(release, "minbase") as debian:
        return TwoCommands(debian).test()


def package(release):
    """By apt, which brings what is missing; the demo of the package; then purged to the last file."""
    with BareDebian(release, "minbase") as debian:
        place = debian.take(_built(f"deb{release}_amd64"))
        debian.run(f"apt-get update --quiet=2 && apt-get install --yes --quiet=2 {place}")
        said = _use(debian)
        debian.run("RUNLEVEL=1 apt-get install --yes --quiet=2 --no-install-recommends mosquitto")
        assert "all as it must be" in debian.run("cd /srv && gate-agent demo", within_s=DEMO_S)
        _purge(debian)
        return f"{said}; demo; purged"


def bundle(release):
    """Without a network, on what each installed Debian has; signed by a key of the trial, which a paper vouches for."""
    with BareDebian(release, "important") as debian:
        archive = _built(f"deb{release}_amd64", bundled=True)
        with release_key() as key, key.in_use(), tempfile.TemporaryDirectory() as keys:
            trusted = archive.with_name(KEYRING)
            trusted.write_bytes(keyring(write_keys(Path(keys), key)))
            signature = debian.take(sign_file(archive, key.fingerprint))
        place, paper = debian.take(archive), f"--keyring {debian.take(trusted)} --sha256 {sha256(trusted)}"
        installer = debian.take(INSTALLER)
        debian.run(f"sh {installer} {paper} {place}", network=False)
        said = _use(debian)
        debian.run(f"! sh {installer} {place}", network=False)  # the checkout's keys are not the one of the trial
        debian.run(f"printf x >>{place} && ! sh {installer} {paper} {place} && rm {signature}", network=False)
        _purge(debian)
        return f"{said}; purged"


def arm64(release):
    """Unpacked beside the packages that it asks for and nothing else; all of its machine code is loaded and used."""
    file = _built(f"deb{release}_arm64")
    fields = subprocess.run(["dpkg-deb", "--field", file], capture_output=True, text=True, check=True).stdout
    needs = re.search(r"^Pre-Depends: (.*)$", fields, re.MULTILINE)[1]
    names = {re.match(r"[a-z0-9+.-]+", need.strip())[0] for need in needs.split(",")}
    with ForeignDebian(release, sorted(names - {"systemd", "passwd"})) as debian:
        debian.unpack(file)
        (tree,) = (debian.root / TREES).iterdir()
        python = f"/{TREES}/{tree.name}/bin/python3"
        loaded = debian.run(python, "-I", "-c", IMPORT_ALL).split()[-1]

        def agent(*words):
            return debian.run(python, "-I", "-m", "agent.cli.main", *words)

        named = agent("--version").strip()
        agent(*KEYGEN)
        assert _permit_in(agent(*ISSUE)) in agent(*SCAN)
        return f"{named}, {loaded} modules of machine code loaded, a permit issued, printed and read again"


def _use(debian):
    """What a technician would try first. The service itself needs a boot: tests/packaging, `make test-vm`."""
    named = debian.run("gate-agent --version", network=False).strip()
    debian.run("gate-agent config check", network=False)
    debian.run(f"mkdir -p {ROOM} && gate-agent {' '.join(_quoted(KEYGEN))}", network=False)
    text = _permit_in(debian.run(f"gate-agent {' '.join(_quoted(ISSUE))}", network=False))
    assert text in debian.run(f"gate-agent {' '.join(_quoted(SCAN))}", network=False)
    _ask_doctor(debian)
    debian.run("systemctl is-enabled gate-agent && dpkg --verify gate-agent", network=False)
    return named


def _permit_in(said):
    """The text of the permit that a command has issued."""
    (text,) = (line for line in said.splitlines() if line.startswith("GP1:"))
    return text


def _ask_doctor(debian):
    """All that does not need a boot must be well, or stand to be set."""
    told = json.loads(debian.run("gate-agent doctor --json; test $? -le 1", network=False))
    found = {(finding["check"], finding["severity"]) for finding in told["findings"]}
    assert {severity for check, severity in found if check in WELL} == {"ok"}, found
    assert {check for check, severity in found if severity == "error"} <= {"clock"}, found


def _purge(debian):
    debian.run("dpkg --purge gate-agent", network=False)
    debian.run(f"! ls -d {' '.join(LEFT)} 2>/dev/null && ! getent passwd gate-agent", network=False)


def _quoted(words):
    return [f"'{word}'" for word in words]


def _built(name, *, bundled=False):
    """The package of a target, or its bundle, built of this checkout once in a run."""
    target = TARGETS[name]
    file = DIST / (f"gate-agent-{version()}_{name}.tar" if bundled else Build(target, version(), build_time()).file)
    if not file.exists():
        command = [sys.executable, "-m", "tools.deb", name, "--level", "1", "--out", DIST]
        run([*command, *(["--bundle"] if bundled else [])])
    return file


STEPS = {step.__name__: step for step in (demo, package, bundle, arm64, test)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], metavar="STEP", help=", ".join(STEPS))
    parser.add_argument("--releases", nargs="+", type=int, default=[12, 13], help="of Debian: 12 13")
    options = parser.parse_args()
    missing = [name for name in ("mmdebstrap", "unshare", "dpkg-deb", EMULATOR) if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        sys.exit(
            f"test-bare: as root, please, with mmdebstrap and qemu-user; not found: {', '.join(missing) or 'none'}"
        )
    shutil.rmtree(DIST, ignore_errors=True)
    failed = [
        (name, release)
        for name in options.steps or STEPS
        for release in options.releases
        if not _went_well(name, release)
    ]
    sys.exit(bool(failed))


def _went_well(name, release):
    began_at = time.monotonic()
    try:
        said = STEPS[name](release)
    except (StepError, BuildError, AssertionError, subprocess.CalledProcessError) as error:
        said, well = f"FAILED: {error}", False
    else:
        well = True
    sys.stdout.write(f"{time.monotonic() - began_at:7.1f} s  Debian {release}, {name}: {said}\n")
    sys.stdout.flush()
    return well


if __name__ == "__main__":
    main()
