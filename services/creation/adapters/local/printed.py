"""Effects built from cells and flat inks: pop art, mosaic, pixels, stained glass, a folk print."""

import cv2
import numpy as np
from PIL import Image as Pillow

from services.creation.adapters.local.canvas import (
    Image,
    Layers,
    Plane,
    Random,
    blur,
    clouds,
    colour,
    contrast,
    dots,
    flatten,
    grain,
    image,
    ink,
    layers,
    luma,
    mix,
    plane,
    ramp,
    saturate,
    screen,
    shape_of,
    shift,
    soft_light,
    step,
    stretch,
    unit,
)
from services.creation.adapters.local.strokes import (
    Labels,
    distance_from,
    lit,
    means,
    nearest,
    scattered,
    seams,
)

POP_INKS = (
    (colour(32, 20, 92), colour(236, 30, 121), colour(255, 222, 0), colour(112, 232, 224)),
    (colour(20, 24, 60), colour(0, 120, 220), colour(255, 92, 60), colour(255, 236, 150)),
    (colour(58, 8, 70), colour(0, 160, 140), colour(255, 130, 170), colour(255, 246, 190)),
    (colour(30, 14, 20), colour(226, 38, 38), colour(60, 170, 255), colour(255, 232, 80)),
)


def pop_art(picture: Image, random: Random) -> Image:
    """A silk-screen print: four shouting inks, dots between them, black drawn over and slightly out of place."""
    one = unit(picture)
    tone = stretch(luma(layers(flatten(picture, 4, 60))))
    deep, dark, mid, light = POP_INKS[int(random.integers(len(POP_INKS)))]
    dotted = dots(tone, 9 * one, 45)
    screened = plane(tone + 0.14 * (dotted - 0.5))
    edge = 0.015
    print_ = ramp(plane(np.zeros_like(tone)), ((0, deep), (1, deep)))
    for threshold, tint in ((0.22, dark), (0.45, mid), (0.70, light)):
        print_ = mix(print_, tint, step(threshold - edge, threshold + edge, screened))
    drawing = shift(ink(tone, 2.2 * one, 0.010, 0.03), 3 * one, 3 * one)
    worn = 1 + 0.03 * grain(shape_of(picture), random, 2 * one)
    return image(mix(print_ * worn[..., None], deep * np.float32(0.5), plane(drawing * 0.9)))


def mosaic(picture: Image, random: Random) -> Image:
    """Small stones set by hand in pale mortar, smaller where there is more to show, each catching the light."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = layers(picture)
    tiles = nearest(shape, _crowded(paint, random, 17 * one))
    stones = saturate(contrast(means(paint, tiles), 1.12), 1.4)
    gap = distance_from(seams(tiles))
    shades = random.uniform(0.88, 1.12, int(tiles.max()) + 1).astype(np.float32)[tiles]
    dome = step(0, 5.5 * one, gap)
    stones = soft_light(stones * shades[..., None], plane(0.5 + 0.38 * lit(blur(dome, 0.8 * one), 1.3)))
    mortar = (blur(paint, 60 * one) * np.float32(0.35) + colour(46, 40, 36)) * (1 + 0.08 * grain(shape, random, 1.5))[
        ..., None
    ]
    return image(mix(plane(mortar), stones, step(0.3 * one, 1.6 * one, gap)))


def _crowded(paint: Layers, random: Random, spacing: float) -> "np.ndarray[tuple[int, int], np.dtype[np.intp]]":
    """Scattered points, with twice as many each way where the picture has detail."""
    detail = _detail(paint, spacing)
    coarse = scattered(shape_of(paint), random, spacing)
    fine = scattered(shape_of(paint), random, spacing * 0.45)
    busy = float(np.percentile(detail, 72))
    keep_coarse = detail[coarse[:, 0], coarse[:, 1]] <= busy
    keep_fine = detail[fine[:, 0], fine[:, 1]] > busy
    return np.concatenate([coarse[keep_coarse], fine[keep_fine], coarse[:1]])


def _detail(paint: Layers, size: float) -> Plane:
    """How much happens around each pixel, within `size` pixels of it."""
    return blur(plane(np.abs(luma(paint) - blur(luma(paint), size / 2))), size)


def pixel_art(picture: Image, random: Random) -> Image:
    """A sprite of a 16-bit console: large square pixels, few colours, a touch of dithering, dark outlines."""
    height, width = shape_of(picture)
    cell = max(2, round(max(height, width) / 128))
    size = (max(2, width // cell), max(2, height // cell))
    small = np.asarray(cv2.resize(flatten(picture, 3, 50), size, interpolation=cv2.INTER_AREA), np.uint8)
    paint = saturate(contrast(layers(small), 1.15), 1.45)
    dither = np.tile(np.array([[-3, 1], [3, -1]], np.float32) / 160, (size[1] // 2 + 1, size[0] // 2 + 1))
    paint = plane(paint + dither[: size[1], : size[0], None])
    outline = ink(luma(layers(small)), 0.8, 0.035, 0.10)
    paint = mix(paint, colour(26, 20, 48), plane(outline * 0.65))
    sprite = Pillow.fromarray(image(paint)).quantize(40, Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    colours = saturate(layers(np.asarray(sprite.convert("RGB"))), 1.1 + 0.1 * random.random())
    return np.asarray(cv2.resize(image(colours), (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def stained_glass(picture: Image, random: Random) -> Image:
    """Panes cut along the forms of the photo, leaded together, with the sun behind them."""
    one = unit(picture)
    shape = shape_of(picture)
    smooth = flatten(picture, 4, 60)
    paint = layers(smooth)
    panes = _panes(smooth, random, 44 * one)
    busy = step(0.02, 0.07, _detail(paint, 20 * one))
    glass = mix(means(paint, panes), paint, 0.18 + 0.5 * busy)
    glass = saturate(contrast(glass, 1.25, 0.45), 1.95) + np.float32(0.04)
    tone = luma(paint)
    glass = glass * (1 - 0.7 * ink(tone, 1.8 * one, 0.012, 0.05))[..., None]  # the painter's brown line on the glass
    tints = random.uniform(0.82, 1.2, int(panes.max()) + 2).astype(np.float32)[panes]
    ripple = 1 + 0.05 * clouds(shape, random, 36 * one) + 0.16 * clouds(shape, random, 500 * one)
    glass = glass * (tints * ripple)[..., None]
    glow = blur(np.clip(glass, 0, 1), 16 * one)
    glass = screen(np.clip(glass, 0, 1), glow * np.float32(0.32))
    gap = distance_from(seams(panes))
    gap = plane(gap / (1 - 0.55 * busy) - (2.4 * one + 0.5))  # to the lead's edge; finer lead where a face may be
    lead = 1 - step(0, 1.3, gap)
    metal = np.float32(0.08) + 0.16 * step(0, 2.6 * one + 0.5, plane(-gap))
    bevel = 0.6 + 0.4 * step(0, 6 * one + 1, gap)
    return image(mix(glass * bevel[..., None], metal[..., None], plane(lead * (1 - 0.7 * busy))))


def _panes(picture: Image, random: Random, spacing: float) -> Labels:
    """The picture cut into panes: a watershed from scattered points, worked out on a half-sized copy."""
    height, width = shape_of(picture)
    half = (max(8, width // 2), max(8, height // 2))
    small = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(spacing / 16, 0.5))  # forms, not features: no lead along a smile
    markers = np.zeros((half[1], half[0]), np.int32)
    points = scattered((half[1], half[0]), random, spacing / 2)
    markers[points[:, 0], points[:, 1]] = np.arange(1, len(points) + 1)
    labels = np.asarray(cv2.watershed(small, markers), np.int32)
    grown = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8))  # the watershed's own borders are -1
    smooth = cv2.medianBlur(np.where(labels < 1, grown, labels).astype(np.uint16), 5).astype(np.float32)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_NEAREST), np.int32)


FOLK_INKS = (
    (0.0, colour(60, 20, 24)),
    (0.25, colour(176, 36, 42)),
    (0.45, colour(226, 104, 30)),
    (0.62, colour(246, 182, 38)),
    (0.8, colour(250, 222, 160)),
    (1.0, colour(252, 244, 218)),
)


def folk(picture: Image, random: Random) -> Image:
    """A folk painting: earth and marigold inks in flat fields, doubled outlines, fields filled with fine lines."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = layers(flatten(picture, 6, 60))
    tone = stretch(luma(paint))
    banded = plane((np.floor(tone * 6) + step(0.42, 0.58, plane(tone * 6 % 1))) / 6)
    field = mix(ramp(banded, FOLK_INKS), saturate(paint, 2.1), 0.42)
    field = _striped(field, tone, random, one)
    line = np.maximum(ink(tone, 2.4 * one, 0.008, 0.026), 1 - step(0.04, 0.10, blur(tone, 1.5 * one)))
    halo = ink(tone, 5.0 * one, 0.02, 0.05) * (1 - ink(tone, 3.4 * one, 0.008, 0.03))
    painted = mix(field, colour(252, 242, 214), plane(halo * 0.8))
    painted = mix(painted, colour(34, 14, 18), plane(line))
    paper = 1 + 0.025 * grain(shape, random, 1.6) + 0.04 * clouds(shape, random, 200 * one)
    return image(painted * paper[..., None])


def _striped(field: Layers, tone: Plane, random: Random, one: float) -> Layers:
    """Fine lines in the middle tones, running as a pen would that fills a shape."""
    height, width = tone.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bend = clouds((height, width), random, 160 * one) * np.float32(14 * one)
    lines = step(0.2, 0.6, np.sin((x + y + bend) * np.float32(2 * np.pi / max(9 * one, 4))))
    middle = step(0.25, 0.4, tone) * (1 - step(0.68, 0.85, tone))
    return mix(field, field * np.float32(0.62), plane(lines * middle))
