"""Fill a real PostgreSQL with a fleet and a month of events, and ask it all that the dashboards and the exporter ask.

`python -m tests.central [--gates 1000] [--days 30] [--vehicles 10] [--goal-s 1]`. Ends with 1 where a question takes
longer than the goal.
"""

import argparse
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

from agent.clock import Clock
from central.database import connect, ensure_months, migrate
from central.exporter import GateCollector
from tests.central.fleet_data import fill
from tests.support.central.dashboards import FILES, dashboard, filled, targets
from tests.support.consumer.postgres import BINARIES, Postgres

TIMES = 3
HOURS = {"now-24h": 24, "now-6h": 6, "now-7d": 168}
CHOSEN = {"gate": "gate-0017", "version": "0.3.0", "outcome": "all", "plate": "", "permit": ""}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("gates", 1000), ("days", 30), ("vehicles", 10)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--goal-s", type=float, default=1.0)
    options = parser.parse_args()
    if BINARIES is None:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql")
    with Postgres() as server:
        url = server.new_database()
        with closing(connect(url)) as database:
            return measured(database, url, options)


def measured(database, url, options):
    """Fill, ask, and print; 1 where something is too slow."""
    began = time.monotonic()

    def say(text):
        sys.stdout.write(f"\r\033[K{time.monotonic() - began:6.0f} s  {text}")
        sys.stdout.flush()

    migrate(database)
    ensure_months(database, now(), back=-(-options.days // 28))
    fill(database, gates=options.gates, days=options.days, vehicles=options.vehicles, say=say)
    [(events, vehicles, size)] = database.execute(
        "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM vehicles), pg_database_size(current_database())"
    ).fetchall()
    say(f"{options.gates} gates, {options.days} days: {events:,} events, {vehicles:,} vehicles, {size / 1e9:.1f} GB\n")
    sys.stdout.write("\nslowest of 3, in ms: its own range, and all days\n")
    slow = []
    for path in FILES:
        for title, target in targets(path):
            if "rawSql" in target:
                hours = HOURS[dashboard(path)["time"]["from"]]
                took = [slowest(database, target["rawSql"], span) for span in (hours, 24 * options.days)]
                sys.stdout.write(f"{path.stem:9} {title:50} {took[0] * 1000:7.0f} {took[1] * 1000:7.0f}\n")
                slow += [title] if max(took) > options.goal_s else []
    collector = GateCollector(lambda: connect(url, read_only=True), most_gates=options.gates, fresh_s=0)
    looked = []
    for _ in range(TIMES):
        start, busy = time.monotonic(), time.process_time()
        series = sum(len(family.samples) for family in collector.collect())
        looked.append((time.monotonic() - start, time.process_time() - busy))
    wall, busy = (max(times) * 1000 for times in zip(*looked, strict=True))
    sys.stdout.write(f"exporter: {series} series, {wall:.0f} ms, of which {busy:.0f} ms of its own processor time\n")
    sys.stdout.write(f"too slow: {', '.join(slow)}\n" if slow else f"all within {options.goal_s:g} s\n")
    return 1 if slow else 0


def slowest(database, question, hours):
    """The longest of some askings, in seconds."""
    until = now()
    asked = filled(question, until - timedelta(hours=hours), until, **CHOSEN).encode()
    took = []
    for _ in range(TIMES):
        start = time.monotonic()
        database.execute(asked).fetchall()
        took.append(time.monotonic() - start)
    return max(took)


def now():
    return datetime.fromtimestamp(Clock().now().utc, UTC)


if __name__ == "__main__":
    sys.exit(main())
