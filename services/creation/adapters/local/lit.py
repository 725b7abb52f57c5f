"""Effects made with light and film: faded film, neon, a cyberpunk night, beaten gold, a festival of lamps."""

import cv2
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
    step,
    stretch,
    unit,
    vignette,
)
from services.creation.adapters.local.strokes import lit


def vintage(picture: Image, random: Random) -> Image:
    """A print from the seventies: faded blacks, warm lights, grain, dust, a leak of light, a pale border."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = blur(layers(picture), 0.9 * one)
    paint = saturate(contrast(paint, 0.9, 0.46), 0.72)
    paint = paint * colour(255, 232, 190) + colour(30, 20, 30) * (1 - paint)
    paint = mix(paint, colour(62, 42, 34), vignette(shape, 0.95) * np.float32(0.6))
    paint = paint + (0.035 * grain(shape, random, 1.6 * max(one, 0.7)))[..., None]
    paint = screen(np.clip(paint, 0, 1), _leak(shape, random)[..., None] * colour(255, 120, 40))
    paint = _dust(paint, random, one)
    margin = np.float32(30 * one)
    return image(mix(paint, colour(244, 236, 218), 1 - step(margin - 1, margin + 1, from_border(shape))))


def _leak(shape: tuple[int, int], random: Random) -> Plane:
    """Light that came in at one side of the camera."""
    height, width = shape
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    if random.random() < 0.5:  # noqa: PLR2004 - a coin: left or right
        x = 1 - x
    sway = 0.12 * np.sin(np.linspace(0, 2.5, height, dtype=np.float32) + np.float32(random.uniform(0, 6)))[:, None]
    return plane(0.6 * np.exp(-(((x - 0.02 - sway) / 0.13) ** 2)))


def _dust(paint: Layers, random: Random, one: float) -> Layers:
    """Specks and a few hairs on the negative, which print white."""
    height, width = shape_of(paint)
    specks = np.zeros((height, width), np.uint8)
    for _ in range(38):
        centre = (int(random.integers(width)), int(random.integers(height)))
        cv2.circle(specks, centre, max(1, round(random.uniform(0.5, 1.8) * one)), 255, -1, cv2.LINE_AA)
    for _ in range(5):
        start = random.uniform(0, 1, 2) * (width, height)
        turn = np.cumsum(random.normal(0, 0.22, 16)) + random.uniform(0, 6)
        steps = np.stack([np.cos(turn), np.sin(turn)], axis=1) * 7 * one
        hair = (start + np.cumsum(steps, axis=0)).astype(np.int32)
        cv2.polylines(specks, [hair], False, 200, 1, cv2.LINE_AA)
    return mix(paint, colour(250, 244, 228), plane(specks) * np.float32(0.65 / 255))


def neon(picture: Image, random: Random) -> Image:
    """Glass tubes in the dark: every contour glows in a colour of its own, and its light falls on what is near."""
    one = unit(picture)
    paint = layers(flatten(picture, 4, 55))
    tone = stretch(luma(paint))
    tube = np.maximum(ink(tone, 1.7 * one, 0.008, 0.03), 0.9 * ink(1 - tone, 1.7 * one, 0.010, 0.04))
    light = _hues(shape_of(picture), tone, random, one) * tube[..., None]
    glow = blur(light, 4 * one) * np.float32(1.1) + blur(light, 14 * one) * np.float32(1.5) + blur(light, 45 * one)
    dark = np.clip(saturate(paint, 1.3), 0, 1) ** np.float32(1.3) * colour(150, 96, 196) + colour(8, 5, 22)
    night = screen(np.clip(dark, 0, 1), np.clip(glow, 0, 1))
    return image(screen(night, np.clip(light + blur(tube, 0.8 * one)[..., None] * np.float32(0.35), 0, 1)))


def _hues(shape: tuple[int, int], tone: Plane, random: Random, one: float) -> Layers:
    """A slow drift of neon colours over the picture: pink, violet, blue, cyan, a little green."""
    drift = np.clip(0.5 + 0.30 * clouds(shape, random, 420 * one) + 0.35 * (tone - 0.5), 0, 1)
    inks = ((0, colour(255, 40, 130)), (0.3, colour(200, 60, 255)), (0.55, colour(60, 120, 255)))
    return ramp(plane(drift), (*inks, (0.8, colour(0, 240, 255)), (1, colour(90, 255, 150))))


def cyberpunk(picture: Image, random: Random) -> Image:
    """A rainy neon city in the year 2077: magenta lights, teal shadows, colour fringes, scan lines, torn signal."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = contrast(layers(flatten(picture, 1)), 1.2, 0.48)
    tone = stretch(luma(layers(picture)))
    grade = ramp(tone, (
        (0, colour(8, 6, 36)),
        (0.3, colour(18, 70, 128)),
        (0.55, colour(150, 50, 170)),
        (0.8, colour(255, 96, 190)),
        (1, colour(240, 250, 255)),
    ))  # fmt: skip
    paint = mix(paint, grade, 0.68)
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    paint = screen(np.clip(paint, 0, 1), np.clip(-across, 0, 1)[..., None] * colour(0, 110, 130))
    paint = screen(paint, np.clip(across, 0, 1)[..., None] * colour(110, 0, 70))
    fringe = 4 * one
    red, blue = shift(paint, fringe, 0), shift(paint, -fringe, 0)
    paint = plane(np.stack([red[..., 0], paint[..., 1], blue[..., 2]], axis=2))
    paint = _torn(paint, random, one)
    paint = screen(paint, blur(plane(np.clip(paint - 0.55, 0, 1)), 16 * one) * np.float32(1.5))
    rows = np.arange(shape[0], dtype=np.float32)[:, None, None]
    scan = 0.92 + 0.08 * np.sin(rows * np.float32(2 * np.pi / max(4 * one, 2.5)))
    return image(paint * scan * (1 - 0.5 * vignette(shape, 1.0))[..., None])


def _torn(paint: Layers, random: Random, one: float) -> Layers:
    """A few thin bands pushed sideways, above and below the middle, where a face would be."""
    torn = paint.copy()
    height = len(torn)
    for index in range(7):
        middle = random.uniform(0.02, 0.24) if index % 2 else random.uniform(0.72, 0.98)
        top = int(height * middle)
        bottom = min(height, top + max(1, round(random.uniform(3, 16) * one)))
        torn[top:bottom] = np.roll(torn[top:bottom], round(random.uniform(-42, 42) * one), axis=1)
    return torn


def gold(picture: Image, random: Random) -> Image:
    """Gold leaf beaten over a carved relief of the photo, its colours shining through like enamel."""
    one = unit(picture)
    shape = shape_of(picture)
    smooth = flatten(picture, 3, 55)
    paint = layers(smooth)
    tone = stretch(luma(paint))
    relief = blur(tone, 1.2 * one) * 3 + blur(tone, 5 * one) * 4
    beaten = clouds(shape, random, 26 * one)
    shade = 0.5 * lit(plane(relief + 0.03 * beaten), 1.0) + 0.03 * beaten
    metal = np.clip(0.12 + 0.68 * tone + 0.42 * shade, 0, 1)
    leaf = ramp(plane(metal), (
        (0, colour(34, 14, 4)),
        (0.25, colour(110, 58, 10)),
        (0.5, colour(196, 132, 28)),
        (0.72, colour(244, 200, 84)),
        (0.88, colour(255, 236, 160)),
        (1, colour(255, 253, 232)),
    ))  # fmt: skip
    enamel = saturate(paint, 2.2) * (0.65 + 0.5 * shade)[..., None]
    vivid = step(0.25, 0.6, plane(paint.max(axis=2) - paint.min(axis=2)))
    shining = mix(leaf, enamel, vivid * np.float32(0.45))
    shining = mix(shining, colour(46, 20, 4), ink(tone, 1.6 * one, 0.012, 0.05) * np.float32(0.7))
    return image(screen(np.clip(shining, 0, 1), _glints(plane(metal), random, one)))


def _glints(metal: Plane, random: Random, one: float) -> Layers:
    """Sparks where the brightest of the metal faces the light."""
    spark = step(0.93, 1.0, metal) * step(1.1, 2.4, grain(shape_of(metal), random, 3 * one))
    glow = blur(plane(spark), 1.5 * one) * 0.9 + blur(plane(spark), 6 * one) * 1.4
    return plane(np.clip(glow, 0, 1)[..., None] * colour(255, 240, 190))


def lamplight(picture: Image, random: Random) -> Image:
    """A festival evening: deep violet shadows, faces in the warm light of a hundred small lamps."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = contrast(layers(flatten(picture, 1)), 1.1, 0.5)
    tone = luma(paint)
    evening = ramp(
        tone,
        ((0, colour(24, 8, 44)), (0.35, colour(120, 40, 60)), (0.7, colour(255, 170, 70)), (1, colour(255, 244, 200))),
    )
    warm = mix(paint * colour(255, 206, 140), evening, 0.5)
    warm = mix(warm, colour(30, 10, 60), vignette(shape, 0.8) * np.float32(0.7))
    return image(screen(np.clip(warm, 0, 1), _lamps(shape, random, one)))


def _lamps(shape: tuple[int, int], random: Random, one: float) -> Layers:
    """Small flames with wide halos, along the foot of the picture and scattered up its sides."""
    height, width = shape
    flames = np.zeros((height, width), np.float32)
    for index in range(46):
        foot = index < 22  # noqa: PLR2004 - about half of them stand in a row
        x = (
            (index + random.uniform(0.2, 0.8)) / 22
            if foot
            else random.choice([random.uniform(0, 0.16), random.uniform(0.84, 1)])
        )
        y = random.uniform(0.93, 0.985) if foot else random.uniform(0.02, 0.9)
        radius = max(1, round(random.uniform(2.5, 5.5) * one))
        cv2.ellipse(
            flames, (int(x * width), int(y * height)), (radius, round(radius * 1.7)), 0, 0, 360, 1.0, -1, cv2.LINE_AA
        )
    core, halo, far = blur(flames, 1.5 * one), blur(flames, 9 * one), blur(flames, 34 * one)
    light = core[..., None] * colour(255, 236, 160) + halo[..., None] * colour(255, 170, 60) * 2.4
    return plane(np.clip(light + far[..., None] * colour(255, 130, 40) * 4, 0, 1))
