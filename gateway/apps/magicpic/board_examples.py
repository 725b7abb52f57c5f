"""Examples of the answers about leaderboards."""

from gateway.apps.magicpic.examples import Example, answer, paged

LEADER: Example = {
    "rank": 1,
    "user": {"id": 7, "name": "Ana", "avatar_url": "https://pictures.magicpic.app/avatars/7.webp"},
    "wins": 12,
    "total_battles": 15,
    "win_rate": 80.0,
    "badge": "🥇",
    "is_current_user": False,
}
ME: Example = {
    "rank": 2,
    "user": {"id": 42, "name": "John Doe", "avatar_url": None},
    "wins": 9,
    "total_battles": 14,
    "win_rate": 64.3,
    "badge": "🥈",
    "is_current_user": True,
}
LEADERBOARD: Example = {
    "period": "weekly",
    "of": "2026-W46",
    "leaders": [LEADER, ME],
    "current_user_rank": {"rank": 2, "wins": 9, "total_battles": 14},
}
PAGE: Example = paged([LEADER, ME]) | answer(LEADERBOARD)
PART: Example = answer(LEADERBOARD) | {"total": 2}
