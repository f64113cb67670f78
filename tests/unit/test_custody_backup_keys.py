"""Keys go another way than the backup that they open."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from backup_samples import PASSPHRASE, again, exported, reopened, saved
from custody_people import PACK, D, answers, create, key, log_of, signing
from secondlook.custody.backup import back_up
from secondlook.custody.key_export import Keys, export_keys, import_keys, is_key_export
from secondlook.custody.key_import import keys_of
from secondlook.custody.log import CustodyLog
from secondlook.custody.places import contents
from secondlook.errors import BackupError, BackupVersion, GalleryLocked
from secondlook.gallery import Environment, Gallery, KeyFile
from secondlook.ports import Action, Entry


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.custody.key_export._N", 2**4)


def test_no_key_is_in_the_archive(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log = log_of(gallery, tmp_path)
        saved(tmp_path)
        wrapped = [gallery.known(subject.id).sealed[-1] for subject in gallery.subject_list()]
    content = (tmp_path / "b.tar").read_bytes()
    secrets = [
        key(tmp_path).path.read_bytes().strip(),
        signing(tmp_path).key_file(log.identity.log).read_bytes().strip(),
    ]
    assert not any(secret in content for secret in [*wrapped, *secrets])
    (tmp_path / "g" / "stray.signing").write_bytes(b"")
    with pytest.raises(BackupError, match="looks like a key"):
        saved(tmp_path, "other.tar")
    assert not (tmp_path / "other.tar").exists()


def test_exported_keys_open_a_backup_elsewhere(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log = log_of(gallery, tmp_path)
        log.record(Entry("os:ann", Action.SEARCH))
        saved(tmp_path)
        file = exported(tmp_path)
        before, public = answers(gallery), log.key.public
    assert is_key_export(file) and not is_key_export(tmp_path / "b.tar")
    content = file.read_bytes()
    for secret in (*(tmp_path / "keys").glob("*.key"), *(tmp_path / "keys").glob("*.signing")):
        assert secret.read_bytes().strip() not in content
    shutil.rmtree(tmp_path / "keys")
    shutil.rmtree(tmp_path / "g")
    locked = again(tmp_path, "locked")
    assert "cannot be opened" in locked.notes[0] and "could not be recorded" in locked.notes[1]
    with pytest.raises(GalleryLocked):
        reopened(tmp_path, "locked")
    assert again(tmp_path, keys=import_keys(file, PASSPHRASE)).notes == ()
    with reopened(tmp_path) as restored:
        assert answers(restored) == before
    assert CustodyLog.open(tmp_path / "h" / "log", signing(tmp_path)).key.public == public
    again(tmp_path, "i", keys=import_keys(file, PASSPHRASE))  # where the same keys are already


def test_other_keys_are_not_overwritten(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
        keys = import_keys(exported(tmp_path), PASSPHRASE)
    (tmp_path / "other.key").write_text("A" * 43 + "=\n")
    with pytest.raises(BackupError, match="another key already"):
        again(tmp_path, keys=keys, key=KeyFile(tmp_path / "other.key"))
    with pytest.raises(GalleryLocked, match="--key-file"):
        again(tmp_path, keys=keys, key=None)
    with pytest.raises(BackupError, match="are not those of the gallery"):
        again(tmp_path, keys=Keys({}, {}))
    assert not (tmp_path / "h").exists()


def test_a_key_of_the_environment_has_to_be_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SECONDLOOK_KEY", "A" * 43 + "=")
    Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=Environment()).close()
    back_up(tmp_path / "g", tmp_path / "b.tar", "0.0")
    keys = keys_of(list(contents(tmp_path / "g").galleries), None, [], signing(tmp_path))
    again(tmp_path, keys=keys, key=None)
    monkeypatch.setenv("SECONDLOOK_KEY", "B" * 43 + "=")
    with pytest.raises(GalleryLocked, match="another key than the exported"):
        again(tmp_path, "i", keys=keys, key=None)


@pytest.mark.parametrize("passphrase", ["wrong horse battery", ""])
def test_a_wrong_passphrase_is_one_sentence(tmp_path: Path, passphrase: str) -> None:
    export_keys(tmp_path / "k", Keys({"a.key": b"1"}, {("g", "s"): b"2"}), PASSPHRASE)
    with pytest.raises(BackupError, match="passphrase does not open"):
        import_keys(tmp_path / "k", passphrase)
    with pytest.raises(BackupError, match="fewer than 8"):
        export_keys(tmp_path / "l", Keys({}, {}), "short")
    with pytest.raises(BackupError, match="there already"):
        export_keys(tmp_path / "k", Keys({}, {}), PASSPHRASE)
    with pytest.raises(BackupError, match="cannot be read"):
        import_keys(tmp_path / "none", PASSPHRASE)


def test_a_damaged_file_of_keys_is_refused(tmp_path: Path) -> None:
    keys = Keys({"a.key": b"secret"}, {("g", "s"): b"one", ("g", "t"): b"two"})
    file = tmp_path / "k"
    export_keys(file, keys, PASSPHRASE)
    good = file.read_bytes()
    assert import_keys(file, PASSPHRASE) == keys
    lines = good.splitlines(keepends=True)
    bad = [b"".join(lines[:at] + lines[at + 1 :]) for at in range(len(lines))]
    bad += [
        b"".join([lines[0], *reversed(lines[1:])]),
        b"",
        b"{}\n",
        good[:-20],
        good.replace(b'"n":16', b'"n":9999999'),
    ]
    rng = np.random.default_rng(1)
    for at in rng.integers(0, len(good), 60).tolist():
        changed = bytearray(good)
        changed[at] ^= int(rng.integers(1, 255))
        bad.append(bytes(changed))
    for content in bad:
        file.write_bytes(content)
        try:
            assert import_keys(file, PASSPHRASE) == keys, "harmless, as between the values"
        except BackupError as error:
            assert str(error).endswith((".", ")."))
    file.write_bytes(good.replace(b"secondlook.keys/1", b"secondlook.keys/2"))
    with pytest.raises(BackupVersion, match="newer"):
        import_keys(file, PASSPHRASE)


def test_the_cost_of_a_guess_is_that_of_the_standard() -> None:
    from importlib import reload

    from secondlook.custody import key_export

    assert reload(key_export)._N == 2**17
