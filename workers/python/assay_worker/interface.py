"""How a language model's graph is driven: the `interface` of a load call (docs/protocol.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .failure import invalid

ROLES = ("input-ids", "attention-mask", "slot-mask", "position-ids", "last-index", "total-length", "logits-to-keep")
LAYOUTS = ("shared", "rows", "append")
CACHE_TYPES = ("f32", "f16", "bf16")


@dataclass(frozen=True)
class CacheTensor:
    past: str
    present: str


@dataclass(frozen=True)
class CacheLayout:
    layout: str
    type: str
    heads: int
    head_dim: int
    # Slots by which a shared buffer, or the buffer of rows, grows.
    step: int
    tensors: tuple[CacheTensor, ...]


@dataclass(frozen=True)
class GraphInterface:
    roles: Mapping[str, str]
    cache: CacheLayout | None
    logits: str
    vocabulary: int
    positions: int

    def has(self, role: str) -> bool:
        return role in self.roles.values()


def parse_interface(value: object) -> GraphInterface:
    """Raises WorkerError `invalid-request` naming what is wrong."""
    if not isinstance(value, dict):
        raise invalid("interface must be an object, or null")
    roles = value.get("roles")
    if not isinstance(roles, dict) or not all(role in ROLES for role in roles.values()):
        raise invalid(f"interface.roles must map names to roles ({', '.join(ROLES)})")
    cache = value.get("cache")
    return GraphInterface(
        roles=roles,
        cache=None if cache is None else _parse_cache(cache),
        logits=_text(value, "logits"),
        vocabulary=_size(value, "vocabulary"),
        positions=_size(value, "positions"),
    )


def _parse_cache(value: object) -> CacheLayout:
    if not isinstance(value, dict) or value.get("layout") not in LAYOUTS or value.get("type") not in CACHE_TYPES:
        raise invalid(
            f"interface.cache must have a layout ({', '.join(LAYOUTS)}) and a type ({', '.join(CACHE_TYPES)})"
        )
    tensors = value.get("tensors")
    if not isinstance(tensors, list) or not all(isinstance(tensor, dict) for tensor in tensors):
        raise invalid("interface.cache.tensors must be a list of pairs of past and present")
    return CacheLayout(
        layout=value["layout"],
        type=value["type"],
        heads=_size(value, "heads"),
        head_dim=_size(value, "headDim"),
        step=_size(value, "step"),
        tensors=tuple(CacheTensor(_text(tensor, "past"), _text(tensor, "present")) for tensor in tensors),
    )


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise invalid(f"interface: {name} must be a string, and is {text!r}")
    return text


def _size(value: Mapping[str, Any], name: str) -> int:
    size = value.get(name)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise invalid(f"interface: {name} must be a positive whole number, and is {size!r}")
    return size
