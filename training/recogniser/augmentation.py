"""Changes to a batch of views that leave every character at its column: cheap, and new each time a view is shown."""

from __future__ import annotations

import torch
from torch.nn import functional


def changed(views: torch.Tensor) -> torch.Tensor:
    """Views of shape (n, 1, 40, 144), float: leaned, stretched and shifted in height, with other light and noise.

    Draws from torch's own generator.
    """
    count = len(views)
    spread = views.std((2, 3), keepdim=True)
    if _happens(0.75):
        views = _leaned(views)
    if _happens(0.7):
        views = views + torch.randn_like(views) * spread * torch.rand(count, 1, 1, 1) * 0.15
    if _happens(0.5):
        gamma = torch.exp((torch.rand(count, 1, 1, 1) - 0.5) * 0.9)
        views = 255 * (views.clamp(0, 255) / 255) ** gamma
    negative = (torch.rand(count, 1, 1, 1) < 0.08).float()
    views = views * (1 - 2 * negative) + 255 * negative
    if _happens(0.5):
        coarse = torch.randn(count, 1, 2, 4)
        light = functional.interpolate(coarse, views.shape[2:], mode="bilinear", align_corners=True)
        views = views + light * spread * 0.25 * (torch.rand(count, 1, 1, 1) < 0.5)
    return views


def _happens(probability: float) -> bool:
    return bool(torch.rand(()) < probability)


def _leaned(views: torch.Tensor) -> torch.Tensor:
    """A vertical shear, scale and shift of each view."""
    count = len(views)
    lean = (torch.rand(count) - 0.5) * 0.66 * (torch.rand(count) < 0.6)
    transform = torch.zeros(count, 2, 3)
    transform[:, 0, 0] = 1
    transform[:, 1, 0] = lean
    transform[:, 1, 1] = 1 + lean.abs() * (0.4 + 0.9 * torch.rand(count)) + (torch.rand(count) - 0.5) * 0.1
    transform[:, 1, 2] = (torch.rand(count) - 0.5) * 0.2
    grid = functional.affine_grid(transform, list(views.shape), align_corners=False)
    return functional.grid_sample(views, grid, mode="bilinear", padding_mode="border", align_corners=False)
