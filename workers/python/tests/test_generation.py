"""The greedy loop and the timed loops, on a model whose answers are known."""

from array import array
from typing import Any

import pytest
from assay_worker.failure import WorkerError
from assay_worker.frames import Tensor
from assay_worker.generation import generate_tokens, generation_tensors, read_request
from assay_worker.measuring import measure
from assay_worker.parameters import parse_measure
from assay_worker.serve import Turn
from decoding import TABLE, TableModel, ids, rows_of

TURN = Turn(1, lambda: False, lambda done, total: None)


def generate(tensors: dict[str, Tensor], new_tokens: int, *stop: int) -> tuple[TableModel, dict[str, Tensor]]:
    model = TableModel()
    request = read_request(model, tensors, new_tokens, frozenset(stop), None, keep_top_two=True, keep_logits=True)
    return model, generation_tensors(request, generate_tokens(model, request, TURN))


def test_each_step_takes_the_highest_logit_and_the_lowest_id_of_several() -> None:
    _, tensors = generate({"input_ids": ids([3, 0])}, 4)
    assert rows_of(tensors["sequences"]) == [[1, 2, 0, 1]]
    assert rows_of(tensors["top_ids"]) == [[1, 3], [2, 3], [0, 2], [1, 3]]
    assert array("f", tensors["top_logits"].data).tolist() == [5, 2, 7, 7, 9, 9, 5, 2]
    assert tensors["top_ids"].shape == tensors["top_logits"].shape == (1, 4, 2)


def test_rows_stay_apart_and_logits_are_by_row_and_step() -> None:
    _, tensors = generate({"input_ids": ids([0], [2])}, 2)
    assert rows_of(tensors["sequences"]) == [[1, 2], [0, 1]]
    assert tensors["logits"].shape == (2, 2, 4)
    assert array("f", tensors["logits"].data).tolist() == [*TABLE[0], *TABLE[1], *TABLE[2], *TABLE[0]]


def test_generation_ends_once_every_row_has_given_a_stop_token() -> None:
    assert rows_of(generate({"input_ids": ids([0])}, 9, 2)[1]["sequences"]) == [[1, 2]]
    # The second row gives 1 a step later; the first one goes on until then.
    assert rows_of(generate({"input_ids": ids([0], [2])}, 9, 1)[1]["sequences"]) == [[1, 2], [0, 1]]


def test_forced_tokens_are_fed_back_and_the_chosen_ones_are_told() -> None:
    model, tensors = generate({"input_ids": ids([0]), "forced_ids": ids([3, 3, 2])}, 3)
    assert model.passes == [[0], [3], [3]]
    assert rows_of(tensors["sequences"]) == [[1, 3, 3]]


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "input_ids is missing"),
        ({"input_ids": Tensor("i32", (1, 1), bytes(4))}, r"input_ids is i32\[1, 1\]"),
        ({"input_ids": Tensor("i64", (1,), bytes(8))}, r"input_ids is i64\[1\]"),
        ({"input_ids": Tensor("i64", (1, 0), b"")}, r"input_ids is i64\[1, 0\]"),
        ({"input_ids": ids([4])}, "input_ids holds 4, and the vocabulary is 4"),
        ({"input_ids": ids([-1])}, "input_ids holds -1"),
        ({"input_ids": ids([0] * 17)}, "17 tokens, and the model knows 16 positions"),
        ({"input_ids": ids([0] * 15)}, "15 [+] 3 tokens, and the model knows 16 positions"),
        ({"input_ids": ids([0]), "attention_mask": ids([1, 1])}, r"attention_mask is i64\[1, 2\]"),
        ({"input_ids": ids([0]), "attention_mask": Tensor("f32", (1, 1), bytes(4))}, r"attention_mask is f32"),
        ({"input_ids": ids([0, 1]), "attention_mask": ids([1, 0])}, "pad on the left"),
        ({"input_ids": ids([0]), "position_ids": ids([0])}, "position_ids belong to run"),
        ({"input_ids": ids([0]), "position_ids": ids([16])}, "position_ids holds 16"),
        ({"input_ids": ids([0]), "position_ids": ids([0, 1])}, r"position_ids is i64\[1, 2\]"),
        ({"input_ids": ids([0]), "pixel_values": ids([0])}, "no input pixel_values"),
        ({"input_ids": ids([0]), "forced_ids": ids([0, 1])}, r"forced_ids is i64\[1, 2\], and must be i64\[1, 3\]"),
    ],
)
def test_a_wrong_prompt_is_refused_by_name(tensors: dict[str, Tensor], message: str) -> None:
    with pytest.raises(WorkerError, match=message) as raised:
        generate(tensors, 3)
    assert raised.value.code == "invalid-request"


def test_an_interrupt_is_seen_between_tokens() -> None:
    model = TableModel()
    turn = Turn(1, lambda: len(model.passes) == 2, lambda done, total: None)
    request = read_request(model, {"input_ids": ids([0])}, 5, frozenset(), None)
    with pytest.raises(WorkerError, match="interrupted after 2 of 5 tokens"):
        generate_tokens(model, request, turn)


def measured(workload: str, **params: object) -> tuple[TableModel, dict[str, Any], dict[str, Tensor]]:
    model = TableModel()
    asked = {
        "handle": "m",
        "newTokens": 0,
        "warmup": 2,
        "repetitions": 3,
        "budgetMs": 1e9,
        "workload": workload,
        **params,
    }
    tensors = {"input_ids": ids([0], [2])} if workload == "generate" else {}
    result, out = measure(model, parse_measure(asked), tensors, TURN)
    return model, result, out


def test_a_measured_generation_has_its_clocks_and_the_tokens_of_every_sample() -> None:
    model, result, tensors = measured("generate", newTokens=2)
    assert len(model.passes) == (2 + 3) * 2
    assert model.windows == 1
    assert tensors["sequences"].shape == (3, 2, 2)
    assert rows_of(tensors["sequences"]) == [[1, 2], [0, 1]] * 3
    assert result["peakMemoryBytes"] == 4096
    assert result["prefillChunk"] == 1
    for sample in result["generations"]:
        assert sample["deviceMs"] == [1.5, 1.5]
        assert len(sample["selectMs"]) == 2
        assert 0 <= sample["tokenMs"][0] <= sample["tokenMs"][1]


def test_a_measured_pass_gives_each_time_and_the_last_outputs_without_the_warm_up() -> None:
    _, result, tensors = measured("forward")
    assert result["forwardMs"] == [3.0, 4.0, 5.0]
    assert bytes(tensors["made"].data) == b"\x05"


def test_a_spent_budget_leaves_one_sample() -> None:
    _, result, tensors = measured("generate", newTokens=1, warmup=0, budgetMs=0)
    assert len(result["generations"]) == 1
    assert tensors["sequences"].shape == (1, 2, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"workload": "train"},
        {"workload": "generate", "newTokens": 0},
        {"repetitions": 0},
        {"warmup": -1},
        {"budgetMs": -1},
        {"budgetMs": "soon"},
        {"prefillChunk": 0},
        {"handle": 7},
        {"warmup": 1.5},
        {"warmup": True},
    ],
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WorkerError) as raised:
        measured(**{"workload": "forward", **wrong})
    assert raised.value.code == "invalid-request"
