"""A generation in progress over a graph."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from ..engine import Prompt, TopTwo
from ..failure import WorkerError
from ..interface import GraphInterface
from ..serve import Turn
from .caches import create_cache
from .roles import RoleInputs
from .session import Session, Value
from .values import Array, to_array

# Rows of a matrix product in one pass of a long prompt, and the fewest tokens: as src/engines/ort/prefill.ts, which says why.
PREFILL_ROWS = 256
LEAST_CHUNK = 32


class GraphDecoding:
    def __init__(
        self, session: Session, graph: GraphInterface, prompt: Prompt, new_tokens: int, prefill_chunk: int | None
    ) -> None:
        if graph.cache is None and new_tokens > 1:
            raise WorkerError("unsupported", "a model without a cache gives one token, not more")
        self._session = session
        self._graph = graph
        self._tokens = prompt.tokens
        self._inputs = RoleInputs(graph, prompt, new_tokens)
        self._extras = {name: to_array(tensor) for name, tensor in prompt.extras.items()}
        self.prefill_chunk = chunk_tokens(graph, prompt, prefill_chunk)
        expected = prompt.tokens + new_tokens
        self._cache = None if graph.cache is None else create_cache(graph.cache, session, prompt.batch, expected)
        self._length = 0
        # f32 [batch, vocabulary] after the last pass
        self._logits: Array = np.empty((0, 0), np.float32)

    def prefill(self, turn: Turn) -> float:
        device_ms = 0.0
        while self._length < self._tokens:
            turn.check(self._length, self._tokens, "tokens of the prompt")
            end = min(self._length + self.prefill_chunk, self._tokens)
            feeds = self._inputs.of_prompt(self._length, end, self._slots(), 1)
            device_ms += self._forward(feeds, end - self._length)
        return device_ms

    def step(self, tokens: Sequence[int]) -> float:
        return self._forward(self._inputs.of_tokens(tokens, self._length, self._slots()), 1)

    def choose(self) -> list[int]:
        # numpy.argmax: the first of several maxima, and NaN is one.
        chosen: list[int] = self._logits.argmax(-1).tolist()
        return chosen

    def top_two(self) -> list[TopTwo]:
        rows = np.arange(len(self._logits))
        best = self._logits.argmax(-1)
        others = self._logits.copy()
        others[rows, best] = -np.inf
        second = others.argmax(-1)
        columns = (best, second, self._logits[rows, best], others[rows, second])
        return [TopTwo(*row) for row in zip(*(column.tolist() for column in columns))]

    def logits(self) -> bytes:
        return bytes(self._logits.tobytes())

    def _slots(self) -> int:
        return 0 if self._cache is None else self._cache.slots

    def _forward(self, inputs: Mapping[str, Array], tokens: int) -> float:
        feeds: dict[str, Value] = {**self._extras, **inputs}
        fetches: dict[str, Value] = {self._graph.logits: None}
        if self._cache is not None:
            self._cache.prepare(feeds, fetches)
        sent = time.perf_counter()
        results = self._session.run(feeds, fetches)
        device_ms = (time.perf_counter() - sent) * 1000
        if self._cache is not None:
            self._cache.advance(tokens, results)
        self._length += tokens
        # Copied where the runtime may write over it in its next pass.
        self._logits = self._session.on_host(results[self._graph.logits])[:, -1].astype(np.float32)
        return device_ms


def chunk_tokens(graph: GraphInterface, prompt: Prompt, wanted: int | None) -> int:
    """Prompt tokens for each pass of the prefill: src/engines/ort/prefill.ts."""
    layout = None if graph.cache is None else graph.cache.layout
    if layout in (None, "shared"):
        return prompt.tokens
    if wanted is not None:
        return min(wanted, prompt.tokens)
    if layout == "append":
        return prompt.tokens
    return min(prompt.tokens, max(LEAST_CHUNK, PREFILL_ROWS // prompt.batch))
