"""Who is connected to this gateway, in which battles' rooms, and for how long."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter as Counts
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import Counter, Gauge

from gateway.errors import MESSAGES, Refused, invalid
from gateway.live.told import Told, session_expired
from gateway.revocations import Revocations
from gateway.security import Caller

K = TypeVar("K", int, str)
CONNECTED = Gauge("live_connected", "Connections that are told what happens", ["kind"])
SENT = Counter("live_sent_total", "Events given to connections", ["event"])
DROPPED = Counter("live_dropped_total", "Connections that were cut off, and events that were not told", ["reason"])
REFUSED = Counter("live_refused_total", "Connections that were not let in", ["code"])
MAX_ROOMS = 20
MAX_BATTLE_ID = 10**15 - 1
UNSURE, SLOW, UNCOUNTED = "unsure", "slow", "uncounted"


class Listener(ABC):
    """A connection of someone who is signed in."""

    kind: str

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.rooms: set[int] = set()
        self.expiry: asyncio.TimerHandle | None = None

    @abstractmethod
    def tell(self, told: Told) -> None:
        """Send it, or cut off who does not read what was sent before. Never waits."""

    @abstractmethod
    def close(self) -> None:
        """Send what waits, and close."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections there may be: in all, from one address, of one user."""

    in_all: int
    per_address: int
    per_user: int


class Hub:
    def __init__(self, revocations: Revocations, room: Room, *, clock: Callable[[], float] = time.time) -> None:
        self._revocations = revocations
        self._room = room
        self._clock = clock
        self._places = 0
        self._of_address: Counts[str] = Counts()
        self._of_user: defaultdict[int, set[Listener]] = defaultdict(set)
        self._of_session: defaultdict[str, set[Listener]] = defaultdict(set)
        self._in_battle: defaultdict[int, set[Listener]] = defaultdict(set)
        self.listeners: set[Listener] = set()
        self.closing = False
        revocations.on_end(self._end_the_void)

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Taken by every connection, signed in or not. Errors: SERVICE_UNAVAILABLE, RATE_LIMITED."""
        if self.closing or self._places >= self._room.in_all:
            raise Refused("SERVICE_UNAVAILABLE", "Too many are connected here. Please try again.")
        if self._of_address[address] >= self._room.per_address:
            raise Refused("RATE_LIMITED", "Too many connections from here.")
        self._places += 1
        self._of_address[address] += 1
        try:
            yield
        finally:
            self._places -= 1
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def add(self, listener: Listener) -> None:
        """From now on it is told what concerns its user, until it is removed or its token ends.

        Errors: INVALID_TOKEN, RATE_LIMITED.
        """
        caller, remaining_s = listener.caller, listener.caller.expires_at - self._clock()
        if remaining_s <= 0 or self._is_void(caller):
            raise Refused("INVALID_TOKEN")
        if len(self._of_user.get(caller.user_id, ())) >= self._room.per_user:
            raise Refused("RATE_LIMITED", f"At most {self._room.per_user} connections at once.")
        self.listeners.add(listener)
        self._of_user[caller.user_id].add(listener)
        if caller.session_id is not None:
            self._of_session[caller.session_id].add(listener)
        listener.expiry = asyncio.get_running_loop().call_later(remaining_s, self._end, listener)
        CONNECTED.labels(listener.kind).inc()

    def remove(self, listener: Listener) -> None:
        """It is told nothing more. Once is enough; twice does no harm."""
        if listener not in self.listeners:
            return
        self.listeners.discard(listener)
        _take_out(self._of_user, listener.caller.user_id, listener)
        if listener.caller.session_id is not None:
            _take_out(self._of_session, listener.caller.session_id, listener)
        for battle_id in list(listener.rooms):
            self.leave(listener, battle_id)
        if listener.expiry:
            listener.expiry.cancel()
        CONNECTED.labels(listener.kind).dec()

    def join(self, listener: Listener, battle_id: int) -> None:
        """Errors: VALIDATION_ERROR for more than 20 rooms."""
        if listener not in self.listeners or battle_id in listener.rooms:
            return
        if len(listener.rooms) >= MAX_ROOMS:
            raise invalid({"battle_id": f"At most {MAX_ROOMS} battles at once."})
        listener.rooms.add(battle_id)
        self._in_battle[battle_id].add(listener)

    def leave(self, listener: Listener, battle_id: int) -> None:
        if battle_id in listener.rooms:
            listener.rooms.discard(battle_id)
            _take_out(self._in_battle, battle_id, listener)

    def close_room(self, battle_id: int) -> None:
        for listener in self._in_battle.pop(battle_id, ()):
            listener.rooms.discard(battle_id)

    def is_here(self, user_id: int) -> bool:
        return user_id in self._of_user

    def is_watched(self, battle_id: int) -> bool:
        return battle_id in self._in_battle

    def tell_users(self, user_ids: Iterable[int], told: Told) -> None:
        self.tell({listener for user_id in user_ids for listener in self._of_user.get(user_id, ())}, told)

    def tell_room(self, battle_id: int, told: Told, *, and_users: Iterable[int] = ()) -> None:
        """Everyone in the room and these users; each connection once."""
        users = {listener for user_id in and_users for listener in self._of_user.get(user_id, ())}
        self.tell(users | self._in_battle.get(battle_id, set()), told)

    def tell(self, listeners: Iterable[Listener], told: Told) -> None:
        """While it is not known whose access has ended nobody is told anything: they are told to ask again later."""
        if not self._revocations.known:
            DROPPED.labels(UNSURE).inc()
            return
        count = 0
        for listener in listeners:
            listener.tell(told)
            count += 1
        if count:
            SENT.labels(told.name).inc(count)

    def close(self) -> None:
        """Nobody new, and nobody stays: the process is about to end."""
        self.closing = True
        for listener in list(self.listeners):
            self.remove(listener)
            listener.close()

    def _is_void(self, caller: Caller) -> bool:
        return self._revocations.is_void(caller.user_id, caller.session_id, caller.issued_at)

    def _end_the_void(self, user_id: int | None, session_id: str | None) -> None:
        found = self._of_session.get(session_id, ()) if session_id is not None else ()
        if user_id is not None:
            found = self._of_user.get(user_id, ())
        for listener in [listener for listener in found if self._is_void(listener.caller)]:
            self._end(listener)

    def _end(self, listener: Listener) -> None:
        self.remove(listener)
        listener.tell(session_expired(MESSAGES["INVALID_TOKEN"]))
        listener.close()


def _take_out(groups: dict[K, set[Listener]], key: K, listener: Listener) -> None:
    """And no trace of a group that is empty."""
    groups[key].discard(listener)
    if not groups[key]:
        del groups[key]


def battle_id_of(found: object) -> int:
    """The id in what a client sent. Errors: VALIDATION_ERROR."""
    battle_id = found.get("battle_id") if isinstance(found, dict) else None
    if type(battle_id) is not int or not 0 < battle_id <= MAX_BATTLE_ID:
        raise invalid({"battle_id": "Must be the number of a battle."})
    return battle_id
