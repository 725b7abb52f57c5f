"""Every look that the local painter knows, by the name that the catalog's styles give it."""

from collections.abc import Callable, Mapping

from services.creation.adapters.local import drawn, lit, painted, printed
from services.creation.adapters.local.canvas import Image, Random

Effect = Callable[[Image, Random], Image]

EFFECTS: Mapping[str, Effect] = {
    "anime": drawn.anime,
    "chalkboard": drawn.chalkboard,
    "charcoal": drawn.charcoal,
    "comic": drawn.comic,
    "cyberpunk": lit.cyberpunk,
    "dreamy": painted.dreamy,
    "folk": printed.folk,
    "gold": lit.gold,
    "lamplight": lit.lamplight,
    "line_art": drawn.line_art,
    "mosaic": printed.mosaic,
    "neon": lit.neon,
    "noir": drawn.noir,
    "oil": painted.oil,
    "pencil": drawn.pencil,
    "pixel_art": printed.pixel_art,
    "pop_art": printed.pop_art,
    "royal": painted.royal,
    "stained_glass": printed.stained_glass,
    "vintage": lit.vintage,
    "watercolor": painted.watercolor,
}
"""Each takes a picture and a source of chance, and gives back a picture of the same size; both RGB bytes."""
