"""The trust state of a running gate: what is told, what is kept, and what follows at once."""

import sqlite3
from contextlib import closing

import pytest

from agent.core.trust_state import (
    HeadFileWritten,
    OrderGiven,
    StatePart,
    Wholeness,
    Witness,
    WitnessGone,
    state_from_json,
)
from agent.recording.journal_start import STATE
from agent.recording.lost_orders import OWN_NAME
from tests.support.pki.permits import DAY_S
from tests.support.store.witnessed_gate import WitnessedGate
from tests.support.waiting import PATIENCE_S, eventually

ALL = frozenset(StatePart)


@pytest.fixture
def gate(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.recording.trust_monitor.STOP_TIMEOUT_S", PATIENCE_S)
    made = WitnessedGate(tmp_path)
    yield made.with_trust()
    made.close()


def kept(gate):
    return state_from_json(gate.journal.kept(STATE))


def changes(gate):
    return [(one["part"], one["before"], one["state"]) for one in gate.told("state.changed")]


def test_a_fact_counts_at_once_and_is_told_once(gate):
    assert gate.trust.take(WitnessGone("gone"))
    assert gate.trust.hold.ledger == "gone"
    assert not gate.trust.take(WitnessGone("gone again"))
    eventually(lambda: changes(gate), what="the events")
    gate.restart()
    assert changes(gate) == [("ledger", "whole", "lost"), ("orders", "whole", "lost")]


def test_each_start_raises_the_alarm_again_until_it_is_over(gate):
    gate.trust.take(WitnessGone("gone"))
    gate.restart()
    before = len(gate.alarms())
    gate.restart()
    assert len(gate.alarms()) == before + 2
    gate.trust.accept(ALL, "anna", "bek")
    gate.restart()
    gate.restart()
    assert len(gate.alarms()) == before + 2


def test_a_loss_that_a_witness_showed_outlives_a_crash_right_behind_it(gate):
    """The status at the broker is written over a moment later: the gate must not depend on it any more."""
    gate.passes()
    status = gate.trust.heads.record()
    gate.stop()
    for path in gate.state.glob("journal.db*"):
        path.unlink()
    gate.head_path.unlink()
    gate.start()
    gate.trust.own_record(status, Witness.STATUS)
    assert kept(gate).ledger.state is Wholeness.LOST
    gate.crash()
    gate.start()
    assert gate.trust.state.ledger.state is Wholeness.LOST


def test_nothing_is_told_in_a_stream_that_must_not_go_on(gate):
    """Its numbers mean something else to central already."""
    head, stream = gate.journal.head, gate.journal.stream
    gate.trust.head_named(Witness.CENTRAL, stream, head + 9, None)
    eventually(lambda: gate.trust.heads.record() is None, what="the stream is given up")
    assert gate.journal.head == head
    gate.restart()
    assert gate.journal.stream != stream
    assert ("journal", "whole", "lost") in changes(gate)


def test_nor_where_that_turns_out_while_another_change_is_being_told(gate):
    stream, note = gate.journal.stream, gate.trust._note

    def note_and_hear(drafts):
        gate.trust._note = note
        note(drafts)
        gate.trust.head_named(Witness.CENTRAL, stream, gate.journal.head + 9, None)

    gate.trust._note = note_and_hear
    gate.trust.take(WitnessGone("gone"))
    eventually(lambda: gate.trust.heads.record() is None, what="the stream is given up")
    assert [part for part, _, after in changes(gate) if after == "behind"] == []
    gate.restart()
    assert gate.journal.stream != stream
    assert ("journal", "whole", "lost") in changes(gate)


def test_a_state_that_cannot_be_read_is_a_witness_that_is_gone(gate):
    gate.stop()
    with closing(sqlite3.connect(gate.state / "journal.db")) as connection, connection:
        connection.execute("UPDATE kept SET value = '{' WHERE name = ?", (STATE,))
    gate.start()
    assert gate.trust.state.ledger.state is Wholeness.LOST
    assert gate.trust.lockout("in").locked_by == OWN_NAME


def test_a_lane_that_was_taken_out_of_the_configuration_is_not_waited_for(gate, monkeypatch):
    gate.trust.take(WitnessGone("gone"))
    gate.order("in", "unlocked")
    monkeypatch.setattr(
        "tests.support.store.witnessed_gate.RULES",
        gate.trust._rules.__class__(frozenset({"in"}), gate.trust._rules.longest_life_s),
    )
    gate.restart()
    assert gate.trust.state.orders.state is Wholeness.WHOLE


def test_a_head_file_that_cannot_be_written_holds_and_lets_go(gate):
    gate.trust.worker.stop(PATIENCE_S)  # in each of its rounds the file can be written
    gate.trust.take(HeadFileWritten("no space"))
    assert gate.trust.hold.cause == "no space"
    assert gate.trust.why_ledger_open() == "no space"
    gate.order("in", "locked")
    assert gate.trust.hold.cause == ""


def test_a_head_file_that_cannot_be_written_is_an_alarm_once_and_no_more_where_there_is_none(gate):
    gate.stop()
    gate.head_path.unlink()
    gate.head_path.parent.rmdir()
    gate.head_path.parent.write_text("a file where the folder was")
    gate.start()
    eventually(lambda: [one for one in gate.alarms() if "cannot be written" in one], what="the alarm")
    for number in range(3):
        gate.order("in", "unlocked" if number % 2 else "locked")
    assert len([one for one in gate.alarms() if "cannot be written" in one]) == 1
    gate.stop()
    gate.head_path = None
    gate.start()
    assert gate.trust.hold.cause == ""


def test_a_head_that_the_journal_does_not_say_holds_every_permit_as_one_that_cannot_be_written(gate):
    """What was recorded would have no witness: behind a damaged page the journal goes on until the agent restarts."""
    gate.journal._database.doubt = "a damaged page"
    gate.order("in", "locked")
    assert "does not say how far it is" in gate.trust.hold.cause
    gate.journal._database.doubt = ""
    gate.order("in", "unlocked")
    eventually(lambda: gate.trust.hold.cause == "", what="the end of the hold")


def test_what_a_witness_showed_outlives_a_stop_right_behind_it(gate):
    """It may not say it again: the next start went on with the older copy."""
    stream = gate.journal.stream
    gate.trust.on_head_witnessed(stream, gate.journal.head + 9, hash_matches=None)
    gate.restart()
    assert gate.journal.stream != stream
    assert gate.trust.state.ledger.state is Wholeness.LOST


def test_lanes_whose_orders_get_lost_while_they_run_are_to_be_locked(gate):
    """A lane asks for its orders once, when it starts."""
    gate.trust.take(WitnessGone("gone"))
    eventually(lambda: set(gate.to_lock) == {"in", "out"}, what="the lanes")


def test_a_lane_that_got_an_order_meanwhile_is_not_locked(gate):
    gate.trust.worker.stop(PATIENCE_S)
    gate.trust.take(WitnessGone("gone"))
    gate.trust.take(OrderGiven("in"))
    gate.trust._lock_lanes()
    assert gate.to_lock == ["out"]


def test_a_list_that_comes_while_the_versions_are_read_is_not_missed(gate):
    """The version of before was read twice, in the round before and just before the new one came: a false alarm."""
    gate.trust.worker.stop(PATIENCE_S)
    before = gate._versions()
    gate.trust._see()

    def read():
        gate.with_trust(2)
        return before

    gate.trust._lists = read
    gate.trust._see()
    assert gate.trust.state.lists.state is Wholeness.WHOLE
    gate.trust._lists = gate._versions
    gate.trust._see()
    assert dict(gate.trust.state.held) == {"trust": 2}
    gate.lose("registry.db")
    assert gate.trust.state.lists.state is Wholeness.LOST


def another_key(gate):
    return [one for one in gate.alarms() if "another key" in one]


def test_another_key_is_a_loss_each_time_also_an_older_one_and_once_it_is_accepted_no_more(gate):
    """All who know the gate by its key do not know this one, and no witness that speaks by that one is believed."""
    first = (gate.state / "gate.key").read_bytes()
    assert another_key(gate) == []
    gate.lose("gate.key")
    told = len(another_key(gate))
    assert {part for part, standing in gate.parts().items() if standing is Wholeness.LOST} == {"ledger", "orders"}
    assert gate.trust.accept(ALL, "anna", "bek")
    gate.restart()
    assert gate.whole()
    assert len(another_key(gate)) == told
    gate.stop()
    (gate.state / "gate.key").write_bytes(first)
    gate.start()
    assert len(another_key(gate)) == 2 * told
    assert not gate.whole()


def test_two_persons_accept_at_no_time_where_nobody_knows_the_time(gate):
    """A clock that is years ahead would have every later loss of before then accepted."""
    assert gate.passes()
    gate.lose("journal.db")
    gate.clock.utc, gate.clock.synced = gate.clock.utc + 3_000 * DAY_S, False
    assert gate.trust.accept(ALL, "anna", "bek")
    assert gate.whole()
    assert gate.trust.state.accepted_utc is None


def test_what_status_says_is_how_each_part_stands(gate):
    assert gate.trust.status() == {part.value: {"state": "whole", "cause": ""} for part in StatePart}
    gate.trust.take(WitnessGone("gone"))
    assert gate.trust.status()["ledger"] == {"state": "lost", "cause": "gone"}


def test_another_gates_word_proves_nothing_of_this_ones_row_log(gate, tmp_path):
    (tmp_path / "other").mkdir()
    other = WitnessedGate(tmp_path / "other", gate="khorgos-04")
    gate.passes()
    assert gate.trust.proves((gate.trust.site_record(),), 2)
    assert not gate.trust.proves((gate.trust.site_record(),), 3)
    assert not gate.trust.proves((other.trust.site_record(), "junk"), 1)
    other.close()
