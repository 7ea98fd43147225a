"""The pytest plugin of the contracts, `gate_agent.contracts`: it loads itself wherever the agent is installed.

Brings the fixtures that the suites use, and lets pytest explain their assertions.
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITES: Final = (
    "board_faults",
    "camera",
    "inputs",
    "relay",
    "scanner",
    "sign",
    "sign_faults",
    "voice",
    "witness",
    "witness_faults",
)
pytest.register_assert_rewrite(*(f"drivers.contracts.{name}" for name in SUITES))


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fail the test that leaves a thread or an open file behind."""
    threads, files = set(threading.enumerate()), _open_files()
    yield
    if _left(threads) or _open_files() - files:
        gc.collect()
    assert _left(threads) == []
    assert _open_files() - files == Counter()


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A name for a serial port that does not exist yet."""
    return tmp_path / "port"


def _left(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]


def _open_files() -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[str(entry.readlink())] += 1
        except OSError:  # the listing's own descriptor
            continue
    return found
