"""The engine torch against transformers itself."""

import os
from array import array
from pathlib import Path
from typing import Any

import pytest
from decoding import ids, rows_of

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from assay_worker.engine import Loaded  # noqa: E402
from assay_worker.engines.torch_engine import TorchEngine  # noqa: E402
from assay_worker.engines.torch_engine.tensors import from_torch, to_torch  # noqa: E402
from assay_worker.failure import WorkerError  # noqa: E402
from assay_worker.frames import Tensor  # noqa: E402
from assay_worker.generation import Generation, generate_tokens, generation_tensors, read_request  # noqa: E402
from assay_worker.parameters import Load  # noqa: E402
from assay_worker.product_type import float32_product_type  # noqa: E402
from assay_worker.serve import Turn  # noqa: E402

TURN = Turn(1, lambda: False, lambda done, total: None)
SIZES = dict(vocab_size=61, hidden_size=32, num_attention_heads=4, num_hidden_layers=3, max_position_embeddings=64)
CONFIGS = {
    "llama": lambda: transformers.LlamaConfig(**SIZES, intermediate_size=48, num_key_value_heads=2),
    # A window shorter than the prompts, so that the cache drops tokens.
    "mistral": lambda: transformers.MistralConfig(
        **SIZES, intermediate_size=48, num_key_value_heads=2, sliding_window=6
    ),
    "gpt_neox": lambda: transformers.GPTNeoXConfig(**SIZES, intermediate_size=48, rotary_pct=0.5),
    "gpt2": lambda: transformers.GPT2Config(vocab_size=61, n_embd=32, n_head=4, n_layer=3, n_positions=64),
}


@pytest.fixture(scope="module", params=CONFIGS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(7)
    path: Path = tmp_path_factory.mktemp("models") / request.param
    # Larger than is usual, so that no two logits are close.
    config = CONFIGS[request.param]()
    config.initializer_range = 0.3
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(path)
    return path


def load(path: Path, precision: str = "fp32", device: str = "torch:cpu", **options: Any) -> Loaded:
    options = {"threads": 1, **options}
    return TorchEngine().load(Load("m", device, "huggingface", str(path), precision, None, options))


def generate(path: Path, tensors: dict[str, Tensor], new_tokens: int, chunk: int | None = None, **options: Any) -> Any:
    model = load(path, **options).model
    request = read_request(model, tensors, new_tokens, frozenset(), chunk, keep_top_two=True, keep_logits=True)
    made: Generation = generate_tokens(model, request, TURN)
    assert made.prefill_chunk == min(chunk or 99, request.prompt.tokens)
    assert all(ms > 0 for ms in made.device_ms)
    return generation_tensors(request, made)


PROMPTS = [[5, 9, 33, 2, 60, 8, 1, 17, 25], [0, 0, 0, 0, 3, 14, 15, 9, 26]]
MASK = [[1] * 9, [0] * 4 + [1] * 5]


def independent_logits(path: Path, prompt: list[int], sequence: list[int]) -> Any:
    """Logits after each step, by transformers without a cache: the whole text in one pass."""
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + sequence]), use_cache=False).logits[0]
    return logits[len(prompt) - 1 : -1]


@pytest.mark.parametrize("options", [{}, {"chunk": 4}, {"attn_implementation": "eager"}], ids=str)
def test_a_padded_batch_generates_what_each_row_gives_alone_without_a_cache(checkpoint: Path, options: Any) -> None:
    tensors = generate(checkpoint, {"input_ids": ids(*PROMPTS), "attention_mask": ids(*MASK)}, 12, **options)
    logits = to_torch(tensors["logits"], torch.device("cpu"))
    for row, prompt in enumerate([PROMPTS[0], PROMPTS[1][4:]]):
        chosen = rows_of(tensors["sequences"])[row]
        expected = independent_logits(checkpoint, prompt, chosen)
        assert chosen == expected.argmax(-1).tolist()
        assert torch.linalg.norm(logits[row] - expected) / torch.linalg.norm(expected) < 1e-5
        best_two = [pair for step in expected.topk(2).indices.tolist() for pair in step]
        assert [id for step in rows_of(tensors["top_ids"])[row * 12 :][:12] for id in step] == best_two


def test_a_pass_gives_the_logits_of_transformers_for_the_positions_that_are_wanted(checkpoint: Path) -> None:
    model = load(checkpoint).model
    expected = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)(
        input_ids=torch.tensor(PROMPTS[:1])
    ).logits
    for keep, count in ((0, 9), (1, 1), (4, 4), (99, 9)):
        ready = model.prepare(None, keep, {"input_ids": ids(PROMPTS[0])})
        assert ready.run() > 0
        logits = ready.outputs()["logits"]
        assert (logits.type, logits.shape) == ("f32", (1, count, 61))
        assert torch.allclose(to_torch(logits, torch.device("cpu")), expected[:, -count:], atol=1e-4)


def test_positions_that_the_host_gives_are_used(checkpoint: Path) -> None:
    model = load(checkpoint).model

    def logits(first: int, step: int) -> Any:
        positions = ids([first + step * i for i in range(9)])
        ready = model.prepare(None, 0, {"input_ids": ids(PROMPTS[0]), "position_ids": positions})
        ready.run()
        return to_torch(ready.outputs()["logits"], torch.device("cpu")).clone()

    counted = model.prepare(None, 0, {"input_ids": ids(PROMPTS[0])})
    counted.run()
    assert torch.equal(logits(0, 1), to_torch(counted.outputs()["logits"], torch.device("cpu")))
    assert not torch.allclose(logits(0, 1), logits(0, 3), atol=1e-2)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_placement_says_in_what_was_computed(checkpoint: Path, precision: str) -> None:
    loaded = load(checkpoint, precision)
    assert loaded.placement is not None
    assert loaded.placement["computedIn"] == [precision]
    assert "evidence" not in loaded.placement
    products = [row for row in loaded.placement["operators"] if row["operator"] in ("linear", "addmm")]
    assert products and {(row["type"], row["provider"]) for row in products} == {(precision, "cpu")}
    assert loaded.settings["float32_matmul_precision"] == "highest"
    assert loaded.settings["threads"] == "1"
    ready = loaded.model.prepare(None, 0, {"input_ids": ids(PROMPTS[0])})
    ready.run()
    assert ready.outputs()["logits"].type == "f32"


def test_reduced_float32_products_are_told_with_the_property_and_the_way_out(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine's CPU has no TF32: its products are rounded here as those of one that has."""
    linear = torch.nn.functional.linear

    def rounded(x: Any, w: Any, *bias: Any) -> Any:
        bits = (x.view(torch.int32) + (1 << 12)) & ~((1 << 13) - 1)
        return linear(bits.view(torch.float32), w, *bias)

    monkeypatch.setattr("torch.nn.functional.linear", rounded)
    torch.set_float32_matmul_precision("high")
    try:
        placement = load(checkpoint).placement
        assert placement is not None
        assert placement["computedIn"] == ["tf32"]
        assert placement["evidence"] == "torch.get_float32_matmul_precision() is high"
        assert placement["remedy"] == "options: { torch: { tf32: false } }"
        load(checkpoint, tf32=False)
        assert torch.get_float32_matmul_precision() == "highest"
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    ("bits", "largest", "type"), [(23, 3e38, "fp32"), (10, 3e38, "tf32"), (10, 65504, "fp16"), (7, 3e38, "bf16")]
)
def test_the_type_of_products_shows_in_what_they_hold(bits: int, largest: float, type: str) -> None:
    def is_exact(value: float) -> bool:
        return value <= largest and (value * 2**bits).is_integer()

    assert float32_product_type(is_exact) == type


def test_a_checkpoint_that_lacks_weights_is_refused_and_not_filled_with_random_ones(
    checkpoint: Path, tmp_path: Path
) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    weights = safetensors.load_file(checkpoint / "model.safetensors")
    lost = min(name for name in weights if "weight" in name and ".1." in name)
    del weights[lost]
    safetensors.save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    (tmp_path / "config.json").write_text((checkpoint / "config.json").read_text())
    with pytest.raises(WorkerError, match=f"lacks 1 of the model's weights, .*{lost.split('.')[-2]}") as raised:
        load(tmp_path)
    assert raised.value.code == "invalid-request"


def refused(path: Path, **change: Any) -> tuple[str, str]:
    with pytest.raises(WorkerError) as raised:
        load(path, **change)
    return raised.value.code, str(raised.value)


def test_what_torch_cannot_do_here_is_unsupported(checkpoint: Path, tmp_path: Path) -> None:
    assert refused(checkpoint, precision="int8") == ("unsupported", "torch takes fp32, fp16, bf16, not int8")
    code, message = refused(checkpoint, device="torch:warp:0")
    assert (code, "knows no device warp:0" in message) == ("unsupported", True)
    if not torch.cuda.is_available():
        code, message = refused(checkpoint, device="torch:cuda:0")
        assert (code, message) == ("unsupported", f"torch {torch.__version__} has no cuda:0 here")
    (tmp_path / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForMaskedLM"]}')
    code, message = refused(tmp_path)
    assert (code, "not BertForMaskedLM" in message) == ("unsupported", True)


def test_a_wrong_request_is_told_apart(checkpoint: Path, tmp_path: Path) -> None:
    assert refused(checkpoint, device="ort:cpu")[0] == "invalid-request"
    assert refused(tmp_path) == ("invalid-request", f"{tmp_path} holds no config.json")
    assert refused(checkpoint, tf23=True) == (
        "invalid-request",
        "no option is named tf23 (threads, tf32, compile, attn_implementation, channels_last)",
    )
    for wrong in ({"threads": 0}, {"threads": "two"}, {"tf32": "yes"}, {"attn_implementation": 7}):
        assert refused(checkpoint, **wrong)[0] == "invalid-request"


def test_running_out_of_memory_has_a_code_of_its_own(checkpoint: Path) -> None:
    from assay_worker.failure import worker_error

    assert worker_error(torch.OutOfMemoryError("CUDA out of memory"), "run").code == "out-of-memory"
    with pytest.raises(RuntimeError) as raised:  # the CPU's allocator
        torch.empty(1 << 55, dtype=torch.uint8)
    assert worker_error(raised.value, "run").code == "out-of-memory"


def test_the_cpu_is_a_device_with_what_it_computes_in() -> None:
    devices = TorchEngine().describe().devices
    assert devices[0]["id"] == "torch:cpu"
    assert devices[0]["precisions"][0] == "fp32"
    assert devices[0]["dialect"] is None
    assert devices[0]["memoryBytes"] > 1 << 28


def test_every_type_of_tensor_keeps_its_bytes() -> None:
    from assay_worker.engines.torch_engine.tensors import DTYPES

    for type in DTYPES:
        size = torch.empty(0, dtype=DTYPES[type]).element_size()
        tensor = Tensor(type, (2, 3), bytes(i % 2 for i in range(6 * size)))
        back = from_torch(to_torch(tensor, torch.device("cpu")))
        assert (back.type, back.shape, bytes(back.data)) == (type, tensor.shape, bytes(tensor.data))
    turned = from_torch(torch.arange(6, dtype=torch.int64).reshape(2, 3).T)
    assert (turned.shape, array("q", bytes(turned.data)).tolist()) == ((3, 2), [0, 3, 1, 4, 2, 5])
    assert from_torch(torch.empty(2, 0)).shape == (2, 0)


@pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("ASSAY_COMPILE")), reason="compiling takes a minute: ASSAY_COMPILE=1"
)
def test_a_compiled_model_generates_the_same(tmp_path: Path) -> None:
    config = CONFIGS["llama"]()
    config.num_hidden_layers = 1  # a graph of three takes three times as long to compile
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    prompt = {"input_ids": ids(PROMPTS[0])}
    plain, compiled = generate(tmp_path, prompt, 4), generate(tmp_path, prompt, 4, compile=True)
    assert bytes(plain["sequences"].data) == bytes(compiled["sequences"].data)
