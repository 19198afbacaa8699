"""Random small Faster R-CNNs and what torchvision finds with them: config.json, weights and a golden.

Usage: torchvision_detectors.py DEST. Each case DEST/N holds a directory and golden.safetensors with case/data.0/in/pixel_values
[1, 3, H, W] and, as case/data.0/out/NAME, the proposals [n, 4] and the boxes [n, 4], scores [n] and labels [n] of the detections.
A draw whose answer hangs on rounding (a score at a threshold, two boxes that overlap by just as much as they may) is drawn again.
Needs torch and torchvision alone, 0.14 or later, as Debian 12 packages them.
"""

import json
import math
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, RPNHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.resnet import Bottleneck, ResNet
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

HIDDEN_SIZES = [256, 512, 1024, 2048]
RATIOS = [0.5, 1.0, 2.0]

# How far from a decision every number must be: rounding moves a box by 1e-4 px, which is 1e-5 of the smaller boxes.
IOU_MARGIN = 3e-5
SCORE_MARGIN = 1e-6


@dataclass(frozen=True)
class Case:
    """In the words of config.json."""

    image_size: tuple[int, int]
    num_labels: int
    depths: tuple[int, int, int, int]
    fpn_channels: int
    anchor_sizes: tuple[int, int, int, int, int]
    rpn_convolutions: int
    rpn_pre_nms_top_n: int
    rpn_post_nms_top_n: int
    box_convolutions: int
    representation_size: int
    detections_per_image: int


CASES = [
    # Anchors at the corners of an odd number of cells; fewer of them tried, and fewer detections given, than there are.
    Case((96, 128), 7, (1, 1, 2, 1), 24, (8, 16, 24, 32, 48), 2, 120, 400, 4, 48, 20),
    # Regions of every level of the pyramid, 448 px and more; fewer proposals kept than there are.
    Case((512, 576), 5, (1, 1, 1, 1), 16, (32, 64, 128, 256, 512), 2, 90, 200, 2, 32, 100),
    # No level has as many anchors as may stay; anchors of odd size, whose halves are rounded.
    Case((32, 160), 91, (1, 1, 1, 1), 16, (9, 17, 33, 65, 128), 1, 2000, 2000, 1, 64, 100),
]


def build(case: Case) -> FasterRCNN:
    body = ResNet(Bottleneck, list(case.depths))
    layers = {f"layer{stage + 1}": str(stage) for stage in range(4)}
    backbone = BackboneWithFPN(
        body, layers, HIDDEN_SIZES, case.fpn_channels, extra_blocks=LastLevelMaxPool(), norm_layer=nn.BatchNorm2d
    )
    anchors = AnchorGenerator(tuple((size,) for size in case.anchor_sizes), (tuple(RATIOS),) * len(case.anchor_sizes))
    head = FastRCNNConvFCHead(
        (case.fpn_channels, 7, 7),
        [case.fpn_channels] * case.box_convolutions,
        [case.representation_size],
        norm_layer=nn.BatchNorm2d,
    )
    return FasterRCNN(
        backbone,
        rpn_anchor_generator=anchors,
        rpn_head=RPNHead(case.fpn_channels, len(RATIOS), conv_depth=case.rpn_convolutions),
        box_head=head,
        box_predictor=torchvision.models.detection.faster_rcnn.FastRCNNPredictor(
            case.representation_size, case.num_labels
        ),
        rpn_pre_nms_top_n_test=case.rpn_pre_nms_top_n,
        rpn_post_nms_top_n_test=case.rpn_post_nms_top_n,
        box_detections_per_img=case.detections_per_image,
    ).eval()


def random_weights(model: nn.Module) -> None:
    """Nothing is left at ones or zeros."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.uniform_(0.6, 1.4)
            module.bias.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            module.weight.normal_(0, (2 / module.weight[0].numel()) ** 0.5)
            if module.bias is not None:
                module.bias.normal_(0, 0.1)


def spread(module: nn.Module, deviation: float, run: Callable[[], object]) -> None:
    """Scales a layer so that what it gives has this deviation: scores that differ, boxes that move."""
    seen: list[torch.Tensor] = []
    hook = module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.flatten()))
    run()
    hook.remove()
    factor = deviation / float(torch.cat(seen).std())
    module.weight.mul_(factor)
    module.bias.mul_(factor)


Detections = dict[str, torch.Tensor]


def detect(model: FasterRCNN, pixels: torch.Tensor) -> Detections:
    """Without the resizing and padding before it."""
    size = (pixels.shape[2], pixels.shape[3])
    features = model.backbone(pixels)
    [proposals], _ = model.rpn(ImageList(pixels, [size]), features)
    [found], _ = model.roi_heads(features, [proposals], [size])
    return {"proposals": proposals, **found}


class Margin:
    """The smallest distance of anything from a decision, in units of what rounding may do."""

    def __init__(self) -> None:
        self.least = math.inf

    def see(self, distances: torch.Tensor, unit: float) -> None:
        if distances.numel():
            self.least = min(self.least, float(distances.abs().min()) / unit)


def watched(model: FasterRCNN, pixels: torch.Tensor, margin: Margin) -> Detections:
    """`detect`, where suppression is that of each class by itself, as defined: torchvision's shift of the classes away from each
    other, which it takes for few boxes, rounds their coordinates."""
    boxes = torchvision.ops.boxes
    original = boxes.nms, boxes._batched_nms_coordinate_trick

    def nms(candidates: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
        overlaps = boxes.box_iou(candidates, candidates).triu(1)
        margin.see(overlaps[overlaps > 0] - threshold, IOU_MARGIN)
        rivals = overlaps > threshold  # the better of them stays
        margin.see((scores[:, None] - scores)[rivals], SCORE_MARGIN)
        kept: torch.Tensor = original[0](candidates, scores, threshold)
        return kept

    boxes.nms, boxes._batched_nms_coordinate_trick = nms, boxes._batched_nms_vanilla
    try:
        found = detect(model, pixels)
    finally:
        boxes.nms, boxes._batched_nms_coordinate_trick = original
    sides = found["proposals"][:, 2:] - found["proposals"][:, :2]
    level = (sides.prod(1).sqrt() / 224).log2()
    margin.see(level - level.round(), SCORE_MARGIN)
    margin.see(found["scores"] - model.roi_heads.score_thresh, SCORE_MARGIN)
    margin.see(found["scores"].diff(), SCORE_MARGIN)
    return found


def draw(case: Case, seed: int) -> tuple[FasterRCNN, torch.Tensor, Detections, float]:
    torch.manual_seed(seed)
    model = build(case)
    random_weights(model)
    pixels = torch.randn(1, 3, *case.image_size)
    for module, deviation in (
        (model.rpn.head.cls_logits, 1.0),
        (model.rpn.head.bbox_pred, 0.2),
        (model.roi_heads.box_predictor.cls_score, 2.0),
        (model.roi_heads.box_predictor.bbox_pred, 0.8),
    ):
        spread(module, deviation, lambda: detect(model, pixels))
    margin = Margin()
    found = watched(model, pixels, margin)
    return model, pixels, found, margin.least


TYPES = {torch.float32: "F32", torch.int64: "I64"}


def save(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """A safetensors file, since Debian has no package of its library."""
    header: dict[str, Any] = {"__metadata__": metadata}
    offset = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + size],
        }
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.contiguous().numpy().tobytes())


def write_case(folder: Path, case: Case, first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 60):
        model, pixels, found, margin = draw(case, seed)
        if margin > 1:
            break
    else:
        raise SystemExit(f"{case}: every draw hangs on rounding")
    folder.mkdir(parents=True)
    config = {"model_type": "faster_rcnn", "hidden_sizes": HIDDEN_SIZES, "aspect_ratios": RATIOS, **asdict(case)}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    weights = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    save(weights, folder / "model.safetensors", {"format": "pt"})
    golden = {"case/data.0/in/pixel_values": pixels}
    golden.update({f"case/data.0/out/{name}": tensor for name, tensor in found.items()})
    producer = f"torchvision {torchvision.__version__}"
    metadata = {"format": "assay-golden-1", "model": "", "fingerprint": "", "producer": producer, "precision": "fp32"}
    save(golden, folder / "golden.safetensors", metadata)
    counts = {name: len(tensor) for name, tensor in found.items()}
    print(f"{folder.name}: seed {seed}, {counts}, {margin:.1f} times what rounding may do", file=sys.stderr)


if __name__ == "__main__":
    with torch.no_grad():
        for index, one in enumerate(CASES):
            write_case(Path(sys.argv[1]) / str(index), one, 1000 * index)
