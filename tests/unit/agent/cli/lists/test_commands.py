"""The commands of the central side, over files and a real broker."""

import csv
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from itertools import takewhile

import pytest
from typer.testing import CliRunner

from agent.broker.addresses import BrokerAddress
from agent.cli.lists import app
from agent.clock.clock import Clock
from agent.core.lists.chunks import unpack_chunk
from agent.core.lists.codec import decode_row
from agent.core.lists.signed_list import open_delta, open_head
from agent.core.model.list_kinds import ListKind
from agent.core.permit import trust
from agent.core.permit.claims import DIRECTIONS
from agent.core.permit.trust import Purpose
from agent.lists.topics import ChunkTopic, DeltaTopic, HeadTopic, ListTopics
from agent.mqtt.messages import Incoming, Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from agent.store.registry.list_pack import read_pack
from central.publishing import publisher
from central.publishing.broker_upload import survey
from central.publishing.publisher_database import PublisherDatabase
from tests.support.lists.central import NEXT_KEY, NOW, ROWS, CentralLists, Staying, as_csv, write
from tests.support.lists.lists import (
    DECLARATIONS,
    HOUR_S,
    REVOCATIONS,
    ROOT,
    SITE,
    declarations,
    delta,
    trust_text,
    trusted,
)
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.pki.permits import NOW as FIXED_NOW
from tests.support.waiting import PATIENCE_S, eventually, scaled

TOPICS = ListTopics(SITE)
LAST = Outgoing(f"{TOPICS.root}/declarations/last", b"the last")
"""Published after all that a listener should hear."""


@pytest.fixture
def central(tmp_path):
    return CentralLists(tmp_path)


class Gate:
    """What a gate finds at a broker, held against what is signed."""

    def __init__(self, broker):
        self.address = BrokerAddress.parse(f"mqtt://127.0.0.1:{broker.port}")

    def stock(self):
        """Topic to payload of what is retained."""
        with OneShotClient(self.address) as client:
            client.subscribe(f"{TOPICS.root}/#")
            return {message.topic: message.payload for message in self.heard(client) if message.payload}

    def heard(self, client):
        """What has come to a client up to now."""
        with OneShotClient(self.address) as other:
            other.publish(LAST)
        return takewhile(lambda message: message.topic != LAST.topic, client.messages(PATIENCE_S))

    def head(self, trusted_list, version):
        """The head of the declarations once it is of this version."""
        head = open_head(self.stock()[TOPICS.head(DECLARATIONS)], trusted_list, SITE, NOW).said
        return head if head.version == version else None

    def rows(self, trusted_list, kind=DECLARATIONS, stock=None):
        """The head, and the rows that its snapshot and deltas make; nothing may be there besides."""
        found = self.stock() if stock is None else stock
        head = open_head(found[TOPICS.head(kind)], trusted_list, SITE, NOW).said
        rows = {}
        wanted = {TOPICS.head(kind)}
        for number, ref in enumerate(head.chunks):
            wanted.add(topic := TOPICS.chunk(kind, head.snapshot, number))
            for data in unpack_chunk(found[topic], ref):
                row = decode_row(kind, data)
                rows[row.permit_id] = row
        for version in range(head.snapshot + 1, head.version + 1):
            wanted.add(topic := TOPICS.delta(kind, version))
            said = open_delta(found[topic], trusted_list, SITE, NOW).said
            for key in said.removed:
                del rows[key]
            for data in said.upserts:
                row = decode_row(kind, data)
                rows[row.permit_id] = row
        there = {topic for topic in found if topic.startswith(f"{TOPICS.root}/{kind}/")}
        assert there - {TOPICS.delta(kind, head.snapshot)} == wanted
        return head, rows


def keyed(rows):
    return {row.permit_id: row for row in rows}


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def publish(central, broker, *more, **options):
    return central.publish(broker, *more, **options)


@needs_mosquitto
def test_what_is_published_is_found_whole_and_a_change_comes_as_a_delta(central, broker):
    gate = Gate(broker)
    said = publish(central, broker, "--declarations", central.declarations)
    assert "declarations: version 1, before none: 300 rows new or changed, 0 removed, 300 in all" in said
    assert all(said.splitlines())  # no bar of progress is drawn where there is no terminal, also not an empty one
    head, rows = gate.rows(central.trusted)
    assert (head.version, head.snapshot, rows) == (1, 1, keyed(ROWS))
    central.declare(ROWS[3:])
    assert "version 2, before 1: 0 rows new or changed, 3 removed" in publish(
        central, broker, "--declarations", central.declarations
    )
    stock = gate.stock()
    head, rows = gate.rows(central.trusted, stock=stock)
    assert (head.version, head.snapshot, rows) == (2, 1, keyed(ROWS[3:]))
    assert stock[TOPICS.trust] == trust_text(central.trusted)
    assert "nothing changed" in publish(central, broker, "--declarations", central.declarations)


@needs_mosquitto
def test_a_folder_that_was_lost_goes_on_above_the_version_at_the_broker(central, broker):
    for first in range(2):
        central.declare(ROWS[first:])
        publish(central, broker, "--declarations", central.declarations)
    central.state = central.folder / "new-state"
    central.declare(ROWS[:7])
    said = publish(central, broker, "--declarations", central.declarations)
    assert "version 3, before none" in said
    head, rows = Gate(broker).rows(central.trusted)
    assert (head.version, head.snapshot, rows) == (3, 3, keyed(ROWS[:7]))


@needs_mosquitto
def test_a_folder_that_is_older_than_the_broker_goes_on_above_it_with_a_new_snapshot(central, broker):
    publish(central, broker, "--declarations", central.declarations)
    old = {path.name: path.read_bytes() for path in central.state.iterdir()}
    central.declare(ROWS[1:])
    publish(central, broker, "--declarations", central.declarations)
    for path in central.state.iterdir():
        path.unlink()
    for name, data in old.items():
        (central.state / name).write_bytes(data)
    central.declare(ROWS[2:])
    said = publish(central, broker, "--declarations", central.declarations)
    assert "gates may have seen version 2" in said
    head, rows = Gate(broker).rows(central.trusted)
    assert (head.version, rows) == (4, keyed(ROWS[2:]))
    assert head.snapshot == 3


@needs_mosquitto
def test_a_head_at_the_broker_that_no_key_vouches_for_is_not_followed_but_told(central, broker):
    publish(central, broker, "--declarations", central.declarations)
    central.trust(trusted(NEXT_KEY, since=NOW - 3600, version=2))
    central.state = central.folder / "new-state"
    said = publish(central, broker, "--declarations", central.declarations, code=1, key="next.pem")
    assert "cannot be trusted" in said
    assert "--version-floor 1" in said
    said = publish(central, broker, "--declarations", central.declarations, "--version-floor", 1, key="next.pem")
    assert "version 2, before none" in said
    assert Gate(broker).rows(central.trusted)[0].version == 2


@needs_mosquitto
def test_a_version_that_gates_have_seen_of_somebody_else_is_passed_with_the_same_content(central, broker):
    publish(central, broker, "--declarations", central.declarations)
    said = publish(central, broker, "--version-floor", 1)
    assert "gates may have seen version 1" in said
    assert Gate(broker).rows(central.trusted)[0].version == 2
    publish(central, broker, "--version-floor", 1)  # as in a unit file, where the option stays
    assert Gate(broker).rows(central.trusted)[0].version == 2
    central.state = central.folder / "new-state"
    publish(central, broker, "--declarations", central.declarations, "--version-floor", 1)
    assert Gate(broker).rows(central.trusted)[0].version == 3


@pytest.mark.long
@needs_mosquitto
def test_a_publisher_whose_key_ends_while_it_stays_says_so_and_ends(central, broker):
    now = int(Clock().now().utc)
    central.trust(trusted(since=now - 3600, life_s=3600 + 8))
    with Staying(central, broker, every="1") as staying:
        assert staying.process.wait(PATIENCE_S) == 1
        assert "no gate would accept these lists" in staying.log.read_text()


@needs_mosquitto
def test_a_broker_that_lost_all_gets_all_again(central, tmp_path):
    with Broker(tmp_path) as first:
        publish(central, first, "--declarations", central.declarations)
        central.declare(ROWS[1:])
        publish(central, first, "--declarations", central.declarations)
    with Broker(tmp_path) as second:
        publish(central, second)
        head, rows = Gate(second).rows(central.trusted)
        assert (head.version, rows) == (2, keyed(ROWS[1:]))


@needs_mosquitto
def test_what_a_crash_left_behind_at_the_broker_is_cleared_and_what_it_lost_is_restored(central, broker):
    publish(central, broker, "--declarations", central.declarations)
    gate = Gate(broker)
    with OneShotClient(gate.address) as client:
        for topic, payload in [
            (TOPICS.chunk(DECLARATIONS, 77, 3), b"left over"),
            (TOPICS.delta(DECLARATIONS, 78), b"left over"),
            (TOPICS.chunk(DECLARATIONS, 1, 0), b"spoilt"),
        ]:
            client.publish(Outgoing(topic, payload, retain=True))
    publish(central, broker)
    assert gate.rows(central.trusted)[1] == keyed(ROWS)


@needs_mosquitto
def test_chunks_and_deltas_stand_before_the_head_that_names_them_and_go_after_it(central, broker, monkeypatch):
    monkeypatch.setattr(publisher, "MAX_DELTA_ROWS", 100)
    publish(central, broker, "--declarations", central.declarations)
    order = []
    with OneShotClient(Gate(broker).address) as watcher:
        watcher.subscribe(f"{TOPICS.root}/declarations/#", stored=False)
        central.declare(declarations(700, seed=2, now=NOW))
        publish(central, broker, "--declarations", central.declarations)
        for message in Gate(broker).heard(watcher):
            place = TOPICS.parse(message.topic)
            kind = {HeadTopic: "head", ChunkTopic: "chunk", DeltaTopic: "delta"}[type(place)]
            order.append(f"{kind} {'gone' if not message.payload else 'there'}")
    assert list(dict.fromkeys(order)) == ["chunk there", "head there", "chunk gone"]


@needs_mosquitto
def test_who_stays_follows_its_files_renews_the_head_and_answers_who_cannot_find_it(central, broker):
    gate = Gate(broker)
    with Staying(central, broker, every="1") as staying, OneShotClient(gate.address) as client:
        client.subscribe(f"{TOPICS.root}/declarations/#", stored=False)
        central.declare(ROWS[5:])
        staying.until("version 2, before 1")
        heads, topics = [], set()
        for message in client.messages(PATIENCE_S):
            topics.add(message.topic)
            if message.topic == TOPICS.head(DECLARATIONS):
                heads.append(open_head(message.payload, central.trusted, SITE, NOW).said)
            if len(heads) == 4:
                break
        assert TOPICS.delta(DECLARATIONS, 2) in topics
        assert TOPICS.chunk(DECLARATIONS, 1, 0) not in topics
        issued = [head.issued_at for head in heads]
        assert issued == sorted(set(issued))
        client.publish(Outgoing(TOPICS.want(DECLARATIONS), b'{"gate":"gate-1","have":0}'))
        staying.until("gate-1 cannot find the declarations after version 0: they were sent again")
        again = {message.topic for message in gate.heard(client)}
        assert {TOPICS.chunk(DECLARATIONS, 1, 0), TOPICS.delta(DECLARATIONS, 2), TOPICS.head(DECLARATIONS)} <= again
        client.publish(Outgoing(TOPICS.want(DECLARATIONS), os.urandom(50)))
        central.declare(ROWS[5:], header="permit_id,statas,issuer,not_before,expires_at,declaration,vin")
        staying.until("do you mean status?")
        staying.until("declarations: not changed")
        central.declare(ROWS[6:])
        eventually(lambda: gate.head(central.trusted, 3), what="the head of version 3")
    head, rows = gate.rows(central.trusted)
    assert (head.version, rows) == (3, keyed(ROWS[6:]))


@needs_mosquitto
def test_a_trust_list_that_ends_the_publishers_own_key_is_sent_before_it_gives_up(central, broker):
    with Staying(central, broker) as staying:
        central.trust(trusted(NEXT_KEY, since=NOW - 3600, version=2))
        assert staying.process.wait(PATIENCE_S) == 1
        assert "is not in the trust list as a key for lists" in staying.log.read_text()
    assert Gate(broker).stock()[TOPICS.trust] == trust_text(central.trusted)


@pytest.mark.long
@pytest.mark.timeout(600)
@needs_mosquitto
def test_a_publisher_killed_anywhere_leaves_a_whole_list_and_the_next_one_goes_on(central, broker):
    gate = Gate(broker)
    publish(central, broker, "--declarations", central.declarations)
    command = [
        *(sys.executable, "-c", "from agent.cli.lists import app; app()", "publish", "--every", "60"),
        *("--broker", f"mqtt://127.0.0.1:{broker.port}", *central.options("--declarations", central.declarations)),
    ]
    for round_ in range(12):
        content = declarations(3000, seed=10 + round_, now=NOW)
        central.declare(content)
        with OneShotClient(gate.address) as watcher:
            watcher.subscribe(f"{TOPICS.root}/declarations/#", stored=False)
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _, _message in zip(range(1 + round_), watcher.messages(15), strict=False):
                pass
            process.kill()
            process.wait(PATIENCE_S)
        stock = gate.stock()
        head = open_head(stock[TOPICS.head(DECLARATIONS)], central.trusted, SITE, NOW).said
        for number, ref in enumerate(head.chunks):
            unpack_chunk(stock[TOPICS.chunk(DECLARATIONS, head.snapshot, number)], ref)
    publish(central, broker)
    assert gate.rows(central.trusted)[1] == keyed(content)


@needs_mosquitto
def test_two_publishers_of_one_folder_are_told(central, broker):
    publish(central, broker, "--declarations", central.declarations)
    other = PublisherDatabase.open(central.state, SITE)
    other.hold()
    assert "another publisher is at work" in publish(central, broker, code=1)
    out = central.folder / "beside.zip"
    assert "another publisher is at work" in central.run(
        "pack", "--out", out, "--declarations", central.declarations, code=1
    )
    central.run("pack", "--out", out)  # a pack of what was published last may be made beside it
    assert out.exists()
    other.close()


@needs_mosquitto
def test_a_survey_does_not_take_what_a_gate_asks_for_a_part_of_a_list(central, broker):
    publish(central, broker, "--declarations", central.declarations)
    with OneShotClient(Gate(broker).address) as client:
        client.publish(Outgoing(TOPICS.want(DECLARATIONS), b"{}", retain=True))
        stock = survey(client, SITE, scaled(0.25))
    assert TOPICS.want(DECLARATIONS) not in stock.digests
    assert set(stock.heads) == {DECLARATIONS}


class AskingGate:
    """A client at whose broker there is one delta, and a gate that asks on and on."""

    def __init__(self, topic):
        self._topic = topic

    def subscribe(self, _topic_filter):
        pass

    def messages(self, _timeout_s):
        yield Incoming(TOPICS.delta(DECLARATIONS, 7), b"delta", 1, retained=True)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            yield Incoming(self._topic, b"{}", 1, retained=True)
        raise AssertionError("the survey does not end")


@pytest.mark.parametrize("topic", [TOPICS.want(DECLARATIONS), f"{TOPICS.root}/anything/want"])
def test_a_gate_that_asks_on_and_on_does_not_keep_the_lists_from_all_others(topic):
    assert list(survey(AskingGate(topic), SITE, 0.01).digests) == [TOPICS.delta(DECLARATIONS, 7)]


def test_a_broker_that_is_not_there_is_told(central):
    said = central.run("publish", "--broker", "mqtt://127.0.0.1:1", "--declarations", central.declarations, code=1)
    assert "nothing listens at port 1" in said
    said = central.run("publish", "--broker", "http://here", "--declarations", central.declarations, code=1)
    assert "must begin with mqtts://" in said


def test_a_pack_holds_what_the_files_say_and_says_so_when_looked_at(central):
    out = central.folder / "stick.zip"
    revoked = central.folder / "revocations.jsonl"
    revoked.write_text(
        "".join(
            json.dumps({"permit_id": row.permit_id.hex(), "expires_at": row.expires_at, "cause": "stolen"}) + "\n"
            for row in ROWS[:7]
        )
    )
    watch = central.folder / "watch.csv"
    watch.write_text("subject,value,note\nplate,新a·12345,look under the seat\nvin,lsvaa49j132047371,\n")
    central.run(
        "pack", "--out", out, "--declarations", central.declarations, "--revocations", revoked, "--watch", watch
    )
    with read_pack(out) as pack:
        assert pack.kinds == tuple(ListKind)
        head = open_head(pack.head(REVOCATIONS), central.trusted, SITE, NOW).said
        rows = [decode_row(REVOCATIONS, data) for data in unpack_chunk(pack.chunk(REVOCATIONS, 0), head.chunks[0])]
        assert sorted(row.permit_id for row in rows) == sorted(row.permit_id for row in ROWS[:7])
        assert trust.load(pack.trust, [ROOT.public]) == central.trusted
    inspected = CliRunner().invoke(app, ["inspect", str(out), "--root-key", ROOT.public.raw.hex(), "--json"])
    assert inspected.exit_code == 0, inspected.output
    parts = {part["name"]: part for part in json.loads(inspected.output)}
    assert parts["declarations/head"]["rows"] == 300
    assert parts["declarations/head"]["verdict"] == "holds"
    assert parts["watch/snap"]["rows"] == 2
    unverified = CliRunner().invoke(app, ["inspect", str(out), "--json"])
    assert {part["verdict"] for part in json.loads(unverified.output) if part["what"] == "head"} == {"NOT VERIFIED"}


def test_a_pack_that_was_tampered_with_is_told_when_looked_at(central):
    out = central.folder / "stick.zip"
    central.run("pack", "--out", out, "--declarations", central.declarations)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chunk = parts["declarations/snap/0"]
    parts["declarations/snap/0"] = chunk[:-1] + bytes([chunk[-1] ^ 1])
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    inspected = CliRunner().invoke(app, ["inspect", str(out), "--root-key", ROOT.public.raw.hex()])
    assert inspected.exit_code == 1
    assert "chunk_wrong" in inspected.output


def test_single_parts_are_told_apart_when_looked_at(central):
    central.run("pack", "--out", central.folder / "stick.zip", "--declarations", central.declarations)
    with read_pack(central.folder / "stick.zip") as pack:
        files = {"head": pack.head(DECLARATIONS), "chunk": pack.chunk(DECLARATIONS, 0), "trust list": pack.trust}
    files["delta"] = delta(DECLARATIONS, 3, 4, upserts=ROWS[:2], issued_at=FIXED_NOW)
    for what, data in files.items():
        path = central.folder / "part"
        path.write_bytes(data)
        shown = CliRunner().invoke(app, ["inspect", str(path), "--json"])
        assert shown.exit_code == 0, shown.output
        assert json.loads(shown.output)[0]["what"] == what
    path.write_bytes(b"nothing that anybody signed")
    shown = CliRunner().invoke(app, ["inspect", str(path)])
    assert shown.exit_code == 1
    assert "not a part of a list" in shown.output
    missing = CliRunner().invoke(app, ["inspect", str(central.folder / "nowhere")])
    assert missing.exit_code == 1
    assert "No such file" in missing.stderr


@pytest.mark.parametrize(
    ("trusted_list", "words"),
    [
        (trusted(NEXT_KEY, since=NOW - 3600), "is not in the trust list as a key for lists"),
        (trusted(purpose=Purpose.PERMITS, since=NOW - 3600), "is not in the trust list as a key for lists"),
        (trusted(since=NOW - 200 * HOUR_S, life_s=HOUR_S), "is valid from"),
        (trusted(since=NOW - 3600, sites=(7,)), f"may not sign for site {SITE}"),
    ],
)
def test_a_key_that_no_gate_would_accept_signs_nothing(central, trusted_list, words):
    central.trust(trusted_list)
    assert words in central.run(
        "pack", "--out", central.folder / "x.zip", "--declarations", central.declarations, code=1
    )
    assert not (central.folder / "x.zip").exists()


GOOD = {
    "permit_id": "00" * 8,
    "status": "released",
    "issuer": "KHE",
    "not_before": str(NOW),
    "expires_at": "2060-01-01T00:00:00+08:00",
    "declaration": "941120260000012345",
    "vin": "LSVAA49J132047371",
    "plate": "新A·12345",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"permit_id": "123"}, "permit_id: expected 16 hexadecimal digits, got 3 characters"),
        ({"permit_id": ""}, "permit_id is empty"),
        ({"status": "relesed"}, "do you mean released?"),
        ({"not_before": "yesterday"}, "not_before: expected Unix seconds or a time like"),
        ({"not_before": "2026-11-24T08:00:00"}, "not_before: expected Unix seconds or a time like"),
        ({"not_before": "1"}, "field 4 is out of range"),
        ({"expires_at": str(NOW - 1)}, "it ends before it begins"),
        ({"declaration": "123"}, "declaration: expected 18 digits, got 3 characters"),
        ({"declaration": "941199990000012345"}, "are not a year"),
        ({"vin": "LSVAA49J13204737O"}, "vin: expected 17 digits and letters without I, O and Q"),
        ({"plate": "12"}, "has the form of no plate"),
        ({"plate_kind": "civil_bleu"}, "do you mean civil_blue?"),
        ({"energy": "9"}, "energy: expected a whole number from 1 to 5"),
        ({"site": "7"}, f"site: expected {SITE}, got '7'"),
        ({"lanes": "1 33"}, "lanes: expected a whole number from 1 to 32"),
        ({"direction": "import"}, "digit 9 of the declaration number does not mean import"),
        ({"direction": "out"}, f"direction: expected {' or '.join(DIRECTIONS.values())}"),
        ({"max_uses": "0"}, "max_uses: expected a whole number from 1 to 1000"),
        ({"reference": "ab"}, "reference: expected 32 hexadecimal digits"),
        ({"exporter": "x" * 65}, "exporter: expected a printable text of at most 64 characters"),
        ({"colour": "red\x07"}, "colour: expected a printable text"),
    ],
)
def test_every_mistake_in_a_file_is_told_with_its_line_and_what_was_expected(central, changes, words):
    record = {**GOOD, **changes}
    path = central.folder / "wrong.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys([*GOOD, *changes]))
        writer.writeheader()
        writer.writerow({**GOOD, "permit_id": "11" * 8})
        writer.writerow(record)
    said = central.run("pack", "--out", central.folder / "x.zip", "--declarations", path, code=1)
    assert f"{path}:3: " in said
    assert words in said


def test_all_mistakes_of_a_file_are_told_together_and_nothing_of_it_is_taken(central):
    out = central.folder / "x.zip"
    central.run("pack", "--out", out, "--declarations", central.declarations)
    lines = as_csv(ROWS).splitlines()
    wrong = [line.replace(",released,", ",relaesed,") for line in lines[1:31]]
    write(central.declarations, "\n".join([*lines, *wrong, lines[5]]) + "\n")
    said = central.run("pack", "--out", out, "--declarations", central.declarations, code=1)
    assert said.count("do you mean released?") == 20
    assert "11 more lines with mistakes" in said
    assert "nothing changed" not in said
    central.declare(ROWS)
    assert "nothing changed, version 1" in central.run("pack", "--out", out, "--declarations", central.declarations)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", b"", "it is empty; its first line names the columns"),
        ("a.csv", b"permit_id,status\n", "the column issuer is missing"),
        ("a.csv", b"permit_id,permit_id\n", "the column permit_id is there twice"),
        ("a.csv", b"permit_idd\n", "there is no column 'permit_idd'; do you mean permit_id?"),
        ("a.csv", as_csv(ROWS[:1]).encode() + b"1,2\n", ":3: 2 cells; the header names 13"),
        ("a.csv", as_csv(ROWS[:1]).encode() + b'"x\n', "this is no CSV"),
        ("a.csv", as_csv(ROWS[:1]).encode("gb18030"), "is not UTF-8"),
        ("a.jsonl", b"{}\n[]\n", ":2: this line is no JSON object"),
        ("a.jsonl", b"{\n", ":1: this line is no JSON"),
        ("a.jsonl", b'{"permit_id": 1.5}\n', "permit_id: expected a text or a whole number"),
        ("a.jsonl", b'{"permit_id": true}\n', "permit_id: expected a text or a whole number"),
        ("a.jsonl", b'{"permit-id": "x"}\n', "do you mean permit_id?"),
        ("a.jsonl", b"[" * 100_000, "this line is no JSON"),
    ],
)
def test_a_file_of_another_form_is_told(central, name, data, words):
    path = central.folder / name
    path.write_bytes(data)
    assert words in central.run("pack", "--out", central.folder / "x.zip", "--declarations", path, code=1)


def test_a_row_that_comes_twice_is_told_with_both_lines(central):
    central.declare([*ROWS[:3], ROWS[1]])
    said = central.run("pack", "--out", central.folder / "x.zip", "--declarations", central.declarations, code=1)
    assert ":5: the same permit as in line 3" in said


def test_a_vin_with_a_wrong_check_digit_is_told_and_published(central):
    row = {**GOOD, "vin": "LSVAA49J232047371"}
    path = central.folder / "odd.jsonl"
    path.write_text(json.dumps(row) + "\n")
    said = central.run("pack", "--out", central.folder / "x.zip", "--declarations", path)
    assert re.search(r"odd\.jsonl:1: the check digit of the VIN LSVAA49J232047371 should be \d", said)
    assert "1 in all" in said


def test_a_trace_that_is_not_right_is_told_and_its_row_goes_out_without_it(central):
    path = central.folder / "odd.jsonl"
    path.write_text(json.dumps({**GOOD, "traceparent": "00-0-0-0"}) + "\n")
    said = central.run("pack", "--out", central.folder / "x.zip", "--declarations", path)
    assert "odd.jsonl:1: traceparent: expected the form 00-<32 hexadecimal digits>-<16>-<2>" in said
    assert "1 in all" in said


def test_cells_are_brought_into_their_normal_form(central):
    path = central.folder / "loose.jsonl"
    loose = {**GOOD, "vin": " lsvaa49j132047371 ", "lanes": [1, 3], "energy": 2, "max_uses": 3, "plate": "新 a·D12345"}
    loose["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    path.write_text("\n" + json.dumps(loose) + "\n\n")
    out = central.folder / "x.zip"
    central.run("pack", "--out", out, "--declarations", path)
    with read_pack(out) as pack:
        head = open_head(pack.head(DECLARATIONS), central.trusted, SITE, NOW).said
        (row,) = [decode_row(DECLARATIONS, data) for data in unpack_chunk(pack.chunk(DECLARATIONS, 0), head.chunks[0])]
    assert (row.vin, row.plate, row.plate_kind, row.lane_mask, row.energy, row.max_uses, row.direction) == (
        "LSVAA49J132047371",
        "新AD12345",
        "new_energy_small",
        0b101,
        2,
        3,
        "export",
    )


def test_a_stick_can_be_packed_without_any_broker_above_what_gates_have_seen(central):
    out = central.folder / "x.zip"
    central.run("pack", "--out", out, "--declarations", central.declarations, "--version-floor", 900)
    with read_pack(out) as pack:
        assert open_head(pack.head(DECLARATIONS), central.trusted, SITE, NOW).said.version == 901
