"""The rows of the loss table: what happens in each, and how often."""

import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest

from tests.faults import cases
from tests.faults.others import Elsewhere, cluster_killed, hostile_messages
from tests.faults.table import Result

BUILD = Path(__file__).parents[2] / "build"
FEW = 2


@dataclass(frozen=True)
class Row:
    """`cycles`: of a whole run. `few`: enough to see that it works. `run` returns an Ending.

    It is given the installed product, a folder, `cycles`, `seed`, and `tell(cycle, events, lost)` to call after each.
    """

    name: str
    title: str
    run: Callable
    cycles: int
    few: int = FEW


# Each of them happens to the installed agent, with vehicles at four lanes.
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

# Each of them brings gates of its own.
OTHERS = {
    row.name: row
    for row in (
        Row("rabbitmq", "RabbitMQ: nodes kill -9 with a consumer each, then all three", cluster_killed, 20),
        Row("hostile", "hostile messages", hostile_messages, 10_000, few=500),
    )
}


def played(row, installed, *, cycles, seed, progress):
    """Run one row; whatever goes wrong is its result. `progress` is called as `tell`."""
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"faults-{row.name}-", dir=BUILD))
    began = time.monotonic()
    try:
        ending = row.run(installed, folder, cycles, seed=seed, tell=progress)
    except pytest.skip.Exception as reason:
        rmtree(folder)
        return Result(row.title, cycles, 0.0, passed=None, note=str(reason))
    except Exception as error:  # noqa: BLE001 - one row that fails must not hide the others; it is shown and told
        traceback.print_exc()
        note = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}; see {folder}"
        return Result(row.title, cycles, time.monotonic() - began, passed=False, note=note)
    took_s = time.monotonic() - began
    if isinstance(ending, Elsewhere):
        rmtree(folder)
        return Result(row.title, cycles, took_s, passed=ending.passed, note=ending.note)
    if ending.sound:
        rmtree(folder)
    note = "" if ending.sound else f"see {folder}"
    return Result(row.title, cycles, took_s, passed=ending.sound, ending=ending, note=note)
