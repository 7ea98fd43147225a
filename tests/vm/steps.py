"""What is proved on the virtual machine, step by step: each goes on from what the one before left, a gate at work.

A step's first line says what it proves; what it returns is printed beside its seconds.
"""

import random
import threading

from agent.clock.clock import Clock
from tests.support.waiting import eventually
from tests.vm.gate import PATIENCE_S, UNIT
from tests.vm.machine import COUNTED

SEED = 20261126
CONFIGURATION = "/etc/gate-agent/gate.toml"
MOST_ON_A_FULL_DISK = 60
DEVICES = ("relay", "scanner")
DROP_IN = f"/run/systemd/system/{UNIT}.d/broken.conf"


def install(gate):
    """installed from nothing beside a prepared configuration: enabled, and ready without its devices"""
    run, limits = gate.machine.run, f"/etc/systemd/system/{UNIT}.d"
    run(f"mount -o ro /dev/vdb /mnt && mkdir {limits} /etc/gate-agent && cp /mnt/limits.conf {limits}")
    run("cp /mnt/gate.toml /mnt/keys/trust-list.txt /etc/gate-agent && cp /mnt/61-test.rules /etc/udev/rules.d")
    run("dpkg --install /mnt/old.deb", within_s=PATIENCE_S)
    gate.until_active()
    run(f"systemctl is-enabled {UNIT}")


def devices(gate):
    """boards plugged in by their own names, the first vehicle through"""
    gate.follow()
    for name in DEVICES:
        gate.machine.plug(name)
    gate.until_at_work()
    gate.vehicle()
    return gate.machine.run("ls -l /dev/gate-* | sed 's/.* .dev/\\/dev/' | paste -sd,")


def vehicles(gate):
    """three vehicles through; a used permit raises nothing"""
    for _ in range(3):
        gate.vehicle()
    gate.refused(gate.used[0])


def watchdog(gate):
    """stalled: the watchdog kills it, and it is back"""
    before, seen = gate.process(), gate.told.head
    gate.machine.run(f"kill -STOP {before}")
    gate.until_active(before)
    gate.until_at_work(seen)
    killed = f"journalctl --boot --unit={UNIT} --output=cat --no-pager | grep --fixed-strings 'Watchdog timeout'"
    return gate.machine.run(killed).splitlines()[-1]


def kill(gate):
    """kill -9: back, the next vehicle goes through"""
    before, seen = gate.process(), gate.told.head
    gate.machine.run(f"kill -KILL {before}")
    gate.until_active(before)
    gate.until_at_work(seen)
    gate.vehicle()


def relay(gate):
    """relay board pulled and plugged in: lost, up again, same process"""
    before, seen = gate.process(), gate.told.head
    gate.machine.unplug("relay")
    gate.until_device("lane-1/relay", seen, away=True)
    gate.machine.plug("relay")
    gate.until_device("lane-1/relay", seen)
    gate.vehicle()
    assert gate.process() == before


def camera(gate):
    """camera set in, pulled and plugged in: streams, lost, streams again, same process"""
    run, before, seen = gate.machine.run, gate.process(), gate.told.head
    run(f"cp {CONFIGURATION} /run/before.toml && cat /mnt/camera.toml >>{CONFIGURATION} && systemctl reload {UNIT}")
    gate.until_device("lane-1/front", seen)
    seen = gate.told.head
    run("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind")
    gate.until_device("lane-1/front", seen, away=True)
    run("echo vivid.0 >/sys/bus/platform/drivers/vivid/bind")
    gate.until_device("lane-1/front", seen)
    assert gate.process() == before
    seen = gate.told.head
    run(f"cat /run/before.toml >{CONFIGURATION} && systemctl reload {UNIT}")
    gate.until_at_work(seen)


def clock(gate):
    """clock a year forwards, back, a year backwards, back: no permit of today is good for then, the journal holds"""
    for days, reason in ((365, "KEY_EXPIRED"), (-365, None), (-365, "KEY_EXPIRED"), (365, None)):
        gate.machine.run(f"date --set='{days:+d} days'")
        if reason is None:
            gate.vehicle()
        else:
            gate.refused(gate.permit(), reason)
    return f"{gate.verified()} events whole"


def disk(gate):
    """disk full: no barrier without a record; with room again vehicles pass"""
    before, seen = gate.process(), gate.told.head
    # Without the blocks that are root's alone: the agent has none from here on.
    gate.machine.run("fallocate --length $(df --output=avail --block-size=1 / | tail -n 1) /filler; sync")
    log = f"journalctl --boot --unit={UNIT} --output=cat --no-pager"

    def failures():
        return int(gate.machine.run(f"{log} | grep --count 'the journal cannot be written'", check=False))

    def answered(begun, before):
        return gate.told.events("transaction.closed", begun) or failures() > before

    pulses, shown, full = gate.machine.board.pulses, 0, False
    while not full:
        # What is there of the journal's own blocks may take a few vehicles more.
        assert shown < MOST_ON_A_FULL_DISK, "the journal was written on a full disk all the time"
        begun, failed = gate.told.head, failures()
        gate.machine.scanner.send(gate.permit().text.encode() + b"\r\n")
        gate.until(lambda begun=begun, failed=failed: answered(begun, failed), "an answer")
        shown, full = shown + 1, failures() > failed
    gate.machine.run("rm /filler && sync")
    gate.until_told("alarm.raised", seen, alarm="journal_failed")
    raised = gate.machine.board.pulses - pulses
    events = gate.verified()
    granted = len(gate.told.events("access.granted", seen))
    assert raised <= granted, f"raised {raised} times by {granted} grants"
    assert gate.process() == before
    gate.vehicle()
    return f"of {shown} vehicles meanwhile {raised} passed, {granted} granted; {events} events whole"


def cuts(gate, count):
    """power cut in the middle of vehicles"""
    chance = random.Random(SEED)  # noqa: S311 - to be repeatable
    raise_s = seconds_to_raise(gate)
    for number in range(1, count + 1):
        yield f"power cut {number} of {count} {power_cut(gate, chance, number, raise_s)}"
    yield f"after the cuts the machine's own proof: {gate.verified()} events whole"


def seconds_to_raise(gate):
    """Bring a vehicle through; how long after its code the barrier was raised."""
    pulses, seen, shown_at = gate.machine.board.pulses, gate.told.head, Clock().now().at
    gate.machine.scanner.send(gate.permit().text.encode() + b"\r\n")
    eventually(lambda: gate.machine.board.pulses > pulses or None, PATIENCE_S, "the barrier to be raised")
    raised_at = Clock().now().at
    gate.until_told("transaction.closed", seen)
    return raised_at - shown_at


def power_cut(gate, chance, number, raise_s):
    """Cut the power while a vehicle is under way, boot, and look; what was seen, in words."""
    machine, board = gate.machine, gate.machine.board
    pulses, seen, permit = board.pulses, gate.told.head, gate.permit()
    machine.scanner.send(permit.text.encode() + b"\r\n")
    moment = ("before the barrier moves", "as the barrier is raised", "while the vehicle is passing")[number % 3]
    if moment.startswith("before"):
        # Not after an event: what is told out of the machine comes later than the pulse.
        threading.Event().wait(chance.uniform(0.0, raise_s))
    else:
        eventually(lambda: board.pulses > pulses or None, PATIENCE_S, "the barrier to be raised")
        threading.Event().wait(chance.uniform(0.0, 4.0 if moment.startswith("while") else 0.2))
    machine.cut_power()
    raised = board.pulses - pulses
    machine.start(plugged=DEVICES)
    gate.until_active()
    boot = ready_s(gate)
    gate.follow()
    gate.until_at_work(seen)
    events = gate.nothing_lost()
    granted = grants(gate, permit)
    assert raised <= granted <= 1, f"raised {raised} times by {granted} grants"
    decided, again = gate.show(permit)
    assert raised + again <= 1, "a permit raised the barrier twice"
    assert (decided["verdict"] == "PASS") == bool(again), decided
    assert again == 0 or granted == 0, "a permit was granted twice"
    assert grants(gate, permit) <= 1, "a permit was granted twice"
    return f"{moment}: {events} events whole, none lost, raised {raised} and once more shown {again}; {boot}"


def grants(gate, permit):
    """How many grants of a permit the journal has."""
    own = permit.permit.permit_id.hex()
    return sum(one["data"]["permit"] == own for one in gate.told.events("access.granted"))


def ready_s(gate):
    """How long the service took, by the machine's own clock, in words."""
    asked = gate.shown("ActiveEnterTimestampMonotonic", "InactiveExitTimestampMonotonic").split()
    asked.append(gate.machine.run("systemctl show --value --property=UserspaceTimestampMonotonic"))
    systemd, began, ready = sorted(float(microseconds) / 1e6 for microseconds in asked)
    since = (
        f"{ready - began:.1f} s after its start, {ready - systemd:.1f} s after systemd's, "
        f"{ready:.1f} s after the kernel's"
    )
    return f"ready {since}"


def reboot(gate):
    """restarted in order: it says that it stops, comes back, and the used permit stays used"""
    seen = gate.told.head
    gate.machine.restart()
    gate.until_active()
    boot = ready_s(gate)
    gate.follow()
    gate.until_at_work(seen)
    assert gate.told.events("gate.stopping", seen)
    gate.refused(gate.used[-1])
    gate.vehicle()
    return f"{gate.verified()} events whole, none lost; {boot}"


def _goes_on(gate, seen):
    """See the gate at work after `seen`, with all events and used permits as they were."""
    gate.follow()
    gate.until_at_work(seen)
    gate.refused(gate.used[-1])
    gate.vehicle()
    return f"{gate.verified()} events whole, none lost"


def rollback(gate):
    """an upgrade that does not come up goes back by itself: the old version passes vehicles"""
    run, seen = gate.machine.run, gate.told.head
    run("mountpoint --quiet /mnt || mount -o ro /dev/vdb /mnt")
    fails = "ExecStartPre=/bin/sh -c '! grep --quiet 0.9.1 /usr/lib/gate-agent/current/version'"
    run(
        f'mkdir --parents $(dirname {DROP_IN}) && printf "[Service]\\n%s\\n" "{fails}" >{DROP_IN} && systemctl '
        "daemon-reload"
    )
    said = run("dpkg --install /mnt/new.deb && echo installed", check=False)
    assert "the version before runs again" in said, said
    assert "installed" not in said.splitlines()[-1], said
    assert run("cat /usr/lib/gate-agent/current/version").startswith("0.9.0")
    return _goes_on(gate, seen)


def upgrade(gate):
    """upgraded: the new version passes vehicles and knows the used permits"""
    run, seen = gate.machine.run, gate.told.head
    run(f"rm {DROP_IN} && systemctl daemon-reload && dpkg --configure gate-agent")
    assert run("cat /usr/lib/gate-agent/current/version").startswith("0.9.1")
    return _goes_on(gate, seen)


def downgrade(gate):
    """gone back to the version before by its package, by root's word: vehicles pass"""
    run, seen = gate.machine.run, gate.told.head
    said = run("dpkg --install /mnt/old.deb", check=False)
    assert "has run here, and this one is older" in said, said
    run("GATE_AGENT_DOWNGRADE='a trial' dpkg --install /mnt/old.deb")
    assert run("cat /usr/lib/gate-agent/current/version").startswith("0.9.0")
    gate.follow()
    gate.until_at_work(seen)
    gate.vehicle()
    return f"{gate.verified()} events whole, none lost"


def counted(gate):
    """power cut once more, and booted by a clock that counts instructions, a thousand million a second"""
    gate.machine.cut_power()
    gate.machine.start(plugged=DEVICES, processors=COUNTED)
    gate.until_active()
    return ready_s(gate)


def purge(gate):
    """removed: the state stays; purged: nothing stays"""
    run = gate.machine.run
    run("systemctl stop told.service; dpkg --remove gate-agent")
    run("test -e /var/lib/gate-agent/journal.db -a -e /etc/gate-agent/gate.toml -a ! -e /usr/lib/gate-agent")
    run("dpkg --purge gate-agent")
    left = "find / -xdev -path /proc -prune -o -path /mnt -prune -o -iname '*gate-agent*' -print"
    kept = [path for path in run(left).splitlines() if not path.startswith(("/sys/", "/run/", "/var/lib/systemd/"))]
    assert kept == [], kept
    assert "gate-agent" not in run("cat /etc/passwd")
