"""What really runs: the operators of one small pass, as torch's dispatcher sees them."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

TYPE_NAMES = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16", torch.float64: "fp64"}
# Which argument of an operator holds the rows whose length is that of the sums.
PRODUCTS = {"linear": 0, "mm": 0, "bmm": 0, "matmul": 0, "addmm": 1, "baddbmm": 1, "_addmm_activation": 1}
ATTENTION = "scaled_dot_product"
FILTER = "conv"


class Operators(TorchDispatchMode):  # type: ignore[misc]
    """Counts the operators that run within it, and the multiplications of its matrix products by type."""

    def __init__(self) -> None:
        super().__init__()
        # (operator, type, device)
        self.nodes: Counter[tuple[str, str, str]] = Counter()
        # (kind of product, type)
        self.work: defaultdict[tuple[str, str], int] = defaultdict(int)

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        first = result[0] if isinstance(result, tuple | list) and result else result
        if isinstance(first, torch.Tensor) and not function.is_view:
            name = function.overloadpacket.__name__
            type = TYPE_NAMES.get(first.dtype, str(first.dtype).removeprefix("torch."))
            self.nodes[(name, type, first.device.type)] += 1
            self.work["filter" if FILTER in name else "matrix", type] += multiplications(name, args, first)
        return result


def multiplications(name: str, args: tuple[Any, ...], result: torch.Tensor) -> int:
    """Of a matrix product; 0 for every other operator."""
    elements = int(result.numel())
    if name in PRODUCTS:
        return elements * int(args[PRODUCTS[name]].shape[-1])
    if ATTENTION in name:
        return 2 * elements * int(args[1].shape[-2])  # scores and values
    if FILTER in name:
        return elements * int(math.prod(args[1].shape[1:]))
    return 0


def observe_placement(make_pass: Callable[[], object], float32_products: Mapping[str, str]) -> dict[str, Any]:
    """`float32_products` has the types in which the device multiplies float32 matrices (`matrix`) and filters (`filter`)."""
    with Operators() as seen:
        make_pass()
    operators = [
        {"operator": name, "type": type, "provider": provider, "nodes": nodes}
        for (name, type, provider), nodes in seen.nodes.items()
    ]
    work: Counter[str] = Counter()
    for (kind, type), multiplied in seen.work.items():
        if multiplied > 0:
            work[float32_products.get(kind, type) if type == "fp32" else type] += multiplied
    return {"operators": operators, "computedIn": [type for type, _ in work.most_common()]}
