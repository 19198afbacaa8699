"""Tries a provider in a process of its own, where a driver may crash or hang: `python -m ...probe PROVIDER [INDEX]`.

Prints the precisions of floating point that it computed rightly, as JSON.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from ...product_type import SIZE, float32_product_type

# y = MatMul(x, w) for x, w [n, n], opset 17, in fp32 and in fp16.
PRODUCTS = {
    "fp32": "CAgSBWFzc2F5OlsKEQoBeAoBdxIBeSIGTWF0TXVsEgFwWhUKAXgSEAoOCAESCgoDEgFuCgMSAW5aFQoBdxIQCg4IARIKCgMSAW4KAxIBbmIVCgF5EhAKDggBEgoKAxIBbgoDEgFuQgQKABAR",
    "fp16": "CAgSBWFzc2F5OlsKEQoBeAoBdxIBeSIGTWF0TXVsEgFwWhUKAXgSEAoOCAoSCgoDEgFuCgMSAW5aFQoBdxIQCg4IChIKCgMSAW4KAxIBbmIVCgF5EhAKDggKEgoKAxIBbgoDEgFuQgQKABAR",
}
DTYPES = {"fp32": np.float32, "fp16": np.float16}
# A cold driver compiles its kernels; more than this is a hang.
PROBE_S = 20


def probe_provider(provider: str, index: int | None) -> list[str]:
    """The precisions in which a provider computes here; empty where it does not work. Never raises, and ends in time."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", __name__, provider, *([] if index is None else [str(index)])]
    try:
        done = subprocess.run(
            command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_S, check=True
        )
        answer = json.loads(done.stdout.splitlines()[-1])  # a driver may print before it
    except (subprocess.SubprocessError, OSError, ValueError, IndexError):
        return []
    return [precision for precision in PRODUCTS if precision in answer]


def float32_product_on(provider: str, provider_options: Mapping[str, str]) -> str:
    """In which type a provider multiplies float32 matrices, with these options. Raises what onnxruntime does."""
    session = product_session("fp32", provider, provider_options)
    identity = np.eye(SIZE, dtype=np.float32)

    def is_exact(value: float) -> bool:
        x = np.full((SIZE, SIZE), value, np.float32)
        return bool((session.run(None, {"x": x, "w": identity})[0] == x).all())

    return float32_product_type(is_exact)


def product_session(precision: str, provider: str, provider_options: Mapping[str, str]) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    model = base64.b64decode(PRODUCTS[precision])
    session = ort.InferenceSession(model, options, providers=[(provider, dict(provider_options))])
    if provider not in session.get_providers():
        raise RuntimeError(f"{provider} could not be used")
    return session


def computes(precision: str, provider: str, provider_options: Mapping[str, str]) -> bool:
    """Whether a product of two matrices of ones is right: the sum over 16 ones, in every type."""
    ones = np.ones((16, 16), DTYPES[precision])
    try:
        session = product_session(precision, provider, provider_options)
        return bool((session.run(None, {"x": ones, "w": ones})[0] == 16).all())
    except Exception:
        return False  # that was the question


def main(provider: str, index: str | None = None) -> None:
    provider_options = {} if index is None else {"device_id": index}
    print(json.dumps([precision for precision in PRODUCTS if computes(precision, provider, provider_options)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
