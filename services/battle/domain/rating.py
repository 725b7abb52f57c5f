"""How strong someone is: Elo (A. Elo, The Rating of Chessplayers, 1978). One rating per person, over all pictures."""

FIRST_RATING = 1000
STEP = 32
"""How far one battle moves a rating at most."""
SCALE = 400
"""This many points of difference make the stronger one ten times as likely to win."""


def expected(own: int, other: int) -> float:
    """How likely the first is to win, 0 to 1."""
    return 1 / (1 + 10 ** ((other - own) / SCALE))


def after(own: int, other: int, score: float) -> tuple[int, int]:
    """Both ratings after a battle. `score`: 1 when the first has won, 0 when the second has, a half for a tie.

    What one gains the other loses, so the sum over all people stays the same.
    """
    gained = round(STEP * (score - expected(own, other)))
    return own + gained, other - gained
