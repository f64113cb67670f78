"""Backups of made-up galleries: made, restored, opened again."""

from __future__ import annotations

from pathlib import Path

from custody_people import key, signing
from secondlook.custody.backup import BackedUp, back_up
from secondlook.custody.key_export import export_keys
from secondlook.custody.key_import import keys_of
from secondlook.custody.log import CustodyLog
from secondlook.custody.places import contents
from secondlook.custody.restore import Restored, Wishes, restore
from secondlook.gallery import Gallery

PASSPHRASE = "correct horse battery"


def saved(folder: Path, name: str = "b.tar") -> BackedUp:
    head = CustodyLog.open(folder / "g" / "log", signing(folder)).head().text()
    return back_up(folder / "g", folder / name, "0.0", head)


def again(folder: Path, place: str = "h", name: str = "b.tar", **wishes: object) -> Restored:
    asked = Wishes(**({"key": key(folder), "signing": signing(folder)} | wishes))  # type: ignore[arg-type]
    return restore(folder / name, folder / place, "os:ann", asked)


def reopened(folder: Path, place: str = "h") -> Gallery:
    return Gallery.open(folder / place, key=key(folder))


def exported(folder: Path) -> Path:
    held = contents(folder / "g")
    logs = [log.identity.log for log in (CustodyLog.open(place, signing(folder)) for place in held.logs)]
    export_keys(folder / "b.keys", keys_of(list(held.galleries), key(folder), logs, signing(folder)), PASSPHRASE)
    return folder / "b.keys"
