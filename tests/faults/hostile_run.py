"""Hostile messages by the thousand: `python -m tests.faults.hostile_run --messages 10000`.

Exit code 1 when any did harm.
"""

import argparse
import gc
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.support.mqtt.hostile_site import HostileSite
from tests.support.mqtt.mosquitto import Broker

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
GROWTH_LIMIT_MB = 32
SEED = 7


def say(line):
    """One line of the report, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def rss_mb():
    """Memory of this process, which is the gate, its enemy and central in one, in MB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


def phase(folder, name, *, messages, seed, checked):
    """One assault; prints its line and returns whether nothing happened."""
    with Broker(folder, "max_queued_messages 1000000") as broker:
        warm = HostileSite(broker.port, folder / f"{name}-warm.db", checked=checked)
        with warm.running():
            warm.assault(min(500, messages), seed + 1)
        warm.journal.close()
        before_mb = rss_mb()
        site = HostileSite(broker.port, folder / f"{name}.db", checked=checked)
        begun_at = time.monotonic()
        with site.running():
            site.assault(messages, seed)
            took_s = time.monotonic() - begun_at
            connections = site.link.client.view.connections
        grown_mb = rss_mb() - before_mb
        counts, events = site.refusals()
        refused = sum(counts.values())
        moved = site.journal.real.watermark
        site.journal.close()
    exact = site.refusable <= refused <= site.refusable + (0 if checked else site.sent.get("replayed", 0) + site.tries)
    sound = (
        not site.effects
        and not site.crashes.found
        and connections == 1
        and exact
        and not moved
        and grown_mb < GROWTH_LIMIT_MB
    )
    say(f"{name}: {messages} messages of {len(site.sent)} kinds in {took_s:.0f} s ({messages / took_s:.0f}/s)")
    say(
        f"  effects {len(site.effects)}, crashes {len(site.crashes.found)}, connections lost {connections - 1}, "
        f"watermark {moved}"
    )
    say(f"  refused {refused} of {site.refusable} commands, told in {events} events: {dict(sorted(counts.items()))}")
    say(f"  memory {before_mb:.1f} -> {before_mb + grown_mb:.1f} MB; a right command is obeyed afterwards")
    for found in site.crashes.found[:5]:
        say(f"  CRASH {found}")
    return sound


def main():
    """Run both phases: each message judged by its own check, then as fast as it goes under the product's own limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    logging.disable(logging.NOTSET)
    logging.getLogger().addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory() as folder:
        sound = [
            phase(Path(folder), name, messages=asked.messages, seed=asked.seed, checked=checked)
            for name, checked in (("checked", True), ("flood", False))
        ]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
