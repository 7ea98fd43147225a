"""The whole training in its order: draw, train on drawings, tune with photographs, export."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from training.drawing import Glyphs
from training.recogniser.exported import export
from training.recogniser.net import Recogniser
from training.recogniser.photographs import FOLDS, Album, fold_of, photographed
from training.recogniser.pool import SHARD, Pool, Source
from training.recogniser.stage import BATCH, BATCHES_A_BLOCK, Plan, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_SHOWN_EACH: Final = 1.5
"""How often a drawn view is shown: changed each time, so that a few times teach as much as new ones."""
_FIRST_SHARDS: Final = 4
_RATE: Final = 3e-3
_TUNING_RATE: Final = 1.2e-3
_REAL_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Order:
    """What to train on and how long. `folder`: for everything that is made; a run that is killed goes on from there.

    `views`, `tuning_views`: to see in the stage on drawings, and in each that tunes with photographs.
    """

    folder: Path
    fonts: Sequence[Path]
    bitmaps: Path | None
    crops: Sequence[Path]
    photographs: Sequence[Path]
    seed: int
    views: int
    tuning_views: int


def run(order: Order, told: Callable[[str], None]) -> None:
    """Make `drawn.onnx`, and where there are photographs `tuned.onnx` and `fold-0.onnx` to `fold-3.onnx`.

    A fold's file has not seen the plates of that fold: what it reads of them is the honest figure. `tuned.onnx` has
    seen all. Raises GlyphsError, OtherSettingsError, DrawingStoppedError and OSError.
    """
    Glyphs.load(order.fonts, order.bitmaps)  # what is wrong with them is told here, before a process draws with them
    order.folder.mkdir(parents=True, exist_ok=True)
    shards = max(2, round((order.views + order.tuning_views) / _SHOWN_EACH / SHARD))
    pool = Pool(order.folder / "pool", Source(order.fonts, order.bitmaps, order.seed))
    pool.start(shards)
    try:
        _stages(order, pool, shards, told)
    finally:
        pool.stop()


def _stages(order: Order, pool: Pool, shards: int, told: Callable[[str], None]) -> None:
    plan = Plan(
        views=order.views,
        rate=_RATE,
        shards=shards,
        first_shards=_FIRST_SHARDS,
        seed=order.seed,
    )
    drawn = _trained(order.folder, "drawn", Stage(plan, pool, order.folder / "drawn.state"), told)
    plates = photographed(order.crops, order.photographs)
    if not plates:
        told("no photographs given: drawn.onnx is all there is; it reads photographs worse than a tuned one")
        return
    told(f"{len(plates)} photographed plates")
    tuning = Plan(
        views=order.tuning_views,
        rate=_TUNING_RATE,
        shards=shards,
        first_shards=shards,
        seed=order.seed,
        real_share=_REAL_SHARE,
        from_scratch=False,
    )
    albums = {f"fold-{fold}": [plate for plate in plates if fold_of(plate.text) != fold] for fold in range(FOLDS)}
    for name, seen in ({"tuned": plates} | albums).items():
        state = order.folder / f"{name}.state"
        _trained(order.folder, name, Stage(tuning, pool, state, Album(seen), start=drawn), told)


def _trained(folder: Path, name: str, stage: Stage, told: Callable[[str], None]) -> dict[str, Any]:
    """Run the stage and export its network."""
    begun, first = time.monotonic(), stage.block

    def progress(text: str) -> None:
        rate = (stage.block - first) * BATCH * BATCHES_A_BLOCK / (time.monotonic() - begun)
        left_s = (stage.blocks - stage.block) * BATCH * BATCHES_A_BLOCK / rate
        told(f"{name}: {text}; {rate:.0f} views/s, {left_s / 60:.0f} min left")

    weights = stage.run(progress)
    net = Recogniser()
    net.load_state_dict(weights)
    export(net, folder / f"{name}.onnx")
    return weights
