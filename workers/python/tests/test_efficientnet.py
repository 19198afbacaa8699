"""EfficientNet against timm, which lives in another Python: Debian's torch and torchvision beside it."""

import os
import subprocess
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from assay_worker.engines.torch_engine.networks import NETWORKS  # noqa: E402

PYTHON = os.environ.get("ASSAY_VISION_PYTHON")
# Random weights, and statistics as training would leave them; an odd size, so that TensorFlow pads more at the end.
BY_TIMM = """
import sys, torch, timm
from safetensors.torch import save_file
name, size, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.manual_seed(3)
network = timm.create_model(name, num_classes=7).eval()
for key, value in network.state_dict().items():
    if key.endswith("running_var"):
        value.uniform_(0.5, 2)
    elif value.dim() == 1 and value.is_floating_point():
        value.uniform_(-0.5, 1.5)
pixels = torch.randn(2, 3, size, size)
with torch.no_grad():
    logits = network(pixels)
weights = {f"network.{key}": value for key, value in network.state_dict().items()}
save_file({**weights, "pixels": pixels, "logits": logits}, file)
"""


@pytest.mark.skipif(
    not PYTHON, reason="ASSAY_VISION_PYTHON names no Python with timm and safetensors (CONTRIBUTING.md)"
)
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("efficientnet_b0", 64),
        ("tf_efficientnet_b1", 65),
        ("tf_efficientnet_lite0", 97),
        ("tf_efficientnet_lite3", 64),
        ("efficientnetv2_s", 64),
    ],
)
def test_gives_the_logits_of_timm(name: str, size: int, tmp_path: Path) -> None:
    file = tmp_path / "timm.safetensors"
    subprocess.run([str(PYTHON), "-c", BY_TIMM, name, str(size), str(file)], check=True)
    tensors = safetensors.load_file(file)
    network = NETWORKS[name]({"architecture": name, "num_classes": 7}).eval()
    network.load_state_dict({k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")})
    with torch.no_grad():
        logits = network(tensors["pixels"])
    assert torch.linalg.norm(logits - tensors["logits"]) / torch.linalg.norm(tensors["logits"]) < 1e-5


# Parameters as torchvision and timm publish them for 1000 classes.
@pytest.mark.parametrize(
    ("name", "parameters"),
    [("efficientnet_b0", 5_288_548), ("efficientnet_v2_s", 21_458_488), ("efficientnetv2_s", 21_458_488)],
)
def test_has_as_many_parameters_as_published(name: str, parameters: int) -> None:
    with torch.device("meta"):
        network = NETWORKS[name]({"architecture": name})
    assert sum(weight.numel() for weight in network.parameters()) == parameters


def test_the_norms_of_each_publisher_have_its_epsilon() -> None:
    def epsilon(**config: object) -> float:
        with torch.device("meta"):
            return float(NETWORKS[str(config["architecture"])](config).bn1.eps)

    assert epsilon(architecture="efficientnetv2_s") == 1e-5
    assert epsilon(architecture="efficientnet_v2_s") == epsilon(architecture="tf_efficientnet_b0") == 1e-3
    assert epsilon(architecture="efficientnet_b0", batch_norm_eps=1e-4) == 1e-4


def test_a_config_that_changes_what_is_not_read_is_refused() -> None:
    with pytest.raises(ValueError, match="strides is not read"):
        NETWORKS["efficientnet_b0"]({"architecture": "efficientnet_b0", "strides": [1, 1, 1, 1, 1, 1, 1]})
