"""A worker for test_serve.py, whose calls do what engines do in their bad hours."""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from assay_worker.failure import WorkerError
from assay_worker.frames import Frames, Tensor
from assay_worker.main import descriptors
from assay_worker.serve import Answer, Server, Turn

Params = Mapping[str, Any]
Tensors = dict[str, Tensor]


def echo(params: Params, tensors: Tensors, turn: Turn) -> Answer:
    return dict(params), tensors


def native(params: Params, tensors: Tensors, turn: Turn) -> Answer:
    """A call into C that takes hours and cannot be broken off."""
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2**31 - 1)
    return {}, {}


def polite(params: Params, tensors: Tensors, turn: Turn) -> Answer:
    done = 0
    while True:
        turn.check(done, 10**9, "rounds")
        turn.progress(done, 10**9)
        done += 1


def prints(params: Params, tensors: Tensors, turn: Turn) -> Answer:
    print("hello from Python", flush=True)
    os.system("echo hello from a child")
    return {"stdin": sys.stdin.read()}, {}


def refuses(params: Params, tensors: Tensors, turn: Turn) -> Answer:
    raise WorkerError("unsupported", "no such operator")


def breaks(params: Params, tensors: Tensors, turn: Turn) -> Answer:
    raise {"KeyError": KeyError, "MemoryError": MemoryError, "RuntimeError": RuntimeError}[params["error"]](
        params["text"]
    )


CALLS = {"echo": echo, "native": native, "polite": polite, "prints": prints, "refuses": refuses, "breaks": breaks}

if __name__ == "__main__":
    Server(Frames(*descriptors()), CALLS).serve()
