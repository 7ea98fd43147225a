"""One stage of the training: so many views, a rising and falling rate, checkpoints, and the same result when resumed.

Everything that a block of views draws by chance comes from the seed and the number of the block. A stage that was
killed goes on from its last checkpoint with the network, the averages and the optimiser as they were, and draws the
same.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.processor import fast_precision
from training.recogniser.augmentation import changed
from training.recogniser.net import Recogniser
from training.recogniser.pool import OtherSettingsError
from training.recogniser.targets import BLANK, CLASS_COUNT, CLASSES, UNSURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from training.recogniser.photographs import Album
    from training.recogniser.pool import Pool

    Batch = tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]

BATCH: Final = 128
BATCHES_A_BLOCK: Final = 64
_WARM_UP: Final = 0.05
_LAST_RATE: Final = 0.003
_CTC_AFTER: Final = 40_000
"""Views that are learnt from by their columns alone: before the columns make sense, CTC only says blank."""
_AVERAGED_EVERY: Final = 4
_MOST_GRADIENT: Final = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`views`: to see in all; `rate`: the highest; `real_share`: of photographed views in a batch.

    `shards`: of the pool, in all; `first_shards`: visible to the first block, one more to each further one.
    `from_scratch`: columns first, CTC later, and less of it.
    """

    views: int
    rate: float
    shards: int
    first_shards: int
    seed: int
    real_share: float = 0.0
    from_scratch: bool = True

    @property
    def blocks(self) -> int:
        """Of BATCH * BATCHES_A_BLOCK views each."""
        return max(1, round(self.views / (BATCH * BATCHES_A_BLOCK)))

    def visible(self, block: int) -> int:
        """How many shards block `block` draws from: what is drawn meanwhile comes in as it is finished."""
        return min(self.shards, self.first_shards + block)


class Stage:
    """Trains a network by a plan.

    `state`: the file of the checkpoint; `start`: weights to begin with, None for none.
    """

    def __init__(
        self, plan: Plan, pool: Pool, state: Path, album: Album | None = None, start: dict[str, Any] | None = None
    ) -> None:
        """Take up the checkpoint if there is one. Raises OtherSettingsError."""
        self._plan, self._pool, self._album, self._state = plan, pool, album, state
        torch.manual_seed(plan.seed)
        net = Recogniser()
        if start:
            net.load_state_dict(start)
        self._net = net.to(memory_format=torch.channels_last)
        self._average = {name: value.clone().float() for name, value in self._net.state_dict().items()}
        self._optimiser = _optimiser(self._net, plan.rate)
        self._ctc = nn.CTCLoss(zero_infinity=True)
        self._block = self._steps = 0
        self._losses = [0.0, 0.0]
        if state.exists():
            self._resume(torch.load(state, weights_only=True))

    @property
    def block(self) -> int:
        """How many blocks are behind it."""
        return self._block

    @property
    def blocks(self) -> int:
        """How many it takes."""
        return self._plan.blocks

    def run(self, told: Callable[[str], None]) -> dict[str, torch.Tensor]:
        """Train to the end; the averaged weights. `told`: is given a line of progress after each block."""
        while self._block < self._plan.blocks:
            self.advance()
            seen = self._block * BATCH * BATCHES_A_BLOCK
            columns, ctc = self._losses
            told(f"block {self._block} of {self._plan.blocks}, {seen} views, losses {columns:.3f} {ctc:.3f}")
        return dict(self._average)

    def advance(self) -> None:
        """One block, and the checkpoint behind it."""
        plan, block = self._plan, self._block
        torch.manual_seed(1_000_003 * (plan.seed + 1) + block)
        rng = np.random.default_rng((plan.seed, 1, block))
        self._net.train()
        for number, batch in enumerate(_batches(rng, plan, self._pool, self._album, block)):
            self._learn(batch, (block + number / BATCHES_A_BLOCK) / plan.blocks)
        self._block += 1
        self._store()

    def _learn(self, batch: Batch, done: float) -> None:
        views, columns, texts = batch
        for group in self._optimiser.param_groups:
            group["lr"] = _rate(self._plan.rate, done)
        with fast_precision():
            logits = self._net(views.contiguous(memory_format=torch.channels_last))
        shares = logits.float().log_softmax(2)
        lengths = torch.full((len(texts),), shares.shape[1], dtype=torch.long)
        sizes = torch.tensor([len(text) for text in texts])
        by_text = self._ctc(shares.permute(1, 0, 2), torch.cat(texts), lengths, sizes)
        drawn = shares[: len(columns)].reshape(-1, CLASS_COUNT)
        by_column = functional.nll_loss(drawn, columns.reshape(-1), ignore_index=UNSURE)
        column_weight, text_weight = self._weights(done)
        self._optimiser.zero_grad(set_to_none=True)
        (column_weight * by_column + text_weight * by_text).backward()
        nn.utils.clip_grad_norm_(self._net.parameters(), _MOST_GRADIENT)
        self._optimiser.step()
        self._steps += 1
        self._losses = [
            0.98 * a + 0.02 * float(b.detach()) for a, b in zip(self._losses, (by_column, by_text), strict=True)
        ]
        if self._steps % _AVERAGED_EVERY == 0:
            self._take_average()

    def _weights(self, done: float) -> tuple[float, float]:
        """Of the columns and of the text."""
        column_weight = 1.0 if done < 0.8 else 0.5
        if not self._plan.from_scratch:
            return column_weight, 1.0
        return column_weight, 0.5 if self._steps * BATCH >= _CTC_AFTER else 0.0

    def _take_average(self) -> None:
        kept = min(0.998, self._steps / (self._steps + 40))
        with torch.no_grad():
            for name, value in self._net.state_dict().items():
                if value.dtype.is_floating_point:
                    self._average[name].mul_(kept).add_(value.float(), alpha=1 - kept)
                else:
                    self._average[name] = value.clone()

    def _store(self) -> None:
        unfinished = self._state.with_suffix(".part")
        torch.save(
            {
                "plan": asdict(self._plan),
                "net": self._net.state_dict(),
                "average": self._average,
                "optimiser": self._optimiser.state_dict(),
                "block": self._block,
                "steps": self._steps,
                "losses": self._losses,
            },
            unfinished,
        )
        unfinished.replace(self._state)

    def _resume(self, stored: dict[str, Any]) -> None:
        if stored["plan"] != asdict(self._plan):
            raise OtherSettingsError(
                f"{self._state} was made with {stored['plan']}, wanted {asdict(self._plan)}; "
                "give the same settings, or another folder"
            )
        self._net.load_state_dict(stored["net"])
        self._average = stored["average"]
        self._optimiser.load_state_dict(stored["optimiser"])
        self._block, self._steps, self._losses = stored["block"], stored["steps"], stored["losses"]


def _optimiser(net: nn.Module, rate: float) -> torch.optim.Optimizer:
    parameters = list(net.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.03},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, rate, betas=(0.9, 0.99))


def _rate(highest: float, done: float) -> float:
    if done < _WARM_UP:
        return highest * max(done, 1e-4) / _WARM_UP
    return highest * (0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) + _LAST_RATE)


def _batches(rng: np.random.Generator, plan: Plan, pool: Pool, album: Album | None, block: int) -> Iterator[Batch]:
    """The batches of one block: drawn views first, photographed ones behind them."""
    real = round(BATCH * plan.real_share) if album else 0
    shards = [pool.shard(number) for number in range(plan.visible(block))]
    size = len(shards[0].views)
    for _ in range(BATCHES_A_BLOCK):
        chosen = np.sort(rng.integers(0, len(shards) * size, BATCH - real))
        places = [(shards[index // size], index % size) for index in chosen.tolist()]
        views = torch.from_numpy(np.stack([shard.views[at] for shard, at in places]))[:, None].float()
        columns = torch.from_numpy(np.stack([shard.columns[at] for shard, at in places])).long()
        texts = [
            torch.from_numpy(row[row != BLANK].astype(np.int64)) for shard, at in places for row in [shard.texts[at]]
        ]
        views = changed(views)
        if album and real:
            shown, written = album.sample(rng, real)
            views = torch.cat([views, torch.from_numpy(shown)[:, None]])
            texts += [torch.tensor([CLASSES[character] for character in text]) for text in written]
        yield views, columns, texts
