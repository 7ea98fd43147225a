"""For every run: Ctrl-C as it is on a terminal, no test that a busy machine fails, the long ones first, and at the end
the table of the boards' faults, from what was measured.
"""

from __future__ import annotations

import gc
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from drivers.contracts import plugin
from tests.support.waiting import scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACTS = "gate_agent.contracts"
FILE = Path("build/board-faults.txt")
TESTS = Path(__file__).parent
LONGEST = ("system", "attacks", "unit/sim")
"""Folders with the files that take longest: none of them begins in the second half of a run."""
CORE = "unit/agent/core"
"""Computes, and waits for nothing."""
BEGUN = 0.85
"""After this part of a run, only files of the core begin: else processors idle at the end."""


def pytest_configure(config) -> None:
    """Let the commands that tests start hear Ctrl-C, also where the tests themselves run in the
    background of a shell. Load the plugin of the drivers' contracts, also in a checkout that is not installed.
    """
    if not config.pluginmanager.has_plugin(CONTRACTS):
        config.pluginmanager.register(plugin, CONTRACTS)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Speed is measured elsewhere. The same examples in each run: new ones are searched for by `make properties`.
    untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("same", untimed, derandomize=True)
    settings.register_profile("new", untimed, print_blob=True)
    settings.load_profile(config.getoption("hypothesis_profile", None) or "same")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect without searching for garbage: nearly all that is made meanwhile stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config, items) -> None:
    """Mix what waits with what computes, and end with the core, whose short files wait for nothing: so no processor
    idles.

    Scale time limits.
    """
    turns = _turns(list(dict.fromkeys(item.path for item in items)))
    items.sort(key=lambda item: turns[item.path])
    usual_s = float(config.getini("timeout"))
    for item in items:
        own = item.get_closest_marker("timeout")
        limit_s = usual_s if own is None else own.args[0]
        item.add_marker(pytest.mark.timeout(scaled(limit_s)), append=False)


def _turns(files: list[Path]) -> dict[Path, float]:
    """When each file has its turn, from 0 to 1: the files of a folder, in their order, at even distances."""
    folders: dict[str, list[Path]] = {}
    for file in files:
        folders.setdefault(_folder(file), []).append(file)
    return {
        file: _last_turn(folder) * place / len(inside)
        for folder, inside in folders.items()
        for place, file in enumerate(inside)
    }


def _folder(file: Path) -> str:
    """Of a file: system, unit/sim, unit/agent/vision."""
    parts = file.relative_to(TESTS).parent.parts
    return "/".join(parts[: 3 if parts[:2] == ("unit", "agent") else 2 if parts[:1] == ("unit",) else 1])


def _last_turn(folder: str) -> float:
    """Before when a file of a folder must have begun."""
    if folder in LONGEST:
        return 0.5
    return 1.0 if folder == CORE else BEGUN


def pytest_collection_finish() -> None:
    """Leave the thousands of tests that were collected out of every later search for garbage: they stay to the end."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the fault matrix and write it into a file; the reports bring it from xdist's workers too."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, ())]
    found = [
        value for report in reports for name, value in getattr(report, "user_properties", ()) if name == "board_faults"
    ]
    if not found:
        return
    from drivers.contracts.fault_cells import Cell, overview, table  # noqa: PLC0415 - only where there is a matrix

    cells = [Cell.read(each) for measured in found for each in measured]
    file = terminalreporter.config.rootpath / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join([*overview(cells), "", *table(cells), ""]), encoding="utf-8")
    terminalreporter.section(f"what the relay drivers say under faults; operation by operation in {FILE}")
    for line in overview(cells):
        terminalreporter.write_line(line)
