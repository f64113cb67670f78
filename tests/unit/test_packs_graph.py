"""A model file is refused, in one sentence, where it is no ONNX or not what its card says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from secondlook.errors import PackCorrupt, PackMissing
from secondlook.faces.packs.cards import AnyCard, Decoder
from secondlook.faces.packs.graph import check_model, read_graph, what_is_it
from tiny_packs import DETECTOR, RECOGNISER, detector_model, recogniser_model, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx"


def refusal(card: AnyCard, file: Path) -> str:
    with pytest.raises(PackCorrupt) as caught:
        check_model(card, file, "model.onnx")
    said = str(caught.value)
    assert said.startswith("model.onnx ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("shape", "output"),
    [
        (("n", 3, 32, 32), ("n", 4)),
        ((1, 3, 32, 32), (1, 4)),
        (("n", 3, "h", "w"), ("n", "d")),
        (("n", 3, 32, 32), (1, 4, 1, 1)),
    ],
)
def test_a_recogniser_that_fits(file: Path, shape: tuple[int | str, ...], output: tuple[int | str, ...]) -> None:
    check_model(RECOGNISER, recogniser_model(file, shape=shape, output=output), "model.onnx")


def test_weights_listed_as_inputs_are_no_inputs(file: Path) -> None:
    graph = read_graph(recogniser_model(file, weights_as_inputs=3), "model.onnx")
    assert [tensor.name for tensor in graph.inputs] == ["data"]
    check_model(replace(RECOGNISER, input_name="data"), file, "model.onnx")


def test_sizes_that_do_not_fit(file: Path) -> None:
    said = refusal(RECOGNISER, recogniser_model(file, shape=("n", 3, 112, 112)))
    assert "? x 3 x 32 x 32 (NCHW)" in said
    assert "'data' (? x 3 x 112 x 112)" in said


@pytest.mark.parametrize("shape", [("n", 32, 32, 3), ("n", 1, 32, 32), ("n", 3072)])
def test_layouts_that_do_not_fit(file: Path, shape: tuple[int | str, ...]) -> None:
    assert "NCHW" in refusal(RECOGNISER, recogniser_model(file, shape=shape))


def test_a_dimension_that_does_not_fit(file: Path) -> None:
    assert "the card says dimension 4" in refusal(RECOGNISER, recogniser_model(file, output=("n", 512)))


def test_an_input_of_another_name_or_type(file: Path) -> None:
    recogniser_model(file)
    assert "'image'" in refusal(replace(RECOGNISER, input_name="image"), file)
    save(
        [helper.make_node("Cast", ["data"], ["template"], to=TensorProto.FLOAT)],
        [helper.make_tensor_value_info("data", TensorProto.FLOAT16, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, [1, 4])],
        file,
        [],
    )
    assert "not FLOAT16" in refusal(RECOGNISER, file)


def test_two_inputs(file: Path) -> None:
    save(
        [helper.make_node("Add", ["a", "b"], ["template"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 32, 32]) for name in "ab"],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, [1, 4])],
        file,
        [],
    )
    assert "'a', 'b'" in refusal(RECOGNISER, file)


def test_detectors(file: Path) -> None:
    check_model(DETECTOR, detector_model(file), "model.onnx")
    assert "needs 12 outputs, but the model has 3" in refusal(DETECTOR, detector_model(file, (1, 4, 10)))
    assert "needs 10 channels" in refusal(DETECTOR, detector_model(file, (1,) * 6 + (4,) * 3 + (8, 10, 10)))
    detector_model(file)
    assert "centerface needs 4 outputs" in refusal(replace(DETECTOR, decoder=Decoder.CENTERFACE), file)
    assert "a recogniser has one output" in refusal(RECOGNISER, file)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (b"\n <!DOCTYPE html><html>", "a web page"),
        (b"\xef\xbb\xbf<HTML lang=en>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0ba9", "Git LFS pointer"),
        (b'{"error": "Repository not found"}', "JSON"),
        (b"PK\x03\x04\x00", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x1c\x00\x00\x00TFL3", "TensorFlow Lite"),
    ],
)
def test_what_was_given_instead_is_said(file: Path, head: bytes, words: str) -> None:
    file.write_bytes(head)
    assert words in refusal(RECOGNISER, file)


def test_a_model_is_never_taken_for_something_else(file: Path) -> None:
    assert what_is_it(recogniser_model(file).read_bytes()[:256]) is None


def test_half_a_model_and_a_missing_one(file: Path) -> None:
    whole = recogniser_model(file, filler=1000).read_bytes()
    file.write_bytes(whole[:500])
    refusal(RECOGNISER, file)
    file.unlink()
    with pytest.raises(PackMissing, match="cannot be read"):
        check_model(RECOGNISER, file, "model.onnx")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
@example(noise=b"\x1d", at=68)  # a type of input that no ONNX knows
def test_damaged_files_end_in_one_sentence(file: Path, noise: bytes, at: int) -> None:
    whole = recogniser_model(file).read_bytes()
    file.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    try:
        check_model(RECOGNISER, file, "model.onnx")
    except PackCorrupt as error:
        assert str(error).startswith("model.onnx ")


@pytest.mark.parametrize("nested", ["initializer", "attribute"])
def test_weights_in_other_files_are_refused(file: Path, nested: str) -> None:
    model = onnx.load(recogniser_model(file))
    tensor = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../secret")
    if nested == "initializer":
        model.graph.initializer.append(tensor)
    else:
        model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
    file.write_bytes(model.SerializeToString())
    assert "keeps its weights in other files" in refusal(RECOGNISER, file)
