"""The Idempotency-Key: a request that is sent again is done once."""

from typing import Any

from fastapi import Request

from gateway.errors import invalid

MAX_KEY_CHARACTERS = 200
REPLAYED = {"idempotency-replayed": "true"}
KEY_HEADER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": MAX_KEY_CHARACTERS},
    "description": "The same key with the same input gives the first answer again, and is paid once.",
}


def idempotency_key(request: Request) -> str | None:
    """Errors: VALIDATION_ERROR."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable()):
        raise invalid({"Idempotency-Key": f"must be 1 to {MAX_KEY_CHARACTERS} printable ASCII characters"})
    return key
