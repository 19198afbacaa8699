"""A directory in Hugging Face's layout -> a model on a device, of the kind that takes it."""

import re
from typing import Any

import torch

from ...engine import Loaded
from ...failure import WorkerError
from ...parameters import Load, refuse_form
from .devices import DTYPES, device_of
from .kinds import KINDS, Kind, Source, TorchModel
from .memory import held_bytes
from .placement import observe_placement
from .product_types import float32_products_on
from .settings import apply_options, settings_of
from .source import read_config

# What inductor says where its back end's compiler is not there: C++ for the CPU, Triton for GPUs.
NO_COMPILER = re.compile(
    r"InvalidCxxCompiler|No working C\+\+ compiler|working triton installation|TritonMissing", re.IGNORECASE
)


def load(params: Load) -> Loaded:
    """Raises WorkerError."""
    refuse_form("torch", params.form, "huggingface")
    dtype = DTYPES.get(params.precision)
    if dtype is None:
        raise WorkerError("unsupported", f"torch takes {', '.join(DTYPES)}, not {params.precision}")
    device = device_of(params.device)
    options = apply_options(params.options)
    source = Source(params.path, read_config(params.path), dtype, device, options)
    model = _kind_of(source).open(source)
    placement = _placement(model, source, params.precision)
    if options.compile:
        _compile(model)
    return Loaded(
        model=model,
        inputs=model.inputs,
        outputs=model.outputs,
        placement=placement,
        memory_bytes=held_bytes(device),
        settings=settings_of(device, options, model.attention, model.compiled_as),
    )


def _kind_of(source: Source) -> Kind:
    for kind in KINDS:
        if kind.takes(source):
            return kind
    kinds = ", ".join(kind.name for kind in KINDS)
    what = ", ".join(source.architectures) or f"the type {source.type}"
    raise WorkerError("unsupported", f"this worker runs {kinds} with torch, not {what}")


def _placement(model: TorchModel, source: Source, asked: str) -> dict[str, Any]:
    products = float32_products_on(source.device) if source.dtype == torch.float32 else {}
    with torch.inference_mode():
        placement = observe_placement(model.smallest_pass(), {kind: found.type for kind, found in products.items()})
    first = placement["computedIn"][:1]
    # The kind of products that is in the shorter type, for its property.
    shorter = [found for found in products.values() if [found.type] == first and found.type != asked]
    if shorter:
        placement |= {"evidence": shorter[0].evidence, "remedy": shorter[0].remedy}
    return placement


def _compile(model: TorchModel) -> None:
    """Compiles, and makes the passes that it compiles for: what a compiler cannot do here is said at load, and its time is load's."""
    try:
        model.compile()
    except Exception as error:
        message = f"torch.compile: {type(error).__name__}: {str(error).strip()[:500]}"
        raise WorkerError("unsupported" if NO_COMPILER.search(message) else "failed", message) from error
