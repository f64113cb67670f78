"""Cards: written and read back the same, and refused in one sentence that names the field."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secondlook.errors import PackCorrupt, PackMissing
from secondlook.faces.packs.card_file import LARGEST_FILE, card_text, parse_card, read_card
from secondlook.faces.packs.cards import (
    AnyCard,
    Colour,
    CommercialUse,
    Decoder,
    DetectorCard,
    Landmarks,
    MeasuredRate,
    Mirror,
    PackKind,
    RecogniserCard,
)
from secondlook.faces.packs.known import KNOWN, RECOMMENDED, KnownPack, known_named
from secondlook.faces.packs.shipped import SHIPPED, Shipped, shipped_card
from tiny_packs import DETECTOR, RECOGNISER

CARDS = Path(__file__).resolve().parent.parent / "cards"

printable = st.text(st.characters(codec="utf-8"), max_size=40).map(lambda s: "".join(c for c in s if c.isprintable()))
words = printable.filter(str.strip)
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)
hashes = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
shares = st.floats(0, 1)
channels = st.tuples(*[st.floats(-1e6, 1e6)] * 3)
scales = st.tuples(*[st.floats(-1e6, 1e6).filter(bool)] * 3)


@st.composite
def common(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "name": draw(names),
        "title": draw(words),
        "version": draw(printable),
        "licence": draw(words),
        "licence_note": draw(printable),
        "commercial_use": draw(st.sampled_from(CommercialUse)),
        "intended_use": draw(words),
        "source": draw(words),
        "sha256": draw(st.none() | hashes),
        "input_name": draw(st.none() | words),
        "colour": draw(st.sampled_from(Colour)),
        "mean": draw(channels),
        "scale": draw(scales),
    }


@st.composite
def rates(draw: st.DrawFn) -> MeasuredRate:
    low, value, high = sorted(draw(st.tuples(shares, shares, shares)))
    return MeasuredRate(
        measure=draw(words),
        at=draw(words),
        value=value,
        low=draw(st.none() | st.just(low)),
        high=draw(st.none() | st.just(high)),
        trials=draw(st.none() | st.integers(1, 10**9)),
        note=draw(printable),
    )


@st.composite
def landmarks(draw: st.DrawFn, size: int) -> Landmarks:
    left, right = st.floats(0, size * 0.4), st.floats(size * 0.6, size)
    top, bottom = left, right
    return Landmarks(
        right_eye=(draw(left), draw(top)),
        left_eye=(draw(right), draw(top)),
        nose=(draw(st.floats(0, size)), draw(st.floats(0, size))),
        right_mouth=(draw(left), draw(bottom)),
        left_mouth=(draw(right), draw(bottom)),
    )


@st.composite
def cards(draw: st.DrawFn) -> AnyCard:
    shared = draw(common())
    if draw(st.booleans()):
        return DetectorCard(
            **shared,
            decoder=draw(st.sampled_from(Decoder)),
            stride_multiple=draw(st.integers(1, 256)),
            threshold=draw(shares),
            nms_iou=draw(shares),
            min_face_px=draw(st.integers(1, 4096)),
        )
    size = draw(st.integers(16, 1024))
    threshold = draw(st.none() | st.floats(-1, 1))
    return RecogniserCard(
        **shared,
        size=size,
        landmarks=draw(landmarks(size)),
        dimension=draw(st.integers(2, 65536)),
        mirror=draw(st.sampled_from(Mirror)),
        normalise_note=draw(printable),
        threshold=threshold,
        threshold_note=draw(words),
        rates=tuple(draw(st.lists(rates(), max_size=3))),
        rates_source=draw(words),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cards())
def test_a_card_comes_back_from_its_own_text(card: AnyCard) -> None:
    assert parse_card(card_text(card)) == card


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200) | words.map(lambda word: f'kind = "recogniser"\nname = "{word}"'))
def test_whatever_the_text_it_is_a_card_or_one_sentence(text: str) -> None:
    try:
        parse_card(text)
    except PackCorrupt as error:
        assert str(error).startswith("card")


@pytest.mark.parametrize("name", ["mobilefacenet", "yunet_2026may"])
def test_the_cards_of_the_tests_are_sound(name: str) -> None:
    assert read_card(CARDS / f"{name}.toml").name == name


def test_one_number_stands_for_three_channels() -> None:
    card = read_card(CARDS / "mobilefacenet.toml")
    assert card.mean == (0.0, 0.0, 0.0)
    assert card.scale == (1.0, 1.0, 1.0)


def test_the_layout_is_the_landmarks_in_their_order() -> None:
    layout = RECOGNISER.layout
    assert layout.size == 32
    assert layout.points.dtype == np.float32
    np.testing.assert_array_equal(layout.points, [[10, 12], [22, 12], [16, 18], [11, 24], [21, 24]])


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.name)
def test_built_in_cards_are_sound_and_bound_to_a_file(shipped: Shipped) -> None:
    card = shipped_card(shipped)
    assert card.name == shipped.name
    assert card.sha256 is not None
    assert card.commercial_use is CommercialUse.YES


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_packs_are_complete(known: KnownPack) -> None:
    assert parse_card(card_text(known.card)) == known.card
    assert len(known.sha256) == 64
    assert known.size > 0
    assert known.card.commercial_use is CommercialUse.YES
    assert known.addresses
    assert all(address.startswith("https://") for address in known.addresses)
    assert known_named(known.name) is known


def test_names_are_given_once_and_the_recommended_pack_recognises() -> None:
    names = [known.name for known in KNOWN] + [shipped.name for shipped in SHIPPED]
    assert len(set(names)) == len(names)
    assert RECOMMENDED in KNOWN
    assert RECOMMENDED.card.kind is PackKind.RECOGNISER


def edited(card: AnyCard, old: str, new: str) -> str:
    text = card_text(card)
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "field", "allowed"),
    [
        ('name = "tiny"', 'name = "Tiny Face"', "name", "lower-case"),
        ('name = "tiny"', 'name = "../tiny"', "name", "lower-case"),
        ('name = "tiny"', "", "name", "missing"),
        ('kind = "recogniser"', 'kind = "matcher"', "kind", '"detector", "recogniser"'),
        ('colour = "rgb"', 'colour = "grey"', "colour", '"rgb", "bgr"'),
        ('commercial_use = "yes"', "commercial_use = true", "commercial_use", '"unknown"'),
        ("size = 32", "size = 8", "size", "16 to 1024"),
        ("size = 32", "size = true", "size", "whole number"),
        ("size = 32", "size = 32.0", "size", "whole number"),
        ("dimension = 4", "dimension = 0", "dimension", "from 2"),
        ("mean = [0.0, 0.0, 0.0]", "mean = [0, 0]", "mean", "one number or three"),
        ("mean = [0.0, 0.0, 0.0]", "mean = nan", "mean", "one number or three"),
        ("scale = [1.0, 1.0, 1.0]", "scale = 0", "scale", "other than 0"),
        ('licence = "MIT"', 'licence = " "', "licence", "one line of text"),
        ('licence = "MIT"', 'licence = "MIT\\nGPL"', "licence", "one line of text"),
        ("dimension = 4", 'dimension = 4\nsha256 = "abc"', "sha256", "64 hexadecimal"),
        ("dimension = 4", "dimension = 4\nthreshold = 0.5", "threshold_note", "where that was measured"),
        ("dimension = 4", "dimension = 4\nthreshold = 1.5", "threshold", "from -1 to 1"),
        ("dimension = 4", "dimension = 4\nflip = true", "flip", "allowed here are only"),
        ("right_eye = [10.0, 12.0]", "right_eye = [10.0, 33.0]", "landmarks.right_eye", "chip's size 32"),
        ("right_eye = [10.0, 12.0]", "right_eye = [23.0, 12.0]", "landmarks.right_eye", "to the left of 'left_eye'"),
        ("left_eye = [22.0, 12.0]", "left_eye = [22.0, 25.0]", "landmarks.left_eye", "above 'left_mouth'"),
        ("nose = [16.0, 18.0]", "", "landmarks.nose", "missing"),
        ("nose = [16.0, 18.0]", "nose = [16.0, 18.0]\nchin = [1, 1]", "landmarks.chin", "no field"),
        ("[landmarks]", '[[rates]]\nmeasure = "FNIR"\nat = "x"\nvalue = 2\n[landmarks]', "rates[0].value", "0 to 1"),
        (
            "[landmarks]",
            '[[rates]]\nmeasure = "FNIR"\nat = "x"\nvalue = 1\n[landmarks]',
            "rates_source",
            "who measured",
        ),
        ("[landmarks]", "[landmark]", "landmarks", "missing"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(old: str, new: str, field: str, allowed: str) -> None:
    with pytest.raises(PackCorrupt) as caught:
        parse_card(edited(RECOGNISER, old, new), "card face.toml")
    said = str(caught.value)
    assert said.startswith("card face.toml: ")
    assert f"'{field}'" in said
    assert allowed in said
    assert "\n" not in said


def test_a_rate_outside_its_own_interval_is_refused() -> None:
    rate = MeasuredRate(measure="FNIR", at="FPIR 0.01", value=0.4, low=0.5)
    text = card_text(replace(RECOGNISER, rates=(rate,), rates_source="here"))
    with pytest.raises(PackCorrupt, match=r"'rates\[0\].low' is 0.5"):
        parse_card(text)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('decoder = "yunet"', 'decoder = "ssd"', "decoder"),
        ("threshold = 0.5", "threshold = inf", "threshold"),
        ("min_face_px = 10", "min_face_px = 0", "min_face_px"),
        ("min_face_px = 10", "min_face_px = 10\nsize = 112", "size"),
    ],
)
def test_detector_fields_are_checked_too(old: str, new: str, field: str) -> None:
    with pytest.raises(PackCorrupt, match=f"'{field}'"):
        parse_card(edited(DETECTOR, old, new))


def test_files_that_are_no_card(tmp_path: Path) -> None:
    with pytest.raises(PackMissing, match=r"none\.toml cannot be read"):
        read_card(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "Gesicht f\xfcr alle"')
    with pytest.raises(PackCorrupt, match=r"latin\.toml is no text in UTF-8"):
        read_card(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(PackCorrupt, match=r"large\.toml has more than 64 KiB"):
        read_card(tmp_path / "large.toml")
    (tmp_path / "broken.toml").write_text("size = = 3")
    with pytest.raises(PackCorrupt, match=r"broken\.toml is not TOML \(.*line 1"):
        read_card(tmp_path / "broken.toml")


def test_a_scale_of_one_over_127_is_exact() -> None:
    card = replace(RECOGNISER, scale=(1 / 127.5,) * 3)
    assert math.isclose(parse_card(card_text(card)).scale[0] * 127.5, 1, rel_tol=0, abs_tol=1e-15)
