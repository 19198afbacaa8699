"""Fills the inputs of a graph that have a role, pass after pass."""

from collections.abc import Sequence

import numpy as np

from ..engine import Prompt
from ..interface import GraphInterface
from .values import Array, to_array


class RoleInputs:
    def __init__(self, graph: GraphInterface, prompt: Prompt, new_tokens: int) -> None:
        self._roles = graph.roles
        self._batch, self._tokens = prompt.batch, prompt.tokens
        self._ids = to_array(prompt.ids)
        self._real = np.frombuffer(prompt.mask, np.uint8).reshape(prompt.batch, prompt.tokens).astype(np.int64)
        # What is generated is real.
        self._mask = np.concatenate([self._real, np.ones((prompt.batch, new_tokens), np.int64)], axis=1)
        if prompt.positions is None:
            # transformers: attention_mask.cumsum(-1) - 1, and here 0 where a row is padded.
            self._positions: Array = np.maximum(self._real.cumsum(-1) - 1, 0) * self._real
        else:
            self._positions = to_array(prompt.positions)
        # The position that each row's next token has: the number of its real tokens.
        self._next = self._real.sum(-1, keepdims=True)

    def of_prompt(self, begin: int, end: int, slots: int, keep: int) -> dict[str, Array]:
        """A pass over the prompt's tokens [begin, end) behind a past of `slots` slots, with logits of its last `keep`."""

        def value(role: str) -> Array:
            if role == "input-ids":
                return np.ascontiguousarray(self._ids[:, begin:end])
            if role == "position-ids":
                return np.ascontiguousarray(self._positions[:, begin:end])
            if role == "last-index":
                return (end - 1 - self._real[:, :end][:, ::-1].argmax(-1)).astype(np.int32)
            return self._shared(role, begin, end, slots, keep)

        return {name: value(role) for name, role in self._roles.items()}

    def of_tokens(self, tokens: Sequence[int], past: int, slots: int) -> dict[str, Array]:
        """A pass over one token for each row, `past` tokens into a cache of `slots`."""

        def value(role: str) -> Array:
            if role == "input-ids":
                return np.array(tokens, np.int64)[:, None]
            if role == "position-ids":
                return self._next + (past - self._tokens)
            if role == "last-index":
                return np.full(self._batch, past, np.int32)
            return self._shared(role, past, past + 1, slots, 1)

        return {name: value(role) for name, role in self._roles.items()}

    def _shared(self, role: str, begin: int, end: int, slots: int, keep: int) -> Array:
        if role == "attention-mask":
            return np.ascontiguousarray(self._mask[:, :end])
        if role == "slot-mask":
            mask = np.zeros((self._batch, slots + end - begin), np.int64)
            mask[:, :begin] = self._mask[:, :begin]
            mask[:, slots:] = self._mask[:, begin:end]
            return mask
        if role == "total-length":
            return np.array(end, np.int32)
        return np.array([keep], np.int64)  # logits-to-keep: interface.py refuses every other role
