"""Mean average precisions of sets of scenes by pycocotools: reads the sets of argv[1], prints six figures for each."""

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def width_and_height(box: list[float]) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]


def figures(scenes: list[dict[str, Any]]) -> list[float]:
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image, scene in enumerate(scenes, start=1):
        for truth in scene["truth"]:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": truth["label"],
                    "bbox": width_and_height(truth["box"]),
                    "area": truth["area"],
                    "iscrowd": int(truth["isCrowd"]),
                }
            )
        for found in scene["detections"]:
            box = width_and_height(found["box"])
            results.append(
                {
                    "image_id": image,
                    "category_id": found["label"],
                    "bbox": box,
                    "score": found["score"],
                }
            )
    labels = {item["category_id"] for item in annotations + results}
    truth_set = COCO()
    truth_set.dataset = {
        "images": [{"id": image} for image in range(1, len(scenes) + 1)],
        "categories": [{"id": label, "name": str(label)} for label in labels],
        "annotations": annotations,
    }
    truth_set.createIndex()
    detections = COCO()
    for number, result in enumerate(results, start=1):
        result.update(id=number, area=result["bbox"][2] * result["bbox"][3], iscrowd=0)
    detections.dataset = {**truth_set.dataset, "annotations": results}
    detections.createIndex()
    evaluation = COCOeval(truth_set, detections, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return np.asarray(evaluation.stats[:6], dtype=float).tolist()


sets = json.loads(Path(sys.argv[1]).read_text())
with contextlib.redirect_stdout(io.StringIO()):
    answers = [figures(scenes) for scenes in sets]
print(json.dumps(answers))
