"""The package on a booted machine, quickly.

Started, killed, stopped, and changed from its console as a technician does. Upgrades, ways back and all that goes wrong
with a package: test_upgrade.py.
"""

import re

import httpx
import pytest

from tests.support.packaging.booted_gate import CONFIGURATION, UNIT, Said, installed_gate, why_not_here
from tests.support.packaging.debian_packages import kept_thin
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = [
    pytest.mark.skipif(bool(why_not_here()), reason=why_not_here() or "-"),
    pytest.mark.timeout(300),
]

CAMERA = '[[lanes.lane-1.cameras]]\nid = "front"\nkind = "simulated"\nreaders = ["qr"]\nframe_rate_hz = 1\n'
OPEN_WITHIN_S = 30
KNOWN_TO_ALL = "blue otter 7 runs"
ZONE = "[[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]"
TABLE = "/settings/configuration/table?path=lanes.lane-1"
READ_S = "lanes.lane-1.timing.read_s"


@pytest.fixture(scope="module")
def gate():
    with installed_gate(kept_thin()) as gate:
        yield gate


@pytest.fixture(scope="module")
def wired(gate):
    gate.wire(CAMERA)
    return gate


def test_installing_enables_and_starts_it(gate):
    assert gate.shown("ActiveState") == "active"
    assert gate.ask(f"systemctl is-enabled {UNIT}") == "enabled"
    assert gate.ask(f"stat --format='%U %G %a' {CONFIGURATION}") == "root gate-agent 660"
    assert gate.run("dpkg --verify gate-agent") == Said(0, "")


def test_killed_in_the_middle_of_a_pulse_its_relay_is_released_and_it_is_started_again(wired):
    before = wired.process
    wired.energise()
    wired.ask(f"kill -KILL {before}")
    wired.until_released()
    wired.until_back(before)


def test_stopping_releases_every_relay(wired):
    wired.energise()
    wired.ask(f"systemctl stop {UNIT}")
    wired.until_released()
    wired.ask(f"systemctl start {UNIT}")


# What the doctor finds of a port in the place of the service, and what the service knows of the clock.
LOOK = """
from pathlib import Path
from agent.doctor.collectors.ports import Machine, _port
from agent.doctor.collectors.user import agent_user
from agent.clock.clock import Clock, ask_kernel
from drivers.serial.using_programs import OpenFiles
found = _port("/dev/gate-closed", (), agent_user(), frozenset(), Machine(Path("/"), (), OpenFiles()))
print(found.permitted, repr(found.group), repr(found.barred))
try:
    print(ask_kernel().detail)
except PermissionError:
    print("refused:", Clock().synchronisation().detail)
"""


def test_in_the_service_no_hidden_group_is_named_and_the_kernels_word_on_the_clock_is_known(wired):
    wired.ask("mknod -m 0600 /dev/gate-closed c 1 3 && chgrp tty /dev/gate-closed")
    (wired.machine.root / "srv/look.py").write_text(LOOK)
    asked = "/usr/lib/gate-agent/current/bin/python3 -I /srv/look.py"
    kernel = wired.ask(asked).splitlines()[1]
    names = ("User", "PrivateUsers", "ProtectClock", "NoNewPrivileges")
    sandbox = "".join(f" --property={name}={wired.shown(name)}" for name in names)
    said = wired.ask(f"systemd-run --quiet --wait --pipe{sandbox} {asked}")
    assert said.splitlines() == ["False '' ''", f"refused: {kernel}".strip()]
    assert wired.ask("systemctl is-active gate-agent-clock") == "active"


class Browser:
    """A technician's browser on the gate: it sends forms as they stand on their pages, with what was filled in."""

    def __init__(self, client):
        self._client = client
        self._token = ""

    def page(self, address):
        """A page; its forms can be sent then. The console opens a moment after the gate runs."""
        answer = eventually(lambda: self._get(address), OPEN_WITHIN_S, "the console to answer")
        assert answer.status_code == 200, answer.text
        self._token = re.search(r'name="csrf" value="([^"]+)"', answer.text)[1]
        return answer.text

    def _get(self, address):
        try:
            return self._client.get(address)
        except httpx.ConnectError:
            return None

    def send(self, address, **fields):
        answer = self._client.post(address, data={"csrf": self._token, **fields})
        assert answer.status_code in {200, 303}, answer.text
        return answer.text

    def apply(self, shown):
        """Say yes to what was shown."""
        number = re.search(r'name="proposal" value="([^"]+)"', shown)[1]
        assert re.search(r"state \d+", self.send("/settings/configuration/apply", proposal=number))


@pytest.fixture
def browser(wired):
    """A browser in which the first administrator is logged in."""
    with (
        wired.machine.network(),
        httpx.Client(base_url="http://127.0.0.1:8480", timeout=PATIENCE_S, trust_env=False) as client,
    ):
        browser = Browser(client)
        browser.page("/first")  # the console makes a code as it opens, and each makes those before it void
        code = wired.ask("gate-agent console code").split()[0]
        browser.send("/first", code=code, name="aigul", password=KNOWN_TO_ALL, again=KNOWN_TO_ALL)
        yield browser


def hidden(page, name):
    return re.search(rf'name="{re.escape(name)}"\s+value="([^"]*)"', page)[1]


def test_the_technician_changes_the_configuration_from_the_console_and_the_command_line_in_turn(wired, browser):
    file = wired.machine.root / CONFIGURATION[1:]

    def owned():
        return wired.ask(f"stat --format='%G %a' {CONFIGURATION}")

    before = owned()
    began = file.read_text()
    process = wired.process

    browser.page("/settings/aim/lane-1/front")
    with wired.takes_configuration():
        browser.send("/settings/aim/lane-1/front/zone", zone=ZONE, was="[]")
    assert f"zone = {ZONE}" in file.read_text()
    assert owned() == before

    page = browser.page(TABLE)
    fields = {f"{mark}:{READ_S}": value for mark, value in (("f", "12"), ("w", hidden(page, f"w:{READ_S}")))}
    with wired.takes_configuration():
        browser.apply(browser.send(TABLE, seen=hidden(page, "seen"), **fields))
    assert "read_s = 12" in file.read_text()
    assert owned() == before

    assert wired.run(f"gate-agent config set {READ_S} 14").code == 0
    assert "read_s = 14" in file.read_text()
    assert owned() == before

    page = browser.page("/settings/configuration/history")
    wired_state = re.findall(r'name="number" value="(\d+)"', page)[-2]
    with wired.takes_configuration():
        browser.apply(browser.send("/settings/configuration/undo", number=wired_state, seen=hidden(page, "seen")))
    assert file.read_text() == began
    assert owned() == before
    assert wired.process == process
