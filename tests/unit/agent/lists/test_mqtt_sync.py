"""The lists of a gate over a real broker: in step from any order, any loss and any restart, and
never a wrong answer.
"""

import json
import os

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.events.event_types import Alarm, AlarmRaised, ListsApplied, ListsRefused
from agent.core.permit.trust import Purpose
from agent.lists.message_queue import ListMessageQueue
from agent.lists.mqtt_sync import REFUSED_PAUSE_S
from agent.mqtt.messages import BrokerLimits, Incoming, LinkUp
from tests.support.lists.gates import ListGate, central_at
from tests.support.lists.lists import (
    DECLARATIONS,
    LISTS_KEY,
    REVOCATIONS,
    ROOT,
    SITE,
    declarations,
    delta,
    head_after,
    revocations,
    snapshot,
    trust_text,
    trusted,
)
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.pki.permits import NOW
from tests.support.store.registries import change, open_registry
from tests.support.store.small_disk import make_image, mounted
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = needs_mosquitto

ROWS = declarations(1500)
OTHER_KEY = SigningKey.from_seed(b"o" * 32)
MIB = 1 << 20


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def central(broker):
    with central_at(broker.port) as publishing:
        yield publishing


@pytest.fixture
def gate(tmp_path, broker):
    with ListGate(tmp_path, broker.port) as running:
        yield running.wait_up()


def test_a_new_gate_takes_trust_list_and_snapshot_and_every_row_is_there(gate, central):
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS))
    gate.wait_version(DECLARATIONS, 1)
    assert [gate.registry.declaration(row.permit_id) for row in ROWS] == ROWS
    eventually(lambda: len(gate.noted(ListsApplied)) == 2, what="the event, which comes after the list")
    assert gate.noted(ListsApplied) == [
        ListsApplied(
            list="trust",
            version=1,
            before=0,
            issued_at=trusted().issued_at,
            rows=1,
            key=ROOT.public.key_id.hex(),
            source="mqtt",
            whole=True,
        ),
        ListsApplied(
            list="declarations",
            version=1,
            before=0,
            issued_at=NOW,
            rows=len(ROWS),
            key=LISTS_KEY.public.key_id.hex(),
            source="mqtt",
            whole=True,
        ),
    ]
    assert gate.noted(ListsRefused) == []
    eventually(lambda: not (gate.folder / "incoming" / "declarations").exists(), what="the chunks to be let go")


def test_what_the_broker_has_stored_comes_in_any_order_without_a_refusal(tmp_path, broker, central):
    snap = snapshot(DECLARATIONS, ROWS[:10])
    central.delta(DECLARATIONS, 3, delta(DECLARATIONS, 2, 3, upserts=ROWS[11:12]))
    central.head(DECLARATIONS, head_after(snap, 3, issued_at=NOW + 2))
    central.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, upserts=ROWS[10:11]))
    central.chunks(snap)
    late = ListGate(tmp_path, broker.port)
    late.sync._settle_s = PATIENCE_S  # however late the trust list comes
    with late as gate:
        gate.wait_up()
        central.trust()
        gate.wait_version(DECLARATIONS, 3)
        eventually(lambda: gate.registry.standings()[0].issued_at == NOW + 2, what="central's last word")
        assert gate.noted(ListsRefused) == []
        assert gate.registry.declaration(ROWS[11].permit_id)


def test_a_delta_is_in_force_at_once_and_a_revocation_too(gate, central):
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS[:10]))
    central.whole(snapshot(REVOCATIONS, []))
    gate.wait_version(DECLARATIONS, 1).wait_version(REVOCATIONS, 1)
    central.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, upserts=ROWS[10:]))
    central.delta(REVOCATIONS, 2, delta(REVOCATIONS, 1, 2, upserts=revocations(ROWS[:1])))
    eventually(lambda: gate.registry.revocation(ROWS[0].permit_id), what="the revocation")
    eventually(lambda: gate.registry.declaration(ROWS[-1].permit_id), what="the declaration")


def test_a_broker_that_lost_what_it_had_stored_is_filled_again_on_the_gates_wish(tmp_path, broker, central):
    snap = snapshot(DECLARATIONS, ROWS)
    central.trust()
    central.head(DECLARATIONS, snap.data)
    want = central.topics.want(DECLARATIONS)
    with Listener(broker.port, want) as listener, ListGate(tmp_path, broker.port) as gate:
        asked = eventually(lambda: listener.on(want), what="the wish")[0]
        said = asked["payload"]
        assert (json.loads(said) if isinstance(said, str) else said) == {"gate": "khorgos-03", "have": 0}
        assert asked["retain"] == 0
        central.chunks(snap)
        gate.wait_version(DECLARATIONS, 1)


def test_chunks_that_a_broker_finds_by_their_names_only_are_asked_for_by_name(tmp_path, broker, central):
    """As brokers do that store, but find nothing stored by a wildcard."""
    snap = snapshot(DECLARATIONS, ROWS)
    assert len(snap.chunks) == 3
    central.trust()
    central.head(DECLARATIONS, snap.data)
    central.chunks(snap)
    with ListGate(tmp_path, broker.port) as gate:
        subscribe = gate.client.subscribe
        gate.client.subscribe = lambda *many: subscribe(*(one for one in many if not one.topic_filter.endswith("+")))
        gate.wait_version(DECLARATIONS, 1)


def test_a_broker_that_drops_what_it_cannot_queue_is_asked_for_the_rest(tmp_path):
    snap = snapshot(DECLARATIONS, declarations(6000, seed=4))
    assert len(snap.chunks) == 12
    with Broker(tmp_path, "max_inflight_messages 2", "max_queued_messages 4") as broker:
        with central_at(broker.port) as central:
            central.trust()
            central.whole(snap)
        with ListGate(tmp_path, broker.port) as gate:
            gate.wait_version(DECLARATIONS, 1)
        assert broker.says("dropped")


def test_wrong_chunks_change_nothing_until_the_right_ones_come(gate, central):
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS[:1]))
    gate.wait_version(DECLARATIONS, 1)
    snap, other = snapshot(DECLARATIONS, ROWS, version=2), snapshot(DECLARATIONS, declarations(1500, seed=7), version=2)
    topic = central.topics.chunk(DECLARATIONS, 2, 1)
    central.chunks(snap, only={0, 2})
    central.put(topic, other.packed[1])
    central.head(DECLARATIONS, snap.data)
    refused = eventually(lambda: gate.noted(ListsRefused), what="the refusal")
    assert (refused[0].list, refused[0].code) == ("declarations", "chunk_wrong")
    assert gate.version(DECLARATIONS) == 1
    assert gate.registry.declaration(ROWS[5].permit_id) is None
    central.put(topic, snap.packed[0])
    central.put(topic, b"")
    central.put(topic, snap.packed[1])
    gate.wait_version(DECLARATIONS, 2)
    assert gate.registry.standings()[0].rows == len(ROWS)


def test_a_list_by_the_wrong_kind_of_key_is_refused_and_told_once_for_a_flood(gate, central):
    permits_key = trusted(LISTS_KEY).entries + trusted(OTHER_KEY, purpose=Purpose.PERMITS).entries
    central.put(central.topics.trust, trust_text(type(trusted())(1, NOW - 9, NOW + 86_400, permits_key)))
    eventually(gate.registry.trust, what="the trust list")
    snap = snapshot(DECLARATIONS, ROWS[:5], key=OTHER_KEY)
    for _ in range(50):
        central.head(DECLARATIONS, snap.data)
    central.head(REVOCATIONS, snapshot(DECLARATIONS, ROWS[:5]).data)
    eventually(lambda: len(gate.noted(ListsRefused)) == 2, what="the refusals")
    assert [(one.list, one.code) for one in gate.noted(ListsRefused)] == [
        ("declarations", "key_of_other_purpose"),
        ("revocations", "wrong_kind"),
    ]
    assert gate.registry.standings() == ()


def test_a_key_that_a_later_trust_list_names_is_heard_without_the_broker_being_told_again(gate, central):
    central.trust(version=1)
    central.whole(snapshot(DECLARATIONS, ROWS[:5], key=OTHER_KEY))
    refused = eventually(lambda: gate.noted(ListsRefused), what="the refusal")
    assert refused[0].code == "key_unknown"
    central.trust(LISTS_KEY, OTHER_KEY, version=2)
    gate.wait_version(DECLARATIONS, 1)


def test_a_disabled_key_signs_no_new_list_and_what_it_signed_stays(gate, central):
    central.trust(LISTS_KEY, OTHER_KEY, version=1)
    central.whole(snapshot(DECLARATIONS, ROWS[:5]))
    gate.wait_version(DECLARATIONS, 1)
    central.trust(OTHER_KEY, version=2)
    eventually(lambda: gate.registry.trust().version == 2, what="the trust list")
    central.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, removed=[ROWS[0].permit_id]))
    eventually(lambda: gate.noted(ListsRefused), what="the refusal")
    assert gate.registry.declaration(ROWS[0].permit_id)
    central.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, removed=[ROWS[0].permit_id], key=OTHER_KEY))
    gate.wait_version(DECLARATIONS, 2)


def test_an_older_head_and_an_older_trust_list_are_refused_as_rolled_back(gate, central):
    central.trust(version=4)
    central.whole(snapshot(DECLARATIONS, ROWS[:5], version=9))
    gate.wait_version(DECLARATIONS, 9)
    central.trust(version=3)
    central.head(DECLARATIONS, snapshot(DECLARATIONS, ROWS[:5], version=8).data)
    eventually(lambda: len(gate.noted(ListsRefused)) == 2, what="the refusals")
    assert {(one.list, one.code) for one in gate.noted(ListsRefused)} == {
        ("trust", "rolled_back"),
        ("declarations", "rolled_back"),
    }
    assert gate.version(DECLARATIONS) == 9
    assert gate.registry.trust().version == 4


def test_a_gate_that_starts_again_in_the_middle_goes_on_with_the_chunks_it_has(tmp_path, broker, central):
    snap = snapshot(DECLARATIONS, ROWS)
    central.trust()
    central.head(DECLARATIONS, snap.data)
    central.chunks(snap, only={0, 1})
    spool = tmp_path / "incoming" / "declarations"
    with ListGate(tmp_path, broker.port):
        eventually(lambda: spool.exists() and len(list(spool.iterdir())) == 2, what="two chunks")
    for number in (0, 1):
        central.put(central.topics.chunk(DECLARATIONS, 1, number), b"")
    central.chunks(snap, only={2})
    with ListGate(tmp_path, broker.port) as gate:
        gate.wait_version(DECLARATIONS, 1)


def test_a_broker_that_goes_and_comes_back_empty_takes_nothing_from_the_gate(tmp_path, broker, central):
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS[:5]))
    with ListGate(tmp_path, broker.port) as gate:
        gate.wait_version(DECLARATIONS, 1)
        broker.kill()
        eventually(lambda: not gate.observer.is_up(), what="the end of the link")
        broker.start()
        eventually(gate.observer.is_up, what="the link")
        with central_at(broker.port) as again:
            assert gate.registry.declaration(ROWS[0].permit_id)
            again.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, removed=[ROWS[0].permit_id]))
            gate.wait_version(DECLARATIONS, 2)


def test_another_process_that_applies_a_list_is_noticed(gate, central):
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS[:5]))
    gate.wait_version(DECLARATIONS, 1)
    other = open_registry(gate.folder / "registry.db")
    other.apply_delta(change(DECLARATIONS, 1, 2, removed=[ROWS[0].permit_id]), "file")
    other.close()
    central.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, removed=[ROWS[0].permit_id]))
    central.delta(DECLARATIONS, 3, delta(DECLARATIONS, 2, 3, removed=[ROWS[1].permit_id]))
    gate.wait_version(DECLARATIONS, 3)
    assert gate.noted(AlarmRaised) == []


def test_a_full_disk_keeps_the_old_list_tells_it_once_and_recovers_by_itself(tmp_path, broker, central):
    make_image(tmp_path / "disk.img", 24 * MIB)
    with mounted(tmp_path / "disk.img", tmp_path / "disk") as disk:
        central.trust()
        central.whole(snapshot(DECLARATIONS, ROWS[:5]))
        with ListGate(disk, broker.port) as gate:
            gate.wait_version(DECLARATIONS, 1)
            stuffing = disk / "stuffing"
            with stuffing.open("wb", buffering=0) as file:
                while os.statvfs(disk).f_bavail * 4096 > 256 * 1024:
                    file.write(b"\1" * 65_536)
            central.whole(snapshot(DECLARATIONS, declarations(6000, seed=3), version=2))
            eventually(lambda: gate.noted(AlarmRaised), what="the alarm")
            refused = eventually(lambda: gate.noted(ListsRefused), what="the refusal")
            assert refused[0].code == "disk_full"
            assert gate.registry.declaration(ROWS[0].permit_id) == ROWS[0]
            eventually(lambda: gate.sync._lists[DECLARATIONS]._state.failures >= 3, what="some more tries")
            assert [one.alarm for one in gate.noted(AlarmRaised)] == [Alarm.LISTS_FAILED]
            assert len(gate.noted(ListsRefused)) == 1
            stuffing.unlink()
            gate.wait_version(DECLARATIONS, 2)
            assert gate.registry.standings()[0].rows == 6000


def test_rubbish_on_every_topic_changes_nothing_and_the_lists_go_on(gate, central):
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS[:5]))
    gate.wait_version(DECLARATIONS, 1)
    topics = central.topics
    for rubbish in (b"", b"\xff" * 9, b"GTL1:XYZ", b"[]", bytes(600_000)):
        for topic in (
            topics.trust,
            topics.head(DECLARATIONS),
            topics.delta(DECLARATIONS, 2),
            topics.chunk(DECLARATIONS, 1, 0),
            topics.delta(DECLARATIONS, 1 << 40),
            f"{topics.root}/declarations/delta/x",
        ):
            central.put(topic, rubbish, retain=False)
    central.delta(DECLARATIONS, 2, delta(DECLARATIONS, 1, 2, removed=[ROWS[0].permit_id]))
    gate.wait_version(DECLARATIONS, 2)
    assert {one.list for one in gate.noted(ListsRefused)} == {"trust", "declarations"}
    assert len(gate.noted(ListsRefused)) < 12, "a flood is folded"


def test_the_message_queue_is_bounded_and_news_of_the_link_has_room():
    messages = ListMessageQueue(most_messages=3, most_bytes=1000)
    for size in (300, 600, 300):
        messages.add_item(Incoming("t", bytes(size), 1, retained=False))
    assert messages.overflowed()
    assert not messages.overflowed()
    messages.add_item(Incoming("t", b"", 1, retained=False))
    messages.add_item(Incoming("t", b"", 1, retained=False))
    up = LinkUp(1, BrokerLimits())
    messages.add_item(up)
    assert [messages.next_item(0) for _ in range(3)][-1].payload == b""
    assert messages.next_item(0) == up
    assert messages.next_item(0) is None
    assert messages.overflowed()


def test_a_failure_that_nobody_foresaw_does_not_end_a_list(gate, central, monkeypatch):
    apply, failures = gate.intake.apply_spooled, iter([RuntimeError("for the test")])

    def failing_once(head, source):
        for failure in failures:
            raise failure
        return apply(head, source)

    monkeypatch.setattr(gate.intake, "apply_spooled", failing_once)
    central.trust()
    central.whole(snapshot(DECLARATIONS, ROWS))
    gate.wait_version(DECLARATIONS, 1)
    assert gate.sync.worker.failures == 1


@pytest.mark.parametrize("text", [b"no trust list", trust_text(trusted())])
def test_after_each_trust_list_those_who_decide_have_the_computer(tmp_path, monkeypatch, text):
    gate, pauses = ListGate(tmp_path, port=1), []
    monkeypatch.setattr(gate.sync.worker, "wait", pauses.append)
    for _ in range(2):
        gate.sync._process_message(Incoming(gate.sync._topics.trust, text, 1, retained=True), 0.0)
    assert pauses == [REFUSED_PAUSE_S] * 2
    gate.registry.close()


def test_what_a_flood_pushed_out_is_asked_for_again(tmp_path, broker, central):
    with ListGate(tmp_path, broker.port) as gate:
        gate.wait_up()
        messages = gate.sync._messages
        messages._most_bytes = 0
        central.trust()
        central.whole(snapshot(DECLARATIONS, ROWS[:5]))
        eventually(lambda: messages._overflowed or gate.sync._again_at > 0, what="the queue to be full")
        messages._most_bytes = 1 << 24
        gate.wait_version(DECLARATIONS, 1)


def test_a_site_hears_its_own_lists_only(tmp_path, broker, central):
    with ListGate(tmp_path, broker.port) as gate, central_at(broker.port, site=SITE + 1) as elsewhere:
        gate.wait_up()
        elsewhere.trust(version=7)
        central.trust(version=2)
        central.whole(snapshot(DECLARATIONS, ROWS[:5], site=SITE + 1))
        refused = eventually(lambda: gate.noted(ListsRefused), what="the refusal")
        assert refused[0].code == "wrong_site"
        assert gate.registry.trust().version == 2
