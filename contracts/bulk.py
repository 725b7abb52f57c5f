"""Debits and grants in batches, for trusted producers: put on JetStream, done once each, results told one by one.

The message is a `Batch` in JSON on `subjects.BULK_TRANSFERS`. `Results` go to `results_to` by plain publish, before
the message is acknowledged; should it come again, they come again, and nothing is done twice.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

MAX_ITEMS = 1000
RESULTS_PREFIXES = ("results.", "_INBOX.")
"""Where results may be sent: nowhere that anyone else listens."""


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """`key` names the item for ever: the same key with other content is refused. Those of a `grant` are as for
    `GrantCredits`; a `spend` takes from the balance, and is refused where that does not reach.
    """

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kind: Literal["grant", "spend"]
    user_id: int
    credits: int
    reason: str
    description: str
    source: Literal[
        "signup_bonus", "ad", "purchase", "subscription", "referral", "prize", "adjustment", "promo", "refund"
    ] = "adjustment"
    bought: bool = False
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    reference: str | None = None


class Batch(msgspec.Struct, frozen=True):
    items: Annotated[list[Item], msgspec.Meta(max_length=MAX_ITEMS)]
    batch_id: str = ""
    results_to: str | None = None


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """`balance` after it; `code` of what was refused. A refused item may succeed when its key comes again."""

    key: str
    status: Literal["done", "replayed", "refused"]
    balance: int | None = None
    code: str | None = None


class Results(msgspec.Struct, frozen=True):
    batch_id: str
    results: list[Result]
