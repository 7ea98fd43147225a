"""Decisions of one lane: trust list, ledger and clock around the judgement."""

from dataclasses import replace

import pytest

from agent.core.decision import Check, Reason, Verdict
from agent.core.judgement import JudgementRules
from agent.core.lane_io import Decide
from agent.core.moment import Moment
from agent.core.observations import Presentation
from agent.core.permit import trust
from agent.core.permit.issue import DAY_S, LIST_LIFE_S, Issuer, issue, trust_list
from agent.core.permit.keys import SigningKey
from agent.decider import Decider, LanePlace
from agent.service.clock import Synchronisation
from agent.store.journal import JournalUnavailableError
from agent.trust_file import TrustFile
from tests.flaky_journal import FlakyJournal
from tests.journals import FakeClock, consume, release, reserve
from tests.permits import KEY, NOW, PERMIT

ROOT, STRANGER = (SigningKey.from_seed(seed * 32) for seed in (b"r", b"s"))
PLACE = LanePlace(9411, 1, "export", 60, 700, require_clock=True, rules=JudgementRules(without_plate="pass"))


class SetClock:
    """A wall clock that is synchronised or not, as set."""

    synchronised = True

    def synchronisation(self):
        return Synchronisation(synchronised=self.synchronised, error_ms=1.0)


def sealed(version=1, since=NOW - DAY_S, key=ROOT, issuers=(("KHE", KEY),), **life):
    listed = [Issuer(name, signer) for name, signer in issuers]
    return trust.seal(trust_list(listed, since, version, **life), key)


class Lane:
    """A decider with everything around it."""

    def __init__(self, folder):
        self.file = folder / "trust.gtl"
        self.file.write_bytes(sealed())
        self.journal_clock = FakeClock()
        self.journal = FlakyJournal(folder / "journal.db", clock=self.journal_clock)
        self.clock = SetClock()
        self.trust = TrustFile(self.file, [ROOT.public.raw.hex()])
        self.place = PLACE

    def decide(self, transaction="t1", *, utc=NOW, final=False, permit=PERMIT):
        shown = Presentation(issue(permit, KEY).encode(), "test", "front", 1, 0.0)
        question = Decide(transaction, (shown,), (), final)
        now = Moment(1.0, float(utc))
        answer = Decider(self.place, self.trust, self.journal, self.clock).decide(question, now)
        assert (answer.now, answer.transaction) == (now, transaction)
        return answer

    def verdict(self, *arguments, **options):
        decision = self.decide(*arguments, **options).decision
        return decision.verdict, decision.reason

    def replace_list(self, content):
        fresh = self.file.with_name("fresh")
        fresh.write_bytes(content)
        fresh.replace(self.file)


@pytest.fixture
def lane(tmp_path):
    lane = Lane(tmp_path)
    yield lane
    lane.journal.close()


PASS = (Verdict.PASS, Reason.OK)
FAULT = (Verdict.MANUAL, Reason.GATE_FAULT)


def test_a_good_permit_passes_with_the_first_use(lane):
    answer = lane.decide()
    assert (answer.decision.verdict, answer.use) == (Verdict.PASS, 1)


def test_without_evidence_it_asks_for_a_permit(lane):
    question = Decide("t1", (), (), final=False)
    answer = Decider(PLACE, lane.trust, lane.journal, lane.clock).decide(question, Moment(1.0, NOW))
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
    lane.place = replace(PLACE, rules=replace(PLACE.rules, anti_passback_s=window_s))
    passed(lane, NOW - ago_s, direction)
    assert lane.verdict("t2") == wanted


def test_the_passback_is_explained_and_other_vehicles_and_its_own_transaction_are_left_alone(lane):
    lane.place = replace(PLACE, rules=replace(PLACE.rules, anti_passback_s=WINDOW_S))
    assert lane.decide("t1").decision.checks[-1] == Check(Reason.PASSBACK, ok=True)
    passed(lane, NOW - 1, vehicle="another vehicle")
    assert lane.verdict("t2") == PASS
    passed(lane, NOW - 5, transaction="t3", permit=b"third")
    assert lane.verdict("t3") == PASS
    wanted = Check(Reason.PASSBACK, ok=False, detail="passed this way 5 s ago, not yet 600")
    assert lane.decide("t4").decision.checks[-1] == wanted
    assert lane.decide("t4", utc=NOW + 700).decision.checks[-1].detail == "passed this way 705 s ago"


# ------------------------------------------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    ("required", "synchronised", "wanted"),
    [
        (True, True, PASS),
        (True, False, (Verdict.MANUAL, Reason.CLOCK_UNTRUSTED)),
        (False, False, PASS),
    ],
)
def test_an_untrusted_clock_is_for_an_officer_where_the_site_requires_one(lane, required, synchronised, wanted):
    lane.place = replace(PLACE, require_clock=required)
    lane.clock.synchronised = synchronised
    assert lane.verdict() == wanted


# ------------------------------------------------------------------------------------------------- the trust list


def test_without_a_trust_list_an_officer_decides(lane, caplog):
    lane.file.unlink()
    assert lane.verdict() == FAULT
    assert str(lane.file) in caplog.text
    lane.trust = TrustFile(None, [])
    assert lane.verdict() == FAULT


def test_a_list_that_comes_later_is_taken(lane):
    lane.file.unlink()
    assert lane.verdict() == FAULT
    lane.replace_list(sealed())
    assert lane.verdict() == PASS


def test_a_list_replaced_on_disk_is_in_force_at_the_next_decision(lane):
    assert lane.verdict() == PASS
    lane.replace_list(sealed(2, issuers=[("other", STRANGER)]))
    assert lane.verdict() == (Verdict.DENY, Reason.KEY_UNKNOWN)
    lane.replace_list(sealed(3))
    assert lane.verdict() == PASS


BAD_LISTS = {
    "signed by another root": sealed(9, key=STRANGER),
    "cut off": sealed(9)[:-9],
    "empty": b"",
    "noise": bytes(range(256)) * 9,
    "altered": sealed(9)[:-1] + b"?",
    "older": sealed(1, issuers=[("other", STRANGER)]),
}


@pytest.mark.parametrize("content", BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_bad_list_is_refused_with_a_word_and_the_old_one_stays(lane, content, caplog):
    lane.replace_list(sealed(5))
    assert lane.verdict() == PASS
    lane.replace_list(content)
    assert lane.verdict() == lane.verdict() == PASS
    assert sum("is refused" in line.message for line in caplog.records) == 1, "once for each file"
    lane.replace_list(sealed(6, issuers=[("other", STRANGER)]))
    assert lane.verdict() == (Verdict.DENY, Reason.KEY_UNKNOWN)


def test_a_bad_list_at_the_start_is_no_list(lane):
    lane.replace_list(BAD_LISTS["noise"])
    assert lane.verdict() == FAULT


def test_a_list_that_vanishes_stays_in_force_and_is_told_of_once(lane, caplog):
    assert lane.verdict() == PASS
    lane.file.unlink()
    assert lane.verdict() == lane.verdict() == PASS
    assert sum("cannot be read" in line.message for line in caplog.records) == 1
    lane.replace_list(sealed(2, issuers=[("other", STRANGER)]))
    assert lane.verdict() == (Verdict.DENY, Reason.KEY_UNKNOWN)


def test_a_list_that_cannot_be_read_is_tried_at_every_decision(lane):
    lane.file.unlink()
    lane.file.mkdir()
    assert lane.verdict() == lane.verdict() == FAULT
    lane.file.rmdir()
    lane.replace_list(sealed())
    assert lane.verdict() == PASS


def test_an_expired_list_is_good_for_a_day_of_grace_and_then_for_an_officer(lane):
    permit = replace(PERMIT, expires_at=NOW + 60 * DAY_S)
    expiry = NOW - DAY_S + LIST_LIFE_S
    assert lane.verdict(utc=expiry - 1, permit=permit) == PASS
    late = lane.decide(utc=expiry + DAY_S - 1, permit=permit).decision
    assert (late.verdict, late.reason) == PASS
    assert lane.verdict(utc=expiry + DAY_S, permit=permit) == (Verdict.MANUAL, Reason.DATA_TOO_OLD)
