"""The package on a booted machine: installed, stalled, upgraded, taken back, removed. The start alone: test_boot.py.

One container, in which the tests follow one another; each begins with what the one before left, a gate at work.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.packaging.booted_gate import CONFIGURATION, JOURNAL, UNIT, Said, installed_gate, why_not_here
from tests.support.packaging.debian_packages import Packages, rewrite

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
    with installed_gate(packages.whole("0.9.0")) as gate:
        yield gate


@pytest.fixture(scope="module")
def wired(gate):
    """The gate with a relay board at its serial line."""
    gate.wire(watchdog_s=3)
    return gate


def test_installing_enables_and_starts_it(gate):
    assert gate.shown("ActiveState") == "active"
    assert gate.ask(f"systemctl is-enabled {UNIT}") == "enabled"
    assert gate.version == "0.9.0"
    assert gate.ask(f"stat --format='%U %G %a' {CONFIGURATION}") == "root gate-agent 660"
    assert gate.run("dpkg --verify gate-agent") == Said(0, "")
    assert gate.ask("journalctl GATE_ID=gate-1 --output=cat --no-pager | grep --count 'gate gate-1 runs'") != "0"
    gate.until_up("camera lane-1/front: streaming")  # its libraries work under the unit's filters


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
    assert "lane/loop.py" in wired.log()


def test_with_a_broken_configuration_it_runs_with_the_last_good_one_and_says_so(wired):
    file = wired.machine.root / CONFIGURATION[1:]
    good = file.read_text()
    file.write_text(good + "\n[lanes.lane-1\n")
    wired.ask(f"systemctl restart {UNIT}")
    assert "refused" in wired.shown("StatusText")
    file.write_text(good)
    wired.ask(f"systemctl restart {UNIT}")
    assert "refused" not in wired.shown("StatusText")


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


def test_an_older_version_is_taken_only_by_roots_word_and_that_is_recorded(wired, packages):
    before, events = wired.process, wired.events()
    said = wired.install(packages.thin("0.9.0"))
    assert said.code != 0
    assert re.search(r"nothing was changed: version 0\.9\.1\+deb\d+ has run here, and this one is older", said.text)
    assert is_untouched(wired, before)
    said = wired.install(packages.thin("0.9.0"), "GATE_AGENT_DOWNGRADE='fault 17'")
    assert said.code == 0, said
    assert wired.version == "0.9.0"
    assert wired.install(packages.thin("0.9.1")).code == 0
    kept = "/var/lib/gate-agent-versions"
    assert wired.ask(f"stat --format='%U %a' {kept} {kept}/floor").split() == ["root", "755", "root", "644"]
    told = [line.split(" ", 1)[1] for line in wired.ask(f"cat {kept}/history").splitlines()]
    release = packages.target.release
    assert told == [
        f"0.9.0+deb{release} in use; before: none",
        f"0.9.1+deb{release} in use; before: 0.9.0+deb{release}",
        f"downgrade from 0.9.1+deb{release} to 0.9.0+deb{release}, by root: fault 17",
        f"0.9.1+deb{release} in use; before: 0.9.0+deb{release}",
    ]
    assert "downgrade from 0.9.1" in wired.ask("journalctl --identifier=gate-agent-versions --output=cat --no-pager")
    assert wired.events() > events


def test_a_broken_package_changes_nothing(wired, packages):
    before = wired.process
    whole = packages.thin("0.9.2")
    cut = whole.with_name("cut.deb")
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert wired.install(cut).code != 0
    assert is_untouched(wired, before)


def repacked(package, name, change):
    """The package again with something changed in its files, by which its list of checksums is not written anew."""
    folder, made = package.with_name(f"{name}-content"), package.with_name(f"{name}.deb")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    change(folder)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, made], check=True, capture_output=True
    )
    shutil.rmtree(folder)
    return made


def is_untouched(gate, before):
    """Whether the same process of the same version is at work, and dpkg knows of nothing half done."""
    now = (gate.version, gate.process, gate.shown("ActiveState"), gate.run("dpkg --audit").text)
    return now == ("0.9.1", before, "active", "") and "previous" not in gate.ask("ls /usr/lib/gate-agent")


def test_a_package_for_another_processor_or_another_debian_is_refused_before_it_is_unpacked(wired, packages):
    before, target = wired.process, packages.target
    control = Path("DEBIAN/control")

    def other_processor(folder):
        rewrite(folder / control, f"\nArchitecture: {target.architecture}\n", "\nArchitecture: riscv64\n")

    def other_debian(folder):
        rewrite(folder / control, f"python3 (>= {target.python})", "python3 (>= 3.99)")

    said = wired.install(repacked(packages.thin("0.9.2"), "processor", other_processor))
    assert said.code != 0
    assert f"package architecture (riscv64) does not match system ({target.architecture})" in said.text
    said = wired.install(repacked(packages.thin("0.9.2"), "debian", other_debian))
    assert said.code != 0
    assert "pre-depends on python3 (>= 3.99)" in said.text
    assert is_untouched(wired, before)


def test_without_root_nothing_is_changed(wired, packages):
    before = wired.process
    said = wired.install(packages.thin("0.9.2"), "setpriv --reuid=65534 --clear-groups")
    assert said.code != 0
    assert "superuser privilege" in said.text
    assert is_untouched(wired, before)


def test_a_package_with_a_spoilt_file_is_not_taken_into_use_and_the_service_runs_on(wired, packages):
    before, events = wired.process, wired.events()

    def spoil(folder):
        (module,) = folder.glob("usr/lib/gate-agent/*/lib/python*/site-packages/agent/assembly/app.py")
        module.write_bytes(module.read_bytes()[:-1] + b"#")

    said = wired.install(repacked(packages.thin("0.9.2"), "spoilt", spoil))
    assert said.code != 0
    assert "is damaged. What runs is left as it is" in said.text
    assert "agent/assembly/app.py: FAILED" in said.text
    assert (wired.version, wired.process, wired.shown("ActiveState")) == ("0.9.1", before, "active")
    assert wired.install(packages.thin("0.9.1")).code == 0
    assert wired.run("dpkg --audit").text == ""
    assert wired.events() > events


def test_a_unit_of_ones_own_in_place_of_the_packages_is_kept_and_told_of(wired, packages):
    own = wired.machine.root / "etc/systemd/system" / UNIT
    own.write_text((wired.machine.root / "usr/lib/systemd/system" / UNIT).read_text() + "# mine\n")
    said = wired.install(packages.thin("0.9.1"))
    assert said.code == 0, said
    assert f"/etc/systemd/system/{UNIT} is in force in place of the package's unit" in said.text
    assert own.read_text().endswith("# mine\n")
    own.unlink()
    wired.ask(f"systemctl daemon-reload && systemctl restart {UNIT}")


def test_without_room_nothing_is_changed_and_that_is_said(wired, packages):
    before = wired.process
    little = "/usr/lib/gate-agent"
    # The same files, as dpkg alone sees them on a disk that is all but full.
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
        modules / "agent/assembly/app.py",
        "        # Before the disk is asked",
        "        raise SystemExit(3)\n        # Before the disk is asked",
    )


def new_form(modules, tree):
    rewrite(
        modules / "agent/store/journal/schema.py",
        "VERSION_6, VERSION_7)",
        'VERSION_6, VERSION_7, "CREATE TABLE later (one)")',
    )
    rewrite(tree / "forms", "journal.db 7", "journal.db 8")


def test_without_room_for_a_copy_of_the_state_the_version_before_runs_again(wired, packages):
    """The state on a disk that is all but full: what an upgrade to another form must copy has no room."""
    state = "/var/lib/gate-agent"
    wired.ask(
        f"systemctl stop {UNIT} && mkdir /srv/little && mount -t tmpfs -o size=64M,mode=0750 little /srv/little && "
        f"cp -a {state}/. /srv/little && chown gate-agent: /srv/little && mount --bind /srv/little {state} && "
        f"systemctl start {UNIT}"
    )
    # To the last block, then a few given back: the agent writes meanwhile, so nobody can count beforehand.
    wired.ask(f"dd if=/dev/zero of={state}/filler bs=4k 2>&1; truncate --size=-32K {state}/filler")
    said = wired.install(packages.thin("0.9.7", new_form))
    assert said.code != 0
    assert f"there is no room in {state} for a copy of the databases" in said.text
    assert wired.run(f"test -e {state}/before-upgrade").code != 0
    wired.ask(f"rm {state}/filler")
    assert (wired.version, wired.shown("ActiveState")) == ("0.9.1", "active")
    assert wired.ask(f"gate-agent events verify {JOURNAL}")
    wired.ask(
        f"systemctl stop {UNIT} && umount {state} && rm -r {state} && cp -a /srv/little {state} && umount /srv/little "
        "&& "
        f"rmdir /srv/little"
    )
    assert wired.install(packages.thin("0.9.1")).code == 0
    wired.ask(f"systemctl start {UNIT}")
    assert wired.run("dpkg --audit").text == ""


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
            modules / "agent/settings/loading/load.py",
            "def load(",
            "def load(*_, **__):\n    raise SettingsError([Problem('gate.toml', '', "
            "'is of no use')])\n\n\ndef _unused(",
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
    assert f"{JOURNAL} has form 8, and this version knows it up to form 7" in said.text
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
    folders = "/etc/gate-agent /etc/gate-agent-anchors /usr/lib/gate-agent /usr/sbin/gate-agent-install"
    kept = "/var/lib/gate-agent /var/lib/gate-agent-witness /var/lib/gate-agent-versions"
    left = wired.run(f"ls -d {folders} {kept} /etc/systemd/system/*/{UNIT}").text
    assert "cannot access" in left
    assert len([line for line in left.splitlines() if "cannot access" not in line]) == 0
    assert wired.run("getent passwd gate-agent").code != 0
