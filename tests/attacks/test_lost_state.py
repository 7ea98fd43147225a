"""State that is lost, damaged, swapped or put back: nothing passes that may have been used, and nobody misses it.

Against a real journal, registry, recorder and head file. The state folder is what a backup holds; the head file lies
outside it.
"""

import shutil
import sqlite3
from contextlib import closing

import pytest

from agent.core.model.reasons import Reason, Verdict
from agent.core.trust_state import StatePart, Wholeness, Witness
from agent.recording.lost_orders import OWN_NAME
from agent.store.errors import JournalCorruptError
from agent.store.head_file import HeadFile
from tests.support.pki.permits import DAY_S, NOW
from tests.support.store.witnessed_gate import ONCE, WitnessedGate, other_permit
from tests.support.waiting import eventually

HELD = (Verdict.MANUAL, Reason.STATE_NOT_WHOLE)
WHOLE, BEHIND, LOST = Wholeness
LATER = other_permit(9, not_before=NOW + DAY_S, issued_at=NOW + DAY_S, expires_at=NOW + 3 * DAY_S)


@pytest.fixture
def gate(tmp_path):
    made = WitnessedGate(tmp_path)
    yield made.with_trust()
    made.close()


@pytest.fixture
def alone(tmp_path):
    """A gate without a head file: only others can notice what it lost."""
    (tmp_path / "alone").mkdir()
    made = WitnessedGate(tmp_path / "alone", head_file=False)
    yield made.with_trust()
    made.close()


def accepted(gate):
    assert gate.trust.accept(frozenset(StatePart), "anna", "bek")
    assert gate.whole()


class TestAnOlderCopy:
    def test_a_used_permit_does_not_pass_again_and_a_new_stream_begins(self, gate):
        """H3: back up, let a permit pass, put the backup back; the permit passed again, in the same stream."""
        stream = gate.journal.stream
        gate.back_up()
        assert gate.passes()
        gate.put_back()
        assert gate.verdict() == HELD
        assert gate.journal.stream != stream
        assert gate.parts() == {"journal": LOST, "ledger": LOST, "lists": WHOLE, "orders": WHOLE}
        assert any("names event" in alarm and "older copy" in alarm for alarm in gate.alarms())
        assert [(one["part"], one["state"]) for one in gate.told("state.changed")] == [
            *(("journal", "lost"), ("ledger", "lost"), ("orders", "lost")),
            ("orders", "whole"),
        ]

    def test_of_one_grant_less_is_noticed_after_a_crash_too(self, gate):
        """H3: the head file is written before the barrier opens, not some time later."""
        gate.back_up()
        assert gate.passes()
        gate.crash()
        shutil.rmtree(gate.state)
        shutil.copytree(gate.folder / "backup", gate.state)
        gate.start()
        assert gate.verdict() == HELD

    def test_put_back_twice_is_noticed_twice(self, gate):
        """H3: the second time the copy also lacks the mark of the first."""
        gate.back_up()
        assert gate.passes()
        gate.put_back()
        accepted(gate)
        other = other_permit(2)
        assert gate.passes(other)
        second = gate.journal.stream
        gate.put_back()
        assert gate.journal.stream != second
        assert gate.verdict(other) == HELD
        assert gate.verdict() == HELD

    def test_that_was_taken_after_the_first_loss_is_noticed_too(self, gate):
        """H3: an older copy of the second stream."""
        gate.lose_everything()
        accepted(gate)
        gate.with_trust()
        gate.back_up()
        assert gate.passes()
        gate.put_back()
        assert gate.verdict() == HELD

    def test_that_went_on_for_as_long_as_it_lacks_is_noticed_by_its_events(self, gate):
        """H3: forked: the copy went on without the head file, and has as many events as were lost."""
        gate.back_up()
        assert gate.passes()
        gate.stop()
        shutil.rmtree(gate.state)
        shutil.copytree(gate.folder / "backup", gate.state)
        head_path, gate.head_path = gate.head_path, None  # as if somebody had hidden it
        gate.start()
        for number in range(20):
            gate.order("out", "locked" if number % 2 else "unlocked")
        assert gate.passes(other_permit(3))
        gate.stop()
        gate.head_path = head_path
        gate.start()
        assert gate.verdict() == HELD
        assert any("another event" in alarm for alarm in gate.alarms())

    def test_of_a_journal_from_before_the_stream_of_now(self, gate):
        """H3: the copy is of a stream that ended; the head file knows the one that came after."""
        gate.back_up()
        gate.lose("journal.db")
        accepted(gate)
        assert gate.passes()
        gate.put_back()
        assert gate.verdict() == HELD
        assert any("does not know" in alarm for alarm in gate.alarms())
        accepted(gate)
        assert gate.restart().whole()
        assert gate.passes(other_permit(2))

    def test_and_of_the_head_file_with_it_is_noticed_by_the_gates_own_status(self, gate):
        """H3: where the whole disk is put back, the retained status still names the head."""
        gate.back_up()
        shutil.copytree(gate.head_path.parent, gate.folder / "witness-backup")
        assert gate.passes()
        status = gate.trust.heads.record()
        gate.stop()
        for name, copy in ((gate.state, "backup"), (gate.head_path.parent, "witness-backup")):
            shutil.rmtree(name)
            shutil.copytree(gate.folder / copy, name)
        gate.start()
        assert gate.whole()
        gate.trust.own_record(status, Witness.STATUS)
        assert gate.verdict() == HELD
        eventually(lambda: must_restart(gate), what="the stream is given up")
        gate.restart()
        assert gate.verdict() == HELD
        assert gate.parts()["ledger"] is LOST

    def test_is_noticed_by_what_central_or_another_gate_names(self, alone):
        """H3: beyond_head was noted, and the gate went on."""
        alone.back_up()
        assert alone.passes()
        head = alone.journal.checkpoint()
        alone.put_back()
        assert alone.whole()
        alone.trust.head_named(Witness.CENTRAL, head.stream, head.seq, head.digest)
        assert alone.verdict() == HELD
        eventually(lambda: must_restart(alone), what="the stream is given up")
        alone.restart()
        assert alone.verdict() == HELD

    @pytest.mark.parametrize(("more", "hash_matches"), [(1, None), (0, False)])
    def test_is_noticed_by_central_by_number_or_by_hash(self, alone, more, hash_matches):
        """H3, M1: central has signed that it holds more, or another event in the same place."""
        alone.trust.on_head_witnessed(alone.journal.stream, alone.journal.head, hash_matches=True)
        assert alone.whole()
        alone.trust.on_head_witnessed(alone.journal.stream, alone.journal.head + more, hash_matches=hash_matches)
        assert alone.verdict() == HELD
        eventually(lambda: must_restart(alone), what="the stream is given up")

    def test_of_a_stream_that_central_has_to_its_end_loses_no_event(self, gate):
        """The events that are gone here are stored there: the journal is whole again, the ledger is not."""
        assert gate.passes()
        head = gate.journal.checkpoint()
        gate.lose("journal.db")
        gate.trust.on_head_witnessed(head.stream, head.seq - 1, hash_matches=None)
        assert gate.parts()["journal"] is LOST
        gate.trust.on_head_witnessed(head.stream, head.seq + 1, hash_matches=None)
        assert gate.parts() == {"journal": WHOLE, "ledger": LOST, "lists": WHOLE, "orders": LOST}


def must_restart(gate):
    try:
        gate.journal.checkpoint()
    except JournalCorruptError:
        return True
    return False


class TestGone:
    def test_a_lost_journal_lets_no_used_permit_pass(self, gate):
        """H2, H3: a journal that is gone was a new gate's."""
        assert gate.passes()
        gate.lose("journal.db")
        assert gate.verdict() == HELD
        assert gate.parts() == {"journal": LOST, "ledger": LOST, "lists": WHOLE, "orders": WHOLE}
        assert gate.alarms()

    def test_the_whole_state_folder_with_the_key(self, gate):
        """H2: all of it gone; the head file is of a key that nobody has any more, and raises the doubt all the same."""
        assert gate.passes()
        gate.order("out", "locked")
        gate.lose_everything()
        gate.with_trust()
        assert gate.verdict() == HELD
        assert gate.locked("in")
        assert gate.locked("out")

    def test_the_key_alone_holds_permits_and_what_is_known_of_uses_stays_known(self, gate):
        """Who puts an older copy back may take the key away with it, so that no witness is believed."""
        assert gate.passes()
        gate.lose("gate.key")
        assert gate.verdict(other_permit(2)) == HELD
        assert gate.verdict()[1] is Reason.ALREADY_USED
        assert gate.locked("in")
        accepted(gate)
        assert gate.passes(other_permit(2))

    def test_the_key_with_an_older_copy_where_the_status_alone_would_have_shown_that(self, alone):
        """H3: the status is signed by the key that is gone, so that it is not believed: a used permit passed again."""
        alone.back_up()
        assert alone.passes()
        status = alone.trust.heads.record()
        alone.put_back()
        alone.lose("gate.key")
        alone.trust.own_record(status, Witness.STATUS)
        assert alone.verdict() == HELD

    def test_the_head_file_that_was_there(self, gate):
        """H3: nothing shows any more that the journal is not older."""
        assert gate.passes()
        gate.stop()
        gate.head_path.unlink()
        gate.start()
        assert gate.verdict(other_permit(2)) == HELD
        assert gate.locked("in")

    def test_a_gate_that_is_new_has_lost_nothing(self, gate, alone):
        assert gate.whole()
        assert alone.whole()


class TestDamaged:
    def test_a_journal_whose_every_use_was_rescued_goes_on(self, gate):
        """What nothing is missing of needs no officer."""
        assert gate.passes()
        gate.stop()
        (gate.state / "journal.db-suspect").write_text("a test")
        with (gate.state / "journal.db").open("r+b") as file:
            data = bytearray(file.read())
            place = data.index(b'"state.changed"') if b'"state.changed"' in data else data.index(b'"access.granted"')
            data[place + 3] ^= 1
            file.seek(0)
            file.write(data)
        gate.start()
        assert gate.journal.replaced is not None
        assert gate.verdict()[1] in {Reason.ALREADY_USED, Reason.STATE_NOT_WHOLE}

    def test_a_journal_that_does_not_say_its_stream_has_it_from_the_head_file(self, gate):
        """Every row was rescued, and they go as far as the head file says: no use is missing, and the orders hold."""
        assert gate.passes()
        gate.order("out", "locked")
        gate.stop()
        with closing(sqlite3.connect(gate.state / "journal.db")) as connection, connection:
            connection.execute("UPDATE journal SET head_hash = 'altered'")
        gate.start()
        assert gate.parts() == {"journal": LOST, "ledger": WHOLE, "lists": WHOLE, "orders": WHOLE}
        assert gate.verdict()[1] is Reason.ALREADY_USED
        assert gate.trust.lockout("out").locked_by == "officer 0417"
        assert gate.passes(other_permit(2))

    @pytest.mark.parametrize("page", [0, 1, 2])
    def test_a_journal_of_which_pages_are_lost(self, gate, page):
        """H2: "permit uses rescued: NOT all" was told, and nothing acted on it."""
        assert gate.passes()
        gate.order("out", "locked")
        gate.damage("journal.db", page * 4096)
        assert gate.verdict()[0] is not Verdict.PASS
        assert gate.locked("out")

    def test_a_head_file_of_which_both_slots_are_damaged(self, gate):
        """H3: damaged is as gone: it may have been damaged so that nobody misses the events."""
        gate.stop()
        gate.head_path.write_bytes(b"\xff" * gate.head_path.stat().st_size)
        gate.start()
        assert gate.verdict() == HELD

    def test_a_head_file_of_which_one_slot_is_torn(self, gate):
        """A power cut tears the newest slot at most: the one before is no older copy's."""
        assert gate.passes()
        gate.stop()
        text = HeadFile(gate.head_path).read().text
        data = bytearray(gate.head_path.read_bytes())
        place = data.index(text.encode())
        data[place] ^= 0xFF
        gate.head_path.write_bytes(bytes(data))
        gate.start()
        assert gate.whole()
        assert gate.verdict()[1] is Reason.ALREADY_USED

    def test_a_journal_that_says_nothing_any_more_while_the_clock_is_set_back(self, gate):
        """The record of the head file is from the future then: the new stream is no copy, and the gate comes up."""
        assert gate.passes()
        gate.clock.utc -= 400 * DAY_S
        gate.damage("journal.db", 4096)
        assert gate.verdict()[0] is not Verdict.PASS
        stream = gate.journal.stream
        gate.restart()
        assert gate.journal.stream == stream


class TestSwapped:
    def test_a_head_file_of_another_gate(self, gate, tmp_path):
        """H3: another gate's head file says nothing of this one."""
        (tmp_path / "other").mkdir()
        other = WitnessedGate(tmp_path / "other", gate="khorgos-04")
        other.close()
        gate.stop()
        shutil.copy(other.head_path, gate.head_path)
        gate.start()
        assert gate.verdict() == HELD
        assert any("khorgos-04" in alarm for alarm in gate.alarms())

    def test_a_record_of_another_gate_in_the_status(self, gate, tmp_path):
        """A hostile broker shows another gate's status: it is not believed."""
        (tmp_path / "other").mkdir()
        other = WitnessedGate(tmp_path / "other", gate="khorgos-04")
        gate.trust.own_record(other.trust.heads.record(), Witness.STATUS)
        other.close()
        assert gate.whole()

    def test_an_older_status_of_this_gate(self, gate):
        """A hostile broker shows an older status: that the gate has gone on since is no loss."""
        status = gate.trust.heads.record()
        assert gate.passes()
        gate.trust.own_record(status, Witness.STATUS)
        assert gate.whole()

    def test_a_status_of_an_earlier_stream_after_it_was_accepted(self, gate):
        """A hostile broker repeats what was lost once and accepted since."""
        assert gate.passes()
        status = gate.trust.heads.record()
        gate.lose("journal.db")
        gate.clock.utc += 60
        accepted(gate)
        gate.trust.own_record(status, Witness.STATUS)
        assert gate.whole()

    @pytest.mark.parametrize("text", ["", "a.b.c", "x" * 9000, "ey.ey.ey"])
    def test_junk_in_the_status(self, gate, text):
        gate.trust.own_record(text, Witness.STATUS)
        assert gate.whole()

    def test_a_status_of_another_key_beside_a_journal_that_is_new(self, alone):
        """H3: key and state went together; the status that the old key signed still says that there was one."""
        assert alone.passes()
        status = alone.trust.heads.record()
        alone.lose_everything()
        alone.with_trust()
        assert alone.whole()
        alone.trust.own_record(status, Witness.STATUS)
        assert alone.verdict() == HELD


class TestOrders:
    def test_a_locked_lane_stays_locked_when_the_journal_is_gone(self, gate):
        """H2: a lane locked by an officer was unlocked by the damage. The head file holds the orders."""
        gate.order("out", "locked")
        gate.lose("journal.db")
        assert gate.trust.lockout("out").locked_by == "officer 0417"
        assert not gate.locked("in")
        assert [(one["order"], one["operator"]) for one in gate.told("lane.ordered")] == [("locked", "officer 0417")]

    def test_every_lane_comes_up_locked_where_nobody_knows_the_orders(self, gate):
        """H2: the older copy, the head file gone: the lanes are locked until somebody orders otherwise."""
        gate.back_up()
        gate.order("out", "locked")
        gate.put_back(without_head_file=True)
        assert gate.trust.lockout("in").locked_by == OWN_NAME
        assert gate.trust.lockout("out").locked_by == OWN_NAME
        gate.order("in", "unlocked")
        assert not gate.locked("in")
        assert gate.parts()["orders"] is LOST
        gate.order("out", "unlocked")
        assert gate.parts()["orders"] is WHOLE

    def test_the_orders_of_a_head_file_from_before_the_stream_that_is_lost_open_no_lane(self, gate):
        """H2: an old head file put back, and the orders of the journal damaged: the lane locked since came up open."""
        gate.stop()
        shutil.copy(gate.head_path, gate.folder / "old-head")
        gate.start()
        gate.lose("journal.db")
        accepted(gate)
        gate.order("out", "locked")
        gate.stop()
        shutil.copy(gate.folder / "old-head", gate.head_path)
        gate.damage_table("lane_orders")
        gate.start()
        assert gate.locked("out")
        assert gate.parts()["orders"] is LOST

    def test_the_gates_own_locks_outlive_a_restart(self, gate):
        gate.stop()
        gate.head_path.unlink()
        gate.start()
        gate.restart()
        assert gate.locked("in")
        assert gate.locked("out")


class TestWholeAgain:
    def test_a_restart_forgets_nothing(self, gate):
        """H2: "the loss was told, and forgotten with the next start."""
        assert gate.passes()
        gate.lose("journal.db")
        for _ in range(3):
            gate.restart()
            assert gate.verdict() == HELD
            assert gate.alarms()

    def test_a_permit_that_began_after_the_loss_passes(self, gate):
        assert gate.passes()
        gate.lose("journal.db")
        gate.clock.utc += 2 * DAY_S
        assert gate.verdict() == HELD
        assert gate.verdict(LATER) == (Verdict.PASS, Reason.OK)

    def test_a_clock_that_nobody_trusts_ends_no_loss(self, gate):
        """A clock that stands at 1970 would make every permit one that was issued after the loss."""
        assert gate.passes()
        gate.clock.utc, gate.clock.synced = 0.0, False
        gate.lose("journal.db")
        assert gate.trust.hold.issued_after_utc == float("inf")

    def test_one_person_accepts_nothing(self, gate):
        gate.lose("journal.db")
        for second in ("", "anna"):
            assert not gate.trust.accept(frozenset(StatePart), "anna", second)
        assert not gate.whole()

    def test_two_persons_are_recorded(self, gate):
        gate.passes()
        gate.lose("journal.db")
        accepted(gate)
        gate.restart()
        told = [one for one in gate.told("state.changed") if one["state"] == "whole" and one["part"] != "orders"]
        assert {tuple(one["persons"]) for one in told} == {("anna", "bek")}
        assert gate.whole()
        assert gate.verdict() == (Verdict.PASS, Reason.OK)


class TestLists:
    def test_an_older_trust_list_in_a_new_registry_lets_nothing_pass(self, gate):
        """H4: registry.db damaged; the old file of the trust list, with the revoked key, was in force again."""
        gate.with_trust(2)
        eventually(lambda: dict(gate.trust.state.floors).get("trust") == 2, what="the floor")
        gate.lose("registry.db")
        gate.with_trust(1)
        assert gate.verdict() == HELD
        eventually(lambda: gate.parts()["lists"] is BEHIND, what="the state of the lists")
        gate.with_trust(3)
        assert gate.verdict() == (Verdict.PASS, Reason.OK)
        eventually(gate.whole, what="the lists are whole again")

    def test_the_floor_outlives_journal_and_registry_in_the_head_file(self, gate):
        """H4: both gone: the head file names the versions."""
        gate.with_trust(2)
        eventually(lambda: dict(gate.trust.state.floors).get("trust") == 2, what="the floor")
        gate.lose_everything()
        gate.with_trust(1)
        accepted_parts = frozenset(StatePart) - {StatePart.LISTS}
        gate.trust.accept(accepted_parts, "anna", "bek")
        assert gate.verdict() == HELD

    def test_the_floor_is_in_the_status(self, alone):
        """H4: and in what the broker holds of this gate."""
        alone.with_trust(2)
        eventually(lambda: dict(alone.trust.state.floors).get("trust") == 2, what="the floor")
        status = alone.trust.heads.record()
        key = (alone.state / "gate.key").read_bytes()
        alone.stop()
        shutil.rmtree(alone.state)
        alone.state.mkdir()
        (alone.state / "gate.key").write_bytes(key)
        (alone.state / "gate.key").chmod(0o600)
        alone.start()
        alone.with_trust(1)
        alone.trust.own_record(status, Witness.STATUS)
        assert dict(alone.trust.hold.floors) == {"trust": 2}
        assert alone.verdict() == HELD


class TestTheHeadFileFails:
    def test_a_head_that_cannot_be_written_lets_no_further_permit_pass(self, gate):
        """What cannot be witnessed is not let pass; what was recorded before stands."""
        gate.stop()
        gate.head_path.unlink()
        gate.head_path.parent.rmdir()
        gate.head_path.parent.write_text("a file where the folder was")
        gate.start()
        assert gate.verdict() == HELD
        assert "cannot be written" in gate.trust.hold.cause

    def test_an_officer_opens_all_the_same(self, gate):
        gate.stop()
        gate.head_path.unlink()
        gate.start()
        assert gate.verdict() == HELD
        gate.order("in", "unlocked")
        assert not gate.locked("in")


def test_a_used_permit_stays_used_where_nothing_is_lost(gate):
    assert gate.passes()
    gate.restart()
    assert gate.whole()
    assert gate.verdict(ONCE)[1] is Reason.ALREADY_USED
