"""dlib's recogniser without dlib: read whole or refused, rebuilt exactly, cached safely."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secondlook.errors import PackCorrupt, PackMissing
from secondlook.faces.packs import opening
from secondlook.faces.packs.dlib_file import Affine, Convolution, Dense, DlibNetwork, Mark, parse_dlib
from secondlook.faces.packs.dlib_onnx import BUILD, build_onnx
from secondlook.faces.packs.installed import Pack, load_pack
from secondlook.faces.packs.opening import dlib_onnx
from secondlook.faces.packs.recognisers import PackEmbedder, open_recogniser
from secondlook.faces.packs.runtime import Provider, RunOptions
from secondlook.types import Pixels

HEADER = 2_000
"""More bytes than the file has before its first weights."""


@pytest.fixture(scope="module")
def pack() -> Pack:
    try:
        return load_pack("dlib-resnet")
    except PackMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def weights(pack: Pack) -> bytes:
    return pack.model_path.read_bytes()


@pytest.fixture(scope="module")
def network(weights: bytes) -> DlibNetwork:
    return parse_dlib(weights)


@pytest.fixture(scope="module")
def model(network: DlibNetwork) -> bytes:
    return build_onnx(network)


@pytest.fixture(scope="module")
def embedder(pack: Pack, model: bytes) -> PackEmbedder:
    return open_recogniser(pack.card, pack.id, model, RunOptions(Provider.CPU, threads=1))


def some_chips(n: int) -> Pixels:
    """Smooth and noisy, dark and bright."""
    rng = np.random.default_rng(0)
    chips = []
    for i in range(n):
        y, x = np.mgrid[:150, :150]
        wave = 127 + 100 * np.sin(x[..., None] / (7 + 3 * i) + np.arange(3)) * np.cos(y[..., None] / 11)
        chips.append(wave + rng.normal(0, 12 * i, (150, 150, 3)))
    return np.clip(np.stack(chips), 0, 255).astype(np.uint8)


def test_the_file_is_read_to_its_last_byte(weights: bytes, network: DlibNetwork) -> None:
    assert network.size == 150 and network.distance == pytest.approx(0.6)
    assert network.means == pytest.approx([122.782, 117.001, 104.298])
    convolutions = [layer for layer in network.layers if isinstance(layer, Convolution)]
    assert len(convolutions) == 29
    assert sum(isinstance(layer, Affine) for layer in network.layers) == 29
    assert isinstance(network.layers[-1], Dense) and network.layers[-1].weights.shape == (256, 128)
    held = sum(layer.weights.size + layer.bias.size for layer in convolutions) + 256 * 128
    assert 4 * held > 0.99 * len(weights) - 100_000, "nearly every byte is a weight"
    with pytest.raises(PackCorrupt, match="3 bytes are left over"):
        parse_dlib(weights + b"abc")


def test_it_equals_dlib(pack: Pack, embedder: PackEmbedder) -> None:
    dlib = pytest.importorskip("dlib", reason="needs dlib-bin to compare with")
    theirs = dlib.face_recognition_model_v1(str(pack.model_path))
    chips = some_chips(6)
    expected = np.array([theirs.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips])
    assert np.linalg.norm(expected, axis=1).min() > 0.5, "dlib gave templates"
    assert np.abs(embedder.raw(chips) - expected).max() <= 1e-5


def test_the_templates_are_unit_and_tell_chips_apart(embedder: PackEmbedder) -> None:
    templates = embedder.embed(some_chips(3))
    assert templates.shape == (3, 128) and np.allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-6)
    assert (templates @ templates.T)[np.triu_indices(3, 1)].max() < 0.999
    assert embedder.embed(some_chips(3)[:0]).shape == (0, 128)


# A damaged file


@settings(max_examples=40)
@given(st.data())
def test_a_file_cut_off_anywhere_is_refused(weights: bytes, data: st.DataObject) -> None:
    near = data.draw(st.sampled_from([HEADER, 100_000, len(weights) - 1]))
    cut = data.draw(st.integers(0, near))
    with pytest.raises(PackCorrupt) as caught:
        parse_dlib(weights[:cut])
    assert str(caught.value).endswith(".") and "install" in str(caught.value)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@example(at=65, value=2)
@example(at=196, value=129)
@settings(max_examples=60)
@given(st.integers(0, HEADER), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_read(weights: bytes, at: int, value: int) -> None:
    """Whatever the byte was: never another error. (Files are compared with their checksum before they are read.)"""
    changed = bytearray(weights[:150_000])
    changed[at] = value
    with pytest.raises(PackCorrupt):
        parse_dlib(bytes(changed))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 100, b"\x01" * 1000, bytes(range(256)) * 4])
def test_something_else_altogether(data: bytes) -> None:
    with pytest.raises(PackCorrupt):
        parse_dlib(data)


def test_a_network_without_its_end_is_refused(network: DlibNetwork) -> None:
    with pytest.raises(PackCorrupt, match="without its dense layer"):
        build_onnx(DlibNetwork(network.layers[:-1], network.means, network.size, network.distance))
    bare = tuple(layer for layer in network.layers if not isinstance(layer, Affine | Mark))
    with pytest.raises(PackCorrupt, match="no affine layer"):
        build_onnx(DlibNetwork(bare, network.means, network.size, network.distance))


# The cache


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, model: bytes) -> Iterator[list[str]]:
    """Counts how often the network is rebuilt."""
    times: list[str] = []

    def build(network: DlibNetwork) -> bytes:
        times.append("built")
        return model

    monkeypatch.setattr(opening, "build_onnx", build)
    yield times


def cached(cache: Path) -> Path:
    (place,) = cache.iterdir()
    return place


def test_it_is_built_once(pack: Pack, tmp_path: Path, built: list[str], model: bytes) -> None:
    cache = tmp_path / "cache"
    assert dlib_onnx(pack, cache) == model == dlib_onnx(pack, cache)
    assert len(built) == 1
    assert cached(cache).name == f"dlib-resnet-{pack.sha256[:12]}-{BUILD}.onnx.sum"


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "longer", "other"])
def test_a_damaged_cache_is_built_anew(pack: Pack, tmp_path: Path, built: list[str], model: bytes, damage: str) -> None:
    dlib_onnx(pack, tmp_path)
    place = cached(tmp_path)
    whole = place.read_bytes()
    middle = len(whole) // 2
    place.write_bytes(
        {
            "cut": whole[:middle],
            "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "emptied": b"",
            "longer": whole + b"\0",
            "other": b"not a model",
        }[damage]
    )
    assert dlib_onnx(pack, tmp_path) == model
    assert place.read_bytes() == whole, "and the cache is whole again"
    assert dlib_onnx(pack, tmp_path) == model and len(built) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(
    pack: Pack, tmp_path: Path, built: list[str], model: bytes
) -> None:
    (tmp_path / "file").write_text("in the way")
    for _ in range(2):
        assert dlib_onnx(pack, tmp_path / "file" / "cache") == model
    assert len(built) == 2


def test_processes_that_build_at_once_do_not_disturb_each_other(pack: Pack, tmp_path: Path, model: bytes) -> None:
    code = (
        "import hashlib, sys; from pathlib import Path; from secondlook.faces.packs.opening import dlib_onnx; "
        "from secondlook.faces.packs.installed import load_pack; pack = load_pack('dlib-resnet'); "
        "print(hashlib.sha256(b''.join(dlib_onnx(pack, Path(sys.argv[1])) for _ in range(2))).hexdigest())"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {worker.communicate(timeout=120)[0].strip() for worker in workers}
    assert [worker.returncode for worker in workers] == [0, 0, 0] and len(said) == 1
    assert cached(tmp_path).read_bytes()[32:] == model, "one whole file, and nothing half-written beside it"
