"""How the doctor comes by its facts: from the machine's files, from files of the gate, from real brokers and boards."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent.cli.configuration import relay_boards
from agent.core.trust_state import TrustRules, TrustState, WitnessGone, state_as_json, step
from agent.doctor.check_runner import CheckRunner, Task
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.collectors import devices, files, machine, ports, remote, running_agent, software
from agent.doctor.collectors.user import SystemUser
from agent.doctor.facts import BrokerFacts, HeadFileFacts
from agent.doctor.finding import Finding
from agent.doctor.texts import advice
from agent.recording import TRUST_STATE
from agent.service import systemd_unit
from agent.settings.configuration_loading import load_configuration
from agent.store.head_file import HeadFile
from agent.store.journal.journal import Journal
from drivers.emulators.lcus import LcusEmulator
from tests.support.board.machine import CH340
from tests.support.board.machine import Machine as MachineTree
from tests.support.gate.gate_site import GateSite
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.pki.certificates import DAY, Authority
from tests.support.waiting import PATIENCE_S, eventually, scaled, scaled_ms

US = SystemUser("me", os.geteuid(), frozenset({os.getegid()}), is_us=True)
STRANGER = SystemUser("stranger", 54_321, frozenset({54_321}), is_us=False)
MEMBER = SystemUser("member", 54_321, frozenset({os.getegid()}), is_us=False)
NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC).timestamp()


def put(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


# ------------------------------------------------------------------------------------------------- the machine


def test_the_time_zone_is_that_of_the_link_else_of_the_name(tmp_path):
    assert machine.time_zone(tmp_path).name is None
    put(tmp_path, "etc/timezone", "Asia/Almaty\n")
    assert machine.time_zone(tmp_path).name == "Asia/Almaty"
    (tmp_path / "etc/localtime").symlink_to("../usr/share/zoneinfo/Asia/Urumqi")
    assert machine.time_zone(tmp_path).name == "Asia/Urumqi"


MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 21 179:2 / /var/lib/gate-agent ro,noatime - ext4 /dev/mmcblk0p2 ro
31 21 0:30 / /media/a\040b rw - vfat /dev/sdb1 rw
32 30 0:31 / /var/lib/gate-agent rw - tmpfs tmpfs rw,size=1g
broken line
"""


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/home/x", ("ext4", "/dev/sda1")),
        ("/var/lib/gate-agent/evidence", ("tmpfs", "tmpfs")),
        ("/var/lib/gate-agents", ("ext4", "/dev/sda1")),
        ("/media/a b/c", ("vfat", "/dev/sdb1")),
    ],
)
def test_a_path_is_in_the_mount_that_lies_uppermost_over_it(tmp_path, path, mount):
    assert machine.mount_of(type(tmp_path)(path), MOUNTS)[:2] == mount


def test_the_disk_is_looked_at_also_where_the_state_is_not_there_yet(tmp_path):
    found = machine.disk(tmp_path / "not" / "yet", 7)
    assert found.size_bytes >= found.free_bytes > 0
    assert found.file_system not in ("", "?")


def test_memory_load_heat_and_throttling_are_read_from_the_kernel(tmp_path):
    put(tmp_path, "proc/meminfo", "MemTotal: 4000000 kB\nMemFree: 1 kB\nMemAvailable:  1000000 kB\n")
    put(tmp_path, "proc/loadavg", "0.5 0.7 0.9 1/100 4711\n")
    assert machine.memory(tmp_path).available_bytes == 1_000_000 * 1024
    cool = machine.processor(tmp_path)
    assert (cool.load_15, cool.temperature_c, cool.throttled) == (0.9, None, None)
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "51000\n")
    put(tmp_path, "sys/class/thermal/thermal_zone1/temp", "83500\n")
    put(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    hot = machine.processor(tmp_path)
    assert (hot.temperature_c, hot.throttled) == (83.5, True)


def test_a_kernel_that_does_not_tell_its_memory_is_an_error_and_not_zero(tmp_path):
    put(tmp_path, "proc/meminfo", "MemTotal: 4 kB\n")
    with pytest.raises(ValueError, match="MemAvailable"):
        machine.memory(tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15.0), ("1min 15s", 75.0), ("500ms", 0.5), ("0", None), ("infinity", None), ("", None)],
)
def test_a_time_of_the_service_manager_is_read(text, seconds):
    assert systemd_unit.seconds(text) == seconds


PROGRAM = """#!/bin/sh
case "$0 $1" in
*systemctl*) printf '%s' '{shown}' ;;
*verify*) echo "{unit}:9: Unknown key name 'X' in section 'Service', ignoring." >&2
    echo "other.service:1: not ours" >&2 ;;
esac
"""
SHOWN = (
    "FragmentPath={unit}\nUnitFileState={state}\nActiveState=active\nResult=success\nNRestarts=4\nWatchdogUSec=15s\n"
)


@pytest.mark.parametrize(("state", "enabled"), [("enabled", True), ("disabled", False)])
def test_what_the_service_manager_shows_of_the_unit_is_read(tmp_path, monkeypatch, mocker, state, enabled):
    unit = tmp_path / "gate-agent.service"
    for name in ("systemctl", "systemd-analyze"):
        program = put(tmp_path, f"bin/{name}", PROGRAM.format(shown=SHOWN.format(unit=unit, state=state), unit=unit))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    mocker.patch.object(systemd_unit, "MANAGER", tmp_path)
    mocker.patch.object(systemd_unit, "ASK_S", PATIENCE_S)
    found = software.service(tmp_path)
    assert (found.unit, found.enabled, found.active, found.restarts) == (unit, enabled, "active", 4)
    assert found.unit_problems == f"{unit}:9: Unknown key name 'X' in section 'Service', ignoring."
    assert systemd_unit.service_watchdog_s() == 15.0


def test_a_service_manager_that_does_not_answer_is_no_missing_unit(tmp_path, monkeypatch, mocker):
    put(tmp_path, "bin/systemctl", "#!/bin/sh\nexit 1\n").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    mocker.patch.object(systemd_unit, "MANAGER", tmp_path)
    found = software.service(tmp_path)
    assert (found.manager, found.asked) == (True, False)


def test_a_machine_without_a_service_manager_is_one(tmp_path):
    assert not software.service(tmp_path / "none").manager


# ------------------------------------------------------------------------------------------------- files of the gate


@pytest.fixture
def site(tmp_path):
    site = GateSite(tmp_path)
    site.settings = load_configuration(site.configure(LANE, mqtt="enabled = false")).settings
    return site


LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "doctor"

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
"""


def opened_journal(site):
    site.journal.parent.mkdir(exist_ok=True)
    return Journal.open(site.journal, gate="gate-7", boot="b", clock=lambda: _reading(NOW - 1000), max_bytes=1 << 24)


def _reading(utc):
    from agent.core.events.chain import ClockReading  # noqa: PLC0415

    return ClockReading(utc, True, 1.0)


def record(journal, count):
    from agent.core.events.event_types import Draft, GateStopping  # noqa: PLC0415

    journal.record([Draft(GateStopping(cause=f"{number}"), None, None, NOW - 1000) for number in range(count)])


def test_a_journal_that_an_agent_writes_is_counted_and_proved(site):
    assert not files.journal(site.settings, failing=False, utc=NOW).exists
    journal = opened_journal(site)
    record(journal, 5)
    journal.acknowledge(journal.stream, 2)
    found = files.journal(site.settings, failing=False, utc=NOW)
    journal.close()
    assert (found.events, found.unacknowledged, found.trouble) == (5, 3, "")
    assert found.oldest_s == pytest.approx(1000, abs=1)


def test_a_damaged_journal_is_told(site):
    journal = opened_journal(site)
    record(journal, 5)
    journal.close()
    raw = bytearray(site.journal.read_bytes())
    place = raw.rindex(b'"cause":"3"')
    raw[place : place + 11] = b'"cause":"9"'
    site.journal.write_bytes(raw)
    assert "event 4" in files.journal(site.settings, failing=False, utc=NOW).trouble


def with_head_file(site, path):
    state = site.settings.state.model_copy(update={"head_file": path})
    return site.settings.model_copy(update={"state": state})


def test_the_head_file_and_what_the_agent_found_to_be_lost_are_read_without_the_agent(site, tmp_path):
    path = tmp_path / "witness" / "head"
    settings = with_head_file(site, path)
    assert files.head_file(site.settings) == HeadFileFacts(None)
    assert files.head_file(settings) == HeadFileFacts(path), "nothing has run yet"
    journal = opened_journal(site)
    lost, _ = step(TrustState(), WitnessGone("the head file is gone"), TrustRules(frozenset({"in"}), 1.0))
    journal.keep(TRUST_STATE, state_as_json(lost))
    found = files.head_file(settings)
    assert "there is no head file" in found.trouble
    assert found.not_whole == (("ledger", "the head file is gone"), ("orders", "the head file is gone"))
    HeadFile(path).write("a record")
    journal.keep(TRUST_STATE, state_as_json(TrustState()))
    assert files.head_file(settings) == HeadFileFacts(path)
    journal.keep(TRUST_STATE, "nobody can read this")
    ((part, cause),) = files.head_file(settings).not_whole
    assert (part, "no trust state" in cause) == ("journal", True)
    journal.close()


def test_who_may_write_the_state_is_asked_for_the_user_of_the_agent(tmp_path):
    tmp_path.chmod(0o750)
    assert files.state(tmp_path, US).writable
    assert not files.state(tmp_path, STRANGER).writable
    assert not files.state(tmp_path, MEMBER).writable
    tmp_path.chmod(0o770)
    assert files.state(tmp_path, MEMBER).writable


def test_every_certificate_and_key_of_the_settings_is_looked_at(tmp_path):
    authority, site = Authority(tmp_path), GateSite(tmp_path)
    ends = dt.datetime.fromtimestamp(NOW, dt.UTC) + 5 * DAY
    certificate, key = authority.issue("gate-8", not_after=ends)
    lines = (
        f'brokers = ["mqtts://b"]\nca_file = "{authority.ca}"\ncertificate_file = "{certificate}"\nkey_file = "{key}"'
    )
    settings = load_configuration(site.configure(LANE, mqtt=lines)).settings
    key.chmod(0o600)
    found = files.tls_facts(settings, US, NOW)
    assert [(one.path, one.trouble, one.name, one.expected) for one in found.certificates] == [
        (authority.ca, "", "test ca", None),
        (certificate, "", "gate-8", "gate-7"),
    ]
    assert found.certificates[1].ends == ends
    assert [(one.path, one.trouble, one.mode) for one in found.keys] == [(key, "", 0o600)]
    assert "stranger may not read it" in files.tls_facts(settings, STRANGER, NOW).keys[0].trouble
    _, other_key = authority.issue("other")
    key.write_bytes(other_key.read_bytes())
    assert "does not belong" in files.tls_facts(settings, US, NOW).keys[0].trouble
    certificate.write_text("no certificate")
    assert "no PEM" in files.tls_facts(settings, US, NOW).certificates[1].trouble
    certificate.unlink()
    assert files.tls_facts(settings, US, NOW).certificates[1].trouble == "No such file or directory"


def test_a_certificate_that_the_gate_renews_has_its_day_and_why_that_failed(tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("gate-7", not_after=dt.datetime.fromtimestamp(NOW, dt.UTC) + 5 * DAY)
    path = GateSite(tmp_path).configure(
        LANE, mqtt=f'brokers = ["mqtts://b"]\ncertificate_file = "{certificate}"\nkey_file = "{key}"'
    )
    path.write_text(f'{path.read_text()}\n[enrolment]\nurl = "https://est.example:8085"\nca_file = "{authority.ca}"\n')
    settings = load_configuration(path).settings
    ca, own = files.tls_facts(settings, US, NOW, {"mqtt": "the server cannot be reached"}).certificates
    assert (ca.path, ca.renews, ca.renewal_trouble) == (authority.ca, None, "")
    assert own.begins < own.renews < own.ends
    assert own.renewal_trouble == "the server cannot be reached"


def test_the_certificate_for_the_site_is_another_than_the_one_for_central(tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("gate-7.site")
    path = GateSite(tmp_path).configure(LANE, mqtt="enabled = false")
    path.write_text(f'{path.read_text()}\n[site]\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n')
    (found,) = files.tls_facts(load_configuration(path).settings, US, NOW).certificates
    assert (found.path, found.name, found.expected) == (certificate, "gate-7.site", "gate-7.site")


def test_the_certificate_of_the_consoles_own_making_is_looked_at_where_the_console_is_on(tmp_path):
    certificate, _ = Authority(tmp_path).issue("this computer")
    site = GateSite(tmp_path)
    site.journal.parent.mkdir()
    certificate.rename(site.journal.parent / "console.pem")
    for enabled, names in (("false", []), ("true", ["this computer"])):
        path = site.configure(f"{LANE}\n[console]\nenabled = {enabled}\n", mqtt="enabled = false")
        found = files.tls_facts(load_configuration(path).settings, US, NOW)
        assert [one.name for one in found.certificates] == names


def test_weights_that_are_altered_or_missing_are_told(tmp_path):
    (tmp_path / "good.onnx").write_bytes(b"good")
    (tmp_path / "bad.onnx").write_bytes(b"bad")
    put(
        tmp_path,
        "manifest.toml",
        "".join(
            f'[{name}]\nfile = "{name}.onnx"\nsha256 = "{hashlib.sha256(b"good").hexdigest()}"\n'
            for name in ("good", "bad", "gone")
        ),
    )
    found = {one.file: one.trouble for one in files.models(tmp_path)}
    assert found["good.onnx"] == ""
    assert "SHA-256" in found["bad.onnx"]
    assert found["gone.onnx"] == "No such file or directory"
    assert all(not one.trouble for one in files.models())


# ------------------------------------------------------------------------------------------------- ports


def test_ports_are_found_missing_forbidden_and_named_badly(tmp_path):
    root = tmp_path / "root"
    serial = root / "sys/devices/usb1/1-2"
    put(serial, "idVendor", "1a86")
    put(serial, "idProduct", "7523")
    tty = serial / "1-2:1.0/ttyUSB0"
    tty.mkdir(parents=True)
    (root / "sys/class/tty/ttyUSB0").mkdir(parents=True)
    (root / "sys/class/tty/ttyUSB0/device").symlink_to(tty)
    for name in ("ttyUSB0", "video0"):
        put(root, f"dev/{name}", "").chmod(0o660)
    (root / "proc").mkdir()
    (root / "dev/serial/by-path").mkdir(parents=True)
    (root / "dev/serial/by-path/usb-2").symlink_to("../../ttyUSB0")
    (root / "dev/v4l/by-path").mkdir(parents=True)
    (root / "dev/v4l/by-path/usb-3").symlink_to("../../video0")
    lanes = """
[lanes.exit-1.relay]
kind = "lcus"
port = "/dev/ttyUSB0"

[[lanes.exit-1.cameras]]
id = "front"
kind = "opencv"
url = "/dev/video0"

[[lanes.exit-1.scanners]]
id = "post"
kind = "serial_lines"
port = "/dev/gate-scanner"
"""
    settings = load_configuration(GateSite(tmp_path).configure(lanes, mqtt="enabled = false")).settings
    found = {one.path: one for one in ports.ports(settings, STRANGER, frozenset(), root)}
    assert found["/dev/ttyUSB0"].better == "/dev/serial/by-path/usb-2"
    assert (found["/dev/ttyUSB0"].permitted, found["/dev/ttyUSB0"].used_by) == (False, ("exit-1/relay",))
    assert found["/dev/video0"].better == "/dev/v4l/by-path/usb-3"
    assert not found["/dev/gate-scanner"].exists
    assert ports.ports(settings, US, frozenset(), root)[0].permitted


def test_a_program_that_has_a_port_open_is_told_and_what_programs_have_open_is_read_once_for_all_ports(
    tmp_path, monkeypatch
):
    tree = MachineTree(tmp_path / "root")
    for number in range(3):
        tree.plug(f"ttyUSB{number}", CH340, "ch341", socket=f"1-{number}")
        tree.run(900 + number, "minicom", f"ttyUSB{number}")
    lanes = '[lanes.exit-1.relay]\nkind = "lcus"\nport = "/dev/ttyUSB0"\n' + "".join(
        f'[[lanes.exit-1.scanners]]\nid = "post-{number}"\nkind = "serial_lines"\nport = "/dev/ttyUSB{number}"\n'
        for number in (1, 2)
    )
    settings = load_configuration(GateSite(tmp_path).configure(lanes, mqtt="enabled = false")).settings
    read, scan = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(Path(path)) or scan(path))
    found = ports.ports(settings, US, frozenset({901}), tree.root)
    assert [one.holders for one in found] == [("minicom (pid 900)",), (), ("minicom (pid 902)",)]
    folders = [tree.root / f"proc/{900 + number}/fd" for number in range(3)]
    assert sorted(path for path in read if path.name == "fd") == folders


def test_a_kind_of_device_has_the_name_by_which_a_unit_allows_it(tmp_path):
    assert ports._kind(Path("/dev/null"), Path("/")) == "mem"


DEVICES = Path("/sys/fs/cgroup/devices")  # control groups of version 1; those of version 2 answer the same
ASK = """
import os, sys
from pathlib import Path
from agent.doctor.collectors.user import agent_user
user, path = agent_user(), Path(sys.argv[1])
print(user.may(path, os.R_OK | os.W_OK), user.is_barred(path, os.R_OK | os.W_OK))
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(DEVICES / "cgroup.procs", os.W_OK), reason="no control groups of devices here"
)
def test_a_device_that_a_control_group_bars_is_told_from_one_whose_mode_forbids(tmp_path):
    device = tmp_path / "device"
    subprocess.run(["mknod", "-m", "0666", device, "c", "10", "200"], check=True)
    group = DEVICES / f"gate-test-{secrets.token_hex(8)}"  # another suite may have processes of the same numbers
    group.mkdir()
    asked = [sys.executable, "-c", ASK, device]
    try:
        (group / "devices.deny").write_text("c 10:200 rwm")
        inside = ["sh", "-c", f'echo $$ >"{group}/cgroup.procs" && exec "$@"', "-", *asked]
        said = [
            subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
            for command in (asked, inside)
        ]
    finally:
        group.rmdir()
    assert said == ["True False", "False True"]


@pytest.mark.parametrize(("wanted", "mode"), [(os.R_OK | os.W_OK, 0o600), (os.X_OK, 0o600)])
def test_a_mode_that_forbids_is_not_taken_for_the_service_manager(tmp_path, wanted, mode):
    file = put(tmp_path, "device", "")
    file.chmod(mode)
    assert not US.is_barred(file, wanted)


# ------------------------------------------------------------------------------------------------- brokers and boards


@pytest.fixture
def _patient(mocker):
    """Brokers that answer may be late."""
    mocker.patch.object(remote, "ANSWER_S", PATIENCE_S)
    mocker.patch.object(remote, "LIMIT_S", 4 * PATIENCE_S)


@needs_mosquitto
@pytest.mark.usefixtures("_patient")
def test_a_broker_is_tried_with_everything_that_the_gate_does_there(tmp_path):
    health = examples_health()
    with Broker(tmp_path) as broker, Listener(broker.port, "gate/v1/gate-7/#") as listener:
        lines = f'brokers = ["mqtt://127.0.0.1:{broker.port}", "mqtt://127.0.0.1:1"]'
        settings = load_configuration(GateSite(tmp_path).configure(LANE, mqtt=lines)).settings
        well, away = remote.brokers(settings, lambda: health)
        (message,) = eventually(lambda: listener.messages)
    assert (well.trouble, well.takes, well.gives, well.encrypted) == ("", "", "", False)
    assert well.connect_ms > 0 < well.publish_ms
    assert "nothing listens" in away.trouble
    assert message["topic"] == "gate/v1/gate-7/health"
    assert not message["retain"]
    assert_valid(message["topic"], message["payload"])


@needs_mosquitto
@pytest.mark.usefixtures("_patient")
def test_a_broker_that_lets_the_gate_in_but_takes_nothing_of_it_is_told(tmp_path):
    (tmp_path / "acl").write_text("topic read other/#\n")
    with Broker(tmp_path, listener=("allow_anonymous true", f"acl_file {tmp_path}/acl")) as broker:
        lines = f'brokers = ["mqtt://127.0.0.1:{broker.port}"]'
        settings = load_configuration(GateSite(tmp_path).configure(LANE, mqtt=lines)).settings
        (found,) = remote.brokers(settings, examples_health)
    assert found.trouble == ""
    assert "not authorized" in found.takes


@pytest.mark.usefixtures("_patient")
def test_a_broker_that_refuses_what_the_gate_subscribes_to_is_told(tmp_path):
    with RoughBroker(granted=0x87) as broker:
        lines = f'brokers = ["mqtt://127.0.0.1:{broker.port}"]'
        settings = load_configuration(GateSite(tmp_path).configure(LANE, mqtt=lines)).settings
        (found,) = remote.brokers(settings, examples_health)
    assert (found.trouble, found.takes) == ("", "")
    assert "gate/v1/gate-7/ack" in found.gives


def examples_health():
    from agent.core.contract import examples  # noqa: PLC0415

    return examples.health_example()


def test_devices_that_nobody_has_are_opened_and_nothing_moves(tmp_path, mocker):
    for limit in ("BOARD_LIMIT_S", "CAMERA_LIMIT_S", "REFUSED_S"):
        mocker.patch.object(devices, limit, PATIENCE_S)
    with LcusEmulator(tmp_path / "board") as board:
        keys = f'kind = "lcus"\nport = "{board.line.link}"\ntimeout_ms = {scaled_ms(200)}'
        lanes = LANE.replace('kind = "simulated"\nname = "doctor"', keys, 1)
        settings = load_configuration(GateSite(tmp_path).configure(lanes, mqtt="enabled = false")).settings
        (relay,) = devices.relays(settings, relay_boards(settings.lanes))
        assert (relay.up, relay.energised, board.relays.history) == (True, (), ())
        command = [sys.executable, "-c", f"f = open('{board.line.link}', 'rb'); input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as holder:

            def is_held():
                (held,) = devices.relays(settings, relay_boards(settings.lanes))
                return not held.up and f"(pid {holder.pid})" in held.detail

            eventually(is_held)
            holder.kill()
        (camera,) = devices.cameras(settings)
    assert camera.phase == "streaming"
    assert camera.rate_hz > 0
    assert camera.figures.sharpness > 0


def test_a_board_that_is_away_is_a_finding_with_its_cause(tmp_path):
    lanes = LANE.replace('kind = "simulated"\nname = "doctor"', f'kind = "lcus"\nport = "{tmp_path}/none"', 1)
    settings = load_configuration(GateSite(tmp_path).configure(lanes, mqtt="enabled = false")).settings
    (relay,) = devices.relays(settings, relay_boards(settings.lanes))
    assert not relay.up
    assert f"{tmp_path}/none" in relay.detail


def test_the_board_of_a_lane_in_dry_run_is_not_asked_nor_its_port_missed_nor_what_tells_the_driver(tmp_path):
    lanes = LANE.replace('kind = "simulated"\nname = "doctor"', f'kind = "lcus"\nport = "{tmp_path}/none"', 1)
    site = GateSite(tmp_path)
    settings = load_configuration(site.configure(f'mode = "dry_run"\n{lanes}', mqtt="enabled = false")).settings
    assert devices.relays(settings, relay_boards(settings.lanes)) == ()
    ported = lanes.replace(f"{tmp_path}/none", "/dev/ttyUSB7")
    settings = load_configuration(site.configure(f'mode = "dry_run"\n{ported}', mqtt="enabled = false")).settings
    assert ports.ports(settings, US, frozenset(), tmp_path) == ()
    told = '[[lanes.exit-1.signs]]\nid = "post"\nkind = "simulated"\n[lanes.exit-1.voice]\nkind = "simulated"\n'
    for mode, names in (("dry_run", []), ("live", ["exit-1/post", "exit-1/voice"])):
        configured = site.configure(f'mode = "{mode}"\n{ported}', mqtt="enabled = false", more=told)
        settings = load_configuration(configured).settings
        assert [one.name for one in (*devices.signs(settings), *devices.voices(settings))] == names
        assert [one.name for one in (*running_agent.signs(settings, {}), *running_agent.voices(settings, {}))] == names
    settings = load_configuration(site.configure(ported, mqtt="enabled = false")).settings
    assert [one.path for one in ports.ports(settings, US, frozenset(), tmp_path)] == ["/dev/ttyUSB7"]


# ------------------------------------------------------------------------------------------------- all at once


def test_a_check_that_hangs_or_fails_is_a_finding_and_does_not_keep_the_others(monkeypatch):
    release, hung = threading.Event(), []

    def hang():
        hung.append(1)
        release.wait(scaled(30))

    def fail():
        raise ValueError("no such thing")

    tasks = [
        Task(DiagnosticCheck.PORTS, hang, lambda _: [Finding(DiagnosticCheck.PORTS)], 0.3),
        Task(DiagnosticCheck.DISK, fail, lambda _: []),
        Task(DiagnosticCheck.MEMORY, lambda: 7, lambda given: [Finding(DiagnosticCheck.MEMORY, measured=str(given))]),
    ]
    heard, check_runner = [], CheckRunner()
    found = check_runner.run(tasks, lambda check, _: heard.append(check))
    assert [(one.check, one.code, one.measured) for one in found] == [
        (DiagnosticCheck.DISK, FindingCode.CHECK_FAILED, ""),
        (DiagnosticCheck.MEMORY, None, "7"),
        (DiagnosticCheck.PORTS, FindingCode.CHECK_HANGS, ""),
    ]
    assert "ValueError: no such thing" in advice(found[0]).what
    assert set(heard) == {DiagnosticCheck.PORTS, DiagnosticCheck.DISK, DiagnosticCheck.MEMORY}
    assert check_runner.run(tasks[:1])[0].code is FindingCode.CHECK_HANGS
    eventually(lambda: hung, what="the check to hang")
    assert hung == [1], "a check that still hangs is not begun again"
    release.set()
    eventually(lambda: check_runner.run(tasks[:1])[0].code is None)


def test_brokers_that_hang_cost_the_time_of_one(mocker, tmp_path):
    mocker.patch.object(remote, "LIMIT_S", 0.5)
    release = threading.Event()
    mocker.patch.object(remote, "_visited", side_effect=lambda *_: release.wait(PATIENCE_S))
    lines = 'brokers = ["mqtts://a", "mqtts://b", "mqtts://c"]'
    settings = load_configuration(GateSite(tmp_path).configure(LANE, mqtt=lines)).settings
    began = time.monotonic()
    found = remote.brokers(settings, lambda: b"{}")
    assert time.monotonic() - began < PATIENCE_S / 2
    release.set()
    assert [type(one) for one in found] == [BrokerFacts] * 3
    assert {one.trouble for one in found} == {remote.NO_ANSWER}
