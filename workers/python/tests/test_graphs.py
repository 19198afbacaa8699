"""Graphs with a cache, on every runtime that takes them, against the definitions of tests/host/fixtures/make_models.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from decoding import ids, rows_of

np = pytest.importorskip("numpy")
ort = pytest.importorskip("onnxruntime")
ov = pytest.importorskip("openvino")

from assay_worker.engine import Prompt  # noqa: E402
from assay_worker.engines.openvino_engine import OpenVinoEngine  # noqa: E402
from assay_worker.engines.openvino_engine.load import what_is_computed  # noqa: E402
from assay_worker.engines.openvino_engine.session import OpenVinoSession  # noqa: E402
from assay_worker.engines.ort_python import OrtPythonEngine  # noqa: E402
from assay_worker.engines.ort_python.session import DeviceSession, HostSession  # noqa: E402
from assay_worker.failure import WorkerError  # noqa: E402
from assay_worker.frames import Tensor  # noqa: E402
from assay_worker.generation import generate_tokens, generation_tensors, read_request  # noqa: E402
from assay_worker.graphs.caches import RowsCache  # noqa: E402
from assay_worker.graphs.model import GraphModel  # noqa: E402
from assay_worker.graphs.roles import RoleInputs  # noqa: E402
from assay_worker.graphs.values import DTYPES, float32_of_bf16, from_array, to_array  # noqa: E402
from assay_worker.interface import CacheLayout, CacheTensor, GraphInterface, parse_interface  # noqa: E402
from assay_worker.memory import open_peak_window  # noqa: E402
from assay_worker.parameters import Load  # noqa: E402
from assay_worker.serve import Turn  # noqa: E402

TURN = Turn(1, lambda: False, lambda done, total: None)
FIXTURES = Path(__file__).parents[3] / "tests" / "host" / "fixtures"
COUNTER = {
    "roles": {"input_ids": "input-ids", "attention_mask": "attention-mask", "keep": "logits-to-keep"},
    "cache": {
        "layout": "append",
        "type": "f32",
        "heads": 1,
        "headDim": 16,
        "step": 64,
        "tensors": [{"past": "past", "present": "present"}],
    },
    "logits": "logits",
    "vocabulary": 16,
    "positions": 64,
}
ATTENTION = {
    "roles": {"input_ids": "input-ids", "last_index": "last-index", "total_length": "total-length"},
    "cache": {
        "layout": "shared",
        "type": "f32",
        "heads": 2,
        "headDim": 16,
        "step": 4,
        "tensors": [{"past": "past_key", "present": "present_key"}, {"past": "past_value", "present": "present_value"}],
    },
    "logits": "logits",
    "vocabulary": 16,
    "positions": 256,
}
PROMPTS = [[3, 1, 4, 1, 5], [0, 0, 9, 2, 6]]
MASK = [[1] * 5, [0, 0, 1, 1, 1]]


def native(name: str) -> Any:
    return ort.InferenceSession(str(FIXTURES / f"{name}.onnx"), providers=["CPUExecutionProvider"])


def on_openvino(name: str) -> Any:
    return OpenVinoSession(
        ov.Core().compile_model(str(FIXTURES / f"{name}.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    )


SESSIONS: dict[str, Callable[[str], Any]] = {
    "host": lambda name: HostSession(native(name)),
    # I/O binding, to the one device that every machine has.
    "bound": lambda name: DeviceSession(native(name), "cpu", 0, ["logits"]),
    "openvino": on_openvino,
}


def model_of(kind: str, name: str, interface: Any) -> GraphModel:
    return GraphModel(SESSIONS[kind](name), parse_interface(interface), open_peak_window)


def generate(model: GraphModel, tensors: dict[str, Tensor], new_tokens: int, chunk: int | None = None) -> Any:
    request = read_request(model, tensors, new_tokens, frozenset(), chunk, keep_top_two=True, keep_logits=True)
    return generation_tensors(request, generate_tokens(model, request, TURN))


def counter_logits(tokens: list[int]) -> list[float]:
    return [2 * tokens.count(v) + (3 if v == (tokens[-1] + 1) % 16 else 0) for v in range(16)]


def counter_continuation(prompt: list[int], new_tokens: int) -> list[int]:
    tokens = list(prompt)
    for _ in range(new_tokens):
        logits = counter_logits(tokens)
        tokens.append(logits.index(max(logits)))
    return tokens[len(prompt) :]


@pytest.mark.parametrize("chunk", [None, 2])
@pytest.mark.parametrize("kind", SESSIONS)
def test_an_appended_cache_gives_the_closed_form_for_padded_rows(kind: str, chunk: int | None) -> None:
    model = model_of(kind, "counter", COUNTER)
    tensors = generate(model, {"input_ids": ids(*PROMPTS), "attention_mask": ids(*MASK)}, 20, chunk)
    expected = [counter_continuation(PROMPTS[0], 20), counter_continuation(PROMPTS[1][2:], 20)]
    assert rows_of(tensors["sequences"]) == expected
    # The highest two by the definition, the lower id first where they tie.
    for step, token in enumerate(expected[0]):
        values = counter_logits([*PROMPTS[0], *expected[0][:step]])
        second = max((id for id in range(16) if id != token), key=lambda id, values=values: (values[id], -id))  # type: ignore[misc]
        assert rows_of(tensors["top_ids"])[step] == [token, second]
        assert to_array(tensors["top_logits"])[0, step].tolist() == [values[token], values[second]]
    logits = to_array(tensors["logits"])
    assert logits[1, -1].tolist() == counter_logits([*PROMPTS[1][2:], *expected[1][:-1]])
    # Once more with the same model: nothing is left of the generation before.
    assert rows_of(generate(model, {"input_ids": ids(PROMPTS[0])}, 20, chunk)["sequences"]) == expected[:1]


@pytest.mark.parametrize("kind", ["host", "bound"])
def test_a_shared_cache_gives_what_the_whole_text_gives_in_one_pass(kind: str) -> None:
    model = model_of(kind, "attention", ATTENTION)
    tensors = generate(model, {"input_ids": ids(*PROMPTS)}, 30)
    whole = [prompt + sequence for prompt, sequence in zip(PROMPTS, rows_of(tensors["sequences"]))]
    ready = model.prepare(None, 31, {"input_ids": ids(*whole)})
    ready.run()
    expected = to_array(ready.outputs()["logits"])[:, :-1]
    assert expected.shape == (2, 30, 16)
    assert np.abs(to_array(tensors["logits"]) - expected).max() < 1e-4
    assert rows_of(tensors["sequences"]) == expected.argmax(-1).tolist()


def test_padding_before_real_tokens_is_unsupported_without_a_mask() -> None:
    model = model_of("host", "attention", ATTENTION)
    with pytest.raises(WorkerError, match="padding before real tokens") as raised:
        model.prepare(None, 0, {"input_ids": ids(*PROMPTS), "attention_mask": ids(*MASK)})
    assert raised.value.code == "unsupported"
    with pytest.raises(WorkerError, match="counts positions itself") as raised:
        model.prepare(None, 0, {"input_ids": ids(*PROMPTS), "position_ids": ids(*PROMPTS)})
    assert raised.value.code == "unsupported"


def test_a_graph_without_a_cache_gives_one_token_and_no_more() -> None:
    graph = {**COUNTER, "cache": None}
    model = GraphModel(HostSession(native("counter")), replace(parse_interface(graph), cache=None), open_peak_window)
    with pytest.raises(WorkerError, match="one token, not more") as raised:
        model.begin(_prompt(), 2, None)
    assert raised.value.code == "unsupported"


def _prompt() -> Prompt:
    return Prompt(1, 1, ids([1]), b"\x01", None, {})


@pytest.mark.parametrize("type", ["f32", "f16"])
def test_a_cache_of_rows_holds_every_row_in_its_slot_and_zeros_behind(type: str) -> None:
    layout = CacheLayout("rows", type, 3, 5, 4, tuple(CacheTensor(f"past{i}", "present") for i in range(4)))
    cache = RowsCache(layout, batch=2)
    rng = np.random.default_rng(3)
    given: list[Any] = []
    for tokens in (1, 6, 1, 1, 9):
        feeds: dict[str, Any] = {}
        fetches: dict[str, Any] = {}
        cache.prepare(feeds, fetches)
        assert set(fetches) == {"present"}
        for index in range(4):
            past = feeds[f"past{index}"]
            assert past.shape == (2, 3, 1, cache.slots, 5) and past.flags["C_CONTIGUOUS"] and past.dtype == DTYPES[type]
            for at, row in enumerate(given):  # [batch, tensors, heads, headDim]
                assert (past[:, :, 0, at] == row[:, index]).all()
            assert (past[:, :, 0, len(given) :] == 0).all()
        rows = rng.normal(size=(tokens, 2, 4 * 3 * 5)).astype(DTYPES[type])
        cache.advance(tokens, {"present": rows})
        given.extend(rows.reshape(tokens, 2, 4, 3, 5))
    assert (cache.length, cache.slots) == (18, 20)


ROLES = {
    "ids": "input-ids",
    "mask": "slot-mask",
    "positions": "position-ids",
    "last": "last-index",
    "total": "total-length",
    "keep": "logits-to-keep",
}


def test_the_inputs_of_a_pass_follow_the_table_of_roles() -> None:
    graph = parse_interface({**ATTENTION, "roles": ROLES})
    prompt = Prompt(2, 5, ids(*PROMPTS), bytes([*MASK[0], *MASK[1]]), None, {})
    inputs = RoleInputs(graph, prompt, new_tokens=4)

    def plain(feeds: dict[str, Any]) -> dict[str, Any]:
        return {name: value.tolist() for name, value in feeds.items()}

    # The first three tokens, behind one slot that is empty.
    assert plain(inputs.of_prompt(0, 3, slots=1, keep=2)) == {
        "ids": [[3, 1, 4], [0, 0, 9]],
        "mask": [[0, 1, 1, 1], [0, 0, 0, 1]],
        "positions": [[0, 1, 2], [0, 0, 0]],
        "last": [2, 2],
        "total": 3,
        "keep": [2],
    }
    # The last two, behind three in four slots.
    assert plain(inputs.of_prompt(3, 5, slots=4, keep=1)) == {
        "ids": [[1, 5], [2, 6]],
        "mask": [[1, 1, 1, 0, 1, 1], [0, 0, 1, 0, 1, 1]],
        "positions": [[3, 4], [1, 2]],
        "last": [4, 4],
        "total": 5,
        "keep": [1],
    }
    # The second generated token: six are in the cache, of eight slots.
    assert plain(inputs.of_tokens([7, 8], past=6, slots=8)) == {
        "ids": [[7], [8]],
        "mask": [[1, 1, 1, 1, 1, 1, 0, 0, 1], [0, 0, 1, 1, 1, 1, 0, 0, 1]],
        "positions": [[6], [4]],
        "last": [6, 6],
        "total": 7,
        "keep": [1],
    }


def test_what_a_pass_of_openvino_gave_is_there_until_the_next_but_one() -> None:
    session = on_openvino("double")
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    first = session.run({"x": x}, {"y": None})["y"]
    second = session.run({"x": first}, {"y": None})["y"]
    assert (session.on_host(first) == 2 * x).all()
    assert (session.on_host(second) == 4 * x).all()


def load(
    engine: str, path: Path, precision: str = "fp32", device: str | None = None, interface: Any = None, **options: Any
) -> Any:
    made: Any = {"ort-python": OrtPythonEngine, "openvino": OpenVinoEngine}[engine]()
    graph: GraphInterface | None = None if interface is None else parse_interface(interface)
    return made.load(Load("m", device or f"{engine}:cpu", "onnx", str(path), precision, graph, options))


@pytest.mark.parametrize("engine", ["ort-python", "openvino"])
def test_a_model_is_fed_by_name_and_says_what_it_takes(engine: str) -> None:
    loaded = load(engine, FIXTURES / "double.onnx")
    assert [value["name"] for value in loaded.inputs] == ["x"]
    assert loaded.inputs[0]["type"] == "f32"
    assert loaded.placement["operators"]
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    ready = loaded.model.prepare(["y"], 0, {"x": from_array(x)})
    assert ready.run() > 0
    assert (to_array(ready.outputs()["y"]) == 2 * x).all()
    wrong = {
        "is missing": {},
        "no input z": {"x": from_array(x), "z": from_array(x)},
        "is f64, and must be f32": {"x": from_array(x.astype(np.float64))},
        r"is \[3, 4\]": {"x": from_array(x[0])},
    }
    for message, tensors in wrong.items():
        with pytest.raises(WorkerError, match=message) as raised:
            loaded.model.prepare(None, 0, tensors)
        assert raised.value.code == "invalid-request"
    with pytest.raises(WorkerError, match="no output w"):
        loaded.model.prepare(["w"], 0, {"x": from_array(x)})
    with pytest.raises(WorkerError, match="no language model"):
        loaded.model.language()


def test_a_model_that_leaves_the_rank_open_takes_any(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    ports = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Neg", ["x"], ["y"])], "g", ports[:1], ports[1:])
    opsets = [onnx.helper.make_opsetid("", 17)]
    (tmp_path / "m.onnx").write_bytes(
        onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    )
    loaded = load("ort-python", tmp_path / "m.onnx")
    for shape in ((), (2, 3)):
        ready = loaded.model.prepare(["y"], 0, {"x": from_array(np.ones(shape, np.float32))})
        ready.run()
        assert (to_array(ready.outputs()["y"]) == -np.ones(shape)).all()


@pytest.mark.parametrize("engine", ["ort-python", "openvino"])
def test_what_cannot_be_loaded_is_told_apart(engine: str, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("invalid-request", {"path": tmp_path / "none.onnx"}),
        ("invalid-request", {"path": FIXTURES / "double.onnx", "no_such_option": 1}),
        ("invalid-request", {"path": FIXTURES / "double.onnx", "device": "ort:cpu"}),
        ("unsupported", {"path": FIXTURES / "double.onnx", "device": f"{engine}:warp"}),
        ("invalid-request", {"path": FIXTURES / "counter.onnx", "interface": ATTENTION}),
    ]
    for code, change in wrong:
        with pytest.raises(WorkerError) as raised:
            load(engine, **change)
        assert (raised.value.code, change) == (code, change)
    with pytest.raises(WorkerError):
        load(engine, tmp_path / "text.onnx")


def test_onnxruntime_tells_that_a_graph_of_fp16_was_computed_in_fp32() -> None:
    placement = load("ort-python", FIXTURES / "half.onnx", "fp16").placement
    assert placement["computedIn"] == ["fp32"]
    assert "Cast" in {row["operator"] for row in placement["operators"]}
    assert {row["provider"] for row in placement["operators"]} == {"CPUExecutionProvider"}


def matmul(folder: Path) -> Path:
    onnx = pytest.importorskip("onnx")
    weights = onnx.numpy_helper.from_array(np.random.default_rng(1).normal(size=(512, 512)).astype(np.float32), "w")
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", 512]) for name in ("x", "y")]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", value[:1], value[1:], [weights]
    )
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9), folder / "m.onnx"
    )
    return folder / "m.onnx"


def error_of(model: Any) -> float:
    x = np.random.default_rng(2).normal(size=(64, 512)).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=(512, 512)).astype(np.float32)
    ready = model.prepare(None, 0, {"x": from_array(x)})
    ready.run()
    expected = x.astype(np.float64) @ weights.astype(np.float64)
    return float(np.linalg.norm(to_array(ready.outputs()["y"]) - expected) / np.linalg.norm(expected))


def test_openvino_says_in_what_it_computes_and_its_numbers_agree(tmp_path: Path) -> None:
    path = matmul(tmp_path)
    plain, asked = load("openvino", path), load("openvino", path, INFERENCE_PRECISION_HINT="f32")
    assert asked.placement["computedIn"] == ["fp32"]
    assert "evidence" not in asked.placement
    assert asked.settings["INFERENCE_PRECISION_HINT"] == "f32"
    assert error_of(asked.model) < 1e-6
    if "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        assert plain.placement["computedIn"] == ["bf16"]
        assert plain.placement["evidence"] == "INFERENCE_PRECISION_HINT is bf16"
        assert plain.placement["remedy"] == "options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }"
        assert error_of(plain.model) > 1e-3
    else:
        assert plain.placement["computedIn"] == ["fp32"]


@pytest.mark.parametrize(
    ("computed", "hint", "asked", "evidence"),
    [
        (["bf16"], "bf16", "fp32", "INFERENCE_PRECISION_HINT is bf16"),
        (["fp32"], "f32", "fp16", "INFERENCE_PRECISION_HINT is f32"),
        (["fp32"], "f32", "fp32", None),
        (["int8"], "bf16", "int8", None),
        (["fp32"], None, "fp16", None),
        ([], "f32", "fp32", None),
    ],
)
def test_evidence_is_there_where_the_type_differs(
    computed: list[str], hint: str | None, asked: str, evidence: str | None
) -> None:
    told = what_is_computed({"operators": [], "computedIn": computed}, hint, asked)
    assert told is not None
    assert told.get("evidence") == evidence
    assert ("remedy" in told) == (evidence is not None)


def test_a_plugin_that_tells_no_nodes_is_judged_by_its_property() -> None:
    assert what_is_computed(None, "f16", "fp32") == {
        "operators": [],
        "computedIn": ["fp16"],
        "evidence": "INFERENCE_PRECISION_HINT is f16",
        "remedy": "options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }",
    }
    assert what_is_computed(None, None, "fp32") is None


def test_tensors_keep_their_bytes_and_bf16_its_values() -> None:
    for type, dtype in DTYPES.items():
        tensor = Tensor(type, (2, 3), bytes(i % 2 for i in range(6 * dtype.itemsize)))
        back = from_array(to_array(tensor))
        assert (back.type, back.shape, bytes(back.data)) == (type, tensor.shape, bytes(tensor.data))
    assert from_array(np.array(5)).shape == ()
    assert from_array(np.empty((2, 0), np.float32)).shape == (2, 0)
    assert float32_of_bf16(np.array([0x3F80, 0xC000, 0x7F80], np.uint16)).tolist() == [1, -2, float("inf")]
    with pytest.raises(WorkerError, match="no bf16"):
        to_array(Tensor("bf16", (1,), bytes(2)))


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        {"roles": []},
        {"roles": {"x": "no-such-role"}},
        {"logits": None},
        {"vocabulary": 0},
        {"positions": "many"},
        {"cache": 7},
        {"cache": {**COUNTER["cache"], "layout": "paged"}},  # type: ignore[dict-item]
        {"cache": {**COUNTER["cache"], "type": "f8"}},  # type: ignore[dict-item]
        {"cache": {**COUNTER["cache"], "heads": 1.5}},  # type: ignore[dict-item]
        {"cache": {**COUNTER["cache"], "tensors": [1]}},  # type: ignore[dict-item]
        {"cache": {**COUNTER["cache"], "tensors": [{"past": "p"}]}},  # type: ignore[dict-item]
    ],
)
def test_an_interface_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(WorkerError) as raised:
        parse_interface({**COUNTER, **wrong} if isinstance(wrong, dict) else wrong)
    assert raised.value.code == "invalid-request"
