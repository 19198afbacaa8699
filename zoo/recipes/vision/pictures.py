"""Pictures of one figure under noise, at any scale, angle and colour, all from one seed.

python zoo/recipes/vision/pictures.py sheet.png     draws a row of each class
"""

import sys
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from shapes import CLASSES, Floats

SEED = 20261
TRAINING, HELDOUT, HARD = 0, 1, 2
SIZE = 48
NAMES = tuple(CLASSES)
# Of a class's held-out pictures, those that are drawn as for training; the others are harder.
ORDINARY_HELDOUT = 20

Pixels: TypeAlias = NDArray[np.uint8]


def grid(size: int) -> tuple[Floats, Floats]:
    """The centres of the pixels: x and y, [size, size]."""
    y, x = np.mgrid[0:size, 0:size] + 0.5
    return x, y


def background(rng: np.random.Generator, size: int) -> Floats:
    """One colour that runs into another, with a slow wave across it, [size, size, 3]."""
    x, y = grid(size)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 2) * size
    along = (x * np.cos(angle) + y * np.sin(angle)) / size
    share = np.clip(0.5 + along * rng.uniform(0, 0.5) + 0.15 * np.sin(2 * np.pi * along * size / length), 0, 1)
    first = rng.uniform(0, 255, 3)
    second = np.clip(first + rng.uniform(-70, 70, 3), 0, 255)
    return first + (second - first) * share[..., None]


def colour_apart(rng: np.random.Generator, other: Floats, contrast: float) -> Floats:
    """A colour at least so far from another one (Euclid, of 255 a channel)."""
    while True:
        colour = rng.uniform(0, 255, 3)
        if np.linalg.norm(colour - other) >= contrast:
            return colour


def coverage(name: str, rng: np.random.Generator, size: int, centre: tuple[float, float], radius: float) -> Floats:
    """How much of each pixel a figure of this class covers, turned by a random angle, [size, size] from 0 to 1."""
    x, y = grid(size)
    angle = rng.uniform(0, 2 * np.pi)
    dx, dy = (x - centre[0]) / radius, (y - centre[1]) / radius
    cosine, sine = np.cos(angle), np.sin(angle)
    distance = CLASSES[name](cosine * dx + sine * dy, cosine * dy - sine * dx, rng) * radius
    return np.clip(0.5 - distance, 0, 1)


def noisy(rng: np.random.Generator, picture: Floats, strongest: float) -> Pixels:
    """The picture under normal noise, more often weak than strong, as bytes."""
    sigma = 1 + (strongest - 1) * rng.uniform() ** 2
    return np.clip(np.rint(picture + rng.normal(0, sigma, picture.shape)), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Difficulty:
    """What a picture's draws lie between."""

    radius: tuple[float, float]  # px
    contrast: tuple[float, float]  # of the figure's colour to the background's mean: Euclid, of 255 a channel
    noise: float  # the strongest deviation


ORDINARY = Difficulty((11, 20), (70, 200), 36)
# Smaller, paler and noisier than anything in training, so that a model is unsure of some of them.
HARDER = Difficulty((9, 14), (40, 110), 48)


def picture(purpose: int, label: int, index: int) -> Pixels:
    """The picture of this number in a class, [48, 48, 3]. Purposes have streams of their own, so that none shares a picture."""
    rng = np.random.default_rng((SEED, purpose, label, index))
    difficulty = HARDER if purpose == HARD else ORDINARY
    radius = rng.uniform(*difficulty.radius)
    x, y = SIZE / 2 + rng.uniform(-5, 5, 2)
    behind = background(rng, SIZE)
    colour = colour_apart(rng, behind.mean((0, 1)), rng.uniform(*difficulty.contrast))
    covered = coverage(NAMES[label], rng, SIZE, (x, y), radius)[..., None]
    return noisy(rng, behind + (colour - behind) * covered, difficulty.noise)


def held_out(label: int, index: int) -> Pixels:
    """A held-out picture of a class; the last ones are hard."""
    return picture(HELDOUT if index < ORDINARY_HELDOUT else HARD, label, index)


def main() -> None:
    """Draws twelve pictures of each class."""
    rows = [np.concatenate([picture(TRAINING, label, i) for i in range(12)], 1) for label in range(len(NAMES))]
    Image.fromarray(np.concatenate(rows)).save(sys.argv[1])


if __name__ == "__main__":
    main()
