"""Models in 8-bit integers: the same network to within what rounding allows, and made the same way each time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from secondlook.demo_scene import demo_scene
from secondlook.errors import PackMissing
from secondlook.faces.align import chips
from secondlook.faces.detect import Close, Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.installed import load_pack
from secondlook.faces.packs.integers import folded, tensors_to_measure, to_integers
from secondlook.faces.packs.runtime import Provider, RunOptions, open_session
from secondlook.ports import Hinting
from secondlook.types import Floats

ONE_THREAD = RunOptions(Provider.CPU, threads=1)


def old_model(seed: int = 0) -> onnx.ModelProto:
    """As old exporters write it: opset 9, weights listed as inputs; conv, norm, relu, conv with a sum, a head."""
    rng = np.random.default_rng(seed)
    held = {
        "k0": rng.normal(0, 0.02, (8, 3, 3, 3)), "gamma": rng.uniform(0.5, 2, 8), "beta": rng.normal(0, 1, 8),
        "mean": rng.normal(0, 1, 8), "variance": rng.uniform(0.5, 2, 8),
        "k1": rng.normal(0, 0.1, (8, 8, 3, 3)), "b1": rng.normal(0, 0.1, 8),
        "k2": rng.normal(0, 0.05, (2, 8, 1, 1)), "b2": rng.normal(0, 0.1, 2),
    }  # fmt: skip
    weights = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in held.items()]
    nodes = [
        helper.make_node("Conv", ["pixels", "k0"], ["c0"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c0", "gamma", "beta", "mean", "variance"], ["n0"], epsilon=1e-3),
        helper.make_node("Relu", ["n0"], ["r0"]),
        helper.make_node("Conv", ["r0", "k1", "b1"], ["c1"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c1", "r0"], ["a1"]),
        helper.make_node("Conv", ["a1", "k2", "b2"], ["c2"], kernel_shape=[1, 1]),
        helper.make_node("Sigmoid", ["c2"], ["out"]),
    ]
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 16, 16])]
    inputs += [helper.make_tensor_value_info(w.name, TensorProto.FLOAT, list(w.dims)) for w in weights]
    graph = helper.make_graph(
        nodes, "old", inputs, [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 2, 16, 16])], weights
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4)


def run(model: bytes, pixels: Floats) -> Floats:
    return open_session(model, ONE_THREAD).run(pixels)[0]


def seen_ranges(model: onnx.ModelProto, pixels: Floats) -> dict[str, tuple[float, float]]:
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = [name for name in tensors_to_measure(model) if name != "pixels"]
    watched.graph.output.extend(helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names)
    values = open_session(watched.SerializeToString(), ONE_THREAD).run(pixels)[1:]
    spans = {name: (float(v.min()), float(v.max())) for name, v in zip(names, values, strict=True)}
    return {"pixels": (0.0, 255.0), **spans}


@pytest.mark.parametrize("seed", range(4))
def test_integers_give_what_floats_give_to_within_their_rounding(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (1, 3, 16, 16)).astype(np.float32)
    old = old_model(seed)
    before = run(old.SerializeToString(), pixels)
    whole = folded(old)
    assert "BatchNormalization" not in [node.op_type for node in whole.graph.node]
    assert [value.name for value in whole.graph.input] == ["pixels"]
    np.testing.assert_allclose(run(whole.SerializeToString(), pixels), before, atol=1e-5)
    ranges = seen_ranges(whole, pixels)
    made = to_integers(whole, ranges)
    after = run(made, pixels)
    assert before.std() > 0.03, "something is to be told apart"
    assert float(np.abs(after - before).max()) < 0.04 and float(np.abs(after - before).mean()) < 0.008
    assert made == to_integers(folded(old_model(seed)), ranges), "made the same way each time"


def test_a_range_that_was_not_measured_is_no_guess() -> None:
    whole = folded(old_model())
    with pytest.raises(KeyError):
        to_integers(whole, {"pixels": (0.0, 255.0)})


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDLOOK_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def weights() -> None:
    try:
        load_pack("centerface-int8"), load_pack("dlib-resnet-int8")
    except PackMissing as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("weights")
def test_the_built_in_models_are_the_same_in_integers() -> None:
    crowd = demo_scene().crowds[0].pixels
    plain, whole = (opening.detector(name, ONE_THREAD) for name in ("centerface", "centerface-int8"))
    assert isinstance(plain, Hinting) and isinstance(whole, Hinting)
    assert plain.pack.split("@")[1] != whole.pack.split("@")[1]
    known = find_faces(plain, crowd, Search())
    found = find_faces(whole, crowd, Search(close=Close.WHERE_HINTED))
    clear = known[
        np.asarray(known.scores >= Search().sure)
    ]  # of those that just count, one look or the other may lose some
    large = clear[np.asarray(clear.boxes[:, 2] - clear.boxes[:, 0] >= 16)]
    assert len(large) >= 40
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    embedder, integers = (opening.recogniser(name, ONE_THREAD) for name in ("dlib-resnet", "dlib-resnet-int8"))
    views = chips(crowd, large.landmarks, embedder.layout)
    alike = (embedder.embed(views) * integers.embed(views)).sum(1)
    assert alike.min() > 0.99, "strangers of this pack reach 0.95 and more"
    for row in range(len(large)):
        near = np.abs(middles - (large.boxes[row, :2] + large.boxes[row, 2:]) / 2).max(1).argmin()
        wide = float(large.boxes[row, 2] - large.boxes[row, 0])
        assert np.abs(found.landmarks[near] - large.landmarks[row]).max() < max(2.0, 0.12 * wide)


@pytest.mark.usefixtures("weights")
def test_the_float_detector_hints_in_integers_and_detects_in_float() -> None:
    crowd = demo_scene().crowds[0].pixels
    plain, whole = (opening.detector(name, ONE_THREAD) for name in ("centerface", "centerface-int8"))
    assert isinstance(plain, Hinting) and isinstance(whole, Hinting)
    for quick, same in ((plain.hints, whole.hints), (plain.closer, whole.detect)):
        assert np.array_equal(quick(crowd).boxes, same(crowd).boxes)
    assert not np.array_equal(plain.detect(crowd).boxes, whole.detect(crowd).boxes)


@pytest.mark.usefixtures("weights")
def test_an_integer_model_is_made_once_and_again_where_the_file_is_spoilt(tmp_path: Path) -> None:
    pack = load_pack("centerface-int8")
    first = opening.integer_onnx(pack, tmp_path)
    (place,) = tmp_path.iterdir()
    assert opening.integer_onnx(pack, tmp_path) == first
    place.write_bytes(place.read_bytes()[:-1])
    assert opening.integer_onnx(pack, tmp_path) == first
    wider = replace(pack, ranges=json.dumps({n: [2 * v for v in r] for n, r in json.loads(pack.ranges).items()}))
    assert wider.id != pack.id, "other ranges give other results"
