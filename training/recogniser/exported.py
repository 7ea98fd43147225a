"""The recogniser as an ONNX file, opset 13, its batch norms folded into the convolutions before them.

Written node by node: the file is the same with every release of torch, and its graph is what the network says it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from agent.vision.worker.plate.rectify import VIEW_HEIGHT_PX, VIEW_WIDTH_PX
from training.recogniser.net import LEAST_SPREAD, Added, Layer
from training.recogniser.targets import CLASS_COUNT, COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from training.recogniser.net import Recogniser

_OPSET: Final = 13
_IR_VERSION: Final = 8


class _Graph:
    """Nodes and constants as they come; each node's result has the name of its number."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def node(self, kind: str, *inputs: str, **settings: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **settings))
        return name


def export(net: Recogniser, path: Path) -> None:
    """Write the network: input `x`, shape (n, 1, 40, 144), output `y`, shape (n, 36, classes)."""
    graph = _Graph()
    last = _evened(graph, "x")
    for part in net.body:
        if isinstance(part, Layer):
            last = _layer(graph, last, part)
        elif isinstance(part, Added):
            last = graph.node("Add", last, _layer(graph, last, part.layer))
    head = net.head
    last = _convolution(graph, last, head, head.weight.detach().numpy(), head.bias.detach().numpy())
    last = graph.node("Squeeze", last, graph.constant(np.array([2], np.int64)))
    graph.node("Transpose", last, perm=[0, 2, 1])
    graph.nodes[-1].output[0] = "y"
    made = helper.make_graph(
        graph.nodes,
        "plate_recogniser",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, VIEW_HEIGHT_PX, VIEW_WIDTH_PX])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", COLUMNS, CLASS_COUNT])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def _evened(graph: _Graph, views: str) -> str:
    """The views with their mean taken away, divided by their spread."""
    centred = graph.node("Sub", views, graph.node("ReduceMean", views, axes=[2, 3], keepdims=1))
    variance = graph.node("ReduceMean", graph.node("Mul", centred, centred), axes=[2, 3], keepdims=1)
    spread = graph.node("Add", graph.node("Sqrt", variance), graph.constant(np.array(LEAST_SPREAD, np.float32)))
    return graph.node("Div", centred, spread)


def _layer(graph: _Graph, last: str, layer: Layer) -> str:
    convolution, norm, _ = layer
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    weight = (convolution.weight.detach() * scale[:, None, None, None]).numpy()
    bias = (norm.bias.detach() - norm.running_mean * scale).numpy()
    return graph.node("Relu", _convolution(graph, last, convolution, weight, bias))


def _convolution(
    graph: _Graph, last: str, layer: nn.Conv2d, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> str:
    high, wide = layer.padding
    return graph.node(
        "Conv",
        last,
        graph.constant(np.ascontiguousarray(weight)),
        graph.constant(bias),
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.stride),
        pads=[high, wide, high, wide],
    )
