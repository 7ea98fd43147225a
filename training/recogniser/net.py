"""The recogniser: a small convolutional network, 394,000 parameters, from a grey view to 36 columns of classes."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from agent.vision.worker.plate.rectify import VIEW_HEIGHT_PX
from training.recogniser.targets import CLASS_COUNT

_WIDTHS: Final = (24, 48, 96, 128)
LEAST_SPREAD: Final = 4.0
"""Added to the spread of a view's grey before dividing by it: an even view is not blown up into noise."""


class Layer(nn.Sequential):
    """Convolution, batch norm, rectifier."""

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), *, high: bool = True
    ) -> None:
        padding = (kernel[0] // 2 if high else 0, kernel[1] // 2)
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Added(nn.Module):
    """A layer whose result is added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = Layer(width, width, (3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What went in and what the layer makes of it."""
        return x + self.layer(x)


class Recogniser(nn.Module):
    """Views of shape (n, 1, 40, 144), grey 0..255, to logits of shape (n, 36, classes). Evens out light by itself."""

    def __init__(self, widths: tuple[int, int, int, int] = _WIDTHS) -> None:
        super().__init__()
        first, second, third, last = widths
        self.body = nn.Sequential(
            Layer(1, first, (5, 5), (2, 2)),
            Layer(first, second, (3, 3), (2, 2)),
            Added(second),
            Layer(second, third, (3, 3), (2, 1)),
            Added(third),
            Added(third),
            Layer(third, last, (VIEW_HEIGHT_PX // 8, 1), high=False),
            Layer(last, last, (1, 5)),
            nn.Dropout2d(0.05),
        )
        self.head = nn.Conv2d(last, CLASS_COUNT, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of the views `x`."""
        centred = x - x.mean((2, 3), keepdim=True)
        spread = (centred * centred).mean((2, 3), keepdim=True).sqrt()
        found: torch.Tensor = self.head(self.body(centred / (spread + LEAST_SPREAD)))
        return found.squeeze(2).permute(0, 2, 1)
