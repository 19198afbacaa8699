"""What timm computes with the real EfficientNet-Lite0 on two seeded images.

Usage: efficientnet_golden.py DIRECTORY GOLDEN. Writes case/images.0/in/pixel_values [2, 3, 224, 224] and
case/images.0/out/logits [2, 1000].
"""

import json
import sys
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file, save_file


def main(directory: Path, golden: Path) -> None:
    architecture = json.loads((directory / "config.json").read_text())["architecture"]
    model = timm.create_model(architecture)
    model.load_state_dict(load_file(directory / "model.safetensors"))
    model.eval()
    torch.manual_seed(3)
    pixels = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        logits = model(pixels)
    save_file(
        {"case/images.0/in/pixel_values": pixels, "case/images.0/out/logits": logits.contiguous()},
        golden,
        metadata={
            "format": "assay-golden-1",
            "model": architecture,
            "fingerprint": "",
            "producer": "timm",
            "precision": "fp32",
        },
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
