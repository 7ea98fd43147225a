"""Soak the whole agent: `python -m tests.soak [--for S] [--seed N] [--picture FILE]` (`make soak`).

The product is built and installed as on a gate: four lanes, a drawn camera and one on the network, two boards with
loops, a board and two scanners at posts, a broker behind a bad network, the reference consumer. Vehicles come at twenty
times the traffic of a truck lane. All faults are mixed: broker, network, consumer, cables, boards, cameras, workers,
disk, clock, hostile visitors, codes and messages, a technician who watches at the console; in the last fifth of the
time the agent is killed too. At the end it is judged from outside. Exit code 1 when anything is not as it must be. The
course stands in build/soak.svg too. As root, for the disk.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from agent.store.journal.reader import JournalReader
from bench.figures import percentile
from tests.faults.disks import MIB, FullDisk
from tests.faults.world import World
from tests.soak.course import Course
from tests.soak.gate import EVERY_S, LOOP_LANES, POST_LANES, REAL_EVERY_S, SoakGate
from tests.soak.troubles import NetworkCamera, Troubles
from tests.soak.verdict import strange_grants, transactions, twice_used, wrongs
from tests.support.gate.installed import build_wheel, install
from tests.support.waiting import eventually

BUILD = Path(__file__).parents[2] / "build"
FOR_S = 3600.0
DEADLY_SHARE = 0.8
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class SoakWorld(World):
    """The world of the loss table, with the gate of the soak."""

    # For a machine that has other things to do too: how fast it is, is not judged here.
    started_within_s = 300
    drained_within_s = 1800

    def recorded(self):
        """How many events the gate has recorded."""
        return self._head().seq

    def unacknowledged(self):
        """How many of them the gate does not know to be stored."""
        with JournalReader(self.gate.journal) as journal:
            now = journal.standing()
        return now.head.seq - now.watermark


def main():
    options = _options()
    logging.basicConfig(level=logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="soak-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        _say("building and installing the product ...")
        installed = install(build_wheel(folder), folder)
        disk = _disk(folder, stack)
        clock_file, environment = _clock(folder)
        camera = stack.enter_context(NetworkCamera(folder))
        world = stack.enter_context(
            SoakWorld(
                installed,
                folder,
                seed=options.seed,
                tell=lambda *_: None,
                proxy=True,
                state=disk.path / "state" if disk else None,
                journal_keys="max_mb = 64",
                make_gate=partial(SoakGate, environment=environment, camera=camera),
            )
        )
        _say(f"{options.for_s:.0f} s, a vehicle every {EVERY_S:g} s at each of four lanes, seed {options.seed} ...")
        world.begin()
        with Course(world, options.for_s) as course:
            with Troubles(world, disk, clock_file, options.seed) as troubles:
                _let_pass(world, troubles, course, options.for_s)
            _say("the troubles are over; waiting until central has all ...")
            try:
                ending = world.finish()
            except BaseException:
                _keep_log(world.agent)
                raise
        return _report(world, ending, course, troubles, options)


def _let_pass(world, troubles, course, for_s):
    """Tell now and then how it goes, until the time is over or a part of the soak itself has failed."""
    pause = threading.Event()
    told = -1
    while (gone_s := time.monotonic() - course.begun_at) < for_s and not troubles.failures and not world.gate.failures:
        if gone_s > DEADLY_SHARE * for_s:
            troubles.deadly.set()
        if int(gone_s / for_s * 20) > told and course.samples:
            told = int(gone_s / for_s * 20)
            last = course.samples[-1]
            _say(
                f"{gone_s:7.0f} s  {world.gate.seen.vehicles.total():,} vehicles, {world.gate.pulses.total():,} pulses,"
                f" {troubles.told.total():,} troubles; agent {last.agent_mb:.0f} MB, workers {last.workers_mb:.0f} MB,"
                f" queue {last.queue}, {last.files} files, {last.threads} threads"
            )
        pause.wait(1.0)


def _report(world, ending, course, troubles, options):
    seen = world.gate.seen
    payloads = [payload for _, _, payload in sorted(world.consumer.stored())]
    found, twice = transactions(payloads), twice_used(payloads)
    growth = course.growth_mb_an_hour
    wrong = wrongs(
        ending,
        found,
        strange_grants(payloads, seen.genuine),
        twice,
        unacknowledged=world.unacknowledged(),
        growth=growth,
        for_s=options.for_s,
        visits=troubles.visitor.told,
        failures=[*troubles.failures, *world.gate.failures, *troubles.visitor.faults],
    )
    times_real = seen.vehicles.total() / (len(LOOP_LANES) + len(POST_LANES)) / options.for_s * REAL_EVERY_S
    seconds = [each for _, each in seen.latencies] or [float("nan")]
    judged = ending.judgement
    _say(
        "",
        "troubles      " + ", ".join(f"{name} {count}" for name, count in sorted(troubles.told.items())),
        f"vehicles      {seen.vehicles.total():,}, {times_real:.1f} times the traffic of truck lanes: "
        + ", ".join(f"{name} {count}" for name, count in sorted(seen.vehicles.items())),
        "technician    " + ", ".join(f"{name} {count:,}" for name, count in sorted(troubles.visitor.told.items())),
        f"transactions  {found.begun:,} begun, {found.closed:,} with an outcome, "
        f"{found.interrupted} cut short by a kill",
        f"events        {judged.recorded:,} recorded, {judged.stored:,} at central, lost {judged.lost}, twice "
        f"{judged.doubles}, invented {judged.invented}; {ending.raw_duplicates:,} came again on the wire; "
        f"chain {judged.chain}",
        f"grants        {seen.pulses.total():,} pulses; permits used twice {len(twice)}, "
        f"granted again after they were given back {judged.granted_twice - len(twice)}",
        f"code to relay p50 {percentile(seconds, 0.5):.3f} s, p99 {percentile(seconds, 0.99):.3f} s, "
        f"slowest {max(seconds):.3f} s",
        f"memory        agent {course.samples[0].agent_mb:.0f} to {max(s.agent_mb for s in course.samples):.0f} MB, "
        "in its first life"
        f" {'not known' if growth is None else f'{growth:+.1f}'} MB an hour after the warm-up;"
        f" workers at most {max(s.workers_mb for s in course.samples):.0f} MB",
    )
    options.picture.parent.mkdir(exist_ok=True)
    options.picture.write_text(course.picture(seen.latencies), encoding="utf-8")
    _say(f"{options.picture}", *(f"WRONG: {one}" for one in wrong), "" if wrong else "all is well")
    return 1 if wrong else 0


def _keep_log(agent):
    """Keep what the agent wrote, with the stacks of its threads where it still runs, in build/soak.log."""
    if agent.running:
        os.kill(agent.pid, signal.SIGABRT)
        with contextlib.suppress(AssertionError):
            eventually(lambda: not agent.running, 10)
    log = BUILD / "soak.log"
    log.write_text(agent.log, encoding="utf-8")
    _say(f"the agent's log is {log}")


def _disk(folder, stack):
    """A small disk for the gate's state; None for who is not root."""
    if os.geteuid() != 0:
        _say("not as root: the disk does not fill up")
        return None
    disk = FullDisk(folder, 160 * MIB)
    stack.enter_context(disk.there())
    return disk


def _clock(folder):
    """A file that says by how much the agent's clock is off, and the variables that make it so;
    None without faketime.
    """
    if FAKETIME is None:
        _say("faketime is not installed: the clock is not stepped")
        return None, {}
    file = folder / "clock"
    file.write_text("+0\n", encoding="ascii")
    variables = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    return file, variables


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--for", type=float, default=FOR_S, dest="for_s", metavar="S", help="seconds; an hour if not told"
    )
    parser.add_argument("--seed", type=int, default=1, help="of vehicles and troubles")
    parser.add_argument("--picture", type=Path, default=BUILD / "soak.svg")
    return parser.parse_args()


def _say(*lines):
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
