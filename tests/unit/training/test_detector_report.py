"""The report on detectors beside the product's own. Needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import pytest

from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene

torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")

from training.detector.net import Net, exported  # noqa: E402 - needs torch
from training.detector.report import main  # noqa: E402 - needs torch

if TYPE_CHECKING:
    from pathlib import Path

PLATE = "新A12345"


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A set of one drawn picture."""
    folder = tmp_path / "yard"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), draw_scene(Scene(vehicle=Vehicle(plate=PLATE))))
    (folder / "labels.csv").write_text(f"file,plate,box\na.png,{PLATE},600 500 180 70\n", encoding="utf-8")
    return folder


def report(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["report", *map(str, arguments)])
    return main()


def test_each_detector_is_judged_on_each_set(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(2)
    net = Net().eval()
    (tmp_path / "net.onnx").write_bytes(exported(net))
    torch.save({"mean": net.state_dict()}, tmp_path / "net.pt")
    networks = [f"written={tmp_path / 'net.onnx'}@0.9", f"learning={tmp_path / 'net.pt'}"]

    assert report(monkeypatch, *networks, "--sets", photographs, "--empty", photographs) == 0
    told = capsys.readouterr().out
    assert "yard: 1 plates\n  the product's:\n    at 640 pixels: 1 of 1 plates found" in told
    assert "\n  written:\n    at 640 pixels: " in told
    assert "\n  learning:\n    at 640 pixels: " in told
    assert "  the product's: 1 finds in 1 pictures without plates\n" in told


def test_a_network_without_a_file_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(monkeypatch, "new") == 1
    assert "new: NAME=FILE is wanted" in capsys.readouterr().err
