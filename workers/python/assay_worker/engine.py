"""What an engine gives the protocol: devices, and models that make passes and decode."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .frames import Tensor
from .parameters import Load
from .serve import Turn


@dataclass(frozen=True)
class Language:
    """What a prompt for a model must respect."""

    vocabulary: int
    # The most that past and new tokens may be together; None where the model has no limit.
    positions: int | None
    takes_position_ids: bool
    # Whether a mask is looked at: if not, padding before a real token would be taken for text.
    takes_padding: bool
    # The graph's own name of `input_ids`, `attention_mask` and `position_ids`, where it has one.
    own_names: Mapping[str, str] = field(default_factory=dict)
    # Inputs that are fed by name.
    extras: Sequence[str] = ()


@dataclass(frozen=True)
class Prompt:
    batch: int
    tokens: int
    # i64 [batch, tokens]
    ids: Tensor
    # One byte for each token, [batch, tokens]: 1 where it is real.
    mask: bytes
    # i64 [batch, tokens] where the host gave them; else they count the real tokens.
    positions: Tensor | None
    # Inputs of the graph without a role.
    extras: Mapping[str, Tensor]


@dataclass(frozen=True)
class TopTwo:
    """The best and the second best token of a row; the lowest id wins a tie, and NaN is above every number."""

    best_id: int
    second_id: int
    best: float
    second: float


class Pass(Protocol):
    """A forward pass that is ready to be made, as often as one likes."""

    def run(self) -> float:
        """Makes it; gives the ms that it took, the device synchronised before each reading of the clock."""

    def outputs(self) -> dict[str, Tensor]:
        """What the last one gave, by name."""


class Decoding(Protocol):
    """A generation in progress, step after step. Times are in ms inside the device, synchronised before a clock is read."""

    # Prompt tokens that each pass of the prefill takes.
    prefill_chunk: int

    def prefill(self, turn: Turn) -> float:
        """The whole prompt."""

    def step(self, tokens: Sequence[int]) -> float:
        """One token for each row."""

    def choose(self) -> list[int]:
        """The token of the highest logit of each row, after the last pass."""

    def top_two(self) -> list[TopTwo]:
        """The best and the second best of each row, after the last pass."""

    def logits(self) -> bytes:
        """f32 [batch, vocabulary] after the last pass."""


class Model(Protocol):
    def prepare(self, outputs: Sequence[str] | None, logits_to_keep: int, tensors: dict[str, Tensor]) -> Pass:
        """Checks the inputs of a pass. Raises WorkerError `invalid-request`."""

    def language(self) -> Language:
        """How it is asked. Raises WorkerError `invalid-request` where it is no language model."""

    def begin(self, prompt: Prompt, new_tokens: int, prefill_chunk: int | None) -> Decoding:
        """A generation with an empty cache."""

    def open_peak_window(self) -> Callable[[], int | None]:
        """Sets the peak of the device's memory back, and gives what tells the peak since, in bytes."""

    def close(self) -> None:
        """Gives the memory back."""


@dataclass(frozen=True)
class Loaded:
    """What an engine says of a model that it loaded: `load`'s answer but the time."""

    model: Model
    inputs: Sequence[Mapping[str, Any]]
    outputs: Sequence[Mapping[str, Any]]
    placement: Mapping[str, Any] | None
    memory_bytes: int | None
    # What the runtime says of itself that could explain a result.
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Description:
    versions: Mapping[str, str]
    forms: Sequence[str]
    devices: Sequence[Mapping[str, Any]]
    # Values of `model_type` that are Assay's own, for an engine that takes directories.
    model_types: Sequence[str] | None = None


class Engine(Protocol):
    def describe(self) -> Description:
        """The engine and its devices. Raises WorkerError `unsupported` where its library is not there."""

    def load(self, params: Load) -> Loaded:
        """Raises WorkerError."""


def value_description(name: str, type: str, shape: Sequence[int | str]) -> dict[str, Any]:
    return {"name": name, "type": type, "shape": list(shape)}
