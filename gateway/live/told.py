"""What can be told to those who are connected."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson
from engineio import packet as engine

SOCKET_EVENT = "2"
"""Socket.IO's number for an event."""


class Told:
    """One event for any number of people: written out once for all sockets, and once for all streams."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self.name = name
        self._data = data

    @cached_property
    def packet(self) -> engine.Packet:
        """As Socket.IO sends it."""
        return engine.Packet(engine.MESSAGE, SOCKET_EVENT + orjson.dumps([self.name, self._data]).decode())

    @cached_property
    def stream_event(self) -> bytes:
        """As a stream of server-sent events has it."""
        return b"event: %s\ndata: %s\n\n" % (self.name.encode(), orjson.dumps(self._data))


def vote_update(battle_id: int, votes_a: int, votes_b: int) -> Told:
    return Told("battle:vote_update", {"battle_id": battle_id, "votes_a": votes_a, "votes_b": votes_b})


def battle_ended(battle_id: int, winner_id: int | None) -> Told:
    """`winner_id` is a creation; None: nobody has won."""
    return Told("battle:ended", {"battle_id": battle_id, "winner_id": winner_id})


def creation_liked(creation_id: int, likes_count: int) -> Told:
    return Told("creation:liked", {"creation_id": creation_id, "likes_count": likes_count})


def credits_updated(balance: int) -> Told:
    return Told("credits:updated", {"balance": balance})


def creation_progress(creation_id: int, status: str, progress: int) -> Told:
    """`status` is a job's, `progress` in percent."""
    return Told("creation:progress", {"creation_id": creation_id, "status": status, "progress": progress})


def notification_new(notification_id: int, kind: str) -> Told:
    return Told("notification:new", {"id": notification_id, "type": kind})


def fault(code: str, message: str) -> Told:
    """What a client asked for and did not get."""
    return Told("error", {"code": code, "message": message})


def session_expired(message: str) -> Told:
    """The last thing that a connection hears whose token is no longer good."""
    return Told("session:expired", {"code": "INVALID_TOKEN", "message": message})


SYNC = Told("sync", {})
"""Something may have been missed: whoever shows anything asks for it again."""
