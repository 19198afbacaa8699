"""What OpenVINO can run on here."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import openvino as ov

from ...devices import device_description, host_memory_bytes
from ...failure import WorkerError, invalid

# OpenVINO's name of a capability -> the precisions that a device with it takes. Weights of 4 bits are unpacked as those of 8 are.
CAPABILITIES = {
    "FP32": ("fp32",),
    "FP16": ("fp16",),
    "BF16": ("bf16",),
    "INT8": ("int8", "int4", "int4-symmetric"),
}
KINDS = {"CPU": "cpu", "GPU": "gpu", "NPU": "npu"}


@cache
def core() -> Any:
    return ov.Core()


def device_of(id: str) -> str:
    """OpenVINO's name of a device: `openvino:gpu:1` is `GPU.1`. Raises WorkerError."""
    engine, _, rest = id.partition(":")
    if engine != "openvino" or not rest:
        raise invalid(f"{id} is no device of openvino")
    device = rest.replace(":", ".").upper()
    available = core().available_devices
    # A lone GPU is listed as GPU, and may be asked for as GPU.0.
    if device not in available and device.removesuffix(".0") not in available and f"{device}.0" not in available:
        raise WorkerError("unsupported", f"openvino {ov.__version__} has no {device} here, only {', '.join(available)}")
    return device


def find_devices(wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    """Every device, or of those the wanted ones where the host names them."""
    ids = (
        wanted
        if wanted is not None
        else [f"openvino:{name.lower().replace('.', ':')}" for name in core().available_devices]
    )
    return [device for device in map(describe, ids) if device is not None]


def describe(id: str) -> dict[str, Any] | None:
    """A device, or None where it is not there."""
    try:
        device = device_of(id)
    except WorkerError:
        return None
    capabilities = property_of(device, "OPTIMIZATION_CAPABILITIES") or []
    precisions = [precision for name, taken in CAPABILITIES.items() if name in capabilities for precision in taken]
    memory_bytes = host_memory_bytes() if device == "CPU" else property_of(device, "GPU_DEVICE_TOTAL_MEM_SIZE")
    kind = KINDS.get(device.split(".")[0], "other")
    properties = {"device": device, "capabilities": ", ".join(capabilities)}
    name = str(property_of(device, "FULL_DEVICE_NAME") or device)
    return device_description(id, name, kind, memory_bytes, precisions, "portable", properties)


def property_of(device: str, name: str) -> Any:
    """A property of a device, or None where it has none of that name."""
    try:
        return core().get_property(device, name)
    except (RuntimeError, TypeError):
        return None
