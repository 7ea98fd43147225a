"""The home gate's word on a claim: one use of a permit is granted to one gate, durably, and kept
for it until it tells.
"""

from dataclasses import replace

import pytest

from agent.core.site.permit_uses import ClaimRefusal, ClaimVerdict, OtherExit
from agent.store.errors import LedgerConflictError
from agent.store.journal.home_claims import is_sane
from agent.store.journal.ledger import UseState
from tests.support.site.ledgers import CONSUMED, PEER, RELEASED, RESERVED, THIRD, UTC_MS, VIN, ask, take, told
from tests.support.store.journals import (
    GATE,
    PERMIT,
    UTC,
    closed,
    consume,
    open_journal,
    present,
    release,
    reserve,
)

OTHER = bytes.fromhex("1112131415161718")
DAY_S = 86_400.0


def own(*changes):
    """Changes of the home gate's own."""
    return lambda journal: journal.record([], changes)


def by(*rows, gate=PEER):
    """What another gate told."""
    return lambda journal: take(journal, *rows, gate=gate, first=1)


def claimed(*rows):
    """Claims that were granted before."""
    return lambda journal: [journal.site.claim(row) for row in rows]


def granted(use=1):
    return ClaimVerdict(use)


def refused(why, gate, transaction, permit=b""):
    return ClaimVerdict(0, why, gate, transaction, UTC, permit)


USED, HELD, EXITED = ClaimRefusal.USED, ClaimRefusal.RESERVED, ClaimRefusal.EXITED
GONE = (reserve(1, "t1", OTHER, VIN, "export"), consume(1, "t1", OTHER))
AS_ASKED = ask("p2")
WITH_VIN = ask("p2", window_s=DAY_S)

VERDICTS = {
    "a permit that nobody knows": ([], AS_ASKED, granted()),
    "used here": ([own(reserve(), consume())], AS_ASKED, refused(USED, GATE, "t1")),
    "reserved here": ([own(reserve())], AS_ASKED, refused(HELD, GATE, "t1")),
    "released here": ([own(reserve(), release())], AS_ASKED, granted()),
    "used at a third gate": ([by(told(1), gate=THIRD)], AS_ASKED, refused(USED, THIRD, "p1")),
    "reserved at a third gate": ([by(told(1, RESERVED), gate=THIRD)], AS_ASKED, refused(HELD, THIRD, "p1")),
    "released at a third gate": ([by(told(1, RELEASED), gate=THIRD)], AS_ASKED, granted()),
    "granted to a third gate": ([claimed(ask("x1", THIRD))], AS_ASKED, refused(HELD, THIRD, "x1")),
    "used by the asking gate": ([by(told(1))], AS_ASKED, refused(USED, PEER, "p1")),
    "reserved by the asking gate, which knows better": ([by(told(1, RESERVED))], AS_ASKED, granted()),
    "granted to the asking gate for another transaction": ([claimed(ask("p1"))], AS_ASKED, granted()),
    "granted to the same transaction, whose answer was lost": ([claimed(AS_ASKED)], AS_ASKED, granted()),
    "reserved by the same transaction": ([by(told(1, RESERVED, "p2"))], AS_ASKED, granted()),
    "used by the same transaction, whose claim comes late": (
        [by(told(1, CONSUMED, "p2"))],
        ask("p2", max_uses=5),
        refused(USED, PEER, "p2"),
    ),
    "the second of two uses": ([own(reserve(), consume())], ask("p2", max_uses=2), granted(2)),
    "the third of two uses": (
        [own(reserve(), consume()), by(told(1, use=2, utc_ms=UTC_MS - 1))],
        ask("p2", max_uses=2),
        refused(USED, GATE, "t1"),
    ),
    "a use of many while another is under way elsewhere": (
        [own(reserve())],
        ask("p2", max_uses=5),
        refused(HELD, GATE, "t1"),
    ),
    "the lowest free use": (
        [own(reserve(), reserve(2, "t2"), consume(2, "t2"), release())],
        ask("p2", max_uses=3),
        granted(1),
    ),
    "passages count, not numbers: two gates consumed one use of two": (
        [own(reserve()), by(told(1, utc_ms=UTC_MS - 1)), own(consume())],
        ask("p2", max_uses=2),
        refused(USED, GATE, "t1"),
    ),
    "the use that it holds was consumed elsewhere": (
        [by(told(1, RESERVED)), by(told(1, transaction="x1"), gate=THIRD)],
        ask("p2", max_uses=2),
        granted(2),
    ),
    "given back by the same transaction, and used elsewhere since": (
        [by(told(1, RELEASED, "p2")), by(told(1, transaction="x1"), gate=THIRD)],
        ask("p2", max_uses=2),
        granted(2),
    ),
    "used by a transaction of the same name at a third gate": (
        [by(told(1, transaction="p2"), gate=THIRD)],
        ask("p2", max_uses=2),
        granted(2),
    ),
    "another permit used by the same transaction": ([by(told(1, CONSUMED, "p2", permit=OTHER))], AS_ASKED, granted()),
    "another permit granted to the same transaction": (
        [by(told(1, permit=OTHER)), claimed(ask("p2", permit=OTHER, max_uses=5))],
        ask("p2", max_uses=5),
        granted(1),
    ),
    "the use that it was granted for another transaction was consumed elsewhere": (
        [claimed(ask("p1", max_uses=5)), by(told(1, transaction="x1"), gate=THIRD)],
        ask("p2", max_uses=5),
        granted(2),
    ),
    "one use consumed and one reserved by the same transaction": (
        [by(told(1, RESERVED, "p2", use=2), told(2, CONSUMED, "p2"))],
        ask("p2", max_uses=5),
        refused(USED, PEER, "p2"),
    ),
    "two uses reserved by the asking gate: the lower one": (
        [by(told(1, RESERVED, "p1", use=2), told(2, RESERVED, "p0"))],
        ask("p2", max_uses=5),
        granted(1),
    ),
    "the use that it holds was given back elsewhere": (
        [by(told(1, RESERVED)), by(told(1, RELEASED, "x1"), gate=THIRD)],
        ask("p2", max_uses=5),
        granted(1),
    ),
    "the use that it holds is one of another permit consumed elsewhere": (
        [by(told(1, RESERVED)), by(told(1, transaction="x1", permit=OTHER), gate=THIRD)],
        ask("p2", max_uses=5),
        granted(1),
    ),
    "reserved at two gates: the newest is named": (
        [own(reserve()), by(told(1, RESERVED, "x1", use=2, utc_ms=UTC_MS - 1), gate=THIRD)],
        ask("p2", max_uses=5),
        refused(HELD, GATE, "t1"),
    ),
    "the vehicle has gone under another permit": ([own(*GONE)], WITH_VIN, refused(EXITED, GATE, "t1", OTHER)),
    "the same, and nobody asks": ([own(*GONE)], AS_ASKED, granted()),
    "the vehicle goes under another permit now": ([own(GONE[0])], WITH_VIN, refused(EXITED, GATE, "t1", OTHER)),
    "the vehicle may go under another permit": (
        [claimed(ask("x1", THIRD, OTHER))],
        WITH_VIN,
        refused(EXITED, THIRD, "x1", OTHER),
    ),
    "the vehicle has gone elsewhere under another permit": (
        [by(told(1, permit=OTHER), gate=THIRD)],
        WITH_VIN,
        refused(EXITED, THIRD, "p1", OTHER),
    ),
    "the vehicle came back since": (
        [own(*GONE), by(told(1, permit=b"back", utc_ms=UTC_MS + 1, direction="import"))],
        WITH_VIN,
        granted(),
    ),
    "the vehicle came back before": (
        [own(*GONE), by(told(1, permit=b"back", utc_ms=UTC_MS - 1, direction="import"))],
        WITH_VIN,
        refused(EXITED, GATE, "t1", OTHER),
    ),
    "the vehicle passed since, nobody knows which way": (
        [own(*GONE), by(told(1, permit=b"unknown", utc_ms=UTC_MS + 1, direction=""))],
        WITH_VIN,
        refused(EXITED, GATE, "t1", OTHER),
    ),
    "the vehicle has gone under this permit since": (
        [own(*GONE), by(told(1, utc_ms=UTC_MS + 1))],
        ask("p2", max_uses=5, window_s=DAY_S),
        refused(EXITED, GATE, "t1", OTHER),
    ),
    "another vehicle has gone": ([own(*GONE)], ask("p2", window_s=DAY_S, vehicle="another"), granted()),
    "a permit without a vehicle": (
        [own(reserve(1, "t1", OTHER), consume(1, "t1", OTHER))],
        ask("p2", window_s=DAY_S, vehicle=""),
        granted(),
    ),
    "the vehicle went the other way": (
        [own(reserve(1, "t1", OTHER, VIN, "import"), consume(1, "t1", OTHER))],
        WITH_VIN,
        granted(),
    ),
}


@pytest.mark.parametrize(("before", "row", "wanted"), VERDICTS.values(), ids=VERDICTS)
def test_what_the_home_gate_says_of_a_claim(journal, before, row, wanted):
    for step in before:
        step(journal)
    assert journal.site.claim(row) == wanted
    assert journal.site.claim(row) == wanted, "the same again"


@pytest.mark.parametrize(("later_s", "stands"), [(1, True), (DAY_S - 1, True), (DAY_S, True), (DAY_S + 1, False)])
def test_a_passage_stands_against_a_vehicle_as_long_as_the_window_says(journal, clock, later_s, stands):
    journal.record([], GONE)
    clock.utc += later_s
    assert journal.site.claim(WITH_VIN) == (refused(EXITED, GATE, "t1", OTHER) if stands else granted())


def test_a_way_back_that_is_only_granted_is_not_gone_yet(journal, clock):
    journal.record([], GONE)
    clock.utc += 1
    assert journal.site.claim(replace(ask("x1", THIRD, b"the way back"), direction="import")) == granted()
    assert journal.site.claim(WITH_VIN) == refused(EXITED, GATE, "t1", OTHER)


def test_a_granted_use_is_nobody_elses(journal):
    assert journal.site.claim(ask("p1")).use == 1
    with pytest.raises(LedgerConflictError, match=f"it is granted by transaction p1 of gate {PEER}"):
        journal.record([present()], [reserve()])
    assert journal.head == 0
    assert journal.use_state(PERMIT) == UseState(0, None, False, 2, reserved_at=PEER)
    assert journal.site.claim(ask("x1", THIRD)).refusal is HELD


@pytest.mark.parametrize("state", [RESERVED, CONSUMED, RELEASED])
def test_what_its_gate_tells_takes_the_place_of_what_was_granted(journal, state):
    journal.site.claim(ask("p1"))
    take(journal, told(1, state))
    assert journal.site.unconfirmed(-1, 10) == ()
    free = journal.site.claim(ask("x1", THIRD)).use == 1
    assert free is (state is RELEASED)


def test_what_its_gate_tells_of_another_transaction_leaves_what_was_granted(journal):
    """Else a third gate could get the use while the granted transaction reserves it."""
    take(journal, told(1, RESERVED, "p1"))
    assert journal.site.claim(ask("p2")).use == 1
    take(journal, told(2, RELEASED, "p1"))
    assert journal.site.claim(ask("x1", THIRD)) == refused(HELD, PEER, "p2")
    take(journal, told(4, RELEASED, "p2"), first=3)
    assert journal.site.claim(ask("x1", THIRD)) == granted()


def test_of_two_transactions_of_one_gate_each_keeps_what_it_was_granted(journal):
    """The gate lets one of them reserve; which one, the home gate learns last."""
    assert journal.site.claim(ask("p1")) == journal.site.claim(ask("p2")) == granted()
    assert journal.site.release_claim(PEER, PERMIT, 1, "p2")
    assert journal.site.claim(ask("x1", THIRD)) == refused(HELD, PEER, "p1")


def test_a_claim_that_is_given_back_is_free(journal):
    journal.site.claim(ask("p1"))
    assert not journal.site.release_claim(PEER, PERMIT, 1, "p2")
    assert not journal.site.release_claim(THIRD, PERMIT, 1, "p1")
    assert not journal.site.release_claim(PEER, PERMIT, 2, "p1")
    assert journal.site.release_claim(PEER, PERMIT, 1, "p1")
    assert not journal.site.release_claim(PEER, PERMIT, 1, "p1")
    assert journal.site.claim(ask("x1", THIRD)) == granted()


def test_a_use_in_doubt_is_reserved_for_the_other_gates_until_an_officer_has_let_the_vehicle_through(journal, tmp_path):
    peer = open_journal(tmp_path / "peer.db", gate=PEER)
    peer.record([present("p1"), closed("p1")], [reserve(1, "p1")])
    take(journal, *peer.site.rows_after(0, 10), first=1)
    assert journal.site.claim(ask("x1", THIRD)) == refused(HELD, PEER, "p1")
    assert journal.site.claim(ask("p2")).refusal is None, "the gate that has it knows better"
    assert peer.use_state(PERMIT, "p2") == UseState(0, "p1", True, 2)
    peer.record([present("p2")], [reserve(2, "p2")])
    peer.record([closed("p2")], [consume(2, "p2")])
    take(journal, *peer.site.rows_after(1, 10), first=2)
    assert journal.site.claim(ask("x2", THIRD)) == refused(USED, PEER, "p2")
    peer.close()


def test_a_claim_is_kept_over_a_restart(tmp_path):
    first = open_journal(tmp_path / "journal.db")
    first.site.claim(ask("p1"))
    first.close()
    second = open_journal(tmp_path / "journal.db", boot="boot-2")
    assert second.site.claim(ask("x1", THIRD)) == refused(HELD, PEER, "p1")
    assert second.recover().orphans == ()
    second.close()


def test_the_gate_itself_is_granted_nothing_but_judged(journal):
    assert journal.site.claim(ask("t1", GATE)) == granted()
    assert journal.site.claim(ask("x1", THIRD)) == granted(), "nothing was kept"
    assert journal.site.claim(ask("t1", GATE)) == refused(HELD, THIRD, "x1")


def test_the_gate_itself_is_granted_what_it_has_reserved(journal):
    journal.record([], [reserve(1, "t1")])
    assert journal.site.claim(ask("t1", GATE)) == granted()
    journal.record([], [consume(1, "t1")])
    assert journal.site.claim(ask("t1", GATE, max_uses=5)) == refused(USED, GATE, "t1")


def test_claims_that_are_never_told_of_can_be_listed(journal, clock):
    journal.site.claim(ask("p1"))
    clock.utc += 60
    journal.site.claim(ask("x1", THIRD, OTHER))
    (oldest,) = journal.site.unconfirmed(30, 10)
    assert (oldest.gate, oldest.permit_id, oldest.use, oldest.transaction, oldest.utc) == (PEER, PERMIT, 1, "p1", UTC)
    assert journal.site.unconfirmed(60, 10) == ()
    assert len(journal.site.unconfirmed(-1, 10)) == 2
    assert [one.transaction for one in journal.site.unconfirmed(-1, 1)] == ["p1"]


def test_a_claim_that_is_never_told_of_is_forgotten_by_its_age(journal, clock):
    journal.site.claim(ask("p1"))
    clock.utc += 10 * DAY_S
    journal.forget_uses(11 * DAY_S)
    assert journal.site.claim(ask("x1", THIRD)).refusal is HELD
    journal.forget_uses(9 * DAY_S)
    assert journal.site.claim(ask("x1", THIRD)) == granted()


# ------------------------------------------------------------------------------------------------ what the ledger tells


STATES = {
    "used at another gate": ([by(told(1))], UseState(1, None, False, 2, used_at=PEER)),
    "reserved at another gate": ([by(told(1, RESERVED))], UseState(0, None, False, 2, reserved_at=PEER)),
    "released at another gate": ([by(told(1, RELEASED))], UseState(0, None, False, 1)),
    "used here last": (
        [by(told(1, utc_ms=UTC_MS - 1)), own(reserve(2), consume(2))],
        UseState(2, None, False, 3),
    ),
    "used there last": (
        [own(reserve(2), consume(2)), by(told(1, utc_ms=UTC_MS + 1))],
        UseState(2, None, False, 3, used_at=PEER),
    ),
    "held at two other gates: the newest": (
        [by(told(1, RESERVED)), by(told(1, RESERVED, use=2, utc_ms=UTC_MS + 1), gate=THIRD)],
        UseState(0, None, False, 3, reserved_at=THIRD),
    ),
    "held here and there": (
        [own(reserve(1)), by(told(1, RESERVED, use=2))],
        UseState(0, "t1", False, 3, reserved_at=PEER),
    ),
}


@pytest.mark.parametrize(("before", "wanted"), STATES.values(), ids=STATES)
def test_the_state_of_a_permit_counts_all_gates(journal, before, wanted):
    for step in before:
        step(journal)
    assert journal.use_state(PERMIT) == wanted


def test_the_last_use_of_many_is_found(journal):
    journal.record(
        [], [change for use in range(1, 1001) for change in (reserve(use, f"t{use}"), consume(use, f"t{use}"))]
    )
    assert journal.use_state(PERMIT) == UseState(1000, None, False, 1001)
    assert journal.site.claim(ask("p1", max_uses=1001)) == granted(1001)
    assert journal.site.claim(ask("x1", THIRD, max_uses=1000)).refusal is USED


def test_an_exit_under_another_permit_is_found_at_any_gate(journal):
    assert journal.other_exit(VIN, PERMIT, "export", 0) is None
    journal.record([], GONE)
    assert journal.other_exit(VIN, PERMIT, "export", 0) == OtherExit(OTHER, GATE, UTC)
    assert journal.other_exit(VIN, OTHER, "export", 0) is None, "its own permit"
    assert journal.other_exit(VIN, PERMIT, "import", 0) is None
    assert journal.other_exit(VIN, PERMIT, "export", UTC + 1) is None
    assert journal.other_exit("", PERMIT, "export", 0) is None
    take(journal, told(1, permit=b"newer", utc_ms=UTC_MS + 5000))
    assert journal.other_exit(VIN, PERMIT, "export", 0) == OtherExit(b"newer", PEER, UTC + 5)
    take(journal, told(2, RESERVED, permit=b"back", utc_ms=UTC_MS + 6000, direction="import"))
    assert journal.other_exit(VIN, PERMIT, "export", 0) is not None, "it may be about to come back"
    take(journal, told(3, CONSUMED, permit=b"back", utc_ms=UTC_MS + 7000, direction="import"))
    assert journal.other_exit(VIN, PERMIT, "export", 0) is None


def test_the_last_passage_of_a_vehicle_may_be_at_another_gate(journal):
    take(journal, told(1, direction="import"))
    assert journal.last_passage(VIN, "t1").direction == "import"


# ---------------------------------------------------------------------------------------------- out of a damaged file

ROW = (PERMIT, 1, PEER, "p1", UTC_MS, VIN, "export")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "text"),
        (0, None),
        (1, 0),
        (1, 1.0),
        (1, "1"),
        (2, b"gate"),
        (3, None),
        (4, "now"),
        (4, 1.5),
        (5, 7),
        (6, None),
    ],
)
def test_a_consent_that_no_gate_can_have_written_is_not_taken_over(place, value):
    assert is_sane(ROW)
    assert not is_sane((*ROW[:place], value, *ROW[place + 1 :]))
