"""What torch can run on here."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ...devices import device_description, host_memory_bytes, processor_name
from ...failure import WorkerError, invalid

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def device_of(id: str) -> torch.device:
    """The device behind an id: `torch:cuda:0` is `cuda:0`. Raises WorkerError."""
    engine, _, name = id.partition(":")
    if engine != "torch":
        raise invalid(f"{id} is no device of torch")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise WorkerError(
            "unsupported", f"torch {torch.__version__} knows no device {name}: {_first_line(error)}"
        ) from error
    if device.type != "cpu" and not _is_available(device):
        raise WorkerError("unsupported", f"torch {torch.__version__} has no {name} here")
    return device


def find_devices(wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    """The CPU, and every other device that computes; of those the wanted ones where the host names them."""
    ids = wanted if wanted is not None else _listed()
    found = [describe(id) for id in ids if id != "torch:cpu"]
    return [describe_cpu(), *(device for device in found if device is not None)]


def runtime_versions() -> dict[str, str]:
    versions = {"torch": torch.__version__}
    for name in ("cuda", "hip", "xpu"):
        version = getattr(torch.version, name, None)
        if version:
            versions[name] = str(version)
    return versions


def synchronizer(device: torch.device) -> Callable[[], None]:
    """What waits until the device has done everything that it was given."""
    if device.type == "cpu":
        return lambda: None
    module = torch.get_device_module(device)
    # MPS has one device, and its function takes no argument.
    return module.synchronize if device.index is None else lambda: module.synchronize(device)


def describe_cpu() -> dict[str, Any]:
    threads = torch.get_num_threads()
    name = f"{processor_name()}, {threads} {'thread' if threads == 1 else 'threads'}"
    properties = {"threads": str(threads), "instructions": torch.backends.cpu.get_cpu_capability()}
    return _description("torch:cpu", name, "cpu", host_memory_bytes(), torch.device("cpu"), properties)


def describe(id: str) -> dict[str, Any] | None:
    """A device beside the CPU, or None where it is not there or computes nothing."""
    try:
        device = device_of(id)
    except WorkerError:
        return None
    module = torch.get_device_module(device)
    properties: dict[str, str] = {}
    name, memory_bytes = f"{device.type} device", None
    if hasattr(module, "get_device_properties"):
        about = module.get_device_properties(device)
        name = str(getattr(about, "name", name))
        memory_bytes = getattr(about, "total_memory", None)
        properties = {key: str(getattr(about, key)) for key in ("major", "minor", "gcnArchName") if hasattr(about, key)}
    elif device.type == "mps":
        name, memory_bytes = "Apple GPU through Metal", module.recommended_max_memory()
    kind = "gpu" if device.type in ("cuda", "xpu", "mps") else "npu"
    described = _description(id, name, kind, memory_bytes, device, properties)
    return described if described["precisions"] else None


def _description(
    id: str, name: str, kind: str, memory_bytes: int | None, device: torch.device, properties: dict[str, str]
) -> dict[str, Any]:
    precisions = [precision for precision, dtype in DTYPES.items() if _computes(device, dtype)]
    return device_description(id, name, kind, memory_bytes, precisions, None, properties)


def _computes(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a product of two matrices of ones is right: the sum over 16 ones, in every type."""
    try:
        ones = torch.ones(16, 16, dtype=dtype, device=device)
        return bool((ones @ ones == 16).all())
    except (RuntimeError, TypeError):
        return False  # that was the question


def _is_available(device: torch.device) -> bool:
    try:
        module = torch.get_device_module(device)
        return bool(module.is_available()) and (device.index or 0) < module.device_count()
    except (RuntimeError, AttributeError):
        return False


def _listed() -> list[str]:
    accelerator = torch.accelerator.current_accelerator() if hasattr(torch, "accelerator") else None
    types = dict.fromkeys(["cuda", "xpu", "mps", *([accelerator.type] if accelerator is not None else [])])
    ids: list[str] = []
    for type in types:
        if not _is_available(torch.device(type)):
            continue
        count = torch.get_device_module(type).device_count()
        ids.extend([f"torch:{type}"] if type == "mps" else [f"torch:{type}:{index}" for index in range(count)])
    return ids


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
