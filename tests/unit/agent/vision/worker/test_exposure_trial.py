"""A tried exposure ends by itself."""

from __future__ import annotations

from agent.vision.worker.exposure_trial import ExposureTrial
from agent.vision.worker.protocol import Expose

AT = 100.0


def test_an_exposure_is_tried_for_its_time_and_then_the_automatic_comes_back():
    trial = ExposureTrial()
    assert not trial.active
    trial.begin(Expose(share=0.25, for_s=60), AT)
    assert (trial.active, trial.share(AT + 59.9), trial.active) == (True, 0.25, True)
    assert (trial.share(AT + 60.0), trial.active) == (None, False)


def test_a_second_trial_takes_the_place_of_the_first_and_the_automatic_can_be_tried_too():
    trial = ExposureTrial()
    trial.begin(Expose(share=0.25, for_s=60), AT)
    trial.begin(Expose(share=None, for_s=10), AT + 5.0)
    assert (trial.share(AT + 6.0), trial.active) == (None, True)
    assert (trial.share(AT + 15.0), trial.active) == (None, False)
