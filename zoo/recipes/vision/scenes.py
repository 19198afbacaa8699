"""Scenes of one to five figures with boxes, some of them in front of others, and now and then a crowd.

python zoo/recipes/vision/scenes.py sheet.png     draws a few with their boxes
"""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pictures import SEED, TRAINING, Pixels, background, colour_apart, coverage, noisy
from PIL import Image, ImageDraw
from shapes import Floats

SIZE = 96
NAMES = ("circle", "square", "star", "triangle")
MOST_FIGURES = 5
# A figure that less is seen of is left out.
LEAST_VISIBLE, LEAST_AREA = 0.45, 30
CROWD_SHARE = 0.08


@dataclass(frozen=True)
class Scene:
    """A picture and what is to be found in it."""

    pixels: Pixels  # [96, 96, 3]
    boxes: NDArray[np.int64]  # [n, 4]: x1, y1, x2, y2 in px around what is seen of each figure
    labels: NDArray[np.int64]  # [n], an index of NAMES
    areas: NDArray[np.int64]  # [n], seen px
    crowd: NDArray[np.bool_]  # [n]: several figures that are not told apart


def figure(rng: np.random.Generator, name: str) -> Floats:
    """What one figure covers, [96, 96]."""
    radius = rng.uniform(5.5, 21)
    x, y = rng.uniform(0.7 * radius, SIZE - 0.7 * radius, 2)
    return coverage(name, rng, SIZE, (x, y), radius)


def crowd(rng: np.random.Generator, name: str) -> Floats:
    """What a crowd of small figures covers."""
    x, y = rng.uniform(16, SIZE - 16, 2)
    places = rng.uniform(-13, 13, (rng.integers(6, 11), 2))
    return np.max([coverage(name, rng, SIZE, (x + dx, y + dy), rng.uniform(3, 4.5)) for dx, dy in places], 0)


def scene(purpose: int, index: int) -> Scene:
    """The scene of this number. Purposes have streams of their own, so that none shares a scene."""
    rng = np.random.default_rng((SEED, purpose, len(NAMES), SIZE, index))
    canvas = background(rng, SIZE)
    is_crowd = [True] * (rng.uniform() < CROWD_SHARE) + [False] * int(rng.integers(1, MOST_FIGURES + 1))
    labels = rng.integers(0, len(NAMES), len(is_crowd))
    drawn: list[Floats] = []
    kept: list[tuple[int, bool]] = []
    for label, many in zip(labels.tolist(), is_crowd):
        covered = (crowd if many else figure)(rng, NAMES[label])
        # Nothing is drawn that hides too much of what is there, or of which too little would be seen.
        hidden = [np.sum((other > 0.5) & (covered > 0.5)) / max(np.sum(other > 0.5), 1) for other in drawn]
        if any(share > 1 - LEAST_VISIBLE for share in hidden):
            continue
        colour = colour_apart(rng, canvas[covered > 0.5].mean(0), rng.uniform(55, 160))
        canvas = canvas + (colour - canvas) * covered[..., None]
        drawn.append(covered)
        kept.append((label, many))
    return _annotated(noisy(rng, canvas, 30), drawn, kept)


def _annotated(pixels: Pixels, drawn: list[Floats], kept: list[tuple[int, bool]]) -> Scene:
    """Boxes around the pixels that are seen: more than half covered by the figure, and by none in front of it."""
    rows: list[tuple[int, int, int, int, int, int, bool]] = []
    front = np.zeros((SIZE, SIZE), dtype=bool)
    for covered, (label, many) in reversed(list(zip(drawn, kept))):
        whole = covered > 0.5
        seen = whole & ~front
        front |= whole
        area = int(seen.sum())
        if area >= max(LEAST_AREA, LEAST_VISIBLE * whole.sum()):
            ys, xs = np.nonzero(seen)
            rows.append((int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1, label, area, many))
    rows.reverse()
    table = np.array(rows, dtype=np.int64).reshape(-1, 7)
    return Scene(pixels, table[:, :4], table[:, 4], table[:, 5], table[:, 6].astype(bool))


def main() -> None:
    """Draws scenes of the training with their boxes, crowds in grey."""
    rows = []
    for row in range(6):
        cells = []
        for index in range(row * 8, row * 8 + 8):
            one = scene(TRAINING, index)
            image = Image.fromarray(one.pixels)
            for (x1, y1, x2, y2), many in zip(one.boxes.tolist(), one.crowd):
                ImageDraw.Draw(image).rectangle((x1, y1, x2 - 1, y2 - 1), outline="grey" if many else "white")
            cells.append(np.asarray(image))
        rows.append(np.concatenate(cells, 1))
    Image.fromarray(np.concatenate(rows)).save(sys.argv[1])


if __name__ == "__main__":
    main()
