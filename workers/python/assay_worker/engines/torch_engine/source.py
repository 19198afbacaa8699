"""A directory in Hugging Face's layout, and how its model is wanted."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ...failure import invalid
from .settings import Options


@dataclass(frozen=True)
class Source:
    path: str
    # What config.json says.
    config: Mapping[str, Any]
    dtype: torch.dtype
    device: torch.device
    options: Options

    @property
    def type(self) -> str:
        """`model_type` of Hugging Face, else `architecture` of timm; empty where config.json says neither."""
        return str(self.config.get("model_type") or self.config.get("architecture") or "")

    @property
    def architectures(self) -> list[str]:
        """The names of transformers' classes, where config.json has them."""
        return list(self.config.get("architectures") or [])

    def place(self, network: Any) -> Any:
        """A network as it is wanted: on the device, in the type, in the layout of memory, and never trained."""
        placed = network.to(device=self.device, dtype=self.dtype)
        if self.options.channels_last:
            placed = placed.to(memory_format=torch.channels_last)
        return placed.eval().requires_grad_(False)


def read_config(path: str) -> dict[str, Any]:
    """Raises WorkerError `invalid-request` where there is none."""
    file = os.path.join(path, "config.json")
    if not os.path.isfile(file):
        raise invalid(f"{path} holds no config.json")
    with open(file, encoding="utf-8") as opened:
        try:
            config = json.load(opened)
        except ValueError as error:
            raise invalid(f"{file} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise invalid(f"{file} holds no object")
    return config
