"""The permit ledger: which changes fit, and that a record is all or nothing."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agent.core.model.ledger import LedgerChange, LedgerState
from agent.store.errors import LedgerConflictError
from agent.store.journal.ledger import LastPassage, UseState
from tests.support.store.journals import PERMIT, FakeClock, closed, consume, open_journal, present, release, reserve

FITS = {
    "reserve": ([reserve()], UseState(0, "t1", False, 2)),
    "reserve, consume": ([reserve(), consume()], UseState(1, None, False, 2)),
    "reserve, release": ([reserve(), release()], UseState(0, None, False, 1)),
    "reserve, release, reserve by another": ([reserve(), release(), reserve(1, "t2")], UseState(0, "t2", False, 2)),
    "consume twice": ([reserve(), consume(), consume()], UseState(1, None, False, 2)),
    "release twice": ([reserve(), release(), release()], UseState(0, None, False, 1)),
    "consume what was released too early": ([reserve(), release(), consume()], UseState(1, None, False, 2)),
    "a second use": ([reserve(), consume(), reserve(2, "t2")], UseState(1, "t2", False, 3)),
    "the first use free again": ([reserve(), reserve(2, "t2"), release()], UseState(0, "t2", False, 1)),
}

CONFLICTS = {
    "reserve what is reserved": [reserve(), reserve(1, "t2")],
    "reserve what this transaction has reserved": [reserve(), reserve()],
    "reserve what is consumed": [reserve(), consume(), reserve(1, "t2")],
    "consume what was never reserved": [consume()],
    "release what was never reserved": [release()],
    "consume another use": [reserve(), consume(2)],
    "consume for another transaction": [reserve(), consume(1, "t2")],
    "release for another transaction": [reserve(), release(1, "t2")],
    "release what is consumed": [reserve(), consume(), release()],
    "consume what another holds by now": [reserve(), release(), reserve(1, "t2"), consume()],
    "a permit of the same beginning": [reserve(), consume(permit=PERMIT + b"\0")],
}


def test_a_permit_that_was_never_seen_is_free(journal):
    assert journal.use_state(PERMIT) == UseState(0, None, False, 1)


@pytest.mark.parametrize(("changes", "state"), FITS.values(), ids=FITS)
@pytest.mark.parametrize("together", [True, False], ids=["in one record", "one by one"])
def test_changes_that_fit(journal, changes, state, together):
    for part in [changes] if together else [[change] for change in changes]:
        journal.record([present()], part)
    assert journal.use_state(PERMIT) == state


@pytest.mark.parametrize("changes", CONFLICTS.values(), ids=CONFLICTS)
def test_changes_that_do_not_fit_fail_the_whole_record(journal, changes):
    journal.record([present()], changes[:-1])
    before = journal.use_state(PERMIT)
    with pytest.raises(LedgerConflictError, match="cannot become"):
        journal.record([present(), present()], [reserve(1, "t9", b"another"), changes[-1]])
    assert (journal.head, journal.use_state(PERMIT)) == (1, before)
    assert journal.use_state(b"another") == UseState(0, None, False, 1)
    assert journal.record([present()])[0].seq == 2, "a failed record leaves no gap"


def test_a_reservation_of_an_earlier_boot_is_said_to_be_interrupted(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    first.record([], [reserve(1, "t1")])
    first.close()
    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    second.record([], [reserve(2, "t2")])
    assert second.use_state(PERMIT) == UseState(0, "t1", True, 3)
    second.record([], [consume(1, "t1")])
    assert second.use_state(PERMIT) == UseState(1, "t2", False, 3)
    second.close()


@pytest.mark.parametrize("together", [True, False], ids=["in one record", "one by one"])
def test_a_use_that_is_still_reserved_when_its_transaction_ends_is_in_doubt_as_after_a_restart(journal, together):
    journal.record([present("t2")], [reserve(2, "t2")])
    parts = [([present()], [reserve()]), ([closed()], [])]
    for drafts, changes in [([present(), closed()], [reserve()])] if together else parts:
        journal.record(drafts, changes)
    assert journal.use_state(PERMIT) == UseState(0, "t1", True, 3)
    assert journal.use_state(PERMIT, "t2") == UseState(0, "t1", True, 2), "which has its own"
    journal.record([closed("t2")], [consume(2, "t2")])
    assert journal.use_state(PERMIT) == UseState(1, "t1", True, 3)


def test_a_use_in_doubt_can_still_be_consumed_by_its_own_transaction(journal):
    journal.record([present(), closed()], [reserve()])
    journal.record([], [consume()])
    assert journal.use_state(PERMIT) == UseState(1, None, False, 2)


def test_a_use_that_is_settled_with_the_end_of_its_transaction_is_in_no_doubt(journal):
    journal.record([present()], [reserve()])
    journal.record([closed()], [release()])
    assert journal.use_state(PERMIT) == UseState(0, None, False, 1)


def test_a_transaction_that_holds_a_use_is_offered_no_other_one(journal):
    journal.record([], [reserve(1, "t1"), consume(1, "t1"), reserve(2, "t2")])
    assert journal.use_state(PERMIT, "t2") == UseState(1, "t2", False, 2)
    assert journal.use_state(PERMIT, "t1").next_use == 3, "a consumed use is held no more"
    assert journal.use_state(PERMIT, "t3").next_use == 3


def test_a_use_held_since_before_a_restart_belongs_to_nobody(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    first.record([], [reserve(1, "t1")])
    first.close()
    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    assert second.use_state(PERMIT, "t1") == UseState(0, "t1", True, 2)
    second.close()


# ------------------------------------------------------------------------------------------------- vehicles

VIN, OTHER_VIN = "LSGXX0000000000V1", "LSGXX0000000000V2"


def gone(utc, direction="export", transaction="t1", permit=PERMIT, vehicle=VIN):
    """A passage of a vehicle: what to record, and when."""
    return utc, [
        reserve(1, transaction, permit, vehicle, direction),
        consume(1, transaction, permit),
    ]


LAST = {
    "nothing": ([], None),
    "one passage": ([gone(100)], ("export", 100.0, "t1")),
    "the newest of two, by two permits": ([gone(100), gone(200, "import", "t2", b"other")], ("import", 200.0, "t2")),
    "the newest by time, not by place": ([gone(200), gone(100, "import", "t2", b"other")], ("export", 200.0, "t1")),
    "another vehicle": ([gone(100, vehicle=OTHER_VIN)], None),
    "a released use": ([(100, [reserve(1, "t1", PERMIT, VIN, "export"), release()])], None),
    "a use that is only reserved": ([(100, [reserve(1, "t1", PERMIT, VIN, "export")])], ("export", 100.0, "t1")),
    "its own": ([gone(100, transaction="asking")], None),
    "an unknown vehicle": ([gone(100, vehicle="")], None),
}


@pytest.mark.parametrize(("passages", "wanted"), LAST.values(), ids=LAST)
def test_the_last_passage_of_a_vehicle_by_whichever_permit(tmp_path, passages, wanted):
    clock = FakeClock()
    journal = open_journal(tmp_path / "journal.db", clock=clock)
    for clock.utc, changes in passages:
        journal.record([], changes)
    found = journal.last_passage(VIN, "asking")
    assert found == (None if wanted is None else LastPassage(*wanted))
    assert journal.last_passage("", "asking") is None
    journal.close()


def test_a_released_use_that_another_vehicle_reserves_is_that_vehicles(journal):
    journal.record([], [reserve(1, "t1", PERMIT, VIN, "export"), release()])
    journal.record([], [reserve(1, "t2", PERMIT, OTHER_VIN, "import")])
    assert journal.last_passage(VIN, "asking") is None
    assert journal.last_passage(OTHER_VIN, "asking").direction == "import"


class LedgerMachine(RuleBasedStateMachine):
    """Random changes and restarts, beside a model that is a dict."""

    path = None

    def __init__(self):
        super().__init__()
        self.boot = 1
        self.events = 0
        self.rows = {}
        for file in self.path.parent.glob("machine*"):
            file.unlink()
        self.journal = open_journal(self.path, boot="1")

    def allowed(self, change):
        row = self.rows.get((change.permit_id, change.use))
        if change.state is LedgerState.RESERVED:
            return row is None or row[0] is LedgerState.RELEASED
        if row is None or row[1] != change.transaction:
            return False
        return not (row[0] is LedgerState.CONSUMED and change.state is LedgerState.RELEASED)

    @rule(
        changes=st.lists(
            st.builds(
                LedgerChange,
                st.sampled_from([b"a", b"b"]),
                st.integers(1, 2),
                st.sampled_from(LedgerState),
                st.sampled_from(["t1", "t2"]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def record(self, changes):
        before, fits = dict(self.rows), True
        for change in changes:
            fits = fits and self.allowed(change)
            key = (change.permit_id, change.use)
            boot = self.boot if change.state is LedgerState.RESERVED else self.rows.get(key, ("", "", 0))[2]
            self.rows[key] = (change.state, change.transaction, boot)
        if fits:
            self.journal.record([present()], changes)
            self.events += 1
        else:
            self.rows = before
            with pytest.raises(LedgerConflictError):
                self.journal.record([present()], changes)

    @precondition(lambda self: self.boot < 3)
    @rule()
    def restart(self):
        self.journal.close()
        self.boot += 1
        self.journal = open_journal(self.path, boot=str(self.boot))

    @invariant()
    def the_ledger_is_the_model(self):
        assert self.journal.head == self.events
        for permit in (b"a", b"b"):
            rows = {use: row for (one, use), row in self.rows.items() if one == permit}
            held = sorted((row[2] == self.boot, row[1]) for row in rows.values() if row[0] is LedgerState.RESERVED)
            taken = [use for use, row in rows.items() if row[0] is not LedgerState.RELEASED]
            assert self.journal.use_state(permit) == UseState(
                sum(row[0] is LedgerState.CONSUMED for row in rows.values()),
                held[0][1] if held else None,
                bool(held) and not held[0][0],
                min(use for use in (1, 2, 3) if use not in taken),
            )

    def teardown(self):
        self.journal.close()


def test_the_ledger_does_what_its_model_does(tmp_path):
    LedgerMachine.path = tmp_path / "machine.db"
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
