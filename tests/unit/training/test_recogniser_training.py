"""The training itself, on a tiny pool: it learns, it goes on after a kill as if there had been none, it exports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is in the training's own environment (tools/setup_training.sh)")

from training.recogniser import stage as stages  # noqa: E402 - needs torch
from training.recogniser.exported import export  # noqa: E402
from training.recogniser.measure import Network  # noqa: E402
from training.recogniser.net import Recogniser  # noqa: E402
from training.recogniser.pool import OtherSettingsError, Pool, Source  # noqa: E402
from training.recogniser.stage import Plan, Stage  # noqa: E402
from training.recogniser.targets import CLASS_COUNT, COLUMNS  # noqa: E402

FONTS = Path(__file__).parents[3] / "drivers" / "camera" / "simulated_yard" / "fonts"
PLAN = Plan(views=96, rate=3e-3, shards=1, first_shards=1, seed=0)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    pool = Pool(tmp_path_factory.mktemp("pool"), Source([FONTS], None, seed=0, size=32))
    pool.start(1)
    pool.shard(0)
    yield pool
    pool.stop()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Three blocks of four batches of eight views."""
    torch.set_num_threads(1)
    monkeypatch.setattr(stages, "BATCH", 8)
    monkeypatch.setattr(stages, "BATCHES_A_BLOCK", 4)


def equal(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_stage_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, pool):
    whole = Stage(PLAN, pool, tmp_path / "whole.state").run(lambda _: None)

    broken = Stage(PLAN, pool, tmp_path / "broken.state")
    broken.advance()
    broken.advance()
    resumed = Stage(PLAN, pool, tmp_path / "broken.state")
    assert (resumed.block, resumed.blocks) == (2, 3)
    assert equal(whole, resumed.run(lambda _: None))


def test_another_seed_gives_another_network(tmp_path, pool):
    one = Stage(PLAN, pool, tmp_path / "one.state").run(lambda _: None)
    other = Stage(replace(PLAN, seed=1), pool, tmp_path / "other.state").run(lambda _: None)
    assert not equal(one, other)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path, pool):
    Stage(PLAN, pool, tmp_path / "one.state").advance()
    with pytest.raises(OtherSettingsError, match=r"one\.state was made with"):
        Stage(replace(PLAN, views=960), pool, tmp_path / "one.state")


def test_the_columns_are_learnt(tmp_path, pool):
    losses = []
    plan = replace(PLAN, views=32 * 14)
    Stage(plan, pool, tmp_path / "learns.state").run(lambda text: losses.append(text.split()[-2]))
    assert len(losses) == 14
    stage = Stage(plan, pool, tmp_path / "learns.state")
    shard = pool.shard(0)
    net = Recogniser().eval()
    net.load_state_dict(stage.run(lambda _: None))
    with torch.no_grad():
        found = net(torch.from_numpy(shard.views.copy())[:, None].float()).argmax(2).numpy()
    certain = shard.columns != 255
    assert (found == shard.columns)[certain].mean() > (shard.columns[certain] == 0).mean()


def test_an_exported_network_says_the_same(tmp_path, pool):
    torch.manual_seed(5)
    net = Recogniser().eval()
    for norm in (module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    export(net, tmp_path / "net.onnx")
    views = pool.shard(0).views.copy()
    with torch.no_grad():
        wanted = net(torch.from_numpy(views)[:, None].float()).softmax(2).numpy()
    assert wanted.shape == (32, COLUMNS, CLASS_COUNT)
    assert np.abs(Network(tmp_path / "net.onnx").probabilities(views) - wanted).max() < 1e-4
