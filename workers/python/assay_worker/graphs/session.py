"""What a loop over a graph asks of a runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..failure import invalid
from ..frames import Tensor
from ..interface import GraphInterface
from .values import Array, to_array

# An array, or what the runtime keeps on its device: the loop hands it back as it came.
Value = Any


@dataclass(frozen=True)
class ValueInfo:
    name: str
    # An element type of the protocol.
    type: str
    # A number, or the name of a dimension that varies.
    shape: tuple[int | str, ...]


class Session(Protocol):
    @property
    def inputs(self) -> Sequence[ValueInfo]: ...

    @property
    def outputs(self) -> Sequence[ValueInfo]: ...

    def run(self, feeds: Mapping[str, Value], fetches: Mapping[str, Value]) -> dict[str, Value]:
        """One pass, over when the device is done. An output whose value in `fetches` is not None may be written into it."""

    def on_host(self, value: Value) -> Array:
        """An output as an array; bf16 as float32. Valid until the next pass but one."""

    def zeros(self, type: str, shape: Sequence[int]) -> Value:
        """A new tensor where the device wants its cache."""


def check_feeds(inputs: Sequence[ValueInfo], tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """The tensors of a call, compared with what the model declares. Raises WorkerError `invalid-request`."""
    names = ", ".join(value.name for value in inputs)
    unknown = [name for name in tensors if all(value.name != name for value in inputs)]
    if unknown:
        raise invalid(f"the model has no input {', '.join(unknown)} ({names})")
    feeds: dict[str, Array] = {}
    for value in inputs:
        tensor = tensors.get(value.name)
        if tensor is None:
            raise invalid(f"input {value.name} is missing (the model takes {names})")
        if tensor.type != value.type:
            raise invalid(f"input {value.name} is {tensor.type}, and must be {value.type}")
        fits = len(tensor.shape) == len(value.shape) and all(
            isinstance(size, str) or size == given for size, given in zip(value.shape, tensor.shape)
        )
        # () is a scalar's shape, and that of a value whose rank the file leaves open: the runtime has to check it.
        if not fits and value.shape:
            raise invalid(f"input {value.name} is {list(tensor.shape)}, and must be {list(value.shape)}")
        feeds[value.name] = to_array(tensor)
    return feeds


def check_interface(graph: GraphInterface, session: Session) -> None:
    """Whether the graph has what its interface names. Raises WorkerError `invalid-request`."""
    pairs = graph.cache.tensors if graph.cache is not None else ()
    for kind, wanted, values in (
        ("input", [*graph.roles, *(pair.past for pair in pairs)], session.inputs),
        ("output", [graph.logits, *(pair.present for pair in pairs)], session.outputs),
    ):
        names = [value.name for value in values]
        for name in wanted:
            if name not in names:
                raise invalid(f"the interface names an {kind} {name} ({', '.join(names)})")
