"""What a gate's own ledger lets it reserve, whatever anybody granted: never a use that another gate has."""

import pytest

from agent.store.errors import LedgerConflictError
from tests.support.site.ledgers import CONSUMED, PEER, RELEASED, RESERVED, UTC_MS, ask, take, told
from tests.support.store.journals import GATE, PERMIT, consume, open_journal, release, reserve

OTHER = bytes.fromhex("1112131415161718")


def own(*changes):
    return lambda journal: journal.record([], changes)


def by(*rows):
    return lambda journal: take(journal, *rows, first=1)


def claimed(row):
    return lambda journal: journal.site.claim(row)


FIRST_IS_GONE = own(reserve(1, "t0"), consume(1, "t0"))
FITS = None
STORIES = {
    "nobody knows of it": ((), reserve(), FITS),
    "used at another gate": ((by(told(1)),), reserve(), f"it is CONSUMED by transaction p1 of gate {PEER}"),
    "reserved at another gate": (
        (by(told(1, RESERVED)),),
        reserve(),
        f"it is RESERVED by transaction p1 of gate {PEER}",
    ),
    "released at another gate": ((by(told(1, RELEASED)),), reserve(), FITS),
    "another use, used at another gate": ((by(told(1, use=2)),), reserve(), FITS),
    "another permit, used at another gate": ((by(told(1, permit=OTHER)),), reserve(), FITS),
    "granted to another gate": (
        (claimed(ask("p1")),),
        reserve(),
        f"it is granted by transaction p1 of gate {PEER}",
    ),
    "another use, granted to another gate": ((FIRST_IS_GONE, claimed(ask("p1", max_uses=5))), reserve(3), FITS),
    "another permit, granted to another gate": ((claimed(ask("p1", permit=OTHER)),), reserve(), FITS),
    "reserved here by another vehicle": ((own(reserve(1, "t0")),), reserve(), "it is RESERVED by transaction t0"),
    "used here": ((FIRST_IS_GONE,), reserve(), "it is CONSUMED by transaction t0"),
    "released here": ((own(reserve(1, "t0"), release(1, "t0")),), reserve(), FITS),
}  # fmt: skip


@pytest.mark.parametrize(("before", "change", "wanted"), STORIES.values(), ids=STORIES)
def test_a_use_is_reserved_only_where_nobody_else_has_it(journal, before, change, wanted):
    for step in before:
        step(journal)
    if wanted is FITS:
        journal.record([], [change])
        assert journal.use_state(PERMIT).open_reservation == "t1"
    else:
        with pytest.raises(LedgerConflictError, match=f"cannot become RESERVED: {wanted}$"):
            journal.record([], [change])
        assert journal.use_state(PERMIT).open_reservation in {None, "t0"}


@pytest.mark.parametrize("state", [RESERVED, CONSUMED, RELEASED])
def test_what_this_gate_does_changes_no_row_of_another(journal, state):
    take(journal, told(1, state, "t1"), first=1)
    with pytest.raises(LedgerConflictError):
        journal.record([], [consume(1, "t1")])
    (row,) = (row for row in journal.site.dump_rows("third", None, 10) if row.gate == PEER)
    assert (row.state, row.utc_ms) == (state, UTC_MS)


def test_what_a_vehicle_reserves_after_another_is_told_as_its_own(journal):
    journal.record([], [reserve(1, "t0", PERMIT, "V1", "export"), release(1, "t0")])
    journal.record([], [reserve(1, "t1", PERMIT, "V2", "import")])
    (row,) = journal.site.rows_after(0, 10)
    assert (row.transaction, row.vehicle, row.direction, row.state) == ("t1", "V2", "import", RESERVED)
    assert row.seq == 3, "others hear of it"
    assert journal.site.claim(ask("p1", max_uses=5)).gate == GATE


def test_a_use_that_is_reserved_again_after_a_restart_is_held_by_the_new_process(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    first.record([], [reserve(1, "t0"), release(1, "t0")])
    first.close()
    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    second.record([], [reserve(1, "t1")])
    assert second.use_state(PERMIT).open_reservation == "t1"
    assert not second.use_state(PERMIT).in_doubt
    assert second.recover().orphans == ()
    second.close()
