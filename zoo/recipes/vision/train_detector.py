"""Trains the detector of the zoo and writes what ships, apart from the golden.

python zoo/recipes/vision/train_detector.py
"""

import argparse
import json
import sys
import time

import torch
from assignment import Truth, detection_loss
from boxes import corners_of
from network import CONFIG, DIRECTORY, YoloConfig, YoloV8, anchors, load
from pictures import SEED, TRAINING
from safetensors.torch import save_file
from scenes import SIZE, Scene, scene
from schedule import optimizer_of, rate, recoloured

SCENES = 4000
BATCH = 16
# Steps of each round: the learning rate starts anew, and so does the draw of the scenes.
ROUNDS = (2000, 1600)
PEAK_RATE = 3e-3
WEIGHT_DECAY = 0.05

PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": False,
    "size": {"height": SIZE, "width": SIZE},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": False,
}


def truth_of(scenes: list[Scene], transpose: bool, mirror_x: bool, mirror_y: bool) -> Truth:
    """The boxes of these scenes after their pictures were turned."""
    most = max(max(len(one.labels) for one in scenes), 1)
    boxes, labels = torch.zeros(len(scenes), most, 4), torch.zeros(len(scenes), most, dtype=torch.int64)
    real, crowd = (torch.zeros(len(scenes), most, dtype=torch.bool) for _ in range(2))
    for row, one in enumerate(scenes):
        count = len(one.labels)
        boxes[row, :count] = torch.from_numpy(one.boxes).float()
        labels[row, :count] = torch.from_numpy(one.labels)
        crowd[row, :count] = torch.from_numpy(one.crowd)
        real[row, :count] = ~crowd[row, :count]
    x1, y1, x2, y2 = boxes.unbind(-1)
    if transpose:
        x1, y1, x2, y2 = y1, x1, y2, x2
    if mirror_x:
        x1, x2 = SIZE - x2, SIZE - x1
    if mirror_y:
        y1, y2 = SIZE - y2, SIZE - y1
    return Truth(torch.stack([x1, y1, x2, y2], -1), labels, real, crowd)


def pixels_of(scenes: list[Scene], transpose: bool, mirror_x: bool, mirror_y: bool) -> torch.Tensor:
    """The pictures of these scenes, turned, [batch, 3, 96, 96] from 0 to 1."""
    pixels = torch.stack([torch.from_numpy(one.pixels) for one in scenes]).permute(0, 3, 1, 2).float() / 255
    pixels = pixels.transpose(2, 3) if transpose else pixels
    mirrored = [axis for axis, is_mirrored in ((3, mirror_x), (2, mirror_y)) if is_mirrored]
    return pixels.flip(mirrored)


def train(network: YoloV8, number: int) -> None:
    """One round, in place."""
    generator = torch.Generator().manual_seed(SEED + number)
    steps = ROUNDS[number]
    network.to(memory_format=torch.channels_last)  # a quarter faster on CPUs
    scenes = [scene(TRAINING, index) for index in range(SCENES)]
    optimizer = optimizer_of(network, WEIGHT_DECAY)
    centres, strides = anchors(SIZE, SIZE, network.strides, like=torch.zeros(()))
    started = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, PEAK_RATE)
        batch = [scenes[index] for index in torch.randint(0, SCENES, (BATCH,), generator=generator).tolist()]
        turned = [bool(bit) for bit in torch.randint(0, 2, (3,), generator=generator)]
        pixels = recoloured(pixels_of(batch, *turned), generator)
        predictions = network.predict(pixels.contiguous(memory_format=torch.channels_last))
        corners = corners_of(network.boxes_of(predictions.distances, SIZE, SIZE))
        truth = truth_of(batch, *turned)
        loss = detection_loss(truth, centres * strides, strides, predictions.logits, predictions.distances, corners)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0 or step == steps - 1:
            minutes = (time.monotonic() - started) / 60
            print(f"step {step}  loss {loss.item():.3f}  {minutes:.1f} min", file=sys.stderr)


def main() -> None:
    """Trains and writes the model directory."""
    parser = argparse.ArgumentParser(description="Trains the detector of the zoo.")
    parser.add_argument("--from-round", type=int, default=0, help="continue what is in the directory")
    first = parser.parse_args().from_round
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    network = load(DIRECTORY)[0] if first > 0 else YoloV8(YoloConfig.of(CONFIG))
    print(f"{sum(p.numel() for p in network.parameters())} parameters", file=sys.stderr)
    for number in range(first, len(ROUNDS)):
        train(network.train(), number)
    DIRECTORY.mkdir(exist_ok=True)
    weights = {name: weight.contiguous() for name, weight in network.eval().state_dict().items()}
    save_file(weights, DIRECTORY / "model.safetensors", {"format": "pt"})
    for name, content in (
        ("config.json", CONFIG),
        ("preprocessor_config.json", PREPROCESSOR),
        ("workload.json", {"images": "../datasets/scenes"}),
    ):
        (DIRECTORY / name).write_text(json.dumps(content, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
