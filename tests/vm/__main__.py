"""The proofs on a virtual machine: python -m tests.vm [--cuts N] [--only STEP,STEP].

Installs the package, brings vehicles through by a scanner, stalls and kills the agent, pulls relay board and camera,
sets the clock, fills the disk, cuts the power in the middle of vehicles, restarts, upgrades and removes. Prints each
step with its seconds. What a failure leaves behind lies in build/vm/failed.
"""

import argparse
import inspect
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from central.issuing import PermitIssuer
from tests.support.packaging.debian_packages import Packages
from tests.vm import steps
from tests.vm.gate import UNIT, Gate, Told
from tests.vm.image import FOLDER, ready_image
from tests.vm.machine import Machine
from tools.deb.targets import TARGETS

SITE, ISSUER = 17, "virtual machine"
BOOTED, INSTALLED = "booted", "installed"
ARCHIVE = "2G"
FAILED = FOLDER / "failed"
CONFIGURATION = """\
version = 1
[gate]
id = "vm-gate"
site = {site}
[permits]
root_keys = ["{root_key}"]
trust_list = "/etc/gate-agent/trust-list.txt"
[mqtt]
enabled = false
[clock]
require_synchronised = false
[lanes.lane-1]
number = 1
direction = "export"
[lanes.lane-1.rules]
require = "permit"
[lanes.lane-1.timing]
read_s = 2.0
open_s = 2.0
blind_passage_s = 4.0
close_s = 2.0
# What a processor that is emulated and busy may take.
decide_s = 60.0
grant_s = 60.0
[lanes.lane-1.relay]
kind = "lcus"
port = "/dev/gate-barrier"
channels = 2
[[lanes.lane-1.scanners]]
id = "post"
kind = "serial_lines"
port = "/dev/gate-scanner"
"""
RULES = """\
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{serial}=="relay", SYMLINK+="gate-barrier"
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{serial}=="scanner", SYMLINK+="gate-scanner"
SUBSYSTEM=="video4linux", ATTR{index}=="0", SYMLINK+="gate-camera"
"""
# Set in for its own step alone: a vision worker takes most of the emulated processor.
CAMERA = """\
[[lanes.lane-1.cameras]]
id = "front"
kind = "opencv"
url = "/dev/gate-camera"
readers = ["qr"]
"""
# The emulated processor is twenty times slower than a gate's, and others use it too.
LIMITS = """\
[Service]
TimeoutStartSec=900
TimeoutStopSec=300
TimeoutAbortSec=120
WatchdogSec=60
"""
FIRST = (steps.install,)  # what it leaves is kept, for --only
DEVICES = steps.devices  # a machine that was kept has none plugged in
THEN = (
    *(steps.vehicles, steps.watchdog, steps.kill, steps.relay, steps.camera, steps.clock, steps.disk, steps.cuts),
    *(steps.reboot, steps.rollback, steps.upgrade, steps.downgrade, steps.counted, steps.purge),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=20, help="how often the power is cut")
    names = [step.__name__ for step in THEN]
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        help=f"these steps, on the machine that an earlier run installed: {', '.join(names)}",
    )
    options = parser.parse_args()
    if wrong := set(options.only or ()) - set(names):
        parser.error(f"no such step: {', '.join(sorted(wrong))}; there are {', '.join(names)}")
    missing = [name for name in ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs") if not shutil.which(name)]
    if missing:
        sys.exit(f"test-vm: {', '.join(missing)} not found; Debian: qemu-system-x86 qemu-utils mmdebstrap e2fsprogs")
    # The machine ends with this program, however it ends.
    signal.signal(signal.SIGTERM, end)
    began_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gate-vm-") as name:
        scratch = Path(name)
        image = ready_image()
        if options.only and not (image / INSTALLED).is_dir():
            sys.exit("test-vm: no run has installed anything on this machine yet: run it once without --only")
        if not options.only:
            install(image, scratch)
        prove(image, scratch, [step for step in THEN if not options.only or step.__name__ in options.only], options)
    say(began_at, "all steps held" if not options.only else "these steps held")


def end(*_):
    """Told to end: with the place that it has come to."""
    message = "ended from outside"
    raise InterruptedError(message)


def say(began_at, what):
    load = os.getloadavg()[0]
    sys.stdout.write(f"{time.monotonic() - began_at:7.1f} s  {what}  [load {load:.0f}]\n")
    sys.stdout.flush()


def take(step, gate, count=0):
    """Take a step and print it; what a failure leaves is kept."""
    what = inspect.getdoc(step)
    began_at = time.monotonic()
    try:
        if inspect.isgeneratorfunction(step):
            for seen in step(gate, count):
                say(began_at, seen)
                began_at = time.monotonic()
        else:
            seen = step(gate)
            say(began_at, f"{what}{': ' if seen else ''}{seen or ''}")
    except BaseException:
        say(began_at, f"FAILED: {what}; see {FAILED}")
        leave(gate)
        raise


def leave(gate):
    """Keep what tells why a step failed."""
    shutil.rmtree(FAILED, ignore_errors=True)
    FAILED.mkdir(parents=True)
    shutil.copy(gate.machine.console, FAILED)
    told = [gate.told.now[seq] for seq in sorted(gate.told.now)]
    (FAILED / "events.jsonl").write_bytes(b"\n".join(told) + b"\n")
    try:
        journal = gate.machine.run("journalctl --no-pager --output=short-monotonic", check=False, within_s=300.0)
        (FAILED / "journal.txt").write_text(journal)
        state = f"systemctl status --no-pager {UNIT}; df; lsusb; ls -l /dev/gate-* /var/lib/gate-agent; dmesg | tail"
        (FAILED / "state.txt").write_text(gate.machine.run(state, check=False, within_s=300.0))
    except (AssertionError, OSError) as error:
        (FAILED / "journal.txt").write_text(f"the machine does not answer: {error}\n")


def install(image, scratch):
    """Make the packages, install the first, and keep the machine."""
    began_at = time.monotonic()
    remember_booted(image, scratch)
    folder = scratch / "installed"
    folder.mkdir()
    shutil.copy(image / "disk.qcow2", folder / "disk.qcow2")
    carried = scratch / "carried"
    provide(carried, Packages(scratch / "packages", TARGETS["deb13_amd64"]))
    shutil.copytree(carried / "keys", folder / "keys")
    subprocess.run(["mke2fs", "-F", "-q", "-t", "ext4", "-d", carried, folder / "packages.img", ARCHIVE], check=True)
    shutil.rmtree(carried)
    shutil.rmtree(scratch / "packages")
    say(began_at, "the image and the packages are there")
    gate = started(image, folder, scratch, BOOTED)
    try:
        for step in FIRST:
            take(step, gate)
        gate.machine.save(INSTALLED)
    finally:
        gate.machine.cut_power()
    shutil.rmtree(image / INSTALLED, ignore_errors=True)
    shutil.move(folder, image / INSTALLED)


def started(image, folder, scratch, snapshot):
    """The gate of a machine that goes on from a snapshot."""
    told = Told()
    machine = Machine(image, folder / "disk.qcow2", folder / "packages.img", scratch, told.take)
    gate = Gate(machine, told, PermitIssuer.open(folder / "keys" / "issuer.pem", ISSUER, SITE))
    machine.start(snapshot)
    return gate


def prove(image, scratch, chosen, options):
    shutil.copytree(image / INSTALLED, scratch / "work")
    gate = started(image, scratch / "work", scratch, INSTALLED)
    try:
        for step in (DEVICES, *chosen):
            take(step, gate, options.cuts)
    finally:
        gate.machine.cut_power()


def remember_booted(image, scratch):
    """Boot the machine once, and keep its state in its disk: later runs go on from there in seconds."""
    kept = image / "booted"
    if kept.exists():
        return
    archive = scratch / "packages.img"
    subprocess.run(["mke2fs", "-F", "-q", "-t", "ext4", archive, ARCHIVE], check=True)
    machine = Machine(image, image / "disk.qcow2", archive, scratch)
    try:
        machine.start()
        machine.run("systemctl is-system-running --wait", check=False)
        machine.save(BOOTED)
    finally:
        machine.cut_power()
    archive.unlink()
    kept.touch()


def provide(folder, packages):
    """What the machine is given: packages, keys, configuration."""
    folder.mkdir()
    shutil.copy(packages.whole("0.9.0"), folder / "old.deb")
    shutil.copy(packages.whole("0.9.1"), folder / "new.deb")
    keygen = [sys.executable, "-m", "agent.cli.main", "permit", "keygen", "--out", folder / "keys", "--issuer", ISSUER]
    said = subprocess.run(keygen, check=True, capture_output=True, text=True).stdout
    root_key = said.split('root_keys = ["')[1].split('"')[0]
    (folder / "gate.toml").write_text(CONFIGURATION.format(site=SITE, root_key=root_key))
    (folder / "61-test.rules").write_text(RULES)
    (folder / "camera.toml").write_text(CAMERA)
    (folder / "limits.conf").write_text(LIMITS)


if __name__ == "__main__":
    main()
