"""What the zoo ships for vision, as goldens and evaluation read it: files of pictures, and the models' inputs of them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoModelForImageClassification, PreTrainedModel


@dataclass(frozen=True)
class Picture:
    """One file of a data set."""

    name: str  # its path within the set with dots for slashes, which is its name in goldens
    path: Path

    @property
    def sha256(self) -> torch.Tensor:
        """Of the file, u8 [32]."""
        return torch.tensor(list(hashlib.sha256(self.path.read_bytes()).digest()), dtype=torch.uint8)


def images_of(directory: Path) -> Path:
    """The data set that the workload of a model names."""
    return (directory / json.loads((directory / "workload.json").read_text("utf-8"))["images"]).resolve()


def pictures_in(dataset: Path) -> list[Picture]:
    """Every PNG of a data set, in the order of their paths."""
    paths = sorted(dataset.rglob("*.png"), key=lambda path: path.relative_to(dataset).as_posix())
    return [Picture(path.relative_to(dataset).as_posix().replace("/", "."), path) for path in paths]


def pixel_values(picture: Picture, directory: Path) -> torch.Tensor:
    """What a model takes, by its preprocessor_config.json: f32 [1, 3, height, width]; pictures have its size already."""
    how: dict[str, Any] = json.loads((directory / "preprocessor_config.json").read_text("utf-8"))
    pixels = np.asarray(Image.open(picture.path).convert("RGB"), dtype=np.float32) * np.float32(how["rescale_factor"])
    if how["do_normalize"]:
        pixels = (pixels - np.float32(how["image_mean"])) / np.float32(how["image_std"])
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def load_classifier(directory: Path) -> PreTrainedModel:
    """The model in fp32 on the CPU."""
    return AutoModelForImageClassification.from_pretrained(directory, dtype=torch.float32).eval()


@torch.inference_mode()
def logits_of(model: PreTrainedModel, picture: Picture, directory: Path) -> torch.Tensor:
    """Of one picture alone, [1, classes]."""
    return model(pixel_values=pixel_values(picture, directory)).logits
