"""Random vision models of torchvision and timm, in their own names, and what they compute.

Usage: timm_cases.py DEST SEED. Each case DEST/NAME is what vision_case.py describes. The images are small, and the networks
narrow where their library lets them be.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import efficientnet as timm_efficientnet
from timm.models import resnet as timm_resnet
from torch import nn
from torchvision.models import efficientnet, resnet, vision_transformer
from vision_case import randomise, write_golden, write_model

CLASSES = 7

Case = tuple[dict[str, Any], nn.Module, tuple[int, int]]


def timm_config(architecture: str, size: tuple[int, int], **keys: Any) -> dict[str, Any]:
    return {
        "architecture": architecture,
        "num_classes": CLASSES,
        "pretrained_cfg": {"input_size": [3, *size]},
        **keys,
    }


def timm_efficientnet_case(architecture: str, size: tuple[int, int], **model_args: Any) -> Case:
    return timm_config(architecture, size), timm.create_model(architecture, num_classes=CLASSES, **model_args), size


def timm_narrow(architecture: str, size: tuple[int, int], width: float, depth: float) -> Case:
    """At a width and depth that no published variant has; the coefficients go by Hugging Face's names of them."""
    make = timm_efficientnet._gen_efficientnetv2_s if "v2" in architecture else timm_efficientnet._gen_efficientnet
    like_tensorflow = {"bn_eps": 1e-3, "pad_type": "same"} if architecture.startswith("tf_") else {}
    model = make(architecture, channel_multiplier=width, depth_multiplier=depth, num_classes=CLASSES, **like_tensorflow)
    return timm_config(architecture, size, width_coefficient=width, depth_coefficient=depth), model, size


def timm_vit(size: tuple[int, int]) -> Case:
    args = {"embed_dim": 48, "depth": 2, "num_heads": 3, "img_size": list(size), "qkv_bias": False, "mlp_ratio": 3.0}
    model = timm.create_model("vit_tiny_patch16_224", num_classes=CLASSES, **args)
    return timm_config("vit_tiny_patch16_224", (224, 224), model_args=args), model, size


def timm_vit_with_bias() -> Case:
    args = {"embed_dim": 32, "depth": 1, "num_heads": 2, "img_size": 56}
    model = timm.create_model("vit_small_patch8_224", num_classes=CLASSES, **args)
    return timm_config("vit_small_patch8_224", (56, 56), model_args=args), model, (56, 56)


def timm_resnet_case(size: tuple[int, int]) -> Case:
    model = timm_resnet.ResNet(timm_resnet.Bottleneck, [1, 2, 1, 1], channels=(8, 16, 24, 32), num_classes=CLASSES)
    config = {
        "model_type": "resnet",
        "depths": [1, 2, 1, 1],
        "hidden_sizes": [32, 64, 96, 128],
        "num_classes": CLASSES,
        "image_size": list(size),
    }
    return config, model, size


def torchvision_resnet(size: tuple[int, int]) -> Case:
    model = resnet.ResNet(resnet.BasicBlock, [1, 1, 2, 1], num_classes=CLASSES)
    config = {
        "model_type": "resnet",
        "depths": [1, 1, 2, 1],
        "hidden_sizes": [64, 128, 256, 512],
        "layer_type": "basic",
        "num_labels": CLASSES,
        "image_size": list(size),
    }
    return config, model, size


def torchvision_vit() -> Case:
    model = vision_transformer.VisionTransformer(
        image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=80, num_classes=CLASSES
    )
    config = {
        "model_type": "vit",
        "image_size": 64,
        "patch_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "hidden_size": 32,
        "intermediate_size": 80,
        "layer_norm_eps": 1e-6,
        "num_labels": CLASSES,
    }
    return config, model, (64, 64)


def torchvision_efficientnet(variant: str, size: tuple[int, int]) -> Case:
    model = getattr(efficientnet, f"efficientnet_{variant}")(num_classes=CLASSES)
    return {"architecture": f"efficientnet_{variant}", "num_labels": CLASSES, "image_size": list(size)}, model, size


CASES: dict[str, Callable[[], Case]] = {
    "timm resnet": partial(timm_resnet_case, (64, 65)),
    "timm vit": partial(timm_vit, (32, 48)),
    "timm vit of a name": timm_vit_with_bias,
    "timm efficientnet": partial(timm_narrow, "efficientnet_b0", (64, 64), 0.5, 1.0),
    "timm efficientnet from TensorFlow, odd sizes": partial(timm_narrow, "tf_efficientnet_b0", (65, 75), 0.5, 1.4),
    "timm efficientnet of a name": partial(timm_efficientnet_case, "efficientnet_b1", (64, 64)),
    "timm efficientnet-lite": partial(timm_efficientnet_case, "tf_efficientnet_lite0", (75, 64)),
    "timm efficientnet-lite, larger": partial(timm_efficientnet_case, "tf_efficientnet_lite2", (64, 64)),
    "timm efficientnetv2": partial(timm_narrow, "efficientnetv2_s", (64, 64), 0.5, 0.5),
    "timm efficientnetv2 from TensorFlow, odd sizes": partial(timm_narrow, "tf_efficientnetv2_s", (75, 65), 0.5, 0.4),
    "torchvision resnet": partial(torchvision_resnet, (64, 65)),
    "torchvision vit": torchvision_vit,
    "torchvision efficientnet": partial(torchvision_efficientnet, "b0", (64, 75)),
    "torchvision efficientnet_v2": partial(torchvision_efficientnet, "v2_s", (64, 64)),
}


def main(dest: Path, seed: int) -> None:
    for name, make in CASES.items():
        torch.manual_seed(seed)
        config, model, (height, width) = make()
        randomise(model)
        model.eval()
        folder = dest / name
        write_model(folder, config, model)
        write_golden(folder, model, height, width)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
