"""The registry of lists: what is applied is looked up, whole or not at all, and versions never go back."""

import threading
from dataclasses import replace
from functools import cache
from math import inf

import pytest

from agent.core.clock.trust import ClockFloor
from agent.core.lists.errors import ListError, ListFault
from agent.core.lists.freshness import ListStanding
from agent.core.model.list_rows import DeclarationStatus, Subject, Watched
from agent.store.errors import RegistryError
from tests.support.lists.lists import DECLARATIONS, REVOCATIONS, WATCH, declarations, revocations, snapshot
from tests.support.pki.permits import NOW
from tests.support.store.registries import MIB, change, later_head, open_registry, opened, put_whole, with_trust
from tests.support.waiting import eventually

ROWS = declarations(1100)
FIRST, SECOND = ROWS[0], ROWS[1]


@pytest.fixture
def registry(tmp_path):
    found = open_registry(tmp_path / "registry.db")
    yield found
    found.close()


def refused(fault):
    return pytest.raises(ListError, check=lambda error: error.fault is fault)


def test_a_new_registry_knows_nothing(registry):
    assert registry.trust() is None
    assert registry.standings() == ()
    assert registry.declaration(FIRST.permit_id) is None
    assert registry.declaration_by_reference(b"r" * 16) is None
    assert registry.declared([FIRST.plate], NOW) == ()
    assert registry.revocation(FIRST.permit_id) is None
    assert registry.watched([(Subject.VIN, FIRST.vin)]) is None
    assert registry.watched([]) is None
    assert registry.clock_floor() == ClockFloor(0.0, None)


def test_every_row_of_a_snapshot_is_found_by_what_it_is_looked_up_by(registry):
    put_whole(registry, DECLARATIONS, ROWS)
    assert [registry.declaration(row.permit_id) for row in ROWS] == ROWS
    with_reference = [row for row in ROWS if row.reference]
    assert with_reference
    assert [registry.declaration_by_reference(row.reference) for row in with_reference] == with_reference
    assert registry.standings() == (ListStanding(DECLARATIONS, 1, NOW, len(ROWS)),)


def test_a_digest_that_two_declarations_have_says_nothing_of_either(registry):
    twins = [replace(row, reference=b"t" * 16) for row in (FIRST, SECOND)]
    put_whole(registry, DECLARATIONS, twins)
    assert registry.declaration_by_reference(b"t" * 16) is None


def test_the_declarations_of_plates_are_those_released_and_in_their_times(registry):
    held = replace(SECOND, status=DeclarationStatus.HELD)
    second_permit = replace(ROWS[2], plate=FIRST.plate)
    put_whole(registry, DECLARATIONS, [FIRST, held, second_permit])
    plates = [FIRST.plate, held.plate, *(f"新X{n:05d}" for n in range(1200))]
    assert set(registry.declared(plates, NOW)) == {FIRST, second_permit}
    assert registry.declared(plates, FIRST.not_before - 1e6) == ()
    assert registry.declared([], NOW) == ()


def test_of_several_entries_of_the_watch_list_the_one_that_holds_longest_counts(registry):
    by_vin = Watched(Subject.VIN, FIRST.vin, "stolen", NOW + 10)
    by_plate = Watched(Subject.PLATE, FIRST.plate, "sample", None)
    by_permit = Watched(Subject.PERMIT, FIRST.permit_id.hex(), "look", NOW + 20)
    put_whole(registry, WATCH, [by_vin, by_plate, by_permit])
    vin, plate, permit = ((row.subject, row.value) for row in (by_vin, by_plate, by_permit))
    assert registry.watched([vin, plate, permit]) == by_plate
    assert registry.watched([vin, permit]) == by_permit
    assert registry.watched([vin, (Subject.PLATE, "新A00000")]) == by_vin


def test_a_new_snapshot_replaces_the_rows_and_leaves_what_is_the_same(registry):
    put_whole(registry, DECLARATIONS, ROWS[:300])
    moved = replace(FIRST, plate="新Z99999", reference=None)
    put_whole(registry, DECLARATIONS, [moved, *ROWS[200:]], version=2)
    assert registry.declaration(FIRST.permit_id) == moved
    assert registry.declared([FIRST.plate], NOW) == ()
    assert registry.declaration(SECOND.permit_id) is None
    assert registry.declaration(ROWS[-1].permit_id) == ROWS[-1]
    assert registry.standings()[0].rows == 901


def test_a_delta_changes_adds_and_removes(registry):
    put_whole(registry, DECLARATIONS, ROWS[:3])
    cancelled = replace(FIRST, status=DeclarationStatus.CANCELLED)
    delta = change(
        DECLARATIONS, 1, 2, upserts=[cancelled, ROWS[5]], removed=[SECOND.permit_id, b"not here"], issued_at=NOW + 1
    )
    applied = registry.apply_delta(delta, "mqtt")
    assert (applied.before, applied.version, applied.rows, applied.whole) == (1, 2, 3, False)
    assert registry.declaration(FIRST.permit_id) == cancelled
    assert registry.declaration(SECOND.permit_id) is None
    assert registry.declaration(ROWS[5].permit_id) == ROWS[5]
    assert registry.standings() == (ListStanding(DECLARATIONS, 2, NOW + 1, 3),)


def test_the_kinds_do_not_know_one_another(registry):
    put_whole(registry, DECLARATIONS, ROWS[:2])
    put_whole(registry, REVOCATIONS, revocations(ROWS[:1]), version=7)
    assert registry.revocation(FIRST.permit_id).cause == "cancelled by the exporter"
    assert registry.revocation(SECOND.permit_id) is None
    assert {each.kind: each.version for each in registry.standings()} == {DECLARATIONS: 1, REVOCATIONS: 7}


# ------------------------------------------------------------------------------------------------ what is not applied


def test_a_snapshot_that_is_not_newer_is_refused(registry):
    put_whole(registry, DECLARATIONS, ROWS[:2], version=5)
    for version in (4, 5):
        snap = snapshot(DECLARATIONS, ROWS[2:4], version=version)
        with refused(ListFault.ROLLED_BACK):
            registry.apply_snapshot(opened(snap), snap.packed, "file")
    assert registry.declaration(FIRST.permit_id) == FIRST
    assert registry.standings()[0].version == 5


@pytest.mark.parametrize(
    ("since", "version", "fault"),
    [
        (4, 5, ListFault.ROLLED_BACK),
        (3, 4, ListFault.ROLLED_BACK),
        (6, 7, ListFault.GAP),
        (4, 6, ListFault.GAP),
    ],
)
def test_a_delta_that_does_not_lead_on_is_refused(registry, since, version, fault):
    put_whole(registry, DECLARATIONS, ROWS[:2], version=5)
    with refused(fault):
        registry.apply_delta(change(DECLARATIONS, since, version, removed=[FIRST.permit_id]), "mqtt")
    assert registry.declaration(FIRST.permit_id) == FIRST


@cache
def first_two_chunks(skipped):
    """Of the snapshot of all rows but so many."""
    first, second, *_ = snapshot(DECLARATIONS, ROWS[skipped:], version=1).packed
    return first, second


BAD_CHUNKS = {
    "missing": (lambda right, _other: right[:1], ListFault.CHUNK_MISSING),
    "none": (lambda _right, _other: [], ListFault.CHUNK_MISSING),
    "twice": (lambda right, _other: [right[0], right[0]], ListFault.CHUNK_WRONG),
    "one more": (lambda right, _other: [*right, right[1]], ListFault.CHUNK_WRONG),
    "other order": (lambda right, _other: [right[1], right[0]], ListFault.CHUNK_WRONG),
    "another version": (lambda right, other: [right[0], other[1]], ListFault.CHUNK_WRONG),
    "flipped": (lambda right, _other: [right[0], right[1][:-1] + bytes([right[1][-1] ^ 1])], ListFault.CHUNK_WRONG),
    "cut": (lambda right, _other: [right[0], right[1][:-1]], ListFault.CHUNK_WRONG),
}


@pytest.mark.parametrize("what", BAD_CHUNKS)
def test_a_snapshot_with_a_wrong_chunk_changes_nothing(registry, what):
    put_whole(registry, DECLARATIONS, ROWS[:2], version=1)
    make, fault = BAD_CHUNKS[what]
    newer = snapshot(DECLARATIONS, ROWS, version=2)
    assert newer.packed[:2] == list(first_two_chunks(0))
    with refused(fault):
        registry.apply_snapshot(opened(newer), make(newer.packed, first_two_chunks(100)), "mqtt")
    assert [registry.declaration(row.permit_id) for row in ROWS[:3]] == [*ROWS[:2], None]
    assert registry.standings() == (ListStanding(DECLARATIONS, 1, NOW, 2),)


def test_a_row_that_is_there_twice_changes_nothing(registry):
    put_whole(registry, DECLARATIONS, ROWS[:1])
    snap = snapshot(DECLARATIONS, [*ROWS[:3], ROWS[1]], version=2)
    with refused(ListFault.CONTENT_INVALID):
        registry.apply_snapshot(opened(snap), snap.packed, "mqtt")
    for delta in (
        change(DECLARATIONS, 1, 2, upserts=[SECOND, SECOND]),
        change(DECLARATIONS, 1, 2, upserts=[SECOND], removed=[SECOND.permit_id]),
    ):
        with refused(ListFault.CONTENT_INVALID):
            registry.apply_delta(delta, "mqtt")
    assert registry.declaration(SECOND.permit_id) is None
    assert registry.standings()[0].version == 1


def test_rows_of_another_kind_are_refused(registry):
    snap = snapshot(DECLARATIONS, revocations(ROWS[:2]))
    with refused(ListFault.CONTENT_INVALID):
        registry.apply_snapshot(opened(snap), snap.packed, "mqtt")
    put_whole(registry, REVOCATIONS, revocations(ROWS[:2]))
    with refused(ListFault.CONTENT_INVALID):
        registry.apply_delta(change(REVOCATIONS, 1, 2, upserts=ROWS[:1]), "mqtt")


# ------------------------------------------------------------------------------------------------- central's last word


def test_only_a_head_of_the_version_in_use_makes_it_fresher(registry):
    snap = put_whole(registry, DECLARATIONS, ROWS[:2], version=3)
    assert not registry.refresh(later_head(snap, 4, issued_at=NOW + 60))
    assert not registry.refresh(later_head(snap, 3, issued_at=NOW))
    assert registry.refresh(later_head(snap, 3, issued_at=NOW + 60))
    assert registry.standings()[0].issued_at == NOW + 60
    registry.apply_delta(change(DECLARATIONS, 3, 4, issued_at=NOW + 50), "mqtt")
    assert registry.standings()[0].issued_at == NOW + 60, "central's word does not get older"


def test_a_snapshot_behind_its_head_is_no_word_that_it_is_the_newest(registry):
    snap = snapshot(DECLARATIONS, ROWS[:2], version=3)
    applied = registry.apply_snapshot(later_head(snap, 5, issued_at=NOW + 60), snap.packed, "mqtt")
    assert (applied.version, registry.standings()[0].issued_at) == (3, 0)
    registry.apply_delta(change(DECLARATIONS, 3, 5, issued_at=NOW + 40), "mqtt")
    assert registry.standings() == (ListStanding(DECLARATIONS, 5, NOW + 40, 2),)


# ------------------------------------------------------------------------------------------------------- what is kept


def test_all_of_it_is_there_after_the_next_opening_and_for_another_process(tmp_path):
    one = open_registry(tmp_path / "registry.db")
    other = open_registry(tmp_path / "registry.db")
    put_whole(one, DECLARATIONS, ROWS)
    assert other.declaration(FIRST.permit_id) == FIRST
    put_whole(other, DECLARATIONS, ROWS[1:], version=2)
    assert one.declaration(FIRST.permit_id) is None
    one.close()
    other.close()
    with pytest.raises(RegistryError, match="closed"):
        one.standings()
    again = open_registry(tmp_path / "registry.db")
    assert again.standings() == (ListStanding(DECLARATIONS, 2, NOW, len(ROWS) - 1),)
    again.close()


def test_expired_rows_are_forgotten_so_many_at_a_time(registry):
    put_whole(registry, DECLARATIONS, ROWS[:20])
    put_whole(registry, WATCH, [Watched(Subject.VIN, FIRST.vin), Watched(Subject.VIN, SECOND.vin, "", NOW)])
    gone = sum(row.expires_at < NOW + 172_800 for row in ROWS[:20])
    assert 3 < gone < 20
    assert registry.forget(NOW + 172_800, limit=3) == {DECLARATIONS: 3, REVOCATIONS: 0, WATCH: 1}
    assert registry.forget(NOW + 172_800) == {DECLARATIONS: gone - 3, REVOCATIONS: 0, WATCH: 0}
    assert {each.kind: each.rows for each in registry.standings()} == {DECLARATIONS: 20 - gone, WATCH: 1}
    assert registry.watched([(Subject.VIN, FIRST.vin)])


def test_the_time_at_which_a_list_was_signed_has_passed(registry):
    with_trust(registry)
    signed = registry.trust().issued_at
    assert registry.clock_floor() == ClockFloor(signed, None)
    snap = put_whole(registry, DECLARATIONS, ROWS[:3])
    assert registry.clock_floor().utc == NOW > signed
    registry.apply_delta(change(DECLARATIONS, 1, 2, issued_at=NOW + 1), "mqtt")
    assert registry.clock_floor().utc == NOW + 1
    assert registry.refresh(later_head(snap, 2, issued_at=NOW + 2))
    assert registry.clock_floor().utc == NOW + 2
    registry.reset_clock_floor(NOW - 9)
    assert not registry.refresh(later_head(snap, 2, issued_at=NOW + 2))
    assert registry.clock_floor() == ClockFloor(NOW - 9, None)


def test_a_signature_from_the_future_does_not_take_the_clock_along(tmp_path):
    registry = with_trust(open_registry(tmp_path / "registry.db", latest=lambda: NOW + 600.0))
    snap = put_whole(registry, DECLARATIONS, ROWS[:3], issued_at=NOW + 600)
    assert registry.clock_floor().utc == NOW + 600
    registry.apply_delta(change(DECLARATIONS, 1, 2, issued_at=NOW + 9000), "mqtt")
    assert registry.clock_floor().utc == NOW + 600
    assert registry.refresh(later_head(snap, 2, issued_at=NOW + 9999))
    assert registry.clock_floor().utc == NOW + 600
    registry.close()


def test_the_clock_floor_only_goes_up_until_it_is_set_back(registry):
    registry.raise_clock_floor(NOW, synced=False)
    registry.raise_clock_floor(NOW - 5, synced=True)
    assert registry.clock_floor() == ClockFloor(NOW, NOW - 5)
    registry.raise_clock_floor(NOW + 9, synced=True)
    assert registry.clock_floor() == ClockFloor(NOW + 9, NOW + 9)
    registry.reset_clock_floor(NOW - 100)
    assert registry.clock_floor() == ClockFloor(NOW - 100, None)


def test_how_far_off_the_clock_was_is_kept_with_the_last_word_of_a_time_server(registry):
    registry.raise_clock_floor(NOW, synced=True, error_s=0.25)
    assert registry.clock_floor() == ClockFloor(NOW, NOW, 0.25)
    registry.raise_clock_floor(NOW - 60, synced=True, error_s=9.0)
    registry.raise_clock_floor(NOW + 60, synced=False)
    assert registry.clock_floor() == ClockFloor(NOW + 60, NOW, 0.25)
    registry.raise_clock_floor(NOW + 90, synced=True, error_s=9.0)
    assert registry.clock_floor() == ClockFloor(NOW + 90, NOW + 90, 9.0)


def test_the_last_word_of_a_time_server_can_be_doubted_until_it_speaks_again(registry):
    registry.doubt_clock_word(inf)
    assert registry.clock_floor() == ClockFloor(0.0, None), "there is none to doubt"
    registry.raise_clock_floor(NOW, synced=True, error_s=0.25)
    registry.doubt_clock_word(3.0)
    registry.doubt_clock_word(2.0)
    assert registry.clock_floor() == ClockFloor(NOW, NOW, 3.0)
    registry.doubt_clock_word(inf)
    assert registry.clock_floor() == ClockFloor(NOW, NOW, inf)
    registry.raise_clock_floor(NOW + 60, synced=True, error_s=0.25)
    assert registry.clock_floor() == ClockFloor(NOW + 60, NOW + 60, 0.25)


def test_a_floor_of_before_that_was_kept_is_off_by_what_a_kernel_allows(registry):
    registry.raise_clock_floor(NOW, synced=True, error_s=0.25)
    registry._database.write("forget", lambda c: c.execute("DELETE FROM floors WHERE name = 'synced_error'"))
    assert registry.clock_floor() == ClockFloor(NOW, NOW, 16.0)


def test_lists_beyond_their_cap_are_refused_and_the_old_ones_serve(tmp_path):
    registry = open_registry(tmp_path / "registry.db", max_bytes=MIB)
    put_whole(registry, DECLARATIONS, ROWS[:100])
    many = snapshot(DECLARATIONS, declarations(5000, seed=2), version=2)
    with refused(ListFault.DISK_FULL) as told:
        registry.apply_snapshot(opened(many), many.packed, "mqtt")
    assert "lists.max_mb" in str(told.value)
    assert registry.declaration(FIRST.permit_id) == FIRST
    put_whole(registry, DECLARATIONS, ROWS[:200], version=3)
    assert registry.standings()[0].rows == 200
    registry.close()


def test_who_asks_while_a_list_is_applied_gets_the_old_one_and_never_a_mix(registry):
    other = [replace(row, status=DeclarationStatus.HELD) for row in ROWS]
    put_whole(registry, DECLARATIONS, ROWS)
    seen, stop = set(), threading.Event()

    def ask():
        while not stop.is_set():
            version = registry.standings()[0].version
            row = registry.declaration(ROWS[-1].permit_id)
            seen.add((version, row.status, registry.standings()[0].version))

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(lambda: seen, what="a first answer")
    for version in range(2, 8):
        put_whole(registry, DECLARATIONS, other if version % 2 == 0 else ROWS, version=version)
    eventually(lambda: (7, DeclarationStatus.RELEASED, 7) in seen, what="the last answer")
    stop.set()
    thread.join()
    for before, status, after in seen:
        possible = {
            DeclarationStatus.HELD if v % 2 == 0 else DeclarationStatus.RELEASED for v in range(before, after + 1)
        }
        assert status in possible
    assert len({before for before, _, _ in seen}) > 1


@pytest.mark.parametrize("chunks_before", [0, 1, 3])
def test_closing_gives_up_what_is_being_applied_and_the_old_list_stays(tmp_path, chunks_before):
    registry = open_registry(tmp_path / "registry.db")
    put_whole(registry, DECLARATIONS, ROWS[:10])
    snap = snapshot(DECLARATIONS, ROWS, version=2)
    assert len(snap.packed) == 3

    def chunks():
        for number, chunk in enumerate(snap.packed):
            if number == chunks_before:
                registry.stop_applying()
            yield chunk
        registry.stop_applying()

    with pytest.raises(RegistryError, match="not applied, because the agent is stopping"):
        registry.apply_snapshot(opened(snap), chunks(), "mqtt")
    assert registry.standings()[0].version == 1
    assert registry.declaration(ROWS[-1].permit_id) is None
    registry.close()


def test_a_long_statement_is_given_up_too(registry):
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    def work(connection):
        registry.stop_applying()
        return connection.execute(endless).fetchone()

    with pytest.raises(RegistryError, match="interrupted"):
        registry._database.apply("count", lambda _connection: None, work)
