"""Cards as TOML: read, checked in every field, and written back."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from pathlib import Path

from secondlook.errors import PackCorrupt, PackMissing
from secondlook.faces.packs.card_fields import Fields
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

NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
NAME_ALLOWED = "lower-case letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
LARGEST_FILE = 64 * 1024


def read_card(path: Path) -> AnyCard:
    """Raises PackMissing where there is no such file, PackCorrupt with one sentence where it is no sound card."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PackMissing(f"card {path} cannot be read ({error.strerror}): give the path of a TOML file.") from error
    if len(raw) > LARGEST_FILE:
        raise PackCorrupt(f"card {path} has more than {LARGEST_FILE // 1024} KiB and so is no card: give its TOML.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PackCorrupt(f"card {path} is no text in UTF-8: save it as UTF-8.") from error
    return parse_card(text, f"card {path}")


def parse_card(text: str, where: str = "card") -> AnyCard:
    """``where``: what the sentences call the card. Raises PackCorrupt naming the field and what is allowed in it."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise PackCorrupt(f"{where} is not TOML ({reason}): correct it there.") from error
    card = Fields(table, where)
    kind = card.choice("kind", PackKind)
    read = _recogniser(card) if kind is PackKind.RECOGNISER else _detector(card)
    card.finish()
    return read


def card_text(card: AnyCard) -> str:
    """The card as TOML, such that ``parse_card`` gives back an equal one."""
    lines = [f"kind = {_value(card.kind)}"]
    tables: list[str] = []
    for field in fields(card):
        value = getattr(card, field.name)
        if isinstance(value, Landmarks):
            tables += ["", "[landmarks]", *(f"{name} = {_value(point)}" for name, point in value._asdict().items())]
        elif field.name == "rates":
            tables += [line for rate in value for line in ("", "[[rates]]", *_rate_lines(rate))]
        elif value not in (None, ""):
            lines.append(f"{field.name} = {_value(value)}")
    return "\n".join(lines + tables) + "\n"


def _recogniser(card: Fields) -> RecogniserCard:
    size = card.whole("size", 16, 1024)
    read = RecogniserCard(
        name=card.fitting("name", NAME, NAME_ALLOWED),
        title=card.text("title"),
        version=card.text("version", ""),
        licence=card.text("licence"),
        licence_note=card.text("licence_note", ""),
        commercial_use=card.choice("commercial_use", CommercialUse),
        intended_use=card.text("intended_use"),
        source=card.text("source"),
        sha256=_sha256(card),
        input_name=card.text("input_name") if card.has("input_name") else None,
        colour=card.choice("colour", Colour),
        mean=card.per_channel("mean", 0.0),
        scale=card.per_channel("scale", 1.0),
        size=size,
        landmarks=_landmarks(card, size),
        dimension=card.whole("dimension", 2, 65536),
        mirror=card.choice("mirror", Mirror, Mirror.NONE),
        normalise_note=card.text("normalise_note", ""),
        threshold=card.number("threshold", -1, 1) if card.has("threshold") else None,
        doubtful=card.number("doubtful", -1, 1) if card.has("doubtful") else None,
        unlike=card.number("unlike", -1, 1) if card.has("unlike") else None,
        threshold_note=card.text("threshold_note", ""),
        rates=tuple(_rate(row) for row in card.tables("rates")),
        rates_source=card.text("rates_source", ""),
    )
    _refuse_zero_scale(card, read)
    if read.threshold is not None and not read.threshold_note.strip():
        raise card.wrong("threshold_note", "", "given beside 'threshold', saying where that was measured")
    if read.rates and not read.rates_source.strip():
        raise card.wrong("rates_source", "", "given beside 'rates', saying who measured them on what")
    return read


def _detector(card: Fields) -> DetectorCard:
    read = DetectorCard(
        name=card.fitting("name", NAME, NAME_ALLOWED),
        title=card.text("title"),
        version=card.text("version", ""),
        licence=card.text("licence"),
        licence_note=card.text("licence_note", ""),
        commercial_use=card.choice("commercial_use", CommercialUse),
        intended_use=card.text("intended_use"),
        source=card.text("source"),
        sha256=_sha256(card),
        input_name=card.text("input_name") if card.has("input_name") else None,
        colour=card.choice("colour", Colour),
        mean=card.per_channel("mean", 0.0),
        scale=card.per_channel("scale", 1.0),
        decoder=card.choice("decoder", Decoder),
        stride_multiple=card.whole("stride_multiple", 1, 256, 32),
        threshold=card.number("threshold", 0, 1),
        nms_iou=card.number("nms_iou", 0, 1, 0.3),
        min_face_px=card.whole("min_face_px", 1, 4096),
    )
    _refuse_zero_scale(card, read)
    return read


def _sha256(card: Fields) -> str | None:
    return card.fitting("sha256", "[0-9a-f]{64}", "64 hexadecimal digits in lower case") if card.has("sha256") else None


def _refuse_zero_scale(card: Fields, read: AnyCard) -> None:
    if 0 in read.scale:
        raise card.wrong("scale", list(read.scale), "other than 0, by which every picture would look the same")


def _landmarks(card: Fields, size: int) -> Landmarks:
    table = card.table("landmarks")
    read = Landmarks(
        right_eye=table.point("right_eye", size),
        left_eye=table.point("left_eye", size),
        nose=table.point("nose", size),
        right_mouth=table.point("right_mouth", size),
        left_mouth=table.point("left_mouth", size),
    )
    table.finish()
    # Swapped sides would mirror every face, and templates of mirrored faces look plausible: nobody would notice.
    for right, left in (("right_eye", "left_eye"), ("right_mouth", "left_mouth")):
        if getattr(read, right)[0] >= getattr(read, left)[0]:
            allowed = f"to the left of '{left}' in the chip, since sides are the subject's own"
            raise table.wrong(right, getattr(read, right), allowed)
    for eye, mouth in (("right_eye", "right_mouth"), ("left_eye", "left_mouth")):
        if getattr(read, eye)[1] >= getattr(read, mouth)[1]:
            raise table.wrong(eye, getattr(read, eye), f"above '{mouth}' in the chip, y being counted downwards")
    return read


def _rate(row: Fields) -> MeasuredRate:
    value = row.number("value", 0, 1)
    read = MeasuredRate(
        measure=row.text("measure"),
        at=row.text("at"),
        value=value,
        low=row.number("low", 0, value) if row.has("low") else None,
        high=row.number("high", value, 1) if row.has("high") else None,
        trials=row.whole("trials", 1, 2**62) if row.has("trials") else None,
        note=row.text("note", ""),
    )
    row.finish()
    return read


def _rate_lines(rate: MeasuredRate) -> list[str]:
    values = [(field.name, getattr(rate, field.name)) for field in fields(rate)]
    return [f"{name} = {_value(value)}" for name, value in values if value not in (None, "")]


def _value(value: object) -> str:
    """One TOML value. Texts are printable, so JSON's escapes are TOML's; numbers are finite, so repr is TOML's too."""
    if isinstance(value, str):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return repr(value)
