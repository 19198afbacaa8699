"""Tensors of a frame <-> tensors of torch. NumPy is not needed."""

import ctypes

import torch

from ...failure import WorkerError
from ...frames import BYTES_PER_ELEMENT, Tensor

DTYPES = {
    "f64": torch.float64,
    "f32": torch.float32,
    "f16": torch.float16,
    "bf16": torch.bfloat16,
    "i64": torch.int64,
    "i32": torch.int32,
    "i16": torch.int16,
    "i8": torch.int8,
    "u64": torch.uint64,
    "u32": torch.uint32,
    "u16": torch.uint16,
    "u8": torch.uint8,
    "bool": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def to_torch(tensor: Tensor, device: torch.device) -> torch.Tensor:
    dtype = DTYPES[tensor.type]
    if len(tensor.data) == 0:
        return torch.empty(tensor.shape, dtype=dtype, device=device)
    # frombuffer wants memory that may be written.
    data = tensor.data if isinstance(tensor.data, bytearray) else bytearray(tensor.data)
    return torch.frombuffer(data, dtype=dtype).reshape(tensor.shape).to(device)


def from_torch(tensor: torch.Tensor) -> Tensor:
    """A view of the tensor's memory where it is the host's already, else of a copy of it."""
    host = tensor.detach().cpu().contiguous()
    return Tensor(type_name(host.dtype), tuple(host.shape), memory_of(host), owner=host)


def memory_of(host: torch.Tensor) -> memoryview:
    """The bytes of a contiguous tensor in the host's memory, which the caller keeps alive."""
    size = host.numel() * host.element_size()
    return memoryview((ctypes.c_char * size).from_address(host.data_ptr())).cast("B") if size > 0 else memoryview(b"")


def type_name(dtype: torch.dtype) -> str:
    name = NAMES.get(dtype)
    if name is None or name not in BYTES_PER_ELEMENT:
        raise WorkerError("unsupported", f"tensors of type {dtype} cannot be sent")
    return name
