"""Inputs for a pass that only has to run: one token, or zeros with 1 for every dimension that varies."""

import math

from ..frames import BYTES_PER_ELEMENT, Tensor
from .model import GraphModel
from .session import ValueInfo


def steers(value: ValueInfo) -> bool:
    """Whether an input is no data but a length, an axis, a shape: src/engines/ort/placement.ts says what a wrong one may cost."""
    return value.type in ("i32", "i64", "u32", "u64") and len(value.shape) < 2


def sample_inputs(model: GraphModel) -> dict[str, Tensor] | None:
    """None where zeros may not do."""
    if model.interface is None:
        if any(steers(value) for value in model.inputs):
            return None
        free = [value.name for value in model.inputs]
        tensors = {}
    else:
        free = list(model.language().extras)
        tensors = {"input_ids": Tensor("i64", (1, 1), bytes(8))}
    for value in model.inputs:
        if value.name in free:
            shape = tuple(size if isinstance(size, int) else 1 for size in value.shape)
            tensors[value.name] = Tensor(value.type, shape, bytes(math.prod(shape) * BYTES_PER_ELEMENT[value.type]))
    return tensors
