"""What really ran, read from the profile of one pass: src/engines/ort/placement.ts says why each line is as it is."""

import json
import math
import re
from collections import Counter, defaultdict
from typing import Any

# Operators, standard and of onnxruntime, whose work is products of matrices.
MATRIX_PRODUCT = re.compile(r"MatMul|Gemm|Conv|Attention|^(LSTM|GRU|RNN|Einsum|DynamicQuantizeLSTM|Q?MoE|QGemm)$")
# Of those, the ones that multiply 8-bit integers whatever the type of their first input.
INTEGER_PRODUCT = re.compile(r"^(MatMulInteger.*|DynamicQuantize.*|QLinear(MatMul|Conv)|ConvInteger|QGemm|QAttention)$")
NAMES = {"float": "fp32", "float16": "fp16", "bfloat16": "bf16", "double": "fp64"}

# One map from an element type to a shape for each input.
Shapes = list[dict[str, list[int]]]


def parse_profile(text: str, asked: str) -> dict[str, Any]:
    """The profile that onnxruntime writes (Chrome's trace format) as a placement of a graph that was built for `asked`."""
    nodes: Counter[tuple[str, str, str]] = Counter()
    work: defaultdict[str, float] = defaultdict(float)
    for event in json.loads(text):
        if event.get("cat") != "Node" or not event.get("name", "").endswith("_kernel_time"):
            continue
        about = event["args"]
        operator = about["op_name"]
        inputs: Shapes = about.get("input_type_shape", [])
        outputs: Shapes = about.get("output_type_shape", [])
        type = compute_type(operator, inputs, outputs, asked)
        nodes[(operator, type, about["provider"])] += 1
        if MATRIX_PRODUCT.search(operator):
            work[type] += event["dur"]
    operators = [
        {"operator": operator, "type": type, "provider": provider, "nodes": count}
        for (operator, type, provider), count in nodes.items()
    ]
    return {"operators": operators, "computedIn": sorted(work, key=lambda type: -work[type])}


def compute_type(operator: str, inputs: Shapes, outputs: Shapes, asked: str) -> str:
    """The type in which a node computed: of weights where they are packed integers, else of its first floating-point input."""
    if INTEGER_PRODUCT.search(operator):
        return "int8"
    if operator == "MatMulNBits":
        return packed_type(inputs, asked)
    # A Cast is named by what it makes: it is how a type that nobody asked for shows.
    candidates = [type for value in (outputs if operator == "Cast" else inputs) for type in value]
    type = next((name for name in candidates if name in NAMES), candidates[0] if candidates else "none")
    return NAMES.get(type, type)


def packed_type(inputs: Shapes, asked: str) -> str:
    """MatMulNBits: A [.., K], B u8 [N, blocks, blob], scales [N, blocks], zeros u8 [N, bytes]; blocks x blob bytes hold K values.

    Weights that were packed at load are no input any more; then the zeros, as many as the scales and of the weights' width, tell.
    """
    packed = inputs[1] if len(inputs) > 1 else {}
    if "uint8" in packed:
        depth = next(iter(inputs[0].values()))[-1]
        _, blocks, blob = packed["uint8"]
        return integer_type(8 * blocks * blob / depth, asked)
    zeros = inputs[2].get("uint8") if len(inputs) > 2 else None
    if zeros is not None and packed:
        return integer_type(8 * math.prod(zeros) / math.prod(next(iter(packed.values()))), asked)
    return asked if asked.startswith("int") else "packed integers"


def integer_type(bits: float, asked: str) -> str:
    """The last block, or byte, may be padded, so that the quotient is a little high."""
    type = f"int{next((width for width in (8, 4, 2) if bits >= width), 4)}"
    return asked if asked.startswith(f"{type}-") else type
