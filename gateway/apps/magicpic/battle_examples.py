"""Examples of the answers in battles."""

from gateway.apps.magicpic.examples import Example

_PICTURES = "https://pictures.magicpic.app/creations"


def _contender(creation_id: int, style_name: str, user_id: int, name: str) -> Example:
    return {
        "id": creation_id,
        "image_url": f"{_PICTURES}/{creation_id}/result.jpg",
        "thumbnail_url": f"{_PICTURES}/{creation_id}/thumbnail.webp",
        "style_name": style_name,
        "under_review": False,
        "user": {"id": user_id, "name": name, "avatar_url": None},
    }


BATTLE: Example = {
    "id": 45,
    "creation_a": _contender(123, "Ghibli Art", 42, "John Doe"),
    "creation_b": _contender(98, "Red Saree", 17, "Jane Roe"),
    "votes_a": 156,
    "votes_b": 142,
    "total_votes": 298,
    "ends_at": "2026-02-19T06:20:11.482Z",
    "time_remaining": 51240,
    "user_vote": None,
}
RESULT: Example = BATTLE | {
    "time_remaining": 0,
    "user_vote": 123,
    "status": "ended",
    "winner_id": 123,
    "prize": 100,
    "prize_withheld": None,
    "ended_at": "2026-02-19T06:20:11.731Z",
}
VOTED: Example = {
    "votes_a": 156,
    "votes_b": 142,
    "user_vote": 123,
    "vote_percentage": {"a": 52.3, "b": 47.7},
}
FOUGHT: Example = {
    "id": 45,
    "my_creation": {"id": 123, "thumbnail_url": f"{_PICTURES}/123/thumbnail.webp", "votes": 156},
    "opponent_creation": {
        "id": 98,
        "thumbnail_url": f"{_PICTURES}/98/thumbnail.webp",
        "votes": 142,
        "user": {"id": 17, "name": "Jane Roe", "avatar_url": None},
    },
    "result": "won",
    "prize": 100,
    "prize_withheld": None,
    "ended_at": "2026-02-19T06:20:11.731Z",
}
SUSPECT: Example = {
    "battle_id": 45,
    "user_id": 311,
    "creation_id": 123,
    "weight": 0,
    "reasons": ["new_account", "same_device"],
    "voted_at": "2026-02-18T21:04:10.118Z",
}
