"""Measures a shipped model on its held-out set, with torch in fp32 on the CPU; exit code 1 if it falls short.

python zoo/recipes/vision/evaluate.py resnet
"""

import argparse
import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import torch
from boxes import Found, detections
from network import ROOT, YoloV8, load
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from shipped import Picture, images_of, load_classifier, logits_of, pictures_in, pixel_values

LEAST_ACCURACY, LEAST_MAP50 = 0.95, 0.8


def found_by(network: YoloV8, config: dict[str, Any], picture: Picture, directory: Path) -> Found:
    """What the detector of a directory finds in one picture."""
    pixels = pixel_values(picture, directory)
    with torch.inference_mode():
        logits, pred_boxes = network(pixels)
    height, width = pixels.shape[-2:]
    thresholds = (config["score_threshold"], config["nms_threshold"])
    return detections(logits[0], pred_boxes[0], (height, width), thresholds)


def accuracy_of(directory: Path) -> dict[str, Any]:
    """Share of the held-out pictures whose class comes first, and how far the first logit is from the second."""
    model = load_classifier(directory)
    ids = {name: int(label) for label, name in model.config.id2label.items()}
    pictures = pictures_in(images_of(directory))
    logits = torch.cat([logits_of(model, picture, directory) for picture in pictures])
    labels = torch.tensor([ids[picture.path.parent.name] for picture in pictures])
    first, second = logits.topk(2).values.unbind(-1)
    quantiles = torch.quantile(first - second, torch.tensor([0, 0.05, 0.25, 0.5, 1])).tolist()
    return {
        "images": len(labels),
        "right": int((logits.argmax(-1) == labels).sum()),
        "accuracy": (logits.argmax(-1) == labels).double().mean().item(),
        "margins": [round(value, 3) for value in quantiles],
    }


def coco_results(directory: Path) -> list[dict[str, Any]]:
    """What the detector finds in the held-out scenes, as COCO's results."""
    network, config = load(directory)
    dataset = images_of(directory)
    rows: list[dict[str, Any]] = []
    ids = {image["file_name"]: image["id"] for image in _annotations(dataset).dataset["images"]}
    for picture in pictures_in(dataset):
        found = found_by(network, config, picture, directory)
        for (x1, y1, x2, y2), score, label in zip(found.boxes.tolist(), found.scores.tolist(), found.labels.tolist()):
            box = [x1, y1, x2 - x1, y2 - y1]
            rows.append({"image_id": ids[picture.path.name], "category_id": label + 1, "bbox": box, "score": score})
    return rows


def _annotations(dataset: Path) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(dataset / "annotations.json")


def average_precision_of(directory: Path) -> dict[str, Any]:
    """COCO's mean average precision by pycocotools, over IoU 0.5 to 0.95 and at 0.5."""
    truth, results = _annotations(images_of(directory)), coco_results(directory)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    images, boxes = len(truth.imgs), len(truth.anns)
    return {
        "images": images,
        "boxes": boxes,
        "detections": len(results),
        "map": evaluation.stats[0],
        "map50": evaluation.stats[1],
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description="Measures a vision model of the zoo.")
    parser.add_argument("model", choices=("resnet", "vit", "yolo"))
    name = parser.parse_args().model
    torch.set_num_threads(1)
    measure = average_precision_of if name == "yolo" else accuracy_of
    measured = measure(ROOT / "zoo" / name)
    for key, value in measured.items():
        print(f"{key}: {value}")
    if measured.get("accuracy", 1) <= LEAST_ACCURACY or measured.get("map50", 1) <= LEAST_MAP50:
        sys.exit(1)


if __name__ == "__main__":
    main()
