"""The test language of a domain: `given(DECIDER, events).when(command).then(events)`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest

from contracts.errors import ServiceError
from kernel.decider import Decider

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Decided:
    events: list[Any] | None
    error: ServiceError | None

    def then(self, *expected: Any) -> None:
        if self.error:
            raise AssertionError(f"refused: {self.error.code} {self.error.message}")
        assert self.events == list(expected)

    def then_refused(self, code: str) -> None:
        assert self.error is not None, f"not refused, but {self.events}"
        assert self.error.code == code


@dataclass(frozen=True)
class Given:
    decider: Decider[Any, Any, Any]
    history: Sequence[Any]

    @property
    def state(self) -> Any:
        return reduce(self.decider.evolve, self.history, self.decider.initial)

    def when(self, command: Any, *, now: datetime = NOW) -> Decided:
        try:
            return Decided(self.decider.decide(command, self.state, now), None)
        except ServiceError as error:
            return Decided(None, error)


def given(decider: Decider[Any, Any, Any], *history: Any) -> Given:
    return Given(decider, history)


def refused(code: str) -> Any:
    """A context in which an error of this code must be raised."""
    return pytest.raises(ServiceError, check=lambda error: error.code == code)
