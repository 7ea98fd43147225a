"""The cases that other programs of the tests play: the cluster of brokers, and hostile messages."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.judge import Ending, Judgement

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Elsewhere:
    """What another program found, where it does not count events."""

    passed: bool
    note: str


def cluster_killed(_installed, folder, cycles, *, seed, tell):
    """Kill single nodes of a RabbitMQ cluster in turn, a consumer with each, then all three nodes."""
    from tests.cluster.kills import play  # noqa: PLC0415 - only this case needs its libraries
    from tests.cluster.nodes import home  # noqa: PLC0415
    from tests.support.consumer.postgres import BINARIES  # noqa: PLC0415

    if home() is None or BINARIES is None:
        pytest.skip("RabbitMQ or PostgreSQL is not installed")
    done = []

    def say(text):
        done.append(text)
        if text.startswith("kill "):
            tell(sum(each.startswith("kill ") for each in done), None, None)

    outcome = play(folder, kills=cycles, say=say)
    stored = sum(len(one.payloads) for one in outcome.found)
    judgement = Judgement(
        recorded=outcome.decided,
        stored=stored,
        lost=outcome.lost,
        invented=max(0, stored + outcome.lost - outcome.decided),
        doubles=outcome.twice,
        chain=f"not proven: {', '.join(outcome.unproven)}" if outcome.unproven else "whole",
        checkpoints=0,
        signed=0,
        keyed=False,
        granted_twice=0,
        refused=(),
    )
    return Ending(judgement, outcome.raw_duplicates, () if outcome.well else tuple(outcome.lines()))


def hostile_messages(_installed, _folder, cycles, *, seed, tell):
    """Forged, replayed, retained, mangled and endless messages to a gate; none may have an effect."""
    command = [sys.executable, "-m", "tests.faults.hostile_run", "--messages", str(cycles), "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    tell(cycles, None, None)
    told = [
        line.strip() for line in done.stdout.splitlines() if line.lstrip().startswith(("effects", "refused", "CRASH"))
    ]
    return Elsewhere(done.returncode == 0, "; ".join(told) or done.stderr[-300:])
