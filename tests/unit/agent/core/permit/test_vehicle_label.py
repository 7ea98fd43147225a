"""What codes that are no permits say of the vehicle, and that permits say nothing of the kind."""

from __future__ import annotations

import pytest

from agent.core.permit import label_vins
from bench.codes import TEXTS

VIN = "LSVAA49J132047371"


@pytest.mark.parametrize("text", [VIN, f"I{VIN}", f"VIN:{VIN};MODEL:B52", f"车架号:{VIN}"])
def test_a_label_says_its_vin(text: str) -> None:
    assert label_vins(text.encode()) == (VIN,)


@pytest.mark.parametrize("name", TEXTS)
def test_a_permit_is_not_searched(name: str) -> None:
    assert label_vins(TEXTS[name].encode()) == ()


@pytest.mark.parametrize("start", [b"GP1:", b"GP2:", b"GPR:", b"eyJ"])
def test_nor_is_what_only_begins_as_one(start: bytes) -> None:
    assert label_vins(start + b" " + VIN.encode()) == ()


@pytest.mark.parametrize("start", [b"", b"GP", b"GP1", b"GP12:", b"gp1:", b"\xff\xfe"])
def test_what_does_not_is(start: bytes) -> None:
    assert label_vins(start + b"\x1d" + VIN.encode() + b"\xff") == (VIN,)
