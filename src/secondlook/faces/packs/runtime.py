"""Runs ONNX models: ONNX Runtime by default, OpenVINO where a card or the user asks for it. Never replaced in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
import onnx

from secondlook.cores import cores
from secondlook.errors import ExtraMissing, PackCorrupt, PackError
from secondlook.faces.packs.silence import no_reports
from secondlook.types import Floats

with no_reports():
    import onnxruntime as ort


_PROCESSOR = "CPUExecutionProvider"


class Provider(StrEnum):
    """Where a model runs. AUTO: CUDA where ONNX Runtime has it and a device answers, else the processor."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    OPENVINO = "openvino"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """threads: 0 = as many as the processor has cores."""

    provider: Provider = Provider.AUTO
    threads: int = 0


class Session(Protocol):
    @property
    def provider(self) -> str:
        """What it runs on, for people: ``ONNX Runtime 1.32.0 on CPU, 2 threads``."""
        ...

    def run(self, values: Floats) -> list[Floats]:
        """The model's outputs, in the graph's order, for its one input."""
        ...


def free_shapes(model: onnx.ModelProto, *, axes: tuple[int, ...]) -> bytes:
    """The model with these axes of its inputs and outputs free, and with weights that cannot be overridden.

    Old exporters list every weight as an input, which keeps the runtime from folding batch normalisation into the
    convolutions (measured on CenterFace: five times slower).
    """
    weights = {w.name for w in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    del model.graph.value_info[:]
    for value in [*model.graph.input, *model.graph.output]:
        dimensions = value.type.tensor_type.shape.dim
        for axis in axes:
            if axis < len(dimensions):
                dimensions[axis].dim_param = f"axis{axis}_{value.name}"
    return bytes(model.SerializeToString())


def open_session(model: bytes | Path, options: RunOptions) -> Session:
    """A ready session. Raises PackCorrupt where the model cannot be loaded, PackError where the provider is absent."""
    source = model if isinstance(model, bytes) else model.read_bytes()
    if options.provider is Provider.OPENVINO:
        return _OpenVino(source, cores(options.threads))
    return _Onnx(source, options)


class Later:
    """A session that is opened when it is first needed: most runs of the command never need it."""

    def __init__(self, opened: Callable[[], Session]) -> None:
        self._opened, self._lock = opened, Lock()
        self._session: Session | None = None

    @property
    def provider(self) -> str:
        return self._ready().provider

    def run(self, values: Floats) -> list[Floats]:
        return self._ready().run(values)

    def _ready(self) -> Session:
        with self._lock:
            if self._session is None:
                self._session = self._opened()
            return self._session


def on_processor(options: RunOptions) -> bool:
    """Whether ``open_session`` gives one of ONNX Runtime on the processor."""
    return options.provider in (Provider.CPU, Provider.AUTO) and _onnx_providers(options.provider) == [_PROCESSOR]


class _Onnx:
    def __init__(self, model: bytes, options: RunOptions) -> None:
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = cores(options.threads)
        settings.log_severity_level = 3
        # Waiting threads would otherwise burn a core; measured beside another process: 1.5 times slower, twice the
        # processor time.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = _onnx_providers(options.provider)
        try:
            self._session = ort.InferenceSession(model, settings, providers=wanted)
        except Exception as error:
            raise PackCorrupt(
                f"the model does not load in ONNX Runtime ({_first_line(error)}): add it again."
            ) from error
        used = self._session.get_providers()[0]
        if options.provider is Provider.CUDA and used != "CUDAExecutionProvider":
            raise PackError(f"CUDA was asked for, but ONNX Runtime fell back to {used}: install its GPU build.")
        self._input = self._session.get_inputs()[0].name
        place = used.removesuffix("ExecutionProvider")
        self.provider = f"ONNX Runtime {ort.__version__} on {place}, {settings.intra_op_num_threads} threads"

    def run(self, values: Floats) -> list[Floats]:
        try:
            outputs = self._session.run(None, {self._input: values})
        except Exception as error:
            raise _stopped(error) from error
        return [np.asarray(v, np.float32) for v in outputs]


def _onnx_providers(provider: Provider) -> Sequence[str]:
    available = ort.get_available_providers()
    if provider is Provider.CUDA and "CUDAExecutionProvider" not in available:
        raise PackError("CUDA was asked for, but this ONNX Runtime has none: install onnxruntime-gpu instead.")
    if provider in (Provider.CUDA, Provider.AUTO) and "CUDAExecutionProvider" in available:
        return ["CUDAExecutionProvider", _PROCESSOR]
    return [_PROCESSOR]


class _OpenVino:
    def __init__(self, model: bytes, threads: int) -> None:
        try:
            with no_reports():
                import openvino
        except ImportError as error:
            raise ExtraMissing("OpenVINO is not installed: pip install 'secondlook[openvino]'.") from error
        core = openvino.Core()
        # Some processors would run at bfloat16 by default; templates must not depend on the machine.
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        try:
            self._model = core.compile_model(core.read_model(model), "CPU", settings)
        except RuntimeError as error:
            raise PackCorrupt(f"the model does not load in OpenVINO ({_first_line(error)}): add it again.") from error
        self.provider = f"OpenVINO {openvino.__version__.split('-')[0]} on CPU, {threads} threads"

    def run(self, values: Floats) -> list[Floats]:
        try:
            result = self._model([values])
        except RuntimeError as error:
            raise _stopped(error) from error
        return [np.asarray(result[i], np.float32) for i in range(len(self._model.outputs))]


def _stopped(error: Exception) -> PackCorrupt:
    return PackCorrupt(f"a model does not run ({_first_line(error)}): check its card, and that there is memory enough.")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
