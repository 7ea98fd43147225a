"""Words between the gates of a site that get lost, come late, come twice, or come from strangers:
no use is had twice.
"""

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
    with site(tmp_path) as gates:
        yield gates


def lose_a_grant(hub, gate, asked):
    """Have a use granted to a gate that never hears of it, and whose word that its claim is over is lost as well."""
    hub.lose("answer", "over")
    gate.claim(asked)
    # It says so beside what the lane is told, and maybe later.
    eventually(lambda: hub.count("over"), what="the word that is lost")
    hub.lose()


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
        lose_a_grant(hub, north, request(AT_EAST, "t1"))
        assert len(east.doubts()) == 1
        passes(south, request(AT_EAST, "t2"))
        assert hub.count("query") >= 1

    def test_of_a_grant_do_not_keep_the_permit_from_passing_at_home(self, three):
        hub, east, north, _south = three
        lose_a_grant(hub, north, request(AT_EAST, "t1"))
        passes(east, request(AT_EAST, "t2"))

    def test_of_a_grant_do_not_keep_the_same_transaction_from_passing(self, three):
        hub, _east, north, _south = three
        lose_a_grant(hub, north, request(AT_EAST))
        passes(north, request(AT_EAST))

    def test_on_the_end_of_a_claim_are_asked_for_in_time(self, three):
        hub, east, north, _south = three
        hub.lose("over")
        passes(north, request(AT_EAST))
        eventually(lambda: east.knows(north))
        assert east.doubts()
        hub.lose()
        east.service._home._doubts_at = 0.0
        east.journal._clock.utc += 60
        eventually(lambda: not east.doubts())

    def test_of_rows_are_asked_for(self, three):
        hub, east, north, _south = three
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
        eventually(lambda: east.service.status()["refused"].get("replayed"), what="the late claim refused")
        assert not east.doubts()
        passes(south, request(AT_EAST, "t2"))


class TestRepeatedWords:
    KINDS = ("claim", "answer", "over", "rows", "query", "alive", "want")

    @pytest.mark.parametrize("kind", KINDS)
    def test_change_nothing_while_a_use_is_reserved(self, three, kind):
        hub, _east, north, south = three
        hub.lose("answer")
        north.claim(request(AT_EAST, "t0"))
        hub.lose()
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
        hub, east, north, south = three
        hub.held = {"claim"}
        assert north.claim(request(AT_EAST, "t1")).code is ClaimCode.LEDGER_UNREACHABLE
        (old,) = hub.waiting
        hub.waiting, hub.held = [], set()
        asked = request(AT_EAST, "t1")
        assert north.claim(asked).code is ClaimCode.GRANTED
        hub.hand_over("", *old[1:])
        eventually(lambda: east.service.status()["refused"].get("replayed"), what="the old claim refused")
        assert outcome(south, request(AT_EAST, "t2")) == (ClaimCode.RESERVED_ELSEWHERE, "north")
        north.reserve(asked)


class TestStrangers:
    def test_and_noise_are_refused_and_counted(self, three):
        _hub, east, north, _south = three
        stranger = membership_of("stranger", ("stranger", *GATES))
        query = ClaimQuery(id="x", permit="00" * 8)
        east.link.bring(stranger.sealed(query, "east", PLACE, KEYS["stranger"]))
        east.link.bring(membership_of("north", site=8).sealed(query, "east", PLACE, KEYS["north"]))
        east.link.bring(membership_of("north").sealed(query, "*", PLACE, KEYS["north"]))
        eventually(lambda: len(east.service.status()["refused"]) == 3)
        assert east.service.status()["refused"] == {"key_unknown": 1, "wrong_site": 1, "wrong_topic": 1}
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
        for _ in range(INBOX * 3):
            east.link.bring(text)
        eventually(lambda: east.service.status()["refused"].get("inbox_full"))
        eventually(lambda: north.claim(request(AT_EAST, f"t{time.monotonic()}")).code is ClaimCode.GRANTED)
