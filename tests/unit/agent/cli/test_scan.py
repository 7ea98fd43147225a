"""The command scan."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from agent.cli.scan import scan
from agent.core.model import VinSource
from agent.core.plates import ACCEPTED
from agent.vision.worker.picture_file import PictureError, decode, load
from agent.vision.worker.plate import weights
from bench.sights import Sight
from bench.vin_labels import label as bars
from bench.vin_labels import shown as seen_label
from bench.vin_labels import vin_of
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene

application = typer.Typer()
application.command()(scan)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, [str(argument) for argument in arguments])


def rows(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    scene = Scene(vehicle=Vehicle(plate="新A12345"), code=ShownCode(text="https://gate.example/Қорғас"))
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), draw_scene(scene))
    return path


def test_a_line_of_json_has_exactly_the_promised_shape(photo: Path) -> None:
    result = run(photo, "--json")
    (row,) = rows(result)

    assert result.exit_code == 0
    assert list(row) == ["file", "qr", "plates", "vins", "picture", "ms"]
    assert row["file"] == str(photo)
    ((code,), (plate,)) = row["qr"], row["plates"]
    assert list(code) == ["text", "engine", "corners", "module_px"]
    assert (code["text"], code["engine"]) == ("https://gate.example/Қорғас", "zxing")
    assert np.array(code["corners"]).shape == (4, 2)
    assert list(plate) == ["text", "confidence", "characters", "box", "kind", "countries", "character_px", "cut"]
    assert (plate["text"], plate["kind"], len(plate["box"])) == ("新A12345", "civil_blue", 4)
    assert plate["countries"][0][0] == "CN"
    assert sum(share for _, share in plate["countries"]) == pytest.approx(1, abs=0.01)
    assert [character for character, _ in plate["characters"]] == list("新A12345")
    assert all(0 < share <= 1 for _, share in plate["characters"])
    assert row["vins"] == []
    assert set(row["ms"]) == {"qr", "plate", "vin"}
    assert all(ms > 0 for ms in row["ms"].values())


def test_a_plate_that_the_edge_of_the_picture_cuts_is_shown_as_such_and_never_sure(tmp_path: Path) -> None:
    scene = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    (whole,) = scan_plates(tmp_path / "whole.png", scene)
    left, _, across, _ = whole["box"]
    (at_edge,) = scan_plates(tmp_path / "at_edge.png", scene[:, : left + across + 12])
    cut = scan_plates(tmp_path / "cut.png", scene[:, : left + across - 10])

    assert (whole["cut"], at_edge["text"], at_edge["cut"]) == (False, "新A12345", False)
    assert cut
    assert all(plate["cut"] and plate["confidence"] < ACCEPTED for plate in cut)
    assert " (cut)" in run(tmp_path / "cut.png").stdout


def scan_plates(path: Path, pixels: np.ndarray) -> list[dict]:
    cv2.imwrite(str(path), np.ascontiguousarray(pixels))
    (row,) = rows(run(path, "--json", "--reader", "plate"))
    return row["plates"]


FIGURES = ["module_px", "character_px", "sharpness", "glare", "noise", "brightness"]


def test_each_picture_gets_a_traffic_light_with_the_figures_behind_it(photo: Path) -> None:
    (row,) = rows(run(photo, "--json"))
    picture = row["picture"]

    assert list(picture) == ["grade", "findings"]
    assert [list(one) for one in picture["findings"]] == [["figure", "value", "grade", "flaw", "advice"]] * 6
    assert [one["figure"] for one in picture["findings"]] == FIGURES
    values = {one["figure"]: one["value"] for one in picture["findings"]}
    assert values["module_px"] == row["qr"][0]["module_px"] == pytest.approx(250 / 37, rel=0.2)
    assert values["character_px"] == row["plates"][0]["character_px"] == pytest.approx(41, rel=0.2)
    assert picture["grade"] == "good"
    assert {(one["grade"], one["flaw"], one["advice"]) for one in picture["findings"]} == {("good", None, None)}


def test_a_picture_that_is_small_and_not_sharp_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # a column that is narrow breaks its sentences
    scene = draw_scene(Scene(vehicle=Vehicle(plate="新A12345"), code=ShownCode(text="GP1:HELLO")))
    cv2.imwrite(str(tmp_path / "far.png"), cv2.resize(scene, (430, 242), interpolation=cv2.INTER_AREA))
    cv2.imwrite(str(tmp_path / "soft.png"), cv2.GaussianBlur(scene, (0, 0), 6))
    far, soft = rows(run(tmp_path, "--json"))

    grades = {one["figure"]: (one["grade"], one["flaw"]) for one in far["picture"]["findings"]}
    assert grades["character_px"] == ("poor", "small_plate")
    assert soft["picture"]["grade"] == "bad"
    (unsharp,) = (one for one in soft["picture"]["findings"] if one["grade"] != "good")
    assert (unsharp["flaw"], "set the focus" in unsharp["advice"]) == ("unsharp", True)

    monkeypatch.chdir(tmp_path)  # a long path leaves the other columns no room
    shown = run("far.png", "soft.png").stdout
    assert "sharpness" in shown
    assert "set the focus" in shown


def test_only_the_reader_that_was_asked_for_looks(photo: Path) -> None:
    (codes_only,) = rows(run(photo, "--json", "--reader", "qr"))
    (plates_only,) = rows(run(photo, "--json", "--reader", "plate"))

    assert (len(codes_only["qr"]), codes_only["plates"], codes_only["ms"]["plate"]) == (1, [], None)
    assert (plates_only["qr"], len(plates_only["plates"]), plates_only["ms"]["qr"]) == ([], 1, None)


def test_the_vin_of_a_label_is_told_with_its_code_and_its_place(tmp_path: Path) -> None:
    path, vin = tmp_path / "label.png", vin_of(1)
    seen = seen_label(bars(VinSource.CODE_39, f"I{vin}"), Sight(3.0), np.random.default_rng(1))
    cv2.imwrite(str(path), seen.pixels)
    (row,) = rows(run(path, "--json", "--reader", "vin"))
    (told,) = row["vins"]

    assert list(told) == ["text", "source", "confidence", "box"]
    assert (told["text"], told["source"], told["confidence"], len(told["box"])) == (vin, "code_39", 1.0, 4)
    assert (row["ms"]["qr"], row["ms"]["plate"]) == (None, None)
    assert f"{vin} code_39" in run(path, "--reader", "vin").stdout


def test_without_json_a_table_is_shown(photo: Path) -> None:
    result = run(photo)

    assert result.exit_code == 0
    assert "新A12345" in result.stdout
    assert "https://gate.example/Қорғас" in result.stdout


def test_a_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hostile.png"
    cv2.imwrite(str(path), draw_scene(Scene(code=ShownCode(text="\x1b[2J[red]x\x07"))))
    result = run(path, "--reader", "qr")

    assert "\x1b[2J" not in result.stdout
    assert "\\u001b[2J[red]x\\u0007" in result.stdout


def test_a_folder_is_read_with_the_folders_in_it_and_only_its_pictures(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "labels.csv").write_text("not a picture")
    photo.rename(tmp_path / "deeper" / "B.PNG")
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((40, 40, 3), np.uint8))
    result = run(tmp_path, "--json", "--reader", "qr")

    assert result.exit_code == 0
    assert [Path(row["file"]).name for row in rows(result)] == ["a.jpg", "B.PNG"]


def test_what_cannot_be_read_is_said_and_the_rest_is_read(tmp_path: Path, photo: Path) -> None:
    whole = photo.read_bytes()
    bad = {"missing.jpg": None, "text.png": b"hello", "empty.jpg": b"", "cut.png": whole[: len(whole) // 2]}
    for name, content in bad.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    result = run(*(tmp_path / name for name in bad), photo, "--json", "--reader", "qr")
    lines = rows(result)

    assert result.exit_code == 1
    assert [set(row) for row in lines[:-1]] == [{"file", "error"}] * len(bad)
    assert "qr" in lines[-1]
    for name, row in zip(bad, lines, strict=False):
        assert f"{tmp_path / name}: {row['error']}" in result.stderr


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    result = run(tmp_path)

    assert result.exit_code == 1
    assert "no pictures" in result.stderr


def test_a_file_name_that_is_no_utf8_still_gives_valid_json(tmp_path: Path, photo: Path) -> None:
    odd = tmp_path / "od\udcffd.png"
    photo.rename(odd)
    result = run(tmp_path, "--json", "--reader", "qr")

    assert rows(result)[0]["file"] == str(odd)


def test_missing_weights_are_a_clear_error(photo: Path, mocker) -> None:
    mocker.patch("agent.vision.worker.plate.weights.hashlib.sha256", side_effect=OSError("unreadable"))

    assert run(photo).exit_code == 1


def without_network(mocker, *missing: str) -> None:
    """As a computer on which these files of weights were never fetched."""
    whole = weights.checked

    def checked(name: str, *folder: Path) -> Path:
        if name in missing:
            raise weights.WeightsError(f"{name}.onnx: No such file or directory; run tools/fetch_models.py")
        return whole(name, *folder)

    mocker.patch.object(weights, "checked", checked)


def test_without_the_network_for_vins_in_print_all_else_is_read_and_what_is_missing_is_told(
    photo: Path, mocker
) -> None:
    without_network(mocker, "line_recogniser")
    result = run(photo, "--json")
    (row,) = rows(result)

    assert [code["text"] for code in row["qr"]] == ["https://gate.example/Қорғас"]
    assert [plate["text"] for plate in row["plates"]] == ["新A12345"]
    assert result.exit_code == 1
    assert result.stderr == (
        "gate-agent scan: VINs in print are not read: line_recogniser.onnx: No such file or directory; "
        "run tools/fetch_models.py\n"
    )


def test_without_the_network_for_plates_codes_are_read_and_a_scan_for_plates_alone_says_why_not(
    photo: Path, mocker
) -> None:
    without_network(mocker, "detector")
    result = run(photo, "--json")
    (row,) = rows(result)

    assert [code["text"] for code in row["qr"]] == ["https://gate.example/Қорғас"]
    assert (row["plates"], row["ms"]["plate"], result.exit_code) == ([], None, 1)
    assert "plates are not read: detector.onnx" in result.stderr
    alone = run(photo, "--reader", "plate")
    assert (alone.exit_code, alone.stdout) == (1, "")
    assert alone.stderr.startswith("gate-agent scan: detector.onnx: No such file")


# ------------------------------------------------------------------------------------------------------- pictures


def encoded(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (60, 20))

    assert decode(encoded(image, "JPEG", exif=exif)).shape == (60, 20, 3)


def test_what_is_clear_becomes_white_and_colours_become_bgr() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))

    assert decode(encoded(image)).tolist() == [[[0, 0, 255], [255, 255, 255]]]


def test_sixteen_bits_become_eight() -> None:
    image = Image.fromarray(np.array([[0, 257 * 128, 65535]], np.uint16))

    assert decode(encoded(image))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK"])
def test_every_mode_becomes_three_channels(mode: str) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"

    assert decode(encoded(Image.new(mode, (5, 4)), kind)).shape == (4, 5, 3)


def test_a_huge_picture_is_refused_before_it_is_unpacked() -> None:
    for side in (10_500, 20_000):
        with pytest.raises(PictureError, match="too large"):
            decode(encoded(Image.new("1", (side, side))))


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(64_000_001)

    with pytest.raises(PictureError, match="too large"):
        load(path)


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="not a file"):
        load(tmp_path)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_bytes_raise_nothing_but_a_picture_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP"):
        content = bytearray(encoded(image, kind))
        for index in rng.integers(0, len(content), 20):
            content[index] = rng.integers(0, 256)
        with contextlib.suppress(PictureError):
            assert decode(bytes(content)).ndim == 3
