"""Which request all this belongs to: correlation and causation ids, carried along by every task that it starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

CORRELATION_HEADER = "Correlation-Id"
CAUSATION_HEADER = "Causation-Id"


@dataclass(frozen=True, slots=True)
class Trace:
    """`correlation_id`: what began it all; `causation_id`: the message that led here."""

    correlation_id: str
    causation_id: str


_current: ContextVar[Trace] = ContextVar("trace")
NO_TRACE = Trace("", "")


def current_trace() -> Trace:
    return _current.get(NO_TRACE)


@contextmanager
def traced(correlation_id: str, causation_id: str) -> Iterator[None]:
    token = _current.set(Trace(correlation_id, causation_id))
    try:
        yield
    finally:
        _current.reset(token)
