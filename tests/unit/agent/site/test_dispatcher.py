"""Words between the gates of a site that get lost, come late, come twice, or come from strangers:
no use is had twice.
"""

import threading
import time

import pytest

from agent.core.model.ledger import LedgerState
from agent.core.site.claim_answers import ClaimCode
from agent.core.site.messages import ClaimQuery, ClaimReply
from agent.site.work_queue import INBOX
from agent.store.errors import LedgerConflictError
from tests.support.site.sites import AT_EAST, GATES, KEYS, PLACE, QUICK, membership_of, outcome, passes, request, site
from tests.support.waiting import eventually


@pytest.fixture
def three(tmp_path):
    """Gates that do not wait long for an answer that never comes, but for south, which gets its answers."""
    with site(tmp_path) as gates:
        gates[-1].be_patient()
        yield gates


def lose_a_grant(three, gate, asked):
    """Have a use granted to a gate that never hears of it, and whose word that its claim is over is lost as well.

    From then on all have time.
    """
    hub, *gates = three
    hub.lose("answer", "over")
    gate.claim(asked)
    # It says so beside what the lane is told, and maybe later.
    eventually(lambda: hub.count("answer") and hub.count("over"), what="the words that are lost")
    hub.lose()
    for one in gates:
        one.be_patient()


def replayed(gate):
    """How many words a gate has refused as old ones: a few, maybe, when it met the others."""
    return gate.service.status()["refused"].get("replayed", 0)


class TestLostWords:
    @pytest.mark.parametrize("lost", ["claim", "answer"])
    def test_leave_the_home_gate_unreachable(self, three, lost):
        hub, _east, north, _south = three
        hub.lose(lost)
        word = north.claim(request(AT_EAST))
        assert (word.code, word.gate) == (ClaimCode.LEDGER_UNREACHABLE, "east")
        assert word.detail == f"east did not answer within {QUICK.claim_timeout_s:g} s"

    def test_of_a_grant_do_not_keep_the_permit_from_passing_elsewhere(self, three):
        hub, east, north, south = three
        lose_a_grant(three, north, request(AT_EAST, "t1"))
        assert len(east.doubts()) == 1
        passes(south, request(AT_EAST, "t2"))
        assert hub.count("query") >= 1

    def test_of_a_grant_do_not_keep_the_permit_from_passing_at_home(self, three):
        _hub, east, north, _south = three
        lose_a_grant(three, north, request(AT_EAST, "t1"))
        passes(east, request(AT_EAST, "t2"))

    def test_of_a_grant_do_not_keep_the_same_transaction_from_passing(self, three):
        _hub, _east, north, _south = three
        lose_a_grant(three, north, request(AT_EAST))
        passes(north, request(AT_EAST))

    def test_on_the_end_of_a_claim_are_asked_for_in_time(self, three):
        hub, east, north, _south = three
        north.be_patient()
        hub.lose("over")
        passes(north, request(AT_EAST))
        eventually(lambda: east.knows(north))
        assert east.doubts()
        hub.lose()
        east.journal._clock.utc += 60
        east.service._home._doubts_at = 0.0
        eventually(lambda: not east.doubts())

    def test_of_rows_are_asked_for(self, three):
        hub, east, north, _south = three
        north.be_patient()
        hub.lose("rows")
        passes(north, request(AT_EAST))
        eventually(lambda: hub.count("over"))
        assert east.doubts()
        hub.lose()
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
        eventually(lambda: hub.count("answer") and not east.doubts(), what="the grant given back")
        east.be_patient()
        passes(south, request(AT_EAST, "t2"))

    def test_on_the_end_of_a_claim_wait_for_the_rows_of_what_it_did(self, three):
        hub, east, north, south = three
        north.be_patient()
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
        north.be_patient()
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
        before = replayed(east)
        hub.held = {"claim", "over"}
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.LEDGER_UNREACHABLE
        eventually(lambda: [kind for kind, *_ in hub.waiting] == ["claim", "over"], what="the word that it gave up")
        hub.let_go("over")
        hub.let_go("claim")
        eventually(lambda: replayed(east) > before, what="the late claim refused")
        assert not east.doubts()
        passes(south, request(AT_EAST, "t2"))


class TestRepeatedWords:
    KINDS = ("claim", "answer", "over", "rows", "query", "alive", "want")

    @pytest.mark.parametrize("kind", KINDS)
    def test_change_nothing_while_a_use_is_reserved(self, three, kind):
        hub, east, north, south = three
        hub.lose("answer")
        north.claim(request(AT_EAST, "t0"))
        hub.lose()
        for gate in (east, north):
            gate.be_patient()
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        hub.again(kind)
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
        north.reserve(asked)
        hub.again(kind)
        assert outcome(south, request(AT_EAST, "t3")) == (ClaimCode.RESERVED_ELSEWHERE, "north")

    def test_change_nothing_when_a_use_is_over(self, three):
        hub, east, north, south = three
        north.be_patient()
        passes(north, request(AT_EAST, "t1"))
        eventually(lambda: not east.doubts())
        for kind in self.KINDS:
            hub.again(kind)
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.USED_AT_OTHER_GATE, "north")

    def test_of_an_old_claim_do_not_take_the_place_of_a_newer_one(self, three):
        hub, east, north, south = three
        hub.held = {"claim"}
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.LEDGER_UNREACHABLE
        (old,) = hub.waiting
        hub.waiting, hub.held = [], set()
        for gate in (east, north):
            gate.be_patient()
        asked, before = request(AT_EAST, "t1"), replayed(east)
        assert north.claim(asked).code is ClaimCode.GRANTED
        hub.hand_over("", *old[1:])
        eventually(lambda: replayed(east) > before, what="the old claim refused")
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
        north.reserve(asked)


class TestStrangers:
    def test_and_noise_are_refused_and_counted(self, three):
        _hub, east, north, _south = three
        north.be_patient()

        def refused():
            """But for what was said before two gates had met: docs/site.md."""
            told = east.service.status()["refused"]
            return {fault: count for fault, count in told.items() if fault not in {"no_session", "replayed"}}

        stranger = membership_of("stranger", ("stranger", *GATES))
        query = ClaimQuery(id="x", permit="00" * 8)
        east.link.bring(stranger.sealed(query, "east", PLACE, KEYS["stranger"]))
        east.link.bring(membership_of("north", site=8).sealed(query, "east", PLACE, KEYS["north"]))
        east.link.bring(membership_of("north").sealed(query, "*", PLACE, KEYS["north"]))
        eventually(lambda: len(refused()) == 3)
        assert refused() == {"key_unknown": 1, "wrong_site": 1, "wrong_topic": 1}
        passes(north, request(AT_EAST))

    def test_cannot_answer_for_the_home_gate(self, three):
        hub, _east, north, south = three
        hub.held = {"claim"}
        assert north.service.claim(request(AT_EAST), north.answers.append) is None
        (_kind, _receivers, text) = hub.waiting[0]
        claim = membership_of("east").opened(text).said
        south.service._sessions.send(
            "north", ClaimReply(id=claim.id, permit=claim.permit, code=ClaimCode.GRANTED, use=1)
        )
        eventually(lambda: north.answers)
        assert north.answers[0].code is ClaimCode.LEDGER_UNREACHABLE

    def test_in_a_flood_leave_the_service_alive(self, three):
        _hub, east, north, _south = three
        text = membership_of("north").sealed(ClaimQuery(id="x", permit="00" * 8), "south", PLACE, KEYS["north"])
        acts = threading.Event()
        east.service._dispatcher.claims.submit(acts.wait)  # so that it is slower than what comes
        for _ in range(INBOX * 3):
            east.link.bring(text)
        acts.set()
        eventually(lambda: east.service.status()["refused"].get("inbox_full"))
        eventually(lambda: north.claim(request(AT_EAST, f"t{time.monotonic()}")).code is ClaimCode.GRANTED)
