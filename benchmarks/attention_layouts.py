"""
What one decode step's attention takes on onnxruntime's CPU provider, by how the cache is laid out and read: 30 layers of
SmolLM2's sizes (9 query heads over 3 of 64 features, 541 tokens in 576 slots), each with the product before it.

    python attention_layouts.py        needs onnx and onnxruntime; prints a table, judges nothing

    products   the products alone
    rows       what Assay lowers to (docs/decisions/0004): plain products over a cache that the loop keeps
    turned     the same with the keys as [features, slots]
    grouped    the same with each key behind the queries that read it: one reshape less, and the scale left out
    fused      GroupQueryAttention, whose new cache stays inside the graph, and only its new rows come out
"""

import time

import numpy as np
import onnxruntime

from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, KV_HEADS, FEATURES = 30, 9, 3, 64
GROUP, HIDDEN, WIDTH = HEADS // KV_HEADS, HEADS * FEATURES, (HEADS + 2 * KV_HEADS) * FEATURES
SLOTS, FILLED, POSITIONS = 576, 540, 2048
MICROSOFT = "com.microsoft"
ROUNDS, PASSES, WARM_UP = 8, 30, 8
random = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return random.standard_normal(shape).astype(np.float32)


class Builder:
    """Collects a graph together with the values that feed it."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []
        self.feeds: dict[str, np.ndarray] = {}
        self.inputs: list = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def input(self, name: str, value: np.ndarray) -> str:
        kind = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32}[str(value.dtype)]
        self.inputs.append(helper.make_tensor_value_info(name, kind, [None] * value.ndim))
        self.feeds[name] = value
        return name

    def node(self, operator: str, inputs: list[str], *outputs: str, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, list(outputs), domain=domain, **attributes))
        return outputs[0]

    def model(self, output: str):
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (output, "present")]
        graph = helper.make_graph(self.nodes, "attention", self.inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def fused(b: Builder, layer: int, packed: str) -> tuple[str, list[str]]:
    pasts = [b.input(f"{what}{layer}", noise(1, KV_HEADS, SLOTS, FEATURES)) for what in ("past_k", "past_v")]
    sizes = ["last", "total", "cos", "sin"]
    b.node(
        "GroupQueryAttention",
        [packed, "", "", *pasts, *sizes],
        f"mixed{layer}",
        f"k{layer}",
        f"v{layer}",
        domain=MICROSOFT,
        num_heads=HEADS,
        kv_num_heads=KV_HEADS,
        scale=FEATURES**-0.5,
        do_rotary=1,
    )
    rows = [b.node("Slice", [f"{one}{layer}", "start", "end", "axis"], f"new_{one}{layer}") for one in ("k", "v")]
    return f"mixed{layer}", rows


def rows(b: Builder, layer: int, packed: str, turned: bool, grouped: bool) -> tuple[str, list[str]]:
    def node(operator: str, inputs: list[str], *outputs: str, **attributes: object) -> str:
        return b.node(operator, inputs, *[f"{output}{layer}" for output in outputs], **attributes)  # type: ignore[arg-type]

    keys = (FEATURES, SLOTS) if turned else (SLOTS, FEATURES)
    past_k = b.input(f"past_k{layer}", noise(1, KV_HEADS, 1, *keys))
    past_v = b.input(f"past_v{layer}", noise(1, KV_HEADS, 1, SLOTS, FEATURES))
    both = node("Split", [packed, "both_and_v"], "both", "v", axis=-1)
    rotated = node("RotaryEmbedding", [both, "positions", "cos", "sin"], "rotated", domain=MICROSOFT)
    if grouped:
        node("Split", [node("Reshape", [rotated, "as_group"], "group"), "queries_and_key"], "q5", "k5", axis=3)
        new = [f"k5{layer}", node("Reshape", [f"v{layer}", "as_row"], "v5")]
    else:
        node("Split", [rotated, "q_and_k"], "q", "k", axis=-1)
        new = [f"k{layer}", f"v{layer}"]
        node("Reshape", [f"k{layer}", "as_row"], "k5")
        node("Reshape", [f"v{layer}", "as_row"], "v5")
        node("Reshape", [node("Mul", [f"q{layer}", "scale"], "scaled"), "as_heads"], "q5")
    fuse = {"domain": MICROSOFT, "transBatchA": 1}
    past = node("FusedMatMul", [f"q5{layer}", past_k], "past_scores", transB=int(not turned), **fuse)
    own = node("FusedMatMul", [f"q5{layer}", f"k5{layer}"], "own_scores", transB=1, transBatchB=1, **fuse)
    masked = node("Add", [node("Concat", [past, own], "scores", axis=-1), "mask"], "masked")
    node("Split", [node("Softmax", [masked], "weights", axis=-1), "slots_and_own"], "w_past", "w_own", axis=-1)
    mixed = node("MatMul", [f"w_past{layer}", past_v], "mixed_past")
    new_mix = node("FusedMatMul", [f"w_own{layer}", f"v5{layer}"], "mixed_own", domain=MICROSOFT, transBatchB=1)
    turned_back = node("Transpose", [node("Add", [mixed, new_mix], "mixed")], "by_token", perm=[3, 0, 1, 2, 4])
    return node("Reshape", [turned_back, "as_hidden"], "out"), new


def build(kind: str) -> Builder:
    b = Builder()
    value = b.input("x", noise(1, 1, HIDDEN))
    for name in ("cos", "sin"):
        b.constant(name, noise(POSITIONS, FEATURES // 2))
    if kind == "fused":
        b.input("last", np.array([FILLED], np.int32))
        b.input("total", np.array(FILLED + 1, np.int32))
        b.input("start", np.array([FILLED]))
        b.input("end", np.array([FILLED + 1]))
        b.constant("axis", np.array([2]))
    elif kind != "products":
        mask = np.zeros((1, 1, 1, 1, SLOTS + 1), np.float32)
        mask[..., FILLED:SLOTS] = -3e38
        b.input("mask", mask)
        b.input("positions", np.array([[FILLED]]))
        b.input("slots_and_own", np.array([SLOTS, 1]))
        b.constant("scale", np.float32(FEATURES**-0.5))
        for name, sizes in {
            "both_and_v": [HIDDEN + KV_HEADS * FEATURES, KV_HEADS * FEATURES],
            "q_and_k": [HIDDEN, KV_HEADS * FEATURES],
            "queries_and_key": [GROUP, 1],
            "as_row": [0, 0, KV_HEADS, 1, FEATURES],
            "as_heads": [0, 0, KV_HEADS, GROUP, FEATURES],
            "as_group": [0, 0, KV_HEADS, GROUP + 1, FEATURES],
            "as_hidden": [0, 0, HIDDEN],
        }.items():
            b.constant(name, np.array(sizes))
    present: list[str] = []
    for layer in range(LAYERS):
        weights = b.constant(f"w{layer}", noise(HIDDEN, WIDTH) / np.float32(24))
        packed = b.node("MatMul", [value, weights], f"packed{layer}")
        if kind == "products":
            b.constant(f"cut{layer}", np.array([HIDDEN, WIDTH - HIDDEN]))
            value = b.node("Split", [packed, f"cut{layer}"], f"x{layer}", f"rest{layer}", axis=-1)
            present.append(f"rest{layer}")
        elif kind == "fused":
            value, new = fused(b, layer, packed)
            present += new
        else:
            value, new = rows(b, layer, packed, turned=kind == "turned", grouped=kind == "grouped")
            present += new
    b.node("Concat", present, "present", axis=2 if kind == "grouped" else -1)
    b.nodes.append(helper.make_node("Identity", [value], ["y"]))
    return b


def main() -> None:
    sessions: dict[str, tuple] = {}
    for kind in ("products", "rows", "turned", "grouped", "fused"):
        built = build(kind)
        options = onnxruntime.SessionOptions()
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        model = built.model("y").SerializeToString()
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feeds = {name: onnxruntime.OrtValue.ortvalue_from_numpy(value) for name, value in built.feeds.items()}
        sessions[kind] = (session, feeds, len(built.nodes), [])
    for _ in range(ROUNDS):
        for session, feeds, _, times in sessions.values():
            time.sleep(0.3)  # until the threads of the session before have gone to sleep
            for one in range(PASSES):
                start = time.perf_counter()
                session.run_with_ort_values(None, feeds)
                if one >= WARM_UP:
                    times.append(1000 * (time.perf_counter() - start))
    print("layout     nodes  median ms")
    for kind, (_, _, nodes, times) in sessions.items():
        print(f"{kind:9}  {nodes:5}  {np.median(times):9.2f}")


if __name__ == "__main__":
    main()
