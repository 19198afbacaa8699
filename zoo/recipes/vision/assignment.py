"""Which anchor learns which box, and the loss of a detector.

Task alignment is that of Feng et al., "TOOD" (arXiv:2108.07755, section 3.2); the distributions over distances learn as in Li
et al., "Generalized Focal Loss" (arXiv:2006.04388, equation 6).
"""

from typing import NamedTuple

import torch
from boxes import complete_iou, iou
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

ANCHORS_PER_BOX = 10
SCORE_POWER, OVERLAP_POWER = 0.5, 6.0
BOX_WEIGHT, CLASS_WEIGHT, DISTANCE_WEIGHT = 7.5, 0.5, 1.5


class Truth(NamedTuple):
    """The boxes of a batch, padded to as many as the fullest image has."""

    boxes: torch.Tensor  # f32 [batch, boxes, 4]: x1, y1, x2, y2 in px
    labels: torch.Tensor  # i64 [batch, boxes]
    real: torch.Tensor  # bool [batch, boxes]: not padding, and to be learnt
    crowd: torch.Tensor  # bool [batch, boxes]: nothing is learnt of the classes in there


class Targets(NamedTuple):
    """What each anchor learns."""

    boxes: torch.Tensor  # f32 [batch, anchors, 4]
    scores: torch.Tensor  # f32 [batch, anchors, classes]: 0 but for the class of its box, and there how well it does
    assigned: torch.Tensor  # bool [batch, anchors]
    ignored: torch.Tensor  # bool [batch, anchors]


def within(points: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Which points [anchors, 2] lie in which boxes: bool [batch, boxes, anchors]."""
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]
    return ((points > low) & (points < high)).all(-1)


@torch.no_grad()
def assign(truth: Truth, points: torch.Tensor, logits: torch.Tensor, corners: torch.Tensor) -> Targets:
    """Each box takes the anchors inside of it that do best at both tasks; an anchor that two want has the box that it fits."""
    inside = within(points, truth.boxes)
    overlap = iou(truth.boxes[:, :, None], corners[:, None]).clamp(min=0)  # [batch, boxes, anchors]
    of_class = truth.labels[:, :, None].expand(-1, -1, logits.shape[1])
    score = logits.sigmoid().transpose(1, 2).gather(1, of_class)
    aligned = score**SCORE_POWER * overlap**OVERLAP_POWER * inside * truth.real[:, :, None]
    best = torch.zeros_like(aligned, dtype=torch.bool)
    best.scatter_(2, aligned.topk(ANCHORS_PER_BOX, 2).indices, True)
    taken = best & (aligned > 0)
    taken &= torch.where(taken, overlap, -1).argmax(1, keepdim=True) == torch.arange(overlap.shape[1]).view(1, -1, 1)
    aligned, overlap = aligned * taken, overlap * taken
    # The best anchor of a box learns its overlap as the score, the others less.
    quality = aligned / aligned.amax(2, keepdim=True).clamp(min=1e-9) * overlap.amax(2, keepdim=True)
    owner = taken.float().argmax(1)  # [batch, anchors]
    scores = torch.zeros_like(logits)
    scores.scatter_(2, truth.labels.gather(1, owner)[..., None], quality.amax(1)[..., None])
    boxes = truth.boxes.gather(1, owner[..., None].expand(-1, -1, 4))
    return Targets(boxes, scores, taken.any(1), (inside & truth.crowd[:, :, None]).any(1))


def distance_loss(distances: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross entropy against the two whole numbers around each distance. distances [n, 4, reg_max], targets [n, 4] -> [n]."""
    targets = targets.clamp(0, distances.shape[-1] - 1.01)
    low = targets.long()
    share = targets - low
    flat = distances.flatten(0, 1)
    losses = [cross_entropy(flat, side.flatten(), reduction="none").view_as(targets) for side in (low, low + 1)]
    return (losses[0] * (1 - share) + losses[1] * share).mean(-1)


def detection_loss(
    truth: Truth,
    points: torch.Tensor,
    strides: torch.Tensor,
    logits: torch.Tensor,
    distances: torch.Tensor,
    corners: torch.Tensor,
) -> torch.Tensor:
    """points [anchors, 2] in px, strides [anchors, 1], logits [batch, anchors, classes], distances [batch, anchors, 4, reg_max],
    corners [batch, anchors, 4] in px."""
    targets = assign(truth, points, logits, corners)
    total = targets.scores.sum().clamp(min=1)
    classes = binary_cross_entropy_with_logits(logits, targets.scores, reduction="none").sum(-1)
    loss = CLASS_WEIGHT * (classes * ~targets.ignored).sum() / total
    chosen = targets.assigned
    if not chosen.any():
        return loss
    weights = targets.scores.sum(-1)[chosen]
    boxes = ((1 - complete_iou(corners[chosen], targets.boxes[chosen])) * weights).sum() / total
    sides = torch.cat([points - targets.boxes[..., :2], targets.boxes[..., 2:] - points], -1) / strides
    sharp = (distance_loss(distances[chosen], sides[chosen]) * weights).sum() / total
    return loss + BOX_WEIGHT * boxes + DISTANCE_WEIGHT * sharp
