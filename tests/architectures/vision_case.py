"""One random vision model as the tests take it: config.json, weights and a golden of a batch of three random images.

`golden.safetensors` has case/images.0/in/pixel_values [3, 3, H, W] and case/images.0/out/logits [3, classes].
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

IMAGES = 3


def randomise(model: torch.nn.Module) -> None:
    """Nothing is left at ones or zeros, and what goes through the layers keeps its size; statistics too are what they are in none."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                fan_in = weight[0].numel()
                scale = 1.0 if "token" in name or "pos" in name else fan_in**-0.5
                weight.copy_(torch.randn_like(weight) * scale)
            else:
                is_scale = name.endswith("weight")
                weight.copy_(float(is_scale) + 0.3 * torch.randn_like(weight))
        for name, statistic in model.named_buffers():
            if name.endswith("running_mean"):
                statistic.copy_(0.3 * torch.randn_like(statistic))
            elif name.endswith("running_var"):
                statistic.copy_(0.5 + 1.5 * torch.rand_like(statistic))


def write_golden(folder: Path, model: Any, height: int, width: int) -> None:
    pixels = torch.randn(IMAGES, 3, height, width)
    with torch.no_grad():
        output = model(pixels)
    logits = output if isinstance(output, torch.Tensor) else output.logits
    save_file(
        {"case/images.0/in/pixel_values": pixels, "case/images.0/out/logits": logits.contiguous()},
        folder / "golden.safetensors",
        metadata={
            "format": "assay-golden-1",
            "model": "random",
            "fingerprint": "",
            "producer": "torch",
            "precision": "fp32",
        },
    )


def write_model(folder: Path, config: dict[str, Any], model: torch.nn.Module) -> None:
    """A model of a library that writes no config.json."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors")
