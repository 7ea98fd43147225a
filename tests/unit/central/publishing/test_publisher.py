import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.lists.chunks import unpack_chunk
from agent.core.lists.codec import decode_row, encode_row, row_key
from agent.core.lists.errors import ListError
from agent.core.lists.signed_list import open_delta, open_head
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from central.publishing import publisher as publishing
from central.publishing.publisher import Publisher
from central.publishing.publisher_database import NAME, PublisherDatabase, PublisherDatabaseError
from tests.support.lists.lists import DECLARATIONS, LISTS_KEY, REVOCATIONS, SITE, declarations, revocations, trusted
from tests.support.pki.permits import NOW

ROWS = declarations(2000)
NEXT_KEY = SigningKey.from_seed(b"n" * 32)
TRUST = trusted(LISTS_KEY, NEXT_KEY)


class Watch:
    """A clock that shows what it was set to."""

    def __init__(self):
        self.utc = float(NOW)

    def now(self):
        return Instant(0.0, self.utc)


class Follower:
    """A gate that follows what is published and knows nothing else."""

    def __init__(self):
        self.version = 0
        self.rows = {}

    def follow(self, database, publisher, kind=DECLARATIONS):
        """Take the head and what leads there, deltas where they do; whether the snapshot had to be loaded."""
        head = open_head(publisher.head(kind), TRUST, SITE, NOW).said
        deltas = {v: open_delta(data, TRUST, SITE, NOW).said for v, data in database.deltas(kind)}
        path = []
        while (self.version + len(path) + 1) in deltas:
            delta = deltas[self.version + len(path) + 1]
            assert delta.since == self.version + len(path)
            path.append(delta)
        loaded = self.version + len(path) != head.version
        if loaded:
            self.rows = {}
            for number, ref in enumerate(head.chunks):
                for data in unpack_chunk(database.chunk(kind, number), ref):
                    row = decode_row(kind, data)
                    self.rows[row_key(row)] = row
            path = [deltas[v] for v in range(head.snapshot + 1, head.version + 1)]
        for delta in path:
            for key in delta.removed:
                self.rows.pop(key, None)
            for data in delta.upserts:
                row = decode_row(kind, data)
                self.rows[row_key(row)] = row
        self.version = head.version
        return loaded


def keyed(rows):
    return {row_key(row): row for row in rows}


@pytest.fixture
def clock():
    return Watch()


@pytest.fixture
def database(tmp_path):
    opened = PublisherDatabase.open(tmp_path / "lists", SITE)
    yield opened
    opened.close()


@pytest.fixture
def publisher(database, clock):
    return Publisher(database, SITE, LISTS_KEY, clock)


def test_a_first_content_is_version_1_whole(database, publisher):
    change = publisher.replace(DECLARATIONS, ROWS)
    assert (change.before, change.version, change.upserts, change.rows, change.whole) == (0, 1, 2000, 2000, True)
    gate = Follower()
    assert gate.follow(database, publisher)
    assert (gate.version, gate.rows) == (1, keyed(ROWS))


def test_a_change_is_one_delta_of_what_differs(database, publisher):
    publisher.replace(DECLARATIONS, ROWS)
    gate = Follower()
    gate.follow(database, publisher)
    new = [*ROWS[10:], *declarations(2005)[2000:]]
    change = publisher.replace(DECLARATIONS, new)
    assert (change.upserts, change.removed, change.rows, change.whole) == (5, 10, 1995, False)
    ((version, data),) = database.deltas(DECLARATIONS)
    delta = open_delta(data, TRUST, SITE, NOW).said
    assert (version, delta.since, delta.version, len(delta.upserts), len(delta.removed)) == (2, 1, 2, 5, 10)
    assert not gate.follow(database, publisher)
    assert gate.rows == keyed(new)


def test_the_same_content_is_no_new_version(database, publisher):
    publisher.replace(DECLARATIONS, ROWS)
    change = publisher.replace(DECLARATIONS, reversed(ROWS))
    assert (change.before, change.version) == (1, 1)
    assert database.deltas(DECLARATIONS) == ()


def test_a_change_of_some_rows_leaves_the_others(database, publisher):
    publisher.replace(DECLARATIONS, ROWS)
    extra = declarations(2001)[2000:]
    change = publisher.change(DECLARATIONS, extra, [row_key(ROWS[0]), b"nobody__"])
    assert (change.version, change.upserts, change.removed, change.rows) == (2, 1, 1, 2000)
    gate = Follower()
    gate.follow(database, publisher)
    assert gate.rows == keyed([*ROWS[1:], *extra])


def test_an_empty_list_is_a_version_too(database, publisher):
    change = publisher.replace(REVOCATIONS, [])
    assert (change.version, change.rows) == (1, 0)
    gate = Follower()
    assert gate.follow(database, publisher, REVOCATIONS)
    assert gate.rows == {}


def test_each_list_has_versions_of_its_own(publisher):
    publisher.replace(DECLARATIONS, ROWS[:10])
    publisher.replace(DECLARATIONS, ROWS[:11])
    assert publisher.replace(REVOCATIONS, revocations(ROWS[:1])).version == 1


def test_a_gate_may_miss_any_of_the_versions_and_ends_with_the_same_rows(database, publisher, mocker):
    mocker.patch.object(publishing, "MAX_DELTAS", 7)
    gates = {step: Follower() for step in (1, 2, 3, 5, 8, 13)}
    loads = dict.fromkeys(gates, 0)
    for round_ in range(1, 60):
        content = ROWS[round_ : round_ + 400]
        publisher.replace(DECLARATIONS, content)
        for step, gate in gates.items():
            if round_ % step == 0:
                loads[step] += gate.follow(database, publisher)
                assert gate.rows == keyed(content)
    assert loads[1] == 1  # a gate that is always there follows by deltas alone, over every new snapshot
    assert loads[13] > 1


def test_deltas_that_grow_to_more_than_a_share_of_the_rows_make_a_new_snapshot(database, publisher):
    publisher.replace(DECLARATIONS, ROWS)
    for first in range(0, 600, 100):
        publisher.replace(DECLARATIONS, ROWS[first + 100 :])
    standing = database.standing(DECLARATIONS)
    assert standing.version == 7
    assert standing.snapshot > 1
    assert all(version >= standing.snapshot for version, _ in database.deltas(DECLARATIONS))


def test_a_difference_larger_than_a_delta_is_a_snapshot(database, publisher):
    publisher.replace(DECLARATIONS, [])
    change = publisher.replace(DECLARATIONS, declarations(5001))
    assert change.whole
    assert database.deltas(DECLARATIONS) == ()
    gate = Follower()
    assert gate.follow(database, publisher)
    assert len(gate.rows) == 5001


def test_a_head_signed_again_says_the_same_at_a_later_time_even_when_the_clock_went_back(publisher, clock):
    publisher.replace(DECLARATIONS, ROWS[:5])
    heads = []
    for utc in (NOW, NOW, NOW - 5000, NOW + 60):
        clock.utc = utc
        heads.append(open_head(publisher.head(DECLARATIONS), TRUST, SITE, NOW).said)
    assert [head.issued_at for head in heads] == [NOW, NOW + 1, NOW + 2, NOW + 60]
    assert {(head.version, head.chunks) for head in heads} == {(1, heads[0].chunks)}


def test_another_key_signs_everything_anew_and_the_version_stays(database, publisher, clock):
    publisher.replace(DECLARATIONS, ROWS)
    publisher.replace(DECLARATIONS, ROWS[1:])
    gate = Follower()
    gate.follow(database, publisher)
    rotated = Publisher(database, SITE, NEXT_KEY, clock)
    opened = open_head(rotated.head(DECLARATIONS), trusted(NEXT_KEY), SITE, NOW)
    assert (opened.said.version, opened.said.snapshot, opened.key_id) == (2, 2, NEXT_KEY.public.key_id)
    assert database.deltas(DECLARATIONS) == ()
    assert not gate.follow(database, rotated)
    assert gate.rows == keyed(ROWS[1:])


def test_what_goes_wrong_while_rows_are_taken_leaves_the_list_as_it_was(database, publisher):
    publisher.replace(DECLARATIONS, ROWS[:5])

    def broken():
        yield ROWS[7]
        raise RuntimeError("the source is gone")

    with pytest.raises(RuntimeError):
        publisher.replace(DECLARATIONS, broken())
    with pytest.raises(ListError, match="a row of the revocations among the declarations"):
        publisher.change(DECLARATIONS, [ROWS[8], *revocations(ROWS[:1])])
    with pytest.raises(ListError, match="digit 9"):
        publisher.change(DECLARATIONS, [ROWS[8], replace(ROWS[9], direction="import")])
    gate = Follower()
    gate.follow(database, publisher)
    assert (gate.version, gate.rows) == (1, keyed(ROWS[:5]))


def test_versions_rise_over_a_lost_folder_when_the_floor_is_told(publisher):
    assert not publisher.raise_to(DECLARATIONS, 41)
    assert publisher.head(DECLARATIONS) is None  # a floor is no content
    assert publisher.replace(DECLARATIONS, ROWS[:3]).version == 42
    assert publisher.replace(DECLARATIONS, ROWS[:4]).version == 43


def test_a_version_at_or_below_the_floor_becomes_a_new_snapshot_above_it(database, publisher):
    publisher.replace(DECLARATIONS, ROWS[:3])
    publisher.replace(DECLARATIONS, ROWS[:4])
    assert not publisher.raise_to(DECLARATIONS, 1)
    assert publisher.raise_to(DECLARATIONS, 2)
    standing = database.standing(DECLARATIONS)
    assert (standing.version, standing.snapshot, database.deltas(DECLARATIONS)) == (3, 3, ())


def test_what_is_kept_outlives_the_process(tmp_path, clock):
    folder = tmp_path / "lists"
    first = PublisherDatabase.open(folder, SITE)
    Publisher(first, SITE, LISTS_KEY, clock).replace(DECLARATIONS, ROWS[:9])
    first.close()
    again = PublisherDatabase.open(folder, SITE)
    assert Publisher(again, SITE, LISTS_KEY, clock).replace(DECLARATIONS, ROWS[:9]).version == 1
    assert again.count(DECLARATIONS) == 9
    again.close()


def test_a_folder_of_another_site_or_in_use_is_told(tmp_path):
    folder = tmp_path / "lists"
    first = PublisherDatabase.open(folder, SITE)
    first.hold()
    with pytest.raises(PublisherDatabaseError, match="keeps the lists of site 9411"):
        PublisherDatabase.open(folder, 7)
    second = PublisherDatabase.open(folder, SITE)
    with pytest.raises(PublisherDatabaseError, match="another publisher is at work"):
        second.hold()
    first.close()
    second.hold()
    second.close()


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PublisherDatabaseError, match="cannot be opened"):
        PublisherDatabase.open(tmp_path / "file" / "lists", SITE)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(PublisherDatabaseError, match="not a database"):
        PublisherDatabase.open(broken, SITE)
    later = tmp_path / "later"
    PublisherDatabase.open(later, SITE).close()
    with closing(sqlite3.connect(later / NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(PublisherDatabaseError, match="another release"):
        PublisherDatabase.open(later, SITE)


def test_a_pack_holds_all_lists_whole(database, publisher):
    publisher.replace(DECLARATIONS, ROWS)
    publisher.replace(DECLARATIONS, ROWS[1:])
    publisher.replace(ListKind.WATCH, [])
    with publisher.packed() as lists:
        kinds = [one.kind for one in lists]
        head = open_head(lists[0].head, TRUST, SITE, NOW).said
        rows = [row for ref, data in zip(head.chunks, lists[0].chunks, strict=True) for row in unpack_chunk(data, ref)]
        assert [version for version, _ in lists[0].deltas] == [2]
    assert kinds == [DECLARATIONS, ListKind.WATCH]
    assert sorted(rows) == sorted(map(encode_row, ROWS))
