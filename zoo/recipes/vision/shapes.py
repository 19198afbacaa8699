"""Ten classes of figures and textures as signed distances, in units of the figure's radius; below zero is inside.

Each takes points, two arrays of any one shape, and the generator that draws what varies within the class. The distances of
polygons, boxes and their unions follow Inigo Quilez, "2D distance functions" (iquilezles.org/articles/distfunctions2d).
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Figure = Callable[[Floats, Floats, np.random.Generator], Floats]

# A texture ends at this radius.
EDGE = 1.1


def box(x: Floats, y: Floats, half_width: float, half_height: float, rounding: float = 0.0) -> Floats:
    """A rectangle around the origin whose corners are rounded."""
    dx, dy = abs(x) - half_width + rounding, abs(y) - half_height + rounding
    return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - rounding


def polygon(x: Floats, y: Floats, vertices: list[tuple[float, float]]) -> Floats:
    """Distance to the nearest edge; negative where a ray crosses the edges an odd number of times."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(vertices, vertices[1:] + vertices[:1]):
        ex, ey = bx - ax, by - ay
        along = np.clip(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * ex, y - ay - along * ey))
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * ex / ey)
    return np.where(inside, -nearest, nearest)


def corners(count: int, radii: tuple[float, ...]) -> list[tuple[float, float]]:
    """Vertices at equal angles, whose radii take turns."""
    angles = [2 * np.pi * i / count for i in range(count)]
    return [
        (radii[i % len(radii)] * float(np.sin(a)), radii[i % len(radii)] * float(np.cos(a)))
        for i, a in enumerate(angles)
    ]


def wave(x: Floats, period: float, duty: float = 0.5) -> Floats:
    """Bars across x: as wide as `duty` of the period."""
    return abs((x / period) % 1 - 0.5) * period - period * duty / 2


def circle(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """A disc."""
    return np.hypot(x, y) - 0.95


def square(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """A square; with its corners rounded far enough it would be a disc."""
    return box(x, y, 0.85, 0.85, rng.uniform(0, 0.3))


def triangle(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Three equal sides."""
    return polygon(x, y, corners(3, (1.15,)))


def star(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Five points, sharp or blunt."""
    return polygon(x, y, corners(10, (1.15, rng.uniform(0.45, 0.62))))


def cross(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Two bars, slim or thick."""
    half = rng.uniform(0.18, 0.4)
    return np.minimum(box(x, y, 1.05, half), box(x, y, half, 1.05))


def ring(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """A disc with a hole, wide or narrow."""
    hole = rng.uniform(0.25, 0.7)
    return np.maximum(np.hypot(x, y) - 0.95, hole - np.hypot(x, y))


def stripes(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Parallel bars."""
    bars = wave(x + rng.uniform(), rng.uniform(0.45, 0.8))
    return np.maximum(bars, box(x, y, EDGE, EDGE))


def checkerboard(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Fields of two kinds that take turns: where one of two waves is high and the other low."""
    period = rng.uniform(0.7, 1.1)
    a, b = wave(x + rng.uniform(), period), wave(y + rng.uniform(), period)
    return np.maximum(np.maximum(np.minimum(a, b), -np.maximum(a, b)), box(x, y, EDGE, EDGE))


def dots(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Discs on a grid."""
    period = rng.uniform(0.55, 0.85)
    shift, radius = rng.uniform(), period * rng.uniform(0.24, 0.36)
    dx, dy = (((v + shift) / period) % 1 * period - period / 2 for v in (x, y))
    return np.maximum(np.hypot(dx, dy) - radius, box(x, y, EDGE, EDGE))


def spiral(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """An arm of Archimedes, turning to either side."""
    pitch, side = rng.uniform(0.42, 0.62), rng.choice((-1.0, 1.0))
    radius, turn = np.hypot(x, y), np.arctan2(side * y, x) / (2 * np.pi)
    return np.maximum(wave(radius - turn * pitch, pitch), radius - EDGE)


CLASSES: dict[str, Figure] = {
    figure.__name__: figure
    for figure in (checkerboard, circle, cross, dots, ring, spiral, square, star, stripes, triangle)
}
