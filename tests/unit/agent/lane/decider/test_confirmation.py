"""Decisions that wait for the second reading of their pictures: asked for once, and never passed by."""

from dataclasses import replace

import pytest

from agent.core.decision.judgement import JudgementRules
from agent.core.decision.second_reading import PicturesShown
from agent.core.lane.effects import Decide
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit import trust
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.core.trust_state import NO_HOLD, StateHold
from agent.lane.decider import Decider, LanePlace, Sources
from agent.lane.decider.confirmation import AGAIN_S
from tests.support.lane.judging import read, witness_said
from tests.support.lane.kept_pictures import FaithfulReader
from tests.support.lists.lists import ROOT
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.store.journals import open_journal
from tests.support.store.registries import open_registry

PLATED = replace(PERMIT, plate="新A12345", plate_kind="civil")
OTHER = replace(PLATED, permit_id=b"another.")
PASS = (Verdict.PASS, Reason.OK)
RETRY = (Verdict.RETRY, Reason.PICTURE_UNCONFIRMED)
UNCONFIRMED = (Verdict.MANUAL, Reason.PICTURE_UNCONFIRMED)
MISMATCH = (Verdict.MANUAL, Reason.PICTURE_MISMATCH)
DISPUTED = (Verdict.MANUAL, Reason.PLATE_DISPUTED)


class ScriptedReader(FaithfulReader):
    """Answers when it is told to. `asked`: the answers that it owes, oldest first. `counts`: of codes and plates."""

    def __init__(self):
        super().__init__()
        self.asked, self.counts = [], []

    def read(self, codes, plates, answer, vins=()):
        def as_it_is():
            super(ScriptedReader, self).read(codes, plates, answer, vins)

        self.asked.append((as_it_is, answer))
        self.counts.append((len(codes), len(plates)))

    def confirm(self, place=0):
        self.asked.pop(place)[0]()

    def show_nothing(self, place=0):
        self.asked.pop(place)[1](PicturesShown((), (None, None, None)), "")

    def fail(self, why="was ended by SIGSEGV"):
        self.asked.pop(0)[1](None, why)


class NotedClaims:
    """The home gate: grants every claim at once, and counts them."""

    def __init__(self):
        self.count = 0

    def claim(self, request, answer):
        self.count += 1
        return ClaimAnswer(ClaimCode.GRANTED, use=1)


class Lane:
    """A lane's decider. `later`: verdict and reason of the answers that came later.

    `judged`: how often evidence was judged.
    """

    def __init__(self, folder):
        self.journal = open_journal(folder / "journal.db")
        self.registry = open_registry(folder / "registry.db")
        self.registry.take_trust(trust.seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
        self.pictures, self.claims, self.answers = ScriptedReader(), NotedClaims(), []
        place = LanePlace(
            9411, 1, "export", 60, 700, require_clock=False, rules=JudgementRules(), forms=frozenset(PermitForm)
        )
        self.distrusted, self.hold, self.said, self.judged = [], NO_HOLD, [], 0
        sources = Sources(
            self.registry,
            self.journal,
            lambda: True,
            self.claims,
            self.pictures,
            self._distrust,
            lambda: self.hold,
            self._witnessed,
        )
        self.decider = Decider(place, sources)

    def _distrust(self, camera):
        self.distrusted.append(camera)
        raise RuntimeError("nobody is there to be ended")

    def _witnessed(self, since):
        self.judged += 1
        return tuple(one for one in self.said if one.at >= since)

    def close(self):
        self.journal.close()
        self.registry.close()

    def ask(self, transaction="t1", *, permit=PLATED, plate="新A12345", frames=1, at=1.0, final=False, pictured=True):
        """Verdict and reason at once, or None. The vehicle came at 0.5."""
        shown = Presentation(issue(permit, KEY).encode(), "test", "front", 1, at)
        question = Decide(transaction, (shown,), read(plate, frames=frames), final, arrived_at=0.5)
        if pictured:
            question = self.pictures.pictured(question)
        answer = self.decider.decide(question, Instant(at, float(NOW)), self.answers.append)
        return None if answer is None else (answer.decision.verdict, answer.decision.reason)

    @property
    def later(self):
        return [(one.decision.verdict, one.decision.reason) for one in self.answers]


@pytest.fixture
def lane(tmp_path):
    lane = Lane(tmp_path)
    yield lane
    lane.close()


def test_a_pass_waits_for_the_second_reading_and_names_its_pictures(lane):
    assert lane.ask() is None
    assert (lane.later, lane.claims.count) == ([], 0)
    lane.pictures.confirm()
    assert lane.later == [PASS]
    assert len(lane.answers[0].decision.pictures) == 2


def test_what_is_not_to_pass_is_answered_at_once_and_not_read_again(lane):
    assert lane.ask(plate="京B98765", frames=3) == (Verdict.DENY, Reason.PLATE_MISMATCH)
    assert lane.pictures.asked == []


def test_questions_meanwhile_wait_for_the_same_reading_and_the_newest_is_answered(lane):
    assert lane.ask(frames=1) is None
    assert lane.ask(frames=2) is None
    assert lane.ask(frames=3, final=True) is None
    assert len(lane.pictures.asked) == 1
    lane.pictures.confirm()
    assert lane.later == [PASS]
    assert lane.answers[0].decision.match.frames == 3


def test_a_code_that_only_goes_on_to_be_shown_is_not_judged_again_meanwhile(lane):
    assert lane.ask(at=1.0) is None
    before = lane.judged
    assert [lane.ask(at=1.0 + frame / 25) for frame in range(1, 4)] == [None] * 3
    assert lane.judged == before
    lane.pictures.confirm()
    assert lane.later == [PASS]


def test_of_a_plate_that_one_picture_shows_well_no_more_are_read_unless_that_was_unclear(lane):
    unclear(lane, 1.0, 3)
    assert lane.pictures.counts == [(1, 1)]
    assert lane.ask(frames=3, at=1.0 + AGAIN_S) is None
    assert lane.pictures.counts == [(1, 1), (1, 3)]
    lane.pictures.confirm()
    assert lane.later == [RETRY, PASS]


def test_what_was_confirmed_of_a_vehicle_is_not_read_again(lane):
    assert lane.ask() is None
    lane.pictures.confirm()
    assert lane.ask(frames=2, at=5.0) == PASS
    assert lane.pictures.asked == []


def test_a_reading_of_one_vehicle_is_no_good_for_the_next(lane):
    assert lane.ask("t1") is None
    lane.pictures.confirm()
    assert lane.ask("t2") is None
    assert len(lane.pictures.asked) == 1


def test_pictures_that_show_something_else_are_for_an_officer_and_nothing_is_claimed(lane):
    assert lane.ask() is None
    lane.pictures.show_nothing()
    assert lane.later == [MISMATCH]
    assert lane.answers[0].decision.pictures
    assert lane.claims.count == 0
    assert lane.ask(frames=2, at=9.0) == MISMATCH, "and what was found different stays so for this vehicle"


def test_the_worker_that_lied_is_named_once_and_an_answer_never_waits_for_its_end(lane, caplog):
    assert lane.ask() is None
    lane.pictures.show_nothing()
    assert (lane.later, lane.distrusted) == ([MISMATCH], ["front"])
    assert "could not be ended" in caplog.text
    assert lane.ask(frames=2, at=9.0) == MISMATCH
    assert lane.distrusted == ["front"]


def test_a_worker_that_lied_about_a_permit_is_named_also_where_another_one_is_shown_by_then(lane):
    assert lane.ask(permit=PLATED) is None
    assert lane.ask(permit=OTHER) is None
    lane.pictures.show_nothing(0)
    assert (lane.later, lane.distrusted) == ([], ["front"])
    lane.pictures.confirm()
    assert lane.later == [PASS]


def test_a_loss_that_is_noticed_while_pictures_are_read_is_for_an_officer_and_nothing_is_claimed(lane):
    assert lane.ask() is None
    lane.hold = StateHold(cause="an older copy")
    lane.pictures.confirm()
    assert lane.later == [(Verdict.MANUAL, Reason.STATE_NOT_WHOLE)]
    assert lane.claims.count == 0


def test_a_witness_that_reads_another_plate_while_pictures_are_read_ends_it_at_an_officer(lane):
    assert lane.ask() is None
    lane.said.append(witness_said("京B98765", at=1.5))
    lane.pictures.confirm()
    assert lane.later == [DISPUTED]
    assert lane.answers[0].decision.witnessed.said == "京B98765"
    assert lane.claims.count == 0


@pytest.mark.parametrize(("at", "answer"), [(0.49, None), (0.5, DISPUTED)])
def test_what_a_witness_said_counts_from_when_the_vehicle_came(lane, at, answer):
    lane.said.append(witness_said("京B98765", at=at))
    assert lane.ask() == answer
    assert len(lane.pictures.asked) == (answer is None)


def test_a_reading_that_fails_is_for_an_officer_and_says_why(lane):
    assert lane.ask() is None
    lane.pictures.fail()
    assert lane.later == [UNCONFIRMED]
    assert lane.answers[0].decision.checks[-1].detail == "was ended by SIGSEGV"
    assert lane.claims.count == 0


def test_without_a_picture_it_asks_for_another_one_and_at_last_for_an_officer(lane):
    assert lane.ask(pictured=False) == RETRY
    assert lane.ask(pictured=False, final=True) == UNCONFIRMED
    assert lane.pictures.asked == []
    assert lane.ask() is None, "the next frame has one"
    lane.pictures.confirm()
    assert lane.later == [PASS]


def test_an_answer_that_cannot_be_compared_is_a_fault_and_for_an_officer(lane, caplog):
    assert lane.ask(frames=1) is None
    lane.pictures.asked.pop()[1](PicturesShown((issue(PLATED, KEY).encode(),), ()), "")
    assert lane.later == [UNCONFIRMED]
    assert lane.answers[0].decision.checks[-1].detail == "ValueError"
    assert "could not be compared" in caplog.text


def unclear(lane, at, frames):
    """Ask by plates whose pictures turn out to show the neighbour's, and not for sure."""
    assert lane.ask(frames=frames, at=at) is None
    code, shown = issue(PLATED, KEY).encode(), FaithfulReader()
    near = read("新A12346", frames=frames, sure=0.8)
    question = shown.pictured(Decide("t1", (), near, final=False))
    pictures = tuple(shown._plates[question.pictures[one.picture]] for one in question.readings)
    _, asked = lane.pictures.counts[-1]
    lane.pictures.asked.pop()[1](PicturesShown((code,), pictures[:asked]), "")


def test_what_was_unclear_is_read_again_with_other_pictures_after_a_while(lane):
    unclear(lane, 1.0, 1)
    assert lane.later == [RETRY]
    assert lane.ask(frames=1, at=1.0 + 5 * AGAIN_S) == RETRY, "the same pictures show the same"
    assert lane.ask(frames=2, at=1.0 + AGAIN_S / 2) == RETRY, "and a process is not started for each frame"
    assert lane.ask(frames=2, at=1.0 + AGAIN_S / 2, final=True) == UNCONFIRMED
    assert lane.ask(frames=3, at=1.0 + AGAIN_S) is None
    lane.pictures.confirm()
    assert lane.later == [RETRY, PASS]


def test_an_answer_on_another_permit_is_lost_on_the_one_that_is_shown_now(lane):
    assert lane.ask(permit=PLATED) is None
    assert lane.ask(permit=OTHER) is None
    lane.pictures.confirm(0)
    assert lane.later == []
    lane.pictures.show_nothing()
    assert lane.later == [MISMATCH]


def test_evidence_against_the_vehicle_meanwhile_is_answered_and_the_reading_is_lost_on_it(lane):
    assert lane.ask() is None
    assert lane.ask(plate="京B98765", frames=3) == (Verdict.DENY, Reason.PLATE_MISMATCH)
    lane.pictures.confirm()
    assert lane.later == []
