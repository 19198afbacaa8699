"""The detector of the zoo: its config.json, and the network that the Python worker runs too."""

import json
import sys
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from scenes import NAMES, SIZE

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "workers" / "python"))

from assay_worker.engines.torch_engine.networks.yolov8 import YoloConfig, YoloV8, anchors  # noqa: E402

__all__ = ["CONFIG", "DIRECTORY", "YoloConfig", "YoloV8", "anchors", "load"]

DIRECTORY = ROOT / "zoo" / "yolo"

CONFIG: dict[str, Any] = {
    "model_type": "yolov8",
    "depth_multiple": 0.33,
    "width_multiple": 0.125,
    "max_channels": 512,
    "reg_max": 16,
    "strides": [8, 16, 32],
    "num_channels": 3,
    "image_size": [SIZE, SIZE],
    "id2label": {str(index): name for index, name in enumerate(NAMES)},
    "label2id": {name: index for index, name in enumerate(NAMES)},
    "score_threshold": 0.25,
    "nms_threshold": 0.7,
    "dtype": "float32",
}


def load(directory: Path) -> tuple[YoloV8, dict[str, Any]]:
    """The shipped network in fp32 on the CPU, and its config."""
    config = json.loads((directory / "config.json").read_text("utf-8"))
    network = YoloV8(YoloConfig.of(config))
    network.load_state_dict(load_file(directory / "model.safetensors"))
    return network.eval(), config
