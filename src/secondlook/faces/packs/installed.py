"""The packs on this machine: ``<home>/packs/<name>/`` with ``model.onnx`` and ``card.toml``, and the built-in ones.

A pack appears whole or not at all: it is put together in a folder whose name begins with a dot, checked there, and
then renamed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.errors import PackCorrupt, PackError, PackMissing
from secondlook.faces.packs.card_file import NAME, NAME_ALLOWED, card_text, read_card
from secondlook.faces.packs.cards import AnyCard, RecogniserCard, with_sha256
from secondlook.faces.packs.disk import (
    Busy,
    copy_durably,
    only_writer,
    sha256_of,
    sync_folder,
    write_durably,
    writing,
)
from secondlook.faces.packs.graph import check_model
from secondlook.faces.packs.known import known_named
from secondlook.faces.packs.shipped import (
    SHIPPED,
    Shipped,
    shipped_card,
    shipped_file,
    shipped_named,
    shipped_ranges,
)

MODEL_FILE = "model.onnx"
CARD_FILE = "card.toml"


class Origin(StrEnum):
    BUILT_IN = "built-in"
    INSTALLED = "installed"


class Existing(StrEnum):
    """What to do with another pack under the same name."""

    KEEP = "keep"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Pack:
    """A model file and its card. sha256: of that file.

    The built-in recogniser's file is dlib's own, not ONNX: it is rebuilt as ONNX where it is opened. ranges: of its
    values, JSON, where the model is run in 8-bit integers (``integers.py``).
    """

    card: AnyCard
    model_path: Path
    sha256: str
    origin: Origin = Origin.INSTALLED
    ranges: str = ""

    @property
    def id(self) -> str:
        """``name@`` and 12 hexadecimal digits of all that decides what comes out: the model and how it is fed."""
        c = self.card
        fed = f"{c.colour} {c.mean} {c.scale}"
        if isinstance(c, RecogniserCard):
            fed += f" {c.size} {tuple(c.landmarks)} {c.mirror}"
        if self.ranges:
            fed += f" {self.ranges}"
        return f"{c.name}@{hashlib.sha256(f'{self.sha256} {fed}'.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class BrokenPack:
    """A pack that is there and cannot be used, and why."""

    name: str
    error: PackError


def home() -> Path:
    """``$SECONDLOOK_HOME``, else ``$XDG_DATA_HOME/secondlook``, else ``~/.local/share/secondlook``; read each time."""
    said = os.environ.get("SECONDLOOK_HOME")
    if said:
        return Path(said).expanduser().absolute()
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG specification has relative paths ignored.
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "secondlook"


def packs_folder(home_folder: Path | None = None) -> Path:
    return (home_folder or home()) / "packs"


def list_packs(home_folder: Path | None = None) -> tuple[Pack, ...]:
    """Every usable pack, built-in ones first. Checksums are not computed here: ``load_pack`` and ``check`` do that."""
    return tuple(found for found in _found(home_folder) if isinstance(found, Pack))


def broken_packs(home_folder: Path | None = None) -> tuple[BrokenPack, ...]:
    """Every pack that ``list_packs`` leaves out."""
    return tuple(found for found in _found(home_folder) if isinstance(found, BrokenPack))


def load_pack(name: str, home_folder: Path | None = None) -> Pack:
    """A pack whose model file is still the one of its card. Raises PackMissing, PackCorrupt."""
    pack = _find(name, home_folder)
    try:
        found = sha256_of(pack.model_path)
    except OSError as error:
        raise PackCorrupt(f"{pack.model_path} cannot be read ({error.strerror}): allow reading it.") from error
    if found != pack.sha256:
        again = "install that version again" if pack.origin is Origin.BUILT_IN else f"remove and add '{name}' again"
        how = _differ(found, pack.sha256)
        raise PackCorrupt(f"{pack.model_path} is not the file that its card speaks of ({how}): {again}.")
    return pack


def add_pack(
    model_file: Path, card_file: Path, existing: Existing = Existing.KEEP, home_folder: Path | None = None
) -> Pack:
    """Checks an ONNX file against its card and installs a copy of both.

    Adding the same again changes nothing. Raises PackMissing where a file is not there, PackCorrupt where they do not
    fit, PackError where another pack has the name and ``existing`` is KEEP, or where the disk refuses.
    """
    return install_pack(read_card(card_file), model_file, existing, home_folder)


def install_pack(
    card: AnyCard, model_file: Path, existing: Existing = Existing.KEEP, home_folder: Path | None = None
) -> Pack:
    """As ``add_pack``, with the card already read."""
    if shipped_named(card.name):
        raise PackError(f"'{card.name}' is the name of a built-in pack: give the card another name.")
    folder = packs_folder(home_folder)
    if not model_file.is_file():
        raise PackMissing(f"{model_file} is not there or no file: give the path of an ONNX file.")
    with only_writer(folder / ".lock", Busy.WAIT, str(folder)):
        beside = folder / f".adding-{card.name}"
        try:
            bound = _put_together(card, model_file, beside)
            _put_in_place(bound, beside, folder, existing)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return _read(folder / card.name)


def remove_pack(name: str, home_folder: Path | None = None) -> None:
    """Removes an installed pack, sound or broken. Raises PackMissing, and PackError for a built-in one."""
    shipped = shipped_named(name)
    if shipped:
        raise PackError(f"'{name}' is built in: it goes with `pip uninstall {shipped.distribution}`.")
    folder = packs_folder(home_folder)
    place = folder / _checked(name)
    if not place.is_dir():
        raise _missing(name)
    with only_writer(folder / ".lock", Busy.WAIT, str(folder)), writing(str(place)):
        gone = folder / f".removing-{name}"
        shutil.rmtree(gone, ignore_errors=True)
        place.rename(gone)
        shutil.rmtree(gone)


def _put_together(card: AnyCard, model_file: Path, beside: Path) -> AnyCard:
    """The pack in a folder of its own, checked as it lies there; gives its card, bound to the file."""
    with writing(str(beside)):
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        copy_durably(model_file, beside / MODEL_FILE)
        found = sha256_of(beside / MODEL_FILE)
    check_model(card, beside / MODEL_FILE, str(model_file))
    if card.sha256 not in (None, found):
        how = _differ(found, card.sha256 or "")
        raise PackCorrupt(f"{model_file} is not the file that the card '{card.name}' speaks of ({how}): get it again.")
    bound = with_sha256(card, found)
    with writing(str(beside)):
        write_durably(card_text(bound), beside / CARD_FILE)
        sync_folder(beside)
    return bound


def _put_in_place(card: AnyCard, beside: Path, folder: Path, existing: Existing) -> None:
    place = folder / card.name
    if place.is_dir():
        if _already(card, place):
            return
        if existing is Existing.KEEP:
            raise PackError(f"another pack is installed as '{card.name}': remove it first, or ask to replace it.")
    old = folder / f".replaced-{card.name}"
    with writing(str(place)):
        shutil.rmtree(old, ignore_errors=True)
        if place.exists():
            place.rename(old)
        beside.rename(place)
        sync_folder(folder)
        shutil.rmtree(old, ignore_errors=True)


def _already(card: AnyCard, place: Path) -> bool:
    try:
        pack = _read(place)
        return pack.card == card and sha256_of(pack.model_path) == card.sha256
    except (PackError, OSError):
        # Whatever is wrong with what is there, it is not the same.
        return False


def _found(home_folder: Path | None) -> Iterator[Pack | BrokenPack]:
    for shipped in SHIPPED:
        try:
            yield _read_shipped(shipped)
        except PackError as error:
            yield BrokenPack(shipped.name, error)
    folder = packs_folder(home_folder)
    try:
        places = sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))
    except FileNotFoundError:
        return
    except OSError as error:
        raise PackError(f"{folder} cannot be read ({error.strerror}): allow reading it.") from error
    for place in places:
        try:
            yield _read(place)
        except PackError as error:
            yield BrokenPack(place.name, error)


def _find(name: str, home_folder: Path | None) -> Pack:
    shipped = shipped_named(name)
    if shipped:
        return _read_shipped(shipped)
    place = packs_folder(home_folder) / _checked(name)
    if not place.is_dir():
        raise _missing(name)
    return _read(place)


def _read_shipped(shipped: Shipped) -> Pack:
    card = shipped_card(shipped)
    return Pack(card, shipped_file(shipped), card.sha256 or "", Origin.BUILT_IN, shipped_ranges(shipped))


def _read(place: Path) -> Pack:
    again = f"remove and add '{place.name}' again"
    try:
        card = read_card(place / CARD_FILE)
    except PackMissing as error:
        raise PackCorrupt(f"the pack in {place} has no readable card: {again}.") from error
    if card.name != place.name or card.sha256 is None:
        raise PackCorrupt(f"{place / CARD_FILE} is not the card that was installed there: {again}.")
    if not (place / MODEL_FILE).is_file():
        raise PackCorrupt(f"{place / MODEL_FILE} is missing: {again}.")
    return Pack(card, place / MODEL_FILE, card.sha256)


def _checked(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise PackMissing(f"{name!r} is no name of a pack: a name is made of {NAME_ALLOWED}.")
    return name


def _missing(name: str) -> PackMissing:
    if known_named(name):
        return PackMissing(f"the pack '{name}' is not installed: get it with `secondlook packs pull {name}`.")
    return PackMissing(f"the pack '{name}' is not installed: `secondlook packs list` shows those that are.")


def _differ(found: str, wanted: str) -> str:
    return f"its SHA-256 begins {found[:12]}, not {wanted[:12]}"
