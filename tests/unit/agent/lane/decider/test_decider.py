"""Decisions of one lane: lists, ledger, clock and the other gates around the judgement."""

from dataclasses import replace

import pytest

from agent.core.crypto.keys import SigningKey
from agent.core.decision.judgement import JudgementRules
from agent.core.lane.effects import Decide, Record
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind
from agent.core.lists.freshness import DataState, FreshnessRules
from agent.core.model.instant import Instant
from agent.core.model.list_rows import DeclarationStatus, Revocation, Subject, Watched
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Check, Reason, Verdict
from agent.core.model.trace_context import TraceContext
from agent.core.permit import trust
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, LIST_LIFE_S, Issuer, issue, trust_list
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.core.trust_state import NO_HOLD, StateHold
from agent.lane.decider import Decider, LanePlace, Sources
from agent.lane.decider.decider import MARGIN_S
from agent.site.standalone import StandaloneSite
from agent.store.errors import JournalUnavailableError, RegistryError
from tests.support.lane.judging import REFERENCE, declared, read
from tests.support.lane.kept_pictures import FaithfulReader
from tests.support.lane.yard import deciding
from tests.support.lists.lists import DECLARATIONS, REVOCATIONS, ROOT, WATCH
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.store.flaky_journal import FlakyJournal
from tests.support.store.journals import GATE, FakeClock, consume, release, reserve
from tests.support.store.registries import open_registry, put_whole

STRANGER = SigningKey.from_seed(b"s" * 32)
FRESHNESS = FreshnessRules(900, 14_400, 86_400)
PLACE = LanePlace(
    9411,
    1,
    "export",
    60,
    700,
    require_clock=True,
    rules=JudgementRules(without_plate="pass"),
    forms=frozenset(PermitForm),
    freshness=FRESHNESS,
)
PLATE = "新A12345"
PLATED = replace(PERMIT, plate=PLATE, plate_kind="civil")


class SetClock:
    """A clock that is trusted or not, as set."""

    trust = True

    def trusted(self):
        return self.trust


class FlakyRegistry:
    """A real registry whose reading can be made to fail. `asked`: what was asked of it."""

    def __init__(self, registry):
        self.real, self.fails, self.asked = registry, None, []

    def __getattr__(self, name):
        self.asked.append(name)
        if self.fails == name:
            raise RegistryError("no such device")
        return getattr(self.real, name)


class ScriptedClaims:
    """Notes claims and answers them as set: at once, or, where `answer` is None, when told to.

    `meanwhile` is called when it is asked.
    """

    def __init__(self, answer=None):
        self.answer, self.requested, self.fails = answer, [], None
        self.meanwhile = lambda: None

    def claim(self, request, answer):
        self.requested.append((request, answer))
        self.meanwhile()
        if self.fails:
            raise self.fails
        return self.answer

    def speak(self, code=ClaimCode.GRANTED, place=-1, **said):
        """Answer a claim, from whatever thread this is."""
        self.requested[place][1](ClaimAnswer(code, **({"use": 1} | said)))


def sealed(version=1, since=NOW - DAY_S, issuers=(("KHE", KEY),), **life):
    listed = [Issuer(name, signer) for name, signer in issuers]
    return trust.seal(trust_list(listed, since, version, **life), ROOT)


class Lane:
    """A decider with everything around it. `later`: the answers that came later."""

    def __init__(self, folder):
        self.journal_clock = FakeClock()
        self.journal = FlakyJournal(folder / "journal.db", clock=self.journal_clock)
        self.registry = open_registry(folder / "registry.db")
        self.lists = FlakyRegistry(self.registry)
        self.registry.take_trust(sealed(), "file")
        self.clock = SetClock()
        self.place = PLACE
        self.claims = StandaloneSite(self.journal)
        self.kept_pictures = FaithfulReader()
        self.hold = NO_HOLD
        self.later = []
        self._decider = None

    def close(self):
        self.journal.close()
        self.registry.close()

    def lose(self, cause):
        """A witness shows that the gate's state is not whole."""
        self.hold = StateHold(cause=cause)

    @property
    def decider(self):
        """The decider of the place and the sources as they are: a new one where one of them changed."""
        key = (self.place, self.lists, self.journal, self.clock, self.claims)
        if self._decider is None or self._decider[0] != key:
            sources = Sources(
                self.lists,
                self.journal,
                self.clock.trusted,
                self.claims,
                self.kept_pictures,
                hold=lambda: self.hold,
            )
            self._decider = key, Decider(self.place, sources)
        return self._decider[1]

    def ask(self, transaction="t1", *, utc=NOW, at=1.0, final=False, shown=None, readings=(), permit=PERMIT):
        """The answer at once, or None."""
        texts = [issue(permit, KEY).encode()] if shown is None else shown
        presentations = tuple(Presentation(text, "test", "front", n, at) for n, text in enumerate(texts))
        question = self.kept_pictures.pictured(Decide(transaction, presentations, readings, final))
        now = Instant(at, float(utc))
        before = len(self.later)
        answer = self.decider.decide(question, now, self.later.append)
        if answer is None and len(self.later) > before:  # the reader of pictures answers at once, and nobody else asked
            answer = self.later.pop()
        assert answer is None or (answer.now, answer.transaction, answer.final) == (now, transaction, final)
        return answer

    def decide(self, *arguments, **options):
        answer = self.ask(*arguments, **options)
        assert answer is not None
        return answer

    def verdict(self, *arguments, **options):
        decision = self.decide(*arguments, **options).decision
        return decision.verdict, decision.reason

    def rules(self, **changes):
        self.place = replace(self.place, rules=replace(self.place.rules, **changes))


@pytest.fixture
def lane(tmp_path):
    lane = Lane(tmp_path)
    yield lane
    lane.close()


PASS = (Verdict.PASS, Reason.OK)
FAULT = (Verdict.MANUAL, Reason.GATE_FAULT)


def test_a_good_permit_passes_with_the_first_use(lane):
    answer = lane.decide()
    assert (answer.decision.verdict, answer.use) == (Verdict.PASS, 1)


@pytest.mark.parametrize("utc", [NOW, PERMIT.expires_at + 120], ids=["it passes", "it is past its end"])
def test_a_decision_names_the_trace_of_the_permits_declaration_also_where_it_may_not_pass(lane, utc):
    assert lane.decide(utc=utc).decision.trace is None
    trace = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
    put_whole(lane.registry, DECLARATIONS, [replace(declared(PERMIT), trace=trace)])
    assert lane.decide(utc=utc).decision.trace == trace


def test_a_registry_that_fails_while_the_trace_is_asked_for_leaves_the_answer_as_it_is(lane):
    lane.lists.fails = "declaration"
    assert lane.verdict(utc=PERMIT.expires_at + 120) == (Verdict.DENY, Reason.EXPIRED)


def test_without_evidence_it_asks_for_a_permit(lane):
    answer = lane.decide(shown=[])
    assert (answer.decision.verdict, answer.decision.reason, answer.use) == (Verdict.RETRY, Reason.QR_NONE, 0)


# ------------------------------------------------------------------------------------------------- the ledger


def test_each_further_use_has_the_next_number_until_all_are_used(lane):
    lane.journal.record([], [reserve(1, "t1", PERMIT.permit_id), consume(1, "t1", PERMIT.permit_id)])
    assert lane.decide("t2").use == 2
    lane.journal.record([], [reserve(2, "t2", PERMIT.permit_id), consume(2, "t2", PERMIT.permit_id)])
    assert lane.verdict("t3") == (Verdict.DENY, Reason.ALREADY_USED)


def test_a_released_use_is_given_again(lane):
    lane.journal.record([], [reserve(1, "t1", PERMIT.permit_id), release(1, "t1", PERMIT.permit_id)])
    assert lane.decide("t2").use == 1


def test_a_second_decision_of_a_transaction_that_holds_a_use_names_that_use(lane):
    lane.journal.record([], [reserve(1, "t1", PERMIT.permit_id)])
    answer = lane.decide("t1")
    assert (answer.decision.verdict, answer.use) == (Verdict.PASS, 1), "which the ledger will not reserve twice"
    assert lane.verdict("t2") == (Verdict.DENY, Reason.ALREADY_USED)


def test_a_reservation_of_before_a_restart_is_for_an_officer(lane, tmp_path):
    lane.journal.record([], [reserve(1, "t1", PERMIT.permit_id)])
    lane.journal.close()
    lane.journal = FlakyJournal(tmp_path / "journal.db", boot="boot-2")
    assert lane.verdict("t1") == lane.verdict("t2") == (Verdict.MANUAL, Reason.ALREADY_USED)


def kept(lane, yard):
    """Record what a lane wants recorded, as its loop does."""
    for effect in yard.effects:
        if isinstance(effect, Record):
            lane.journal.record(effect.events, effect.ledger)
    yard.effects.clear()


def test_a_use_that_a_lane_leaves_in_doubt_is_for_an_officer_as_after_a_restart(lane):
    once = replace(PERMIT, max_uses=1)
    yard = deciding(has_opened=True)
    yard.decide(Verdict.PASS, permit=once)
    yard.pulsed()
    yard.wait(6.1)
    yard.sense(opened=False, presence=False)
    yard.wait(1.1)
    kept(lane, yard)
    assert yard.state is LaneState.IDLE
    yard.sense(presence=True)
    answer = lane.decide(yard.lane.transaction_id, permit=once)
    assert (answer.decision.verdict, answer.decision.reason) == (Verdict.MANUAL, Reason.ALREADY_USED)
    assert "not known" in answer.decision.checks[-1].detail

    yard.qr()
    yard.feed(answer)
    yard.order(CommandKind.OPEN)
    yard.pulsed()
    yard.sense(1.0, opened=True)
    yard.sense(1.0, safety=True)
    yard.sense(1.0, presence=False)
    yard.sense(1.0, safety=False)
    yard.wait(1.1)
    kept(lane, yard)
    assert lane.verdict("t9", permit=once) == (Verdict.DENY, Reason.ALREADY_USED), "the officer let it through"


def test_a_ledger_that_cannot_be_read_is_for_an_officer(lane, caplog):
    lane.journal.fails = JournalUnavailableError("no such device")
    answer = lane.decide()
    assert (answer.decision.verdict, answer.decision.reason, answer.use) == (*FAULT, 0)
    assert "JournalUnavailableError" in answer.decision.checks[-1].detail
    assert "no such device" in caplog.text
    lane.journal.fails = None
    assert lane.verdict() == PASS


# ------------------------------------------------------------------------------------------------- anti-passback

WINDOW_S = 600
BACK = (Verdict.DENY, Reason.PASSBACK)


def passed(lane, at, direction="export", transaction="t1", permit=b"another permit", vehicle=PERMIT.vin):
    """Note that a vehicle passed, by another permit than the one that is shown."""
    lane.journal_clock.utc = at
    lane.journal.record([], [reserve(1, transaction, permit, vehicle, direction), consume(1, transaction, permit)])


@pytest.mark.parametrize(
    ("window_s", "ago_s", "direction", "wanted"),
    [
        (WINDOW_S, WINDOW_S - 1, "export", BACK),
        (WINDOW_S, WINDOW_S, "export", PASS),
        (WINDOW_S, 1, "import", PASS),
        (WINDOW_S, -3600, "export", BACK),
        (0, 1, "export", PASS),
    ],
    ids=["too soon", "the window is over", "it went back since", "the clock was set back", "switched off"],
)
def test_a_vehicle_does_not_pass_the_same_way_twice_within_the_window(lane, window_s, ago_s, direction, wanted):
    lane.rules(anti_passback_s=window_s)
    passed(lane, NOW - ago_s, direction)
    assert lane.verdict("t2") == wanted


def test_the_passback_is_explained_and_other_vehicles_and_its_own_transaction_are_left_alone(lane):
    lane.rules(anti_passback_s=WINDOW_S)
    assert Check(Reason.PASSBACK, ok=True) in lane.decide("t1").decision.checks
    passed(lane, NOW - 1, vehicle="another vehicle")
    assert lane.verdict("t2") == PASS
    passed(lane, NOW - 5, transaction="t3", permit=b"third")
    assert lane.verdict("t3") == PASS
    wanted = Check(Reason.PASSBACK, ok=False, detail="passed in this direction 5 s ago, less than 600 s ago")
    assert lane.decide("t4").decision.checks[-1] == wanted
    assert (
        Check(Reason.PASSBACK, ok=True, detail="passed in this direction 705 s ago")
        in lane.decide("t4", utc=NOW + 700).decision.checks
    )


# ------------------------------------------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    ("required", "trusted", "wanted"),
    [
        (True, True, PASS),
        (True, False, (Verdict.MANUAL, Reason.CLOCK_UNTRUSTED)),
        (False, False, PASS),
    ],
)
def test_an_untrusted_clock_is_for_an_officer_where_the_site_requires_one(lane, required, trusted, wanted):
    lane.place = replace(PLACE, require_clock=required)
    lane.clock.trust = trusted
    assert lane.verdict() == wanted


# ------------------------------------------------------------------------------------------------- the lists


def test_without_a_trust_list_an_officer_decides(lane, tmp_path):
    lane.lists = FlakyRegistry(open_registry(tmp_path / "empty.db"))
    decision = lane.decide().decision
    assert (decision.verdict, decision.reason) == FAULT
    assert decision.checks[-1].detail == "there is no valid trust list"
    lane.lists.real.take_trust(sealed(), "file")
    assert lane.verdict() == PASS, "and one that comes later is taken"
    lane.lists.real.close()


def test_a_new_trust_list_is_in_force_at_the_next_decision(lane):
    assert lane.verdict() == PASS
    lane.registry.take_trust(sealed(2, issuers=[("other", STRANGER)]), "mqtt")
    assert lane.verdict() == (Verdict.DENY, Reason.KEY_UNKNOWN), "though the text was judged a moment ago"
    lane.registry.take_trust(sealed(3), "mqtt")
    assert lane.verdict() == PASS


def test_a_trust_list_past_its_end_is_good_for_a_day_with_less_and_less_allowed(lane):
    permit = replace(PERMIT, expires_at=NOW + 60 * DAY_S)
    end = NOW - DAY_S + LIST_LIFE_S
    states = {-1: DataState.FRESH, 60: DataState.STALE_OK, 5 * 3600: DataState.KNOWN_ONLY, DAY_S + 1: DataState.TOO_OLD}
    found = {late: lane.decide(utc=end + late, permit=permit).decision for late in states}
    assert {late: decision.data.state for late, decision in found.items()} == states
    assert [decision.reason for decision in found.values()] == [
        Reason.OK,
        Reason.OK,
        Reason.DECLARATION_UNKNOWN,
        Reason.DATA_TOO_OLD,
    ]


@pytest.mark.parametrize("what", ["trust", "standings", "declaration", "revocation", "watched"])
def test_a_registry_that_cannot_be_read_is_for_an_officer(lane, what, caplog):
    lane.lists.fails = what
    answer = lane.decide()
    assert (answer.decision.verdict, answer.decision.reason, answer.use) == (*FAULT, 0)
    assert answer.decision.checks[-1].detail == "the registry of lists cannot be read: RegistryError"
    assert "no such device" in caplog.text
    lane.lists.fails = None
    assert lane.verdict() == PASS


REVOKED = (Verdict.DENY, Reason.PERMIT_REVOKED)


def test_a_permit_that_is_revoked_while_its_pictures_are_read_again_does_not_pass(lane, mocker):
    """The second reading takes seconds; central's word in them counts."""
    read = lane.kept_pictures.read

    def revoke_and_read(*arguments):
        put_whole(lane.registry, REVOCATIONS, [Revocation(PERMIT.permit_id, PERMIT.expires_at)])
        read(*arguments)

    mocker.patch.object(lane.kept_pictures, "read", revoke_and_read)
    assert lane.verdict() == REVOKED


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
def test_a_permit_that_is_revoked_while_its_home_gate_is_asked_does_not_pass(lane, at_once):
    claim = lane.claims.claim

    class Revoking:
        def claim(self, request, answer):
            put_whole(lane.registry, REVOCATIONS, [Revocation(PERMIT.permit_id, PERMIT.expires_at)])
            granted = claim(request, answer)
            return granted if at_once else answer(granted)

    lane.claims = Revoking()
    assert lane.verdict() == REVOKED


def test_where_the_lists_cannot_be_read_when_the_home_gate_answers_an_officer_decides(lane):
    claim = lane.claims.claim

    class Failing:
        def claim(self, request, answer):
            lane.lists.fails = "revocation"
            answer(claim(request, answer))

    lane.claims = Failing()
    assert lane.verdict() == (Verdict.MANUAL, Reason.GATE_FAULT)


@pytest.mark.parametrize(
    ("narrowed", "said"),
    [
        ({"not_before": NOW - 7200, "expires_at": NOW - 3600}, f"the declaration: until {NOW - 3600}"),
        ({"not_before": NOW + 3600}, f"the declaration: from {NOW + 3600}"),
        ({"lane_mask": 0b10}, "the declaration: lane mask 0x2"),
    ],
    ids=["shortened", "put off", "for another lane"],
)
def test_a_permit_passes_no_longer_and_nowhere_else_than_its_declaration_says_now(lane, narrowed, said):
    here = declared(PERMIT)
    put_whole(lane.registry, DECLARATIONS, [replace(here, **narrowed)], 1)
    decision = lane.decide().decision
    assert (decision.verdict, decision.reason) == (Verdict.DENY, Reason.DECLARATION_MISMATCH)
    assert decision.checks[-1].detail == said
    put_whole(lane.registry, DECLARATIONS, [here], 2)
    assert lane.verdict() == PASS


def test_what_central_says_of_a_permit_is_in_force_at_the_next_decision(lane):
    here = declared(PERMIT)
    put_whole(lane.registry, DECLARATIONS, [here], 1)
    decision = lane.decide().decision
    assert (decision.verdict, decision.data.versions) == (Verdict.PASS, {DECLARATIONS: 1})
    put_whole(lane.registry, DECLARATIONS, [replace(here, status=DeclarationStatus.HELD)], 2)
    assert lane.verdict() == (Verdict.MANUAL, Reason.DECLARATION_NOT_RELEASED)
    put_whole(lane.registry, DECLARATIONS, [replace(here, vin="LSVAA49J132047372")], 3)
    assert lane.verdict() == (Verdict.DENY, Reason.DECLARATION_MISMATCH)
    put_whole(lane.registry, DECLARATIONS, [here], 4)
    put_whole(lane.registry, WATCH, [Watched(Subject.VIN, PERMIT.vin, "look", NOW + 5)])
    assert lane.verdict() == (Verdict.MANUAL, Reason.WATCHLIST_HOLD)
    assert lane.verdict(utc=NOW + 5) == PASS, "the entry is over"
    put_whole(lane.registry, REVOCATIONS, [Revocation(PERMIT.permit_id, PERMIT.expires_at)])
    assert lane.verdict() == (Verdict.DENY, Reason.PERMIT_REVOKED)


def test_a_lane_that_needs_declarations_is_told_how_old_they_are(lane):
    assert lane.verdict() == PASS
    lane.rules(declaration="required")
    never = lane.decide().decision
    assert (never.reason, never.data.state) == (Reason.DATA_TOO_OLD, DataState.TOO_OLD)
    put_whole(lane.registry, DECLARATIONS, [declared(PERMIT)], issued_at=NOW)
    hours = [0, 3, 5, 25]
    found = [lane.decide(utc=NOW + hour * 3600).decision for hour in hours]
    assert [decision.data.state for decision in found] == list(DataState)
    assert [decision.verdict for decision in found] == [Verdict.PASS] * 3 + [Verdict.MANUAL]


def test_a_reference_leads_to_its_declaration_and_needs_the_list_to_be_new(lane):
    assert lane.verdict(shown=[REFERENCE]) == (Verdict.MANUAL, Reason.DECLARATION_UNKNOWN), "there is no list"
    put_whole(lane.registry, DECLARATIONS, [declared(PERMIT, reference=None)], 1)
    assert lane.verdict(shown=[REFERENCE]) == (Verdict.DENY, Reason.DECLARATION_UNKNOWN)
    put_whole(lane.registry, DECLARATIONS, [declared(PERMIT)], 2)
    answer = lane.decide(shown=[REFERENCE])
    assert (answer.decision.verdict, answer.decision.permit.form) == (Verdict.PASS, PermitForm.REFERENCE)
    assert lane.verdict(shown=[REFERENCE], utc=NOW + 2 * DAY_S) == (Verdict.MANUAL, Reason.DATA_TOO_OLD)
    assert lane.verdict(utc=NOW + 2 * DAY_S) == (Verdict.MANUAL, Reason.DATA_TOO_OLD), "every list that is here ages"


def test_a_neighbour_that_is_declared_makes_an_unsure_plate_a_case_for_an_officer(lane):
    lane.rules(without_plate="manual")
    near = tuple(replace(one, positions=(*one.positions[:-1], (("5", 0.55), ("6", 0.44)))) for one in read())
    unsure = lane.verdict(permit=PLATED, readings=near, final=True)
    put_whole(lane.registry, DECLARATIONS, [declared(replace(PLATED, permit_id=b"neighbor", plate="新A12346"))])
    decision = lane.decide(permit=PLATED, readings=near, final=True).decision
    assert unsure[1] is not Reason.PLATE_OTHER_PERMIT
    assert (decision.verdict, decision.reason) == (Verdict.MANUAL, Reason.PLATE_OTHER_PERMIT)
    assert not any("12346" in check.detail for check in decision.checks)
    assert lane.verdict(permit=PLATED, readings=read()) == PASS


def test_a_declared_plate_alone_leads_to_its_permit_and_is_reserved_like_one(lane):
    lane.rules(require="plate")
    assert lane.verdict(shown=[], readings=read(), final=True) == (Verdict.MANUAL, Reason.DECLARATION_UNKNOWN)
    put_whole(
        lane.registry,
        DECLARATIONS,
        [declared(PLATED), declared(replace(PLATED, permit_id=b"strange.", plate="京B98765"))],
    )
    answer = lane.decide(shown=[], readings=read())
    assert (answer.decision.verdict, answer.use) == (Verdict.PASS, 1)
    assert (answer.decision.permit.form, answer.decision.permit.permit_id) == (PermitForm.PLATE, PERMIT.permit_id)
    lane.journal.record([], [reserve(1, "t0", PERMIT.permit_id)])
    assert lane.verdict(shown=[], readings=read()) == (Verdict.DENY, Reason.ALREADY_USED)


def test_where_either_is_enough_the_plate_comes_in_when_no_permit_did(lane):
    lane.rules(require="either")
    put_whole(lane.registry, DECLARATIONS, [declared(PLATED)])
    assert lane.verdict(shown=[], readings=read()) == (Verdict.RETRY, Reason.QR_NONE)
    assert "declared" not in lane.lists.asked
    assert lane.verdict(shown=[], readings=read(), final=True) == PASS
    assert lane.verdict(permit=PLATED, readings=read("京B98765")) == PASS


def test_readings_that_nothing_can_be_made_of_are_for_an_officer_and_end_no_lane(lane, caplog):
    put_whole(lane.registry, DECLARATIONS, [declared(PLATED)])
    broken = tuple(replace(one, columns=b"\xff") for one in read())
    assert lane.verdict(permit=PLATED, readings=broken) == (Verdict.MANUAL, Reason.INTERNAL_ERROR)
    assert "ColumnsError" in caplog.text
    assert lane.verdict(permit=PLATED, readings=read()) == PASS


def test_a_vehicle_that_passed_under_another_permit_is_for_an_officer(lane):
    lane.rules(already_exited_s=2.0 * DAY_S)
    assert lane.verdict() == PASS
    passed(lane, NOW - DAY_S)
    decision = lane.decide("t2").decision
    assert (decision.verdict, decision.reason) == (Verdict.MANUAL, Reason.VIN_ALREADY_EXITED)
    assert decision.checks[-1].detail == f"under permit {b'another permit'.hex()} at {GATE} at {NOW - DAY_S}"
    assert lane.verdict("t2", utc=NOW + DAY_S + 1) == PASS


def test_a_flood_of_codes_is_for_an_officer_until_it_is_quiet(lane):
    for number in range(11):
        answer = lane.decide(f"t{number}", at=number / 10, shown=[b"GP1:%d" % number])
    assert answer.decision.reason is Reason.RATE_LIMITED
    assert lane.verdict(at=30.0) == (Verdict.MANUAL, Reason.RATE_LIMITED), "a good permit among them too"
    assert lane.verdict(at=59.0) == (Verdict.MANUAL, Reason.RATE_LIMITED)
    assert lane.verdict(at=61.0) == PASS


# ------------------------------------------------------------------------------------------------- the other gates


@pytest.fixture
def claims(lane):
    lane.claims = ScriptedClaims()
    return lane.claims


def test_the_home_gates_word_may_be_there_at_once(lane, claims):
    claims.answer = ClaimAnswer(ClaimCode.GRANTED, use=2, hold_until_at=100.0)
    answer = lane.decide()
    assert (answer.decision.verdict, answer.use, answer.deadline) == (Verdict.PASS, 2, 100.0 - MARGIN_S)
    request, _ = claims.requested[0]
    assert (request.permit_id, request.vehicle, request.direction) == (PERMIT.permit_id, PERMIT.vin, "export")
    assert (request.max_uses, request.transaction, request.already_exited_s) == (PERMIT.max_uses, "t1", 0.0)


CODES = {
    ClaimCode.GRANTED: PASS,
    ClaimCode.FLAGGED: PASS,
    ClaimCode.USED_AT_OTHER_GATE: (Verdict.DENY, Reason.USED_AT_OTHER_GATE),
    ClaimCode.RESERVED_ELSEWHERE: (Verdict.MANUAL, Reason.RESERVED_ELSEWHERE),
    ClaimCode.VIN_ALREADY_EXITED: (Verdict.MANUAL, Reason.VIN_ALREADY_EXITED),
    ClaimCode.LEDGER_UNREACHABLE: (Verdict.MANUAL, Reason.LEDGER_UNREACHABLE),
}


@pytest.mark.parametrize("code", ClaimCode)
@pytest.mark.parametrize("late", [False, True])
def test_the_home_gates_word_decides_at_once_or_later(lane, claims, code, late):
    word = ClaimAnswer(code, use=1, gate="gate-2", detail="so it is")
    claims.answer = None if late else word
    answer = lane.ask()
    if late:
        assert (answer, lane.later) == (None, [])
        claims.requested[0][1](word)
        (answer,) = lane.later
    assert (answer.decision.verdict, answer.decision.reason) == CODES[code]
    assert "gate-2, so it is" in " ".join(check.detail for check in answer.decision.checks)


@pytest.mark.parametrize("late", [False, True])
def test_a_loss_that_is_noticed_while_the_home_gate_is_asked_is_for_an_officer(lane, claims, late):
    claims.answer = None if late else ClaimAnswer(ClaimCode.GRANTED, use=1)
    claims.meanwhile = lambda: lane.lose("an older copy")
    answer = lane.ask()
    if late:
        claims.speak()
        (answer,) = lane.later
    assert (answer.decision.verdict, answer.decision.reason) == (Verdict.MANUAL, Reason.STATE_NOT_WHOLE)


def test_the_same_question_meanwhile_waits_for_the_same_word_with_the_newest_evidence(lane, claims):
    lane.rules(without_plate="manual")
    assert lane.ask(permit=PLATED, readings=read(frames=2)) is None
    assert lane.ask(permit=PLATED, readings=read(frames=3), final=True) is None
    assert len(claims.requested) == 1
    claims.speak()
    (answer,) = lane.later
    assert answer.decision.match.frames == 3


def test_evidence_that_speaks_against_the_vehicle_is_answered_at_once_and_the_word_is_lost_on_it(lane, claims):
    lane.rules(without_plate="manual")
    assert lane.ask(permit=PLATED, readings=read()) is None
    denied = lane.decide(permit=PLATED, readings=read("京B98765"))
    assert denied.decision.reason is Reason.PLATE_MISMATCH
    claims.speak()
    assert lane.later == []


def test_a_word_on_an_earlier_vehicle_is_lost_on_the_next(lane, claims):
    assert lane.ask("t1") is None
    assert lane.ask("t2") is None
    assert [request.transaction for request, _ in claims.requested] == ["t1", "t2"]
    claims.speak(place=0)
    assert lane.later == []
    claims.speak(place=1)
    assert [answer.transaction for answer in lane.later] == ["t2"]


def test_a_claim_is_made_anew_once_its_word_was_given(lane, claims):
    assert lane.ask() is None
    claims.speak(hold_until_at=0.0)
    assert lane.ask() is None
    assert len(claims.requested) == 2
    claims.speak()
    assert len(lane.later) == 2


def test_nobody_claims_for_a_vehicle_that_does_not_pass_anyway(lane, claims):
    lane.rules(sample_share=1.0)
    assert lane.verdict() == (Verdict.MANUAL, Reason.SAMPLED)
    assert lane.verdict(shown=[]) == (Verdict.RETRY, Reason.QR_NONE)
    assert claims.requested == []


def test_a_draw_stays_when_the_home_gate_gives_another_use(lane, claims):
    lane.rules(sample_share=0.5, sample_salt=b"salt")
    drawn = {}
    for number in range(60):
        permit = replace(PERMIT, permit_id=b"permit%02d" % number)
        claims.answer = ClaimAnswer(ClaimCode.GRANTED, use=2)
        drawn[number] = lane.verdict(f"t{number}", permit=permit)[1]
    assert {Reason.SAMPLED, Reason.OK} == set(drawn.values())
    again = {
        number: lane.verdict(f"u{number}", permit=replace(PERMIT, permit_id=b"permit%02d" % number))[1]
        for number in range(60)
    }
    assert again == drawn, "showing it again does not draw again"


def test_a_ledger_that_fails_under_the_claim_is_for_an_officer_and_tried_again(lane, claims):
    claims.fails = JournalUnavailableError("no such device")
    assert lane.verdict() == FAULT
    claims.fails, claims.answer = None, ClaimAnswer(ClaimCode.GRANTED, use=1)
    assert lane.verdict() == PASS
