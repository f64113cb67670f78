"""Where models run: what was asked for and nothing else, the same numbers everywhere, and nobody told."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest

from secondlook.errors import ExtraMissing, PackCorrupt, PackError
from secondlook.faces.packs import runtime
from secondlook.faces.packs.installed import load_pack
from secondlook.faces.packs.opening import detector, recogniser
from secondlook.faces.packs.runtime import Later, Provider, RunOptions, Session, free_shapes, on_processor, open_session
from secondlook.faces.packs.silence import no_reports
from tiny_packs import recogniser_model

pytestmark = pytest.mark.filterwarnings("ignore:.*Specified provider.*")


def needs_openvino() -> None:
    """Without importing it here, which would tell its maker."""
    if find_spec("openvino") is None:
        pytest.skip("needs openvino")


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return recogniser_model(tmp_path / "m.onnx", output=("n", 3, 32, 32)).read_bytes()


def cpu(model: bytes) -> Session:
    return open_session(model, RunOptions(Provider.CPU, threads=1))


def test_it_says_what_it_runs_on(model: bytes) -> None:
    assert cpu(model).provider == f"ONNX Runtime {runtime.ort.__version__} on CPU, 1 threads"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert open_session(model, RunOptions(Provider.CPU)).provider.endswith(f" {cores} threads")


def test_a_model_may_be_a_file(model: bytes, tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    for session in (cpu(model), open_session(tmp_path / "m.onnx", RunOptions(Provider.CPU, 1))):
        (output,) = session.run(values)
        assert output.dtype == np.float32 and np.array_equal(output, values)


def test_what_is_opened_later_is_opened_once_and_only_where_it_is_needed(model: bytes) -> None:
    opened: list[int] = []

    def open_it() -> Session:
        opened.append(1)
        return open_session(model, RunOptions(Provider.CPU, 1))

    later, chips = Later(open_it), np.zeros((2, 3, 32, 32), np.float32)
    assert not opened
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: later.run(chips)[0], range(32)))
    assert len(opened) == 1 and later.provider == cpu(model).provider
    assert all(np.array_equal(one, cpu(model).run(chips)[0]) for one in found)


def test_only_the_processor_is_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_processor(RunOptions(Provider.CPU)) and on_processor(RunOptions(Provider.AUTO))
    assert not on_processor(RunOptions(Provider.OPENVINO)) and not on_processor(RunOptions(Provider.CUDA))
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(runtime.ort, "get_available_providers", lambda: both)
    assert on_processor(RunOptions(Provider.CPU)) and not on_processor(RunOptions(Provider.AUTO))


def test_cuda_is_never_replaced_in_silence(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(PackError, match=r"^CUDA was asked for, but this ONNX Runtime has none: install .*\.$"):
        open_session(model, RunOptions(Provider.CUDA))
    assert " on CPU," in open_session(model, RunOptions(Provider.AUTO, 1)).provider


def test_cuda_that_does_not_answer_is_an_error(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its build is installed and no device is there: ONNX Runtime falls back, and we say so."""
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(runtime.ort, "get_available_providers", lambda: both)
    real = runtime.ort.InferenceSession
    if "CUDAExecutionProvider" in real(model, providers=both).get_providers():
        pytest.skip("CUDA without a device cannot be tried here: one answers")
    with pytest.raises(PackError, match="fell back to CPUExecutionProvider"):
        open_session(model, RunOptions(Provider.CUDA, 1))
    assert " on CPU," in open_session(model, RunOptions(Provider.AUTO, 1)).provider, "auto takes what answers, and says"


def test_openvino_missing_is_one_sentence(model: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ExtraMissing, match=r"OpenVINO is not installed: pip install"):
        open_session(model, RunOptions(Provider.OPENVINO))


@pytest.mark.parametrize("provider", [Provider.CPU, Provider.OPENVINO])
def test_a_model_that_does_not_load(provider: Provider) -> None:
    if provider is Provider.OPENVINO:
        needs_openvino()
    with pytest.raises(PackCorrupt, match=r"does not load in .*: add it again") as caught:
        open_session(b"\x08\x07 no model", RunOptions(provider, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("provider", [Provider.CPU, Provider.OPENVINO])
def test_a_model_that_stops(model: bytes, provider: Provider) -> None:
    if provider is Provider.OPENVINO:
        needs_openvino()
    with pytest.raises(PackCorrupt, match=r"does not run .*: check its card"):
        open_session(model, RunOptions(provider, 1)).run(np.zeros((1, 3, 31, 32), np.float32))


def test_axes_are_freed_and_weights_are_no_inputs(tmp_path: Path) -> None:
    path = recogniser_model(tmp_path / "f.onnx", shape=(1, 3, 32, 32), output=(1, 3, 32, 32), weights_as_inputs=2)
    free = onnx.load_from_string(free_shapes(onnx.load(path), axes=(0, 2, 3)))
    assert [value.name for value in free.graph.input] == ["data"]
    (output,) = open_session(free.SerializeToString(), RunOptions(Provider.CPU, 1)).run(
        np.zeros((2, 3, 40, 48), np.float32)
    )
    assert output.shape == (2, 3, 40, 48)


def test_openvino_gives_the_same_numbers() -> None:
    """To 1e-4: a gallery enrolled with one is searched with the other."""
    needs_openvino()
    load_pack("centerface")  # raises with what to install
    rng = np.random.default_rng(3)
    chips = np.clip(rng.normal(120, 60, (3, 150, 150, 3)), 0, 255).astype(np.uint8)
    both = [RunOptions(provider, 1) for provider in (Provider.CPU, Provider.OPENVINO)]
    templates = [recogniser("dlib-resnet", options).embed(chips) for options in both]
    assert np.abs(templates[0] - templates[1]).max() < 1e-4
    pixels = np.repeat(np.repeat(rng.integers(0, 256, (20, 24, 3), np.uint8), 8, 0), 8, 1)
    answers = [detector("centerface", options) for options in both]
    assert answers[1].provider.startswith("OpenVINO ") and answers[0].pack == answers[1].pack
    fed = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)
    for one, other in zip(answers[0]._session.run(fed), answers[1]._session.run(fed), strict=True):
        assert np.abs(one - other).max() < 1e-3 and one.shape == other.shape


# The makers of the runtimes are told nothing (tests/test_rooms.py watches what they do)


@pytest.mark.parametrize("before", [None, "0", "1"])
def test_the_environment_is_what_it_was(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    if before is not None:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", before)
    with pytest.raises(ZeroDivisionError), no_reports():
        assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
        assert sys.modules["openvino_telemetry"] is None, "which makes its import fail"
        _ = 1 / 0
    assert os.environ.get("ORT_DISABLE_TELEMETRY") == before
    assert "openvino_telemetry" not in sys.modules


def test_somebody_elses_reporter_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ModuleType("openvino_telemetry")
    monkeypatch.setitem(sys.modules, "openvino_telemetry", theirs)
    with no_reports():
        assert sys.modules["openvino_telemetry"] is None
    assert sys.modules["openvino_telemetry"] is theirs
