"""From a pack on the disk to a detector or recogniser that runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

import onnx

from secondlook.errors import PackCorrupt
from secondlook.faces.packs import integers
from secondlook.faces.packs.detectors import PackDetector, open_detector
from secondlook.faces.packs.dlib_file import parse_dlib
from secondlook.faces.packs.dlib_onnx import BUILD, build_onnx
from secondlook.faces.packs.installed import Pack, home, load_pack
from secondlook.faces.packs.recognisers import PackEmbedder, open_recogniser
from secondlook.faces.packs.runtime import RunOptions, on_processor
from secondlook.faces.packs.shipped import CENTERFACE, CENTERFACE_INT8, DLIB_RESNET, DLIB_RESNET_INT8


def detector(name: str, options: RunOptions) -> PackDetector:
    """The detector pack of that name. Raises PackMissing, PackCorrupt."""
    return opened_detector(load_pack(name), options)


def recogniser(name: str, options: RunOptions) -> PackEmbedder:
    """The recogniser pack of that name. Raises PackMissing, PackCorrupt."""
    return opened_recogniser(load_pack(name), options)


def opened_detector(pack: Pack, options: RunOptions) -> PackDetector:
    """As ``detector``, of a pack that was found already. Where the built-in one runs on the processor, it gives its hints, and
    looks closely at the small faces they are of, in integers."""
    quick = _hints_in_integers if pack.card.name == CENTERFACE.name and on_processor(options) else None
    return open_detector(pack.card, pack.id, _model(pack), options, quick)


def _hints_in_integers() -> bytes:
    return integer_onnx(load_pack(CENTERFACE_INT8.name), home() / "cache")


def opened_recogniser(pack: Pack, options: RunOptions) -> PackEmbedder:
    """As ``recogniser``, of a pack that was found already."""
    return open_recogniser(pack.card, pack.id, _model(pack), options)


def _model(pack: Pack) -> bytes:
    return integer_onnx(pack, home() / "cache") if pack.ranges else float_model(pack)


def float_model(pack: Pack) -> bytes:
    """The pack's model as ONNX before anything is rounded. Raises PackCorrupt."""
    if pack.card.name in (DLIB_RESNET.name, DLIB_RESNET_INT8.name):
        return dlib_onnx(pack, home() / "cache")
    return _bytes(pack)


def integer_onnx(pack: Pack, cache: Path) -> bytes:
    """A pack's model in 8-bit integers: made once, then read from ``cache``, as ``dlib_onnx``."""
    place = cache / f"{pack.id.replace('@', '-')}-{integers.BUILD}.onnx.sum"
    cached = _read_summed(place)
    if cached is not None:
        return cached
    model = integers.to_integers(integers.folded(onnx.load_from_string(float_model(pack))), _ranges(pack))
    _write_summed(place, model)
    return model


def _ranges(pack: Pack) -> integers.Ranges:
    return {name: (float(low), float(high)) for name, (low, high) in json.loads(pack.ranges).items()}


def _bytes(pack: Pack) -> bytes:
    try:
        return pack.model_path.read_bytes()
    except OSError as error:
        raise PackCorrupt(f"{pack.model_path} cannot be read ({error.strerror}): allow reading it.") from error


def dlib_onnx(pack: Pack, cache: Path) -> bytes:
    """dlib's recogniser as ONNX: made once, then read from ``cache``, where its own checksum stands in front of it.

    A cache that is damaged or cannot be written costs a rebuild (a quarter of a second), never an error.
    """
    place = cache / f"{DLIB_RESNET.name}-{pack.sha256[:12]}-{BUILD}.onnx.sum"
    cached = _read_summed(place)
    if cached is not None:
        return cached
    model = build_onnx(parse_dlib(_bytes(pack)))
    _write_summed(place, model)
    return model


def _read_summed(place: Path) -> bytes | None:
    try:
        content = place.read_bytes()
    except OSError:
        return None
    checksum, model = content[:32], content[32:]
    return model if hashlib.sha256(model).digest() == checksum else None


def _write_summed(place: Path, model: bytes) -> None:
    part = place.with_name(f"{place.name}.part-{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(model).digest() + model)
        part.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
