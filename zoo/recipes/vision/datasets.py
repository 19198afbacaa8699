"""Writes the held-out sets: pictures of one figure as an ImageFolder, and scenes in COCO's layout.

python zoo/recipes/vision/datasets.py
"""

import io
import json
from pathlib import Path
from typing import Any

import pictures
import scenes
from PIL import Image

DATASETS = Path(__file__).parents[2] / "datasets"
PER_CLASS = 30
SCENES = 80


def png(pixels: pictures.Pixels) -> bytes:
    """The file of a picture; decoding it gives the same pixels anywhere, while its bytes depend on the version of zlib."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def write(path: Path, content: bytes) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def coco(held_out: dict[str, scenes.Scene]) -> dict[str, Any]:
    """The annotations of scenes by file name (cocodataset.org/#format-data). Ids count from 1; a box is x, y, width, height."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (name, one) in enumerate(held_out.items(), 1):
        height, width, _ = one.pixels.shape
        images.append({"id": image_id, "file_name": name, "height": height, "width": width, "license": 1})
        for box, label, area, crowd in zip(one.boxes.tolist(), one.labels, one.areas, one.crowd):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": int(label) + 1,
                    "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                    "area": int(area),
                    "iscrowd": int(crowd),
                }
            )
    return {
        "info": {"description": "Drawn figures, made by zoo/recipes/vision/datasets.py of Assay", "version": "1"},
        "licenses": [{"id": 1, "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "categories": [{"id": label, "name": name} for label, name in enumerate(scenes.NAMES, 1)],
        "images": images,
        "annotations": annotations,
    }


def lines(document: dict[str, Any]) -> str:
    """The document as JSON with one image, category or annotation a line."""
    parts = []
    for key, value in document.items():
        rows = [json.dumps(row) for row in value] if isinstance(value, list) else None
        parts.append(
            f"{json.dumps(key)}: " + (json.dumps(value) if rows is None else "[\n " + ",\n ".join(rows) + "\n]")
        )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Writes both sets."""
    for label, name in enumerate(pictures.NAMES):
        for index in range(PER_CLASS):
            write(DATASETS / "shapes" / name / f"{index:04}.png", png(pictures.held_out(label, index)))
    held_out = {f"{index:04}.png": scenes.scene(pictures.HELDOUT, index) for index in range(SCENES)}
    for name, one in held_out.items():
        write(DATASETS / "scenes" / "images" / name, png(one.pixels))
    write(DATASETS / "scenes" / "annotations.json", lines(coco(held_out)).encode())


if __name__ == "__main__":
    main()
