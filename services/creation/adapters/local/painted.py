"""Effects that look painted: watercolour, oil, a royal portrait in its frame, a dreamy glow."""

import numpy as np

from services.creation.adapters.local.canvas import (
    Image,
    Layers,
    Plane,
    Random,
    blur,
    clouds,
    colour,
    contrast,
    flatten,
    from_border,
    grain,
    image,
    layers,
    luma,
    mix,
    plane,
    saturate,
    screen,
    shape_of,
    soft_light,
    step,
    unit,
    vignette,
    warp,
)
from services.creation.adapters.local.strokes import bristles, brushed, lit


def watercolor(picture: Image, random: Random) -> Image:
    """Pale washes that pool darker at their edges, granulate in the paper's pits and leave its border white.

    Pigment density follows Bousseau et al., "Interactive watercolor rendering" (2006): C' = C - (C - C²)(d - 1).
    """
    one = unit(picture)
    shape = shape_of(picture)
    paint = brushed(layers(flatten(picture, 2)), max(2, round(5 * one)))
    tremble = clouds(shape, random, 40 * one) * np.float32(2.2 * one)
    paint = warp(paint, tremble, np.flipud(tremble))
    tone = luma(paint)
    pools = plane(blur(tone, 6 * one) - tone)  # pigment gathers where a wash meets something lighter
    rims = plane(np.abs(blur(tone, 1.5 * one) - blur(tone, 3.5 * one)))
    paper = grain(shape, random, 1.6 * max(one, 0.6)) * 0.5 + grain(shape, random, 3.5 * one) * 0.5
    density = 1 + 0.35 * clouds(shape, random, 160 * one) + 2.0 * pools + 9.0 * rims + 0.16 * paper
    washed = saturate(mix(paint, np.float32(1), 0.2), 1.5)
    washed = washed - (washed - washed * washed) * (density - 1)[..., None] * np.float32(0.9)
    washed = mix(washed, colour(252, 249, 240), _unpainted_edge(shape, random, one))
    return image(washed)


def _unpainted_edge(shape: tuple[int, int], random: Random, one: float) -> Plane:
    """1 along the sheet's border, 0 inside, with the ragged line that a wet brush leaves."""
    ragged = clouds(shape, random, 70 * one) * np.float32(9 * one)
    return 1 - step(14 * one, 34 * one, from_border(shape) + ragged)


def oil(picture: Image, random: Random) -> Image:
    """Thick paint: strokes that follow the forms, their ridges catching the light, colours deepened."""
    one = unit(picture)
    photo = layers(picture)
    tone = luma(photo)
    detail = blur(plane(np.abs(tone - blur(tone, 6 * one))), 12 * one)
    bold = 1 - step(0.015, 0.05, detail)  # broad strokes on calm parts, fine ones where there is much to say
    paint = mix(brushed(photo, max(2, round(3 * one))), brushed(photo, max(2, round(8 * one))), bold)
    paint = saturate(contrast(paint, 1.1, 0.45), 1.35)
    ridges = bristles(luma(paint), random, 26 * one, max(1.0, 2.2 * one))
    bold = plane(0.3 + 0.7 * bold)
    paint = paint * (1 + 0.05 * ridges * bold)[..., None]
    return image(soft_light(paint, plane(0.5 + 0.26 * lit(ridges, 0.35) * bold)))


def royal(picture: Image, random: Random) -> Image:
    """A court portrait: warm, varnished oil that darkens to the corners, in a carved and gilded frame."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = brushed(layers(picture), max(2, round(5 * one)))
    paint = contrast(saturate(paint, 1.1), 1.15, 0.48) * colour(255, 236, 200)
    ridges = bristles(luma(paint), random, 18 * one, max(1.0, 1.8 * one))
    paint = soft_light(paint, plane(0.5 + 0.14 * lit(ridges, 0.35)))
    paint = mix(paint, paint * colour(92, 60, 38), vignette(shape, 0.85) * np.float32(0.9))
    return image(_framed(paint, random, one))


def _framed(paint: Layers, random: Random, one: float) -> Layers:
    """A gilded frame over the outer six hundredths of the picture, with its shadow on the canvas."""
    height, width = shape_of(paint)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = from_border((height, width))
    across = np.where(np.minimum(x, width - 1 - x) < np.minimum(y, height - 1 - y), y, x)
    size = np.float32(62 * one)
    inward = np.clip(distance / size, 0, 1)
    moulding = np.sin(inward * np.float32(np.pi)) * 0.7 + 0.3 * np.cos(inward * np.float32(6 * np.pi))
    carved = 0.22 * np.sin(across * np.float32(2 * np.pi / (34 * one))) * np.sin(inward * np.float32(2 * np.pi)) ** 2
    relief = plane(moulding + carved + 0.02 * grain((height, width), random, 2 * one))
    shine = 0.46 + 0.42 * lit(relief, 2.2 * one) + 0.16 * (relief - 0.4)
    gold = plane(np.stack([shine * 1.35, shine * 1.02, shine * 0.42], axis=2)) + np.float32(0.04)
    shadow = 1 - 0.65 * (1 - step(size, size * 1.5, distance))
    return mix(paint * shadow[..., None], gold, step(size - 1, size + 1, size * 2 - distance))


def dreamy(picture: Image, random: Random) -> Image:
    """A soft-focus glow in rose and lilac, with drifting points of light."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = layers(flatten(picture, 1))
    glow = blur(paint, 22 * one)
    paint = mix(paint, screen(paint, glow * np.float32(0.75)), 0.8)
    paint = mix(contrast(paint, 0.86, 0.62), colour(255, 214, 236), 0.16)
    haze = clouds(shape, random, 420 * one)
    paint = mix(paint, colour(196, 178, 255), np.clip(0.16 + 0.12 * haze, 0, 0.4) * vignette(shape, 0.6))
    paint = screen(paint, _lights(shape, random, one))
    return image(saturate(paint, 1.18))


def _lights(shape: tuple[int, int], random: Random, one: float) -> Layers:
    """Out-of-focus lights, mostly near the edges, so that they do not sit on a face."""
    height, width = shape
    light = np.zeros((height, width, 3), np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    tints = (colour(255, 226, 180), colour(255, 190, 220), colour(205, 200, 255))
    for index in range(26):
        angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.62, 1.1)
        centre_y, centre_x = height * (0.5 + 0.5 * reach * np.sin(angle)), width * (0.5 + 0.5 * reach * np.cos(angle))
        radius = random.uniform(9, 40) * one
        top, bottom = (int(np.clip(centre_y + side * (radius + 2), 0, height)) for side in (-1, 1))
        left, right = (int(np.clip(centre_x + side * (radius + 2), 0, width)) for side in (-1, 1))
        distance = plane(np.hypot(y[top:bottom] - np.float32(centre_y), x[:, left:right] - np.float32(centre_x)))
        disc = (1 - step(radius - 2 * one - 0.5, radius + 0.5, distance)) * (0.5 + 0.5 * distance / max(radius, 1))
        light[top:bottom, left:right] += disc[..., None] * tints[index % 3] * np.float32(random.uniform(0.12, 0.38))
    return light
