"""YOLOv8 for detection, whose weights are named as in published checkpoints (`model.0.conv.weight`, `model.22.dfl.conv.weight`).

The architecture is described in Terven, Córdova-Esparza and Romero-González, "A Comprehensive Review of YOLO Architectures in
Computer Vision" (arXiv:2304.00501), section 11; the distribution over distances in Li et al., "Generalized Focal Loss" (arXiv:2006.04388).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn

BATCH_NORM_EPS, BATCH_NORM_MOMENTUM = 1e-3, 0.03


@dataclass(frozen=True)
class YoloConfig:
    """What config.json says of the network."""

    classes: int
    depth_multiple: float
    width_multiple: float
    max_channels: int
    reg_max: int
    strides: tuple[int, ...]

    @staticmethod
    def of(config: Mapping[str, Any]) -> "YoloConfig":
        """Raises KeyError where one of them is missing."""
        return YoloConfig(
            classes=len(config["id2label"]),
            depth_multiple=config["depth_multiple"],
            width_multiple=config["width_multiple"],
            max_channels=config["max_channels"],
            reg_max=config["reg_max"],
            strides=tuple(config["strides"]),
        )

    def channels(self, of_largest: int) -> int:
        """The channels of a stage that has so many in the largest model: a multiple of 8, rounded up."""
        return -int(-min(of_largest, self.max_channels) * self.width_multiple // 8) * 8

    def repeats(self, of_largest: int) -> int:
        """The bottlenecks of a stage that has so many in the largest model."""
        return max(round(of_largest * self.depth_multiple), 1)


class Predictions(NamedTuple):
    """Of all anchors: the scores of the classes before the sigmoid, and those of the distances to a box's sides."""

    logits: torch.Tensor  # [batch, anchors, classes]
    distances: torch.Tensor  # [batch, anchors, 4 sides, reg_max], before the softmax


class Detections(NamedTuple):
    """Of all anchors: the scores of the classes before the sigmoid, and boxes: centre, width and height in px of the input."""

    logits: torch.Tensor  # [batch, anchors, classes]
    pred_boxes: torch.Tensor  # [batch, anchors, 4]


class Block(nn.Module):  # type: ignore[misc]  # mypy does not read torch's types here
    """A part of the network."""


class Conv(Block):
    """Convolution without a bias, batch norm, SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, BATCH_NORM_EPS, BATCH_NORM_MOMENTUM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.silu(self.bn(self.conv(x)))


class Bottleneck(Block):
    """Two convolutions, with a way around them where they add to what they were given."""

    def __init__(self, channels: int, adds: bool) -> None:
        super().__init__()
        self.cv1 = Conv(channels, channels, 3)
        self.cv2 = Conv(channels, channels, 3)
        self._adds = adds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self._adds else y


class C2f(Block):
    """Half of the channels goes through bottlenecks; every intermediate result is kept."""

    def __init__(self, inputs: int, outputs: int, repeats: int, adds: bool) -> None:
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, 2 * hidden, 1)
        self.cv2 = Conv((2 + repeats) * hidden, outputs, 1)
        self.m = nn.ModuleList(Bottleneck(hidden, adds) for _ in range(repeats))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = list(self.cv1(x).chunk(2, 1))
        for bottleneck in self.m:
            kept.append(bottleneck(kept[-1]))
        return self.cv2(torch.cat(kept, 1))


class Sppf(Block):
    """Pooling over three sizes of neighbourhood, as one pooling three times."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.cv1 = Conv(inputs, inputs // 2, 1)
        self.cv2 = Conv(inputs // 2 * 4, outputs, 1)
        self.m = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = [self.cv1(x)]
        for _ in range(3):
            pooled.append(self.m(pooled[-1]))
        return self.cv2(torch.cat(pooled, 1))


class Dfl(Block):
    """The expected distance of a distribution over 0 to reg_max - 1, as a product with those numbers, which are stored."""

    def __init__(self, reg_max: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(reg_max, 1, 1, bias=False).requires_grad_(False)
        self.conv.weight.copy_(torch.arange(reg_max, dtype=torch.float32).view(1, reg_max, 1, 1))

    def forward(self, distances: torch.Tensor) -> torch.Tensor:
        """[batch, anchors, 4, reg_max] -> [batch, anchors, 4], in cells of the level."""
        return self.conv(distances.softmax(-1).permute(0, 3, 1, 2)).squeeze(1)


class Detect(Block):
    """At each level, one branch for the boxes (cv2) and one for the classes (cv3)."""

    def __init__(self, config: YoloConfig, levels: tuple[int, ...]) -> None:
        super().__init__()
        self._reg_max = config.reg_max
        of_boxes = max(16, levels[0] // 4, 4 * config.reg_max)
        of_classes = max(levels[0], min(config.classes, 100))
        self.cv2 = nn.ModuleList(_branch(channels, of_boxes, 4 * config.reg_max) for channels in levels)
        self.cv3 = nn.ModuleList(_branch(channels, of_classes, config.classes) for channels in levels)
        self.dfl = Dfl(config.reg_max)

    def forward(self, levels: list[torch.Tensor]) -> Predictions:
        boxes = [branch(x).flatten(2) for branch, x in zip(self.cv2, levels, strict=True)]
        logits = [branch(x).flatten(2) for branch, x in zip(self.cv3, levels, strict=True)]
        distances = torch.cat(boxes, 2).unflatten(1, (4, self._reg_max)).permute(0, 3, 1, 2)
        return Predictions(torch.cat(logits, 2).transpose(1, 2), distances)


class YoloV8(Block):
    """The whole network; `model` numbers its layers as published, those without weights too."""

    def __init__(self, config: YoloConfig) -> None:
        super().__init__()
        c1, c2, c3, c4, c5 = (config.channels(of_largest) for of_largest in (64, 128, 256, 512, 1024))
        n3, n6 = config.repeats(3), config.repeats(6)
        self.strides = config.strides
        self.model = nn.ModuleList(
            [
                Conv(3, c1, 3, 2),
                Conv(c1, c2, 3, 2),
                C2f(c2, c2, n3, adds=True),
                Conv(c2, c3, 3, 2),
                C2f(c3, c3, n6, adds=True),
                Conv(c3, c4, 3, 2),
                C2f(c4, c4, n6, adds=True),
                Conv(c4, c5, 3, 2),
                C2f(c5, c5, n3, adds=True),
                Sppf(c5, c5),
                nn.Upsample(scale_factor=2),
                nn.Identity(),  # 11: 10 beside 6
                C2f(c5 + c4, c4, n3, adds=False),
                nn.Upsample(scale_factor=2),
                nn.Identity(),  # 14: 13 beside 4
                C2f(c4 + c3, c3, n3, adds=False),
                Conv(c3, c3, 3, 2),
                nn.Identity(),  # 17: 16 beside 12
                C2f(c3 + c4, c4, n3, adds=False),
                Conv(c4, c4, 3, 2),
                nn.Identity(),  # 20: 19 beside 9
                C2f(c4 + c5, c5, n3, adds=False),
                Detect(config, (c3, c4, c5)),
            ]
        )

    def predict(self, pixel_values: torch.Tensor) -> Predictions:
        """What training sees. pixel_values: [batch, 3, height, width], RGB from 0 to 1, sides that 32 divides."""
        layers = self.model
        x = layers[1](layers[0](pixel_values))
        p3 = layers[4](layers[3](layers[2](x)))
        p4 = layers[6](layers[5](p3))
        p5 = layers[9](layers[8](layers[7](p4)))
        down4 = layers[12](torch.cat([layers[10](p5), p4], 1))
        out3 = layers[15](torch.cat([layers[13](down4), p3], 1))
        out4 = layers[18](torch.cat([layers[16](out3), down4], 1))
        out5 = layers[21](torch.cat([layers[19](out4), p5], 1))
        predictions: Predictions = layers[22]([out3, out4, out5])
        return predictions

    def forward(self, pixel_values: torch.Tensor) -> Detections:
        """Scores and boxes of all anchors, none suppressed: those of stride 8 row by row, then 16, then 32."""
        predictions = self.predict(pixel_values)
        height, width = pixel_values.shape[-2:]
        return Detections(predictions.logits, self.boxes_of(predictions.distances, height, width))

    def boxes_of(self, distances: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Distances as predicted for an input of this size -> centre, width and height in px, [batch, anchors, 4]."""
        centres, strides = anchors(height, width, self.strides, like=distances)
        near, far = self.model[-1].dfl(distances).chunk(2, 2)  # to the left and the top, to the right and the bottom
        return torch.cat([centres + (far - near) / 2, near + far], 2) * strides


def anchors(height: int, width: int, strides: tuple[int, ...], like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres [anchors, 2], x and y in cells of their level, and the strides of the levels [anchors, 1]."""
    centres, scales = [], []
    for stride in strides:
        rows, columns = height // stride, width // stride
        y = torch.arange(rows, dtype=like.dtype, device=like.device) + 0.5
        x = torch.arange(columns, dtype=like.dtype, device=like.device) + 0.5
        centres.append(torch.stack([x.repeat(rows), y.repeat_interleave(columns)], 1))
        scales.append(torch.full((rows * columns, 1), stride, dtype=like.dtype, device=like.device))
    return torch.cat(centres), torch.cat(scales)


def _branch(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(Conv(inputs, hidden, 3), Conv(hidden, hidden, 3), nn.Conv2d(hidden, outputs, 1))
