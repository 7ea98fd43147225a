"""Every byte of a stored journal, altered in turn: found, placed, and never handed out as good.

The journal is a small real one, copied without free pages. An alteration is harmless when every event is handed out
byte for byte and the journal says the same of where its stream stands: unused bytes, and counters of SQLite's own.
Whatever is not harmless must be found; the count of the rest is held to be 0.
"""

import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from agent.core.events.checkpoint import checkpoint_draft
from agent.store.errors import SQL_ERRORS, JournalError
from agent.store.journal import schema
from agent.store.journal.integrity import check_integrity
from agent.store.journal.journal import Journal
from agent.store.journal.reader import JournalReader
from tests.support.pki.signing import KEY, KEYS
from tests.support.store.journals import GATE, UTC, FakeClock, device, granted, open_journal, present

PAGE_BYTES = 1024
WATERMARK = 1


@dataclass
class Small:
    """The journal as it was made: its bytes, what it holds, and which event each byte belongs to."""

    whole: bytes
    standing: object
    events: list
    owners: dict = field(default_factory=dict)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    journal = open_journal(folder / "journal.db")
    journal.record([present(), granted()])
    journal.record_following(lambda before: checkpoint_draft(before, GATE, KEY, UTC))
    journal.record([device("after")])
    journal.acknowledge(journal.stream, WATERMARK)
    journal.close()
    connection = sqlite3.connect(folder / "journal.db")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("VACUUM INTO ?", (str(folder / "small.db"),))
    connection.close()
    with JournalReader(folder / "small.db") as reader:
        standing, events = reader.standing(), list(reader.sound_events(1, 4))
        assert reader.verify(KEYS).signed.seq == 2
    found = Small((folder / "small.db").read_bytes(), standing, events)
    unclaimed = bytearray(found.whole)
    for event in sorted(events, key=lambda event: event.payload not in found.whole):
        found.owners.update(dict.fromkeys(places(unclaimed, event.payload), event.seq))
    return found


def places(unclaimed, payload):
    """Where the bytes of a payload lie in the file, in one piece or with the rest on overflow pages; claims them."""
    taken = 0
    while taken < len(payload):
        length = next(size for size in range(len(payload) - taken, 0, -1) if payload[taken : taken + size] in unclaimed)
        begin = unclaimed.index(payload[taken : taken + length])
        unclaimed[begin : begin + length] = bytes(length)
        yield from range(begin, begin + length)
        taken += length


# ---------------------------------------------------------------------------------------- what is made of a spoilt file


def by_reader(path, small):
    """What an inspection of the file finds: words, or "" where it takes all for good."""
    try:
        with JournalReader(path) as reader:
            found = reader.verify(KEYS)
            if found.flaw is not None:
                return f"event {found.flaw.seq}: {found.flaw.fault}"
            if trouble := reader.trouble_with_pages():
                return trouble
            standing = reader.standing()
            events = list(reader.sound_events(standing.tail.seq + 1, standing.head.seq))
    except JournalError as error:
        return str(error)
    return "" if (standing, events) == (small.standing, small.events) else "UNDETECTED"


def handed_out(path, small):
    """What is read for sending of the file as it lies, beside a running agent: nothing but events as they were
    recorded.
    """
    try:
        connection = schema.connect_to_read(path)
    except JournalError:
        return
    try:
        first = 1
        while found := check_integrity(connection, first, 1000, 100):
            for event in found.events:
                assert event == small.events[event.seq - 1]
            if not (found.bad or found.events):
                return
            first = found.bad + 1 if found.bad else found.events[-1].seq + 1
    except (*SQL_ERRORS, JournalError):
        return
    finally:
        connection.close()


def by_agent(path, small):
    """What the agent makes of the file at its start: words, or "" where it takes all for good."""
    try:
        journal = Journal.open(path, gate=GATE, boot="boot-2", clock=FakeClock(), max_bytes=16 << 20)
    except JournalError as error:
        return str(error)
    try:
        if journal.replaced is not None:
            assert journal.head == 0
            return journal.replaced.cause
        served = journal.unacknowledged(0, 100)
        everything = list(journal.range(1, 1000))
        standing = journal._standing()
        journal.record([device()])
    except JournalError as error:
        return str(error)
    finally:
        journal.close()
    assert served == [event for event in small.events if event.seq > WATERMARK]
    assert everything == small.events
    return "" if standing == small.standing else "UNDETECTED"


# ------------------------------------------------------------------------------------------------------------ the proof


@contextmanager
def spoilt(path, small, at, mask):
    """The file with one byte altered, in place: it is good again afterwards."""
    with path.open("r+b", buffering=0) as file:
        file.seek(at)
        file.write(bytes([small.whole[at] ^ mask]))
    yield
    with path.open("r+b", buffering=0) as file:
        file.seek(at)
        file.write(small.whole[at : at + 1])


def inspect_bytes(small, folder, cases):
    """Count what becomes of each (position, mask); fails at the first that is not found, or not placed."""
    path = folder / "journal.db"
    path.write_bytes(small.whole)
    count = Counter()
    for at, mask in cases:
        with spoilt(path, small, at, mask):
            handed_out(path, small)
            said = by_reader(path, small)
        assert said != "UNDETECTED", (at, mask)
        owner = small.owners.get(at)
        if owner is not None:
            # The words name the event, or that behind which the file cannot be read any more.
            assert f"event {owner}:" in said or f"behind event {owner - 1}:" in said, (at, mask, owner, said)
        count["detected" if said else "harmless"] += 1
        count["bytes of events"] += owner is not None
    return count


def start_on_bytes(small, folder, cases):
    """Let the agent start on each spoilt file; count what it makes of it."""
    count = Counter()
    for at, mask in cases:
        here = folder / "here"
        here.mkdir()
        whole = small.whole
        (here / "journal.db").write_bytes(whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1 :])
        said = by_agent(here / "journal.db", small)
        shutil.rmtree(here)
        assert said != "UNDETECTED", (at, mask)
        assert said or at not in small.owners, (at, mask)
        count["detected" if said else "harmless"] += 1
    return count


def test_the_whole_copy_is_good(small, tmp_path):
    path = tmp_path / "journal.db"
    path.write_bytes(small.whole)
    assert by_reader(path, small) == ""
    assert by_agent(path, small) == ""
    assert len(small.owners) == sum(len(event.payload) for event in small.events)


def test_every_altered_byte_of_an_event_and_a_sample_of_all_others_is_found(small, tmp_path):
    cases = [(at, 1 << at % 8) for at in range(len(small.whole)) if at in small.owners or at % 41 == 0]
    count = inspect_bytes(small, tmp_path, cases)
    assert count["bytes of events"] == len(small.owners) > 2000
    assert count["detected"] + count["harmless"] == len(cases)


def test_the_agent_starts_on_no_altered_event_as_if_it_were_good(small, tmp_path):
    cases = [(at, 1 << at % 8) for at in range(0, len(small.whole), 331)]
    count = start_on_bytes(small, tmp_path, cases)
    assert min(count["detected"], count["harmless"]) > 5


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_byte_of_a_journal_counts(small, tmp_path, capsys):
    everywhere = range(len(small.whole))
    read = inspect_bytes(small, tmp_path, [(at, mask) for at in everywhere for mask in (1 << at % 8, 0xFF)])
    starts = [at for at in everywhere if at in small.owners or at % 4 == 0]
    started = start_on_bytes(small, tmp_path, [(at, 1 << at % 8) for at in starts])
    with capsys.disabled():
        for what, positions, count in (("inspected", everywhere, read), ("started on", starts, started)):
            sys.stdout.write(
                f"\n{what}: {len(positions)} positions, {count['detected']} alterations detected,"
                f" {count['harmless']} harmless, 0 undetected\n"
            )
