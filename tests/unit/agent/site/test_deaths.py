"""A gate of a site that dies, or cannot keep its ledger, at every step of a claim: no use is had twice, and none is
lost.
"""

import threading
from contextlib import closing

import pytest

from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.site.standalone import StandaloneSite
from agent.store.errors import JournalUnavailableError, LedgerConflictError
from tests.support.site.sites import AT_EAST, Hub, SiteGate, outcome, passes, request, rules, said_in, site, vehicle_of
from tests.support.waiting import PATIENCE_S, eventually

PATIENT = rules(claim_timeout_s=60.0)
"""So that what happens is never a matter of time."""


def number_of_grant(hub, transaction):
    """The number of the message that says that the claim of a transaction is granted; 0 before it was said."""
    answers = [said_in(text) for kind, _receivers, text in list(hub.past) if kind == "answer"]
    grants = [one for one in answers if one["said"]["code"] == "granted"]
    return next((one["number"] for one in grants if one["said"]["id"].startswith(f"{transaction}:")), 0)


def has_acted_on(gate, other, number):
    """Whether a gate has acted on what another said to it up to this number."""
    if gate.service._sessions._peers[other].number < number:
        return False
    acted = threading.Event()
    gate.service._dispatcher.claims.submit(acted.set)
    return acted.wait(PATIENCE_S)


@pytest.fixture
def three(tmp_path):
    with site(tmp_path, rules=PATIENT) as gates:
        yield gates


class TestAGateThatDies:
    @pytest.fixture
    def some(self, tmp_path):
        with site(tmp_path, rules=PATIENT) as (hub, *gates):
            for gate in gates:
                gate.folder = tmp_path
            yield hub, *gates

    @pytest.fixture
    def hasty(self, tmp_path):
        """Gates that do not wait long for an answer that never comes, but for south, which gets its answers."""
        with site(tmp_path) as (hub, *gates):
            for gate in gates:
                gate.folder = tmp_path
            gates[2].be_patient()
            yield hub, *gates

    def test_after_the_grant_leaves_the_use_to_others(self, some):
        hub, _east, north, south = some
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.GRANTED
        hub.lose("over")
        with self.again(some, 1):
            hub.lose()
            passes(south, request(AT_EAST, "t2"))

    def test_after_the_record_keeps_the_use(self, some):
        hub, _east, north, south = some
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        hub.lose("rows", "over")
        north.reserve(asked)
        with self.again(some, 1):
            hub.lose()
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_and_stays_away_keeps_the_use(self, hasty):
        _hub, _east, north, south = hasty
        north.be_patient()
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
            assert hub.count("alive") >= 1, "asked again where the answer takes long"

    def test_as_the_home_gate_between_its_grant_and_its_answer_grants_again(self, hasty):
        hub, _east, north, _south = hasty
        hub.lose("answer")
        north.claim(request(AT_EAST, "t1"))
        with self.again(hasty, 0):
            north.be_patient()
            hub.lose()
            passes(north, request(AT_EAST, "t1"))

    def test_without_a_trace_of_its_journal_grants_nothing_until_it_has_heard_all(self, some):
        hub, _east, north, south = some
        passes(south, request(AT_EAST, "t1"))
        hub.lose("rows")
        with self.again(some, 0, journal="new.db") as east:
            for gate in (east, north):
                word = gate.claim(request(AT_EAST, "t2"))
                assert word.code is ClaimCode.LEDGER_UNREACHABLE
                assert "lost its ledger" in word.detail or word.detail.endswith("it lacks data of north, south")
            hub.lose()
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

    def test_without_a_trace_of_its_journal_does_not_know_what_it_did_with_a_grant(self, hasty):
        hub, _east, north, south = hasty
        north.be_patient()
        asked = request(AT_EAST, "t1")
        north.claim(asked)
        hub.lose("rows", "over")
        north.reserve(asked)
        with self.again(hasty, 1, journal="new.db") as new:
            hub.lose("rows")
            hub.again("answer")
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
            hub.lose()
            new.link.cut()
            new.link.connect()
            eventually(new.ready)
            assert outcome(south, request(AT_EAST, "t3")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_without_a_trace_of_its_journal_uses_what_it_is_granted_once_it_has_heard_all(self, some):
        """The whole that it asked for may be read after the grant, and report it as a use that may be reserved."""
        hub, _east, _north, south = some
        hub.held = {"rows"}
        with self.again(some, 1, journal="new.db") as new:
            asked = request(AT_EAST, "t1")
            assert new.service.claim(asked, new.answers.append) is None
            hub.let_go("rows")
            eventually(new.ready)
            (word,) = eventually(lambda: new.answers, what="an answer")
            assert word.code is ClaimCode.GRANTED, word
            assert new.journal.use_state(asked.permit_id).open_reservation is None
            new.reserve(asked)
            new.settle(asked, LedgerState.CONSUMED)
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "north")

    def test_without_a_trace_of_its_journal_has_no_use_again_that_another_of_its_lanes_may_have_had(self, some):
        """The home gate leaves it to the gate that has a use which of its transactions takes it."""
        hub, _east, north, _south = some
        before = request(AT_EAST, "t1")
        assert north.claim(before).code is ClaimCode.GRANTED
        hub.lose("rows", "over")
        north.reserve(before)
        hub.lose()
        hub.held = {"rows"}
        with self.again(some, 1, journal="new.db") as new:
            asked = request(AT_EAST, "t2")
            assert new.service.claim(asked, new.answers.append) is None
            number = eventually(lambda: number_of_grant(hub, "t2"), what="the home gate's grant")
            eventually(lambda: has_acted_on(new, "east", number), what="the grant, which does not count yet")
            with pytest.raises(LedgerConflictError):
                new.reserve(asked)
            hub.let_go("rows")
            eventually(new.ready)
            eventually(lambda: new.answers, what="an answer")
            with pytest.raises(LedgerConflictError):
                new.reserve(asked)
            assert new.journal.use_state(asked.permit_id).in_doubt

    def test_without_a_trace_of_its_journal_is_in_doubt_of_what_it_was_granted_before(self, some):
        hub, _east, north, south = some
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        hub.lose("rows", "over")
        north.reserve(asked)
        with self.again(some, 1, journal="new.db") as new:
            hub.lose()
            new.link.cut()
            new.link.connect()
            eventually(new.ready)
            assert new.journal.use_state(asked.permit_id).in_doubt
            assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_without_a_trace_of_its_journal_leaves_no_word_on_its_old_rows_in_the_memory_of_others(self, some):
        hub, east, north, _south = some
        hub.lose("rows")
        passes(north, request(AT_EAST, "t1"))
        eventually(lambda: east.service._home._over, what="the word, whose rows are lost")
        with self.again(some, 1, journal="new.db") as new:
            hub.lose()
            for gate in (new, east):
                gate.link.cut()
                gate.link.connect()
            eventually(new.ready)
            eventually(lambda: not east.service._home._over, what="the word is forgotten")

    def again(self, three, number, **changes):
        """The gate of this folder, ended as by kill -9 (its service sends nothing more) and started again."""
        hub, *gates = three
        old = gates[number]
        hub._links.pop(old.gate)
        old.link.cut()
        old.journal.close()
        return closing(SiteGate(hub, old.folder, old.gate, boot="b2", rules=PATIENT, **changes))


class TestTroubleAtHome:
    def test_with_the_journal_is_raised_and_claims_nothing(self, tmp_path):
        hub = Hub()
        gate = SiteGate(hub, tmp_path, "east", gates=("east", "north"))
        gate.service._exchange._missing = frozenset()
        gate.service._exchange.start_wait._unheard = frozenset()
        gate.journal.close()
        with pytest.raises(JournalUnavailableError):
            gate.claim(request(vehicle_of("east", ("east", "north"))))
        assert not gate.service._own.overdue(float("inf"))
        gate.close()


def test_the_status_tells_how_the_gate_stands_with_the_others(three):
    _hub, east, north, _south = three
    passes(north, request(AT_EAST))
    eventually(lambda: east.knows(north))
    eventually(lambda: all(peer["met"] for peer in east.service.status()["peers"].values()))
    status = east.service.status()
    assert {name: status[name] for name in ("connected", "detail", "policy", "missing")} == {
        "connected": True, "detail": "", "policy": "home_gate", "missing": [],
    }  # fmt: skip
    # What a gate tells everybody before the two have met is told again.
    assert status["refused"].keys() <= {"no_session", "replayed"}
    not_taken = sum(status["refused"].values())
    assert sorted(status["peers"]) == ["north", "south"]
    assert {name: status["peers"]["north"][name] for name in ("behind", "trouble")} == {"behind": 0, "trouble": ""}
    assert status["peers"]["north"]["missed"] <= not_taken
    assert 0 <= status["peers"]["north"]["heard_s"] < 60


def test_a_gate_that_is_alone_grants_by_its_own_ledger(tmp_path):
    gate = SiteGate(Hub(), tmp_path, "east")
    lone = StandaloneSite(gate.journal)
    asked = request(AT_EAST)
    lone.start()
    word = lone.claim(asked, gate.answers.append)
    assert (word.code, word.use) == (ClaimCode.GRANTED, 1)
    with lone.reserving([], [LedgerChange(asked.permit_id, 1, LedgerState.RESERVED, "t1")]):
        pass
    assert lone.status() == {}
    assert lone.stop()
    gate.close()
