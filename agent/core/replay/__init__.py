"""Past vehicles judged by other rules: recorded facts in, the product's own judgement, what would differ.

No second implementation of any rule, and no guess: what was not recorded is said to be unknown. Values alone; the
journal and the configuration are read by `agent.replay`.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

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
