"""What can be achieved, as data: a slug is for ever, everything else may be changed.

Each is awarded once, when its number is first reached, and never taken back.
"""

from dataclasses import dataclass
from typing import Literal

Measure = Literal["made", "public", "likes", "battles", "wins", "votes", "longest_streak"]
"""`made` counts every picture ever made, so that deleting one takes nothing away."""


@dataclass(frozen=True, slots=True)
class Achievement:
    slug: str
    name: str
    description: str
    icon: str
    measure: Measure
    threshold: int


ACHIEVEMENTS = (
    Achievement("first-creation", "First Brushstroke", "Create your first picture", "🎨", "made", 1),
    Achievement("creator-10", "Budding Artist", "Create 10 pictures", "🖌️", "made", 10),
    Achievement("creator-50", "Prolific Artist", "Create 50 pictures", "🖼️", "made", 50),
    Achievement("creator-250", "Grand Master", "Create 250 pictures", "🏛️", "made", 250),
    Achievement("public-5", "Open Gallery", "Have 5 public pictures", "🌍", "public", 5),
    Achievement("likes-10", "Crowd Pleaser", "Receive 10 likes", "❤️", "likes", 10),
    Achievement("likes-100", "Beloved", "Receive 100 likes", "💖", "likes", 100),
    Achievement("likes-1000", "Superstar", "Receive 1,000 likes", "🌟", "likes", 1000),
    Achievement("first-battle", "Challenger", "Take part in your first battle", "⚔️", "battles", 1),
    Achievement("first-win", "Victor", "Win your first battle", "🏆", "wins", 1),
    Achievement("wins-10", "Champion", "Win 10 battles", "👑", "wins", 10),
    Achievement("voter-25", "Fair Judge", "Vote in 25 battles", "🗳️", "votes", 25),
    Achievement("streak-7", "Week of Magic", "Come back 7 days in a row", "🔥", "longest_streak", 7),
    Achievement("streak-30", "Month of Magic", "Come back 30 days in a row", "📅", "longest_streak", 30),
)
BY_SLUG = {achievement.slug: achievement for achievement in ACHIEVEMENTS}
