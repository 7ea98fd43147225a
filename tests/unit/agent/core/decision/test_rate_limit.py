"""What QR texts may cost: a text one check in a while, a frame its first texts, a flood nothing at all."""

from dataclasses import replace

import pytest

from agent.core.decision.rate_limit import DEFAULT_RATE, NO_TEXTS, RateRules, examine, payloads_of
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Reason
from agent.core.permit.permit_verification import PermitResult

RULES = RateRules(recheck_s=2.0, texts_of_frame=3, refused_texts=10, window_s=60.0)
GOOD, BAD = PermitResult((), None, Reason.OK), PermitResult((), None, Reason.NOT_A_PERMIT)


class Lane:
    """Examines texts one after another, and counts the checks. Texts that begin with `good` are good."""

    def __init__(self, rules=RULES):
        self.rules, self.texts, self.checked, self.basis = rules, NO_TEXTS, [], 1

    def show(self, at, *payloads):
        found = examine(self.texts, payloads, at, lambda _payload: self.basis, self._verify, self.rules)
        self.texts = found.texts
        return found

    def _verify(self, payload):
        self.checked.append(payload)
        return GOOD if payload.startswith(b"good") else BAD


@pytest.fixture
def lane():
    return Lane()


def texts(count, first=0):
    return [b"text %d" % number for number in range(first, first + count)]


@pytest.mark.parametrize("payload", [b"good", b"bad"])
def test_a_text_costs_one_check_in_two_seconds(lane, payload):
    times = [0.0, 0.5, 1.0, 1.99, 2.0, 3.0, 3.99, 4.0]
    results = {lane.show(at, payload).results for at in times}
    assert len(lane.checked) == 3
    assert results == {(lane._verify(payload),)}


def test_an_answer_is_void_once_what_it_goes_by_changes(lane):
    lane.show(0.0, b"good")
    lane.basis = 2
    lane.show(0.1, b"good")
    assert len(lane.checked) == 2


def test_what_an_answer_goes_by_is_asked_of_each_text(lane):
    lane.basis = {b"good a": 1, b"good b": 1}
    for at, basis in ((0.0, 1), (0.1, 1), (0.2, 2), (0.3, 2)):
        lane.basis[b"good b"] = basis
        found = examine(lane.texts, [b"good a", b"good b"], at, lane.basis.__getitem__, lane._verify, RULES)
        lane.texts = found.texts
    assert lane.checked == [b"good a", b"good b", b"good b"]


def test_the_answers_come_in_the_order_of_the_texts(lane):
    lane.show(0.0, b"good b")
    assert lane.show(0.1, b"bad a", b"good b", b"bad c").results == (BAD, GOOD, BAD)
    assert lane.checked == [b"good b", b"bad a", b"bad c"]


def test_ten_refused_texts_are_borne_and_the_eleventh_is_the_last_one_that_is_checked(lane):
    assert not lane.show(0.0, *texts(10)).limited
    eleventh = lane.show(1.0, *texts(1, 10))
    assert eleventh.limited
    assert len(lane.checked) == 11
    flood = lane.show(1.5, *texts(1000, 100), b"good and new")
    assert flood.limited
    assert (flood.results, len(lane.checked)) == ((), 11)


def test_it_is_over_when_it_was_quiet_for_a_while(lane):
    lane.show(0.0, *texts(11))
    assert lane.show(59.9).limited
    assert not lane.show(60.0).limited
    assert lane.show(60.0, b"good").results == (GOOD,)


def test_a_flood_that_goes_on_stays_limited(lane):
    lane.show(0.0, *texts(11))
    for at in range(10, 600, 10):
        assert lane.show(float(at), *texts(11, at * 100)).limited
    assert len(lane.checked) == 11
    assert lane.show(649.9).limited
    assert not lane.show(650.1).limited


def test_the_same_few_refused_texts_are_no_flood_however_often_they_are_shown(lane):
    for tenth in range(6000):
        assert not lane.show(tenth / 10, *texts(10)).limited
    assert len(lane.checked) == 10 * 300


def test_good_texts_are_no_flood(lane):
    for number in range(100):
        assert not lane.show(number / 10, b"good %d" % number).limited


def test_what_is_remembered_is_bounded(lane):
    for number in range(3000):
        lane.show(number / 1000, b"good %d" % number, *texts(20, number * 20))
        assert len(lane.texts.answers) <= 16
        assert len(lane.texts.refused) <= 11


def test_the_last_sixteen_answers_are_remembered(lane):
    for number in range(40):
        lane.show(number / 1000, b"good %d" % number)
    assert [one.payload for one in lane.texts.answers] == [b"good %d" % number for number in range(24, 40)]


def shown(payload, frame, camera="front"):
    return Presentation(payload, "test", camera, frame, 0.0)


def test_of_a_frame_the_first_three_texts_count_and_the_newest_comes_first():
    wall = [shown(b"%d" % number, 1) for number in range(16)]
    assert payloads_of(wall, RULES) == (b"2", b"1", b"0")
    later = [*wall, shown(b"later", 2), shown(b"1", 3), shown(b"other camera", 1, "rear")]
    assert payloads_of(later, RULES) == (b"other camera", b"1", b"later", b"2", b"0")
    assert payloads_of([], RULES) == ()


def test_the_limits_of_a_gate_are_those_of_the_rules():
    assert DEFAULT_RATE == RULES
    strict = Lane(replace(RULES, refused_texts=0))
    assert strict.show(0.0, b"bad").limited
