"""What a busy domain makes by the thousand: like frozen dataclasses, but made by C, not by one Python call per field.

`field` and `replace` are for them what those of `dataclasses` are for others.
"""

import msgspec
from msgspec import field
from msgspec.structs import replace

__all__ = ["Value", "field", "replace"]


class Value(msgspec.Struct, frozen=True, gc=False):
    """Base of events, states, commands and their parts: `class Lot(Value, frozen=True)`.

    `gc=False`: a value holds no cycles, so the collector need not look for any.
    """
