"""Judges recorded vehicles again by other rules, and compares the results.

It uses the same judgement as the running gate, not a copy of it. It never guesses: a fact that was not recorded is
unknown. Takes values and returns values. `agent.replay` reads the journal and the configuration.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.replay.comparison import Compared, compared
    from agent.core.replay.recorded import NotJudged, RecordedVehicle, recorded_vehicle
    from agent.core.replay.rejudgement import Answer, ReplayRules
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "Answer",
    "Compared",
    "NotJudged",
    "RecordedVehicle",
    "ReplayRules",
    "compared",
    "recorded_vehicle",
]
