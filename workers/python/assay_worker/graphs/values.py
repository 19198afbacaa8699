"""Tensors of a frame <-> arrays of NumPy."""

from typing import Any, TypeAlias

import numpy as np

from ..failure import WorkerError
from ..frames import Tensor

Array: TypeAlias = "np.ndarray[Any, Any]"

DTYPES: dict[str, "np.dtype[Any]"] = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "i16": np.dtype(np.int16),
    "i8": np.dtype(np.int8),
    "u64": np.dtype(np.uint64),
    "u32": np.dtype(np.uint32),
    "u16": np.dtype(np.uint16),
    "u8": np.dtype(np.uint8),
    "bool": np.dtype(np.bool_),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def to_array(tensor: Tensor) -> Array:
    """A view of the tensor's bytes. Raises WorkerError `unsupported` for bf16, which NumPy lacks."""
    dtype = DTYPES.get(tensor.type)
    if dtype is None:
        raise WorkerError("unsupported", f"NumPy holds no {tensor.type} tensors")
    array: Array = np.frombuffer(tensor.data, dtype=dtype).reshape(tensor.shape)
    return array


def from_array(array: Array) -> Tensor:
    contiguous = np.ascontiguousarray(array)
    data = memoryview(contiguous.reshape(-1).view(np.uint8)) if contiguous.size > 0 else memoryview(b"")
    # ascontiguousarray makes a vector of a scalar.
    return Tensor(type_name(array), tuple(array.shape), data, owner=contiguous)


def type_name(array: Array) -> str:
    name = NAMES.get(array.dtype)
    if name is None:
        raise WorkerError("unsupported", f"tensors of type {array.dtype} cannot be sent")
    return name


def float32_of_bf16(bits: Array) -> Array:
    """The values of bf16 bit patterns: the upper half of a float32's."""
    values: Array = (bits.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return values
