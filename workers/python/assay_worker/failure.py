"""How a call fails while the worker lives on."""

import re
from typing import Literal

Code = Literal["unsupported", "invalid-request", "out-of-memory", "device-lost", "interrupted", "failed"]


class WorkerError(Exception):
    """The answer to a call that cannot be answered otherwise: a code of docs/protocol.md and one sentence for people."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


def invalid(message: str) -> WorkerError:
    return WorkerError("invalid-request", message)


# Runtimes tell their errors apart by text, torch by a class too, whose name is part of what is searched. First match wins.
CODES: tuple[tuple[str, Code], ...] = (
    (
        r"OutOfMemoryError|MemoryError|bad_alloc|out of memory|failed to allocate|allocation failed|can't allocate memory"
        r"|not enough memory|CUBLAS_STATUS_ALLOC_FAILED",
        "out-of-memory",
    ),
    (
        r"device (was )?lost|DEVICE_LOST|DEVICE_REMOVED|DEVICE_HUNG|CUDA error 999|illegal memory access|device-side assert"
        r"|unspecified launch failure|uncorrectable ECC",
        "device-lost",
    ),
    (
        r"NotImplementedError|NOT_IMPLEMENTED|not implemented for|could not find an implementation|is not a registered function"
        r"|not supported|OpConversionFailure|failed to load shared library",
        "unsupported",
    ),
    (
        r"FileNotFoundError|no such file|file doesn't exist|protobuf parsing failed|INVALID_PROTOBUF|INVALID_GRAPH",
        "invalid-request",
    ),
    (r"invalid rank for input|got invalid dimensions|unexpected input data type|invalid feed input", "invalid-request"),
)


def worker_error(error: BaseException, doing: str) -> WorkerError:
    """What a library raised, as the answer of this worker."""
    if isinstance(error, WorkerError):
        return error
    text = f"{type(error).__name__}: {error}"
    code: Code = next((code for pattern, code in CODES if re.search(pattern, text, re.IGNORECASE)), "failed")
    return WorkerError(code, f"{doing}: {text.strip()}")
