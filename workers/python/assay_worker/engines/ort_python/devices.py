"""The execution providers of the installed wheel, each a device."""

import os
import platform
from collections.abc import Sequence
from typing import Any

import onnxruntime as ort

from ...devices import device_description, host_memory_bytes, processor_name
from ...failure import WorkerError, invalid
from .probe import probe_provider

SUFFIX = "ExecutionProvider"
# Weights of few bits: every provider has MatMulNBits or DequantizeLinear, and unpacks them in its kernels.
PACKED = ("int8", "int4", "int4-symmetric")
# What a device of a provider is; a provider that is not here is an `other`. Azure's runs nothing here.
PROVIDERS = {
    "cuda": ("NVIDIA GPU through CUDA", "gpu"),
    "tensorrt": ("NVIDIA GPU through TensorRT", "gpu"),
    "nvtensorrtrtx": ("NVIDIA GPU through TensorRT for RTX", "gpu"),
    "rocm": ("AMD GPU through ROCm", "gpu"),
    "migraphx": ("AMD GPU through MIGraphX", "gpu"),
    "openvino": ("Intel device through OpenVINO", "other"),
    "dnnl": ("CPU through oneDNN", "cpu"),
    "qnn": ("Qualcomm NPU through QNN", "npu"),
    "vitisai": ("AMD NPU through Vitis AI", "npu"),
    "coreml": ("Apple GPU and Neural Engine through Core ML", "npu"),
    "dml": ("GPU through DirectML", "gpu"),
    "webgpu": ("GPU through WebGPU", "gpu"),
}
REMOTE = "azure"
# Providers that run the ort dialect's fused operators well; the others get standard ONNX.
ORT_DIALECT = ("cpu", "cuda")


def threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_names() -> dict[str, str]:
    """The providers of this wheel by the name of their device: `cuda` is `CUDAExecutionProvider`."""
    names = {provider.removesuffix(SUFFIX).lower(): provider for provider in ort.get_available_providers()}
    names.pop(REMOTE, None)
    return names


def provider_of(id: str) -> tuple[str, str, int | None]:
    """The name, provider and index of a device: `ort-python:cuda:1`. Raises WorkerError."""
    engine, _, rest = id.partition(":")
    name, _, index = rest.partition(":")
    if engine != "ort-python" or (index and not index.isdecimal()):
        raise invalid(f"{id} is no device of ort-python")
    provider = device_names().get(name)
    if provider is None:
        offered = ", ".join(device_names())
        raise WorkerError("unsupported", f"onnxruntime {ort.__version__} has no provider {name} here, only {offered}")
    return name, provider, int(index) if index else None


def find_devices(wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    """The CPU, and every provider that computes; of those the wanted ones where the host names them."""
    ids = wanted if wanted is not None else [f"ort-python:{name}" for name in device_names()]
    found = [describe(id) for id in ids if id != "ort-python:cpu"]
    return [describe_cpu(), *(device for device in found if device is not None)]


def describe_cpu() -> dict[str, Any]:
    count = threads()
    name = f"{processor_name()}, {count} {'thread' if count == 1 else 'threads'}"
    properties = {"provider": "cpu", "architecture": platform.machine(), "threads": str(count)}
    precisions = ["fp32", "fp16", *PACKED]
    return device_description("ort-python:cpu", name, "cpu", host_memory_bytes(), precisions, "ort", properties)


def describe(id: str) -> dict[str, Any] | None:
    """A provider beside the CPU's, or None where it is not there or computes nothing."""
    try:
        device, provider, index = provider_of(id)
    except WorkerError:
        return None
    computes = probe_provider(provider, index)
    if not computes:
        return None
    name, kind = PROVIDERS.get(device, (f"{provider} of onnxruntime", "other"))
    dialect = "ort" if device in ORT_DIALECT else "portable"
    properties = {"provider": device}
    return device_description(id, name, kind, None, [*computes, *PACKED], dialect, properties)
