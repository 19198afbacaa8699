"""Networks in plain torch, for what transformers does not have: one line each.

A builder takes what config.json says and gives the module, whose names of weights are the published ones. Its pass takes
`pixel_values` [batch, 3, height, width] or `input_ids` [batch, tokens], and gives logits, or a named tuple of outputs.
It raises KeyError, TypeError or ValueError where the config does not describe it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .ceiling import Ceiling
from .efficientnet import EFFICIENTNETS, EfficientNet
from .yolov8 import YoloConfig, YoloV8

Builder = Callable[[Mapping[str, Any]], Any]

# By `model_type` of Hugging Face, or `architecture` of timm.
NETWORKS: dict[str, Builder] = {
    "ceiling": Ceiling,
    "yolov8": lambda config: YoloV8(YoloConfig.of(config)),
    **dict.fromkeys(EFFICIENTNETS, EfficientNet),
}
