"""Trains a classifier of the zoo and writes what ships, apart from the golden.

python zoo/recipes/vision/train_classifier.py resnet
"""

import json
import sys
import time

import numpy as np
import torch
from pictures import NAMES, SEED, SIZE, TRAINING, picture
from schedule import optimizer_of, rate, recoloured
from torch.nn.functional import cross_entropy
from transformers import AutoModelForImageClassification, PreTrainedModel
from variants import Variant, asked

PER_CLASS = 2000
BATCH = 32
WEIGHT_DECAY = 0.05
# Of ImageNet, as most published checkpoints have it; the channels differ, so that a swap of two shows.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": False,
    "size": {"height": SIZE, "width": SIZE},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": list(MEAN),
    "image_std": list(DEVIATION),
}


def training_pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Every picture that is trained on, u8 [n, 3, 48, 48], and its class, [n]."""
    labels = np.repeat(np.arange(len(NAMES)), PER_CLASS)
    pixels = [picture(TRAINING, int(label), i % PER_CLASS) for i, label in enumerate(labels)]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels of 0 to 1 as the model takes them."""
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)


def train(model: PreTrainedModel, variant: Variant, number: int) -> None:
    """One round, in place; each step sees one batch, turned by quarters, mirrored and recoloured."""
    generator = torch.Generator().manual_seed(SEED + number)
    steps = variant.rounds[number]
    pixels, labels = training_pictures()
    model.to(memory_format=torch.channels_last)  # a fifth faster on CPUs
    optimizer = optimizer_of(model, WEIGHT_DECAY)
    started = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, variant.peak_rate)
        chosen = torch.randint(0, len(labels), (BATCH,), generator=generator)
        batch = recoloured(pixels[chosen].float() / 255, generator)
        turns, mirror = torch.randint(0, 4, (2,), generator=generator).tolist()
        batch = torch.rot90(batch, turns, (2, 3))
        inputs = normalised(batch.flip(3) if mirror % 2 else batch)
        logits = model(pixel_values=inputs.contiguous(memory_format=torch.channels_last)).logits
        loss = cross_entropy(logits, labels[chosen])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 250 == 0 or step == steps - 1:
            right = (logits.argmax(-1) == labels[chosen]).float().mean().item()
            minutes = (time.monotonic() - started) / 60
            print(f"step {step}  loss {loss.item():.3f}  right {right:.3f}  {minutes:.1f} min", file=sys.stderr)


def main() -> None:
    """Trains and writes the model directory."""
    variant, first = asked("Trains a classifier of the zoo.")
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = AutoModelForImageClassification.from_config(variant.config)
    if first > 0:
        model.load_state_dict(AutoModelForImageClassification.from_pretrained(variant.directory).state_dict())
    print(f"{model.num_parameters()} parameters", file=sys.stderr)
    for number in range(first, len(variant.rounds)):
        train(model.train(), variant, number)
        model.eval().to(memory_format=torch.contiguous_format).save_pretrained(variant.directory)
    (variant.directory / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=2) + "\n")
    (variant.directory / "workload.json").write_text(json.dumps({"images": "../datasets/shapes"}) + "\n")


if __name__ == "__main__":
    main()
