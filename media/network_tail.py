"""The last layer of the person networks, taken out of their file and computed here in a sixth of the time.

The layer doubles the mask's size: each place becomes two by two, each of which is a weighed sum of the place's sixteen
values, and a logistic function of that. XNNPACK makes four convolutions with one output of it, and each takes as long
as sixteen outputs would: a third of the whole network's time. Here it is a small product of matrices for each row.

Nothing is approximated: the sums are the same but for their order, so masks differ by less than a millionth.

Source: TensorFlow Lite's schema (a FlatBuffer; every place below is the number of a field there), and the operator
`Convolution2DTransposeBias` of MediaPipe.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from media.segmenter import Alpha

_LAYER: Final = b"Convolution2DTransposeBias"
_SAME_BY_TWO: Final = struct.pack("<3i", 1, 2, 2)  # padding "same", two steps each way
_LOGISTIC, _DEQUANTIZE, _CUSTOM = 14, 6, 32
_FLOAT32, _FLOAT16 = 0, 1
_MODEL_CODES, _MODEL_GRAPHS, _MODEL_BUFFERS = 1, 2, 4
_CODE_OLD, _CODE_NAME, _CODE_NEW = 0, 1, 3
_GRAPH_TENSORS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 0, 2, 3
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_OPTIONS = 0, 1, 2, 5
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The layer: `kernel` is (16, 4) float32, the columns upper left, upper right, lower left, lower right."""

    kernel: npt.NDArray[np.float32]
    bias: float

    def apply(self, values: npt.NDArray[np.float32]) -> Alpha:
        """Return the mask, (2 * rows, 2 * columns) float32 in 0..1, of (rows, columns, 16) values, in a new array."""
        rows, columns, _ = values.shape
        # A product for each row: for larger ones NumPy's library wakes threads, which then spin and take all of a core.
        pairs = np.matmul(values, self.kernel).view(np.float64)  # two sums as one number: only their bits are moved
        sums = np.empty((rows, 2, columns, 2), np.float32)
        lines = sums.view(np.float64)[..., 0]
        lines[:, 0], lines[:, 1] = pairs[..., 0], pairs[..., 1]
        # The logistic function by the hyperbolic tangent, which cannot overflow.
        sums += np.float32(self.bias)
        sums *= np.float32(0.5)
        np.tanh(sums, out=sums)
        sums += np.float32(1)
        sums *= np.float32(0.5)
        return sums.reshape(2 * rows, 2 * columns)


def without_tail(model: bytes) -> tuple[bytes, Tail]:
    """Return the network without its last layer, and the layer.

    Raises:
        ValueError: the file does not end in this layer.
    """
    try:
        return _split(model)
    except (struct.error, IndexError, OverflowError) as error:
        raise ValueError("no network") from error


class _Table:
    """A table of a FlatBuffer."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - _int(data, at)

    def place(self, field: int) -> int:
        """Return where a field lies, 0 when it has its default."""
        entry = 4 + 2 * field
        if entry >= _short(self._data, self._fields):
            return 0
        offset = _short(self._data, self._fields + entry)
        return self._at + offset if offset else 0

    def number(self, field: int) -> int:
        """Return an unsigned number of 32 bits."""
        at = self.place(field)
        return _int(self._data, at) if at else 0

    def byte(self, field: int) -> int:
        at = self.place(field)
        return self._data[at] if at else 0

    def vector(self, field: int) -> tuple[int, int]:
        """Return where the first element lies, and how many there are."""
        at = self.place(field)
        if not at:
            return 0, 0
        start = at + _int(self._data, at)
        return start + 4, _int(self._data, start)

    def numbers(self, field: int) -> tuple[int, ...]:
        start, count = self.vector(field)
        return struct.unpack_from(f"<{count}i", self._data, start) if count else ()

    def octets(self, field: int) -> bytes:
        start, count = self.vector(field)
        return self._data[start : start + count]

    def tables(self, field: int) -> Iterator[_Table]:
        start, count = self.vector(field)
        for at in range(start, start + 4 * count, 4):
            yield _Table(self._data, at + _int(self._data, at))


def _int(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<i", data, at)[0])


def _short(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", data, at)[0])


def _split(model: bytes) -> tuple[bytes, Tail]:
    root = _Table(model, _int(model, 0))
    codes, buffers = list(root.tables(_MODEL_CODES)), list(root.tables(_MODEL_BUFFERS))
    (graph,) = root.tables(_MODEL_GRAPHS)
    tensors, operators = list(graph.tables(_GRAPH_TENSORS)), list(graph.tables(_GRAPH_OPERATORS))
    layer, logistic = operators[-2:]
    (sums,), (source, kernel, bias) = layer.numbers(_OPERATOR_OUTPUTS), layer.numbers(_OPERATOR_INPUTS)
    named = codes[layer.number(_OPERATOR_CODE)]
    _need(_kind(named) == _CUSTOM and named.octets(_CODE_NAME) == _LAYER)
    _need(layer.octets(_OPERATOR_OPTIONS) == _SAME_BY_TWO)
    _need(_kind(codes[logistic.number(_OPERATOR_CODE)]) == _LOGISTIC)
    _need(logistic.numbers(_OPERATOR_INPUTS) == (sums,))
    _need(logistic.numbers(_OPERATOR_OUTPUTS) == graph.numbers(_GRAPH_OUTPUTS))
    origins = {
        operator.numbers(_OPERATOR_OUTPUTS): operator.numbers(_OPERATOR_INPUTS)
        for operator in operators
        if _kind(codes[operator.number(_OPERATOR_CODE)]) == _DEQUANTIZE
    }
    depth = tensors[source].numbers(_TENSOR_SHAPE)[-1]
    _need(tensors[kernel].numbers(_TENSOR_SHAPE) == (1, 2, 2, depth))
    weights, offset = (_constant(tensors, buffers, origins.get((each,), (each,))[0]) for each in (kernel, bias))
    changed = bytearray(model)
    struct.pack_into("<i", changed, graph.vector(_GRAPH_OUTPUTS)[0], source)
    # A vector's length lies before its first element: the last two operators are no longer there.
    struct.pack_into("<i", changed, graph.vector(_GRAPH_OPERATORS)[0] - 4, len(operators) - 2)
    return bytes(changed), Tail(np.ascontiguousarray(weights.reshape(4, depth).T), float(offset[0]))


def _kind(code: _Table) -> int:
    """Return the number of a built-in operator; old files have it in a field of a byte."""
    return max(code.byte(_CODE_OLD), code.number(_CODE_NEW))


def _constant(tensors: list[_Table], buffers: list[_Table], index: int) -> npt.NDArray[np.float32]:
    kind = tensors[index].byte(_TENSOR_TYPE)
    _need(kind in (_FLOAT32, _FLOAT16))
    octets = buffers[tensors[index].number(_TENSOR_BUFFER)].octets(0)
    return np.frombuffer(octets, "<f4" if kind == _FLOAT32 else "<f2").astype(np.float32)


def _need(right: bool) -> None:
    if not right:
        raise ValueError("another last layer")
