"""How much a picture is looked at and liked lately, as one number that orders pictures alike at every moment.

A picture's score falls by half in every half-life H. It is the sum of w·2^(-age/H) over its own making (w = 1), each
person's first like and each person's first look. What is kept is the sum's logarithm as of time zero,
log2(Σ w·2^(t/H)): it changes only when something happens. What is taken back has counted all the same, and counts no
second time: liking in a circle lifts nothing.
"""

import math
from datetime import datetime

HALF_LIFE_S = 86_400.0
"""To change it, the read tables must be rebuilt."""
LIKE, LOOK = 1.0, 0.1


def key_at(at: datetime, weight: float = 1.0) -> float:
    return at.timestamp() / HALF_LIFE_S + math.log2(weight)


def plus(key: float, other: float) -> float:
    """The key of both sums together."""
    higher, lower = max(key, other), min(key, other)
    return higher + math.log1p(math.exp2(lower - higher)) / math.log(2)
