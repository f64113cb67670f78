"""The ranges with which the built-in models run in 8-bit integers, measured on pictures that come inside dependencies.

    python -m bench.integer_ranges            # writes src/secondlook/faces/packs/builtin/*-int8.json

The pictures are those of `secondlook demo`: three crowds of two people and 100 grainy strangers, and backgrounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx

from bench.backgrounds import backgrounds
from secondlook.demo_scene import demo_scene
from secondlook.faces.align import chips
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.installed import load_pack
from secondlook.faces.packs.integers import folded, tensors_to_measure
from secondlook.faces.packs.runtime import Provider, RunOptions, free_shapes, open_session
from secondlook.faces.packs.shipped import CENTERFACE, CENTERFACE_INT8, DLIB_RESNET, DLIB_RESNET_INT8, Shipped
from secondlook.faces.scaling import resized
from secondlook.types import Floats, Pixels

PLACE = Path(opening.__file__).parent / "builtin"


def pictures() -> Iterator[Pixels]:
    """Crowds at several sizes, and photographs without a face."""
    for crowd in demo_scene().crowds:
        yield from (resized(crowd.pixels, scale) for scale in (1.0, 0.5, 0.25))
    for _, pixels in backgrounds((960, 544)):
        yield pixels


def faces() -> Iterator[Pixels]:
    """(n, 150, 150, 3) chips of each crowd as they are, and mirrored."""
    detector = opening.detector(CENTERFACE.name, RunOptions())
    layout = opening.recogniser(DLIB_RESNET.name, RunOptions()).layout
    for crowd in demo_scene().crowds:
        for pixels in (crowd.pixels, resized(crowd.pixels, 0.5)):
            found = chips(pixels, find_faces(detector, pixels, Search()).landmarks, layout)
            yield found
            yield found[:, :, ::-1]


def inputs(shown: Iterable[Pixels]) -> Iterator[Floats]:
    """(n, 3, H, W), cut to multiples of 32 where they are whole pictures."""
    for pixels in shown:
        batch = pixels if pixels.ndim == 4 else pixels[None, : pixels.shape[0] // 32 * 32, : pixels.shape[1] // 32 * 32]
        yield np.ascontiguousarray(batch.transpose(0, 3, 1, 2)).astype(np.float32)


def measured(model: bytes, shown: Iterable[Pixels]) -> dict[str, tuple[float, float]]:
    """Least and largest of every tensor that is to be rounded; the input's is what pixels can be."""
    whole = folded(onnx.load_from_string(free_shapes(onnx.load_from_string(model), axes=(0, 2, 3))))
    names, pixels = tensors_to_measure(whole), whole.graph.input[0].name
    given = {value.name for value in whole.graph.output} | {pixels}
    asked = [name for name in names if name not in given]
    whole.graph.output.extend(_value(name) for name in asked)
    session = open_session(whole.SerializeToString(), RunOptions(Provider.CPU))
    outputs = [value.name for value in whole.graph.output]
    ranges = dict.fromkeys(names, (0.0, 0.0)) | {pixels: (0.0, 255.0)}
    for values in inputs(shown):
        for name, seen in zip(outputs, session.run(values), strict=True):
            if name not in ranges:
                continue
            low, high = ranges[name]
            ranges[name] = (min(low, float(seen.min())), max(high, float(seen.max())))
    return ranges


def _value(name: str) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)


def write(of: Shipped, name: str, shown: Iterable[Pixels]) -> None:
    ranges = measured(opening.float_model(load_pack(of.name)), shown)
    lines = [f" {json.dumps(tensor)}: [{low:.6g}, {high:.6g}]" for tensor, (low, high) in ranges.items()]
    (PLACE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{name}: {len(ranges)} ranges")


if __name__ == "__main__":
    write(CENTERFACE, CENTERFACE_INT8.name, pictures())
    write(DLIB_RESNET, DLIB_RESNET_INT8.name, faces())
