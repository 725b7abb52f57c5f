"""Moods, weathers and a hint of dress: what is done to a picture after its effect.

Filters cannot change what people wear. `dress_style` is therefore only hinted at, by the picture's border and tint; a
painter that understands words does the real thing.
"""

from collections.abc import Callable, Mapping

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
    from_border,
    grain,
    image,
    layers,
    luma,
    mix,
    plane,
    ramp,
    saturate,
    screen,
    shape_of,
    step,
    unit,
    vignette,
)

Touch = Callable[[Image, Random], Image]


def happy(picture: Image, _: Random) -> Image:
    paint = layers(picture)
    paint = saturate(paint, 1.25) * colour(255, 247, 224) + np.float32(0.07)
    return image(
        screen(np.clip(paint, 0, 1), blur(plane(np.clip(paint - 0.6, 0, 1)), 18 * unit(picture)) * np.float32(0.7))
    )


def sad(picture: Image, _: Random) -> Image:
    paint = contrast(saturate(layers(picture), 0.32), 0.88, 0.4) * colour(206, 222, 250)
    return image(paint * (1 - 0.45 * vignette(shape_of(picture), 0.9))[..., None])


def romantic(picture: Image, _: Random) -> Image:
    paint = layers(picture)
    glow = blur(paint, 20 * unit(picture)) * colour(255, 150, 180)
    paint = screen(paint, glow * np.float32(0.5))
    return image(mix(paint, colour(255, 170, 190), 0.10 + 0.35 * vignette(shape_of(picture), 0.75)))


def dramatic(picture: Image, _: Random) -> Image:
    paint = layers(picture)
    local = luma(paint) - blur(luma(paint), 30 * unit(picture))
    paint = contrast(saturate(paint, 0.9) + 0.55 * local[..., None], 1.4, 0.52)
    return image(paint * (1 - 0.85 * vignette(shape_of(picture), 0.7))[..., None])


def peaceful(picture: Image, _: Random) -> Image:
    paint = layers(picture)
    paint = mix(paint, blur(paint, 10 * unit(picture)), 0.35)
    paint = saturate(contrast(paint, 0.7, 0.78), 1.05)
    return image(mix(paint, colour(214, 236, 240), 0.16))


def sunny(picture: Image, random: Random) -> Image:
    """Warm light from one upper corner, with its haze and a chain of lens reflections."""
    one, shape = unit(picture), shape_of(picture)
    height, width = shape
    right = random.random() < 0.5  # noqa: PLR2004 - a coin: from which corner
    sun_x, sun_y = width * (0.9 if right else 0.1), height * 0.06
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(x - sun_x, y - sun_y) / np.float32(max(shape))
    light = plane(np.exp(-((distance / 0.42) ** 2)) * 0.55 + np.exp(-((distance / 0.09) ** 2)))
    light = light + _rays(x - sun_x, y - sun_y, random) * plane(np.exp(-distance * 3.2)) * np.float32(0.35)
    for place, size in ((0.45, 26), (0.62, 12), (0.8, 40), (0.95, 18)):
        centre = np.hypot(x - (sun_x + (width - 2 * sun_x) * place), y - (sun_y + (height - 2 * sun_y) * place))
        light = light + np.float32(0.10) * (1 - step(size * one * 0.8, size * one + 1, plane(centre)))
    warm = saturate(layers(picture), 1.12) * colour(255, 242, 212) + np.float32(0.02)
    return image(screen(np.clip(warm, 0, 1), np.clip(light, 0, 1)[..., None] * colour(255, 226, 150)))


def _rays(x: Plane, y: Plane, random: Random) -> Plane:
    angle = np.arctan2(y, x)
    turn = np.float32(random.uniform(0, 6))
    return plane(np.clip(np.sin(angle * 13 + turn) * np.sin(angle * 7 - turn) + 0.2, 0, 1))


def rainy(picture: Image, random: Random) -> Image:
    """Slanting streaks at two distances, a cool veil, and less colour."""
    one, shape = unit(picture), shape_of(picture)
    paint = contrast(saturate(layers(picture), 0.62), 0.92, 0.4) * colour(196, 216, 238)
    paint = mix(paint, colour(150, 170, 190), 0.10 + 0.08 * np.clip(clouds(shape, random, 300 * one), 0, 1))
    fall = _streaks(shape, random, one, 260, 46, 1) * 0.35 + _streaks(shape, random, one, 90, 90, 2) * 0.5
    return image(screen(np.clip(paint, 0, 1), fall[..., None] * colour(214, 230, 250)))


def _streaks(shape: tuple[int, int], random: Random, one: float, count: int, length: float, thick: int) -> Plane:
    height, width = shape
    rain = np.zeros(shape, np.uint8)
    for _ in range(count):
        x, y = random.uniform(-0.1, 1.0) * width, random.uniform(-0.1, 1.0) * height
        reach = length * one * random.uniform(0.6, 1.4)
        end = (int(x + 0.22 * reach), int(y + reach))
        light, pen = int(random.uniform(90, 255)), max(1, round(thick * one))
        cv2.line(rain, (int(x), int(y)), end, light, pen, cv2.LINE_AA)
    return blur(plane(rain) * np.float32(1 / 255), 0.5 * one)


def snowy(picture: Image, random: Random) -> Image:
    """Flakes near and far, a pale cold light, and snow gathered along the foot of the picture."""
    one, shape = unit(picture), shape_of(picture)
    height, width = shape
    paint = mix(saturate(layers(picture), 0.72) * colour(228, 240, 255), colour(232, 240, 250), 0.14)
    fall = np.zeros(shape, np.float32)
    for count, size, soft in ((420, 1.8, 0.6), (150, 3.8, 1.2), (34, 9.0, 4.0)):
        flakes = np.zeros(shape, np.uint8)
        for _ in range(count):
            centre = (int(random.integers(width)), int(random.integers(height)))
            radius = max(1, round(size * one * random.uniform(0.6, 1.3)))
            cv2.circle(flakes, centre, radius, int(random.uniform(150, 255)), -1, cv2.LINE_AA)
        fall = np.maximum(fall, blur(plane(flakes) * np.float32(1 / 255), soft * one))
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    drift = step(0.0, 0.06, y - 0.94 + 0.03 * clouds(shape, random, 260 * one))
    return image(mix(paint, colour(250, 253, 255), np.clip(fall * 0.92 + drift * 0.9, 0, 1)))


def cloudy(picture: Image, random: Random) -> Image:
    """Flat grey light, with mist that drifts across from above."""
    one, shape = unit(picture), shape_of(picture)
    paint = contrast(saturate(layers(picture), 0.55), 0.78, 0.56) * colour(238, 243, 248)
    height = np.linspace(1, 0, shape[0], dtype=np.float32)[:, None]
    mist = np.clip(0.10 + 0.34 * height + 0.20 * clouds(shape, random, 520 * one), 0, 0.7)
    return image(mix(paint, colour(206, 214, 222), plane(mist)))


def night(picture: Image, random: Random) -> Image:
    """Moonlight: deep blue, stars in the upper sky, and whatever was bright shines warm like a lamp."""
    one, shape = unit(picture), shape_of(picture)
    height, width = shape
    paint = layers(picture)
    tone = luma(paint)
    moonlit = ramp(tone, ((0, colour(4, 6, 24)), (0.5, colour(44, 68, 134)), (1, colour(160, 188, 240))))
    dark = mix(moonlit, paint * colour(104, 118, 182), 0.5)
    lamps = step(0.78, 0.98, tone)[..., None] * colour(255, 200, 110) * np.float32(0.35)
    dark = screen(dark, blur(plane(lamps), 12 * one))
    stars = np.zeros(shape, np.float32)
    for _ in range(130):
        x, y = int(random.integers(width)), int(height * random.random() ** 1.8 * 0.62)
        cv2.circle(stars, (x, y), max(0, round(random.uniform(0.6, 2.2) * one)), random.uniform(0.4, 1.0), -1)
    shine = plane(stars + blur(stars, 2.5 * one) * np.float32(3)) * (1 - 0.35 * step(0.25, 0.6, tone))
    dark = screen(dark, np.clip(shine, 0, 1)[..., None] * colour(230, 238, 255))
    return image(dark * (1 - 0.55 * vignette(shape, 0.85))[..., None])


def _bordered(picture: Image, wide: float, tint: Layers, lines: Layers) -> Image:
    """A border of `wide` thousandths with a fine line inside it."""
    distance, one = from_border(shape_of(picture)), unit(picture)
    edge, line = np.float32(wide * one), np.float32((wide + 9) * one)
    paint = mix(layers(picture), tint, 1 - step(edge - 1, edge, distance))
    thread = step(line - 1, line, distance) * (1 - step(line + 2 * one, line + 2 * one + 1, distance))
    return image(mix(paint, lines, plane(thread)))


def casual(picture: Image, _: Random) -> Image:
    """The white border of an instant photo."""
    return _bordered(picture, 18, colour(252, 251, 248), colour(252, 251, 248))


def formal(picture: Image, _: Random) -> Image:
    """A black passe-partout with a silver line."""
    return _bordered(picture, 24, colour(18, 19, 24), colour(206, 210, 218))


def traditional(picture: Image, _: Random) -> Image:
    """A crimson border with a thread of gold, as on festive cloth."""
    return _bordered(picture, 24, colour(142, 16, 44), colour(232, 184, 70))


def fantasy(picture: Image, random: Random) -> Image:
    """A violet border, sparks, and a shimmer at the edges."""
    one, shape = unit(picture), shape_of(picture)
    spark = step(2.3, 3.4, grain(shape, random, 4 * one)) * vignette(shape, 0.6)
    glow = np.clip(blur(plane(spark), 1.2 * one) + blur(plane(spark), 7 * one) * 2.5, 0, 1)
    paint = screen(layers(picture), glow[..., None] * colour(226, 200, 255))
    return _bordered(image(paint), 20, colour(74, 36, 130), colour(190, 240, 255))


MOODS: Mapping[str, Touch] = {
    "happy": happy,
    "sad": sad,
    "romantic": romantic,
    "dramatic": dramatic,
    "peaceful": peaceful,
}
WEATHERS: Mapping[str, Touch] = {
    "sunny": sunny,
    "rainy": rainy,
    "snowy": snowy,
    "cloudy": cloudy,
    "night": night,
}
DRESS_HINTS: Mapping[str, Touch] = {
    "casual": casual,
    "formal": formal,
    "traditional": traditional,
    "fantasy": fantasy,
}
