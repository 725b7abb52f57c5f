"""The types of notifications that the integration guide documents."""

from typing import Literal

Kind = Literal[
    "creation_liked", "battle_started", "battle_ending", "battle_won", "credits_low", "new_style", "achievement"
]
