"""Examples of the answers where people look around."""

from gateway.apps.magicpic.examples import CATEGORY, PUBLIC_CREATION, STYLE, Example

DAILY_CHALLENGE: Example = {
    "id": 20260218,
    "title": "Ghibli Art Challenge",
    "style": STYLE,
    "participants": 128,
    "ends_at": "2026-02-19T00:00:00.000Z",
}
FRONT: Example = {
    "trending_styles": [STYLE],
    "new_styles": [STYLE],
    "featured_creations": [PUBLIC_CREATION],
    "popular_categories": [CATEGORY],
    "daily_challenge": DAILY_CHALLENGE,
    "missing": [],
}
FOUND: Example = {
    "styles": [STYLE],
    "categories": [CATEGORY],
    "users": [{"id": 7, "name": "Asha", "avatar_url": None, "creations_count": 12}],
    "total_results": 3,
    "missing": [],
}
CHALLENGE: Example = DAILY_CHALLENGE | {
    "day": "2026-02-18",
    "starts_at": "2026-02-18T00:00:00.000Z",
    "status": "running",
}
PLANNED: Example = CHALLENGE | {"status": "planned", "participants": 0}
ENTRY: Example = {"rank": 1, "likes": 31, "creation": PUBLIC_CREATION}
TODAYS_CHALLENGE: Example = CHALLENGE | {"leaderboard": [ENTRY], "missing": []}
