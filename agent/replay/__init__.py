"""Past vehicles of a journal, judged by the rules of another configuration: read, judge, report.

May read a journal and kept pictures, and never writes to either; what it finds it writes into the files that it is
given. The rules are `agent.core.replay`'s.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from agent.replay.html_report import as_html
    from agent.replay.journal_vehicles import Period, recorded_vehicles
    from agent.replay.lane_rules import replay_rules
    from agent.replay.report import Report, replay
    from agent.replay.text_report import as_text
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["Period", "Report", "as_html", "as_text", "recorded_vehicles", "replay", "replay_rules"]
