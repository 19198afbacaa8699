"""An .onnx file -> a compiled model on a device of OpenVINO."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from ...engine import Loaded, value_description
from ...failure import invalid, worker_error
from ...graphs.model import GraphModel
from ...memory import open_peak_window, resident_bytes
from ...parameters import Load, Option, refuse_form
from .devices import core, device_of, property_of
from .placement import placement_of, type_name
from .session import OpenVinoSession

HINT = "INFERENCE_PRECISION_HINT"
HINT_VALUES = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}
# Properties that could explain a result.
TOLD = (
    HINT,
    "EXECUTION_MODE_HINT",
    "PERFORMANCE_HINT",
    "INFERENCE_NUM_THREADS",
    "NUM_STREAMS",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE",
    "KV_CACHE_PRECISION",
    "EXECUTION_DEVICES",
    "RUNTIME_REQUIREMENTS",
)


def load(params: Load) -> Loaded:
    """Raises WorkerError."""
    refuse_form("openvino", params.form, "onnx")
    device = device_of(params.device)
    check_properties(device, params.options)
    if not os.path.isfile(params.path):
        raise invalid(f"there is no file {params.path}")
    try:
        compiled = core().compile_model(core().read_model(params.path), device, dict(params.options))
        session = OpenVinoSession(compiled)
    except Exception as error:
        raise worker_error(error, f"loading {params.path}") from error
    is_cpu = device == "CPU"
    model = GraphModel(session, params.interface, open_peak_window if is_cpu else _no_peak_window)
    return Loaded(
        model=model,
        inputs=[value_description(value.name, value.type, value.shape) for value in model.inputs],
        outputs=[value_description(value.name, value.type, value.shape) for value in model.outputs],
        placement=what_is_computed(placement_of(compiled, device), _property(compiled, HINT), params.precision),
        memory_bytes=resident_bytes() if is_cpu else None,
        settings={name: text for name in TOLD if (text := _property(compiled, name)) is not None},
    )


def check_properties(device: str, options: Mapping[str, Option]) -> None:
    """Options are properties of OpenVINO, as they stand. Raises WorkerError `invalid-request` for one that the device lacks."""
    known = property_of(device, "SUPPORTED_PROPERTIES")
    unknown = [name for name in options if known is not None and name not in known]
    if unknown:
        raise invalid(f"{device} has no property {unknown[0]} ({', '.join(known)})")


def what_is_computed(placement: dict[str, Any] | None, hint: str | None, asked: str) -> dict[str, Any] | None:
    """A placement, with the reason and the way out where the device computes in another floating-point type than asked for."""
    if hint is None:
        return placement
    told = placement or {"operators": [], "computedIn": [type_name(hint)]}
    if asked not in HINT_VALUES or not told["computedIn"] or told["computedIn"][0] == asked:
        return told
    remedy = f"options: {{ openvino: {{ {HINT}: {HINT_VALUES[asked]} }} }}"
    return {**told, "evidence": f"{HINT} is {hint}", "remedy": remedy}


def _property(compiled: Any, name: str) -> str | None:
    """A property of a compiled model as OpenVINO writes it in its configuration (`bf16`), or None where it has none."""
    try:
        value = compiled.get_property(name)
    except (RuntimeError, TypeError):
        return None
    if hasattr(value, "get_type_name"):
        return str(value.get_type_name())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _no_peak_window() -> Callable[[], int | None]:
    # A plugin's allocator does not tell what it held.
    return lambda: None
