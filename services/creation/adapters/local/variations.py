"""The pictures of one job, told apart: each but the first is framed and lit a little differently before its effect."""

import cv2
import numpy as np

from services.creation.adapters.local.canvas import Image, colour, contrast, image, layers, saturate

_FRAMES = ((0.5, 0.5, 1.0), (0.2, 0.4, 0.9), (0.8, 0.4, 0.9), (0.5, 0.6, 0.84))
"""Where the middle of what is kept lies between its limits (right, down), and how much of each side is kept."""
_LIGHTS = (colour(255, 255, 255), colour(255, 242, 218), colour(222, 238, 255), colour(250, 228, 246))


def vary(picture: Image, number: int) -> Image:
    """The same picture for 0, and for every other number another one of the same size."""
    if not number:
        return picture
    right, down, kept = _FRAMES[number % len(_FRAMES)]
    height, width = picture.shape[:2]
    rows, columns = max(1, round(height * kept)), max(1, round(width * kept))
    top, left = round((height - rows) * down), round((width - columns) * right)
    framed = picture[top : top + rows, left : left + columns]
    framed = np.asarray(cv2.resize(framed, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    lit = layers(framed) * _LIGHTS[number % len(_LIGHTS)]
    return image(contrast(saturate(lit, 1 + 0.12 * number), 1 + 0.05 * number))
