"""The lists of a site from central's files to the barrier: commands, agent and broker as they are installed."""

import itertools
import json
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial

import pytest

from agent.core.model.list_rows import DeclarationStatus
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene
from tests.support.gate.arrivals import empty_yard
from tests.support.gate.gate_site import GATE, plain_broker
from tests.support.gate.lanes import LONGEST_DECIDE_S, LONGEST_READ_S
from tests.support.lists.lists import declarations
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.vision.live_rtsp import SELDOM_HZ, LiveCamera
from tests.support.waiting import eventually
from tests.system.list_site import ListSite
from tests.system.posts import PASSED, Gate, denied, held

pytestmark = needs_mosquitto

RULES = """
require = "permit"
declaration = "required"
"""
MORE = """
[mqtt]
{mqtt}
ack_mode = "puback"
heartbeat_s = 5

[lists]
require = ["declarations", "revocations"]
"""
CAMERA = """
[[lanes.exit-1.cameras]]
id = "front"
{keys}
readers = ["plate"]
"""
MANY = 12_000


@pytest.fixture
def tell(capsys):
    """Print to the terminal while the test runs."""

    def tell(line):
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return tell


class Place:
    """A site with central's files, its broker and one gate. `central` hears all that the gate says."""

    def __init__(self, installed, folder, broker, central, timing):
        self.installed, self.folder, self.broker, self.central = installed, folder, broker, central
        self.site = ListSite(installed, folder)
        self.gate = Gate(installed, folder, **timing)

    def publish(self):
        """Publish the files, and wait until the gate has taken them."""
        before = self.gate.hearing.last
        self.site.publish(self.broker)
        return before

    def declare(self, *rows):
        """Declare vehicles, and wait until the gate knows them."""
        self.site.declare(*rows)
        before = self.publish()
        self.gate.hearing.wait("lists.applied", before, list="declarations")

    def visit(self, row, **changes):
        """The vehicle of a declaration comes with its signed permit."""
        return self.gate.visit(self.site.permit_of(row, **changes))

    @contextmanager
    def without_broker(self):
        """The broker is gone, and the gate knows."""
        before = self.gate.hearing.last
        self.broker.kill()
        self.gate.hearing.wait("device.changed", before, family="broker", state="lost")
        before = self.gate.hearing.last
        try:
            yield
        finally:
            self.broker.start()
        self.gate.hearing.wait("device.changed", before, family="broker", state="up")

    def held(self):
        """What `gate-agent lists show` says of the declarations: version, rows."""
        shown = self.installed.run("lists", "show", "--json", "--config", self.gate.configuration)
        assert shown.returncode == 0, shown.stderr
        found = {each["list"]: each for each in json.loads(shown.stdout)["lists"]}["declarations"]
        return found["version"], found["rows"]

    def assert_by_contract(self):
        """All that the gate recorded and said is what the contract promises."""
        for payload in self.gate.payloads().values():
            assert_valid(f"gate/v1/{GATE}/event/{json.loads(payload)['type']}", payload)
        for message in self.central.messages:
            if message["payload"]:
                assert_valid(message["topic"], message["payload"])


@contextmanager
def opened(installed, folder, *, rules=RULES, readers=None, **timing):
    """A place whose first lists were published; its gate is configured and not started. `timing`: of its lane."""
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder))
        central = stack.enter_context(Listener(broker.port, f"gate/v1/{GATE}/#"))
        place = Place(installed, folder, broker, central, timing)
        stack.enter_context(place.gate)
        more = MORE.format(mqtt=plain_broker(broker.port))
        permits = 'forms = ["signed", "reference"]'
        place.gate.configure(place.site.root_key, permits=permits, rules=rules, more=more, readers=readers)
        first = place.site.vehicle()
        place.site.declare(first)
        place.site.revoke(place.site.vehicle())
        place.site.publish(broker)
        yield place
        place.gate.agent.stop()
        place.assert_by_contract()


@pytest.fixture(scope="module")
def place(installed, tmp_path_factory):
    with opened(installed, tmp_path_factory.mktemp("lists")) as place:
        place.gate.start().ready()
        for name in ("trust", "declarations", "revocations"):
            place.gate.hearing.wait("lists.applied", list=name)
        place.gate.hearing.wait("lists.state", state="FRESH")
        yield place


def test_a_permit_passes_once_it_is_declared_and_not_after_it_is_revoked(place, tell):
    row, other = place.site.vehicle(), place.site.vehicle()
    assert place.visit(other).words == denied("DECLARATION_UNKNOWN")
    place.declare(row, other)
    assert place.visit(row).words == PASSED
    place.site.revoke(other)
    began_at = time.monotonic()
    before = place.publish()
    published_at = time.monotonic()
    place.gate.hearing.wait("lists.applied", before, list="revocations")
    in_force_at = time.monotonic()
    answer = place.visit(other)
    assert answer.words == denied("PERMIT_REVOKED")
    assert answer.decided["data"]["checks"][-1]["detail"] == "sold on"
    tell(
        f"revocation: in force {in_force_at - began_at:.2f} s after `lists publish` was called,"
        f" {max(0.0, in_force_at - published_at):.2f} s after it had ended"
    )


def test_what_the_declaration_says_decides(place):
    by_reference, reference = place.site.by_reference()
    kept = place.site.vehicle(status=DeclarationStatus.HELD)
    early = place.site.vehicle(status=DeclarationStatus.DECLARED)
    other = place.site.vehicle()
    place.declare(by_reference, kept, early, other)
    answer = place.gate.visit(reference)
    assert answer.words == PASSED
    assert answer.decided["data"]["permit"]["form"] == "reference"
    assert place.visit(kept).words == held("DECLARATION_NOT_RELEASED")
    assert place.visit(early).words == denied("DECLARATION_NOT_RELEASED")
    contradicted = place.visit(other, vin=place.site.vehicle().vin)
    assert contradicted.words == denied("DECLARATION_MISMATCH")
    assert "VIN" in contradicted.decided["data"]["checks"][-1]["detail"]
    assert place.gate.visit(reference).words == denied("ALREADY_USED")
    place.declare(replace(kept, status=DeclarationStatus.RELEASED))
    assert place.visit(kept).words == PASSED


def test_events_and_status_say_which_lists_were_in_force(place):
    row = place.site.vehicle()
    place.declare(row)
    answer = place.visit(row)
    hearing = place.gate.hearing
    newest = {
        name: hearing.all("lists.applied", list=name)[-1]["data"]["version"]
        for name in ("trust", "declarations", "revocations")
    }
    data = answer.decided["data"]["data"]
    assert {name: data[name] for name in newest} == newest
    assert data["state"] == "FRESH"
    assert data["age_s"] >= 0
    applied = hearing.all("lists.applied", list="declarations")[-1]["data"]
    assert (applied["source"], applied["whole"], applied["rows"]) == ("mqtt", False, len(place.site.declared))
    fresh = hearing.wait("lists.state", state="FRESH")["seq"]
    since = [event for seq, event in hearing.events.items() if seq > fresh]
    assert {event["liststate"] for event in since} == {"FRESH"}
    assert all("clockstate" in event for event in hearing.events.values())
    status = f"gate/v1/{GATE}/status"

    def told():
        return assert_valid(status, place.central.on(status)[-1]["payload"])["lists"]

    eventually(lambda: told() == {"state": "FRESH", **newest, "watch": None}, what="the versions in the status")
    wanted = {"lists.applied", "lists.state", "access.decided", "birth"}
    eventually(
        lambda: wanted <= {message["topic"].rpartition("/")[2] for message in list(place.central.messages)},
        what="all that central hears",
    )


def test_without_the_broker_what_is_known_passes_and_a_stick_brings_the_rest(place, tmp_path):
    known, brought = place.site.vehicle(), place.site.vehicle()
    place.declare(known)
    with place.without_broker():
        assert place.visit(known).words == PASSED
        assert place.visit(brought).words == denied("DECLARATION_UNKNOWN")
        place.site.declare(brought)
        stick = tmp_path / "lists.zip"
        place.site.pack(stick)
        before = place.gate.hearing.last
        done = place.installed.run("lists", "import", stick, "--config", place.gate.configuration)
        assert done.returncode == 0, done.stderr
        assert place.visit(brought).words == PASSED
        applied = place.gate.hearing.wait("lists.applied", before, list="declarations")["data"]
        assert applied["source"] == "file"


def test_an_agent_that_is_killed_while_it_applies_a_list_has_the_old_one_or_the_new_one(place, tell):
    gate, row = place.gate, place.site.vehicle()
    place.site.declare(row)
    for batch in itertools.count(1):  # one that is in force before anybody looked is followed by another
        old = place.held()
        place.site.declare(*declarations(batch * MANY, seed=7, now=place.site.utc)[-MANY:])
        new = len(place.site.declared)
        in_force = partial(gate.hearing.all, "lists.applied", list="declarations", rows=new)
        with ThreadPoolExecutor() as pool:
            publishing = pool.submit(place.site.publish, place.broker)
            gate.agent.until(lambda: applying(gate.state) or in_force(), "a list that is being applied")  # noqa: B023
            killed = not in_force()
            if killed:
                gate.agent.kill()
            publishing.result()
        if killed:
            break
    version, rows = place.held()
    assert (version, rows) == old or (version > old[0] and rows == new)
    tell(f"killed while {new} declarations were applied: {'the old' if rows != new else 'the new'} list is whole")
    gate.start().ready()
    assert gate.hearing.wait("lists.applied", list="declarations", rows=new)["data"]["whole"]
    assert place.held()[1] == new
    assert place.visit(row).words == PASSED


@pytest.mark.long
def test_a_declared_plate_alone_opens_a_lane_that_asks_for_no_more(installed, tmp_path):
    with (
        LiveCamera(tmp_path, rate_hz=SELDOM_HZ) as camera,
        opened(
            installed,
            tmp_path,
            rules='require = "plate"',
            readers=CAMERA.format(keys=camera.toml),
            read_s=LONGEST_READ_S,
            decide_s=LONGEST_DECIDE_S,
        ) as place,
    ):
        gate, plate = place.gate, "沪A3N472"
        row = place.site.vehicle(plate=plate)
        place.site.declare(row)
        place.site.publish(place.broker)
        camera.show(empty_yard())
        gate.start().ready("camera", "streaming")
        gate.hearing.wait("lists.applied", list="declarations")
        camera.show(drawn(plate))
        gate.arrive()
        passed = gate.leave()
        camera.show(empty_yard())
        assert passed.words == PASSED
        assert passed.decided["data"]["permit"]["form"] == "plate"
        assert passed.decided["data"]["permit"]["permit"] == row.permit_id.hex()
        camera.show(drawn("粤B8G605"))
        gate.arrive()
        assert gate.leave().words == denied("DECLARATION_UNKNOWN")


def applying(state):
    """Whether a list whose chunks have come is being written into the registry of this state directory."""
    if not any((state / "lists").glob("declarations/*")):
        return False
    with closing(sqlite3.connect(state / "registry.db", timeout=0, isolation_level=None)) as registry:
        try:
            registry.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        registry.execute("ROLLBACK")
    return False


def drawn(plate):
    """A vehicle with this plate before the camera."""
    return draw_scene(Scene(vehicle=Vehicle(plate=plate)))
