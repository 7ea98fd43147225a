"""What codes that are no permits say of the vehicle, and that permits say nothing of the kind."""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode

import pytest

from agent.core.model import Presentation, VinReading, VinSource
from agent.core.permit import base45, label_readings, label_vins
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


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("before", [b"\xff\xfe", b"\x02", b"https://example.com/"])
def test_nor_is_a_permit_behind_something_else(name: str, before: bytes) -> None:
    assert label_vins(before + TEXTS[name].encode()) == ()


def test_hardly_any_base45_or_base64_that_has_lost_its_head_holds_a_vin_by_chance() -> None:
    drawn = [random.Random(seed).randbytes(150) for seed in range(2000)]  # noqa: S311 - the same each time
    lost = [*map(base45.encode, drawn), *(urlsafe_b64encode(2 * one) for one in drawn)]
    assert sum(bool(label_vins(text)) for text in lost) <= len(lost) // 500


@pytest.mark.parametrize("start", [b"", b"GP", b"GP1", b"GP12:", b"gp1:", b"\xff\xfe"])
def test_what_does_not_is(start: bytes) -> None:
    assert label_vins(start + b"\x1d" + VIN.encode() + b"\xff") == (VIN,)


CORNERS = ((10.5, -3.0), (50.0, 2.0), (48.0, 42.5), (9.0, 40.0))


def test_a_label_becomes_readings_of_its_vins_with_all_that_is_known_of_it() -> None:
    shown = Presentation(f"VIN:{VIN}".encode(), "zxing", "exit/front", 7, 12.5, CORNERS, "ab" * 32, 0.25, legible=False)

    assert label_readings(shown, VinSource.QR) == (
        VinReading(
            text=VIN,
            source=VinSource.QR,
            camera="exit/front",
            frame=7,
            at=12.5,
            box=(9, 0, 42, 43),
            picture="ab" * 32,
            behind_s=0.25,
            legible=False,
        ),
    )


def test_what_a_scanner_read_has_no_place_and_no_picture() -> None:
    shown = Presentation(f"I{VIN}".encode(), "scanner", "exit/desk", 3, 4.0)
    expected = VinReading(VIN, VinSource.SCANNER, "exit/desk", 3, 4.0, legible=False)
    assert label_readings(shown, VinSource.SCANNER) == (expected,)


@pytest.mark.parametrize("payload", [b"GP1:" + VIN.encode(), b"https://example.com", b""])
def test_what_is_no_label_becomes_none(payload: bytes) -> None:
    assert label_readings(Presentation(payload, "scanner", "exit/desk", 3, 4.0), VinSource.SCANNER) == ()
