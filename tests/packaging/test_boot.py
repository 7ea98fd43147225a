"""The package on a booted machine: installed, started, stalled, killed, upgraded, taken back, removed.

One container, in which the tests follow one another; each begins with what the one before left, a gate at work.
"""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.container import Container, why_not
from tests.debian_packages import Packages, own_target, rewrite
from tools.deb.bundle import fill

UNIT = "gate-agent.service"
CONFIGURATION = "/etc/gate-agent/gate.toml"
JOURNAL = "/var/lib/gate-agent/journal.db"
BOARD = "/run/board/relay"
# The unit as it is, but quicker, and with the one device that only tests have.
DROP_IN = """
[Service]
WatchdogSec=3
TimeoutAbortSec=5
RestartSec=0.2
DeviceAllow=char-pts rw
"""
SWITCHINGS = "journalctl --unit=board --output=cat | grep -o 'relay 1 .*' | tail -n 1 | cut -d' ' -f3"
SCANNER = '[[lanes.lane-1.scanners]]\nid = "post"\nkind = "serial_lines"\nport = "/run/board/none"\n'
RELAY = 'kind = "lcus"\nport = "/run/board/relay"\nchannels = 2\n'


def why_not_here():
    if own_target() is None:
        return "packages are built for Debian 12 and 13"
    return why_not()


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(why_not_here()), reason=why_not_here() or "-"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return Packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def gate(packages):
    with Container() as machine:
        gate = Gate(machine)
        said = gate.install(packages.whole("0.9.0"))
        assert said.code == 0, said
        yield gate


@pytest.fixture(scope="module")
def wired(gate):
    """The gate with a relay board at its serial line."""
    gate.wire()
    return gate


class Said(NamedTuple):
    """What a program said, and the code with which it ended."""

    code: int
    text: str


class Gate:
    """The gate in the container."""

    def __init__(self, machine):
        self.machine = machine
        self.ask, self.until = machine.ask, machine.until

    def run(self, command):
        done = self.machine.run(command, check=False)
        return Said(done.returncode, done.stdout)

    def install(self, package, how=""):
        """Install a package as a technician does."""
        place = self.machine.root / "srv" / package.name
        if not place.exists():
            shutil.copy(package, place)
        return self.run(f"{how} dpkg --install --force-unsafe-io /srv/{package.name}")

    def wire(self):
        """Give the lane a relay board whose every switching is told, and the unit what the tests need.

        From here on without a camera, whose drawing would take most of the processor.
        """
        file = self.machine.root / CONFIGURATION[1:]
        text = file.read_text()
        for pattern, new in (
            (r"(?<=\[lanes.lane-1.relay\]\n)(#[^\n]*\n)*kind = \"simulated\"\n", RELAY),
            (r"\[\[lanes.lane-1.cameras\]\]\n.*?\nscene_file = [^\n]*\n", SCANNER),
        ):
            text, replaced = re.subn(pattern, new, text, flags=re.DOTALL)
            assert replaced == 1, pattern
        file.write_text(text)
        drop_in = self.machine.root / "etc/systemd/system" / f"{UNIT}.d/test.conf"
        drop_in.parent.mkdir(exist_ok=True)
        drop_in.write_text(DROP_IN)
        self.ask(
            "systemd-run --quiet --unit=board --property=User=gate-agent --property=RuntimeDirectory=board "
            f"/usr/lib/gate-agent/current/bin/python3 -I -m drivers.emulators.lcus --link {BOARD}"
        )
        self.until(f"test -e {BOARD} && echo there", "there")
        self.ask(f"systemctl daemon-reload && systemctl restart {UNIT}")

    def shown(self, name):
        return self.ask(f"systemctl show --property={name} --value {UNIT}")

    @property
    def process(self):
        return int(self.shown("MainPID"))

    @property
    def version(self):
        return self.ask("cat /usr/lib/gate-agent/current/version").split("+")[0]

    def until_back(self, before):
        """Wait until another process than `before` is at work."""
        self.machine.until_true(
            lambda: self.shown("ActiveState") == "active" and self.process not in {0, before}, "the gate to be back"
        )

    def until_up(self, device):
        self.machine.until_true(lambda: device in self.log(), device)

    def log(self, unit=UNIT):
        return self.ask(f"journalctl --unit={unit} --output=cat --no-pager")

    def energise(self):
        """Leave the agent in the middle of a pulse: it stands still, and the relay that opens the barrier is on."""
        self.until_up("relay lane-1/relay: up")
        self.ask(f"kill -STOP {self.process} && printf '\\240\\001\\001\\242' >{BOARD}")
        self.until(SWITCHINGS, "ON")

    def until_released(self):
        self.until(SWITCHINGS, "off")

    def events(self):
        """The events, after the proof that they hold together from the first to the last."""
        said = self.ask(f"gate-agent events verify {JOURNAL}")
        return int(re.search(r"whole, events 1 to (\d+) of stream", said)[1])


def test_installing_enables_and_starts_it(gate):
    assert gate.shown("ActiveState") == "active"
    assert gate.ask(f"systemctl is-enabled {UNIT}") == "enabled"
    assert gate.version == "0.9.0"
    assert gate.ask(f"stat --format='%U %G %a' {CONFIGURATION}") == "root gate-agent 660"
    assert gate.run("dpkg --verify gate-agent") == Said(0, "")
    assert gate.ask("journalctl GATE_ID=gate-1 --output=cat --no-pager | grep --count 'gate gate-1 runs'") != "0"
    gate.until_up("camera lane-1/front: streaming")  # the eye's libraries work under the unit's filters


def test_the_manual_the_words_and_the_papers_are_there(gate):
    assert "gate-agent config check" in gate.ask("zcat /usr/share/man/man1/gate-agent.1.gz").replace(r"\-", "-")
    completed = gate.ask(
        "bash -c '. /usr/share/bash-completion/completions/gate-agent; COMP_WORDS=(gate-agent config s); COMP_CWORD=2;"
        " _gate_agent gate-agent s; echo ${COMPREPLY[@]}'"
    )
    assert completed.split() == ["show", "schema", "set"]
    assert {"copyright", "gate-agent.cdx.json", "changelog.gz", "install.md"} <= set(
        gate.ask("ls /usr/share/doc/gate-agent").split()
    )


def test_a_lane_that_stalls_has_the_agent_killed_with_its_stacks_told_and_started_again(wired):
    before = wired.process
    wired.ask(f"kill -STOP {before}")
    wired.until_back(before)
    assert "Watchdog timeout" in wired.log()
    assert "Fatal Python error: Aborted" in wired.log()
    assert "lane_loop.py" in wired.log()


def test_killed_in_the_middle_of_a_pulse_its_relay_is_released_and_it_is_started_again(wired):
    before = wired.process
    wired.energise()
    wired.ask(f"kill -KILL {before}")
    wired.until_released()
    wired.until_back(before)


def test_with_a_broken_configuration_it_runs_with_the_last_good_one_and_says_so(wired):
    file = wired.machine.root / CONFIGURATION[1:]
    good = file.read_text()
    file.write_text(good + "\n[lanes.lane-1\n")
    wired.ask(f"systemctl restart {UNIT}")
    assert "refused" in wired.shown("StatusText")
    file.write_text(good)
    wired.ask(f"systemctl restart {UNIT}")
    assert "refused" not in wired.shown("StatusText")


def test_stopping_releases_every_relay(wired):
    wired.energise()
    wired.ask(f"systemctl stop {UNIT}")
    wired.until_released()
    wired.ask(f"systemctl start {UNIT}")


def test_an_upgrade_keeps_the_state_and_stops_the_old_one_only_for_the_new_one(wired, packages):
    before, events = wired.process, wired.events()
    unit = wired.machine.root / "usr/lib/systemd/system" / UNIT
    unit.write_text(unit.read_text() + "# by hand\n")
    said = wired.install(packages.thin("0.9.1"))
    assert said.code == 0, said
    assert "edited by hand" in said.text
    assert wired.version == "0.9.1"
    assert wired.process != before
    assert wired.events() > events
    assert wired.ask("ls /usr/lib/gate-agent").split() == ["0.9.1+deb" + said.text.split("+deb")[1][:2], "current"]


def test_installed_twice_it_runs_on(wired, packages):
    events = wired.events()
    assert wired.install(packages.thin("0.9.1")).code == 0
    assert wired.shown("ActiveState") == "active"
    assert wired.events() > events


def test_a_broken_package_changes_nothing(wired, packages):
    before = wired.process
    whole = packages.thin("0.9.2")
    cut = whole.with_name("cut.deb")
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert wired.install(cut).code != 0
    assert wired.run("dpkg --audit").text == ""
    assert (wired.version, wired.process, wired.shown("ActiveState")) == ("0.9.1", before, "active")
    assert "previous" not in wired.ask("ls /usr/lib/gate-agent")


def test_without_room_nothing_is_changed_and_that_is_said(wired, packages):
    before = wired.process
    little = "/usr/lib/gate-agent"
    # The same files, in the eyes of dpkg alone on a disk that is all but full.
    said = wired.install(
        packages.thin("0.9.3"),
        f"mount -t tmpfs -o size=1M little /mnt && cp -a {little}/current /mnt && "
        f"unshare --mount sh -c 'mount --bind /mnt {little} && exec \"$@\"' -",
    )
    wired.ask("umount /mnt")
    assert said.code != 0
    assert re.search(r"it needs \d+ MiB .* and \d MiB are free", said.text)
    assert (wired.version, wired.process, wired.shown("ActiveState")) == ("0.9.1", before, "active")


def never_ready(modules, tree):
    """A version that brings the journal into a new form, and ends before it has recorded anything."""
    new_form(modules, tree)
    rewrite(
        modules / "agent/app.py",
        "        # Before the disk is asked",
        "        raise SystemExit(3)\n        # Before the disk is asked",
    )


def new_form(modules, tree):
    rewrite(
        modules / "agent/store/schema.py", "VERSION_4, VERSION_5)", 'VERSION_4, VERSION_5, "CREATE TABLE later (one)")'
    )
    rewrite(tree / "forms", "journal.db 5", "journal.db 6")


def test_an_upgrade_that_does_not_come_up_goes_back_with_the_state_as_it_was(wired, packages):
    said = wired.install(packages.thin("0.9.4", never_ready))
    assert said.code != 0
    assert "the version before runs again" in said.text
    assert wired.version == "0.9.1"
    assert wired.shown("ActiveState") == "active"
    events = wired.events()
    wired.ask(f"systemctl restart {UNIT}")  # so it does after a loss of power, too
    assert wired.events() > events
    assert wired.install(packages.thin("0.9.1")).code == 0
    assert wired.run("dpkg --audit").text == ""
    assert wired.run(f"test -e /etc/systemd/system/{UNIT}").code != 0


def test_a_version_that_cannot_use_the_configuration_is_not_taken_into_use(wired, packages):
    before = wired.process

    def stricter(modules, _):
        rewrite(
            modules / "agent/settings/load.py",
            "def load(",
            "def load(*_, **__):\n    raise SettingsError([Problem('gate.toml', '', 'is of no use')])\n\n\ndef _unused(",
        )

    said = wired.install(packages.thin("0.9.5", stricter))
    assert said.code != 0
    assert "cannot use the configuration" in said.text
    assert (wired.version, wired.process) == ("0.9.1", before)
    assert wired.install(packages.thin("0.9.1")).code == 0


def test_going_back_across_a_newer_form_of_the_state_is_refused(wired, packages):
    assert wired.install(packages.thin("0.9.6", new_form)).code == 0
    before = wired.process
    said = wired.install(packages.thin("0.9.1"))
    assert said.code != 0
    assert f"{JOURNAL} has form 6" in said.text
    assert (wired.version, wired.process) == ("0.9.6", before)


def test_removing_stops_it_and_keeps_state_and_configuration_and_purging_removes_all(wired, packages):
    assert wired.run("dpkg --remove gate-agent").code == 0
    assert wired.run(f"systemctl is-active {UNIT}").text.strip() == "inactive"
    assert wired.run(f"test -e {JOURNAL} -a -e {CONFIGURATION}").code == 0
    assert wired.run("test -e /usr/lib/gate-agent").code != 0
    refused = wired.install(packages.thin("0.9.1"))
    assert "the state comes from a newer version" in refused.text
    wired.ask("systemctl stop board")  # it runs as the user that goes
    purged = wired.run("dpkg --purge gate-agent")
    assert purged.code == 0, purged
    left = wired.run(f"ls -d /etc/gate-agent /var/lib/gate-agent /usr/lib/gate-agent /etc/systemd/system/*/{UNIT}").text
    assert "cannot access" in left
    assert len([line for line in left.splitlines() if "cannot access" not in line]) == 0
    assert wired.run("getent passwd gate-agent").code != 0


def test_the_bundle_refuses_a_spoilt_file_and_another_user_and_installs_all_by_itself(wired, packages, tmp_path):
    (tmp_path / "files").mkdir()
    package = shutil.copy(packages.thin("0.9.1"), tmp_path / "files" / "gate-agent_0.9.1.deb")
    bundle = wired.machine.root / "srv/bundle"
    fill(bundle, packages.target, Path(package), [])
    script = "sh /srv/bundle/install.sh"
    assert "needs root" in wired.run(f"setpriv --reuid=65534 --clear-groups {script}").text
    sums = (bundle / "SHA256SUMS").read_text()
    (bundle / "SHA256SUMS").write_text(sums.replace(sums[:8], "0" * 8, 1))
    assert "a file is damaged" in wired.run(script).text
    (bundle / "SHA256SUMS").write_text(sums)
    text = (bundle / "install.sh").read_text()
    (bundle / "install.sh").write_text(text.replace(f"RELEASE={packages.target.release}", "RELEASE=11"))
    assert "this is for Debian 11" in wired.run(script).text
    assert "no packages found" in wired.run("dpkg-query --show gate-agent").text
    (bundle / "install.sh").write_text(text)
    (bundle / "SHA256SUMS").write_text(sums)
    said = wired.run(script)
    assert said.code == 0, said
    assert wired.shown("ActiveState") == "active"
