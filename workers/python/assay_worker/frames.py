"""Frames: u32 little-endian length of the header, the header as JSON, then the raw bytes of the tensors that it lists."""

import io
import json
import math
import os
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

Buffer = bytes | bytearray | memoryview

# docs/protocol.md gives the reason for each limit.
MAX_HEADER_BYTES = 16 * 1024 * 1024
MAX_TENSOR_BYTES = 8 * 1024**3
MAX_TENSORS = 4096
MAX_NAME = 512
MAX_DIMENSIONS = 16

BYTES_PER_ELEMENT = dict(f64=8, f32=4, f16=2, bf16=2, i64=8, i32=4, i16=2, i8=1, u64=8, u32=4, u16=2, u8=1, bool=1)


@dataclass(frozen=True)
class Tensor:
    """Row-major little-endian bytes. `owner` keeps alive the memory that `data` is a view of."""

    type: str
    shape: tuple[int, ...]
    data: Buffer
    owner: object = None

    def __str__(self) -> str:
        return f"{self.type}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Frame:
    header: dict[str, Any]
    tensors: dict[str, Tensor]


class BrokenFrames(Exception):
    """The other side sent what is no frame; there is no way to find the next one."""


class Frames:
    """Frames over two descriptors. Several threads may write; only one may read."""

    def __init__(self, from_host: int, to_host: int) -> None:
        self._from_host = io.FileIO(from_host, "rb")
        self._to_host = to_host
        self._writing = threading.Lock()

    def read(self) -> Frame | None:
        """The next frame, or None where the host ended between two. Raises BrokenFrames and EOFError (in mid-frame)."""
        start = self._read_some(4)
        if start is None:
            return None
        (length,) = struct.unpack("<I", start)
        if not 1 <= length <= MAX_HEADER_BYTES:
            raise BrokenFrames(f"a header of {length} bytes")
        header = _parse_header(self._read_all(length))
        listed = _listed_tensors(header)
        tensors = {name: Tensor(type, shape, self._read_all(_size(type, shape))) for name, type, shape in listed}
        return Frame(header, tensors)

    def write(self, header: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None) -> None:
        tensors = tensors or {}
        listed = [{"name": name, "type": t.type, "shape": t.shape} for name, t in tensors.items()]
        text = json.dumps({**header, "tensors": listed}, separators=(",", ":")).encode()
        with self._writing:
            self._write_all(struct.pack("<I", len(text)) + text)
            for tensor in tensors.values():
                self._write_all(tensor.data)

    def _write_all(self, data: Buffer) -> None:
        rest = memoryview(data).cast("B") if len(data) > 0 else memoryview(b"")
        while len(rest) > 0:
            rest = rest[os.write(self._to_host, rest) :]

    def _read_some(self, count: int) -> bytearray | None:
        """`count` bytes, or None where the input had ended before the first."""
        buffer = bytearray(count)
        view = memoryview(buffer)
        filled = 0
        while filled < count:
            got = self._from_host.readinto(view[filled:])
            if not got:
                if filled == 0:
                    return None
                raise EOFError("the input ended in mid-frame")
            filled += got
        return buffer

    def _read_all(self, count: int) -> bytearray:
        data = self._read_some(count)
        if data is None:
            raise EOFError("the input ended in mid-frame")
        return data


def _parse_header(text: bytearray) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except ValueError as error:
        raise BrokenFrames(f"a header that is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise BrokenFrames("a header that is no object")
    return header


def _listed_tensors(header: Mapping[str, Any]) -> list[tuple[str, str, tuple[int, ...]]]:
    listed = header.get("tensors", [])
    if not isinstance(listed, list) or len(listed) > MAX_TENSORS:
        raise BrokenFrames(f"tensors is no list, or has more than {MAX_TENSORS}")
    tensors: list[tuple[str, str, tuple[int, ...]]] = []
    names: set[str] = set()
    total = 0
    for tensor in listed:
        name, type, shape = _listed_tensor(tensor)
        if name in names:
            raise BrokenFrames(f"two tensors named {name!r}")
        names.add(name)
        total += _size(type, shape)
        if total > MAX_TENSOR_BYTES:
            raise BrokenFrames(f"tensors of more than {MAX_TENSOR_BYTES} bytes")
        tensors.append((name, type, shape))
    return tensors


def _listed_tensor(tensor: object) -> tuple[str, str, tuple[int, ...]]:
    if not isinstance(tensor, dict):
        _refuse(tensor)
    name, type, shape = tensor.get("name"), tensor.get("type"), tensor.get("shape")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        _refuse(tensor)
    if not isinstance(type, str) or type not in BYTES_PER_ELEMENT:
        _refuse(tensor)
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        _refuse(tensor)
    if not all(isinstance(axis, int) and not isinstance(axis, bool) and axis >= 0 for axis in shape):
        _refuse(tensor)
    return name, type, tuple(shape)


def _refuse(tensor: object) -> NoReturn:
    raise BrokenFrames(f"a tensor that cannot be: {str(tensor)[:200]}")


def _size(type: str, shape: tuple[int, ...]) -> int:
    return BYTES_PER_ELEMENT[type] * math.prod(shape)
