"""The fixed parts of QR code symbols are those of another program."""

from __future__ import annotations

import numpy as np
import pytest
import segno

from agent.vision.worker.qr.symbol import VERSIONS, fixed


@pytest.mark.parametrize("version", VERSIONS)
def test_the_fixed_parts_of_each_version_are_those_of_another_program(version: int) -> None:
    drawn = np.array([list(row) for row in segno.make("1", version=version, error="l").matrix]) > 0
    known = fixed(version)

    assert known.shape == drawn.shape
    assert ((known > 0) == drawn)[known != 0].all()
