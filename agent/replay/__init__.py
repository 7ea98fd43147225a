"""Past vehicles of a journal, judged by the rules of another configuration: read, judge, report.

May read a journal and kept pictures, and never writes to either; what it finds it writes into the files that it is
given. The rules are `agent.core.replay`'s.
"""

from agent.replay.journal_vehicles import Period, recorded_vehicles
from agent.replay.lane_rules import replay_rules
from agent.replay.report import Report, replay
from agent.replay.report_html import html_report
from agent.replay.report_text import text_report

__all__ = ["Period", "Report", "html_report", "recorded_vehicles", "replay", "replay_rules", "text_report"]
