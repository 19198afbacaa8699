"""A session of onnxruntime, with its outputs in the host's memory or on the device."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort

from ...failure import WorkerError
from ...graphs.session import Value, ValueInfo
from ...graphs.values import DTYPES, Array

TYPES = {
    "tensor(double)": "f64",
    "tensor(float)": "f32",
    "tensor(float16)": "f16",
    "tensor(bfloat16)": "bf16",
    "tensor(bool)": "bool",
    **{f"tensor({sign}int{bits})": f"{sign or 'i'}{bits}" for sign in ("u", "") for bits in (8, 16, 32, 64)},
}


class HostSession:
    """Every tensor is an array in this process's memory."""

    def __init__(self, native: Any) -> None:
        self._native = native
        self.inputs: Sequence[ValueInfo] = [_describe(value) for value in native.get_inputs()]
        self.outputs: Sequence[ValueInfo] = [_describe(value) for value in native.get_outputs()]

    def run(self, feeds: Mapping[str, Value], fetches: Mapping[str, Value]) -> dict[str, Value]:
        return dict(zip(fetches, self._native.run(list(fetches), dict(feeds))))

    def on_host(self, value: Value) -> Array:
        array: Array = value
        return array

    def zeros(self, type: str, shape: Sequence[int]) -> Value:
        return np.zeros(shape, dtype_of(type))


class DeviceSession(HostSession):
    """Outputs that a pass hands to the next stay on the device, by I/O binding; those in `to_host` come to the host."""

    def __init__(self, native: Any, device: str, index: int, to_host: Sequence[str]) -> None:
        super().__init__(native)
        self._device = device
        self._index = index
        self._to_host = to_host

    def run(self, feeds: Mapping[str, Value], fetches: Mapping[str, Value]) -> dict[str, Value]:
        binding = self._native.io_binding()
        # Bound memory must live until the pass is over, and a binding keeps none alive.
        arrays = {
            name: np.ascontiguousarray(value) for name, value in feeds.items() if not isinstance(value, ort.OrtValue)
        }
        for name, array in arrays.items():
            binding.bind_cpu_input(name, array)
        for name, value in feeds.items():
            if name not in arrays:
                binding.bind_ortvalue_input(name, value)
        for name, value in fetches.items():
            if value is not None:
                binding.bind_ortvalue_output(name, value)
            elif name in self._to_host:
                binding.bind_output(name, "cpu")
            else:
                binding.bind_output(name, self._device, self._index)
        binding.synchronize_inputs()
        self._native.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return dict(zip(fetches, binding.get_outputs()))

    def on_host(self, value: Value) -> Array:
        array: Array = value.numpy()
        return array

    def zeros(self, type: str, shape: Sequence[int]) -> Value:
        # ortvalue_from_numpy would only point at the array's memory where the device is the CPU.
        dtype = dtype_of(type)
        value = ort.OrtValue.ortvalue_from_shape_and_type(list(shape), dtype.type, self._device, self._index)
        if 0 not in shape:
            value.update_inplace(np.zeros(shape, dtype))
        return value


def dtype_of(type: str) -> "np.dtype[Any]":
    dtype = DTYPES.get(type)
    if dtype is None:
        raise WorkerError("unsupported", f"a cache of {type}, which NumPy lacks")
    return dtype


def _describe(value: Any) -> ValueInfo:
    type = TYPES.get(value.type)
    if type is None:
        raise WorkerError("unsupported", f"{value.name} is {value.type}, and cannot be sent")
    # A dimension without a name comes as None.
    return ValueInfo(value.name, type, tuple(size if isinstance(size, int) else size or "?" for size in value.shape))
