"""Putting exported keys where a restored gallery looks for them, without bringing back any that was dropped."""

from __future__ import annotations

import base64
from pathlib import Path

from secondlook.custody.archive import Manifest, inside
from secondlook.custody.key_export import Keys
from secondlook.custody.signing import KeyFolder, signing_secret
from secondlook.errors import BackupError, GalleryLocked
from secondlook.gallery.files import create_private
from secondlook.gallery.keys import KeySource
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.offline import GalleryFacts, gallery_facts, key_source

KEY = ".key"
SIGNING = ".signing"
"""Endings of the names of secrets: before them stands the id of the gallery or the log."""


def keys_of(files: list[tuple[Path, GalleryFacts]], key: KeySource | None, logs: list[str], signing: KeyFolder) -> Keys:
    """The keys of galleries (their databases) and logs (ids). Raises GalleryLocked, LogUnusable where one is missing."""
    secrets: dict[str, bytes] = {}
    subjects: dict[tuple[str, str], bytes] = {}
    for file, _ in files:
        facts, source = key_source(file, key)
        secrets[facts.id + KEY] = source.read(facts.id)
        store = KeyStore.open(source.subjects_file(facts.id))
        try:
            subjects |= {(facts.id, subject): wrapped for subject, wrapped in store.everything().items()}
        finally:
            store.close()
    for log in logs:
        signing.read(log)
        secrets[log + SIGNING] = signing_secret(signing.key_file(log).read_bytes(), str(signing.key_file(log)))
    return Keys(secrets, subjects)


def take_keys(part: Path, manifest: Manifest, keys: Keys, key: KeySource | None, signing: KeyFolder) -> None:
    """Raises BackupError where other keys are there already, GalleryLocked where it is not said where they go."""
    for note in manifest.databases:
        if not note.gallery:
            continue
        secret = keys.secrets.get(note.gallery + KEY)
        if secret is None:
            raise BackupError(
                f"The exported keys are not those of the gallery {note.gallery}: give the file made with it."
            )
        facts = gallery_facts(inside(part, note.path))
        if facts is None or facts.id != note.gallery:
            raise BackupError(f"{note.path} in the backup is not the gallery {note.gallery}: take another backup.")
        _, source = key_source(inside(part, note.path), key)
        _put_key(source, note.gallery, secret)
        _put_subjects(source, note.gallery, keys)
    for name, secret in keys.secrets.items():
        if name.endswith(SIGNING):
            file = signing.key_file(name.removesuffix(SIGNING))
            _put(file, secret)


def _put_key(source: KeySource, gallery: str, secret: bytes) -> None:
    files = [file for file in source.files(gallery) if file != source.subjects_file(gallery)]
    if files:
        _put(files[0], secret)
    elif source.read(gallery) != secret:
        raise GalleryLocked(
            f"{source.words(gallery).capitalize()} holds another key than the exported one: name a file for it with --key-file."
        )


def _put_subjects(source: KeySource, gallery: str, keys: Keys) -> None:
    store = KeyStore.create(source.subjects_file(gallery))
    try:
        for of, subject in keys.erased:
            if of == gallery:
                store.drop(subject)
        dropped, there = store.dropped(), store.everything()
        for (of, subject), wrapped in keys.subjects.items():
            if of == gallery and subject not in dropped and subject not in there:
                store.keep(subject, wrapped)
    finally:
        store.close()


def _put(file: Path, secret: bytes) -> None:
    text = base64.b64encode(secret) + b"\n"
    try:
        create_private(file, text)
    except FileExistsError:
        if file.read_bytes().strip() != text.strip():
            raise BackupError(f"{file} holds another key already: move it away, or restore elsewhere.") from None
