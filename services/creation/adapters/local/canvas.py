"""Brushes that every family of effects shares.

Two kinds of array pass between functions here: an `Image` is RGB bytes (height, width, 3) as it comes in and goes out;
a `Plane` or `Layers` is float32 from 0 to 1, one value or three a pixel, in which all the mixing is done. Lengths are
given for a picture of 1000 pixels and scaled with `unit`, so that a small photo gets the same look as a large one.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)  # many pictures are painted side by side: one core each beats all cores for one

Image = NDArray[np.uint8]
Layers = NDArray[np.float32]
Plane = NDArray[np.float32]
Random = np.random.Generator
Colour = tuple[float, float, float]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def layers(image: Image) -> Layers:
    return image.astype(np.float32) * np.float32(1 / 255)


def image(paint: Layers) -> Image:
    """`paint` as bytes; what went beyond black and white is cut."""
    return cv2.convertScaleAbs(np.clip(paint, 0, 1), alpha=255).astype(np.uint8, copy=False)


def plane(value: Any) -> Plane:
    """OpenCV and numpy answer with whatever type they like; this says which one is meant."""
    return np.asarray(value, np.float32)


def colour(red: int, green: int, blue: int) -> NDArray[np.float32]:
    return np.array([red, green, blue], np.float32) / np.float32(255)


def unit(paint: NDArray[Any]) -> float:
    """How many pixels of this picture make one thousandth of a full-sized one."""
    return float(max(paint.shape[:2])) / 1000


def luma(paint: Layers) -> Plane:
    return plane(cv2.cvtColor(paint, cv2.COLOR_RGB2GRAY))


def blur(paint: Layers, sigma: float) -> Layers:
    """A Gaussian blur; a wide one is made on a smaller copy, where nobody sees the difference."""
    if sigma < 0.3:  # noqa: PLR2004 - too narrow for any neighbour to count
        return paint
    shrink = max(1, int(sigma / 2.5))
    height, width = paint.shape[:2]
    if shrink == 1 or min(height, width) < 4 * shrink:
        return plane(cv2.GaussianBlur(paint, (0, 0), sigma))
    small = cv2.resize(paint, (width // shrink, height // shrink), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return plane(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def step(low: float | np.floating[Any], high: float | np.floating[Any], value: Plane) -> Plane:
    """0 below `low`, 1 above `high`, a smooth slope between."""
    ramp = np.clip((value - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return plane(ramp * ramp * (3 - 2 * ramp))


def mix(under: Layers, over: Any, share: Any) -> Layers:
    """`share` of `over` upon `under`; a plane of shares counts for all three colours."""
    if isinstance(share, np.ndarray) and share.ndim == under.ndim - 1:
        share = share[..., None]
    return plane(under + (over - under) * share)


def screen(under: Layers, light: Any) -> Layers:
    return plane(1 - (1 - under) * (1 - light))


def soft_light(under: Layers, tone: Plane) -> Layers:
    """Lighten or darken `under` where `tone` lies above or below one half."""
    tone3 = tone[..., None] if tone.ndim == under.ndim - 1 else tone
    return plane(under + (2 * tone3 - 1) * (under - under * under))


def saturate(paint: Layers, amount: float) -> Layers:
    return mix(luma(paint)[..., None], paint, np.float32(amount))


def contrast(paint: Layers, amount: float, middle: float = 0.5) -> Layers:
    return plane((paint - np.float32(middle)) * np.float32(amount) + np.float32(middle))


def stretch(tone: Plane) -> Plane:
    """The tones spread from black to white, whatever the light was when the photo was taken."""
    low, high = np.percentile(tone[::4, ::4], (1, 99))
    return plane(np.clip((tone - low) / max(high - low, 0.05), 0, 1))


def ramp(tone: Plane, stops: Sequence[tuple[float, NDArray[np.float32]]]) -> Layers:
    """Every tone replaced with the colour that stands at its place between the stops."""
    places = [place for place, _ in stops]
    steps = np.linspace(0, 1, 256)
    table = np.stack([np.interp(steps, places, [stop[c] for _, stop in stops]) for c in range(3)], axis=1)
    return plane(table.astype(np.float32)[(np.clip(tone, 0, 1) * 255).astype(np.uint8)])


def flatten(picture: Image, passes: int, strength: int = 40) -> Image:
    """Small detail smoothed away while the edges stay: repeated narrow bilateral filters, each cheap."""
    for _ in range(passes):
        picture = np.asarray(cv2.bilateralFilter(picture, 5, strength, 5), np.uint8)
    return picture


def ink(tone: Plane, width: float, low: float = 0.012, high: float = 0.05) -> Plane:
    """Where a pen would draw (1) and where not (0): a difference of Gaussians finds lines `width` pixels wide."""
    fine = cv2.GaussianBlur(tone, (0, 0), max(width, 0.5))
    wide = cv2.GaussianBlur(tone, (0, 0), max(width, 0.5) * 1.6)
    return step(low, high, plane(wide) - plane(fine))


def shape_of(paint: NDArray[Any]) -> tuple[int, int]:
    return int(paint.shape[0]), int(paint.shape[1])


def grain(shape: tuple[int, int], random: Random, size: float) -> Plane:
    """Noise around 0 with a deviation of about 1, its grains `size` pixels wide."""
    height, width = shape
    size = max(size, 1.0)
    small = random.standard_normal((int(height / size) + 2, int(width / size) + 2), dtype=np.float32)
    return plane(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def clouds(shape: tuple[int, int], random: Random, size: float) -> Plane:
    """Soft fractal noise around 0, its largest billows `size` pixels wide."""
    return plane(sum(grain(shape, random, size / 2**octave) / 1.6**octave for octave in range(4)) / np.float32(1.6))


def vignette(shape: tuple[int, int], reach: float = 1.0) -> Plane:
    """0 in the middle, rising to about 1 in the corners; a larger `reach` leaves more of the middle alone."""
    height, width = shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    return step(0.35 * reach, 1.35 * reach, plane(np.sqrt(x * x + y * y)))


def from_border(shape: tuple[int, int]) -> Plane:
    """How many pixels lie between a pixel and the nearest border of the picture."""
    height, width = shape
    y = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None]
    x = np.minimum(np.arange(width), np.arange(width)[::-1])[None, :]
    return plane(np.minimum(x, y))


def dots(tone: Plane, cell: float, angle_degrees: float) -> Plane:
    """A printer's screen of round dots: 1 is paper and 0 is ink, the darker the tone the larger the dots."""
    height, width = tone.shape
    angle = np.deg2rad(angle_degrees)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(2 * np.pi / max(cell, 3.0))
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(2 * np.pi / max(cell, 3.0))
    across = np.cos(x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)))
    along = np.cos(y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle)))
    screen_tone = plane(0.5 + 0.25 * (across + along))
    return step(-0.12, 0.12, tone - screen_tone)


def shift(paint: Layers, right: float, down: float) -> Layers:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    height, width = paint.shape[:2]
    return plane(cv2.warpAffine(paint, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def warp(paint: Layers, right: Plane, down: Plane) -> Layers:
    """Every pixel fetched from beside itself: what makes a ruled line tremble as a hand's does."""
    height, width = paint.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + right
    y = np.arange(height, dtype=np.float32)[:, None] + down
    return plane(cv2.remap(paint, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
