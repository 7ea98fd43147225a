"""Judges past vehicles of a journal by the rules of another configuration, and reports the differences.

Reads a journal and kept pictures, and never writes to them. May write the output files that the user names. The rules
are in `agent.core.replay`.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.replay.html_report import as_html
    from agent.replay.journal_vehicles import Period, recorded_vehicles
    from agent.replay.lane_rules import replay_rules
    from agent.replay.report import Report, replay
    from agent.replay.text_report import as_text
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["Period", "Report", "as_html", "as_text", "recorded_vehicles", "replay", "replay_rules"]
