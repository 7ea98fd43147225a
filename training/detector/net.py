"""The network: a small residual backbone, and a head that gives heat and corners at every eighth pixel."""

from __future__ import annotations

import warnings
from copy import deepcopy
from io import BytesIO
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from training.detector.targets import PLANES

CHANNELS: Final = (16, 32, 40, 56, 64)
"""At strides 2, 4, 8, 16 and 32."""
OUTPUTS: Final = 9
"""The heat as a logit, then the offsets of the four corners."""
_RARE: Final = -4.6
"""A logit of 1 %: nearly every cell is empty, and to begin there spares the first thousand steps."""
MIDDLE: Final = 128.0
CONTRAST: Final = 64.0
_FINE: Final = 0.05
"""Of the plate's height: smaller errors of corners count by their square."""
_PLACED: Final = 4.0
_OPSET: Final = 17


class _Step(nn.Sequential):
    def __init__(self, before: int, after: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> None:
        reach = kernel // 2 * dilation
        super().__init__(
            nn.Conv2d(before, after, kernel, stride, reach, dilation, bias=False), nn.BatchNorm2d(after), nn.ReLU()
        )


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.step = _Step(channels, channels, dilation=dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.step(x)


class Net(nn.Module):
    """Pictures in, BGR, (n, height, width, 3), 8 bit, sides multiples of 32; (n, 9, height / 8, width / 8) out."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, last = CHANNELS
        self.near = nn.Sequential(
            _Step(3, half, stride=2),
            _Step(half, quarter, stride=2),
            _Step(quarter, eighth, stride=2),
            _Residual(eighth),
            _Residual(eighth),
        )
        self.far = nn.Sequential(_Step(eighth, sixteenth, stride=2), _Residual(sixteenth), _Residual(sixteenth))
        # The middle of a plate as wide as the picture must see its corners: the last steps look far.
        self.farthest = nn.Sequential(
            _Step(sixteenth, last, stride=2),
            _Residual(last),
            _Residual(last, dilation=2),
            _Residual(last, dilation=3),
            _Step(last, sixteenth, 1),
        )
        self.joined = nn.Sequential(_Residual(sixteenth), _Step(sixteenth, eighth, 1))
        last_step = nn.Conv2d(eighth, OUTPUTS, 1)
        with torch.no_grad():
            last_step.bias[0] = _RARE
        self.head = nn.Sequential(_Residual(eighth), last_step)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The logits of the heat and the offsets."""
        return self.cells(_centred(pictures) / CONTRAST)

    def cells(self, shown: torch.Tensor) -> torch.Tensor:
        """The same for what is centred and scaled, (n, 3, height, width)."""
        near = self.near(shown)
        far = self.far(near)
        far = self.joined(far + functional.interpolate(self.farthest(far), scale_factor=2.0))
        output: torch.Tensor = self.head(near + functional.interpolate(far, scale_factor=2.0))
        return output


class _Written(nn.Module):
    """The network with its scaling in the first kernels, which spares a pass over the picture."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = deepcopy(net)
        with torch.no_grad():
            self.net.near[0][0].weight /= CONTRAST

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.net.cells(_centred(pictures))


def _centred(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.permute(0, 3, 1, 2).float() - MIDDLE


def loss(output: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Penalty-reduced focal loss of the heat, and the corners' mean error in heights of their plate.

    `wanted`: stacked Targets, with a first axis over pictures. Of a plate known by its box alone the outermost of the
    corners are judged. Source of the heat's loss: Zhou et al., Objects as Points, 2019.
    """
    heat, centre, told, share, scale, boxed = wanted[:, :PLANES].unbind(1)
    logits = output[:, 0]
    chance = torch.sigmoid(logits)
    hit = centre * (1 - chance) ** 2 * functional.softplus(-logits)
    miss = told * (centre == 0) * (1 - heat) ** 4 * chance**2 * functional.softplus(logits)
    plates = centre.sum().clamp(min=1)
    corners, aim = output[:, 1:] * scale[:, None], wanted[:, PLANES:] * scale[:, None]
    apart = functional.smooth_l1_loss(corners, aim, reduction="none", beta=_FINE).mean(dim=1)
    outermost = functional.smooth_l1_loss(_extent(corners), _extent(aim), reduction="none", beta=_FINE).mean(dim=1)
    placed = share * (boxed * outermost + (1 - boxed) * apart)
    return (hit + miss).sum() / plates + _PLACED * placed.sum() / share.sum().clamp(min=1)


def _extent(corners: torch.Tensor) -> torch.Tensor:
    """Left, top, right and bottom of corners, (n, 8, rows, columns), as (n, 4, rows, columns)."""
    x, y = corners[:, 0::2], corners[:, 1::2]
    return torch.stack([x.amin(1), y.amin(1), x.amax(1), y.amax(1)], dim=1)


def exported(net: Net) -> bytes:
    """The network as ONNX, for pictures of any size whose sides are multiples of 32."""
    written = _Written(net).eval()
    content = BytesIO()
    with warnings.catch_warnings():
        # The exporter that torch prefers needs one more package, for the same operations.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            written,
            (torch.zeros(1, 256, 320, 3, dtype=torch.uint8),),
            content,
            input_names=["picture"],
            output_names=["cells"],
            dynamic_axes={"picture": {1: "height", 2: "width"}, "cells": {2: "rows", 3: "columns"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    return content.getvalue()
