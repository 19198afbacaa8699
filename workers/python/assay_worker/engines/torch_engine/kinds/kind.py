"""What a kind of model is to the engine: which directories it takes, and how it opens one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ....engine import Model
from ..source import Source


class TorchModel(Model, Protocol):
    """A model as the protocol drives it, and what is said of it once it is loaded."""

    @property
    def inputs(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def outputs(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def attention(self) -> str | None:
        """How transformers computes attention; None where it does not say."""

    @property
    def compiled_as(self) -> str:
        """By what torch.compile makes code, and for which shapes."""

    def smallest_pass(self) -> Callable[[], object]:
        """The least that shows the operators that run, its inputs on the device already."""

    def compile(self) -> None:
        """Lets torch compile it, and makes the passes that it compiles for."""


@dataclass(frozen=True)
class Kind:
    # As a person calls such models, in the plural.
    name: str
    takes: Callable[[Source], bool]
    # Raises WorkerError.
    open: Callable[[Source], TorchModel]
