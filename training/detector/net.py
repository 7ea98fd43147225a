"""The network: a small residual backbone, and a head that gives heat and corners at every eighth pixel."""

from __future__ import annotations

import warnings
from copy import deepcopy
from io import BytesIO
from typing import Final

import torch
from torch import nn
from torch.nn import functional

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
    def __init__(self, before: int, after: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU()
        )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.step = _Step(channels, channels)

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
        self.farthest = nn.Sequential(_Step(sixteenth, last, stride=2), _Residual(last), _Step(last, sixteenth, 1))
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


def loss(output: torch.Tensor, heat: torch.Tensor, offsets: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Penalty-reduced focal loss of the heat, and the corners' mean error in heights of their plate.

    Shapes as in Targets, with a first axis over pictures. Source: Zhou et al., Objects as Points, 2019.
    """
    logits = output[:, 0]
    share = torch.sigmoid(logits)
    centre = (heat >= 1).float()
    hit = centre * (1 - share) ** 2 * functional.softplus(-logits)
    miss = (1 - centre) * (1 - heat) ** 4 * share**2 * functional.softplus(logits)
    found = (hit + miss).sum() / centre.sum().clamp(min=1)
    scale = weight[:, None]
    error = functional.smooth_l1_loss(output[:, 1:] * scale, offsets * scale, reduction="none", beta=_FINE)
    placed = error.mean(dim=1).sum() / (weight > 0).sum().clamp(min=1)
    return found + _PLACED * placed


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
