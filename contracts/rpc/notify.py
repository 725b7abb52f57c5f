"""What can be asked of notify."""

from typing import Any

from contracts.envelope import Request

REQUESTS: tuple[type[Request[Any]], ...] = ()
