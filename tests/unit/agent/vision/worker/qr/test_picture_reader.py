"""QR codes in drawn pictures, and in real photographs where they are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import segno
from pyzbar import pyzbar

from agent.vision.worker.picture_file import load
from agent.vision.worker.qr import engines as module
from agent.vision.worker.qr.picture_reader import QrReader
from tests.support.vision.drawn_codes import noise, put, square, symbol

DATA = Path(__file__).resolve().parents[7] / "shared" / "data" / "qr"


@pytest.fixture
def reader() -> QrReader:
    return QrReader()


CONTENTS = {
    "a permit": (
        "GP1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDEXWK G2EP4J0BGJLFX3R3VHXK.PJ:2DPF6R:5SVBHABVCNN95SWMPHQUHQN%A"
    ),
    "a URL": "https://gate.example/p?id=42&lang=kk",
    "Cyrillic": "Пропуск № 17 · Қорғас",
    "Chinese": "霍尔果斯口岸 通行证 京A12345",
    "digits": "0123456789" * 30,
    "bytes": bytes(range(256)),
    "random bytes": bytes(np.random.default_rng(3).integers(0, 256, 200, dtype=np.uint8)),
    "Latin 1": "Zürich".encode("latin-1"),
    "GBK": "通行证".encode("gbk"),
}


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("name", CONTENTS)
def test_the_payload_is_exactly_the_bytes_of_the_symbol(reader: QrReader, name: str, thorough: bool) -> None:
    content = CONTENTS[name]
    picture = noise()
    more = {} if isinstance(content, bytes) or content.isascii() else {"encoding": "utf-8"}
    put(picture, symbol(content, **more), square(400, 100, 500))
    codes = reader.read(picture, thorough=thorough)

    assert [code.payload for code in codes] == [content if isinstance(content, bytes) else content.encode()]
    if isinstance(content, str):
        assert codes[0].text == content


def test_four_thousand_characters_are_read(reader: QrReader) -> None:
    text = "GP1:" + "A1B2C3D4" * 499 + "WXYZ"
    picture = np.full((1500, 1500, 3), 200, np.uint8)
    card = symbol(text, scale=7, error="L")
    put(picture, card, square(60, 60, card.shape[0]))

    assert [code.text for code in reader.read(picture)] == [text]


@pytest.mark.parametrize("turn", [0, 15, 45, 90, 135, 180, 270, 333])
def test_a_code_is_read_at_any_turn_and_its_corners_run_clockwise_from_the_top_left(
    reader: QrReader, turn: int
) -> None:
    picture = noise()
    angle = np.deg2rad(turn)
    rotate = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle, half = np.array([640, 360]), 180
    spots = [tuple(middle + rotate @ spot) for spot in half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])]
    put(picture, symbol("turned"), spots)
    (code,) = reader.read(picture)

    assert code.payload == b"turned"
    outline = np.array(code.corners)
    assert np.allclose(outline.mean(axis=0), middle, atol=6)
    assert outline.sum(axis=1).argmin() == 0
    ahead, behind = outline[1] - outline[0], outline[3] - outline[0]
    assert ahead[0] * behind[1] - ahead[1] * behind[0] > 0, "with y downwards this turns clockwise"


def test_a_code_is_read_in_perspective(reader: QrReader) -> None:
    picture = noise()
    put(picture, symbol("leaning"), [(420, 200), (700, 120), (720, 560), (430, 480)])

    assert [code.payload for code in reader.read(picture)] == [b"leaning"]


def test_a_code_of_two_pixels_a_module_is_read(reader: QrReader) -> None:
    picture = noise()
    card = symbol("small and far", scale=2)
    put(picture, card, square(900, 500, card.shape[0]))

    assert [code.payload for code in reader.read(picture)] == [b"small and far"]


def test_a_bright_code_on_dark_ground_is_read(reader: QrReader) -> None:
    picture = noise()
    put(picture, 255 - symbol("inverted"), square(300, 200, 260))

    assert [code.payload for code in reader.read(picture)] == [b"inverted"]


def test_a_grey_picture_will_do(reader: QrReader) -> None:
    assert [code.payload for code in reader.read(symbol("grey"))] == [b"grey"]


@pytest.mark.parametrize("thorough", [False, True])
def test_each_code_is_returned_once_and_two_in_view_are_two(reader: QrReader, thorough: bool) -> None:
    picture = noise()
    put(picture, symbol("left"), square(100, 200, 300))
    put(picture, symbol("right"), square(800, 200, 300))

    assert sorted(code.payload for code in reader.read(picture, thorough=thorough)) == [b"left", b"right"]


def test_two_codes_with_the_same_text_are_two(reader: QrReader) -> None:
    picture = noise()
    put(picture, symbol("same"), square(100, 200, 300))
    put(picture, symbol("same"), square(800, 200, 300))

    assert [code.payload for code in reader.read(picture, thorough=True)] == [b"same", b"same"]


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("content", ["123", "HELLO", "gate"])
def test_a_micro_qr_code_is_not_read(reader: QrReader, content: str, thorough: bool) -> None:
    rows = segno.make_micro(content).matrix_iter(scale=10, border=4)
    picture = np.array([[0 if dark else 255 for dark in row] for row in rows], np.uint8)

    assert reader.read(picture, thorough=thorough) == []


@pytest.mark.parametrize("picture", [noise(), np.zeros((720, 1280, 3), np.uint8), np.full((3, 5, 3), 255, np.uint8)])
def test_nothing_is_read_where_nothing_is(reader: QrReader, picture: np.ndarray) -> None:
    assert reader.read(picture, thorough=True) == []
    assert reader.failures.total() == 0


def test_an_error_of_an_engine_is_counted_and_the_others_go_on(reader: QrReader, mocker) -> None:
    mocker.patch.object(module.zxingcpp, "read_barcodes", side_effect=IndexError("out of range"))
    codes = reader.read(symbol("second engine"), thorough=True)

    assert [(code.payload, code.engine) for code in codes] == [(b"second engine", "zbar")]
    assert reader.failures == {"zxing": 1, "zxing-global": 1}


@pytest.mark.parametrize("error", [ValueError("4294967295 is not a valid ZBarOrientation"), pyzbar.PyZbarError("no")])
def test_an_error_of_the_second_engine_is_counted(reader: QrReader, mocker, error: Exception) -> None:
    mocker.patch.object(pyzbar, "decode", side_effect=error)

    assert [code.engine for code in reader.read(symbol("first"), thorough=True)] == ["zxing"]
    assert reader.failures == {"zbar": 1}


def test_bytes_that_the_second_engine_damages_are_not_taken(reader: QrReader, mocker) -> None:
    mocker.patch.object(module.zxingcpp, "read_barcodes", return_value=[])

    assert reader.read(symbol("Қорғас", encoding="utf-8"), thorough=True) == []
    assert [code.text for code in reader.read(symbol("Korgas"), thorough=True)] == ["Korgas"]


FLOORS = {"zxing-blackbox": 82, "zxingcpp-samples": 49, "jsqr": 38, "boofcv-v3": 48, "dgc": 30, "negatives": 0}


@pytest.mark.skipif(not DATA.is_dir(), reason="the photographs are not at hand")
@pytest.mark.parametrize("subset", FLOORS)
def test_as_many_photographs_are_read_as_were_when_it_was_measured(reader: QrReader, subset: str) -> None:
    with (DATA / subset / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["file"]: row["payload"].replace("\r\n", "\n") for row in csv.DictReader(file)}
    read, wrong = 0, []
    for name, label in labels.items():
        texts = {code.text.replace("\r\n", "\n") for code in reader.read(load(DATA / subset / name))}
        read += bool(label) and label in texts
        if texts and not texts & set(labels.values()) and (label or subset == "negatives"):
            wrong.append((name, texts))

    assert read >= FLOORS[subset]
    assert wrong == []
