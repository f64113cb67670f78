"""A float model as one of 8-bit integers, from the ranges its values were seen to keep to.

Activations become uint8 with a zero point, weights int8 by output channel, written as pairs of QuantizeLinear and
DequantizeLinear, from which a runtime makes integer convolutions (Jacob et al., CVPR 2018). Only convolutions, and sums
of what they give, are turned; what gives the model's outputs stays in float, since there the last digits count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import helper, numpy_helper, version_converter

from secondlook.types import Floats

OPSET = 17
"""The first with scales by channel is 13."""

BUILD = 1
"""Raised when the same weights and ranges would become another model, so that cached ones are made anew."""

WEIGHT_TOP = 63
"""Seven bits: two products of 255 and 63 still fit into the 16 bits in which processors without VNNI add them, so that
every processor gives the same."""

Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""Least and largest value of each tensor, by its name in ``folded``."""


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model in opset 17, each batch normalisation inside the convolution before it."""
    # old exporters list every weight as an input
    held = {w.name for w in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in held]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    new = version_converter.convert_version(model, OPSET)
    graph = new.graph
    weights = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    uses = Counter(name for node in graph.node for name in node.input)
    gone = []
    for node in graph.node:
        if node.op_type != "BatchNormalization":
            continue
        maker = makers.get(node.input[0])
        if maker is None or maker.op_type not in ("Conv", "ConvTranspose") or uses[node.input[0]] != 1:
            continue
        _fold(maker, node, weights)
        gone.append(node)
    for node in gone:
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    del graph.initializer[:]
    graph.initializer.extend(numpy_helper.from_array(w, name) for name, w in weights.items() if name in used)
    del graph.value_info[:]
    return new


def _fold(conv: onnx.NodeProto, norm: onnx.NodeProto, weights: dict[str, np.ndarray[Any, Any]]) -> None:
    gamma, beta, mean, variance = (weights[name].astype(np.float64) for name in norm.input[1:5])
    factor = gamma / np.sqrt(variance + _attribute(norm, "epsilon", 1e-5))
    kernel = weights[conv.input[1]].astype(np.float64)
    bias = weights[conv.input[2]].astype(np.float64) if len(conv.input) > 2 else np.zeros(len(factor))
    by_output = factor.reshape((-1, 1, 1, 1) if conv.op_type == "Conv" else (1, -1, 1, 1))
    name = norm.output[0]
    weights[f"{name}.weight"] = (kernel * by_output).astype(np.float32)
    weights[f"{name}.bias"] = (beta + (bias - mean) * factor).astype(np.float32)
    del conv.input[1:]
    conv.input.extend([f"{name}.weight", f"{name}.bias"])
    conv.output[0] = name


def _attribute(node: onnx.NodeProto, name: str, otherwise: float) -> float:
    return next((a.f for a in node.attribute if a.name == name), otherwise)


def tensors_to_measure(model: onnx.ModelProto) -> tuple[str, ...]:
    """The tensors of a folded model whose ranges ``to_integers`` needs."""
    return tuple(dict.fromkeys(name for node in _turned(model) for name in (*_values(node), _end(node, model))))


def to_integers(model: onnx.ModelProto, ranges: Ranges) -> bytes:
    """A folded model, serialised, its convolutions in integers. Raises KeyError where a range is missing."""
    graph = model.graph
    floats = {w.name: numpy_helper.to_array(w) for w in graph.initializer}
    turned = _turned(model)
    maker = _Maker({name: _scaled(*ranges[name]) for name in tensors_to_measure(model)})
    wanted = {name for node in turned for name in _values(node)}
    nodes = [maker.pair(value.name) for value in graph.input if value.name in wanted]
    for node in graph.node:
        new = onnx.NodeProto()
        new.CopyFrom(node)
        reads = [name for name in node.input if name in maker.steps]
        if node in turned and node.op_type == "Conv":
            nodes.append(maker.weights(new, floats))
        if node in turned or reads:
            # whoever reads a rounded value reads it as it was rounded
            new.input[:] = [f"{name}.back" if name in maker.steps else name for name in new.input]
        nodes.append([new])
        nodes += [maker.pair(name) for name in node.output if name in maker.steps]
    del graph.node[:]
    graph.node.extend(node for group in nodes for node in group)
    used = {name for node in graph.node for name in node.input}
    kept = [w for w in graph.initializer if w.name in used]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *maker.constants])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@dataclass(frozen=True, slots=True)
class _Step:
    """value = (integer - zero) * size."""

    size: float
    zero: int


def _scaled(low: float, high: float) -> _Step:
    low, high = min(low, 0.0), max(high, 0.0)
    size = max((high - low) / 255, 1e-12)
    return _Step(size, round(-low / size))


class _Maker:
    """Makes the pairs and the integer weights. steps: of each tensor that is rounded."""

    def __init__(self, steps: dict[str, _Step]) -> None:
        self.steps = steps
        self.constants: list[onnx.TensorProto] = []

    def pair(self, name: str) -> list[onnx.NodeProto]:
        step = self.steps[name]
        size = self._constant(f"{name}.size", np.array(step.size, np.float32))
        zero = self._constant(f"{name}.zero", np.array(step.zero, np.uint8))
        return [
            helper.make_node("QuantizeLinear", [name, size, zero], [f"{name}.whole"]),
            helper.make_node("DequantizeLinear", [f"{name}.whole", size, zero], [f"{name}.back"]),
        ]

    def weights(self, conv: onnx.NodeProto, floats: Mapping[str, Floats]) -> list[onnx.NodeProto]:
        """Replaces the weights of a convolution by integer ones."""
        kernel, out = floats[conv.input[1]], conv.output[0]
        largest = np.abs(kernel).max(axis=(1, 2, 3))
        sizes = (np.maximum(largest, 1e-12) / WEIGHT_TOP).astype(np.float32)
        whole = np.rint(kernel / sizes[:, None, None, None]).astype(np.int8)
        made = [self._back(f"{out}.kernel", whole, sizes)]
        inputs = [conv.input[0], f"{out}.kernel"]
        if len(conv.input) > 2:
            steps = sizes.astype(np.float64) * self.steps[conv.input[0]].size
            bias = np.clip(np.rint(floats[conv.input[2]] / steps), -(2**31) + 1, 2**31 - 1).astype(np.int32)
            made.append(self._back(f"{out}.shift", bias, steps.astype(np.float32)))
            inputs.append(f"{out}.shift")
        conv.input[:] = inputs
        return made

    def _back(self, name: str, whole: np.ndarray[Any, Any], sizes: Floats) -> onnx.NodeProto:
        zeros = self._constant(f"{name}.zero", np.zeros(len(sizes), whole.dtype))
        inputs = [self._constant(f"{name}.whole", whole), self._constant(f"{name}.size", sizes), zeros]
        return helper.make_node("DequantizeLinear", inputs, [name], axis=0)

    def _constant(self, name: str, values: np.ndarray[Any, Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name))
        return name


def _turned(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Convolutions and sums whose result is not, but for a function of each number, an output of the model."""
    outputs = {value.name for value in model.graph.output}
    return [n for n in model.graph.node if n.op_type in ("Conv", "Add") and not _reaches(n, model, outputs)]


def _reaches(node: onnx.NodeProto, model: onnx.ModelProto, outputs: Iterable[str]) -> bool:
    name = node.output[0]
    return name in outputs or any(
        n.op_type == "Sigmoid" and n.output[0] in outputs for n in model.graph.node if name in n.input
    )


def _values(node: onnx.NodeProto) -> tuple[str, ...]:
    """What a node reads but for its weights."""
    return tuple(node.input[:1] if node.op_type == "Conv" else node.input)


def _end(node: onnx.NodeProto, model: onnx.ModelProto) -> str:
    """The tensor to round behind a node: that of the Relu where one follows alone, which rounding then contains."""
    readers = [n for n in model.graph.node if node.output[0] in n.input]
    return str(readers[0].output[0] if [n.op_type for n in readers] == ["Relu"] else node.output[0])
