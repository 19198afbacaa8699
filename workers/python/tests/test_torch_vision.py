"""Models of images in the engine torch, against transformers itself and against the definitions."""

import importlib.util
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from decoding import ids

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

from assay_worker.engine import Loaded  # noqa: E402
from assay_worker.engines.torch_engine import TorchEngine  # noqa: E402
from assay_worker.engines.torch_engine.networks import NETWORKS  # noqa: E402
from assay_worker.engines.torch_engine.networks.efficientnet import EfficientNet  # noqa: E402
from assay_worker.engines.torch_engine.tensors import from_torch, to_torch  # noqa: E402
from assay_worker.failure import WorkerError  # noqa: E402
from assay_worker.frames import Tensor  # noqa: E402
from assay_worker.generation import read_request  # noqa: E402
from assay_worker.measuring import measure  # noqa: E402
from assay_worker.parameters import Load, Measure  # noqa: E402
from assay_worker.serve import Turn  # noqa: E402

HOST = torch.device("cpu")
TURN = Turn(1, lambda: False, lambda done, total: None)
CLASSES = 7
CONFIGS = {
    "resnet": lambda: transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[16, 32], depths=[2, 1], layer_type="bottleneck", num_labels=CLASSES
    ),
    "vit": lambda: transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        image_size=32,
        patch_size=8,
        num_labels=CLASSES,
        initializer_range=0.3,
    ),
    "efficientnet": lambda: transformers.EfficientNetConfig(
        width_coefficient=0.25, depth_coefficient=0.3, image_size=32, hidden_dim=320, num_labels=CLASSES
    ),
}


def scatter_norms(network: Any) -> None:
    """Statistics and factors as training would leave them: those of a new network are zeros and ones, which hide mistakes."""
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
        elif value.dim() == 1 and value.is_floating_point():
            value.uniform_(-0.5, 1)


@pytest.fixture(scope="module", params=CONFIGS)
def classifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(7)
    path: Path = tmp_path_factory.mktemp("images") / request.param
    network = transformers.AutoModelForImageClassification.from_config(CONFIGS[request.param]())
    scatter_norms(network)
    network.save_pretrained(path)
    return path


def own_checkpoint(path: Path, config: dict[str, Any], drop: str = "") -> Any:
    """A directory of a network of ours with random weights, without the counts that no pass reads; gives the network."""
    torch.manual_seed(11)
    network = NETWORKS[config.get("model_type") or config["architecture"]](config).eval()
    with torch.no_grad():
        scatter_norms(network)
    weights = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}
    weights.pop(drop, None)
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    safetensors.save_file({name: value.contiguous() for name, value in weights.items()}, path / "model.safetensors")
    return network


YOLO = {
    "model_type": "yolov8",
    "image_size": [64, 96],
    "depth_multiple": 0.33,
    "width_multiple": 0.125,
    "max_channels": 256,
    "reg_max": 8,
    "strides": [8, 16, 32],
    "id2label": {"0": "circle", "1": "square", "2": "star"},
}
LITE = {"architecture": "tf_efficientnet_lite0", "num_classes": CLASSES, "pretrained_cfg": {"input_size": [3, 33, 33]}}
CEILING = {"model_type": "ceiling", "hidden_size": 16, "vocab_size": 8, "products": 3}


def load(path: Path, precision: str = "fp32", **options: Any) -> Loaded:
    options = {"threads": 1, **options}
    return TorchEngine().load(Load("m", "torch:cpu", "huggingface", str(path), precision, None, options))


def images(batch: int, height: int = 32, width: int = 32) -> Any:
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(batch))


def outputs_of(loaded: Loaded, pixels: Any, wanted: list[str] | None = None) -> dict[str, Any]:
    ready = loaded.model.prepare(wanted, 0, {"pixel_values": from_torch(pixels)})
    assert ready.run() > 0
    given = ready.outputs()
    described = {output["name"]: output for output in loaded.outputs}
    for name, tensor in given.items():
        varying = {"batch": pixels.shape[0]}
        shape = tuple(varying.get(size, size) for size in described[name]["shape"])
        assert (tensor.type, tensor.shape) == (described[name]["type"], shape)
    return {name: to_torch(tensor, HOST) for name, tensor in given.items()}


def distance(a: Any, b: Any) -> float:
    return float(torch.linalg.norm(a - b) / torch.linalg.norm(b))


@pytest.mark.parametrize("batch", [1, 3])
def test_a_classifier_gives_the_logits_of_transformers(classifier: Path, batch: int) -> None:
    pixels = images(batch)
    network = transformers.AutoModelForImageClassification.from_pretrained(classifier, dtype=torch.float32).eval()
    with torch.no_grad():
        expected = network(pixel_values=pixels).logits
    loaded = load(classifier)
    assert distance(outputs_of(loaded, pixels)["logits"], expected) < 1e-5
    (described,) = loaded.inputs
    named = "resnet" in str(classifier)  # whose config says no size
    assert described["shape"] == (["batch", 3, "height", "width"] if named else ["batch", 3, 32, 32])


@pytest.mark.parametrize(("precision", "most"), [("fp16", 5e-3), ("bf16", 4e-2)])
def test_half_precision_is_computed_and_its_logits_come_back_as_f32(
    classifier: Path, precision: str, most: float
) -> None:
    pixels = images(2)
    expected = outputs_of(load(classifier), pixels)["logits"]
    loaded = load(classifier, precision)
    assert loaded.placement is not None
    assert loaded.placement["computedIn"] == [precision]
    logits = outputs_of(loaded, pixels)["logits"]
    assert 0 < distance(logits, expected) < most


def test_the_placement_is_of_the_device_alone_and_knows_convolutions(classifier: Path) -> None:
    placement = load(classifier).placement
    assert placement is not None
    assert placement["computedIn"] == ["fp32"]
    assert "evidence" not in placement
    convolutions = [row for row in placement["operators"] if "conv" in row["operator"]]
    assert convolutions and {(row["type"], row["provider"]) for row in convolutions} == {("fp32", "cpu")}
    # The input was there before.
    assert not [row for row in placement["operators"] if row["operator"] in ("zeros", "_to_copy")]


def test_reduced_convolutions_are_told_though_matrix_products_are_whole(
    classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As cuDNN has it by default: this machine's filters are rounded here as those of a device that has TF32."""
    from assay_worker.engines.torch_engine import product_types

    def rounded(x: Any, filters: Any, padding: int) -> Any:
        bits = (x.view(torch.int32) + (1 << 12)) & ~((1 << 13) - 1)
        return torch.nn.functional.conv2d(bits.view(torch.float32), filters, padding=padding)

    monkeypatch.setattr(product_types, "conv2d", rounded)
    placement = load(classifier).placement
    assert placement is not None
    is_filtered = "vit" not in str(classifier)  # most of whose work is products of matrices
    assert placement["computedIn"][0] == ("tf32" if is_filtered else "fp32")
    assert set(placement["computedIn"]) == {"tf32", "fp32"}
    assert placement.get("remedy") == ("options: { torch: { tf32: false } }" if is_filtered else None)


def test_channels_last_computes_the_same(classifier: Path) -> None:
    pixels = images(3)
    loaded = load(classifier, channels_last=True)
    assert loaded.settings["channels_last"] == "True"
    assert distance(outputs_of(loaded, pixels)["logits"], outputs_of(load(classifier), pixels)["logits"]) < 1e-5
    assert "channels_last" not in load(classifier).settings


def test_channels_last_is_how_pixels_and_filters_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_checkpoint(tmp_path, LITE)
    seen: list[bool] = []

    class Spy(EfficientNet):
        def forward(self, pixel_values: Any) -> Any:
            filters = self.conv_head.weight
            seen.append(all(x.is_contiguous(memory_format=torch.channels_last) for x in (pixel_values, filters)))
            return super().forward(pixel_values)

    monkeypatch.setitem(NETWORKS, "tf_efficientnet_lite0", Spy)
    outputs_of(load(tmp_path, channels_last=True), images(2, 33, 33))
    assert seen and all(seen)


def test_yolo_gives_every_anchor_with_the_names_of_the_contract(tmp_path: Path) -> None:
    network = own_checkpoint(tmp_path, YOLO)
    loaded = load(tmp_path)
    pixels = images(2, 64, 96).sigmoid()
    given = outputs_of(loaded, pixels)
    anchors = sum(math.prod(size // stride for size in (64, 96)) for stride in (8, 16, 32))
    assert [output["shape"] for output in loaded.outputs] == [["batch", anchors, 3], ["batch", anchors, 4]]
    with torch.no_grad():
        expected = network(pixels)
    assert list(given) == ["logits", "pred_boxes"]
    assert distance(given["logits"], expected.logits) < 1e-5
    assert distance(given["pred_boxes"], expected.pred_boxes) < 1e-5
    assert list(outputs_of(loaded, pixels, ["pred_boxes"])) == ["pred_boxes"]


def test_timms_config_is_taken_without_timm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "timm" else find(name))
    network = own_checkpoint(tmp_path, LITE)
    pixels = images(2, 33, 33)
    with torch.no_grad():
        assert distance(outputs_of(load(tmp_path), pixels)["logits"], network(pixels)) < 1e-5
    (tmp_path / "config.json").write_text('{"architecture": "convnext_tiny"}')
    code, message = refused(tmp_path)
    assert code == "unsupported"
    assert message.startswith("timm is not installed in ") and message.endswith("-m pip install timm")


def test_faster_rcnn_without_torchvision_is_unsupported_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torchvision" else find(name))
    (tmp_path / "config.json").write_text('{"model_type": "faster_rcnn"}')
    code, message = refused(tmp_path)
    assert code == "unsupported"
    assert message.startswith("torchvision is not installed in ") and message.endswith("-m pip install torchvision")


def test_a_chain_of_products_is_measured_like_a_language_model(tmp_path: Path) -> None:
    network = own_checkpoint(tmp_path, CEILING)
    loaded = load(tmp_path)
    assert loaded.outputs[0]["shape"] == ["batch", "tokens", 8]
    tokens = ids([1, 7, 2])
    ready = loaded.model.prepare(None, 0, {"input_ids": tokens})
    ready.run()
    x = network.state_dict()["embed.weight"][torch.tensor([[1, 7, 2]])]
    for name in ("products.0", "products.1", "products.2", "head"):
        x = x @ network.state_dict()[f"{name}.weight"].T
    assert distance(to_torch(ready.outputs()["logits"], HOST), x) < 1e-5


def test_passes_are_measured_and_the_outputs_of_the_last_come_back(classifier: Path) -> None:
    loaded = load(classifier)
    asked = Measure("m", "forward", 0, warmup=1, repetitions=3, budget_ms=1e9, prefill_chunk=None)
    pixels = images(2)
    result, tensors = measure(loaded.model, asked, {"pixel_values": from_torch(pixels)}, TURN)
    assert len(result["forwardMs"]) == 3 and all(ms > 0 for ms in result["forwardMs"])
    assert result["peakMemoryBytes"] is None or result["peakMemoryBytes"] > 1 << 20
    assert torch.equal(to_torch(tensors["logits"], HOST), outputs_of(loaded, pixels)["logits"])


def refused(path: Path, tensors: dict[str, Tensor] | None = None, wanted: list[str] | None = None) -> tuple[str, str]:
    with pytest.raises(WorkerError) as raised:
        loaded = load(path)
        loaded.model.prepare(wanted, 0, tensors or {})
    return raised.value.code, str(raised.value)


def test_wrong_inputs_are_named(tmp_path: Path) -> None:
    own_checkpoint(tmp_path, YOLO)
    good = Tensor("f32", (1, 3, 64, 96), bytes(4 * 3 * 64 * 96))
    assert refused(tmp_path) == ("invalid-request", "input pixel_values is missing")
    assert refused(tmp_path, {"pixel_values": good, "input_ids": ids([1])}) == (
        "invalid-request",
        "the model has no input input_ids (pixel_values)",
    )
    assert refused(tmp_path, {"pixel_values": good}, ["boxes"]) == (
        "invalid-request",
        "the model has no output boxes (logits, pred_boxes)",
    )
    wanted = "and must be f32[batch, 3, 64, 96]"
    for wrong in (
        Tensor("f32", (1, 3, 96, 64), good.data),
        Tensor("f32", (3, 64, 96), good.data),
        Tensor("f32", (0, 3, 64, 96), b""),
        Tensor("f16", (1, 3, 64, 96), bytes(2 * 3 * 64 * 96)),
    ):
        assert refused(tmp_path, {"pixel_values": wrong}) == ("invalid-request", f"pixel_values is {wrong}, {wanted}")


def test_a_model_of_images_is_no_language_model(tmp_path: Path) -> None:
    own_checkpoint(tmp_path, YOLO)
    with pytest.raises(WorkerError, match="takes pixel_values and is no language model") as raised:
        read_request(load(tmp_path).model, {"input_ids": ids([1])}, 1, frozenset(), None)
    assert raised.value.code == "invalid-request"


def test_a_checkpoint_that_does_not_fit_its_network_is_refused(tmp_path: Path) -> None:
    own_checkpoint(tmp_path, YOLO, drop="model.0.conv.weight")
    assert "lacks 1 of the model's weights, model.0.conv.weight among them" in refused(tmp_path)[1]
    own_checkpoint(tmp_path, CEILING)
    (tmp_path / "config.json").write_text(json.dumps({**CEILING, "products": 2}))
    assert "has 1 weights that the model does not, products.2.weight among them" in refused(tmp_path)[1]
    (tmp_path / "config.json").write_text(json.dumps({**CEILING, "vocab_size": 9}))
    assert "embed.weight is [8, 16]" in refused(tmp_path)[1]
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "ceiling"}))
    assert "its config.json does not describe a ceiling" in refused(tmp_path)[1]
    (tmp_path / "config.json").write_text("[1")
    assert refused(tmp_path)[0] == "invalid-request"


def test_a_classifier_that_lacks_weights_is_refused_but_not_for_the_counts_of_batches(
    classifier: Path, tmp_path: Path
) -> None:
    weights = safetensors.load_file(classifier / "model.safetensors")
    config = (classifier / "config.json").read_text()
    (tmp_path / "config.json").write_text(config)
    kept = {name: value for name, value in weights.items() if "num_batches_tracked" not in name}
    safetensors.save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    pixels = images(1)
    # Where weights lie in memory may change the order of a sum.
    assert distance(outputs_of(load(tmp_path), pixels)["logits"], outputs_of(load(classifier), pixels)["logits"]) < 1e-5
    lost = next(name for name in kept if name.startswith("classifier") and name.endswith("weight"))
    del kept[lost]
    safetensors.save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    assert f"lacks 1 of the model's weights, {lost} among them" in refused(tmp_path)[1]


@pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("ASSAY_COMPILE")), reason="compiling takes a minute: ASSAY_COMPILE=1"
)
def test_a_compiled_model_gives_the_same_at_every_batch_size(tmp_path: Path) -> None:
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=3)
    transformers.AutoModelForImageClassification.from_config(config).save_pretrained(tmp_path)
    plain, compiled = load(tmp_path), load(tmp_path, compile=True)
    assert compiled.settings["compile"] == "inductor, as torch chooses shapes"
    for batch in (1, 2, 5):
        pixels = images(batch)
        assert distance(outputs_of(compiled, pixels)["logits"], outputs_of(plain, pixels)["logits"]) < 1e-5
