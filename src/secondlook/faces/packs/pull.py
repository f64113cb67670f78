"""Pulls a known pack: fetches it, verifies it, installs it. Showing the licence first is the caller's business."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from secondlook.errors import PackCorrupt, PackError, PackMissing
from secondlook.faces.packs.disk import Busy, only_writer, sha256_of, writing
from secondlook.faces.packs.fetch import Progress, Retry, fetch, https_opener
from secondlook.faces.packs.installed import Existing, Pack, install_pack, load_pack, packs_folder
from secondlook.faces.packs.known import KnownPack


def pull(
    known: KnownPack,
    home_folder: Path | None = None,
    *,
    base: str | None = None,
    existing: Existing = Existing.KEEP,
    progress: Progress | None = None,
    opener: urllib.request.OpenerDirector | None = None,
    retry: Retry | None = None,
) -> Pack:
    """Installs a known pack, or gives the installed one where it is the same.

    base: the address of a mirror, where the file lies under its own name; None = the pack's own addresses, in turn.
    What arrived lies in ``<home>/packs/.partial`` until it is whole, so that a later call goes on from there. Raises
    PackError where the connection fails or another pack has the name (see ``Existing``), PackCorrupt where what was
    sent is not the pack; then nothing is installed.
    """
    already = _already(known, existing, home_folder)
    if already:
        return already
    partial = packs_folder(home_folder) / ".partial"
    part = partial / f"{known.sha256}.part"
    with only_writer(partial / f"{known.sha256}.lock", Busy.REFUSE, f"the pack '{known.name}'"):
        _fetch_from_any(known, base, part, opener or https_opener(), progress, retry)
        # What was there under the name is either nothing, or broken, or was asked to be replaced.
        pack = install_pack(known.card, part, Existing.REPLACE, home_folder)
        with writing(str(part)):
            part.unlink()
    return pack


def _already(known: KnownPack, existing: Existing, home_folder: Path | None) -> Pack | None:
    """The installed pack where it is the very same. Raises PackError where it is another and is to be kept."""
    try:
        pack = load_pack(known.name, home_folder)
    except (PackMissing, PackCorrupt):
        return None
    if pack.sha256 == known.sha256:
        return pack
    if existing is Existing.KEEP:
        raise PackError(f"another pack is installed as '{known.name}': remove it first, or ask to replace it.")
    return None


def _fetch_from_any(
    known: KnownPack,
    base: str | None,
    part: Path,
    opener: urllib.request.OpenerDirector,
    progress: Progress | None,
    retry: Retry | None,
) -> None:
    """From the first address that has it. Raises the last one's error, with the others' in its notes."""
    failures: list[PackError] = []
    for address in _addresses(known, base):
        try:
            fetch(address, part, known.size, opener=opener, progress=progress, retry=retry)
            _verify(known, part, address)
            return
        except PackError as error:
            failures.append(error)
    for earlier in failures[:-1]:
        failures[-1].add_note(str(earlier))
    raise failures[-1]


def _addresses(known: KnownPack, base: str | None) -> tuple[str, ...]:
    if base is None:
        return known.addresses
    name = urlsplit(known.addresses[0]).path.rpartition("/")[2]
    return (f"{base.rstrip('/')}/{name}",)


def _verify(known: KnownPack, part: Path, address: str) -> None:
    with writing(str(part)):
        found = sha256_of(part)
    if found == known.sha256:
        return
    with writing(str(part)):
        part.unlink()
    raise PackCorrupt(
        f"what {address} sent is not the pack '{known.name}' (its SHA-256 begins {found[:12]}, not "
        f"{known.sha256[:12]}): nothing was installed; run the same again, and if it stays so, do not use that address."
    )
