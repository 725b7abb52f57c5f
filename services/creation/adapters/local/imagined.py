"""Pictures from words, for a painter that cannot read: drawn scenes, honest stand-ins for a model that understands.

What the words do: those that name a colour, a place, a time of day or a thing choose the palette and what is drawn
(sun, stars, hills, sea, city, trees, flowers); everything else is decided by a hash of all the words. So the same words
and number give the same picture, other words another one, and every picture of a job is composed anew.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    grain,
    image,
    mix,
    plane,
    ramp,
    screen,
    step,
)

MAX_SIDE_PIXELS = 1024
SQUARE = (1, 1)
Colour = tuple[int, int, int]
Palette = tuple[Colour, Colour, Colour, Colour]
"""The sky above, the sky at the horizon, the land far away, the land nearby."""

PALETTES: dict[str, Palette] = {
    "sunset sunrise dawn dusk orange warm": ((70, 40, 110), (255, 150, 80), (150, 60, 90), (50, 25, 50)),
    "ocean sea lake river water wave blue beach": ((60, 140, 215), (190, 230, 245), (30, 110, 160), (10, 55, 100)),
    "forest jungle green tree meadow spring nature": ((120, 190, 220), (225, 240, 205), (70, 140, 80), (25, 75, 45)),
    "night moon star midnight dark space galaxy": ((8, 10, 35), (50, 45, 105), (25, 25, 60), (8, 8, 22)),
    "snow winter ice white frost mountain": ((130, 170, 215), (240, 245, 250), (190, 205, 225), (120, 140, 170)),
    "desert sand gold golden yellow sun": ((95, 170, 215), (255, 225, 160), (225, 170, 95), (165, 105, 50)),
    "fire lava red dragon volcano": ((45, 10, 20), (235, 80, 30), (125, 20, 25), (35, 8, 12)),
    "rose pink flower blossom love candy": ((235, 175, 215), (255, 225, 225), (215, 110, 150), (130, 50, 95)),
    "purple violet magic dream fantasy": ((60, 30, 120), (205, 150, 230), (105, 60, 150), (45, 20, 80)),
    "autumn brown fall leaf cabin": ((170, 190, 205), (250, 220, 170), (195, 105, 45), (95, 50, 25)),
    "city cyber neon future robot street": ((15, 15, 45), (120, 50, 140), (35, 35, 80), (12, 12, 30)),
}
THINGS: dict[str, str] = {
    "sun": "sun sunset sunrise dawn dusk day desert",
    "moon": "moon night midnight witch",
    "stars": "star stars space galaxy night midnight universe",
    "hills": "mountain mountains hill hills valley volcano landscape snow",
    "sea": "sea ocean beach lake water wave waves river ship fish",
    "city": "city street tower skyline robot neon cyber town building",
    "trees": "tree trees forest jungle wood woods meadow autumn",
    "flowers": "flower flowers blossom garden rose roses spring",
}
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Scene:
    palette: Palette
    things: frozenset[str]
    seed: int


def scene_of(words: str, number: int) -> Scene:
    """What the words and the number of the picture lead to; the same for the same."""
    found = {_singular(word) for word in _WORD.findall(words.casefold())}
    seed = int.from_bytes(hashlib.sha256(f"{number}|{words.casefold()}".encode()).digest()[:8])
    named = [palette for names, palette in PALETTES.items() if found & _named(names)]
    every = list(PALETTES.values())
    palette = named[(seed >> 8) % len(named)] if named else every[(seed >> 8) % len(every)]
    things = {thing for thing, names in THINGS.items() if found & _named(names)}
    if not things:
        things = {("hills", "sea", "city", "trees")[seed % 4], ("sun", "moon", "stars", "flowers")[(seed >> 4) % 4]}
    return Scene(palette, frozenset(things), seed)


def imagine(words: str, number: int, aspect_ratio: str | None) -> Image:
    """A scene of at most 1024 pixels a side."""
    scene = scene_of(words, number)
    random = np.random.default_rng(scene.seed)
    shape = shape_for(aspect_ratio)
    horizon = float(random.uniform(0.5, 0.72))
    paint = _sky(shape, scene, random, horizon)
    for thing, draw in _DRAWN:
        if thing in scene.things:
            paint = draw(paint, scene, random, horizon)
    return image(plane(paint + 0.012 * grain(shape, random, 1.5)[..., None]))


def shape_for(aspect_ratio: str | None) -> tuple[int, int]:
    """Height and width: the longer side is 1024."""
    across, down = map(int, aspect_ratio.split(":")) if aspect_ratio else SQUARE
    one = MAX_SIDE_PIXELS / max(across, down)
    return round(down * one), round(across * one)


def _sky(shape: tuple[int, int], scene: Scene, random: Random, horizon: float) -> Layers:
    height = _heights(shape)
    above, below, *_ = (colour(*each) for each in scene.palette)
    bent = plane(height + 0.05 * clouds(shape, random, 420))
    paint = ramp(plane(np.clip(bent / horizon, 0, 1)), [(0.0, above), (1.0, below)])
    veil = step(0.2, 1.6, clouds(shape, random, float(random.uniform(160, 380))))
    paint = mix(paint, screen(paint, below * np.float32(0.6)), veil * step(0.0, 0.3, plane(1 - height)))
    return mix(paint, colour(*scene.palette[3]), step(horizon, horizon + 0.25, height))


def _heights(shape: tuple[int, int]) -> Plane:
    """0 at the top, 1 at the bottom."""
    return plane(np.broadcast_to(np.linspace(0, 1, shape[0], dtype=np.float32)[:, None], shape))


def _disc(shape: tuple[int, int], x: float, y: float, radius: float) -> Plane:
    """1 within, 0 outside; places are shares of width and height, the radius is one of the shorter side."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    away = np.hypot(columns - x * shape[1], rows - y * shape[0]) / min(shape)
    return step(-radius, -radius * 0.94, plane(-away))


def _sun(paint: Layers, _: Scene, random: Random, horizon: float) -> Layers:
    shape = paint.shape[:2]
    x, y = float(random.uniform(0.2, 0.8)), horizon - float(random.uniform(0.08, 0.3))
    disc = _disc(shape, x, y, float(random.uniform(0.07, 0.14)))
    paint = screen(paint, blur(disc[..., None] * colour(255, 170, 90), 60) * np.float32(1.4))
    return mix(paint, colour(255, 236, 190), disc)


def _moon(paint: Layers, _: Scene, random: Random, horizon: float) -> Layers:
    shape = paint.shape[:2]
    x, y, radius = float(random.uniform(0.15, 0.85)), float(random.uniform(0.12, horizon - 0.25)), 0.075
    disc = _disc(shape, x, y, radius)
    shadow = _disc(shape, x + float(random.uniform(-0.05, 0.05)), y - 0.02, radius)
    crescent = plane(np.clip(disc - shadow * np.float32(0.85), 0, 1))
    paint = screen(paint, blur(disc[..., None] * colour(120, 130, 190), 50))
    return mix(paint, colour(245, 243, 225), crescent)


def _stars(paint: Layers, _: Scene, random: Random, horizon: float) -> Layers:
    height, width = paint.shape[:2]
    sky = np.zeros((height, width), np.float32)
    for _number in range(int(random.integers(90, 260))):
        at = (int(random.integers(0, width)), int(random.integers(0, int(height * horizon))))
        cv2.circle(sky, at, int(random.integers(1, 3)), float(random.uniform(0.4, 1)), -1, cv2.LINE_AA)
    light = plane(sky + blur(sky, 4) * np.float32(1.5))
    return screen(paint, np.clip(light, 0, 1)[..., None] * colour(235, 238, 255))


def _hills(paint: Layers, scene: Scene, random: Random, horizon: float) -> Layers:
    height, width = paint.shape[:2]
    far, near = colour(*scene.palette[2]), colour(*scene.palette[3])
    ridges = int(random.integers(3, 6))
    for ridge in range(ridges):
        share = ridge / (ridges - 1)
        line = _ridge(width, random, 0.16 * (1 - share) + 0.05) + horizon - 0.1 + 0.3 * share
        land = step(-0.004, 0.004, plane(_heights((height, width)) - line[None, :]))
        paint = mix(paint, mix(far, near, np.float32(share)), land)
    return paint


def _ridge(width: int, random: Random, swing: float) -> Plane:
    """A skyline around 0."""
    line = np.zeros(width, np.float32)
    for octave in range(5):
        points = random.standard_normal(3 * 2**octave + 2).astype(np.float32)
        line += cv2.resize(points[None, :], (width, 1), interpolation=cv2.INTER_CUBIC)[0] / 2**octave
    return plane(line * np.float32(swing / 2))


def _sea(paint: Layers, scene: Scene, random: Random, horizon: float) -> Layers:
    shape = paint.shape[:2]
    depth = plane(np.clip((_heights(shape) - horizon) / (1 - horizon), 0, 1))
    water = ramp(depth, [(0.0, colour(*scene.palette[1])), (0.25, colour(*scene.palette[2])), (1.0, colour(8, 35, 70))])
    rows = np.cumsum(1 / (0.02 + depth[:, 0]))
    crests = np.sin(rows[:, None] * np.float32(0.9) + 2.2 * clouds(shape, random, 240))
    water = screen(water, plane(step(0.55, 1.0, plane(crests)) * (0.35 - 0.25 * depth))[..., None])
    return mix(paint, water, step(horizon, horizon + 0.004, _heights(shape)))


def _city(paint: Layers, scene: Scene, random: Random, horizon: float) -> Layers:
    height, width = paint.shape[:2]
    ground = int(height * min(0.97, horizon + 0.22))
    for share in (0.0, 0.5, 1.0):
        wall = mix(colour(*scene.palette[2]), colour(*scene.palette[3]), np.float32(share))
        at = int(-random.integers(0, 40))
        while at < width:
            across = int(random.integers(width // 24, width // 9))
            top = ground - int(height * random.uniform(0.1, 0.42 - 0.16 * share))
            paint[top:, max(at, 0) : at + across] = wall
            _windows(paint, random, (max(at, 0), top, min(at + across, width), ground))
            at += across + int(random.integers(0, 18))
    return paint


def _windows(paint: Layers, random: Random, house: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = house
    for y in range(top + 10, bottom - 8, 18):
        for x in range(left + 7, right - 9, 15):
            if random.random() < 0.4:  # noqa: PLR2004 - so many are at home
                paint[y : y + 9, x : x + 7] = colour(255, 222, 140) * np.float32(random.uniform(0.55, 1))


def _trees(paint: Layers, scene: Scene, random: Random, horizon: float) -> Layers:
    height, width = paint.shape[:2]
    for share in np.sort(random.uniform(0, 1, int(random.integers(14, 34)))):
        x, foot = int(random.uniform(0, width)), int(height * (horizon + 0.05 + 0.33 * share))
        tall = int(height * (0.12 + 0.22 * share))
        leaf = mix(colour(*scene.palette[2]), colour(*scene.palette[3]), np.float32(share))
        tone = [float(each) for each in leaf * np.float32(random.uniform(0.8, 1.15))]
        for tier in range(4):
            tip, spread = foot - tall + tier * tall // 6, tall * (tier + 1) // 10
            corners = np.array([[x, tip], [x - spread, tip + tall // 3], [x + spread, tip + tall // 3]], np.int32)
            cv2.fillConvexPoly(paint, corners, tone, cv2.LINE_AA)
        cv2.rectangle(paint, (x - tall // 40, foot - tall // 4), (x + tall // 40, foot), [0.2, 0.13, 0.1], -1)
    return paint


def _flowers(paint: Layers, scene: Scene, random: Random, horizon: float) -> Layers:
    height, width = paint.shape[:2]
    accents: Sequence[Colour] = (scene.palette[1], (250, 205, 60), (235, 80, 110), (245, 240, 250))
    for share in np.sort(random.uniform(0, 1, int(random.integers(40, 90)))):
        x, y = int(random.uniform(0, width)), int(height * (horizon + 0.06 + (0.9 - horizon) * share))
        petal = 3 + int(13 * share)
        cv2.line(paint, (x, y), (x, y + 4 * petal), [0.12, 0.35, 0.16], max(1, petal // 4), cv2.LINE_AA)
        tone = [float(each) for each in colour(*accents[int(random.integers(0, len(accents)))])]
        for angle in np.arange(5) * (2 * np.pi / 5) + random.uniform(0, 1):
            at = (x + int(petal * np.cos(angle)), y + int(petal * np.sin(angle)))
            cv2.circle(paint, at, max(2, int(petal * 0.7)), tone, -1, cv2.LINE_AA)
        cv2.circle(paint, (x, y), max(1, petal // 2), [0.95, 0.75, 0.2], -1, cv2.LINE_AA)
    return paint


_DRAWN: Sequence[tuple[str, Callable[[Layers, Scene, Random, float], Layers]]] = (
    ("stars", _stars),
    ("sun", _sun),
    ("moon", _moon),
    ("hills", _hills),
    ("sea", _sea),
    ("city", _city),
    ("trees", _trees),
    ("flowers", _flowers),
)
"""From far to near."""


def _named(names: str) -> set[str]:
    return {_singular(name) for name in names.split()}


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 else word  # noqa: PLR2004 - not of "gas"
