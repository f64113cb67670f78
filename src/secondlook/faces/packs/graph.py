"""Whether a file is an ONNX model, and whether its card speaks of that model. Nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto
from onnx.external_data_helper import uses_external_data

from secondlook.errors import PackCorrupt, PackMissing
from secondlook.faces.packs.cards import AnyCard, Decoder, DetectorCard, RecogniserCard

LARGEST_MODEL = 2**31 - 1
"""Protocol buffers hold no more."""

CHANNELS = {
    Decoder.CENTERFACE: (1, (1, 2, 2, 10)),
    Decoder.YUNET: (2, (1, 1, 1, 1, 1, 1, 4, 4, 4, 10, 10, 10)),
}
"""For each decoder: the axis that counts channels, and how many each output of the graph has, in its order."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a graph. shape: None for an axis that the graph leaves open; () where it says nothing."""

    name: str
    shape: tuple[int | None, ...]
    element: int

    def __str__(self) -> str:
        return f"{self.name!r} (" + " x ".join("?" if axis is None else str(axis) for axis in self.shape) + ")"


@dataclass(frozen=True, slots=True)
class Graph:
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def what_is_it(head: bytes) -> str | None:
    """What a file that begins with ``head`` is, in words, where it is something often mistaken for a model."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if not head:
        return "an empty file"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, which only stands for the file"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")):
        return "a web page"
    if start.startswith((b'{"', b"{\n", b"{\r", b"[{")):
        return "a JSON text"
    if head.startswith(b"PK\x03\x04"):
        return "a ZIP archive (perhaps PyTorch weights)"
    if head.startswith(b"\x1f\x8b"):
        return "a gzip archive"
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    return None


def check_model(card: AnyCard, model_file: Path, called: str) -> None:
    """Raises PackCorrupt, in one sentence, where the file is not an ONNX model or not the one the card speaks of.

    called: how the sentence names the file.
    """
    graph = read_graph(model_file, called)
    inputs = [tensor for tensor in graph.inputs if card.input_name in (None, tensor.name)]
    if len(graph.inputs) != 1 or len(inputs) != 1:
        names = ", ".join(repr(tensor.name) for tensor in graph.inputs) or "none"
        wanted = f"one, '{card.input_name}'" if card.input_name else "one"
        raise _misfit(card, called, f"the card speaks of {wanted} input, but the model has: {names}")
    _check_input(card, inputs[0], called)
    if isinstance(card, RecogniserCard):
        _check_template(card, graph.outputs, called)
    else:
        _check_detector(card, graph.outputs, called)


def read_graph(model_file: Path, called: str) -> Graph:
    """Inputs and outputs of an ONNX file that ONNX's own checker accepts. Raises PackCorrupt, PackMissing."""
    model = _load(model_file, called)
    if any(uses_external_data(tensor) for tensor in _tensors(model.graph)):
        raise PackCorrupt(f"{called} keeps its weights in other files: save it as one file (onnx.save) and add that.")
    try:
        onnx.checker.check_model(model)
        # Old exporters list every weight as an input too.
        weights = {weight.name for weight in model.graph.initializer}
        inputs = tuple(_tensor(value) for value in model.graph.input if value.name not in weights)
        return Graph(inputs, tuple(_tensor(value) for value in model.graph.output))
    except Exception as error:
        # ValidationError mostly; names that are no text raise others. Whatever it is, the file cannot be used.
        raise PackCorrupt(f"{called} is not a valid ONNX model ({_first_line(error)}): get it again.") from error


def _load(model_file: Path, called: str) -> onnx.ModelProto:
    try:
        size = model_file.stat().st_size
        with model_file.open("rb") as file:
            found = what_is_it(file.read(256))
    except OSError as error:
        raise PackMissing(f"{called} cannot be read ({error.strerror}): give the path of an ONNX file.") from error
    if size > LARGEST_MODEL:
        found = f"{size:,} bytes, more than an ONNX file can hold"
    if found is not None:
        raise PackCorrupt(f"{called} is not an ONNX model but {found}: get the model itself.")
    try:
        return onnx.load(model_file, format="protobuf", load_external_data=False)
    except Exception as error:
        # Protocol buffers' own error has no typed name here; whatever it is, the file cannot be used.
        raise PackCorrupt(f"{called} is not an ONNX model, or only a part of one: get it again.") from error


def _check_input(card: AnyCard, value: Tensor, called: str) -> None:
    if value.element != TensorProto.FLOAT:
        known = value.element in TensorProto.DataType.values()
        kind = TensorProto.DataType.Name(value.element) if known else f"of an unknown type ({value.element})"
        raise _misfit(card, called, f"the input {value} must be 32-bit floating point, not {kind}")
    edges = (card.size, card.size) if isinstance(card, RecogniserCard) else (None, None)
    wanted = (None, 3, *edges)
    if len(value.shape) == 4 and all(_may_be(said, needed) for said, needed in zip(value.shape, wanted, strict=True)):
        return
    needed = " x ".join("?" if axis is None else str(axis) for axis in wanted)
    raise _misfit(card, called, f"the card needs an input of {needed} (NCHW), but the model has {value}")


def _check_template(card: RecogniserCard, outputs: tuple[Tensor, ...], called: str) -> None:
    if len(outputs) != 1:
        raise _misfit(card, called, f"a recogniser has one output, but the model has {len(outputs)}")
    said = outputs[0].shape[1:]
    numbers = 1
    for axis in said:
        if axis is None:
            return
        numbers *= axis
    if said and numbers != card.dimension:
        raise _misfit(card, called, f"the card says dimension {card.dimension}, but the model gives {outputs[0]}")


def _check_detector(card: DetectorCard, outputs: tuple[Tensor, ...], called: str) -> None:
    axis, channels = CHANNELS[card.decoder]
    if len(outputs) != len(channels):
        text = f"the decoder {card.decoder} needs {len(channels)} outputs, but the model has {len(outputs)}"
        raise _misfit(card, called, text)
    for value, needed in zip(outputs, channels, strict=True):
        if value.shape and not (len(value.shape) > axis and _may_be(value.shape[axis], needed)):
            text = f"the decoder {card.decoder} needs {needed} channels there, but the model gives {value}"
            raise _misfit(card, called, text)


def _may_be(said: int | None, needed: int | None) -> bool:
    return said is None or needed is None or said == needed


def _misfit(card: AnyCard, called: str, how: str) -> PackCorrupt:
    return PackCorrupt(f"{called} does not fit the card '{card.name}': {how}; correct the card or give its own model.")


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    tensor = value.type.tensor_type
    # An open axis has a name or nothing; some exporters write 0 or -1 instead.
    shape = tuple(axis.dim_value if axis.dim_value > 0 else None for axis in tensor.shape.dim)
    return Tensor(value.name, shape, tensor.elem_type)


def _tensors(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """Every constant of a graph and of the graphs inside it."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _first_line(error: Exception) -> str:
    """What a library said, fit for a sentence: names from a damaged file may hold anything."""
    lines = "".join(c if c.isprintable() or c == "\n" else "?" for c in str(error)).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
