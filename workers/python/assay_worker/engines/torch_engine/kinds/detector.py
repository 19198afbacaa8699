"""Detectors of torchvision: Faster R-CNN, whose proposals and suppression of boxes are inside the network."""

from collections.abc import Mapping
from typing import Any

import torch

from ....engine import value_description
from ....library import import_libraries
from ..checkpoint import fill
from ..passes import Outputs, SinglePassModel, pixels
from ..source import Source
from ..vision_config import classes_of, image_size_of
from .kind import Kind

# COCO's 90 numbers and the background, as torchvision counts.
CLASSES = 91
# Keys of config.json, and what torchvision's FasterRCNN calls them.
SETTINGS = {
    "rpn_pre_nms_top_n": "rpn_pre_nms_top_n_test",
    "rpn_post_nms_top_n": "rpn_post_nms_top_n_test",
    "rpn_nms_threshold": "rpn_nms_thresh",
    "score_threshold": "box_score_thresh",
    "nms_threshold": "box_nms_thresh",
    "detections_per_image": "box_detections_per_img",
}
# A published network has these numbers.
ANCHORS, RATIOS = (32, 64, 128, 256, 512), (0.5, 1.0, 2.0)
OUTPUTS = [
    value_description("boxes", "f32", ["detections", 4]),
    value_description("scores", "f32", ["detections"]),
    value_description("labels", "i64", ["detections"]),
]


def takes(source: Source) -> bool:
    return source.type == "faster_rcnn"


def open_detector(source: Source) -> SinglePassModel:
    import_libraries(["torchvision"])
    from torchvision.models.detection import fasterrcnn_resnet50_fpn_v2
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    config = source.config
    settings = {theirs: config[ours] for ours, theirs in SETTINGS.items() if ours in config}
    classes = classes_of(config, CLASSES)
    network = fasterrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, num_classes=classes, **settings)
    sizes, ratios = config.get("anchor_sizes", ANCHORS), tuple(config.get("aspect_ratios", RATIOS))
    network.rpn.anchor_generator = AnchorGenerator(tuple((size,) for size in sizes), (ratios,) * len(sizes))
    detector = DetectorAlone(fill(network, source))
    return SinglePassModel(detector, source, pixels(image_size_of(config), batch=1), _named, OUTPUTS)


def _named(detections: Mapping[str, torch.Tensor]) -> Outputs:
    return {name: detections[name] for name in ("boxes", "scores", "labels")}


class DetectorAlone:
    """The network without torchvision's resizing and normalising before it: the image comes as it is to be seen."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def __call__(self, pixel_values: torch.Tensor) -> Any:
        from torchvision.models.detection.image_list import ImageList

        sizes = [(pixel_values.shape[-2], pixel_values.shape[-1])]
        features = self._network.backbone(pixel_values)
        proposals, _ = self._network.rpn(ImageList(pixel_values, sizes), features)
        detections, _ = self._network.roi_heads(features, proposals, sizes)
        return detections[0]


DETECTORS = Kind("Faster R-CNN", takes, open_detector)
