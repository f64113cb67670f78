"""Reads dlib's serialised metric network (``dlib_face_recognition_resnet_model_v1.dat``, CC0) without dlib.

The layout was worked out from the file itself and from dlib's serialisation rules: integers are a control byte (low four
bits: how many little-endian bytes follow; 0x80: negative), strings an integer and its bytes, scalars a mantissa and an
exponent, tensors ``2, n, k, nr, nc`` and raw float32. The file holds the loss, then one version number a layer from the
outermost in, the input layer, and the layers' bodies from the innermost out. It must parse to zero bytes left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from secondlook.errors import PackCorrupt
from secondlook.types import Floats

TAG_OR_SKIP = 1
LAYER = 2
INNERMOST = 3
INFINITE_EXPONENT = 32000  # dlib writes inf and nan as exponents from here on


@dataclass(frozen=True, eq=False, slots=True)
class Convolution:
    """weights: (filters, channels, rows, columns). bias: (filters,)."""

    weights: Floats
    bias: Floats
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, eq=False, slots=True)
class Affine:
    """y = gamma * x + beta, one of each a channel."""

    gamma: Floats
    beta: Floats


@dataclass(frozen=True, slots=True)
class Relu:
    pass


@dataclass(frozen=True, slots=True)
class Pool:
    """kind: max or avg. window (0, 0): the whole plane."""

    kind: str
    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True)
class AddPrevious:
    """Adds the tagged output; the smaller of the two is zero-padded at the bottom, the right and the last channels."""


@dataclass(frozen=True, eq=False, slots=True)
class Dense:
    """weights: (inputs, outputs)."""

    weights: Floats


@dataclass(frozen=True, slots=True)
class Mark:
    """A tag or a skip: which of the two is told by its place."""


Layer = Convolution | Affine | Relu | Pool | AddPrevious | Dense | Mark


@dataclass(frozen=True, eq=False, slots=True)
class DlibNetwork:
    """layers: innermost (input side) first. means: (3,) RGB. size: input edge in px. distance: the loss's own threshold."""

    layers: tuple[Layer, ...]
    means: Floats
    size: int
    distance: float


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise PackCorrupt("the dlib weights end too early: install face_recognition_models again.")
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def integer(self) -> int:
        control = self.take(1)[0]
        value = int.from_bytes(self.take(control & 0x0F), "little")
        return -value if control & 0x80 else value

    def text(self) -> str:
        return self.take(self.integer()).decode("latin-1")

    def flag(self) -> bool:
        return self.take(1) == b"1"

    def scalar(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        return math.nan if exponent >= INFINITE_EXPONENT else math.ldexp(mantissa, exponent)

    def shape(self) -> tuple[int, int, int, int]:
        return self.integer(), self.integer(), self.integer(), self.integer()

    def tensor(self) -> Floats:
        version = self.integer()
        if version != 2:
            raise PackCorrupt(f"the dlib weights hold a tensor of version {version}, not 2: install dlib's v1 model.")
        shape = self.shape()
        return np.frombuffer(self.take(4 * math.prod(shape)), "<f4").reshape(shape).astype(np.float32)

    def alias(self) -> tuple[int, int, int, int]:
        self.integer()
        return self.shape()


def _convolution(r: _Reader) -> Convolution:
    params = r.tensor().ravel()
    filters, rows, columns = r.integer(), r.integer(), r.integer()
    stride = (r.integer(), r.integer())
    padding = (r.integer(), r.integer())
    weights, bias = r.alias(), r.alias()
    _scalars(r, 4)
    count = math.prod(weights)
    if weights[0] != filters or weights[2:] != (rows, columns) or count + math.prod(bias) != params.size:
        raise PackCorrupt("a convolution of the dlib weights does not add up: install face_recognition_models again.")
    return Convolution(params[:count].reshape(weights), params[count:], stride, padding)


def _affine(r: _Reader) -> Affine:
    params = r.tensor().ravel()
    gamma = math.prod(r.alias())
    r.alias()
    r.integer()
    return Affine(params[:gamma], params[gamma:])


def _dense(r: _Reader) -> Dense:
    outputs, inputs = r.integer(), r.integer()
    params = r.tensor().ravel()
    r.alias(), r.alias()
    r.integer()
    _scalars(r, 4)
    return Dense(params[: inputs * outputs].reshape(inputs, outputs))


def _pool(r: _Reader, kind: str) -> Pool:
    window = (r.integer(), r.integer())
    return Pool(kind, window, (r.integer(), r.integer()), (r.integer(), r.integer()))


def _scalars(r: _Reader, count: int) -> None:
    for _ in range(count):
        r.scalar()


def _details(r: _Reader) -> Layer:
    name = r.text()
    if name == "con_4":
        return _convolution(r)
    if name == "affine_":
        return _affine(r)
    if name == "fc_2":
        return _dense(r)
    if name.startswith("relu_"):
        return Relu()
    if name.startswith(("max_pool_", "avg_pool_")):
        return _pool(r, name[:3])
    if name.startswith("add_prev_"):
        return AddPrevious()
    raise PackCorrupt(f"the dlib weights hold a layer {name!r} that is not known here: install dlib's v1 face model.")


def _body(r: _Reader, version: int) -> Layer:
    if version == TAG_OR_SKIP:
        return Mark()
    layer = _details(r)
    for _ in range(3):
        r.flag()
    r.tensor(), r.tensor()
    r.tensor()
    if version == INNERMOST:
        r.integer()
    return layer


def parse_dlib(data: bytes) -> DlibNetwork:
    """The network in a dlib ``.dat`` file of a metric net on square RGB input; raises PackCorrupt on anything else."""
    try:
        return _network(_Reader(data))
    except (ValueError, OverflowError) as error:  # a shape that is none, a number beyond all numbers
        raise PackCorrupt(
            f"the dlib weights do not add up ({error}): install face_recognition_models again."
        ) from error


def _network(r: _Reader) -> DlibNetwork:
    r.integer()
    loss = r.text()
    if not loss.startswith("loss_metric"):
        raise PackCorrupt(f"the file holds a {loss!r} network and no dlib face recogniser.")
    r.scalar()
    distance = r.scalar()
    versions = []
    while (number := r.integer()) <= INNERMOST:
        versions.append(number)
    r.take(number)
    means = np.array([r.scalar() for _ in range(3)], np.float32)
    rows, columns = r.integer(), r.integer()
    if rows != columns:
        raise PackCorrupt(f"the dlib network wants {columns} x {rows} px, and only square input is known here.")
    layers = tuple(_body(r, version) for version in reversed(versions))
    if r.at != len(r.data):
        raise PackCorrupt(f"{len(r.data) - r.at} bytes are left over in the dlib weights: install them again.")
    return DlibNetwork(layers, means, rows, distance)
