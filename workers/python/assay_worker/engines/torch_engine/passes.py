"""Forward passes that are ready to be made, and the models that consist of one."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import torch

from ...engine import Language, Prompt, value_description
from ...failure import invalid
from ...frames import Tensor
from .devices import synchronizer
from .memory import open_device_peak_window, release
from .source import Source
from .tensors import DTYPES, from_torch, to_torch, type_name

Outputs = Mapping[str, torch.Tensor]


class TorchPass:
    """Outputs that are wanted; all of them where `wanted` is None. Floating-point ones are sent as f32."""

    def __init__(
        self, synchronize: Callable[[], None], forward: Callable[[], Outputs], wanted: Sequence[str] | None = None
    ) -> None:
        self._synchronize = synchronize
        self._forward = forward
        self._wanted = wanted
        self._outputs: Outputs | None = None

    def run(self) -> float:
        self._outputs = None  # else two of them are held at once
        with torch.inference_mode():
            self._synchronize()
            sent = time.perf_counter()
            self._outputs = self._forward()
            self._synchronize()
            return (time.perf_counter() - sent) * 1000

    def outputs(self) -> dict[str, Tensor]:
        if self._outputs is None:
            raise RuntimeError("no pass was made")
        names = self._outputs if self._wanted is None else self._wanted
        return {name: from_torch(self._outputs[name]) for name in names}


@dataclass(frozen=True)
class Input:
    name: str
    # Of the protocol: f32 becomes the model's own type.
    type: str
    # A number, or the name of a dimension that varies.
    shape: tuple[int | str, ...]
    # What stands for each dimension that varies in a pass that only has to run.
    sample: tuple[int, ...]


class SinglePassModel:
    """One pass from its input to its outputs, of which it keeps nothing: image classifiers, detectors.

    `named` gives the outputs of a pass by the contract's names. Where `outputs` is None, they are described by a look at those of
    the smallest pass.
    """

    compiled_as = "inductor, as torch chooses shapes"

    def __init__(
        self,
        network: Any,
        source: Source,
        input: Input,
        named: Callable[[Any], Outputs],
        outputs: Sequence[dict[str, Any]] | None = None,
        attention: str | None = None,
    ) -> None:
        self.device = source.device
        self.attention = attention
        self._network = network
        self._call = network
        self._dtype = source.dtype
        self._memory_format = torch.channels_last if source.options.channels_last else torch.contiguous_format
        self._input = input
        self._named = named
        self.inputs = [value_description(input.name, input.type, input.shape)]
        self.outputs = self._observed_outputs() if outputs is None else outputs

    def prepare(self, outputs: Sequence[str] | None, logits_to_keep: int, tensors: dict[str, Tensor]) -> TorchPass:
        known = [output["name"] for output in self.outputs]
        unknown = [name for name in outputs or [] if name not in known]
        if unknown:
            raise invalid(f"the model has no output {unknown[0]} ({', '.join(known)})")
        self._check(tensors)
        given = self._placed(to_torch(tensors[self._input.name], torch.device("cpu")))
        return TorchPass(synchronizer(self.device), lambda: self._forward(given), outputs)

    def smallest_pass(self) -> Callable[[], Outputs]:
        shape = tuple(
            size if isinstance(size, int) else sample for size, sample in zip(self._input.shape, self._input.sample)
        )
        given = self._placed(torch.zeros(shape, dtype=DTYPES[self._input.type]))
        return lambda: self._forward(given)

    def compile(self) -> None:
        """Lets torch compile the network, and makes a pass; a shape that is new may be compiled at its first pass."""
        self._call = torch.compile(self._network)
        with torch.inference_mode():
            self.smallest_pass()()

    def language(self) -> Language:
        self._refuse_text()

    def begin(self, prompt: Prompt, new_tokens: int, prefill_chunk: int | None) -> NoReturn:
        self._refuse_text()

    def open_peak_window(self) -> Callable[[], int | None]:
        return open_device_peak_window(self.device)

    def close(self) -> None:
        self._network = self._call = None
        release(self.device)

    def _forward(self, given: torch.Tensor) -> Outputs:
        outputs = self._named(self._call(given))
        return {name: value.float() if value.is_floating_point() else value for name, value in outputs.items()}

    def _placed(self, given: torch.Tensor) -> torch.Tensor:
        """On the device, in its type and layout of memory: outside of every timed region."""
        if not given.is_floating_point():
            return given.to(self.device)
        placed = given.to(self.device, self._dtype)
        return placed.contiguous(memory_format=self._memory_format) if placed.dim() == 4 else placed

    def _check(self, tensors: Mapping[str, Tensor]) -> None:
        """Raises WorkerError `invalid-request` naming what is wrong with the input."""
        name, type, shape = self._input.name, self._input.type, self._input.shape
        unknown = [given for given in tensors if given != name]
        if unknown:
            raise invalid(f"the model has no input {', '.join(unknown)} ({name})")
        given = tensors.get(name)
        if given is None:
            raise invalid(f"input {name} is missing")
        fits = len(given.shape) == len(shape) and all(
            size > 0 if isinstance(wanted, str) else size == wanted for wanted, size in zip(shape, given.shape)
        )
        if given.type != type or not fits:
            raise invalid(f"{name} is {given}, and must be {type}[{', '.join(map(str, shape))}]")

    def _observed_outputs(self) -> list[dict[str, Any]]:
        """A pass of one image or one token: the dimensions that vary stand first in every output, as in the input."""
        varying = [size for size in self._input.shape if isinstance(size, str)]
        with torch.inference_mode():
            outputs = self.smallest_pass()()
        return [
            value_description(name, type_name(value.dtype), [*varying, *value.shape[len(varying) :]])
            for name, value in outputs.items()
        ]

    def _refuse_text(self) -> NoReturn:
        raise invalid(f"this model takes {self._input.name} and is no language model")


IMAGE_PX = 224


def pixels(size: tuple[int, int] | None, batch: int | str = "batch") -> Input:
    """`pixel_values` f32 [batch, 3, height, width] of images of this size; of any where it is None."""
    height, width = size or ("height", "width")
    return Input("pixel_values", "f32", (batch, 3, height, width), (1, 3, IMAGE_PX, IMAGE_PX))
