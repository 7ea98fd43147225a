"""Trains the network on samples: resumes where it was stopped, and gives the mean of its late weights."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from training.detector.net import Net, loss
from training.processor import fast_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from training.detector.samples import Samples

    State = Mapping[str, torch.Tensor]

_BETAS: Final = (0.9, 0.99)
_DECAY: Final = 0.02
_WARM: Final = 500
_STEADY: Final = 0.7
_LAST: Final = 0.005
_LARGEST_STEP: Final = 5.0
_MEAN_OVER: Final = 500
_SAVE_EVERY: Final = 100
_TELL_EVERY: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps`: how often the weights are changed, by a batch each time; `rate`: the largest learning rate.

    `workers`: processes that draw ahead.
    """

    steps: int
    rate: float
    workers: int = 1

    def rate_at(self, step: int) -> float:
        """Rises for the first steps, is steady for most of them, then falls along half a cosine.

        So a plan of more steps can go on from what one of fewer has learnt, as long as that has not slowed down.
        """
        rising = min(_WARM, max(1, self.steps // 10))
        done = step / self.steps
        if step < rising:
            return self.rate * (step + 1) / rising
        if done < _STEADY:
            return self.rate
        return self.rate * max(_LAST, 0.5 * (1 + math.cos(math.pi * (done - _STEADY) / (1 - _STEADY))))


class _Batches(Dataset[tuple[torch.Tensor, ...]]):
    """The batches from number `first` on, as tensors."""

    def __init__(self, samples: Samples, first: int, count: int) -> None:
        self._samples, self._first, self._count = samples, first, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, ...]:
        return tuple(torch.from_numpy(array) for array in self._samples.batch(self._first + index))


def train(
    samples: Samples, plan: Plan, checkpoint: Path, told: Callable[[str], None], start: State | None = None
) -> dict[str, torch.Tensor]:
    """The weights after the plan. Goes on from `checkpoint` where there is one; else from `start`, or from nothing.

    The same seed, plan and thread count give the same weights, stopped in between or not.
    """
    torch.manual_seed(samples.seed)
    net = Net().to(memory_format=torch.channels_last)
    if start is not None:
        net.load_state_dict(start)
    optimiser = torch.optim.AdamW(_groups(net), lr=plan.rate, betas=_BETAS)
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    first = _resumed(checkpoint, net, optimiser, mean)
    net.train()
    begun, shown = time.monotonic(), 0.0
    for step, batch in enumerate(_batches(samples, plan, first), start=first):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(step)
        shown += _step(net, optimiser, batch)
        _blend(mean, net.state_dict(), step)
        if (step + 1) % _SAVE_EVERY == 0 or step + 1 == plan.steps:
            _save(checkpoint, step + 1, net, optimiser, mean)
        if (step + 1) % _TELL_EVERY == 0:
            left_s = (time.monotonic() - begun) / (step + 1 - first) * (plan.steps - step - 1)
            told(f"step {step + 1} of {plan.steps}, loss {shown / _TELL_EVERY:.3f}, {left_s / 60:.0f} min left")
            shown = 0.0
    return mean


def _batches(samples: Samples, plan: Plan, first: int) -> DataLoader[tuple[torch.Tensor, ...]]:
    numbered = _Batches(samples, first, plan.steps - first)
    return DataLoader(numbered, batch_size=None, num_workers=plan.workers, worker_init_fn=_alone)


def _alone(_: int) -> None:
    """One thread a process: there is one process a core."""
    cv2.setNumThreads(1)


def _groups(net: nn.Module) -> list[dict[str, Any]]:
    """Only kernels decay."""
    kernels = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in net.parameters() if parameter.ndim <= 1]
    return [{"params": kernels, "weight_decay": _DECAY}, {"params": others, "weight_decay": 0.0}]


def _step(net: nn.Module, optimiser: torch.optim.Optimizer, batch: tuple[torch.Tensor, ...]) -> float:
    pictures, wanted = batch
    with fast_precision():
        output = net(pictures)
    wrong = loss(output.float(), wanted)
    optimiser.zero_grad(set_to_none=True)
    wrong.backward()
    nn.utils.clip_grad_norm_(net.parameters(), _LARGEST_STEP)
    optimiser.step()
    return float(wrong.detach())


def _blend(mean: dict[str, torch.Tensor], state: State, step: int) -> None:
    """An exponential mean of the weights: less noisy than the last ones."""
    keep = min(1 - 1 / _MEAN_OVER, step / (step + 20))
    for name, value in state.items():
        if value.dtype.is_floating_point:
            mean[name].mul_(keep).add_(value, alpha=1 - keep)
        else:
            mean[name].copy_(value)


def _save(path: Path, step: int, net: nn.Module, optimiser: torch.optim.Optimizer, mean: State) -> None:
    """At once or not at all, so that a kill in the middle costs nothing."""
    part = path.with_suffix(".part")
    content = {"step": step, "net": net.state_dict(), "optimiser": optimiser.state_dict(), "mean": dict(mean)}
    torch.save(content, part)
    part.replace(path)


def _resumed(path: Path, net: nn.Module, optimiser: torch.optim.Optimizer, mean: dict[str, torch.Tensor]) -> int:
    """Load what was saved; the step to go on with."""
    if not path.is_file():
        return 0
    content = torch.load(path, weights_only=True)
    net.load_state_dict(content["net"])
    optimiser.load_state_dict(content["optimiser"])
    mean.update(content["mean"])
    return int(content["step"])
