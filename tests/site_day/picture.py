"""The picture of a day: vehicles, decisions, how fast the gates answered, what central lacked, and the troubles."""

from dataclasses import dataclass

from bench.figures import percentile
from bench.line_chart import Line, Panel, svg
from tests.site_day.plan import RUSH
from tests.site_day.verdict import latencies
from tests.soak.course import ticks_to

LEAST = 0.5
HOURS = list(range(0, len(RUSH) + 1, 3))


@dataclass(frozen=True)
class Course:
    """How a day went. `began`: Unix seconds. `queue`: (moment, events that central did not have)."""

    day: object
    began: float
    visits: list
    decided: object
    spells: list
    queue: list


def draw(course):
    """The day as SVG: its hours go from left to right, whatever time they took."""
    hour_s = course.day.seconds / len(RUSH)
    visits, decided = course.visits, course.decided

    def hour(at):
        return int((at - course.began) // hour_s)

    def per_hour(moments):
        counts = [0] * len(RUSH)
        for at in moments:
            if 0 <= hour(at) < len(RUSH):
                counts[hour(at)] += 1
        return [(number + 0.5, count) for number, count in enumerate(counts)]

    def slow(share):
        parts = {}
        for at, seconds in latencies(visits):
            parts.setdefault(hour(at), []).append(seconds)
        return [(number + 0.5, percentile(parts[number], share)) for number in sorted(parts)]

    came, passed = ([one.came_at for one in visits if one.passed or not only] for only in (False, True))
    waiting = [((at - course.began) / hour_s, count) for at, count in course.queue]
    content = {
        "Vehicles an hour": {"came": per_hour(came), "passed": per_hour(passed)},
        "Not decided as in calm times": {
            "excused by a trouble": per_hour(decided.excused_at),
            "wrong": per_hour(decided.wrong_at),
        },
        "From code to relay, s": {"half of them": slow(0.5), "slowest": slow(1.0)},
        "Events that central does not have yet": {"queue": waiting},
        "Troubles that begin in the hour": {"troubles": per_hour(one.began_at for one in course.spells)},
    }
    return svg([_panel(title, rows) for title, rows in content.items()], height_px=220)


def _panel(title, rows):
    lines = [Line(name, points) for name, points in rows.items()]
    highest = max((y for line in lines for _, y in line.points), default=0.0)
    return Panel(title, "hour of the day", HOURS, ticks_to(max(LEAST, highest)), lines, percent=False)
