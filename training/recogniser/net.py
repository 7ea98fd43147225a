"""The recogniser: a small convolutional network, 394,000 parameters, from a grey view to 36 columns of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import nn

from agent.eye.plate.rectify import VIEW_HEIGHT_PX, VIEW_WIDTH_PX
from training.recogniser.targets import CLASS_COUNT

if TYPE_CHECKING:
    from pathlib import Path

_WIDTHS: Final = (24, 48, 96, 128)
_LEAST_SPREAD: Final = 4.0
"""Added to the spread of a view's grey before dividing by it: an even view is not blown up into noise."""


class _Layer(nn.Sequential):
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


class _Added(nn.Module):
    """A layer whose result is added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = _Layer(width, width, (3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layer(x)


class Recogniser(nn.Module):
    """Views of shape (n, 1, 40, 144), grey 0..255, to logits of shape (n, 36, classes). Evens out light by itself."""

    def __init__(self, widths: tuple[int, int, int, int] = _WIDTHS) -> None:
        super().__init__()
        first, second, third, last = widths
        self.body = nn.Sequential(
            _Layer(1, first, (5, 5), (2, 2)),
            _Layer(first, second, (3, 3), (2, 2)),
            _Added(second),
            _Layer(second, third, (3, 3), (2, 1)),
            _Added(third),
            _Added(third),
            _Layer(third, last, (VIEW_HEIGHT_PX // 8, 1), high=False),
            _Layer(last, last, (1, 5)),
            nn.Dropout2d(0.05),
        )
        self.head = nn.Conv2d(last, CLASS_COUNT, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of the views `x`."""
        centred = x - x.mean((2, 3), keepdim=True)
        spread = (centred * centred).mean((2, 3), keepdim=True).sqrt()
        found: torch.Tensor = self.head(self.body(centred / (spread + _LEAST_SPREAD)))
        return found.squeeze(2).permute(0, 2, 1)


def export(net: Recogniser, path: Path) -> None:
    """Write the network as ONNX, opset 13: input `x`, output `y`, any number of views."""
    net = net.eval().to(memory_format=torch.contiguous_format)
    torch.onnx.export(
        net,
        (torch.zeros(1, 1, VIEW_HEIGHT_PX, VIEW_WIDTH_PX),),
        str(path),
        input_names=["x"],
        output_names=["y"],
        opset_version=13,
        dynamo=False,
        dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
    )
