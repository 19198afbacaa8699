"""An .onnx file -> a session on one of the wheel's providers."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime as ort

from ...engine import Loaded, value_description
from ...failure import WorkerError, invalid, worker_error
from ...graphs.model import GraphModel
from ...graphs.sample import sample_inputs
from ...graphs.session import Session
from ...memory import open_peak_window, resident_bytes
from ...parameters import Load, refuse_form
from .devices import provider_of
from .options import session_options
from .placement import parse_profile
from .probe import float32_product_on
from .session import DeviceSession, HostSession

# Providers whose memory onnxruntime's Python binding can hold tensors in, and its name for it.
DEVICE_MEMORY = {
    "cuda": "cuda",
    "tensorrt": "cuda",
    "nvtensorrtrtx": "cuda",
    "rocm": "cuda",
    "migraphx": "cuda",
    "dml": "dml",
}


def load(params: Load) -> Loaded:
    """Raises WorkerError."""
    refuse_form("ort-python", params.form, "onnx")
    device, provider, index = provider_of(params.device)
    options, provider_options = session_options(params.options)
    if index is not None:
        provider_options.setdefault("device_id", str(index))
    if not os.path.isfile(params.path):
        raise invalid(f"there is no file {params.path}")
    with tempfile.TemporaryDirectory(prefix="assay-profile-") as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "pass")
        native = _create(params.path, options, provider, provider_options)
        session = _session(native, device, index or 0, params)
        model = GraphModel(session, params.interface, _peak_window(device))
        placement = _placement(native, model, params.precision)
    if placement is not None and params.precision == "fp32" and "fp32" in placement["computedIn"]:
        placement |= _reduced_products(native, provider, provider_options, placement["computedIn"])
    return Loaded(
        model=model,
        inputs=[value_description(value.name, value.type, value.shape) for value in model.inputs],
        outputs=[value_description(value.name, value.type, value.shape) for value in model.outputs],
        placement=placement,
        memory_bytes=resident_bytes() if device == "cpu" else None,
        settings=_settings(native, options),
    )


def _create(path: str, options: Any, provider: str, provider_options: dict[str, str]) -> Any:
    try:
        native = ort.InferenceSession(path, options, providers=[(provider, provider_options)])
    except Exception as error:
        raise worker_error(error, f"loading {path}") from error
    # Where a provider cannot start, onnxruntime goes on with the CPU alone, and prints a warning.
    if provider not in native.get_providers():
        raise WorkerError(
            "unsupported", f"onnxruntime could not use {provider}, only {', '.join(native.get_providers())}"
        )
    native.disable_fallback()
    return native


def _session(native: Any, device: str, index: int, params: Load) -> Session:
    memory = DEVICE_MEMORY.get(device)
    if memory is None or params.interface is None:
        return HostSession(native)
    return DeviceSession(native, memory, index, [params.interface.logits])


def _peak_window(device: str) -> Callable[[], Callable[[], int | None]]:
    # onnxruntime's Python binding does not tell what a device's allocator held.
    return open_peak_window if device == "cpu" else lambda: lambda: None


def _placement(native: Any, model: GraphModel, asked: str) -> dict[str, Any] | None:
    """Of the smallest possible pass; None where the model's inputs cannot be made up."""
    has_run = False
    try:
        inputs = sample_inputs(model)
        if inputs is not None:
            model.prepare(None, 1, inputs).run()
            has_run = True
    except Exception:
        pass  # ones and zeros are a guess; a model that refuses them says why at its first call
    profile = Path(native.end_profiling())
    return parse_profile(profile.read_text(encoding="utf-8"), asked) if has_run else None


def _reduced_products(
    native: Any, provider: str, provider_options: dict[str, str], computed_in: list[str]
) -> dict[str, Any]:
    """What is to be said where a provider multiplies float32 matrices in a shorter type, as CUDA's does by default."""
    product = float32_product_on(provider, provider_options)
    if product == "fp32":
        return {}
    said = native.get_provider_options().get(provider, {})
    more: dict[str, Any] = {"computedIn": [product if type == "fp32" else type for type in computed_in]}
    if "use_tf32" in said:
        more["evidence"] = f"{provider}'s option use_tf32 is {said['use_tf32']}"
        more["remedy"] = "options: { ort-python: { provider.use_tf32: 0 } }"
    else:
        more["evidence"] = f"{provider}'s options are {json.dumps(said)}"
    return more


def _settings(native: Any, options: Any) -> dict[str, str]:
    said = native.get_provider_options()
    return {
        "providers": ", ".join(native.get_providers()),
        "threads": str(options.intra_op_num_threads),
        "graphOptimizationLevel": str(options.graph_optimization_level).split(".")[-1],
        **{f"{provider}.{name}": str(value) for provider, values in said.items() for name, value in values.items()},
    }
