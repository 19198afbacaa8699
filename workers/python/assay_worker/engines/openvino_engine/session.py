"""A compiled model of OpenVINO."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openvino as ov

from ...failure import WorkerError
from ...frames import BYTES_PER_ELEMENT
from ...graphs.session import Value, ValueInfo
from ...graphs.values import Array, float32_of_bf16

TYPES = {"f32": ov.Type.f32, "f16": ov.Type.f16, "bf16": ov.Type.bf16}


class OpenVinoSession:
    """Two requests take turns, so that what one gave can be what the other takes, without a copy."""

    def __init__(self, compiled: Any) -> None:
        self.inputs: Sequence[ValueInfo] = [_describe(port) for port in compiled.inputs]
        self.outputs: Sequence[ValueInfo] = [_describe(port) for port in compiled.outputs]
        self._requests = [compiled.create_infer_request(), compiled.create_infer_request()]
        # What each request was fed; it holds no reference of its own to an array's memory.
        self._fed: list[dict[str, Value]] = [{}, {}]
        self._turn = 0

    def run(self, feeds: Mapping[str, Value], fetches: Mapping[str, Value]) -> dict[str, Value]:
        self._turn = 1 - self._turn
        request = self._requests[self._turn]
        tensors = {name: _as_tensor(value) for name, value in feeds.items()}
        self._fed[self._turn] = {**feeds, **{f"{name} as a tensor": tensor for name, tensor in tensors.items()}}
        for name, tensor in tensors.items():
            request.set_tensor(name, tensor)
        request.infer()
        return {name: request.get_tensor(name) for name in fetches}

    def on_host(self, value: Value) -> Array:
        array: Array = value.data
        return float32_of_bf16(array) if value.element_type == ov.Type.bf16 else array

    def zeros(self, type: str, shape: Sequence[int]) -> Value:
        tensor = ov.Tensor(TYPES[type], ov.Shape(list(shape)))
        if tensor.size > 0:
            tensor.data[:] = 0
        return tensor


def _as_tensor(value: Value) -> Any:
    if isinstance(value, ov.Tensor):
        return value
    # An array of a frame's bytes may be read alone, and OpenVINO wants to share what it may write.
    array = np.require(value, requirements=["C", "W"])
    return ov.Tensor(array, shared_memory=array.size > 0)


def _describe(port: Any) -> ValueInfo:
    type = port.get_element_type().get_type_name().replace("boolean", "bool")
    name = _declared_name(port)
    if type not in BYTES_PER_ELEMENT:
        raise WorkerError("unsupported", f"{name} is of type {type}, and cannot be sent")
    # OpenVINO forgets the names of dimensions that vary.
    shape = tuple(int(str(size)) if size.is_static else str(size) for size in port.get_partial_shape())
    return ValueInfo(name, type, shape)


def _declared_name(port: Any) -> str:
    """A port may have several names, those of the graph's own nodes among them; its node is called by the declared one."""
    declared = re.sub(r"/sink_port_\d+$", "", port.get_node().get_friendly_name())
    return declared if declared in port.get_names() else str(port.get_any_name())
