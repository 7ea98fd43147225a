"""The proofs on a virtual machine: python -m tests.vm [--cuts N].

Installs the package, brings vehicles through by a scanner, stalls and kills the agent, pulls relay board and camera, cuts the
power in the middle of vehicles, sets the clock, restarts, upgrades and removes. Prints each step with its seconds.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from agent.issuing import IssuingDesk, Order
from agent.service.clock import Clock
from tests.debian_packages import Packages
from tests.vm.image import FOLDER, ready_image
from tests.vm.machine import Machine
from tests.waiting import eventually
from tools.deb.targets import TARGETS

UNIT = "gate-agent.service"
SITE, ISSUER = 17, "virtual machine"
SNAPSHOT, ARCHIVE = "booted", "2G"
VEHICLE_S = 120.0
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
enter_s = 2.0
pass_s = 2.0
[lanes.lane-1.relay]
kind = "lcus"
port = "/dev/gate-barrier"
channels = 2
[[lanes.lane-1.scanners]]
id = "post"
kind = "serial_lines"
port = "/dev/gate-scanner"
[[lanes.lane-1.cameras]]
id = "front"
kind = "opencv"
url = "/dev/gate-camera"
readers = ["qr"]
"""
RULES = """\
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{serial}=="relay", SYMLINK+="gate-barrier"
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{serial}=="scanner", SYMLINK+="gate-scanner"
SUBSYSTEM=="video4linux", ATTR{index}=="0", SYMLINK+="gate-camera"
"""


def say(began_at, what):
    sys.stdout.write(f"{time.monotonic() - began_at:7.1f} s  {what}\n")
    sys.stdout.flush()


class Proof:
    """The steps, one after the other, on one machine."""

    def __init__(self, machine, desk):
        self.machine = machine
        self._desk = desk
        self._number = 0
        self.used = []

    @contextmanager
    def step(self, what):
        began_at = time.monotonic()
        yield
        say(began_at, what)

    def permit(self):
        """The text of a new permit."""
        self._number += 1
        order = Order(declaration=f"94012026{self._number:010d}", vin=f"WVWZZZ3BZWE{self._number:06d}")
        return self._desk.issue(order, int(Clock().now().utc) - 3600).text

    def until_active(self, within_s=300.0):
        self.machine.until(f"systemctl show --property=ActiveState --value {UNIT}", "active", within_s)

    def process(self):
        return self.machine.run(f"systemctl show --property=MainPID --value {UNIT}")

    def said(self, words, within_s=VEHICLE_S):
        """Wait for words in the agent's log of this start."""
        line = f"journalctl --boot --unit={UNIT} --output=cat --no-pager | grep --count --fixed-strings '{words}'"
        eventually(lambda: self.machine.run(line, check=False) not in {"", "0"} or None, within_s, words)

    def vehicle(self):
        """Bring a vehicle through: its permit raises the barrier once."""
        before, closed = self.machine.board.pulses, self.count("transaction.closed")
        text = self.permit()
        self.machine.scanner.send(text.encode() + b"\r\n")
        eventually(lambda: self.machine.board.pulses > before or None, VEHICLE_S, "the barrier to be raised")
        eventually(lambda: not self.machine.board.on or None, VEHICLE_S, "the pulse to end")
        eventually(lambda: self.count("transaction.closed") > closed or None, VEHICLE_S, "the vehicle to be through")
        assert self.machine.board.pulses == before + 1
        self.used.append(text)

    def count(self, kind):
        """How many events of a kind there are."""
        line = f"gate-agent events tail --json --count 100000 | grep --count --fixed-strings {kind}"
        return int(self.machine.run(line, check=False))

    def refused(self, text):
        """Show a used permit again: the barrier must stay."""
        before = self.machine.board.pulses
        told = self.events()
        self.machine.scanner.send(text.encode() + b"\r\n")
        eventually(lambda: self.events() > told + 1 or None, VEHICLE_S, "the permit to be refused")
        assert self.machine.board.pulses == before, "a permit raised the barrier twice"

    def events(self):
        """How many events there are, which hold together from the first to the last."""
        said = self.machine.run("gate-agent events verify /var/lib/gate-agent/journal.db")
        return int(said.split("events 1 to ")[1].split()[0])

    def plug_in(self):
        for name, link in (("relay", "/dev/gate-barrier"), ("scanner", "/dev/gate-scanner")):
            self.machine.plug(name)
            self.machine.until(f"test -e {link} && echo there", "there")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=20, help="how often the power is cut")
    options = parser.parse_args()
    missing = [name for name in ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs") if not shutil.which(name)]
    if missing:
        sys.exit(f"test-vm: {', '.join(missing)} not found; Debian: qemu-system-x86 qemu-utils mmdebstrap e2fsprogs")
    with tempfile.TemporaryDirectory(prefix="gate-vm-") as name:
        prove(Path(name), options.cuts)


def prove(scratch, cuts):
    FOLDER.mkdir(parents=True, exist_ok=True)
    began_at = time.monotonic()
    image = ready_image()
    remember_booted(image, scratch)
    disk = scratch / "disk.qcow2"
    shutil.copy(image / "disk.qcow2", disk)
    packages = Packages(scratch / "packages", TARGETS["deb13_amd64"])
    carried = scratch / "carried"
    desk = provide(carried, packages)
    archive = scratch / "packages.img"
    subprocess.run(["mke2fs", "-F", "-q", "-t", "ext4", "-d", carried, archive, ARCHIVE], check=True)
    machine = Machine(image, disk, archive, scratch)
    say(began_at, "the image and the packages are there")
    proof = Proof(machine, desk)
    try:
        with proof.step("the booted machine goes on"):
            machine.start(SNAPSHOT)
        run_steps(proof, cuts)
    finally:
        machine.cut_power()


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
        machine.save(SNAPSHOT)
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
    return IssuingDesk.open(folder / "keys" / "issuer.pem", ISSUER, SITE)


def run_steps(proof, cuts):
    machine, step = proof.machine, proof.step
    with step("installed from nothing, enabled, active"):
        machine.run("mount -o ro /dev/vdb /mnt && dpkg --install /mnt/old.deb")
        proof.until_active()
    with step("first boot: configured by files, boards plugged in by their own names, camera streams"):
        machine.run("cp /mnt/61-test.rules /etc/udev/rules.d/ && udevadm control --reload && udevadm trigger")
        machine.run("cp /mnt/gate.toml /mnt/keys/trust-list.txt /etc/gate-agent/ && gate-agent config check")
        proof.plug_in()
        # The journal of the first start belongs to the gate of the shipped configuration.
        machine.run(
            f"chgrp gate-agent /etc/gate-agent/* && systemctl stop {UNIT} && rm /var/lib/gate-agent/journal.db*"
        )
        machine.run(f"systemctl start {UNIT}")
        for words in ("relay lane-1/relay: up", "camera lane-1/front: streaming", "scanner lane-1/post: up"):
            proof.said(words)
    with step("three vehicles through; a used permit raises nothing"):
        for _ in range(3):
            proof.vehicle()
        proof.refused(proof.used[0])
    watch_and_devices(proof)
    clock_and_disk(proof)
    for number in range(1, cuts + 1):
        began_at = time.monotonic()
        seen = power_cut(proof)
        say(began_at, f"power cut {number} of {cuts} in the middle of a vehicle: {seen}")
    last_steps(proof)


def watch_and_devices(proof):
    machine, step = proof.machine, proof.step
    with step("stalled: the watchdog kills it, and it is back"):
        before = proof.process()
        machine.run(f"kill -STOP {before}")
        eventually(lambda: proof.process() not in {"0", before} or None, 120.0, "a new process")
        proof.until_active()
    with step("kill -9: back"):
        before = proof.process()
        machine.run(f"kill -KILL {before}")
        eventually(lambda: proof.process() not in {"0", before} or None, 120.0, "a new process")
        proof.until_active()
        proof.vehicle()
    with step("relay board pulled and plugged in: lost, up again, same process"):
        before = proof.process()
        machine.unplug("relay")
        proof.said("relay lane-1/relay: lost")
        machine.plug("relay")
        machine.until("test -e /dev/gate-barrier && echo there", "there")
        proof.vehicle()
        assert proof.process() == before
    with step("camera pulled and plugged in: streams again, same process"):
        machine.run("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind; sleep 5")
        machine.run("echo vivid.0 >/sys/bus/platform/drivers/vivid/bind")
        streams = f"journalctl --boot --unit={UNIT} --output=cat | grep --count 'camera lane-1/front: streaming'"
        eventually(lambda: int(machine.run(streams, check=False) or 0) >= 2 or None, VEHICLE_S, "the camera")


def last_steps(proof):
    machine, step = proof.machine, proof.step
    with step("upgraded, gone back, removed, purged"):
        machine.run("mount -o ro /dev/vdb /mnt")
        events = proof.events()
        machine.run("dpkg --install /mnt/new.deb")
        assert machine.run("cat /usr/lib/gate-agent/current/version").startswith("0.9.1")
        machine.run("dpkg --install /mnt/old.deb")
        proof.until_active()
        assert proof.events() > events
        machine.run("dpkg --remove gate-agent && dpkg --purge gate-agent")
        assert machine.run("ls -d /var/lib/gate-agent /etc/gate-agent", check=False).count("No such file") == 2


def clock_and_disk(proof):
    machine, step = proof.machine, proof.step
    with step("clock a year forwards and back: vehicles in between are judged, the journal holds"):
        for days in (365, -365):
            machine.run(f"date --set='{days:+d} days'")
            assert proof.events() > 0
        proof.vehicle()
    with step("disk full: no barrier without a record; with room again vehicles pass"):
        pulses, granted = machine.board.pulses, proof.count("access.granted")
        # Without the blocks that are root's alone: the agent has none from here on.
        machine.run("fallocate -l $(df --output=avail -B1 / | tail -n 1) /filler; df / | tail -n 1")
        machine.scanner.send(proof.permit().encode() + b"\r\n")
        machine.run("sleep 20; rm /filler")
        assert machine.board.pulses - pulses <= proof.count("access.granted") - granted
        proof.until_active()
        proof.vehicle()


def power_cut(proof):
    """Cut the power while a vehicle is under way, boot, and look; returns what was seen."""
    machine = proof.machine
    pulses, text = machine.board.pulses, proof.permit()
    machine.scanner.send(text.encode() + b"\r\n")
    eventually(lambda: machine.board.pulses > pulses or None, VEHICLE_S, "the barrier to be raised")
    machine.cut_power()
    machine.start()
    proof.plug_in()
    proof.until_active()
    ready_s = (
        float(machine.run(f"systemctl show --property=ActiveEnterTimestampMonotonic --value {UNIT}")) / 1e6
        - float(machine.run("systemctl show --property=InactiveExitTimestampMonotonic --value " + UNIT)) / 1e6
    )
    for words in ("relay lane-1/relay: up", "scanner lane-1/post: up"):
        proof.said(words)
    events = proof.events()
    proof.refused(text)  # recorded before it was raised, so it is used
    return f"{events} events whole, the permit stays used, ready {ready_s:.1f} s after its start"


if __name__ == "__main__":
    main()
