"""Makes the golden of a vision model: what torch computes in fp32 on the CPU for the held-out set.

python zoo/recipes/vision/goldens.py resnet
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
import transformers
from evaluate import found_by
from network import ROOT, load
from pycocotools.coco import COCO
from safetensors.torch import save
from shipped import images_of, load_classifier, logits_of, pictures_in, pixel_values

LOGITS_CASES, DATA_CASES = 10, 4

Tensors = dict[str, torch.Tensor]


def fingerprint(directory: Path) -> str:
    """The sha256 of what `LC_ALL=C; sha256sum config.json *.safetensors` prints in a model directory."""
    files = sorted([directory / "config.json", *directory.glob("*.safetensors")], key=lambda path: path.name.encode())
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def classification(directory: Path) -> Tensors:
    """Logits of every held-out picture; of some, evenly apart, the pixels too. Each is computed alone."""
    model = load_classifier(directory)
    ids = {name: int(label) for label, name in model.config.id2label.items()}
    pictures = pictures_in(images_of(directory))
    tensors: Tensors = {}
    for index, picture in enumerate(pictures):
        logits = logits_of(model, picture, directory)
        if index % (len(pictures) // LOGITS_CASES) == 0:
            tensors[f"case/logits.{picture.name}/in/pixel_values"] = pixel_values(picture, directory)
            tensors[f"case/logits.{picture.name}/out/logits"] = logits
        tensors[f"case/images.{picture.name}/in/labels"] = torch.tensor([ids[picture.path.parent.name]])
        tensors[f"case/images.{picture.name}/in/file_sha256"] = picture.sha256
        tensors[f"case/images.{picture.name}/out/logits"] = logits
    return tensors


def detection(directory: Path) -> Tensors:
    """Detections in every held-out scene beside the truth; of some, evenly apart, the raw outputs of the network too."""
    network, config = load(directory)
    dataset = images_of(directory)
    truth = COCO(dataset / "annotations.json")
    ids = {image["file_name"]: image["id"] for image in truth.dataset["images"]}
    pictures = pictures_in(dataset)
    tensors: Tensors = {}
    for index, picture in enumerate(pictures):
        pixels = pixel_values(picture, directory)
        if index % (len(pictures) // DATA_CASES) == 0:
            with torch.inference_mode():
                logits, pred_boxes = network(pixels)
            tensors[f"case/data.{picture.name}/in/pixel_values"] = pixels
            tensors[f"case/data.{picture.name}/out/logits"] = logits
            tensors[f"case/data.{picture.name}/out/pred_boxes"] = pred_boxes
        annotations = truth.imgToAnns[ids[picture.path.name]]
        boxes = torch.tensor([row["bbox"] for row in annotations], dtype=torch.float32).reshape(-1, 4)
        found = found_by(network, config, picture, directory)
        case = f"case/scenes.{picture.name}"
        tensors |= {
            f"{case}/in/file_sha256": picture.sha256,
            f"{case}/in/size": torch.tensor(pixels.shape[-2:]),
            f"{case}/in/thresholds": torch.tensor([config["score_threshold"], config["nms_threshold"]]),
            f"{case}/in/class_labels": torch.tensor([row["category_id"] - 1 for row in annotations], dtype=torch.int64),
            f"{case}/in/true_boxes": torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1),
            f"{case}/in/crowd": torch.tensor([row["iscrowd"] for row in annotations], dtype=torch.int64),
            f"{case}/in/area": torch.tensor([row["area"] for row in annotations], dtype=torch.float32),
            f"{case}/out/boxes": found.boxes,
            f"{case}/out/scores": found.scores,
            f"{case}/out/labels": found.labels,
        }
    return tensors


def with_sorted_metadata(file: bytes) -> bytes:
    """The same safetensors file with its metadata in order, which `save` leaves to chance."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(size)
    return file[:8] + text + file[8 + size :]


def main() -> None:
    """Writes the golden."""
    parser = argparse.ArgumentParser(description="Makes the golden of a vision model of the zoo.")
    parser.add_argument("model", choices=("resnet", "vit", "yolo"))
    name = parser.parse_args().model
    torch.set_num_threads(1)
    directory = ROOT / "zoo" / name
    tensors = detection(directory) if name == "yolo" else classification(directory)
    versions = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    metadata = {
        "format": "assay-golden-1",
        "model": f"zoo/{name}",
        "fingerprint": fingerprint(directory),
        "producer": json.dumps({"engine": "torch", "device": "cpu", "versions": versions}),
        "precision": "fp32",
    }
    golden = directory / "goldens" / "torch-fp32.safetensors"
    golden.parent.mkdir(exist_ok=True)
    golden.write_bytes(
        with_sorted_metadata(save({key: value.clone().contiguous() for key, value in tensors.items()}, metadata))
    )


if __name__ == "__main__":
    main()
