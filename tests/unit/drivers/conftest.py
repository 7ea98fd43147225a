"""What the tests of serial boards share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.board.null_modem import NullModem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def null_modem(tmp_path: Path) -> Iterator[NullModem]:
    modem = NullModem(tmp_path)
    modem.device.plug()
    modem.client.plug()
    yield modem
    modem.client.unplug()
    modem.device.unplug()
