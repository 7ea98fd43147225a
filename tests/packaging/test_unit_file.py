"""The files for systemd, judged by systemd."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.anchors.helper import FOLDER
from agent.anchors.helper_client import SOCKET
from agent.console.driver_page.kiosk import DEFAULT_URL
from agent.software import SOCKET as SOFTWARE_PLACE
from agent.software import VERSIONS
from tests.support.waiting import scaled

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "gate-agent.service"
CLOCK = SYSTEMD / "gate-agent-clock.service"
ANCHORS = SYSTEMD / "gate-agent-anchors.service"
ANCHORS_SOCKET = SYSTEMD / "gate-agent-anchors.socket"
SCREEN = SYSTEMD / "gate-agent-sign.service"
SOFTWARE = SYSTEMD / "gate-agent-software.service"
SOFTWARE_SOCKET = SYSTEMD / "gate-agent-software.socket"
SOFTWARE_PATH = SYSTEMD / "gate-agent-software.path"
ALL = (UNIT, CLOCK, ANCHORS, ANCHORS_SOCKET, SCREEN, SOFTWARE, SOFTWARE_SOCKET, SOFTWARE_PATH)
# What Debian 12's does not know yet, says so, and goes on without.
LATER, LATER_SINCE = (
    re.compile(r"Unknown key '(RestartSteps|RestartMaxDelaySec)' in section \[Service\], ignoring"),
    254,
)
UNITS_OF_THE_SYSTEM = Path("/usr/lib/systemd/system")


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed here")
    return path


@pytest.fixture
def machine(tmp_path):
    """A root directory with the units of this system, our unit and something that can stand for the command."""
    if not UNITS_OF_THE_SYSTEM.is_dir():
        pytest.skip("there are no systemd units here")
    shutil.copytree(UNITS_OF_THE_SYSTEM, tmp_path / "usr/lib/systemd/system", symlinks=True)
    for name in ("usr/lib/gate-agent/current/bin/gate-agent", "usr/lib/gate-agent/current/bin/python3", "bin/kill"):
        command = tmp_path / name
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text("#!/bin/sh\n", encoding="utf-8")
        command.chmod(0o755)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    for unit in ALL:
        shutil.copy(unit, tmp_path / "etc/systemd/system")
    return tmp_path


def verified(machine, text, unit=UNIT):
    """What systemd says of a unit; nothing when all is well."""
    (machine / "etc/systemd/system" / unit.name).write_text(text, encoding="utf-8")
    command = [tool("systemd-analyze"), "verify", "--man=no", f"--root={machine}", unit.name]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=scaled(30))
    said = [line for line in answer.stderr.splitlines() if not (LATER.search(line) and version() < LATER_SINCE)]
    return "\n".join(said) + ("" if answer.returncode == 0 else f"exit code {answer.returncode}")


def version():
    """The version of systemd, 252 on Debian 12."""
    answer = subprocess.run(
        [tool("systemd-analyze"), "--version"], capture_output=True, text=True, check=True, timeout=scaled(30)
    )
    return int(answer.stdout.split()[1])


@pytest.mark.parametrize("unit", ALL, ids=lambda unit: unit.name)
def test_systemd_has_nothing_to_say_of_a_unit(machine, unit):
    assert verified(machine, unit.read_text(encoding="utf-8"), unit) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("WatchdogSec=15", "WatchdogSecs=15"), ("WatchdogSec=15", "WatchdogSec=soon"), ("Restart=always", "Restart=ever")],
)
def test_the_check_would_see_a_mistake(machine, right, wrong):
    text = UNIT.read_text(encoding="utf-8")
    assert right in text
    assert verified(machine, text.replace(right, wrong)) != ""


def test_every_relay_is_released_after_the_agent_has_ended_however_it_did():
    text = UNIT.read_text(encoding="utf-8")
    assert re.search(
        r"^ExecStopPost=-/usr/lib/gate-agent/current/bin/gate-agent release .*/etc/gate-agent/gate.toml$",
        text,
        re.MULTILINE,
    )


def test_the_gate_is_started_again_for_ever_and_watched():
    settings = dict(re.findall(r"^([A-Za-z]+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE))
    wanted = {
        "Type": "notify",
        "WatchdogSec": "15",
        "WatchdogSignal": "SIGABRT",
        "Restart": "always",
        "RestartSec": "1",
        "RestartMaxDelaySec": "60",
        "StartLimitIntervalSec": "0",
        "User": "gate-agent",
        "StateDirectory": "gate-agent gate-agent-witness",
        "SupplementaryGroups": "dialout video audio",
        "ExecReload": "/bin/kill -HUP $MAINPID",
        "ExecStart": "/usr/lib/gate-agent/current/bin/gate-agent run /etc/gate-agent/gate.toml",
    }
    assert {key: settings.get(key) for key in wanted} == wanted
    assert "RestartPreventExitStatus" not in settings  # a bad file that is fixed must not need a second visit
    # What its filter does not let it ask the kernel is asked beside it.
    text = UNIT.read_text(encoding="utf-8")
    assert {"Wants=gate-agent-clock.service", "After=gate-agent-clock.service"} <= set(text.splitlines())


def exposed(unit, threshold=100):
    command = [tool("systemd-analyze"), "security", "--offline=true", f"--threshold={threshold}", "--json=short"]
    answer = subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False, timeout=scaled(30))
    open_ones = [row["json_field"] for row in json.loads(answer.stdout) if float(row["exposure"] or 0) > 0]
    return answer.returncode, set(open_ones)


# What a gate needs: its devices, its network, the local sockets of systemd and the console, the kernel's words on
# memory and load, and threads that give way.
NEEDED = {
    "SystemCallFilter_resources",
    "SupplementaryGroups",
    "PrivateDevices",
    "DeviceAllow",
    "PrivateNetwork",
    "IPAddressDeny",
    "RestrictAddressFamilies_AF_UNIX",
    "RestrictAddressFamilies_AF_INET_INET6",
    "ProcSubset",
    "RootDirectoryOrRootImage",
}


def test_the_drivers_of_every_device_that_is_allowed_are_loaded_before_the_service():
    text = UNIT.read_text(encoding="utf-8")
    # Which module brings which of the names; serial ports on the board are built into the kernel.
    modules = {"ttyUSB": "usbserial", "ttyACM": "cdc_acm", "video4linux": "videodev", "alsa": "snd"}
    allowed = set(re.findall(r"^DeviceAllow=char-(\w+) rw$", text, re.MULTILINE))
    assert allowed - {"ttyS", "ttyAMA", "ttymxc"} == set(modules)
    for key in ("Wants", "After"):
        units = " ".join(re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)).split()
        assert {f"modprobe@{module}.service" for module in modules.values()} <= set(units)


def test_nothing_is_open_but_what_a_gate_needs():
    code, open_ones = exposed(UNIT, threshold=14)
    assert open_ones == NEEDED
    assert code == 0
    assert exposed(UNIT, threshold=13)[0] != 0  # the pages say 1.4


def test_who_asks_the_kernel_about_the_clock_has_nothing_else(tmp_path):
    code, open_ones = exposed(CLOCK, threshold=5)
    assert open_ones == {
        "SystemCallFilter_privileged",
        "SystemCallFilter_clock",
        "ProtectClock",
        "UMask",
        "RestrictAddressFamilies_AF_UNIX",
        "RootDirectoryOrRootImage",
    }
    assert code == 0


def test_who_changes_trust_anchors_is_root_without_roots_powers_and_writes_one_folder():
    code, open_ones = exposed(ANCHORS, threshold=7)
    assert open_ones == {
        "UserOrDynamicUser",
        "PrivateUsers",
        "DeviceAllow",
        "RestrictAddressFamilies_AF_UNIX",
        "RootDirectoryOrRootImage",
    }
    assert code == 0
    settings = dict(re.findall(r"^([A-Za-z]+)=(.*)$", ANCHORS.read_text(encoding="utf-8"), re.MULTILINE))
    assert settings["ReadWritePaths"] == str(FOLDER)
    assert settings["CapabilityBoundingSet"] == ""
    assert "-/var/lib/gate-agent" in settings["InaccessiblePaths"].split()


# What a browser needs: a session at the seat, the graphics processor, sandboxes of its own, compilers in memory, and
# the agent's page.
NEEDED_BY_SCREEN = {
    "SystemCallFilter_resources",
    "SystemCallFilter_privileged",
    "SystemCallFilter_mount",
    "SupplementaryGroups",
    "PrivateDevices",
    "DeviceAllow",
    "PrivateNetwork",
    "PrivateUsers",
    "IPAddressDeny",
    "MemoryDenyWriteExecute",
    "RestrictAddressFamilies_AF_UNIX",
    "RestrictAddressFamilies_AF_INET_INET6",
    "RestrictAddressFamilies_AF_NETLINK",
    "RestrictNamespaces_user",
    "RestrictNamespaces_pid",
    "RestrictNamespaces_net",
    "ProcSubset",
    "RootDirectoryOrRootImage",
}


def test_the_screen_is_shut_in_as_far_as_a_browser_allows_and_reaches_this_computer_alone():
    _, open_ones = exposed(SCREEN)
    assert open_ones <= NEEDED_BY_SCREEN
    text = SCREEN.read_text(encoding="utf-8")
    settings = dict(re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE))
    assert (settings["IPAddressDeny"], settings["IPAddressAllow"]) == ("any", "localhost")
    for folder in ("/var/lib/gate-agent", "/etc/gate-agent", "/run/gate-agent", "/etc/credstore"):
        assert f"-{folder}" in re.findall(r"-/\S+", text)
    assert settings["User"] != "gate-agent"


def test_the_screen_is_started_again_for_ever_gives_way_to_the_agent_and_nothing_waits_for_it():
    settings = dict(re.findall(r"^([A-Za-z]+)=(.*)$", SCREEN.read_text(encoding="utf-8"), re.MULTILINE))
    wanted = {
        "Restart": "always",
        "StartLimitIntervalSec": "0",
        "CPUWeight": "20",
        "OOMScoreAdjust": "500",
        "ExecStart": "/usr/lib/gate-agent/current/bin/python3 -I -m agent.console.driver_page.kiosk",
        "EnvironmentFile": "-/etc/default/gate-agent-sign",
    }
    assert {key: settings.get(key) for key in wanted} == wanted
    assert settings["Environment"] == f"SCREEN_URL={DEFAULT_URL}"
    others = "".join(unit.read_text(encoding="utf-8") for unit in (UNIT, CLOCK, ANCHORS, ANCHORS_SOCKET))
    assert SCREEN.name not in others


def test_the_screen_is_off_until_it_is_wanted():
    script = (SYSTEMD.parent / "packaging/deb/postinst").read_text(encoding="utf-8")
    assert script.count('enable "$SCREEN_UNIT"') == 1
    assert 'debian-installed "$SCREEN_UNIT"; then' in script
    assert f"SCREEN_UNIT={SCREEN.name}" in script


def test_the_helper_of_the_anchors_is_asked_where_the_agent_asks_and_only_its_group_may():
    settings = dict(re.findall(r"^([A-Za-z]+)=(.*)$", ANCHORS_SOCKET.read_text(encoding="utf-8"), re.MULTILINE))
    assert settings["ListenStream"] == str(SOCKET)
    assert (settings["SocketUser"], settings["SocketGroup"], settings["SocketMode"]) == ("root", "gate-agent", "0660")
    assert "Accept" not in settings  # one helper, which hears one caller after the other
    text = UNIT.read_text(encoding="utf-8")
    assert {"Wants=gate-agent-anchors.socket", "After=gate-agent-anchors.socket"} <= set(text.splitlines())


def test_the_folder_of_the_anchors_is_roots_alone_and_not_below_one_that_the_service_writes():
    lines = (SYSTEMD / "gate-agent.tmpfiles").read_text(encoding="utf-8").splitlines()
    assert f"d {FOLDER} 0755 root root -" in lines
    writable = re.findall(r"^ReadWritePaths=-?(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert writable
    assert not any(FOLDER.is_relative_to(path) for path in writable)


def test_the_page_on_the_clock_says_what_the_units_do():
    page = (SYSTEMD.parent / "docs/clock.md").read_text(encoding="utf-8")
    assert "\nProtectClock=yes\n" in UNIT.read_text(encoding="utf-8")
    assert "ProtectClock=" not in CLOCK.read_text(encoding="utf-8")
    told = re.findall(r"`ProtectClock=(\w*)`", page)
    assert told == ["yes", ""], "of the agent's unit, and of the other, which leaves it out"
    assert "must stay off" not in page


def test_the_users_file_is_understood(tmp_path):
    command = [tool("systemd-sysusers"), "--dry-run", f"--root={tmp_path}", str(SYSTEMD / "gate-agent.sysusers")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=scaled(30))
    assert answer.returncode == 0, answer.stderr
    assert "gate-agent" in answer.stdout + answer.stderr


def test_the_folders_file_is_understood(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
    (tmp_path / "etc/group").write_text("root:x:0:\ngate-agent:x:990:\n", encoding="utf-8")
    command = [tool("systemd-tmpfiles"), "--create", "--dry-run", f"--root={tmp_path}"]
    answer = subprocess.run(
        [*command, str(SYSTEMD / "gate-agent.tmpfiles")],
        capture_output=True,
        text=True,
        check=False,
        timeout=scaled(30),
    )
    if "unrecognized option" in answer.stderr:
        pytest.skip("this systemd-tmpfiles cannot be asked without doing it")
    assert (answer.returncode, [line for line in answer.stderr.splitlines() if "gate-agent.tmpfiles" in line]) == (
        0,
        [],
    )


def test_the_device_rules_are_understood():
    command = [tool("udevadm"), "verify", "--no-style", str(SYSTEMD / "60-gate-agent.rules")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=scaled(30))
    if "Unknown command verb" in answer.stderr:
        pytest.skip("this udevadm cannot verify rules: it came with systemd 254")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def settings_of(unit):
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE))


def test_who_installs_software_is_root_without_a_network_and_with_few_of_roots_powers():
    code, _ = exposed(SOFTWARE, threshold=38)
    assert code == 0  # the pages say 3.7
    settings = settings_of(SOFTWARE)
    assert settings["PrivateNetwork"] == "yes"
    assert "CAP_SYS_ADMIN" not in settings["CapabilityBoundingSet"]
    assert (
        "User" not in settings
    )  # written out, it would take CAP_SETUID away, with which scripts become the agent's user


def test_who_installs_software_is_asked_where_the_agent_asks_and_goes_on_after_a_loss_of_power():
    settings = settings_of(SOFTWARE_SOCKET)
    assert settings["ListenStream"] == str(SOFTWARE_PLACE)
    assert (settings["SocketUser"], settings["SocketGroup"], settings["SocketMode"]) == ("root", "gate-agent", "0660")
    assert settings_of(SOFTWARE_PATH)["PathExists"] == str(VERSIONS / "update" / "state.json")
    text = UNIT.read_text(encoding="utf-8")
    assert "Wants=gate-agent-software.socket gate-agent-software.path" in text.splitlines()


def test_nothing_that_an_update_stops_takes_its_helper_along():
    for unit in (SOFTWARE, SOFTWARE_SOCKET, SOFTWARE_PATH):
        text = unit.read_text(encoding="utf-8")
        assert not re.search(r"^(?:StopWhenUnneeded|PartOf|BindsTo|Requires)=", text, re.MULTILINE), unit.name
