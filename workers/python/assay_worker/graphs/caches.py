"""The key/value cache of a graph, by the layout that its interface names."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..interface import CacheLayout
from .session import Session, Value
from .values import DTYPES, Array

# FusedMatMul of onnxruntime 1.30 divides by zero (SIGFPE) where a past is empty.
LEAST_SLOTS = 1


class Cache(Protocol):
    # Slots in use, and slots of the past that a pass is fed, empty ones included.
    length: int
    slots: int

    def prepare(self, feeds: dict[str, Value], fetches: dict[str, Value]) -> None:
        """Puts the past into `feeds` and the wanted present into `fetches`."""

    def advance(self, tokens: int, results: Mapping[str, Value]) -> None:
        """Takes what a pass gave."""


def create_cache(layout: CacheLayout, session: Session, batch: int, expected: int) -> Cache:
    """An empty cache for `batch` rows; a shared one has room for `expected` slots."""
    if layout.layout == "append":
        return AppendCache(layout, session, batch)
    if layout.layout == "shared":
        return SharedCache(layout, session, batch, expected)
    return RowsCache(layout, batch)


class AppendCache:
    """The present of one pass is the past of the next."""

    def __init__(self, layout: CacheLayout, session: Session, batch: int) -> None:
        self._layout = layout
        self.length = self.slots = 0
        shape = (batch, layout.heads, 0, layout.head_dim)
        self._pasts: list[Value] = [session.zeros(layout.type, shape) for _ in layout.tensors]

    def prepare(self, feeds: dict[str, Value], fetches: dict[str, Value]) -> None:
        for pair, past in zip(self._layout.tensors, self._pasts):
            feeds[pair.past] = past
            fetches[pair.present] = None

    def advance(self, tokens: int, results: Mapping[str, Value]) -> None:
        self._pasts = [results[pair.present] for pair in self._layout.tensors]
        self.length = self.slots = self.length + tokens


class SharedCache:
    """One buffer for each tensor, past and present at once; it has room for the whole generation from its beginning."""

    def __init__(self, layout: CacheLayout, session: Session, batch: int, expected: int) -> None:
        self._layout = layout
        self.length = 0
        self.slots = round_up(expected, layout.step)
        shape = (batch, layout.heads, self.slots, layout.head_dim)
        self._buffers: list[Value] = [session.zeros(layout.type, shape) for _ in layout.tensors]

    def prepare(self, feeds: dict[str, Value], fetches: dict[str, Value]) -> None:
        for pair, buffer in zip(self._layout.tensors, self._buffers):
            feeds[pair.past] = fetches[pair.present] = buffer

    def advance(self, tokens: int, results: Mapping[str, Value]) -> None:
        self._buffers = [results[pair.present] for pair in self._layout.tensors]
        self.length += tokens


class RowsCache:
    """One buffer [tensors, batch, heads, slots, headDim] in the host's memory, into which this loop writes the new rows of every pass.

    Slots that are not in use hold zeros. It begins small, so that the beginning of a prompt looks at few empty slots.
    """

    def __init__(self, layout: CacheLayout, batch: int) -> None:
        self._layout = layout
        self._batch = batch
        self.length = 0
        self.slots = LEAST_SLOTS
        self._buffer = self._zeros()

    def prepare(self, feeds: dict[str, Value], fetches: dict[str, Value]) -> None:
        for pair, past in zip(self._layout.tensors, self._buffer):
            feeds[pair.past] = past[:, :, None]
            fetches[pair.present] = None

    def advance(self, tokens: int, results: Mapping[str, Value]) -> None:
        """The one output holds rows [tokens, batch, tensors * heads * headDim]."""
        if self.length + tokens > self.slots:
            self._grow(round_up(self.length + tokens, self._layout.step))
        layout = self._layout
        shape = (tokens, self._batch, len(layout.tensors), layout.heads, layout.head_dim)
        rows = results[layout.tensors[0].present].reshape(shape)
        self._buffer[:, :, :, self.length : self.length + tokens] = rows.transpose(2, 1, 3, 0, 4)
        self.length += tokens

    def _grow(self, slots: int) -> None:
        old = self._buffer
        self.slots = slots
        self._buffer = self._zeros()
        self._buffer[:, :, :, : self.length] = old[:, :, :, : self.length]

    def _zeros(self) -> Array:
        layout = self._layout
        shape = (len(layout.tensors), self._batch, layout.heads, self.slots, layout.head_dim)
        return np.zeros(shape, DTYPES[layout.type])


def round_up(slots: int, step: int) -> int:
    return max(1, -(-slots // step)) * step
