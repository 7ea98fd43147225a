"""The schooling of the detector: it resumes, learns, and what it writes is what it learnt. Needs torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnxruntime
import pytest

from agent.vision.worker.plate import weights
from agent.vision.worker.plate.detector import PlateDetector
from agent.vision.worker.plate.detector_peaks import OFFSET_PX, STRIDE_PX
from training.detector.backgrounds import Backgrounds
from training.detector.labelled import upright
from training.detector.samples import Samples
from training.detector.targets import encode
from training.drawing import Glyphs

torch = pytest.importorskip("torch", reason="torch is not installed: it is for training only")

from training.detector.__main__ import main  # noqa: E402 - needs torch
from training.detector.net import Net, exported, loss  # noqa: E402 - needs torch
from training.detector.schooling import Plan, train  # noqa: E402 - needs torch

if TYPE_CHECKING:
    from collections.abc import Iterator

FONTS = Path(__file__).resolve().parents[3] / "drivers" / "camera" / "simulated_yard" / "fonts"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """More threads add in another order, and the sums differ in the last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def samples() -> Samples:
    return Samples(5, Glyphs.load([FONTS]), Backgrounds([]))


@pytest.fixture(scope="module")
def network() -> bytes:
    torch.manual_seed(2)
    return exported(Net().eval())


class _CutError(Exception):
    pass


def test_a_stopped_schooling_goes_on_as_if_it_had_not_been_stopped(
    samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.detector.schooling._SAVE_EVERY", 2)
    monkeypatch.setattr("training.detector.schooling._TELL_EVERY", 3)
    plan = Plan(4, 1e-3, workers=0)
    straight = train(samples, plan, tmp_path / "straight.pt", lambda _: None)

    def cut(_: str) -> None:
        raise _CutError

    with pytest.raises(_CutError):
        train(samples, plan, tmp_path / "cut.pt", cut)
    assert torch.load(tmp_path / "cut.pt", weights_only=True)["step"] == 2
    resumed = train(samples, plan, tmp_path / "cut.pt", lambda _: None)

    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_what_was_finished_is_not_learnt_again(samples: Samples, tmp_path: Path) -> None:
    plan = Plan(1, 1e-3, workers=0)
    once = train(samples, plan, tmp_path / "one.pt", lambda _: None)
    again = train(samples, plan, tmp_path / "one.pt", lambda _: pytest.fail("it learnt again"))

    assert all(torch.equal(once[name], again[name]) for name in once)


def test_the_loss_falls_on_what_is_shown_again_and_again(samples: Samples) -> None:
    torch.manual_seed(1)
    net = Net().train()
    pictures, wanted = (torch.from_numpy(array) for array in samples.batch(2))
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    course = []
    for _ in range(20):
        wrong = loss(net(pictures), wanted)
        optimiser.zero_grad()
        wrong.backward()
        optimiser.step()
        course.append(float(wrong.detach()))

    assert course[-1] < 0.5 * course[0]


def said(corners: np.ndarray, size_px: tuple[int, int]) -> torch.Tensor:
    """What a network that is everywhere as sure of one plate says, every cell pointing to its corners."""
    columns, rows = size_px[0] // STRIDE_PX, size_px[1] // STRIDE_PX
    middles = (np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) + 0.5) * STRIDE_PX
    offsets = (corners.reshape(1, 1, 8) - np.tile(middles, 4)) / OFFSET_PX
    return torch.from_numpy(np.concatenate([np.zeros((1, rows, columns)), offsets.transpose(2, 0, 1)])[None]).float()


def test_a_box_judges_the_outermost_corners_alone() -> None:
    box, size_px = upright(40, 30, 80, 40), (160, 96)
    leaning = np.float32([[40, 36], [118, 30], [120, 64], [42, 70]])
    wanted = torch.from_numpy(encode([], size_px, [box]).stacked()[None])
    exactly = torch.from_numpy(encode([box], size_px).stacked()[None])
    smaller = leaning + np.float32([[8, 0], [0, 0], [0, 0], [0, -8]])

    right, wrong = (float(loss(said(one, size_px), wanted)) for one in (leaning, smaller))
    assert right == pytest.approx(float(loss(said(box, size_px), wanted)))
    assert wrong > right
    assert float(loss(said(leaning, size_px), exactly)) > float(loss(said(box, size_px), exactly))


def test_what_is_not_told_is_neither_right_nor_wrong() -> None:
    told = np.full((96, 160), 255, np.uint8)
    told[:, 80:] = 0
    half = torch.from_numpy(encode([], (160, 96), told=told).stacked()[None])
    whole = torch.from_numpy(encode([], (160, 96)).stacked()[None])
    output = torch.full((1, 9, 12, 20), -9.0)
    output[..., 12:] = 3.0

    assert float(loss(output, half)) < 1e-3
    assert float(loss(output, whole)) > 1


def test_the_rate_rises_stays_and_falls() -> None:
    plan = Plan(1000, 1e-3)

    assert plan.rate_at(0) < plan.rate_at(50) < plan.rate_at(100) == plan.rate_at(699) == 1e-3
    assert 1e-3 > plan.rate_at(800) > plan.rate_at(999) > 0
    assert Plan(5000, 1e-3).rate_at(600) == plan.rate_at(600)


@pytest.mark.parametrize("size", [(256, 320), (384, 640), (32, 32)])
def test_the_written_network_says_what_the_trained_one_says(size: tuple[int, int], network: bytes) -> None:
    torch.manual_seed(2)
    net = Net().eval()
    picture = np.random.default_rng(1).integers(0, 256, (1, *size, 3), dtype=np.uint8)
    with torch.no_grad():
        wanted = net(torch.from_numpy(picture)).numpy()
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    (cells,) = session.run(None, {"picture": picture})

    assert cells.shape == (1, 9, size[0] // 8, size[1] // 8)
    assert cells == pytest.approx(wanted, abs=1e-3)


def test_the_network_is_small_enough_for_a_gate(network: bytes) -> None:
    assert len(network) < 1_500_000


@pytest.mark.parametrize("size", [(720, 1280), (31, 33), (1, 1), (900, 20)])
def test_a_finder_takes_pictures_of_any_size(size: tuple[int, int], network: bytes) -> None:
    finder = PlateDetector(1e-4, session=weights.opened(network))
    height, width = size
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = finder.find(picture)

    for one in found:
        assert one.corners.shape == (4, 2)
        assert 0 < one.score <= 1
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["detector", str(tmp_path / "out"), "--fonts", str(FONTS), "--photographs", str(tmp_path / "none")]
    monkeypatch.setattr("sys.argv", arguments)

    assert main() == 1
    assert f"{tmp_path / 'none'}" in capsys.readouterr().err


def boxed_folder(folder: Path) -> Path:
    """A folder of two photographs, each with a plate by its box."""
    folder.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), np.full((120, 160, 3), 90, np.uint8))
    (folder / "labels.csv").write_text("file,plate,box\na.png,,40 50 60 20\nb.png,,20 30 50 20\n", encoding="utf-8")
    return folder


def test_one_command_trains_writes_and_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["detector", str(tmp_path), "--fonts", str(FONTS), "--steps", "1", "--photograph-steps", "1"]
    arguments += ["--workers", "0", "--boxed", str(boxed_folder(tmp_path / "boxed"))]
    monkeypatch.setattr("sys.argv", arguments)

    assert main() == 0
    assert len((tmp_path / "drawn.onnx").read_bytes()) > 500_000
    assert len((tmp_path / "photographed.onnx").read_bytes()) > 500_000
    told = capsys.readouterr().out
    assert "corners of 0 boxed plates, and of 0 that were read" in told
    assert "the product's:\n  0 finds in 0 pictures" in told
