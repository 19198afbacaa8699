"""Nothing but products of matrices: what a device gives at most (src/workloads/ceilings/model.ts)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


class Ceiling(nn.Module):  # type: ignore[misc]  # mypy does not read torch's types here
    """A chain of square products behind a tiny embedding and before a tiny head."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width, vocabulary = int(config["hidden_size"]), int(config["vocab_size"])
        self.embed = nn.Embedding(vocabulary, width)
        self.products = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(int(config["products"])))
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Logits [batch, tokens, vocabulary] of ids [batch, tokens]."""
        x = self.embed(input_ids)
        for product in self.products:
            x = product(x)
        return self.head(x)
