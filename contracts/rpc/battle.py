"""What can be asked of battle."""

from typing import Any

from contracts.envelope import Request

REQUESTS: tuple[type[Request[Any]], ...] = ()
