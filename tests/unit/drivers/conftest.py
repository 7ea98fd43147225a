"""What the tests of serial boards share: a leak check, and the name of a port."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.board.null_modem import NullModem

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite(
    "tests.contracts.relay",
    "tests.contracts.inputs",
    "tests.contracts.board_faults",
    "tests.contracts.sign",
    "tests.contracts.sign_faults",
    "tests.contracts.witness",
    "tests.contracts.witness_faults",
)


def _open_files() -> Counter[str]:
    found = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[str(entry.readlink())] += 1
        except OSError:  # the listing's own descriptor
            continue
    return found


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fail the test that leaves a thread or an open file behind."""
    threads, files = set(threading.enumerate()), _open_files()
    yield
    if _left(threads) or _open_files() - files:
        gc.collect()
    assert _left(threads) == []
    assert _open_files() - files == Counter()


def _left(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A name for a serial port that does not exist yet."""
    return tmp_path / "port"


@pytest.fixture
def null_modem(tmp_path: Path) -> Iterator[NullModem]:
    modem = NullModem(tmp_path)
    modem.device.plug()
    modem.client.plug()
    yield modem
    modem.client.unplug()
    modem.device.unplug()
