"""What makes a photo look laid down by hand: brush strokes that follow the forms, and cells of glass or stone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.creation.adapters.local.canvas import Layers, Plane, Random, blur, grain, luma, plane, shape_of

Labels = NDArray[np.int32]


def brushed(paint: Layers, radius: int) -> Layers:
    """Oil paint: each pixel takes the mean of whichever neighbouring quarter is the calmest (a soft Kuwahara filter).

    Kuwahara et al., 1976; the soft weights are Papari's (2007), which remove the blocks that the hard choice leaves.
    """
    size = (radius + 1, radius + 1)
    anchors = ((0, 0), (radius, 0), (0, radius), (radius, radius))
    tone = luma(paint)
    square = tone * tone
    total = np.zeros_like(paint)
    weights = np.zeros_like(tone)
    for anchor in anchors:
        mean = plane(cv2.blur(paint, size, anchor=anchor))
        spread = plane(cv2.blur(square, size, anchor=anchor)) - plane(cv2.blur(tone, size, anchor=anchor)) ** 2
        calm = np.clip(spread, 1e-5, None) ** np.float32(-3)
        total += mean * calm[..., None]
        weights += calm
    return plane(total / weights[..., None])


def flow(tone: Plane, sigma: float) -> tuple[Plane, Plane]:
    """The direction (right, down) that a brush would follow: along the edges, smoothed over `sigma` pixels."""
    right = plane(cv2.Sobel(tone, cv2.CV_32F, 1, 0))
    down = plane(cv2.Sobel(tone, cv2.CV_32F, 0, 1))
    xx, yy, xy = blur(right * right, sigma), blur(down * down, sigma), blur(right * down, sigma)
    angle = np.float32(0.5) * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    return plane(np.cos(angle)), plane(np.sin(angle))


def bristles(tone: Plane, random: Random, length: float, thickness: float) -> Plane:
    """Noise combed along the forms of `tone` (a line integral convolution): the ridges that a brush leaves, around 0.

    The comb doubles its reach with every pass, so a long stroke costs no more than a few.
    """
    right, down = flow(tone, max(2.0, thickness * 3))
    ridges = grain(shape_of(tone), random, thickness)
    height, width = tone.shape
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    reach = 0.75
    for _ in range(8):
        if reach > length:
            break
        ahead = cv2.remap(ridges, x + right * reach, y + down * reach, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        behind = cv2.remap(ridges, x - right * reach, y - down * reach, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        ridges = plane((ridges + ahead + behind) / np.float32(3))
        reach *= 2
    return plane(ridges / max(float(ridges.std()), 1e-4))


def lit(height: Plane, strength: float) -> Plane:
    """A relief seen with light from the upper left: around 0, above it where the slope faces the light."""
    slope = plane(cv2.Sobel(height, cv2.CV_32F, 1, 0)) + plane(cv2.Sobel(height, cv2.CV_32F, 0, 1))
    return plane(np.tanh(slope * np.float32(-strength)))


def scattered(shape: tuple[int, int], random: Random, spacing: float) -> NDArray[np.intp]:
    """Points (row, column) about `spacing` pixels apart: a grid whose every other row is offset, each point nudged."""
    height, width = shape
    rows, columns = max(2, round(height / spacing)), max(2, round(width / spacing))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x = x + 0.25 * (1 - 2 * (y % 2)) + random.uniform(-0.32, 0.32, x.shape) + 0.5
    y = y + random.uniform(-0.32, 0.32, y.shape) + 0.5
    points = np.stack([y.ravel() * height / rows, x.ravel() * width / columns], axis=1).astype(np.intp)
    return np.clip(points, 0, (height - 1, width - 1))


def nearest(shape: tuple[int, int], points: NDArray[np.intp]) -> Labels:
    """For every pixel, which of the points is nearest (1, 2, …)."""
    seeds = np.full(shape, 255, np.uint8)
    seeds[points[:, 0], points[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(labels, np.int32)


def means(paint: Layers, labels: Labels) -> Layers:
    """The mean colour of every label, painted over all of it."""
    flat = labels.ravel()
    counts = np.maximum(np.bincount(flat), 1)
    table = np.stack([np.bincount(flat, paint[..., c].ravel()) / counts for c in range(3)], axis=1)
    return plane(table.astype(np.float32)[labels])


def seams(labels: Labels) -> NDArray[np.uint8]:
    """255 where a pixel has another label to its right or below, 0 elsewhere."""
    edges = np.zeros(labels.shape, np.uint8)
    edges[:, :-1] |= (labels[:, :-1] != labels[:, 1:]).astype(np.uint8)
    edges[:-1, :] |= (labels[:-1, :] != labels[1:, :]).astype(np.uint8)
    return edges * np.uint8(255)


def distance_from(edges: NDArray[np.uint8]) -> Plane:
    """How many pixels lie between a pixel and the nearest edge."""
    if not edges.any():
        return np.full(edges.shape, max(edges.shape), np.float32)
    return plane(cv2.distanceTransform(255 - edges, cv2.DIST_L2, 3))
