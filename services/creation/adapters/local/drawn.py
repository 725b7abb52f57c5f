"""Effects that look drawn: pencil, charcoal, clean outlines, comic ink, a cel from an animated film."""

import cv2
import numpy as np

from services.creation.adapters.local.canvas import (
    Image,
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
    step,
    stretch,
    unit,
    vignette,
)
from services.creation.adapters.local.strokes import bristles, brushed


def _hatching(shape: tuple[int, int], random: Random, degrees: float, one: float) -> Plane:
    """Straight strokes of a pencil in one direction, around 0: noise combed hard along that direction."""
    length = max(5, round(34 * one)) | 1
    kernel = np.zeros((length, length), np.float32)
    half = length // 2
    right, down = np.cos(np.deg2rad(degrees)) * half, np.sin(np.deg2rad(degrees)) * half
    start = (round(half - right), round(half - down))
    cv2.line(kernel, start, (round(half + right), round(half + down)), 1.0)
    strokes = plane(cv2.filter2D(grain(shape, random, 1.5 * one), -1, kernel / kernel.sum()))
    return plane(strokes / max(float(strokes.std()), 1e-4))


def pencil(picture: Image, random: Random) -> Image:
    """Graphite on cream paper: a fine outline, shading built from hatching, darker parts hatched twice."""
    one = unit(picture)
    shape = shape_of(picture)
    tone = stretch(luma(layers(flatten(picture, 2))))
    dodge = plane(
        np.clip(tone / np.maximum(blur(tone, 12 * one), 0.02), 0, 1)
    )  # what a photo leaves when its fog is gone
    outline = ink(tone, 1.1 * one, 0.006, 0.045)
    first = np.clip(0.5 + 0.32 * _hatching(shape, random, -48, one), 0, 1)
    second = np.clip(0.5 + 0.32 * _hatching(shape, random, -12, one), 0, 1)
    dark = step(0.1, 0.95, 1 - tone)
    shade = dark * (0.25 + 0.95 * first) * 0.8 + np.clip(0.5 - tone, 0, 1) * 1.1 * second
    paper = grain(shape, random, 1.5) * 0.02
    light = (0.35 + 0.65 * dodge) * (1 - np.clip(shade, 0, 0.9)) * (1 - 0.8 * outline) + paper
    return image(
        ramp(plane(light), ((0, colour(38, 38, 44)), (0.5, colour(128, 127, 128)), (1, colour(250, 246, 236))))
    )


def charcoal(picture: Image, random: Random) -> Image:
    """Broad, smudged blacks on rough grey paper, with a white chalk for the lights."""
    one = unit(picture)
    shape = shape_of(picture)
    tone = stretch(luma(layers(flatten(picture, 2, 55))))
    comb = bristles(blur(tone, 2 * one), random, 16 * one, max(1.0, 1.6 * one))
    tooth = 0.6 * grain(shape, random, 1.4 * max(one, 0.7)) + 0.4 * grain(shape, random, 2.6 * one)
    dark = (1 - tone) ** 1.5 + 0.05 * comb
    rubbed = blur(plane(dark), 5 * one) * 0.35 + dark * 0.65
    black = step(0.08, 0.95, plane(rubbed + 0.13 * tooth)) + 0.9 * ink(blur(tone, 0.8 * one), 1.9 * one, 0.008, 0.045)
    chalk = step(0.72, 1.0, plane(tone + 0.05 * comb + 0.06 * tooth)) * 0.8
    sheet = colour(188, 178, 162) * (1 + 0.03 * tooth + 0.05 * clouds(shape, random, 300 * one))[..., None]
    drawing = mix(plane(sheet), colour(250, 247, 240), plane(chalk))
    return image(mix(drawing, colour(26, 24, 25), plane(np.clip(black, 0, 1) * 0.96)))


def line_art(picture: Image, random: Random) -> Image:
    """Clean black contours on white, thick and thin, with the deepest shadows filled in."""
    one = unit(picture)
    tone = stretch(luma(layers(flatten(picture, 5, 50))))
    wavering = tone + 0.006 * grain(shape_of(picture), random, 60 * one)
    thick = ink(plane(wavering), 2.2 * one, 0.012, 0.03)
    thin = ink(plane(wavering), 1.1 * one, 0.010, 0.028) * 0.85
    solid = 1 - step(0.06, 0.12, blur(tone, 2.5 * one))
    black = plane(np.maximum(np.maximum(thick, thin), solid))
    return image(ramp(1 - blur(black, 0.6 * one), ((0, colour(16, 16, 22)), (1, colour(255, 255, 253)))))


def comic(picture: Image, random: Random) -> Image:
    """A printed comic: flat bold colours, black brush lines, a dot screen in the half-tones, cream paper."""
    one = unit(picture)
    paint = layers(flatten(picture, 5, 55))
    tone = stretch(luma(paint))
    levels = step(0.16, 0.24, tone) * 0.42 + step(0.40, 0.47, tone) * 0.32 + step(0.68, 0.75, tone) * 0.26
    flat = saturate(paint, 1.9) * ((0.30 + 0.85 * levels) / np.maximum(luma(paint), 0.08))[..., None]
    flat = mix(flat, saturate(paint, 1.7), 0.35)
    screen_dots = dots(plane(0.25 + 0.75 * tone), 7.5 * one, 30)
    half_tone = step(0.2, 0.35, tone) * (1 - step(0.62, 0.8, tone))
    flat = flat * (1 - 0.3 * half_tone * (1 - screen_dots))[..., None]
    line = np.maximum(ink(tone, 2.0 * one, 0.012, 0.035), 1 - step(0.05, 0.13, blur(tone, 1.5 * one)))
    misprint = 1 + 0.015 * grain(shape_of(picture), random, 2.0)
    printed = np.clip(flat, 0, 1) * colour(255, 250, 232) * misprint[..., None]
    return image(mix(plane(printed), colour(14, 12, 20), blur(plane(line), 0.6 * one)))


def anime(picture: Image, random: Random) -> Image:
    """A frame of hand-painted animation: flat colour in two tones, thin brown lines, a bright sky's light over it."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = brushed(layers(flatten(picture, 5, 60)), max(2, round(5 * one)))
    tone = luma(paint)
    cel = step(0.30, 0.36, tone) * 0.34 + step(0.56, 0.63, tone) * 0.30 + tone * 0.42
    flat = plane(paint * (mix(tone, plane(cel), 0.55) / np.maximum(tone, 0.06))[..., None])
    flat = saturate(contrast(np.clip(flat, 0, 1), 0.94, 0.42) + np.float32(0.05), 1.55)
    line = ink(luma(layers(flatten(picture, 2))), 1.5 * one, 0.006, 0.028)
    drawn = mix(flat, colour(70, 38, 40), plane(line * 0.9))
    height = np.linspace(1, 0, shape[0], dtype=np.float32)[:, None]
    sky = plane(np.clip(height * 0.22 + 0.04 * clouds(shape, random, 380 * one), 0, 1))
    drawn = screen(drawn, sky[..., None] * colour(120, 190, 255))
    glow = blur(plane(np.clip(drawn - 0.62, 0, 1)), 14 * one) * np.float32(0.8)
    return image(screen(drawn, glow * colour(255, 240, 200)))


def noir(picture: Image, random: Random) -> Image:
    """A black-and-white film still: hard light, deep blacks, silver grain, the corners gone dark."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = layers(picture)
    tone = stretch(plane(paint @ np.array([0.55, 0.35, 0.10], np.float32)))  # panchromatic film sees skin bright
    hard = tone * tone * (3 - 2 * tone)
    halo = blur(plane(np.clip(hard - 0.6, 0, 1)), 10 * one)
    hard = plane(hard + 0.6 * halo + 0.035 * grain(shape, random, 1.6 * max(one, 0.7)))
    hard = hard * (1 - 0.75 * vignette(shape, 0.9))
    return image(ramp(plane(hard), ((0, colour(8, 9, 12)), (0.5, colour(120, 122, 128)), (1, colour(246, 245, 240)))))


def chalkboard(picture: Image, random: Random) -> Image:
    """Coloured chalk on a dusty blackboard."""
    one = unit(picture)
    shape = shape_of(picture)
    paint = layers(flatten(picture, 4, 50))
    tone = stretch(luma(paint))
    tooth = step(-0.5, 0.9, grain(shape, random, 1.8 * max(one, 0.7)))
    outline = ink(1 - tone, 2.0 * one, 0.006, 0.03)
    strokes = np.clip(0.72 + 0.2 * _hatching(shape, random, -40, one), 0, 1)
    rubbed = step(0.15, 0.95, tone) * 0.95 * strokes
    dust = 0.05 * clouds(shape, random, 260 * one) + 0.02 * grain(shape, random, 2)
    board = colour(30, 46, 41) * (1 + dust * 2)[..., None]
    bright = saturate(paint, 1.5) * (np.float32(1.0) / np.maximum(tone, 0.12))[..., None]
    chalk = mix(np.clip(bright, 0, 1), np.float32(1), 0.3)
    share = np.clip(outline * 0.7 + rubbed, 0, 1) * (0.5 + 0.5 * tooth)
    return image(mix(plane(board), chalk, plane(share)))
