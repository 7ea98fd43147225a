"""The schooling of the detector: it resumes, learns, and what it writes is what it learnt. Needs torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from training.detector.backgrounds import Backgrounds
from training.detector.finder import Finder
from training.detector.samples import BATCH, Samples
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
    plan = Plan(4 * BATCH, 1e-3, workers=0)
    straight = train(samples, plan, tmp_path / "straight.pt", lambda _: None)

    def cut(_: str) -> None:
        raise _CutError

    with pytest.raises(_CutError):
        train(samples, plan, tmp_path / "cut.pt", cut)
    assert torch.load(tmp_path / "cut.pt", weights_only=True)["step"] == 2
    resumed = train(samples, plan, tmp_path / "cut.pt", lambda _: None)

    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_what_was_finished_is_not_learnt_again(samples: Samples, tmp_path: Path) -> None:
    plan = Plan(BATCH, 1e-3, workers=0)
    once = train(samples, plan, tmp_path / "one.pt", lambda _: None)
    again = train(samples, plan, tmp_path / "one.pt", lambda _: pytest.fail("it learnt again"))

    assert all(torch.equal(once[name], again[name]) for name in once)


def test_the_loss_falls_on_what_is_shown_again_and_again(samples: Samples) -> None:
    torch.manual_seed(1)
    net = Net().train()
    shown = [samples[BATCH + index] for index in (0, 1, 2)]
    pictures = torch.from_numpy(np.stack([pixels for pixels, _ in shown]))
    heat, offsets, weight = (
        torch.from_numpy(np.stack([getattr(targets, name) for _, targets in shown]))
        for name in ("heat", "offsets", "weight")
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    course = []
    for _ in range(20):
        wrong = loss(net(pictures), heat, offsets, weight)
        optimiser.zero_grad()
        wrong.backward()
        optimiser.step()
        course.append(float(wrong.detach()))

    assert course[-1] < 0.5 * course[0]


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
    assert len(network) < 1_000_000


@pytest.mark.parametrize("size", [(720, 1280), (31, 33), (1, 1), (900, 20)])
def test_a_finder_takes_pictures_of_any_size(size: tuple[int, int], network: bytes) -> None:
    finder = Finder(network, threshold=1e-4)
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


def test_one_command_trains_writes_and_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["detector", str(tmp_path), "--fonts", str(FONTS), "--samples", "16", "--workers", "0"]
    monkeypatch.setattr("sys.argv", arguments)

    assert main() == 0
    assert len((tmp_path / "drawn.onnx").read_bytes()) > 500_000
    assert "the product's:\n  0 finds in 0 pictures" in capsys.readouterr().out
