"""Packs as they run: pixels in as the card says, outputs decoded by the book, and nothing unusable let through."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from secondlook.errors import PackCorrupt, PackError
from secondlook.faces.packs.cards import Colour, Decoder, DetectorCard, Mirror, RecogniserCard
from secondlook.faces.packs.detectors import (
    YUNET_STRIDES,
    PackDetector,
    decode_centerface,
    decode_yunet,
    open_detector,
)
from secondlook.faces.packs.preprocess import to_network
from secondlook.faces.packs.recognisers import BATCH, PackEmbedder, open_recogniser, unit
from secondlook.faces.packs.runtime import Provider, RunOptions
from secondlook.types import Detections, Floats, Pixels
from tiny_packs import DETECTOR, RECOGNISER, detector_model

ONE_THREAD = RunOptions(Provider.CPU, threads=1)

# Preprocessing


@given(
    st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.sampled_from(list(Colour)),
    st.tuples(*[st.sampled_from([0.0, 127.5, 123.68])] * 3), st.tuples(*[st.sampled_from([1.0, 1 / 127.5, 0.017])] * 3),
    st.integers(0, 2**31),
)  # fmt: skip
def test_the_network_is_fed_as_the_card_says(
    n: int, height: int, width: int, colour: Colour, mean: tuple[float, float, float],
    scale: tuple[float, float, float], seed: int,
) -> None:  # fmt: skip
    pixels = np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), np.uint8)
    kept = pixels.copy()
    values = to_network(pixels, replace(RECOGNISER, colour=colour, mean=mean, scale=scale))
    assert values.shape == (n, 3, height, width) and values.dtype == np.float32
    assert np.array_equal(pixels, kept)
    for channel in range(3):
        fed = pixels[..., 2 - channel if colour is Colour.BGR else channel].astype(np.float32)
        expected = (fed - np.float32(mean[channel])) * np.float32(scale[channel])
        assert np.array_equal(values[:, channel], expected)


# Decoders, against their formulas said once more


@dataclass(frozen=True)
class Made:
    """One face put into a network's output by hand."""

    box: tuple[float, float, float, float]
    points: Floats
    score: float


def inside(x0: float, y0: float, x1: float, y1: float) -> Floats:
    shares = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    return np.asarray(np.array([x0, y0]) + shares * np.array([x1 - x0, y1 - y0]), np.float32)


def same(found: Detections, made: list[Made]) -> None:
    assert len(found) == len(made)
    order = np.argsort(-found.scores)
    for row, one in zip(order, sorted(made, key=lambda m: -m.score), strict=True):
        assert found.boxes[row] == pytest.approx(np.array(one.box), abs=0.01)
        assert found.landmarks[row] == pytest.approx(one.points, abs=0.01)
        assert found.scores[row] == pytest.approx(one.score, abs=1e-5)


def centerface_outputs(height: int, width: int, made: list[Made]) -> list[Floats]:
    """Stride 4; y before x in every pair."""
    rows, columns = height // 4, width // 4
    heat, size = np.zeros((1, 1, rows, columns)), np.zeros((1, 2, rows, columns))
    offset, points = np.zeros((1, 2, rows, columns)), np.zeros((1, 10, rows, columns))
    for one in made:
        x0, y0, x1, y1 = one.box
        x, y = (x0 + x1) / 2 / 4 - 0.5, (y0 + y1) / 2 / 4 - 0.5
        column, row = round(x), round(y)
        heat[0, 0, row, column] = one.score
        size[0, :, row, column] = math.log((y1 - y0) / 4), math.log((x1 - x0) / 4)
        offset[0, :, row, column] = y - row, x - column
        points[0, 0::2, row, column] = (one.points[:, 1] - y0) / (y1 - y0)
        points[0, 1::2, row, column] = (one.points[:, 0] - x0) / (x1 - x0)
    return [np.asarray(v, np.float32) for v in (heat, size, offset, points)]


def yunet_outputs(height: int, width: int, made: list[tuple[int, Made]]) -> list[Floats]:
    """made: with the stride at which each face is seen."""
    cells = [(height // stride) * (width // stride) for stride in YUNET_STRIDES]
    kinds, things = [np.zeros((1, n, 1)) for n in cells], [np.zeros((1, n, 1)) for n in cells]
    boxes, points = [np.zeros((1, n, 4)) for n in cells], [np.zeros((1, n, 10)) for n in cells]
    for stride, one in made:
        level = YUNET_STRIDES.index(stride)
        x0, y0, x1, y1 = one.box
        column, row = int((x0 + x1) / 2 / stride), int((y0 + y1) / 2 / stride)
        cell = row * (width // stride) + column
        # the geometric mean of two unequal numbers
        kinds[level][0, cell], things[level][0, cell] = (
            min(1.0, one.score * 1.1),
            one.score**2 / min(1, one.score * 1.1),
        )
        boxes[level][0, cell, :2] = (x0 + x1) / 2 / stride - column, (y0 + y1) / 2 / stride - row
        boxes[level][0, cell, 2:] = math.log((x1 - x0) / stride), math.log((y1 - y0) / stride)
        points[level][0, cell] = (one.points / stride - [column, row]).ravel()
    return [np.asarray(v, np.float32) for part in (kinds, things, boxes, points) for v in part]


@given(st.integers(0, 2**31), st.integers(0, 5))
def test_centerface_is_decoded_by_its_formula(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):  # one a band, so that no two share a cell
        x, y = rng.uniform(30, 220), 40 * i + rng.uniform(10, 30)
        wide, tall = rng.uniform(4, 50, 2)
        box = (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)
        made.append(Made(box, inside(*box) + rng.normal(0, 1, (5, 2)).astype(np.float32), rng.uniform(0.31, 1)))
    weak = Made((120, 210, 130, 222), inside(120, 210, 130, 222), 0.29)
    same(decode_centerface(centerface_outputs(256, 256, [*made, weak]), (256, 256), 0.3), made)


@given(st.integers(0, 2**31), st.integers(0, 5))
def test_yunet_is_decoded_by_its_formula(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        x, y = rng.uniform(10, 300), 64 * i + rng.uniform(5, 60)
        wide, tall = rng.uniform(4, 80, 2)
        box = (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)
        score = rng.uniform(0.31, 0.95)
        made.append((int(rng.choice(YUNET_STRIDES)), Made(box, inside(*box), score)))
    weak = (8, Made((100, 330, 112, 346), inside(100, 330, 112, 346), 0.29))
    found = decode_yunet(yunet_outputs(352, 320, [*made, weak]), (352, 320), 0.3)
    same(found, [one for _, one in made])


def test_a_size_beyond_reason_stays_finite() -> None:
    outputs = centerface_outputs(64, 64, [Made((10, 10, 30, 40), inside(10, 10, 30, 40), 0.9)])
    outputs[1][:] = 1e30
    assert np.isfinite(decode_centerface(outputs, (64, 64), 0.3).boxes).all()


# Detectors


@dataclass
class Answering:
    """A session that gives these outputs, and remembers what it was fed."""

    outputs: Callable[[Floats], list[Floats]]
    provider: str = "by hand"
    fed: Floats | None = None

    def run(self, values: Floats) -> list[Floats]:
        self.fed = values
        return self.outputs(values)


def centerface(made: list[Made], card: DetectorCard = DETECTOR) -> tuple[PackDetector, Answering]:
    session = Answering(lambda values: centerface_outputs(values.shape[2], values.shape[3], made))
    return PackDetector("by@hand", "by hand", card, session, decode_centerface), session


def test_a_picture_is_padded_and_never_stretched() -> None:
    detector, session = centerface([])
    pixels = np.full((50, 70, 3), 200, np.uint8)
    assert len(detector.detect(pixels)) == 0
    assert session.fed is not None and session.fed.shape == (1, 3, 64, 96)
    assert (session.fed[:, :, :50, :70] == 200).all()
    assert not session.fed[:, :, 50:].any() and not session.fed[:, :, :, 70:].any()


def test_boxes_are_cut_at_the_edge_and_none_lies_in_the_padding() -> None:
    over = Made((50, 10, 80, 40), inside(50, 10, 80, 40), 0.9)
    outside = Made((72, 52, 90, 62), inside(72, 52, 90, 62), 0.8)
    found = centerface([over, outside])[0].detect(np.zeros((50, 70, 3), np.uint8))
    assert found.boxes.tolist() == [pytest.approx([50, 10, 70, 40], abs=0.01)]
    assert found.landmarks[0] == pytest.approx(over.points, abs=0.01), "landmarks stay where they are"


def test_two_answers_for_one_face_are_one() -> None:
    a = Made((10, 10, 40, 50), inside(10, 10, 40, 50), 0.7)
    b = Made((12, 15, 42, 55), inside(12, 15, 42, 55), 0.9)
    found = centerface([a, b])[0].detect(np.zeros((64, 96, 3), np.uint8))
    assert found.scores.tolist() == [pytest.approx(0.9)]


def test_what_is_no_number_is_no_face() -> None:
    outputs = centerface_outputs(64, 64, [Made((10, 10, 30, 40), inside(10, 10, 30, 40), 0.9)])
    outputs[3][:] = np.nan
    detector = PackDetector("by@hand", "by hand", DETECTOR, Answering(lambda _: outputs), decode_centerface)
    assert len(detector.detect(np.zeros((64, 64, 3), np.uint8))) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1)])
def test_a_picture_one_pixel_wide_is_not_looked_at(size: tuple[int, int]) -> None:
    detector, session = centerface([])
    assert len(detector.detect(np.zeros((*size, 3), np.uint8))) == 0 and session.fed is None


# Recognisers


def means_model(bias: tuple[float, float, float, float] = (0, 0, 0, 1), batch: int | str = "n") -> bytes:
    """A graph: the mean of each channel over the chip's left half, and 1; so the mirrored chip gives something else."""
    weights = np.zeros((4, 3, 1, 1), np.float32)
    weights[[0, 1, 2], [0, 1, 2]] = 1 / 255
    left = np.zeros((1, 1, 32, 32), np.float32)
    left[..., :16] = 2
    constants = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.array(bias, np.float32), "bias"),
        numpy_helper.from_array(left, "left"),
    ]
    nodes = [
        helper.make_node("Mul", ["data", "left"], ["half"]),
        helper.make_node("Conv", ["half", "weights", "bias"], ["planes"]),
        helper.make_node("GlobalAveragePool", ["planes"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["template"]),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [batch, 3, 32, 32])],
        [helper.make_tensor_value_info("template", TensorProto.FLOAT, [batch, 4])],
        constants,
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )


def embedder(card: RecogniserCard = RECOGNISER, model: bytes | None = None) -> PackEmbedder:
    return open_recogniser(card, "tiny@0", model or means_model(), ONE_THREAD)


def random_chips(n: int) -> Pixels:
    return np.random.default_rng(n).integers(0, 256, (n, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("n", [0, 1, BATCH, BATCH + 1, 2 * BATCH + 3])
def test_templates_have_unit_length_and_do_not_depend_on_the_batch(n: int) -> None:
    chips = random_chips(n)
    templates = embedder().embed(chips)
    assert templates.shape == (n, 4) and templates.dtype == np.float32
    assert np.allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-6)
    alone = [embedder().embed(chips[i : i + 1])[0] for i in (0, n - 1) if n]
    assert np.allclose(templates[[0, n - 1]] if n else [], alone, atol=1e-6)


def test_a_model_exported_for_one_chip_takes_many() -> None:
    chips = random_chips(5)
    assert np.allclose(embedder(model=means_model(batch=1)).embed(chips), embedder().embed(chips), atol=1e-6)


def test_the_mirrored_chip_is_added_where_the_card_says_so() -> None:
    chips = random_chips(3)
    chips[:, :, :16] = 0
    plain, added = embedder(), embedder(replace(RECOGNISER, mirror=Mirror.ADD))
    flipped = chips[:, :, ::-1]
    expected = plain.raw(chips) + plain.raw(flipped)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(added.embed(chips), expected, atol=1e-6)
    assert np.allclose(added.embed(chips), added.embed(flipped), atol=1e-6)
    assert not np.allclose(plain.embed(chips), plain.embed(flipped), atol=1e-2)


def test_colour_order_is_the_cards() -> None:
    red = np.zeros((1, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    first = embedder().embed(red)[0]
    last = embedder(replace(RECOGNISER, colour=Colour.BGR)).embed(red)[0]
    assert first[0] > 0.6 > 0.1 > first[2] and last[2] > 0.6 > 0.1 > last[0]


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_a_template_of_no_direction_is_an_error_and_never_a_low_score(value: float) -> None:
    with pytest.raises(PackCorrupt, match=r"tiny@0 gave a template of no direction: check it"):
        unit(np.array([[1, 0], [value, value if value else 0]], np.float32), "tiny@0")
    broken = embedder(model=means_model(bias=(value, 0, 0, 0)))
    with pytest.raises(PackCorrupt, match="no direction"):
        broken.embed(np.zeros((2, 32, 32, 3), np.uint8))


def test_the_wrong_kind_of_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackCorrupt, match="choose a recogniser"):
        open_recogniser(DETECTOR, "d", means_model(), ONE_THREAD)
    model = detector_model(tmp_path / "d.onnx").read_bytes()
    with pytest.raises(PackCorrupt, match="choose a detector"):
        open_detector(RECOGNISER, "r", model, ONE_THREAD)
    assert open_detector(DETECTOR, "d", model, ONE_THREAD).card.decoder is Decoder.YUNET


@pytest.mark.parametrize("model", [b"", b"not a model", means_model()[:-40]])
def test_what_is_no_model_is_one_sentence(model: bytes) -> None:
    for opening, card in ((open_recogniser, RECOGNISER), (open_detector, DETECTOR)):
        with pytest.raises(PackError) as caught:
            opening(card, "p", model, ONE_THREAD)
        said = str(caught.value)
        assert "\n" not in said and said.endswith(".") and "again" in said


def test_weights_listed_as_inputs_are_no_inputs() -> None:
    """As old exporters do: such a model runs all the same, by its one real input."""
    model = onnx.load_from_string(means_model())
    model.graph.input.extend([helper.make_tensor_value_info("weights", TensorProto.FLOAT, [4, 3, 1, 1])])
    chips = random_chips(2)
    assert np.allclose(embedder(model=model.SerializeToString()).embed(chips), embedder().embed(chips))


# Models whose graph leaves open what the card claims: said once they run


def test_a_template_of_another_length_than_the_card_says() -> None:
    with pytest.raises(PackCorrupt, match=r"tiny@0 gave \(2, 4\) for 2 chips, not 8 numbers each"):
        embedder(replace(RECOGNISER, dimension=8)).embed(random_chips(2))


def test_a_model_that_stops_on_what_the_card_feeds_it() -> None:
    with pytest.raises(PackCorrupt, match=r"does not run .*: check its card"):
        embedder().embed(np.zeros((1, 16, 16, 3), np.uint8))


def test_outputs_that_are_not_the_decoders() -> None:
    few = [np.zeros((1, 1, 4, 4), np.float32)] * 3
    detector = PackDetector("by@hand", "by hand", DETECTOR, Answering(lambda _: few), decode_centerface)
    with pytest.raises(PackCorrupt, match="not those of the decoder"):
        detector.detect(np.zeros((64, 64, 3), np.uint8))
    session = Answering(lambda _: yunet_outputs(64, 64, [])[:7])
    with pytest.raises(PackCorrupt, match="not those of the decoder yunet"):
        PackDetector("y@hand", "by hand", DETECTOR, session, decode_yunet).detect(np.zeros((64, 64, 3), np.uint8))
