"""What torch, pycocotools and the recipe make of the vision models and data sets that ship, as JSON; PYTHONPATH is the recipe's folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import network
import numpy as np
import pictures
import scenes
import torch
from boxes import Found, iou, suppressed
from evaluate import accuracy_of, average_precision_of
from PIL import Image
from pycocotools import mask
from safetensors.torch import load_file
from transformers import AutoConfig
from variants import CLASSIFIERS

from goldens import classification, detection

# What save_pretrained adds to a configuration.
SAVED = ("architectures", "dtype", "transformers_version", "_name_or_path")
TRAINING_PICTURES, TRAINING_SCENES = 200, 300


def drawn() -> Iterator[tuple[Path, pictures.Pixels]]:
    """Every held-out file, and what the recipe draws for it."""
    for label, name in enumerate(pictures.NAMES):
        for index in range(datasets.PER_CLASS):
            yield datasets.DATASETS / "shapes" / name / f"{index:04}.png", pictures.held_out(label, index)
    for index in range(datasets.SCENES):
        yield (
            datasets.DATASETS / "scenes" / "images" / f"{index:04}.png",
            scenes.scene(pictures.HELDOUT, index).pixels,
        )


def drawing() -> dict[str, Any]:
    """Files whose pixels or annotations are not those that the recipe makes, and held-out pictures that are trained on."""
    held_out = list(drawn())
    differing = [path.name for path, pixels in held_out if not np.array_equal(np.asarray(Image.open(path)), pixels)]
    trained = {
        pictures.picture(pictures.TRAINING, label, index).tobytes()
        for label in range(len(pictures.NAMES))
        for index in range(TRAINING_PICTURES)
    } | {scenes.scene(pictures.TRAINING, index).pixels.tobytes() for index in range(TRAINING_SCENES)}
    annotations = json.loads((datasets.DATASETS / "scenes" / "annotations.json").read_text("utf-8"))
    again = {f"{i:04}.png": scenes.scene(pictures.HELDOUT, i) for i in range(datasets.SCENES)}
    return {
        "drawn": len(held_out),
        "differing": differing,
        "annotationsAsDrawn": datasets.coco(again) == annotations,
        "distinct": len({pixels.tobytes() for _, pixels in held_out}),
        "trained": len(trained),
        "heldOutAndTrained": sum(pixels.tobytes() in trained for _, pixels in held_out),
    }


def suppression() -> dict[str, Any]:
    """Random boxes: overlap by pycocotools beside the recipe's, and whether what is left is what greedy suppression leaves."""
    generator = torch.Generator().manual_seed(9)
    corner, side = torch.rand(400, 2, generator=generator) * 60, 5 + torch.rand(400, 2, generator=generator) * 30
    found = Found(
        torch.cat([corner, corner + side], 1),
        torch.rand(400, generator=generator),
        torch.randint(0, 3, (400,), generator=generator),
    )
    as_coco = torch.cat([corner, side], 1).double().numpy()
    overlaps = torch.from_numpy(mask.iou(as_coco, as_coco, [0] * 400))
    kept: list[int] = []
    for index in found.scores.argsort(descending=True).tolist():
        if all(found.labels[index] != found.labels[other] or overlaps[index, other] <= 0.45 for other in kept):
            kept.append(index)
    return {
        "overlapDiffers": (iou(found.boxes[:, None], found.boxes[None]).double() - overlaps).abs().max().item(),
        "kept": len(kept),
        "same": suppressed(found, 0.45).scores.tolist() == found.scores[kept].tolist(),
    }


def golden(name: str) -> dict[str, Any]:
    """How far what torch computes here is from what is shipped, over all tensors; and tensors that only one of them has."""
    directory = network.ROOT / "zoo" / name
    shipped = load_file(directory / "goldens" / "torch-fp32.safetensors")
    here = detection(directory) if name == "yolo" else classification(directory)
    both = shipped.keys() & here.keys()
    misshapen = [key for key in both if shipped[key].shape != here[key].shape or shipped[key].dtype != here[key].dtype]
    apart = [
        (shipped[key].double() - here[key].double()).abs().max().item() for key in both if key not in misshapen and here[key].numel() > 0
    ]  # fmt: skip
    return {"notInBoth": sorted(shipped.keys() ^ here.keys()), "misshapen": misshapen, "maxAbs": max(apart)}


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without what is only known when a model is saved."""
    return {key: value for key, value in config.items() if key not in SAVED}


def main() -> None:
    """Prints it all."""
    torch.set_num_threads(1)
    zoo = network.ROOT / "zoo"
    shipped_yolo = json.loads((zoo / "yolo" / "config.json").read_text("utf-8"))
    configs = {
        variant.name: {
            "config": plain(AutoConfig.from_pretrained(variant.directory).to_dict()),
            "recipe": plain(variant.config.to_dict()),
        }
        for variant in CLASSIFIERS
    }
    claims = {
        "configs": configs | {"yolo": {"config": shipped_yolo, "recipe": network.CONFIG}},
        "drawing": drawing(),
        "suppression": suppression(),
        "accuracy": {variant.name: accuracy_of(variant.directory)["accuracy"] for variant in CLASSIFIERS},
        "map50": average_precision_of(zoo / "yolo")["map50"],
        "goldens": {name: golden(name) for name in ("resnet", "vit", "yolo")},
    }
    print("\n" + json.dumps(claims))


if __name__ == "__main__":
    main()
