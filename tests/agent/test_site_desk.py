"""Gates of a site claim uses of permits from one another: every order in which words can come, get lost or come twice.

In each of these one use of a permit is reserved at one gate at most; what differs is who gets it, and who is told what.
"""

import threading
import time
from contextlib import closing, suppress

import pytest

from agent.core.claims import ClaimCode, PartitionPolicy
from agent.core.events import AccessGranted, Draft
from agent.core.lane_io import LedgerChange, LedgerState
from agent.core.site_messages import Answer, Query
from agent.site.desk import LoneGate
from agent.site.ear import INBOX
from agent.store.errors import JournalUnavailableError, LedgerConflictError
from tests.journals import UTC
from tests.sites import GATES, KEYS, Hub, SiteGate, request, roll_of, rules, site, vehicle_of
from tests.waiting import eventually

AT_EAST = vehicle_of("east")


@pytest.fixture
def three(tmp_path):
    with site(tmp_path) as gates:
        yield gates


def passes(gate, asked, use=1):
    """Claim, reserve and let the vehicle pass."""
    word = gate.claim(asked)
    assert (word.code, word.use) == (ClaimCode.GRANTED, use), word
    gate.reserve(asked, use)
    gate.settle(asked, LedgerState.CONSUMED, use)


def outcome(gate, asked):
    word = gate.claim(asked)
    return word.code, word.gate


class TestOneUse:
    def test_passes_at_its_home_gate_without_a_word_to_others(self, three):
        hub, east, _north, _south = three
        passes(east, request(AT_EAST))
        assert not hub.count("claim")

    def test_passes_at_another_gate_with_the_home_gates_grant(self, three):
        _hub, _east, north, _south = three
        passes(north, request(AT_EAST))

    @pytest.mark.parametrize("first", [0, 1])
    @pytest.mark.parametrize("second", [0, 1, 2])
    def test_that_was_used_is_used_everywhere(self, three, first, second):
        _hub, *gates = three
        passes(gates[first], request(AT_EAST, "t1"))
        eventually(lambda: gates[0].knows(gates[1]))
        assert outcome(gates[second], request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, GATES[first])

    def test_that_its_home_gate_has_not_heard_of_yet_is_refused_by_the_ledger_of_the_gate_itself(self, three):
        hub, _east, north, _south = three
        hub.lost = {"rows"}
        passes(north, request(AT_EAST, "t1"))
        asked = request(AT_EAST, "t2")
        assert north.claim(asked).code is ClaimCode.GRANTED
        with pytest.raises(LedgerConflictError, match="it is CONSUMED by transaction t1"):
            north.reserve(asked)

    @pytest.mark.parametrize("first", [0, 1])
    def test_that_is_reserved_is_reserved_everywhere(self, three, first):
        _hub, *gates = three
        asked = request(AT_EAST, "t1")
        gates[first].claim(asked)
        gates[first].reserve(asked)
        for gate in gates:
            if gate is not gates[first]:
                assert outcome(gate, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, GATES[first])

    def test_that_was_given_back_passes_elsewhere(self, three):
        _hub, east, north, south = three
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        north.reserve(asked)
        north.settle(asked, LedgerState.RELEASED)
        eventually(lambda: not east.doubts() and east.knows(north) and south.knows(north))
        passes(south, request(AT_EAST, "t2"))

    def test_of_several_leaves_the_others(self, three):
        _hub, east, north, south = three
        for use, gate in enumerate((north, east, south), 1):
            passes(gate, request(AT_EAST, f"t{use}", max_uses=3), use)
            eventually(
                lambda: (
                    not east.doubts()
                    and all(one.knows(two) for one in three[1:] for two in three[1:] if one is not two)
                )
            )
        assert outcome(north, request(AT_EAST, "t4", max_uses=3))[0] is ClaimCode.USED_AT_OTHER_GATE

    def test_is_not_granted_while_a_vehicle_stands_at_the_home_gate_with_it(self, three):
        _hub, east, north, _south = three
        assert east.claim(request(AT_EAST, "t1")).code is ClaimCode.GRANTED
        assert outcome(north, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "east")

    def test_leaves_the_home_gate_no_trace_of_a_grant_that_was_used(self, three):
        _hub, east, north, _south = three
        passes(north, request(AT_EAST))
        eventually(lambda: not east.doubts())


class TestOneVehicle:
    @pytest.mark.parametrize("first", [0, 1])
    @pytest.mark.parametrize("second", [0, 1, 2])
    def test_that_left_does_not_leave_by_another_permit(self, three, first, second):
        _hub, *gates = three
        passes(gates[first], request(AT_EAST, "t1", permit=b"a" * 8))
        found = outcome(gates[second], request(AT_EAST, "t2", permit=b"b" * 8, exited_s=60))
        assert found == (ClaimCode.VIN_ALREADY_EXITED, GATES[first])

    def test_leaves_by_another_permit_where_the_rule_allows_it(self, three):
        _hub, _east, north, south = three
        passes(north, request(AT_EAST, "t1", permit=b"a" * 8))
        passes(south, request(AT_EAST, "t2", permit=b"b" * 8))

    def test_is_at_one_lane_at_a_time(self, three):
        _hub, east, _north, _south = three
        east.claim(request(AT_EAST, "t1", permit=b"a" * 8))
        found = outcome(east, request(AT_EAST, "t2", permit=b"b" * 8, exited_s=60))
        assert found == (ClaimCode.RESERVED_ELSEWHERE, "east")


class TestOneGate:
    def test_gives_the_same_word_to_the_same_transaction(self, three):
        hub, _east, north, _south = three
        first, second = north.claim(request(AT_EAST)), north.claim(request(AT_EAST))
        assert first == second
        assert hub.count("claim") == 1

    def test_asks_once_for_a_transaction_that_waits(self, three):
        hub, _east, north, _south = three
        hub.held = {"answer"}
        assert [north.desk.claim(request(AT_EAST), north.answers.append) for _ in range(2)] == [None, None]
        hub.let_go("answer")
        eventually(lambda: len(north.answers) == 2)
        assert {word.code for word in north.answers} == {ClaimCode.GRANTED}
        assert hub.count("claim") == 1

    def test_claims_anew_for_a_transaction_whose_grant_is_over(self, tmp_path):
        with site(tmp_path, rules=rules(hold_s=0.05)) as (hub, east, north, _south):
            for _ in range(5):
                word = north.claim(request(AT_EAST))
                assert word.code is ClaimCode.GRANTED
                eventually(lambda word=word: time.monotonic() >= word.hold_until_at)
            assert hub.count("claim") == 5
            eventually(lambda: not east.doubts())

    def test_has_one_lane_with_a_permit_at_a_time(self, three):
        _hub, _east, north, _south = three
        north.claim(request(AT_EAST, "t1"))
        assert outcome(north, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")


class TestReserving:
    def test_needs_a_grant(self, three):
        _hub, _east, north, _south = three
        with pytest.raises(LedgerConflictError, match="no gate of the site has granted it to transaction t1"):
            north.reserve(request(AT_EAST))

    @pytest.mark.parametrize(
        "other", [{"use": 2}, {"asked": request(AT_EAST, "t2")}, {"asked": request(AT_EAST, permit=b"x" * 8)}]
    )
    def test_needs_the_grant_for_just_this(self, three, other):
        _hub, _east, north, _south = three
        asked = request(AT_EAST)
        north.claim(asked)
        with pytest.raises(LedgerConflictError):
            north.reserve(**{"asked": asked, **other})

    def test_spends_the_grant(self, three):
        _hub, _east, north, _south = three
        asked = request(AT_EAST)
        north.claim(asked)
        north.reserve(asked)
        north.settle(asked, LedgerState.RELEASED)
        with pytest.raises(LedgerConflictError):
            north.reserve(asked)

    def test_keeps_the_grant_where_the_record_fails(self, three):
        _hub, _east, north, _south = three
        asked = request(AT_EAST)
        north.claim(asked)
        taken = LedgerChange(b"z" * 8, 1, LedgerState.CONSUMED, "t9")
        granted = Draft(AccessGranted(grant="t1-1", by="permit"), "1", "t1", UTC)
        reserve = LedgerChange(asked.permit_id, 1, LedgerState.RESERVED, "t1", AT_EAST, "export")
        with pytest.raises(LedgerConflictError, match="never reserved"):
            north.recorder.bind([granted], [reserve, taken])
        north.reserve(asked)

    def test_by_an_officers_order_needs_none(self, three):
        _hub, _east, north, _south = three
        north.reserve(request(AT_EAST), by="operator")

    @pytest.mark.parametrize("gate", [0, 1])
    def test_is_over_when_the_grant_is(self, tmp_path, gate):
        with site(tmp_path, rules=rules(hold_s=0.05)) as (_hub, *gates):
            asked = request(AT_EAST, "t1")
            word = gates[gate].claim(asked)
            eventually(lambda: time.monotonic() > word.hold_until_at)
            eventually(lambda: not gates[gate].desk._own.of_vehicle(AT_EAST))
            with pytest.raises(LedgerConflictError):
                gates[gate].reserve(asked)
            passes(gates[2], request(AT_EAST, "t2"))

    def test_and_dying_exclude_each_other(self, tmp_path):
        """Over many tries a grant ends at the very time of the record: it is either used or given back, never both."""
        with site(tmp_path, rules=rules(hold_s=0.02)) as (_hub, _east, north, south):
            used = 0
            for number in range(60):
                permit = number.to_bytes(8, "big")
                asked = request(AT_EAST, f"n{number}", permit=permit)
                if north.claim(asked).code is not ClaimCode.GRANTED:
                    continue
                with suppress(LedgerConflictError):
                    threading.Event().wait(number % 12 * 0.002)
                    north.reserve(asked)
                    used += 1
                reserved = north.journal.use_state(permit).open_reservation is not None
                found = south.claim(request(AT_EAST, f"s{number}", permit=permit)).code
                assert (found is ClaimCode.GRANTED) != reserved
            assert used


class TestLostWords:
    @pytest.mark.parametrize("lost", ["claim", "answer"])
    def test_leave_the_home_gate_unreachable(self, three, lost):
        hub, _east, north, _south = three
        hub.lost = {lost}
        word = north.claim(request(AT_EAST))
        assert (word.code, word.gate) == (ClaimCode.LEDGER_UNREACHABLE, "east")
        assert word.detail == "east did not answer within 0.6 s"

    def test_of_a_grant_do_not_keep_the_permit_from_passing_elsewhere(self, three):
        hub, east, north, south = three
        hub.lost = {"answer", "over"}
        north.claim(request(AT_EAST, "t1"))
        hub.lost = set()
        assert len(east.doubts()) == 1
        passes(south, request(AT_EAST, "t2"))
        assert hub.count("query") >= 1

    def test_of_a_grant_do_not_keep_the_permit_from_passing_at_home(self, three):
        hub, east, north, _south = three
        hub.lost = {"answer", "over"}
        north.claim(request(AT_EAST, "t1"))
        hub.lost = set()
        passes(east, request(AT_EAST, "t2"))

    def test_of_a_grant_do_not_keep_the_same_transaction_from_passing(self, three):
        hub, _east, north, _south = three
        hub.lost = {"answer", "over"}
        north.claim(request(AT_EAST))
        hub.lost = set()
        passes(north, request(AT_EAST))

    def test_on_the_end_of_a_claim_are_asked_for_in_time(self, three):
        hub, east, north, _south = three
        hub.lost = {"over"}
        passes(north, request(AT_EAST))
        eventually(lambda: east.knows(north))
        assert east.doubts()
        hub.lost = set()
        east.desk._home._doubts_at = 0.0
        east.journal._clock.utc += 60
        eventually(lambda: not east.doubts())

    def test_of_rows_are_asked_for(self, three):
        hub, east, north, _south = three
        hub.lost = {"rows"}
        passes(north, request(AT_EAST))
        eventually(lambda: hub.count("over"))
        assert east.doubts()
        hub.lost = set()
        east.link.cut()
        east.link.connect()
        eventually(lambda: east.knows(north) and not east.doubts())
        assert outcome(east, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "north")


class TestLateWords:
    def test_on_a_claim_that_is_dead_grant_nothing(self, three):
        hub, east, north, south = three
        hub.held = {"answer"}
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.LEDGER_UNREACHABLE
        hub.let_go("answer")
        with pytest.raises(LedgerConflictError):
            north.reserve(asked)
        eventually(lambda: not east.doubts(), what="the grant given back")
        passes(south, request(AT_EAST, "t2"))

    def test_on_the_end_of_a_claim_wait_for_the_rows_of_what_it_did(self, three):
        hub, east, north, south = three
        hub.held = {"rows"}
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        north.reserve(asked)
        eventually(lambda: hub.count("over"))
        assert outcome(south, request(AT_EAST, "t2"))[0] is ClaimCode.RESERVED_ELSEWHERE
        assert east.doubts()
        hub.let_go("rows")
        eventually(lambda: east.knows(north) and not east.doubts())
        assert outcome(south, request(AT_EAST, "t3"))[0] is ClaimCode.RESERVED_ELSEWHERE

    def test_of_an_older_reservation_do_not_free_a_newer_one(self, three):
        """The rows of a first try that was given back come when a second one is granted, and free nothing of it."""
        hub, east, north, south = three
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        hub.held = {"rows"}
        north.reserve(asked)
        north.settle(asked, LedgerState.RELEASED)
        eventually(lambda: hub.waiting)
        assert north.claim(asked).code is ClaimCode.GRANTED
        hub.let_go("rows")
        eventually(lambda: east.knows(north))
        assert outcome(south, request(AT_EAST, "t2"))[0] is ClaimCode.RESERVED_ELSEWHERE
        north.reserve(asked)

    def test_claim_nothing_for_a_gate_that_gave_up(self, three):
        hub, east, north, south = three
        hub.held = {"claim"}
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.LEDGER_UNREACHABLE
        hub.let_go("claim")
        eventually(lambda: hub.count("over") >= 2 and not east.doubts())
        passes(south, request(AT_EAST, "t2"))


class TestRepeatedWords:
    KINDS = ("claim", "answer", "over", "rows", "query", "alive", "want")

    @pytest.mark.parametrize("kind", KINDS)
    def test_change_nothing_while_a_use_is_reserved(self, three, kind):
        hub, _east, north, south = three
        hub.lost = {"answer"}
        north.claim(request(AT_EAST, "t0"))
        hub.lost = set()
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        hub.again(kind)
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
        north.reserve(asked)
        hub.again(kind)
        assert outcome(south, request(AT_EAST, "t3")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_change_nothing_when_a_use_is_over(self, three):
        hub, east, north, south = three
        passes(north, request(AT_EAST, "t1"))
        eventually(lambda: not east.doubts())
        for kind in self.KINDS:
            hub.again(kind)
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "north")

    def test_of_an_old_claim_do_not_take_the_place_of_a_newer_one(self, three):
        hub, _east, north, south = three
        hub.held = {"claim"}
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.LEDGER_UNREACHABLE
        (old,) = hub.waiting
        hub.waiting, hub.held = [], set()
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        before = hub.count("over")
        hub.hand_over("", *old[1:])
        eventually(lambda: hub.count("over") > before, what="the old claim's end")
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
        north.reserve(asked)


class TestAGateThatDies:
    @pytest.fixture
    def some(self, tmp_path):
        with site(tmp_path) as (hub, *gates):
            for gate in gates:
                gate.folder = tmp_path
            yield hub, *gates

    def test_after_the_grant_leaves_the_use_to_others(self, some):
        hub, _east, north, south = some
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.GRANTED
        hub.lost = {"over"}
        with self.again(some, 1):
            hub.lost = set()
            passes(south, request(AT_EAST, "t2"))

    def test_after_the_record_keeps_the_use(self, some):
        hub, _east, north, south = some
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        hub.lost = {"rows", "over"}
        north.reserve(asked)
        with self.again(some, 1):
            hub.lost = set()
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_and_stays_away_keeps_the_use(self, some):
        _hub, _east, north, south = some
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.GRANTED
        north.link.cut()
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_as_the_home_gate_knows_its_grants_afterwards(self, some):
        hub, _east, north, south = some
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        with self.again(some, 0) as east:
            assert len(east.doubts()) == 1
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
            north.reserve(asked)
            assert hub.count("alive") == 1

    def test_as_the_home_gate_between_its_grant_and_its_answer_grants_again(self, some):
        hub, _east, north, _south = some
        hub.lost = {"answer"}
        north.claim(request(AT_EAST, "t1"))
        with self.again(some, 0):
            hub.lost = set()
            passes(north, request(AT_EAST, "t1"))

    def test_without_a_trace_of_its_journal_grants_nothing_until_it_has_heard_all(self, some):
        hub, _east, north, south = some
        passes(south, request(AT_EAST, "t1"))
        hub.lost = {"rows"}
        with self.again(some, 0, journal="new.db") as east:
            for gate in (east, north):
                word = gate.claim(request(AT_EAST, "t2"))
                assert word.code is ClaimCode.LEDGER_UNREACHABLE
                assert "lost its ledger" in word.detail or word.detail.endswith("it lacks what north, south knows")
            hub.lost = set()
            east.link.cut()
            east.link.connect()
            eventually(east.ready)
            assert outcome(north, request(AT_EAST, "t3")) == (ClaimCode.USED_AT_OTHER_GATE, "south")

    def test_without_a_trace_of_its_journal_makes_void_what_it_had_granted(self, some):
        _hub, _east, north, south = some
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        with self.again(some, 0, journal="new.db") as east:
            eventually(east.ready)
            passes(south, request(AT_EAST, "t2"))
            with pytest.raises(LedgerConflictError):
                north.reserve(asked)

    def test_without_a_trace_of_its_journal_does_not_know_what_it_did_with_a_grant(self, some):
        hub, _east, north, south = some
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        hub.lost = {"rows", "over"}
        north.reserve(asked)
        with self.again(some, 1, journal="new.db") as new:
            hub.lost = {"rows"}
            hub.again("answer")
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
            hub.lost = set()
            new.link.cut()
            new.link.connect()
            eventually(new.ready)
            assert outcome(south, request(AT_EAST, "t3")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def again(self, three, number, **changes):
        """The gate of this place, ended as by kill -9 (its desk says nothing more) and started anew."""
        hub, *gates = three
        old = gates[number]
        hub._links.pop(old.gate)
        old.link.cut()
        old.journal.close()
        return closing(SiteGate(hub, old.folder, old.gate, boot="b2", **changes))


POLICIES = {
    PartitionPolicy.HOME_GATE: (ClaimCode.GRANTED, ClaimCode.LEDGER_UNREACHABLE),
    PartitionPolicy.DENY: (ClaimCode.LEDGER_UNREACHABLE, ClaimCode.LEDGER_UNREACHABLE),
    PartitionPolicy.ALLOW_AND_FLAG: (ClaimCode.GRANTED, ClaimCode.FLAGGED),
}


class TestPolicies:
    @pytest.mark.parametrize("policy", PartitionPolicy)
    @pytest.mark.parametrize("number", [0, 1])
    def test_say_who_passes_without_the_broker(self, tmp_path, policy, number):
        with site(tmp_path, rules=rules(policy)) as (_hub, *gates):
            gate = gates[number]
            gate.link.cut()
            word = gate.claim(request(AT_EAST))
            assert word.code is POLICIES[policy][number]
            if word.passes:
                gate.reserve(request(AT_EAST), word.use)

    @pytest.mark.parametrize("policy", PartitionPolicy)
    def test_say_who_passes_while_the_home_gate_is_silent(self, tmp_path, policy):
        with site(tmp_path, rules=rules(policy)) as (_hub, east, north, _south):
            east.link.cut()
            assert north.claim(request(AT_EAST)).code is POLICIES[policy][1]

    @pytest.mark.parametrize("policy", PartitionPolicy)
    def test_count_nothing_while_the_home_gate_can_be_asked(self, tmp_path, policy):
        with site(tmp_path, rules=rules(policy)) as (_hub, east, north, south):
            passes(north, request(AT_EAST, "t1"))
            eventually(lambda: east.knows(north))
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "north")

    def test_let_nobody_pass_on_what_is_known_to_be_used(self, tmp_path):
        with site(tmp_path, rules=rules(PartitionPolicy.ALLOW_AND_FLAG)) as (_hub, east, north, south):
            passes(south, request(AT_EAST, "t1"))
            eventually(lambda: north.knows(south) and east.knows(south))
            north.link.cut()
            assert north.claim(request(AT_EAST, "t2")).code is ClaimCode.LEDGER_UNREACHABLE

    def test_flag_what_passed_twice_at_every_gate_and_once(self, tmp_path):
        with site(tmp_path, rules=rules(PartitionPolicy.ALLOW_AND_FLAG)) as (_hub, east, north, south):
            for gate in (east, north):
                gate.link.cut()
            for gate, transaction in ((east, "t1"), (north, "t2")):
                asked = request(AT_EAST, transaction)
                word = gate.claim(asked)
                gate.reserve(asked, word.use)
                gate.settle(asked, LedgerState.CONSUMED)
            for gate in (east, north):
                gate.link.connect()
            for gate in (east, north, south):
                eventually(lambda gate=gate: gate.events("ledger.conflict"))
                (event,) = gate.events("ledger.conflict")
                assert (set(event["gates"]), set(event["transactions"])) == ({"east", "north"}, {"t1", "t2"})


class TestLists:
    def test_that_differ_are_told_and_grant_nothing(self, tmp_path):
        hub = Hub()
        east = SiteGate(hub, tmp_path, "east", gates=("east", "north", "south"))
        north = SiteGate(hub, tmp_path, "north", gates=("east", "north"))
        try:
            eventually(lambda: north.desk.status()["peers"]["east"]["trouble"])
            vehicle = next(v for n in range(50) if roll_of("north", ("east", "north")).home(v := f"V{n}") == "east")
            word = north.claim(request(vehicle))
            assert word.code is ClaimCode.LEDGER_UNREACHABLE
            assert word.detail == "its list of the site's gates differs from that of north"
            assert east.desk.status()["refused"] == {"other_list": 1}
            assert not east.ready()
        finally:
            east.close()
            north.close()

    def test_that_were_changed_must_be_heard_of_from_all_before_a_home_gate_speaks(self, tmp_path):
        two = ("east", "north")
        hub = Hub()
        for gates, complete in ((two, True), (GATES, False)):
            started = [SiteGate(hub, tmp_path, gate, gates=gates) for gate in two]
            try:
                if complete:
                    eventually(lambda started=started: all(gate.ready() for gate in started))
                else:
                    eventually(lambda started=started: started[0].desk.status()["missing"] == ["south"])
            finally:
                for gate in started:
                    gate.close()

    def test_that_stand_need_nobody_after_a_restart(self, tmp_path):
        with site(tmp_path):
            pass
        alone = SiteGate(Hub(), tmp_path, "east", up=False)
        try:
            passes(alone, request(AT_EAST))
        finally:
            alone.close()


class TestStrangers:
    def test_and_noise_are_refused_and_counted(self, three):
        _hub, east, north, _south = three
        stranger = roll_of("stranger", ("stranger", *GATES))
        query = Query(id="x", permit="00" * 8)
        east.link.bring(stranger.sealed(query, "east", KEYS["stranger"]))
        east.link.bring(roll_of("north", site=8).sealed(query, "east", KEYS["north"]))
        east.link.bring(roll_of("north").sealed(query, "*", KEYS["north"]))
        eventually(lambda: len(east.desk.status()["refused"]) == 3)
        assert east.desk.status()["refused"] == {"key_unknown": 1, "wrong_site": 1, "wrong_topic": 1}
        passes(north, request(AT_EAST))

    def test_cannot_answer_for_the_home_gate(self, three):
        hub, _east, north, south = three
        hub.held = {"claim"}
        assert north.desk.claim(request(AT_EAST), north.answers.append) is None
        (_kind, _receivers, text) = hub.waiting[0]
        claim = roll_of("east").opened(text).said
        south.desk._say("north", Answer(id=claim.id, permit=claim.permit, code=ClaimCode.GRANTED, use=1))
        eventually(lambda: north.answers)
        assert north.answers[0].code is ClaimCode.LEDGER_UNREACHABLE

    def test_in_a_flood_leave_the_desk_alive(self, three):
        _hub, east, north, _south = three
        text = roll_of("north").sealed(Query(id="x", permit="00" * 8), "south", KEYS["north"])
        for _ in range(INBOX * 3):
            east.link.bring(text)
        eventually(lambda: east.desk.status()["refused"].get("inbox_full"))
        eventually(lambda: north.claim(request(AT_EAST, f"t{time.monotonic()}")).code is ClaimCode.GRANTED)


class TestTroubleAtHome:
    def test_with_the_journal_is_raised_and_claims_nothing(self, tmp_path):
        hub = Hub()
        gate = SiteGate(hub, tmp_path, "east", gates=("east", "north"))
        gate.desk._exchange._missing = frozenset()
        gate.journal.close()
        with pytest.raises(JournalUnavailableError):
            gate.claim(request(vehicle_of("east", ("east", "north"))))
        assert not gate.desk._own.overdue(float("inf"))
        gate.close()


def test_the_status_tells_how_the_gate_stands_with_the_others(three):
    _hub, east, north, _south = three
    passes(north, request(AT_EAST))
    eventually(lambda: east.knows(north))
    status = east.desk.status()
    assert {name: status[name] for name in ("connected", "detail", "policy", "missing", "refused")} == {
        "connected": True, "detail": "", "policy": "home_gate", "missing": [], "refused": {},
    }  # fmt: skip
    assert sorted(status["peers"]) == ["north", "south"]
    assert status["peers"]["north"]["behind"] == 0
    assert 0 <= status["peers"]["north"]["heard_s"] < 60


def test_a_gate_that_is_alone_grants_by_its_own_ledger(tmp_path):
    gate = SiteGate(Hub(), tmp_path, "east")
    lone = LoneGate(gate.journal)
    asked = request(AT_EAST)
    lone.start()
    word = lone.claim(asked, gate.answers.append)
    assert (word.code, word.use) == (ClaimCode.GRANTED, 1)
    with lone.reserving([], [LedgerChange(asked.permit_id, 1, LedgerState.RESERVED, "t1")]):
        pass
    assert lone.status() == {}
    assert lone.stop()
    gate.close()
