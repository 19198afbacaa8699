"""A generation in progress, with the cache of transformers."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

import torch
import transformers

from ...engine import TopTwo
from ...serve import Turn
from .tensors import memory_of


class Network(Protocol):
    """What is decoded with: the passes of a language model."""

    config: Any

    def synchronize(self) -> None:
        """Waits until the device has done what it was given."""

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, keep: int, cache: Any
    ) -> torch.Tensor:
        """Logits [batch, kept, vocabulary]."""


class TorchDecoding:
    def __init__(
        self,
        model: Network,
        prompt: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
        new_tokens: int,
        prefill_chunk: int | None,
    ) -> None:
        self._model = model
        self._ids, mask, self._positions = prompt
        batch, self._tokens = self._ids.shape
        self.prefill_chunk = min(prefill_chunk or self._tokens, self._tokens)
        # What is generated is real.
        self._mask = torch.cat([mask, mask.new_ones(batch, new_tokens)], dim=1)
        # The position that each row's next token has: the number of its real tokens.
        self._next = mask.sum(-1, keepdim=True)
        self._cache = transformers.DynamicCache(config=model.config)
        self._length = 0
        # f32 [batch, vocabulary] after the last pass
        self._logits = self._ids.new_empty(0)

    def prefill(self, turn: Turn | None) -> float:
        device_ms = 0.0
        while self._length < self._tokens:
            if turn is not None:
                turn.check(self._length, self._tokens, "tokens of the prompt")
            end = min(self._length + self.prefill_chunk, self._tokens)
            part = slice(self._length, end)
            device_ms += self._forward(self._ids[:, part], self._positions[:, part])
        return device_ms

    def step(self, tokens: Sequence[int]) -> float:
        ids = torch.tensor(tokens, dtype=torch.int64).unsqueeze(1).to(self._ids.device)
        return self._forward(ids, self._next + (self._length - self._tokens))

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> float:
        end = self._length + ids.shape[1]
        with torch.inference_mode():
            self._model.synchronize()
            sent = time.perf_counter()
            logits = self._model.forward(ids, self._mask[:, :end], positions, keep=1, cache=self._cache)
            self._model.synchronize()
            device_ms = (time.perf_counter() - sent) * 1000
            self._logits = logits[:, -1]
        self._length = end
        return device_ms

    def choose(self) -> list[int]:
        # torch.argmax: the first of several maxima, and NaN is one.
        chosen: list[int] = self._logits.argmax(-1).tolist()
        return chosen

    def top_two(self) -> list[TopTwo]:
        with torch.inference_mode():
            best = self._logits.argmax(-1, keepdim=True)
            others = self._logits.scatter(-1, best, float("-inf"))
            second = others.argmax(-1, keepdim=True)
            values = torch.cat([self._logits.gather(-1, best), others.gather(-1, second)], -1).tolist()
            ids = torch.cat([best, second], -1).tolist()
        return [TopTwo(*pair, *logits) for pair, logits in zip(ids, values)]

    def logits(self) -> bytes:
        host = self._logits.cpu().contiguous()
        return bytes(memory_of(host))
