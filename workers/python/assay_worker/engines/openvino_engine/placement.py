"""What really runs: the nodes of the compiled model, each with the type in which it computes."""

import re
from collections import Counter
from typing import Any

MATRIX_PRODUCT = re.compile(
    r"^(FullyConnected|MatMul|Convolution|Deconvolution|LSTM.*|GRU.*|RNN.*|MHA|ScaledDotProduct.*|Gather.*MatMul)$"
)
# Nodes that only hold or hand on values.
NO_WORK = ("Const", "Input", "Output", "Parameter", "Result")
NAMES = {"f32": "fp32", "f16": "fp16", "f64": "fp64", "i8": "int8", "u8": "int8", "i4": "int4", "u4": "int4"}


def placement_of(compiled: Any, device: str) -> dict[str, Any] | None:
    """None where the plugin does not tell."""
    nodes: Counter[tuple[str, str]] = Counter()
    try:
        for node in compiled.get_runtime_model().get_ops():
            about = node.get_rt_info()
            operator = about["layerType"].astype(str)
            if operator not in NO_WORK:
                nodes[(operator, type_name(about["runtimePrecision"].astype(str)))] += 1
    except (RuntimeError, KeyError):
        return None
    # Their times are not known here; products of one model are of a size.
    products: Counter[str] = Counter()
    for (operator, type), count in nodes.items():
        if MATRIX_PRODUCT.match(operator):
            products[type] += count
    operators = [
        {"operator": operator, "type": type, "provider": device, "nodes": count}
        for (operator, type), count in nodes.items()
    ]
    return {"operators": operators, "computedIn": [type for type, _ in products.most_common()]}


def type_name(name: str) -> str:
    """The protocol's name of a type that OpenVINO names: `f32` is fp32."""
    return NAMES.get(name, name)
