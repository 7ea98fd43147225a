"""A gate of version 0.1, as a loss of power left it in the middle of a vehicle, taken over by the present agent."""

import hashlib
import html
import json
import re
import sqlite3
from contextlib import ExitStack, closing, contextmanager

import httpx
import pytest

from agent.cli.configuration import load_configuration
from drivers.emulators.scanner import ScannerEmulator
from tests.support.gate.config_files import ROOT_KEY
from tests.support.gate.gate_site import GATE
from tests.support.migration.kept_gate import LANE_2, PRESENCE, KeptGate
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, publish, stored
from tests.support.waiting import PATIENCE_S, eventually
from tests.system.posts import PASSED, Gate, denied, held

pytestmark = needs_mosquitto

OF_HIS_OWN = "seven blue otters run"
CONSOLE = re.compile(r"the console listens at (http://\S+)")
EVERY_KIND = 31
BARE = f"""
version = 1

[gate]
id = "gate-1"
site = 1

[permits]
root_keys = ["{ROOT_KEY}"]

[mqtt]
enabled = false
"""


class Migrated:
    """The kept gate with the present agent. `central`: hears it, and has stored what 0.1 was acknowledged."""

    def __init__(self, kept, product, broker, central, gate, scanner_2):
        self.kept, self.product, self.broker, self.central = kept, product, broker, central
        self.gate, self.scanner_2 = gate, scanner_2
        self.papers = kept.papers

    @property
    def console(self):
        """The address of the console, as the log tells it."""
        return self.gate.agent.until(lambda: CONSOLE.search(self.gate.agent.log), "the console")[1]

    def start(self):
        self.gate.start()
        self.ready(self.papers["head"])

    def ready(self, after):
        """Wait until the first lane reads permits and can move its barrier."""
        for device in ("post", "relay", "inputs"):
            self.gate.hearing.wait("device.changed", after, device=f"exit-1/{device}", state="up")

    def drive_up_at_lane_2(self, *, there):
        """A vehicle stands on the loop of the second lane, or none."""
        fresh = self.kept.folder / "yard" / "inputs.new"
        fresh.write_text(json.dumps({"bits": [there and number == PRESENCE for number in range(1, 9)]}))
        fresh.replace(self.kept.folder / "yard" / "inputs.json")

    def run(self, *arguments):
        done = self.product.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def migrated(installed, folder):
    kept = KeptGate(folder / "gate")
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder))
        central = stack.enter_context(Central(broker.port, GATE, watermark=kept.papers["watermark"]))
        product = kept.placed(installed, broker)
        gate = stack.enter_context(Gate(product, kept.folder))
        scanner_2 = stack.enter_context(ScannerEmulator(kept.folder / "scanner-2"))
        yield Migrated(kept, product, broker, central, gate, scanner_2)


@pytest.fixture(scope="module")
def now(installed, tmp_path_factory):
    with migrated(installed, tmp_path_factory.mktemp("migrated")) as now:
        now.start()
        yield now
        now.gate.agent.stop()


# -------------------------------------------------------------------------------------------------------------- events


def test_the_kept_gate_recorded_every_kind_of_event_of_its_version(now):
    kinds = {event["type"] for event in now.kept.events}
    assert len(kinds) == EVERY_KIND
    assert all(event["data"].get("message") is None for event in now.kept.events)


def test_every_event_of_0_1_is_there_byte_for_byte_and_the_chain_goes_on(now):
    head, recorded = now.papers["head"], now.gate.payloads()
    assert {seq: recorded[seq] for seq in now.kept.payloads} == now.kept.payloads
    assert list(now.kept.payloads) == list(range(1, head + 1))
    started = now.gate.hearing.events[head + 1]
    assert (started["type"], started["stream"]) == ("gate.started", now.papers["stream"])
    kid, public = (line.split()[1] for line in now.papers["key"].splitlines())
    now.gate.hearing.wait("chain.checkpoint", head, key=kid)
    assert now.run("events", "key", "--state", now.gate.state) == now.papers["key"]
    said = now.run("events", "verify", "--public-key", public, now.gate.state / "journal.db")
    assert now.papers["stream"] in said


def test_the_vehicle_in_whose_middle_0_1_ended_is_told_as_interrupted(now):
    head = now.papers["head"]
    transaction = now.kept.events[-1]["transaction"]
    assert now.gate.hearing.events[head + 1]["data"]["interrupted"] == [transaction]
    closed = now.gate.hearing.wait("transaction.closed", head)
    assert closed["transaction"] == transaction


def test_what_0_1_had_not_sent_reaches_central_in_order_as_it_was_written(now):
    head, watermark = now.papers["head"], now.papers["watermark"]
    now.gate.agent.until(lambda: now.central.watermark > head, "the old events at central")
    assert list(dict.fromkeys(now.central.arrivals))[: head - watermark] == list(range(watermark + 1, head + 1))
    sent = {seq: payload for seq, payload in now.central.events.items() if seq <= head}
    assert sent == {seq: payload for seq, payload in now.kept.payloads.items() if seq > watermark}


def in_quotes(words):
    return json.dumps(words, ensure_ascii=False)


def test_old_details_are_told_in_english_as_they_are_and_new_ones_in_the_readers_language(now):
    now.gate.hearing.wait("clock.changed", now.papers["head"])
    lines = now.run("events", "tail", "-n", "10000", "--language", "ru", "--journal", now.gate.state / "journal.db")
    told = dict(enumerate(lines.splitlines(), 1))
    for event in now.kept.events:
        detail = event["data"].get("detail", "")
        assert any(f"detail={words}" in told[event["seq"]] for words in (detail, in_quotes(detail))) or not detail
    of_clocks = [line for line in told.values() if "clock.changed" in line]
    assert ['"no time server has set the clock"' in line for line in of_clocks] == [True, True, False]
    assert '"сервер времени часы не сверял"' in of_clocks[-1]


# ------------------------------------------------------------------------------------------------- permits and lists


@pytest.mark.parametrize("permit", ["used", "seen", "unsent"])
def test_a_permit_that_was_used_under_0_1_stays_used(now, permit):
    assert now.gate.visit(now.papers["permits"][permit]).words == denied("ALREADY_USED")


def test_the_permit_of_the_vehicle_in_whose_middle_0_1_ended_is_left_to_an_officer(now):
    """Nobody knows whether it passed."""
    assert now.gate.visit(now.papers["permits"]["interrupted"]).words == held("ALREADY_USED")


def test_a_permit_that_0_1_was_told_is_revoked_stays_refused(now):
    assert now.gate.visit(now.papers["permits"]["revoked"]).words == denied("PERMIT_REVOKED")


def test_a_declared_vehicle_passes_by_the_lists_that_0_1_had(now):
    had = {event["data"]["list"]: event["data"]["version"] for event in now.kept.of("lists.applied")}
    before = now.gate.hearing.last
    assert now.gate.visit(now.papers["new"][0]).words == PASSED
    decided = now.gate.hearing.wait("access.decided", before)
    versions = {name: decided["data"]["data"][name] for name in ("trust", "declarations", "revocations")}
    assert versions == had
    shown = json.loads(now.run("lists", "show", "--json", "--config", now.gate.configuration))
    assert {one["list"]: one["version"] for one in shown["lists"] if one["version"]} == had
    assert not now.gate.hearing.all("lists.applied", now.papers["head"])


def test_a_lane_that_was_locked_under_0_1_opens_for_nobody(now):
    before = now.gate.hearing.last

    def there(event):
        return event["lane"] == LANE_2

    now.drive_up_at_lane_2(there=True)
    now.gate.hearing.wait("vehicle.present", before, there)
    now.scanner_2.scan(now.papers["new"][1])
    decided = now.gate.hearing.wait("access.decided", before, there)
    assert (decided["data"]["verdict"], decided["data"]["reason"]) == ("RETRY", "LANE_LOCKED")
    status = json.loads(eventually(lambda: stored(now.broker.port, f"gate/v1/{GATE}/status"))["payload"])
    assert status["orders"][LANE_2]["locked_by"] == "officer 7"
    now.drive_up_at_lane_2(there=False)
    now.gate.hearing.wait("transaction.closed", before, there)
    assert not [event for event in now.gate.hearing.all("access.granted") if there(event)]


def test_the_order_that_0_1_obeyed_is_not_obeyed_again_and_answered_as_it_was(now):
    before = now.gate.hearing.last
    with Listener(now.broker.port, f"gate/v1/{GATE}/res/#") as results:
        publish(now.broker.port, f"gate/v1/{GATE}/cmd/lock", now.papers["lock"])
        eventually(lambda: results.messages, what="the answer")
    answer = json.loads(results.messages[0]["payload"])
    assert (answer["result"], answer["detail"]) == ("done", "it is locked")
    assert not now.gate.hearing.all("command.accepted", before)


# ---------------------------------------------------------------------------------------------- pictures and console


@pytest.fixture(scope="module")
def client(now):
    """A browser of the user that was made under 0.1, who chooses a password of his own now."""
    name, password = now.papers["user"]
    with httpx.Client(base_url=now.console, timeout=PATIENCE_S, trust_env=False) as client:
        for page, to, fields in (
            ("/login", "/login", {"name": name, "password": password}),
            (
                "/settings/account",
                "/settings/account/password",
                {"password": password, "new": OF_HIS_OWN, "again": OF_HIS_OWN},
            ),
        ):
            csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(page).text)[1]
            assert client.post(to, data=fields | {"csrf": csrf}).status_code == 303
        yield client


def test_the_pictures_of_0_1_are_there_and_its_users_see_them(now, client):
    names = {name for event in now.kept.of("transaction.closed") for name in event["data"]["pictures"]}
    assert names
    for name in names:
        picture = client.get(f"/evidence/{name}")
        assert picture.status_code == 200
        assert hashlib.sha256(picture.content).hexdigest() == name


def test_the_page_journal_shows_old_details_in_english_as_they_are(now, client):
    now.gate.hearing.wait("clock.changed", now.papers["head"])
    page = html.unescape(client.get("/vehicles/events?type=clock.changed", headers={"accept-language": "ru"}).text)
    assert page.count("no time server has set the clock") == len(now.kept.of("clock.changed"))
    assert page.count("сервер времени часы не сверял") == 1


# ----------------------------------------------------------------------------------------------------- configuration


def test_the_configuration_of_0_1_is_accepted_as_it_is(now):
    kept = now.gate.configuration.read_bytes()
    assert "error" not in now.run("config", "check", now.gate.configuration)
    assert now.gate.configuration.read_bytes() == kept


def test_every_file_of_a_configuration_that_0_1_shipped_is_accepted(now):
    folder = now.kept.folder / "shipped"
    lanes = sorted((folder / "lanes").glob("*.toml"))
    assert len(lanes) == 7
    load_configuration(folder / "gate.toml")
    for lane in lanes:
        main = folder / "one-lane.toml"
        main.write_text(f'include = ["lanes/{lane.name}"]\n{BARE}')
        load_configuration(main)


def test_where_the_configuration_is_broken_the_gate_runs_on_with_the_last_one_of_0_1(installed, tmp_path):
    with migrated(installed, tmp_path) as now:
        broken = now.gate.configuration.read_text() + "\n[lanes.exit-1\n"
        now.gate.configuration.write_text(broken)
        now.start()
        refused = now.gate.hearing.wait("configuration.refused", now.papers["head"])
        assert f"{now.gate.configuration}:" in refused["data"]["detail"]
        assert now.gate.visit(now.papers["new"][0]).words == PASSED
        now.gate.agent.stop()
        assert now.gate.configuration.read_text() == broken


# ------------------------------------------------------------------------------------------- a state that is not used


def newer(name):
    """The state with a database as a newer agent would leave it."""

    def change(state):
        with closing(sqlite3.connect(state / name)) as database:
            database.execute("PRAGMA user_version = 99")

    return change


def cut(name):
    """The state with a file of which the end is lost."""

    def change(state):
        (state / name).write_bytes((state / name).read_bytes()[:100])

    return change


@pytest.mark.parametrize(
    ("change", "name", "aside", "said"),
    [
        (newer, "journal.db", "journal.damaged-*.db", "journal.db has schema version 99, this agent knows up to 7"),
        (cut, "gate.key", "gate.key.unusable", "gate.key is damaged; it was moved to"),
    ],
    ids=["journal", "key"],
)
def test_with_a_state_of_a_newer_version_or_without_its_key_the_gate_locks_its_lanes_and_keeps_the_file(
    installed, tmp_path, change, name, aside, said
):
    with migrated(installed, tmp_path) as now:
        change(name)(now.gate.state)
        before = (now.gate.state / name).read_bytes()
        now.gate.agent.start()
        now.gate.agent.until(lambda: f"gate {GATE} runs" in now.gate.agent.log, "the start")
        (kept,) = now.gate.state.glob(aside)
        assert kept.read_bytes() == before
        assert said in now.gate.hearing.wait("alarm.raised", alarm="state_not_whole")["data"]["detail"]
        now.gate.hearing.wait("lane.ordered", operator="gate-agent", order="locked")
        now.gate.agent.stop()


def test_lists_and_users_of_a_newer_version_are_kept_beside_and_the_gate_begins_new_ones(installed, tmp_path):
    with migrated(installed, tmp_path) as now:
        before = {}
        for name in ("registry.db", "console.db"):
            newer(name)(now.gate.state)
            before[name] = (now.gate.state / name).read_bytes()
        now.start()
        said = "it was written by a newer agent"
        now.gate.agent.until(lambda: said in now.gate.agent.log, "the word on the users")
        now.gate.agent.stop()
        for name, data in before.items():
            assert data in [one.read_bytes() for one in now.gate.state.glob(f"{name}.damaged*")]


def test_where_the_journal_of_0_1_is_damaged_its_used_permits_stay_used_and_the_file_is_kept(installed, tmp_path):
    with migrated(installed, tmp_path) as now:
        journal = now.gate.state / "journal.db"
        with closing(sqlite3.connect(journal)) as database:
            database.execute("UPDATE events SET payload = x'00' WHERE seq = (SELECT max(seq) FROM events)")
            database.commit()
        now.gate.agent.start()
        now.gate.agent.until(lambda: f"gate {GATE} runs" in now.gate.agent.log, "the new journal")
        assert list(now.gate.state.glob("journal.damaged-*.db"))
        now.ready(0)
        told = now.gate.hearing.wait("alarm.raised", alarm="journal_failed")["data"]["detail"]
        assert f"stream {now.papers['stream']}, unacknowledged events" in told
        assert now.gate.visit(now.papers["permits"]["used"]).words == denied("ALREADY_USED")
        assert now.gate.visit(now.papers["new"][0]).words == PASSED
        now.gate.agent.stop()
