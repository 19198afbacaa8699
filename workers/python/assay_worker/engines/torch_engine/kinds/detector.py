"""Detectors of torchvision: Faster R-CNN, whose proposals and suppression of boxes are inside the network."""

from collections.abc import Mapping
from typing import Any

import torch

from ....engine import value_description
from ....library import import_libraries
from ..checkpoint import fill
from ..passes import Outputs, SinglePassModel, pixels
from ..source import Source, image_size_of
from .kind import Kind

# COCO's 90 numbers and the background, as torchvision counts.
CLASSES = 91
# Arguments of torchvision's FasterRCNN that a config may have by the same name.
SETTINGS = ("box_score_thresh", "box_nms_thresh", "box_detections_per_img", "rpn_nms_thresh", "rpn_score_thresh")
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

    config = source.config
    settings = {name: config[name] for name in SETTINGS if name in config}
    network = fasterrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, num_classes=_classes(config), **settings)
    detector = DetectorAlone(fill(network, source))
    return SinglePassModel(detector, source, pixels(image_size_of(config), batch=1), _named, OUTPUTS)


def _classes(config: Mapping[str, Any]) -> int:
    return int(config.get("num_labels") or len(config.get("id2label") or ()) or CLASSES)


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
