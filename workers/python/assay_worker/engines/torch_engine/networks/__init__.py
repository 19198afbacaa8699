"""Networks in plain torch, for what transformers does not have: one line each.

A builder takes what config.json says and gives the module, whose names of weights are the published ones. Its pass takes
`pixel_values` [batch, 3, height, width] or `input_ids` [batch, tokens], and gives logits, or a named tuple of outputs.
It raises KeyError, TypeError or ValueError where the config does not describe it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..vision_config import classes_of
from .ceiling import Ceiling
from .efficientnet import EFFICIENTNETS, EfficientNet
from .yolov8 import YoloConfig, YoloV8

Builder = Callable[[Mapping[str, Any]], Any]

# Of COCO.
YOLO_CLASSES = 80


def _yolov8(config: Mapping[str, Any]) -> YoloV8:
    return YoloV8(
        YoloConfig(
            classes=classes_of(config, YOLO_CLASSES),
            depth_multiple=config.get("depth_multiple", 1),
            width_multiple=config.get("width_multiple", 1),
            max_channels=config.get("max_channels", 1024),
            reg_max=config.get("reg_max", 16),
            strides=tuple(config.get("strides", (8, 16, 32))),
        )
    )


# By `model_type` of Hugging Face, or `architecture` of timm.
NETWORKS: dict[str, Builder] = {
    "ceiling": Ceiling,
    "yolov8": _yolov8,
    **dict.fromkeys(EFFICIENTNETS, EfficientNet),
}
# Those that are no library's, by `model_type`.
MODEL_TYPES = [name for name in NETWORKS if name not in EFFICIENTNETS]
