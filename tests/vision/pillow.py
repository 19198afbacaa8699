"""What Pillow, and Hugging Face's image processors on it, make of some images.

python tests/vision/pillow.py encode FOLDER          images of every kind that PIL has, with what convert('RGB') gives of each
python tests/vision/pillow.py resize FOLDER          FOLDER/jobs.json: [{"file", "width", "height", "kernel", "out"}]
python tests/vision/pillow.py process FOLDER         FOLDER/jobs.json: [{"file", "config", "out"}]
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 61, 43


def photograph() -> np.ndarray:
    """Smooth colours with grain, u8 [height, width, 3]."""
    random = np.random.default_rng(5)
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH] / 9
    waves = np.stack([np.sin(down + phase) * np.cos(across - phase) for phase in (0, 1, 2)], -1)
    return (127 + 90 * waves + random.normal(0, 9, waves.shape)).clip(0, 255).astype(np.uint8)


def encode(folder: Path) -> None:
    """Writes the images, and the bytes of each as RGB beside it."""
    image = Image.fromarray(photograph())
    alpha = Image.fromarray(np.tile(np.arange(WIDTH, dtype=np.uint8) * 4, (HEIGHT, 1)))
    transparent = image.copy()
    transparent.putalpha(alpha)
    deep = (photograph()[..., 0].astype(np.uint16) << 8) | 129
    turned = Image.Exif()
    turned[0x0112] = 6
    files: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "plain.png": (image, {}),
        "plain.jpg": (image, {"quality": 90}),
        "halved.jpg": (image, {"quality": 90, "subsampling": 2}),
        "grey.png": (image.convert("L"), {}),
        "grey.jpg": (image.convert("L"), {}),
        "grey-alpha.png": (transparent.convert("LA"), {}),
        "alpha.png": (transparent, {}),
        "palette.png": (image.quantize(64), {}),
        "bits.png": (image.convert("1"), {}),
        "deep.png": (Image.fromarray(deep), {}),
        "inks.jpg": (image.convert("CMYK"), {"quality": 95}),
        "plain.webp": (image, {"lossless": True}),
        "plain.tiff": (image, {}),
        "plain.gif": (image, {}),
        "turned.jpg": (image, {"quality": 90, "exif": turned}),
    }
    for name, (one, options) in files.items():
        one.save(folder / name, **options)
        rgb = ImageOps.exif_transpose(Image.open(folder / name)).convert("RGB")
        if name == "deep.png":  # Pillow makes white of every value above 255; the upper byte is what is seen
            rgb = Image.fromarray((deep >> 8).astype(np.uint8)).convert("RGB")
        (folder / f"{name}.json").write_text(json.dumps({"width": rgb.width, "height": rgb.height}))
        (folder / f"{name}.rgb").write_bytes(np.asarray(rgb).tobytes())


def resize(folder: Path) -> None:
    """Resizes by Pillow itself."""
    for job in json.loads((folder / "jobs.json").read_text()):
        image = Image.open(folder / job["file"]).convert("RGB")
        kernel = Image.Resampling[job["kernel"].upper()]
        (folder / job["out"]).write_bytes(np.asarray(image.resize((job["width"], job["height"]), kernel)).tobytes())


def process(folder: Path) -> None:
    """Prepares images by the processors of transformers that stand on Pillow."""
    import transformers

    for job in json.loads((folder / "jobs.json").read_text()):
        config = dict(job["config"])
        kind = getattr(transformers, config.pop("image_processor_type") + "Pil")
        image = Image.open(folder / job["file"]).convert("RGB")
        values = kind(**config)(image, return_tensors="np")["pixel_values"]
        (folder / job["out"]).write_bytes(np.ascontiguousarray(values, dtype=np.float32).tobytes())


if __name__ == "__main__":
    {"encode": encode, "resize": resize, "process": process}[sys.argv[1]](Path(sys.argv[2]))
