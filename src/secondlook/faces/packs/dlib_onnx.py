"""Rebuilds dlib's face recogniser as ONNX. Input ``chips`` (n, 3, 150, 150) float32, RGB 0 to 255; output ``template``
(n, 128) as dlib gives it, not normalised.

Each affine layer is folded into the convolution before it, and the input's mean and 1/256 into the first one (which
has no padding, so the fold is exact up to rounding).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from secondlook.errors import PackCorrupt
from secondlook.faces.packs.dlib_file import (
    AddPrevious,
    Affine,
    Convolution,
    Dense,
    DlibNetwork,
    Layer,
    Mark,
    Pool,
    Relu,
)
from secondlook.types import Floats

OPSET = 17
BUILD = 1
"""Raised when the same weights would become another file, so that cached ones are made anew."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A value on its way: its name in the graph, channels, and edge in px (planes are square)."""

    name: str
    channels: int
    edge: int


@dataclass(slots=True)
class _Graph:
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: np.ndarray[Any, Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name


def _convolve(g: _Graph, x: Plane, layer: Convolution, affine: Affine) -> Plane:
    weights = layer.weights * affine.gamma[:, None, None, None]
    bias = layer.bias * affine.gamma + affine.beta
    rows, pad = layer.weights.shape[2], layer.padding
    name = g.node(
        "Conv",
        x.name,
        g.constant(weights.astype(np.float32)),
        g.constant(bias.astype(np.float32)),
        kernel_shape=list(layer.weights.shape[2:]),
        strides=list(layer.stride),
        pads=[pad[0], pad[1], pad[0], pad[1]],
    )
    return Plane(name, layer.weights.shape[0], (x.edge + 2 * pad[0] - rows) // layer.stride[0] + 1)


def _pool(g: _Graph, x: Plane, layer: Pool) -> Plane:
    if layer.window == (0, 0):
        return Plane(g.node("GlobalAveragePool", x.name), x.channels, 1)
    name = g.node(
        {"max": "MaxPool", "avg": "AveragePool"}[layer.kind],
        x.name,
        kernel_shape=list(layer.window),
        strides=list(layer.stride),
        pads=[*layer.padding, *layer.padding],
    )
    return Plane(name, x.channels, (x.edge + 2 * layer.padding[0] - layer.window[0]) // layer.stride[0] + 1)


def _padded(g: _Graph, x: Plane, channels: int, edge: int) -> str:
    if (x.channels, x.edge) == (channels, edge):
        return x.name
    ends = np.array([0, 0, 0, 0, 0, channels - x.channels, edge - x.edge, edge - x.edge], np.int64)
    return g.node("Pad", x.name, g.constant(ends), mode="constant")


def _add(g: _Graph, a: Plane, b: Plane) -> Plane:
    channels, edge = max(a.channels, b.channels), max(a.edge, b.edge)
    return Plane(g.node("Add", _padded(g, a, channels, edge), _padded(g, b, channels, edge)), channels, edge)


def _folded_input(layer: Convolution, means: Floats) -> Convolution:
    weights = layer.weights.astype(np.float64) / 256
    bias = layer.bias - np.einsum("ocij,c->o", weights, means.astype(np.float64))
    return Convolution(weights.astype(np.float32), bias.astype(np.float32), layer.stride, layer.padding)


def _walk(g: _Graph, x: Plane, layers: tuple[Layer, ...], means: Floats) -> str:
    first = True
    tag = x
    other: Plane | None = None
    for i, layer in enumerate(layers):
        if isinstance(layer, Convolution):
            affine = layers[i + 1]
            if not isinstance(affine, Affine):
                raise PackCorrupt(
                    "a convolution of the dlib weights has no affine layer: install dlib's v1 face model."
                )
            x = _convolve(g, x, _folded_input(layer, means) if first else layer, affine)
            first = False
        elif isinstance(layer, Relu):
            x = Plane(g.node("Relu", x.name), x.channels, x.edge)
        elif isinstance(layer, Pool):
            x = _pool(g, x, layer)
        elif isinstance(layer, Mark):
            # A block opens with a tag; where it halves the plane, a second tag and a skip back to the first follow.
            if isinstance(layers[i + 1], Mark):
                other = x
            elif isinstance(layers[i - 1], Mark):
                x = tag
            else:
                tag, other = x, None
        elif isinstance(layer, AddPrevious):
            x = _add(g, x, other or tag)
        elif isinstance(layer, Dense):
            flat = g.node("Flatten", x.name)
            return g.node("MatMul", flat, g.constant(layer.weights), output="template")
    raise PackCorrupt("the dlib network ends without its dense layer: install dlib's v1 face model.")


def build_onnx(network: DlibNetwork) -> bytes:
    """The network as a serialised ONNX model."""
    g = _Graph()
    size = network.size
    _walk(g, Plane("chips", 3, size), network.layers, network.means)
    graph = helper.make_graph(
        g.nodes,
        "dlib_face_recognition_resnet_model_v1",
        [helper.make_tensor_value_info("chips", TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, ["n", 128])],
        initializer=g.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    model.producer_name = f"secondlook dlib rebuild {BUILD}"
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
