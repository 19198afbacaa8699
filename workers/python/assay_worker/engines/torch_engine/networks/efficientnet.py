"""EfficientNet, its Lite variants and EfficientNetV2-S, with the names that timm gives their parts and weights.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (arXiv:1905.11946), table 1; the Lite variants
drop the squeezing, use ReLU6 and keep the stem, the first and the last stage as they are (github.com/tensorflow/tpu,
models/official/efficientnet/lite). V2: Tan and Le, "EfficientNetV2: Smaller Models and Faster Training" (arXiv:2104.00298), table 4.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn.functional import pad

from ..vision_config import classes_of

# `tf_` models come from TensorFlow: its padding, and the epsilon of its batch norms, which torchvision's second version has too.
EPS, EPS_OF_TENSORFLOW = 1e-5, 1e-3
FEATURES = 1280
RGB = 3
SQUEEZE = 4


class Block(nn.Module):  # type: ignore[misc]  # mypy does not read torch's types here
    """A part of the network."""


@dataclass(frozen=True)
class Stage:
    block: type[Block]
    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


@dataclass(frozen=True)
class Variant:
    stages: tuple[Stage, ...]
    stem: int = 32
    width: float = 1.0
    depth: float = 1.0
    is_lite: bool = False

    def scaled(self, channels: int) -> int:
        """Channels times the width: the nearest multiple of 8 that is not over a tenth less."""
        wanted = channels * self.width
        nearest = max(8, int(wanted + 4) // 8 * 8)
        return nearest + 8 if nearest < 0.9 * wanted else nearest

    def repeats(self, stage: Stage) -> int:
        is_kept = self.is_lite and stage in (self.stages[0], self.stages[-1])
        return stage.repeats if is_kept else math.ceil(stage.repeats * self.depth)


@dataclass(frozen=True)
class Ways:
    """What all blocks of a network have in common."""

    activation: Callable[[], Any]
    eps: float
    is_of_tensorflow: bool
    squeezes: bool = True

    def conv(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> Any:
        of = SameConv if self.is_of_tensorflow and stride > 1 else nn.Conv2d
        padding = 0 if of is SameConv else (kernel - 1) // 2
        return of(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def norm(self, channels: int, activates: bool = True) -> Any:
        return NormAct(channels, self.eps, self.activation() if activates else nn.Identity())

    def squeeze(self, channels: int, of_input: int) -> Any:
        return Squeeze(channels, of_input // SQUEEZE, self.activation()) if self.squeezes else nn.Identity()


class SameConv(nn.Conv2d):  # type: ignore[misc]
    """TensorFlow's `SAME`: as many outputs as the stride leaves, and an odd pixel of padding at the end."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = (self._missing(x.shape[2 + axis], axis) for axis in (0, 1))
        x = pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return super().forward(x)

    def _missing(self, size: int, axis: int) -> int:
        stride, kernel = int(self.stride[axis]), int(self.kernel_size[axis])
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


class NormAct(nn.BatchNorm2d):  # type: ignore[misc]
    def __init__(self, channels: int, eps: float, activation: Any) -> None:
        super().__init__(channels, eps)
        self.act = activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(super().forward(x))


class Squeeze(Block):
    """Channels weighted by what all of them say together: Hu et al., arXiv:1709.01507."""

    def __init__(self, channels: int, reduced: int, activation: Any) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, reduced, 1)
        self.act1 = activation
        self.conv_expand = nn.Conv2d(reduced, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = x.mean((2, 3), keepdim=True)
        return x * self.conv_expand(self.act1(self.conv_reduce(pooled))).sigmoid()


class Residual(Block):
    """A block goes around itself where it changes no size."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self._adds = inputs == outputs and stride == 1

    def inner(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.inner(x)
        return x + y if self._adds else y


class Separable(Residual):
    """MBConv without an expansion: depthwise, then pointwise."""

    def __init__(self, ways: Ways, stage: Stage, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, stride)
        self.conv_dw = ways.conv(inputs, inputs, stage.kernel, stride, groups=inputs)
        self.bn1 = ways.norm(inputs)
        self.se = ways.squeeze(inputs, inputs)
        self.conv_pw = ways.conv(inputs, outputs, 1)
        self.bn2 = ways.norm(outputs, activates=False)

    def inner(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn2(self.conv_pw(self.se(self.bn1(self.conv_dw(x)))))


class Inverted(Residual):
    """MBConv: wider, depthwise, narrow again."""

    def __init__(self, ways: Ways, stage: Stage, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, stride)
        wide = inputs * stage.expansion
        self.conv_pw = ways.conv(inputs, wide, 1)
        self.bn1 = ways.norm(wide)
        self.conv_dw = ways.conv(wide, wide, stage.kernel, stride, groups=wide)
        self.bn2 = ways.norm(wide)
        self.se = ways.squeeze(wide, inputs)
        self.conv_pwl = ways.conv(wide, outputs, 1)
        self.bn3 = ways.norm(outputs, activates=False)

    def inner(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn2(self.conv_dw(self.bn1(self.conv_pw(x))))
        return self.bn3(self.conv_pwl(self.se(x)))


class Fused(Residual):
    """MBConv of V2's early stages, whose expansion and depthwise filter are one; none of them squeezes."""

    def __init__(self, ways: Ways, stage: Stage, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, stride)
        wide = inputs * stage.expansion
        self.conv_exp = ways.conv(inputs, wide, stage.kernel, stride)
        self.bn1 = ways.norm(wide)
        self.conv_pwl = ways.conv(wide, outputs, 1)
        self.bn2 = ways.norm(outputs, activates=False)

    def inner(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn2(self.conv_pwl(self.bn1(self.conv_exp(x))))


class Plain(Residual):
    """V2's first stage: a convolution."""

    def __init__(self, ways: Ways, stage: Stage, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, stride)
        self.conv = ways.conv(inputs, outputs, stage.kernel, stride)
        self.bn1 = ways.norm(outputs)

    def inner(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn1(self.conv(x))


V1 = (
    Stage(Separable, 1, 3, 1, 1, 16),
    Stage(Inverted, 2, 3, 2, 6, 24),
    Stage(Inverted, 2, 5, 2, 6, 40),
    Stage(Inverted, 3, 3, 2, 6, 80),
    Stage(Inverted, 3, 5, 1, 6, 112),
    Stage(Inverted, 4, 5, 2, 6, 192),
    Stage(Inverted, 1, 3, 1, 6, 320),
)
V2_S = (
    Stage(Plain, 2, 3, 1, 1, 24),
    Stage(Fused, 4, 3, 2, 4, 48),
    Stage(Fused, 4, 3, 2, 4, 64),
    Stage(Inverted, 6, 3, 2, 4, 128),
    Stage(Inverted, 9, 3, 1, 6, 160),
    Stage(Inverted, 15, 3, 2, 6, 256),
)
# Width and depth of b0 to b7, and of lite0 to lite4.
SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2), (1.8, 2.6), (2.0, 3.1))

VARIANTS = {
    **{f"efficientnet_b{at}": Variant(V1, width=width, depth=depth) for at, (width, depth) in enumerate(SCALES)},
    **{
        f"efficientnet_lite{at}": Variant(V1, width=width, depth=depth, is_lite=True)
        for at, (width, depth) in enumerate(SCALES[:5])
    },
    "efficientnetv2_s": Variant(V2_S, stem=24),
}
TENSORFLOW = "tf_"
# torchvision's name, and the one of the same network in timm.
TORCHVISION, IN_TIMM = "efficientnet_v2_s", "efficientnetv2_s"
EFFICIENTNETS = (*VARIANTS, *(TENSORFLOW + name for name in VARIANTS), TORCHVISION)
# Keys of Hugging Face's config with which the shape of the network could be changed, and that are not read here.
UNREAD = (
    "depth_divisor",
    "kernel_sizes",
    "out_channels",
    "strides",
    "num_block_repeats",
    "expand_ratios",
    "squeeze_expansion_ratio",
)


class EfficientNet(Block):
    """By timm's config.json (`architecture`, `num_classes`), with Hugging Face's coefficients and epsilon where it has them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        unread = [key for key in UNREAD if key in config]
        if unread:
            raise ValueError(f"{unread[0]} is not read")
        architecture = config["architecture"]
        is_of_tensorflow = architecture.startswith(TENSORFLOW)
        named = VARIANTS[IN_TIMM if architecture == TORCHVISION else architecture.removeprefix(TENSORFLOW)]
        width, depth = config.get("width_coefficient", named.width), config.get("depth_coefficient", named.depth)
        variant = replace(named, width=width, depth=depth)
        activation = nn.ReLU6 if variant.is_lite else nn.SiLU
        usual = EPS_OF_TENSORFLOW if is_of_tensorflow or architecture == TORCHVISION else EPS
        ways = Ways(activation, config.get("batch_norm_eps", usual), is_of_tensorflow, squeezes=not variant.is_lite)
        channels = variant.stem if variant.is_lite else variant.scaled(variant.stem)
        features = FEATURES if variant.is_lite else variant.scaled(FEATURES)
        self.conv_stem = ways.conv(RGB, channels, 3, 2)
        self.bn1 = ways.norm(channels)
        self.blocks = nn.Sequential()
        for stage in variant.stages:
            blocks, outputs = nn.Sequential(), variant.scaled(stage.channels)
            for at in range(variant.repeats(stage)):
                blocks.append(stage.block(ways, stage, channels, outputs, stage.stride if at == 0 else 1))
                channels = outputs
            self.blocks.append(blocks)
        self.conv_head = ways.conv(channels, features, 1)
        self.bn2 = ways.norm(features)
        self.classifier = nn.Linear(features, classes_of(config))

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Logits [batch, classes] of [batch, 3, height, width]."""
        x = self.blocks(self.bn1(self.conv_stem(pixel_values)))
        pooled = self.bn2(self.conv_head(x)).mean((2, 3))
        return self.classifier(pooled)
