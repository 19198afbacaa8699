"""What the config.json of a vision model says of its images and classes, in Hugging Face's words or timm's."""

from collections.abc import Mapping
from typing import Any

# Of ImageNet: what a config that names no class has.
IMAGENET = 1000


def image_size_of(config: Mapping[str, Any]) -> tuple[int, int] | None:
    """Height and width in px that a vision model takes: `image_size`, or timm's `input_size`; None where nobody says."""
    size = config.get("image_size")
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping):
        return int(size["height"]), int(size["width"])
    if size is not None:
        height, width = size
        return int(height), int(width)
    of_timm = config.get("input_size") or config.get("pretrained_cfg", {}).get("input_size")
    return (int(of_timm[1]), int(of_timm[2])) if of_timm else None


def classes_of(config: Mapping[str, Any], otherwise: int = IMAGENET) -> int:
    """`num_labels`, timm's `num_classes`, or as many as `id2label` names."""
    stated = config.get("num_labels") or config.get("num_classes") or len(config.get("id2label") or ())
    return int(stated or otherwise)
