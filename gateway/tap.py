"""The gateway's ear: what services tell one another wakes the requests that wait for it.

Events are heard as they pass (plain NATS: nothing is kept for us), so being woken is a hint, and who is woken asks
again. While the broker is away, waiters ask again every second instead.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import nats.errors
import orjson
from nats.aio.msg import Msg

from contracts.envelope import Event
from contracts.subjects import ALL_PROGRESS, ALL_VOTES, event_subject
from gateway.services import Services
from kernel.logging import log

EVENTS = event_subject("")
PROGRESS = "progress"
ANY = "*"
POLL_DEAF_S = 1.0
POLL_S = 5.0
MAX_NEWS = 100
FLUSH_TIMEOUT_S = 2
FLUSH_PAUSE_S = 0.2

Hook = Callable[[Mapping[str, Any]], None]
LiveHook = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class News:
    """`type` is an event's (`ledger.credits_debited`), or `progress`."""

    type: str
    data: Mapping[str, Any]


class Watch:
    """What has been heard about one user or one creation. At most the last 100 of it."""

    def __init__(self, poll_s: Callable[[], float]) -> None:
        self._poll_s = poll_s
        self._news: deque[News] = deque(maxlen=MAX_NEWS)
        self._woken = asyncio.Event()

    def tell(self, news: News) -> None:
        self._news.append(news)
        self._woken.set()

    def wake(self) -> None:
        self._woken.set()

    async def next(self, timeout_s: float) -> list[News]:
        """What has come, as soon as something has. Nothing, when it is time to ask again: after `timeout_s` at most."""
        try:
            async with asyncio.timeout(max(0.0, min(timeout_s, self._poll_s()))):
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        news = list(self._news)
        self._news.clear()
        return news


class Tap:
    """Hears the events of `sources`, the progress of every creation and the votes of every battle."""

    def __init__(self, services: Services, sources: Iterable[str]) -> None:
        self._services = services
        self.subjects = [*(event_subject(f"{source}.>") for source in sources), ALL_PROGRESS, ALL_VOTES]
        self._subscribed = False
        self._watches: dict[tuple[str, int], set[Watch]] = defaultdict(set)
        self._hooks: dict[str, list[Hook]] = defaultdict(list)
        self._live_hooks: dict[str, list[LiveHook]] = defaultdict(list)
        self._on_gap: list[Callable[[], None]] = []
        self.closing = False
        services.on_change(self._gap)

    @property
    def hears(self) -> bool:
        return self._subscribed and self._services.is_connected

    @property
    def watched(self) -> int:
        """How many users and creations somebody waits for."""
        return len(self._watches)

    def hook(self, event: type[Event], callback: Hook) -> None:
        """Call back with the data of every event of this type."""
        self._hooks[event.TYPE].append(callback)

    def hook_live(self, subjects: str, callback: LiveHook) -> None:
        """Call back with the id and the body of everything said on `ALL_PROGRESS` or `ALL_VOTES`."""
        self._live_hooks[subjects.removesuffix(ANY)].append(callback)

    def on_gap(self, callback: Callable[[], None]) -> None:
        """Call back whenever something may have been missed."""
        self._on_gap.append(callback)

    async def start(self) -> None:
        """Listen. What is said after this returns is heard."""
        client = self._services.connected()
        for subject in self.subjects:
            await client.subscribe(subject, cb=self._hear)
        while not self._subscribed:
            try:
                await client.flush(FLUSH_TIMEOUT_S)
            except (nats.errors.Error, TimeoutError):  # the broker went away again: it is told when it is back
                await asyncio.sleep(FLUSH_PAUSE_S)
            else:
                self._subscribed = True
        self._gap()

    @contextmanager
    def watch(self, *, user_id: int | None = None, creation_ids: Iterable[int] = ()) -> Iterator[Watch]:
        watch = Watch(self._poll_s)
        keys = [("creation_id", creation_id) for creation_id in creation_ids]
        if user_id is not None:
            keys.append(("user_id", user_id))
        with ExitStack() as stack:
            for key in keys:
                self._watches[key].add(watch)
                stack.callback(self._unwatch, key, watch)
            yield watch

    def close(self) -> None:
        """Nobody is to wait any longer: the process is about to end."""
        self.closing = True
        self._wake_all()

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()

    def _unwatch(self, key: tuple[str, int], watch: Watch) -> None:
        self._watches[key].discard(watch)
        if not self._watches[key]:
            del self._watches[key]

    def _poll_s(self) -> float:
        return POLL_S if self.hears else POLL_DEAF_S

    def _gap(self) -> None:
        for callback in self._on_gap:
            callback()
        self._wake_all()

    async def _hear(self, message: Msg) -> None:
        try:
            if message.subject.startswith(EVENTS):
                self._hear_event(message.subject.removeprefix(EVENTS), message.data)
            else:
                self._hear_live(message.subject, message.data)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("something unreadable was heard", subject=message.subject, error=repr(error))

    def _hear_live(self, subject: str, body: bytes) -> None:
        kind, dot, last = subject.rpartition(".")
        for hook in self._live_hooks.get(kind + dot, ()):
            hook(int(last), body)
        if kind + dot + ANY == ALL_PROGRESS and (watches := self._watches.get(("creation_id", int(last)))):
            _tell(watches, News(PROGRESS, orjson.loads(body)))

    def _hear_event(self, event_type: str, body: bytes) -> None:
        hooks = self._hooks.get(event_type, ())
        if not hooks and not self._watches:
            return
        data: dict[str, Any] = orjson.loads(body)["data"]
        for hook in hooks:
            hook(data)
        for name in ("user_id", "creation_id"):
            if name in data and (watches := self._watches.get((name, data[name]))):
                _tell(watches, News(event_type, data))


def _tell(watches: set[Watch], news: News) -> None:
    for watch in watches:
        watch.tell(news)
