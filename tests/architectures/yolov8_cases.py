"""Random small YOLOv8s and what plain functions of torch compute with their published weights: config.json, weights and a golden.

Usage: yolov8_cases.py DEST. Each case DEST/N holds a directory and golden.safetensors with case/data.0/in/pixel_values
[2, 3, H, W] and case/data.0/out/logits [2, anchors, classes] and pred_boxes [2, anchors, 4] (centre, width, height in px);
logits_fp16 is what torch itself gives in fp16.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

Weights = dict[str, torch.Tensor]

CASES: list[dict[str, Any]] = [
    # Half of a bottleneck is rounded to the even number; classes decide the head's width.
    {"width_multiple": 0.125, "depth_multiple": 0.75, "max_channels": 1024, "num_labels": 5, "image_size": [64, 96]},
    {"width_multiple": 0.25, "depth_multiple": 0.67, "max_channels": 256, "num_labels": 71, "image_size": 64},
    {
        "width_multiple": 0.2,
        "depth_multiple": 0.25,
        "max_channels": 512,
        "reg_max": 8,
        "num_labels": 3,
        "image_size": [96, 32],
    },
]
STRIDES = [8, 16, 32]


class Random:
    """Weights by name, drawn when they are first asked for."""

    def __init__(self) -> None:
        self.weights: Weights = {}

    def normal(self, name: str, shape: list[int], deviation: float, mean: torch.Tensor | float = 0) -> torch.Tensor:
        return self.weights.setdefault(name, torch.randn(shape) * deviation + mean)

    def uniform(self, name: str, size: int, least: float, most: float) -> torch.Tensor:
        return self.weights.setdefault(name, torch.rand(size) * (most - least) + least)

    def near(self, name: str, values: torch.Tensor) -> torch.Tensor:
        return self.weights.setdefault(name, values * (torch.rand(values.shape) + 0.5))


def conv(w: Random, name: str, x: torch.Tensor, channels: int, kernel: int = 1, stride: int = 1) -> torch.Tensor:
    # So small that the epsilon beside the variance shows.
    deviation = 0.1 * (x.shape[1] * kernel**2) ** -0.5
    filters = w.normal(f"{name}.conv.weight", [channels, x.shape[1], kernel, kernel], deviation)
    x = F.conv2d(x, filters, stride=stride, padding=kernel // 2)
    norm = (
        w.near(f"{name}.bn.running_mean", x.mean((0, 2, 3))),
        w.near(f"{name}.bn.running_var", x.var((0, 2, 3)).mean().expand(channels)),
        w.uniform(f"{name}.bn.weight", channels, 0.6, 1.4),
        w.normal(f"{name}.bn.bias", [channels], 0.3),
    )
    x = F.batch_norm(x, *norm, eps=1e-3)
    return x * torch.sigmoid(x)


def c2f(w: Random, name: str, x: torch.Tensor, channels: int, repeats: int, shortcut: bool) -> torch.Tensor:
    parts = list(conv(w, f"{name}.cv1", x, channels).chunk(2, 1))
    for at in range(repeats):
        y = conv(w, f"{name}.m.{at}.cv1", parts[-1], channels // 2, 3)
        y = conv(w, f"{name}.m.{at}.cv2", y, channels // 2, 3)
        parts.append(parts[-1] + y if shortcut else y)
    return conv(w, f"{name}.cv2", torch.cat(parts, 1), channels)


def sppf(w: Random, name: str, x: torch.Tensor) -> torch.Tensor:
    y = conv(w, f"{name}.cv1", x, x.shape[1] // 2)
    wider = [F.max_pool2d(y, size, 1, size // 2) for size in (5, 9, 13)]
    return conv(w, f"{name}.cv2", torch.cat([y, *wider], 1), x.shape[1])


def branch(
    w: Random, name: str, x: torch.Tensor, channels: int, outputs: int, mean: torch.Tensor | float = 0
) -> torch.Tensor:
    y = conv(w, f"{name}.1", conv(w, f"{name}.0", x, channels, 3), channels, 3)
    filters = w.normal(f"{name}.2.weight", [outputs, channels, 1, 1], channels**-0.5)
    return F.conv2d(y, filters, w.normal(f"{name}.2.bias", [outputs], 0.5, mean))


def forward(w: Random, config: dict[str, Any], pixels: torch.Tensor) -> Weights:
    def width(channels: int) -> int:
        return math.ceil(min(channels, config["max_channels"]) * config["width_multiple"] / 8) * 8

    few, many = (max(1, round(repeats * config["depth_multiple"])) for repeats in (3, 6))
    c1, c2, c3, c4, c5 = (width(channels) for channels in (64, 128, 256, 512, 1024))
    x = conv(w, "model.1", conv(w, "model.0", pixels, c1, 3, 2), c2, 3, 2)
    x = c2f(w, "model.2", x, c2, few, True)
    p3 = c2f(w, "model.4", conv(w, "model.3", x, c3, 3, 2), c3, many, True)
    p4 = c2f(w, "model.6", conv(w, "model.5", p3, c4, 3, 2), c4, many, True)
    p5 = c2f(w, "model.8", conv(w, "model.7", p4, c5, 3, 2), c5, few, True)
    p5 = sppf(w, "model.9", p5)
    n4 = c2f(w, "model.12", torch.cat([F.interpolate(p5, scale_factor=2), p4], 1), c4, few, False)
    n3 = c2f(w, "model.15", torch.cat([F.interpolate(n4, scale_factor=2), p3], 1), c3, few, False)
    n4 = c2f(w, "model.18", torch.cat([conv(w, "model.16", n3, c3, 3, 2), n4], 1), c4, few, False)
    n5 = c2f(w, "model.21", torch.cat([conv(w, "model.19", n4, c4, 3, 2), p5], 1), c5, few, False)
    return detect(w, config, [n3, n4, n5])


def detect(w: Random, config: dict[str, Any], levels: list[torch.Tensor]) -> Weights:
    bins, classes = config.get("reg_max", 16), config["num_labels"]
    finest = levels[0].shape[1]
    of_boxes, of_classes = max(16, finest // 4, 4 * bins), max(finest, min(classes, 100))
    table = w.weights.setdefault("model.22.dfl.conv.weight", torch.arange(bins).float().view(1, bins, 1, 1))
    # Distances of a cell or two, so that boxes lie in the image as those of objects do.
    nearer = torch.arange(0, -bins, -1).float().repeat(4)
    logits, boxes = [], []
    for level, (x, stride) in enumerate(zip(levels, STRIDES, strict=True)):
        logits.append(branch(w, f"model.22.cv3.{level}", x, of_classes, classes).flatten(2).transpose(1, 2))
        raw = branch(w, f"model.22.cv2.{level}", x, of_boxes, 4 * bins, nearer)
        batch, _, rows, columns = raw.shape
        shares = raw.view(batch, 4, bins, rows, columns).softmax(2)
        left, top, right, bottom = (shares * table.view(bins, 1, 1)).sum(2).unbind(1)  # in cells
        y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
        x1, y1, x2, y2 = x - left, y - top, x + right, y + bottom
        box = torch.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], -1) * stride
        boxes.append(box.flatten(1, 2))
    return {"logits": torch.cat(logits, 1), "pred_boxes": torch.cat(boxes, 1)}


def write_case(folder: Path, config: dict[str, Any], seed: int) -> None:
    torch.manual_seed(seed)
    size = config["image_size"]
    pixels = torch.rand(2, 3, *([size, size] if isinstance(size, int) else size))
    weights = Random()
    outputs = forward(weights, config, pixels)
    half = Random()
    half.weights = {name: weight.half() for name, weight in weights.weights.items()}
    outputs["logits_fp16"] = forward(half, config, pixels.half())["logits"].float()
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "yolov8", "strides": STRIDES, **config}))
    save_file(weights.weights, folder / "model.safetensors")
    golden = {"case/data.0/in/pixel_values": pixels}
    golden.update({f"case/data.0/out/{name}": tensor.contiguous() for name, tensor in outputs.items()})
    metadata = {"format": "assay-golden-1", "model": "", "fingerprint": "", "producer": "torch", "precision": "fp32"}
    save_file(golden, folder / "golden.safetensors", metadata)


if __name__ == "__main__":
    with torch.no_grad():
        for index, one in enumerate(CASES):
            write_case(Path(sys.argv[1]) / str(index), one, index)
