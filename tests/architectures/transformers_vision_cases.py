"""Random small vision models of every family that transformers has, and what it computes with them.

Usage: transformers_vision_cases.py DEST COUNT SEED. Each case DEST/FAMILY/N is what vision_case.py describes.
"""

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageClassification, EfficientNetConfig, ResNetConfig, ViTConfig
from vision_case import randomise, write_golden


def resnet(rng: random.Random) -> tuple[ResNetConfig, int, int]:
    stages = rng.choice([2, 3, 4])
    # One pixel more than a multiple, and other rows than columns: the windows do not end at the edge.
    height, width = rng.choice([(64, 64), (65, 64), (48, 97)])
    config = ResNetConfig(
        embedding_size=rng.choice([8, 16]),
        hidden_sizes=[16 * rng.choice([1, 2, 3]) for _ in range(stages)],
        depths=[rng.choice([1, 2]) for _ in range(stages)],
        layer_type=rng.choice(["basic", "bottleneck"]),
        downsample_in_bottleneck=rng.random() < 0.3,
        num_labels=rng.choice([3, 11]),
        image_size=[height, width],
    )
    return config, height, width


def vit(rng: random.Random) -> tuple[ViTConfig, int, int]:
    patch = rng.choice([8, 14, 16])
    rows, columns = rng.choice([(3, 3), (2, 4)])
    heads = rng.choice([2, 3])
    config = ViTConfig(
        hidden_size=heads * rng.choice([16, 24]),
        num_hidden_layers=rng.choice([1, 2, 3]),
        num_attention_heads=heads,
        intermediate_size=rng.choice([64, 96]),
        hidden_act=rng.choice(["gelu", "gelu_new", "relu"]),
        layer_norm_eps=rng.choice([1e-12, 1e-6]),
        image_size=[patch * rows, patch * columns],
        patch_size=patch,
        qkv_bias=rng.random() < 0.6,
        num_labels=rng.choice([3, 11]),
    )
    return config, patch * rows, patch * columns


def efficientnet(rng: random.Random) -> tuple[EfficientNetConfig, int, int]:
    # Sizes after each halving: 32, 16, 8, 4, 2 of 64; 38, 19, 10, 5, 3 of 76, whose odd ones are padded on both sides.
    size, odd = rng.choice([(64, []), (76, [3])])
    expansion = rng.choice([1, 4])
    config = EfficientNetConfig(
        image_size=size,
        width_coefficient=rng.choice([0.5, 1.0, 1.4]),
        depth_coefficient=rng.choice([1.0, 1.3]),
        kernel_sizes=[3, 5, 3, 5],
        in_channels=[32, 16, 24, 40],
        out_channels=[16, 24, 40, 64],
        strides=[1, 2, 2, 1],
        num_block_repeats=[1, 1, 2, 1],
        expand_ratios=[expansion, 6, 4, 6],
        num_labels=rng.choice([3, 11]),
    )
    repeats = [-(-count * config.depth_coefficient // 1) for count in config.num_block_repeats]
    config.depthwise_padding = [int(sum(repeats[:2])) for _ in odd]
    config.hidden_dim = int(1280 * config.width_coefficient)
    return config, size, size


FAMILIES: dict[str, Callable[[random.Random], tuple[Any, int, int]]] = {
    "efficientnet": efficientnet,
    "resnet": resnet,
    "vit": vit,
}


def main(dest: Path, count: int, seed: int) -> None:
    for family, random_config in FAMILIES.items():
        rng = random.Random(seed)
        for index in range(count):
            torch.manual_seed(seed + index)
            config, height, width = random_config(rng)
            model = AutoModelForImageClassification.from_config(config).eval()
            randomise(model)
            folder = dest / family / str(index)
            model.save_pretrained(folder)
            write_golden(folder, model, height, width)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
