"""Takes a trained network up again from its ONNX file, to train it further: on new drawings, or on a site's own crops.

An exported network has its batch norms folded into its convolutions. They are unfolded by what the convolutions give
for some views, so that the network says the same as before and can be trained on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from training.recogniser.net import Recogniser

if TYPE_CHECKING:
    from pathlib import Path

_UNKNOWN_CLASS: float = -6.0
"""The bias of a class that the file does not know yet: the network does not say it until it has learnt it."""


class StartError(Exception):
    """A file of weights is of another network."""


def weights_of(path: Path, views: torch.Tensor) -> dict[str, Any]:
    """The weights in an ONNX file as a state of `Recogniser`; classes behind the file's last are new.

    `views`: some hundred views, shape (n, 1, 40, 144), float. Raises StartError when the shapes do not fit.
    """
    net = Recogniser().eval()
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    stored = _convolutions(path)
    if len(stored) != len(convolutions):
        raise StartError(f"{path}: {len(stored)} convolutions, wanted {len(convolutions)}")
    for index, (weight, bias) in enumerate(stored):
        layer = convolutions[index]
        if index == len(stored) - 1:
            weight, bias = _with_new_classes(weight, bias, layer.out_channels)  # noqa: PLW2901 - the last layer's own
        if weight.shape != layer.weight.shape:
            raise StartError(
                f"{path}: convolution {index} has {tuple(weight.shape)}, wanted {tuple(layer.weight.shape)}"
            )
        layer.weight.data.copy_(weight)
        if layer.bias is not None:
            layer.bias.data.copy_(bias)
    for norm, (_, bias) in zip(norms, stored, strict=False):
        _let_through(norm, bias)
    _unfold(net, convolutions, norms, views)
    return dict(net.state_dict())


def _convolutions(path: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weight and bias of each convolution, in the order of the graph."""
    graph = onnx.load(str(path)).graph
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    names = [node.input[1:3] for node in graph.node if node.op_type == "Conv"]
    return [(torch.from_numpy(values[weight].copy()), torch.from_numpy(values[bias].copy())) for weight, bias in names]


def _with_new_classes(weight: torch.Tensor, bias: torch.Tensor, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    new = classes - len(weight)
    if new <= 0:
        return weight, bias
    generator = torch.Generator().manual_seed(0)
    fresh = torch.randn((new, *weight.shape[1:]), generator=generator) * weight.std() * 0.1
    return torch.cat([weight, fresh]), torch.cat([bias, torch.full((new,), _UNKNOWN_CLASS)])


def _let_through(norm: nn.BatchNorm2d, bias: torch.Tensor) -> None:
    """Make the norm add the folded bias and nothing else."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.data.fill_(1)
    norm.bias.data.copy_(bias)


def _unfold(net: Recogniser, convolutions: list[Any], norms: list[Any], views: torch.Tensor) -> None:
    """Give each norm the mean and spread that its convolution really has, and undo them in its scale and bias."""
    moments: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def watch(index: int) -> Any:
        def seen(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
            moments[index] = (output.mean((0, 2, 3)), output.var((0, 2, 3)))

        return seen

    watches = [layer.register_forward_hook(watch(index)) for index, layer in enumerate(convolutions)]
    with torch.no_grad():
        net(views)
    for handle in watches:
        handle.remove()
    for index, norm in enumerate(norms):
        mean, variance = moments[index]
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.bias.data.add_(mean)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
