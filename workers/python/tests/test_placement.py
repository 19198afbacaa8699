"""The profile of onnxruntime as a placement: the cases of src/engines/ort/placement.test.ts."""

import json
from typing import Any

import pytest
from assay_worker.engines.ort_python.placement import parse_profile

A = {"float": [1, 4, 64]}
HALF = {"float16": [1, 4, 64]}


def event(
    operator: str, inputs: list[Any], outputs: list[Any], dur: int, provider: str = "CPUExecutionProvider"
) -> Any:
    args = {"op_name": operator, "provider": provider, "input_type_shape": inputs, "output_type_shape": outputs}
    return {"cat": "Node", "dur": dur, "name": f"{operator}_0_kernel_time", "args": args}


def parse(asked: str, *events: Any) -> dict[str, Any]:
    return parse_profile(json.dumps([{"cat": "Session", "dur": 9, "name": "model_run", "args": {}}, *events]), asked)


def test_a_graph_of_fp16_that_was_computed_in_fp32_shows_it() -> None:
    product = event("MatMul", [A, {"float": [64, 64]}], [A], 90)
    placement = parse("fp16", event("Cast", [HALF], [A], 5), product, product, event("Cast", [A], [HALF], 5))
    assert placement["computedIn"] == ["fp32"]
    assert placement["operators"] == [
        {"operator": "Cast", "type": "fp32", "provider": "CPUExecutionProvider", "nodes": 1},
        {"operator": "MatMul", "type": "fp32", "provider": "CPUExecutionProvider", "nodes": 2},
        {"operator": "Cast", "type": "fp16", "provider": "CPUExecutionProvider", "nodes": 1},
    ]


def test_packed_weights_are_named_by_their_bits_and_the_type_with_most_work_comes_first() -> None:
    placement = parse(
        "fp16",
        event("MatMul", [A, {"float": [64, 64]}], [A], 10),
        event("MatMulNBits", [A, {"uint8": [64, 2, 16]}, {"float": [128]}], [A], 30),
        event("MatMulNBits", [A, {"uint8": [64, 2, 32]}, {"float": [128]}], [A], 20),
        event("DynamicQuantizeMatMul", [A, {"int8": [64, 64]}], [A], 15),
    )
    assert placement["computedIn"] == ["int8", "int4", "fp32"]


def test_what_fell_back_to_another_provider_has_a_row_of_its_own() -> None:
    placement = parse("fp32", event("Add", [A, A], [A], 1, "CUDAExecutionProvider"), event("Add", [A, A], [A], 1))
    assert [row["provider"] for row in placement["operators"]] == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert placement["computedIn"] == []


@pytest.mark.parametrize(
    ("inputs", "asked", "type"),
    [
        ([A, {"float": [1536]}], "int8", "int8"),
        ([A, {"float": [1536]}], "fp32", "packed integers"),
        ([A, {"float": [64, 18]}, {"uint8": [64, 9]}], "int8", "int4"),
        ([A, {"float": [64, 5]}, {"uint8": [64, 3]}], "int8", "int4"),  # half a byte of padding
        ([A, {"float": [64, 18]}, {"uint8": [64, 18]}], "int4", "int8"),
        ([A, {"uint8": [64, 2, 16]}, {"float": [64, 2]}], "int4-symmetric", "int4-symmetric"),
        ([A, {"float": [64, 2]}], "int4-symmetric", "int4-symmetric"),
        ([A, {"uint8": [64, 2, 16]}, {"float": [64, 2]}], "int8", "int4"),
    ],
)
def test_the_width_of_weights_is_read_from_what_is_left_of_them(inputs: list[Any], asked: str, type: str) -> None:
    assert parse(asked, event("MatMulNBits", inputs, [A], 30))["computedIn"] == [type]
