"""The secrets of one stack, made by chance on first start and kept in a file that only its owner can read."""

import base64
import json
import secrets
from pathlib import Path

from deploy.local.files import write_private

SERVICES = ("auth", "catalog", "creation", "battle", "ledger", "notify")
"""Those that own a database, and a role of the same name."""


def load_or_create(path: Path) -> dict[str, str]:
    """The stack's secrets by name; those that the file lacks are made and added."""
    known = load(path)
    complete = {**_fresh(), **known}
    if complete != known:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(complete, indent=2) + "\n")
    return complete


def load(path: Path) -> dict[str, str]:
    """The stack's secrets by name; none when there is no such file yet."""
    if not path.exists():
        return {}
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return known


def _fresh() -> dict[str, str]:
    return {
        "postgres_admin_password": secrets.token_hex(16),
        **{f"{service}_database_password": secrets.token_hex(16) for service in SERVICES},
        "nats_password": secrets.token_hex(16),
        "s3_access_key": secrets.token_hex(10),
        "s3_secret_key": secrets.token_hex(20),
        "auth_signing_key": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
