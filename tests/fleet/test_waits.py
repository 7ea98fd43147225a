"""How long the proofs of the fleet wait, and what they say of a wait in vain."""

import threading

import pytest

from tests.fleet.waits import REST_S, TRIAL_S, InVainError, Watch, answer_s, settled_s, until_none

MANY, FEW = 21, 5


@pytest.mark.parametrize("kind", TRIAL_S)
def test_a_gate_has_its_trial_and_its_rest_before_it_must_have_answered(kind):
    assert answer_s(kind, FEW) == TRIAL_S[kind] + REST_S[kind] + settled_s(FEW)


def test_more_gates_on_one_machine_have_more_time(monkeypatch):
    monkeypatch.setattr("tests.fleet.waits.scaled", lambda seconds: seconds)
    assert settled_s(MANY) == settled_s(FEW) + 48.0


def test_a_busier_machine_has_more_time_and_trials_stay_as_long(monkeypatch):
    monkeypatch.setattr("tests.fleet.waits.scaled", lambda seconds: 10 * seconds)
    assert (settled_s(FEW), answer_s("configuration", FEW)) == (350.0, 470.0)


def test_what_comes_is_waited_for():
    found = iter([{"gate-02", "gate-01"}, {"gate-02"}, set()])
    until_none(lambda: next(found), "a connection of", within_s=60.0)
    assert next(found, None) is None


def test_what_never_comes_ends_the_wait_with_the_names_of_the_gates():
    with pytest.raises(InVainError) as caught:
        until_none(lambda: {"gate-02", "gate-01"}, "the last word on good of", within_s=0.0)
    assert str(caught.value) == "waited 0 s in vain for the last word on good of gate-01, gate-02"


def test_a_wait_in_vain_concerns_the_gates_that_it_names():
    error = InVainError("an answer to good of", 60.0, ["gate-02 (trial)", "gate-03"])
    assert [error.concerns(gate) for gate in ("gate-01", "gate-02", "gate-03", "gate-0")] == [False, True, True, False]


def test_a_part_that_takes_too_long_is_ended():
    ended = threading.Event()
    with Watch(0.0, ended.set) as watch:
        assert ended.wait(60.0)
    assert watch.is_late


def test_each_part_has_a_time_of_its_own():
    limits, timers = [], []

    class Timer:
        def __init__(self, limit_s, _late):
            limits.append(limit_s)
            self.state = "made"
            timers.append(self)

        def start(self):
            self.state = "runs"

        def cancel(self):
            self.state = "ended"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.fleet.waits.threading.Timer", Timer)
        with Watch(60.0, lambda: None) as watch:
            watch.next_part()
            assert [one.state for one in timers] == ["ended", "runs"]
    assert [one.state for one in timers] == ["ended", "ended"]
    assert limits == [60.0, 60.0]
    assert not watch.is_late
