"""Boxes: overlap, the loss on it, and what detections remain after suppression."""

from typing import NamedTuple

import torch


class Found(NamedTuple):
    """Detections of one image, the best first."""

    boxes: torch.Tensor  # f32 [n, 4]: x1, y1, x2, y2 in px
    scores: torch.Tensor  # f32 [n]
    labels: torch.Tensor  # i64 [n]


def corners_of(boxes: torch.Tensor) -> torch.Tensor:
    """Centre, width, height -> x1, y1, x2, y2, [..., 4]."""
    centre, size = boxes.chunk(2, -1)
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def area_of(boxes: torch.Tensor) -> torch.Tensor:
    """Width times height, of corners [..., 4]."""
    width, height = (boxes[..., 2:] - boxes[..., :2]).unbind(-1)
    return width * height


def iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of corners, broadcast: [..., 4] and [..., 4] -> [...]."""
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])
    intersection = sides.clamp(min=0).prod(-1)
    return intersection / (area_of(a) + area_of(b) - intersection).clamp(min=1e-9)


def complete_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """IoU less what centres lie apart and proportions differ (Zheng et al., arXiv:1911.08287, equation 12)."""
    overlap = iou(a, b)
    enclosing = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    between = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]).square().sum(-1) / 4
    angles = [torch.atan2(*(box[..., 2:] - box[..., :2]).clamp(min=1e-6).unbind(-1)) for box in (a, b)]
    proportion = (angles[0] - angles[1]).square() * 4 / torch.pi**2
    with torch.no_grad():
        weight = proportion / (1 - overlap + proportion).clamp(min=1e-9)
    return overlap - between / enclosing.square().sum(-1).clamp(min=1e-9) - weight * proportion


def suppressed(found: Found, iou_threshold: float) -> Found:
    """Greedy non-maximum suppression within each class, as torchvision's `batched_nms`: what overlaps a better one by more goes."""
    order = found.scores.argsort(descending=True, stable=True)
    boxes, labels = found.boxes[order], found.labels[order]
    rivals = (iou(boxes[:, None], boxes[None]) > iou_threshold) & (labels[:, None] == labels[None])
    alive = torch.ones(len(order), dtype=torch.bool)
    for index in range(len(order)):
        if alive[index]:
            alive[index + 1 :] &= ~rivals[index, index + 1 :]
    kept = order[alive]
    return Found(found.boxes[kept], found.scores[kept], found.labels[kept])


def detections(
    logits: torch.Tensor, pred_boxes: torch.Tensor, size: tuple[int, int], thresholds: tuple[float, float]
) -> Found:
    """What a detector found in one image of so many px, height and width.

    logits [anchors, classes], before the sigmoid; pred_boxes [anchors, 4]: centre, width, height; thresholds: score, IoU.
    Each anchor counts for its best class, where that scores above the threshold. Boxes are clipped to the image at the end.
    """
    scores, labels = logits.sigmoid().max(-1)
    chosen = scores > thresholds[0]
    found = suppressed(Found(corners_of(pred_boxes[chosen]), scores[chosen], labels[chosen]), thresholds[1])
    height, width = size
    limits = torch.tensor([width, height, width, height], dtype=found.boxes.dtype)
    return found._replace(boxes=found.boxes.clamp(min=0).minimum(limits))
