"""The rows of the loss table: how to run each, how often, and what another program runs."""

import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree, which

import pytest

from tests.faults import cases
from tests.faults.table import Progress, Result

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
FEW = 2


@dataclass(frozen=True)
class Row:
    """`cycles`: of a whole run. `few`: enough to see that it works."""

    name: str
    title: str
    run: Callable
    cycles: int
    few: int = FEW


ROWS = {
    row.name: row
    for row in (
        Row("agent", "agent kill -9", cases.agent_killed, 200),
        Row("broker", "agent and broker kill -9, mosquitto without persistence", cases.agent_and_broker_killed, 100),
        Row("consumer", "consumer kill -9", cases.consumer_killed, 50),
        Row("power", "power cut, simulated", cases.power_cut, 50),
        Row("network", "network faults, 40 % with agent kill -9", cases.network_faults, 100, few=5),
        Row("disk", "disk full, without a broker too", cases.disk_full, 6, few=1),
    )
}


@dataclass(frozen=True)
class Other:
    """A row that another program of the tests runs and judges. `many`, `few`: its arguments; `needs`: a command."""

    name: str
    title: str
    module: str
    many: tuple
    few: tuple
    needs: str | None = None


OTHERS = {
    other.name: other
    for other in (
        Other(
            "rabbitmq",
            "RabbitMQ: single nodes kill -9, then all three",
            "tests.cluster.kills",
            ("--kills", "20"),
            ("--kills", "1"),
            needs="rabbitmq-server",
        ),
        Other(
            "hostile",
            "hostile messages",
            "tests.hostile_run",
            ("--messages", "10000"),
            ("--messages", "500"),
        ),
    )
}


def played_elsewhere(other, *, few, out=sys.stdout):
    """Run a row of another program, and show what it writes; its last line is the note."""
    if other.needs is not None and which(other.needs, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        return Result(other.title, 0, 0.0, passed=None, note=f"{other.needs} is not installed")
    began = time.monotonic()
    command = [sys.executable, "-m", other.module, *(other.few if few else other.many)]
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            out.write(line)
            out.flush()
            last = line.strip() or last
    took_s = time.monotonic() - began
    return Result(other.title, 0, took_s, passed=process.returncode == 0, note=last)


def played(row, installed, *, cycles, seed, progress=None):
    """Run one row of this package."""
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"faults-{row.name}-", dir=BUILD))
    progress = progress or Progress(row.title, cycles)
    began = time.monotonic()
    try:
        world, judgement = row.run(installed, folder, cycles, seed=seed, tell=progress)
    except Exception as error:  # noqa: BLE001 - one row that fails must not hide the others; it is shown and told
        traceback.print_exc()
        note = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}; see {folder}"
        return Result(row.title, cycles, time.monotonic() - began, passed=False, note=note)
    except pytest.skip.Exception as reason:
        rmtree(folder)
        return Result(row.title, cycles, 0.0, passed=None, note=str(reason))
    passed = judgement.sound and not world.outside.breaches
    if passed:
        rmtree(folder)
    return Result(
        row.title,
        cycles,
        time.monotonic() - began,
        passed=passed,
        judgement=judgement,
        raw_duplicates=world.witness.duplicates,
        breaches=(*world.outside.breaches, *judgement.refused),
        note="" if passed else f"see {folder}",
    )
