"""What the trainings share: the optimiser, its learning rate, and how a batch is turned, mirrored and recoloured."""

import math

import torch
from torch import nn

WARMUP = 200
FINAL_SHARE = 0.005


def rate(step: int, steps: int, peak: float) -> float:
    """The learning rate: a linear warm-up, then half a cosine."""
    if step < WARMUP:
        return peak * (step + 1) / WARMUP
    done = (step - WARMUP) / (steps - WARMUP)
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * (1 + math.cos(math.pi * done)) / 2)


def optimizer_of(model: nn.Module, decay: float) -> torch.optim.AdamW:
    """AdamW that decays the weights of products and leaves biases and norms alone."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)


def recoloured(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The batch with its channels in another order, and as a negative half of the time: colour says nothing of the class."""
    pixels = pixels[:, torch.randperm(3, generator=generator)]
    return 1 - pixels if torch.rand((), generator=generator) < 0.5 else pixels
