"""Tiny ONNX models and cards, generated: what the tests of packs add, pull and break."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from secondlook.faces.packs.cards import Colour, CommercialUse, Decoder, DetectorCard, Landmarks, RecogniserCard

LANDMARKS = Landmarks(
    right_eye=(10.0, 12.0), left_eye=(22.0, 12.0), nose=(16.0, 18.0), right_mouth=(11.0, 24.0), left_mouth=(21.0, 24.0)
)

RECOGNISER = RecogniserCard(
    name="tiny",
    title="Tiny recogniser",
    licence="MIT",
    commercial_use=CommercialUse.YES,
    intended_use="Tests.",
    source="generated",
    colour=Colour.RGB,
    size=32,
    landmarks=LANDMARKS,
    dimension=4,
)

DETECTOR = DetectorCard(
    name="tiny-detector",
    title="Tiny detector",
    licence="MIT",
    commercial_use=CommercialUse.YES,
    intended_use="Tests.",
    source="generated",
    colour=Colour.BGR,
    decoder=Decoder.YUNET,
    threshold=0.5,
    min_face_px=10,
)


def named(name: str) -> RecogniserCard:
    return replace(RECOGNISER, name=name)


def recogniser_model(
    path: Path,
    *,
    shape: tuple[int | str, ...] = ("n", 3, 32, 32),
    output: tuple[int | str, ...] = ("n", 4),
    element: int = TensorProto.FLOAT,
    weights_as_inputs: int = 0,
    filler: int = 0,
    seed: int = 0,
) -> Path:
    """A valid graph whose declared shapes are the given ones. ``filler``: bytes by which the file grows, at random."""
    noise = np.random.default_rng(seed).integers(0, 255, max(filler, 1), dtype=np.uint8)
    weights = [numpy_helper.from_array(np.zeros(1, np.float32), f"w{i}") for i in range(weights_as_inputs)]
    weights.append(numpy_helper.from_array(noise, "filler"))
    inputs = [helper.make_tensor_value_info("data", element, shape)]
    inputs += [helper.make_tensor_value_info(f"w{i}", TensorProto.FLOAT, [1]) for i in range(weights_as_inputs)]
    outputs = [helper.make_tensor_value_info("template", TensorProto.FLOAT, output)]
    return save([helper.make_node("Identity", ["data"], ["template"])], inputs, outputs, path, weights)


def detector_model(path: Path, channels: tuple[int, ...] = (1, 1, 1, 1, 1, 1, 4, 4, 4, 10, 10, 10)) -> Path:
    """A valid graph with YuNet's twelve outputs, or with others."""
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "h", "w"])]
    names = [f"o{i}" for i in range(len(channels))]
    nodes = [helper.make_node("Identity", ["input"], [name]) for name in names]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "anchors", width])
        for name, width in zip(names, channels, strict=True)
    ]
    return save(nodes, inputs, outputs, path, [])


def save(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    path: Path,
    weights: list[onnx.TensorProto],
) -> Path:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
