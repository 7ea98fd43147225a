"""Half of all personal values are erased at gate and central: both chains prove, and no file holds a byte of them."""

import subprocess
from contextlib import closing
from shutil import which

import pytest

from agent.broker import Topics
from agent.core.crypto import kid_of
from agent.core.crypto.keys import SigningKey
from agent.core.events import checkpoint_draft, verify
from agent.mqtt import event_message
from agent.store.journal import ErasureScope, JournalReader
from central.consumer import BATCH, EventStore, Message
from central.database import CentralScope, ErasureOrder, Role, erase_values, rewrite
from tests.support.central.databases import NOW
from tests.support.consumer.events import GATE
from tests.support.consumer.postgres import needs_postgres
from tests.support.store.journals import FakeClock
from tests.support.store.personal import bytes_of, found_in, officer, open_erasable, plate, values, vehicle

pytestmark = [needs_postgres, pytest.mark.skipif(which("pg_dump") is None, reason="pg_dump is not installed")]
KEY = SigningKey.from_seed(bytes(range(32)))
SAMPLE = 97
"""Searched for is every vehicle by its plate, and every 97th by all of its values in each form: bytes are many."""


def record(journal, clock, vehicles):
    """Vehicles of three events each, and a checkpoint behind each twenty."""
    for first in range(0, vehicles, 20):
        drafts = []
        for number in range(first, min(first + 20, vehicles)):
            clock.utc += 30.0
            drafts += vehicle(number, clock.utc)
        journal.record(drafts)
        journal.record_following(lambda head: checkpoint_draft(head, GATE, KEY, clock.utc))


def deliver(journal, store):
    """All events with their values into central, as they would come."""
    batch = []
    for event in journal.range(1, journal.head):
        message = event_message(Topics(GATE), event, values=event.disclosures)
        properties = {}
        for name, value in message.user_properties:
            properties.setdefault(name, []).append(value)
        batch.append(Message(message.topic, message.payload, properties=properties))
        if len(batch) == BATCH:
            store.store(batch)
            batch = []
    if batch:
        store.store(batch)


def dump(url):
    """What a dump of the database holds, with the bytes of events as they are."""
    told = subprocess.run(["pg_dump", "--data-only", url], check=True, capture_output=True).stdout
    columns = (column for line in told.splitlines() for column in line.split(b"\t"))
    payloads = [bytes.fromhex(column[3:].decode()) for column in columns if column.startswith(rb"\\x")]
    return b"\0".join([told, *payloads])


def unsearched(raw, numbers):
    """The values of vehicles that are still found in raw bytes."""
    left = [plate(number) for number in numbers if plate(number).encode() in raw]
    sample = [word for number in list(numbers)[::SAMPLE] for word in values(number)]
    return [*left, *found_in(raw, sample)]


@pytest.mark.parametrize(
    "vehicles", [60, pytest.param(3_280, marks=pytest.mark.long)], ids=["small", "ten thousand events"]
)
def test_chain_and_checkpoints_prove_and_nothing_personal_is_found_once_half_is_erased(
    vehicles, tmp_path, central_url, database
):
    clock, keys = FakeClock(), {kid_of(KEY.public): KEY.public}
    database.execute(
        "INSERT INTO gate_keys (gate, public_key, noted_by) VALUES (%s, %s, 'test')", (GATE, KEY.public.raw)
    )
    with closing(open_erasable(tmp_path, clock=clock, max_bytes=1 << 28)) as journal:
        record(journal, clock, vehicles)
        head, stream = journal.checkpoint(), journal.stream
        deliver(journal, EventStore(database, lambda: NOW, Role.ACKNOWLEDGE))
        journal.acknowledge(stream, head.seq)
        half = vehicles // 40 * 20  # whole vehicles
        upto = half * 3 + half // 20
        done = journal.erase(ErasureScope(1, upto), "age")
        assert journal.wipe_values()
        assert len(done.events) == half * 3
        gone = erase_values(database, CentralScope(GATE, stream, 1, upto), ErasureOrder("request", "a proof"), NOW)
        assert (gone.values, gone.events) == (done.values, half * 3)
        rewrite(database, sorted(gone.months))

        with JournalReader(tmp_path / "journal.db") as reader:
            found = reader.verify(keys)
        assert (found.flaw, found.last, found.signed.seq) == (None, head, head.seq - 1)
        stored = database.execute("SELECT payload FROM events ORDER BY seq").fetchall()
        proven = verify([bytes(payload) for (payload,) in stored], head=head, keys=keys)
        assert (proven.flaw, proven.proven) == (None, head.seq)
        assert database.execute("SELECT watermark, signed_seq FROM streams").fetchall() == [(head.seq, head.seq - 1)]

        raw, dumped = bytes_of(tmp_path), dump(central_url)
        assert unsearched(raw, range(half)) == []
        assert unsearched(dumped, range(half)) == []
        kept = [word for number in range(half, vehicles)[::SAMPLE] for word in values(number)]
        assert found_in(raw, kept) == kept
        assert found_in(dumped, kept) == kept
        assert officer(half - 1).encode() not in raw + dumped
