"""The service account that pushes are sent with, and the access tokens that Google gives for it.

https://firebase.google.com/docs/cloud-messaging/send/v1-api#authorize-http-v1-send-requests
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from pydantic import SecretStr

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
LONGEST_PATH = 4096
TIMEOUT_S = 10.0


class BadAccount(ValueError):
    """What was given is no service account's key. Says nothing of what stands in it."""


class AccountRefused(Exception):
    """Google does not take this key: an operator must look."""


class AccountAway(Exception):
    """Google's tokens cannot be had now."""


def key_of(setting: SecretStr) -> Mapping[str, Any]:
    """The key as Google gives it for download; the setting is its JSON, or the path of its file. Errors: BadAccount."""
    text = setting.get_secret_value().strip()
    if not text.startswith("{"):
        try:
            text = Path(text[:LONGEST_PATH]).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise BadAccount("is neither JSON nor the path of a file that can be read") from None
    try:
        key = json.loads(text)
    except ValueError:
        raise BadAccount("is no JSON") from None
    if not isinstance(key, dict) or key.get("type") != "service_account" or not key.get("project_id"):
        raise BadAccount("is no key of a service account: its type or project_id is missing")
    return key


def credentials_of(key: Mapping[str, Any]) -> Credentials:
    """Errors: BadAccount."""
    try:
        made: Credentials = Credentials.from_service_account_info(key, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    except (GoogleAuthError, ValueError, TypeError, AttributeError):
        raise BadAccount("is a damaged key: private_key, client_email or token_uri is missing or wrong") from None
    return made


class _Bounded(Request):
    """google-auth would wait for two minutes."""

    def __init__(self) -> None:
        super().__init__(requests.Session())

    def __call__(self, *given: Any, **named: Any) -> Any:
        return super().__call__(*given, **{**named, "timeout": TIMEOUT_S})  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self.session.close()


class AccessTokens:
    """One at a time, kept until shortly before it expires."""

    def __init__(self, key: Mapping[str, Any]) -> None:
        self._credentials = credentials_of(key)
        self._request = _Bounded()
        self._asking = asyncio.Lock()

    async def get(self) -> str:
        """Errors: AccountRefused, AccountAway."""
        async with self._asking:
            if not self._credentials.valid:
                try:
                    await asyncio.to_thread(self._credentials.refresh, self._request)
                except RefreshError as error:
                    raise (AccountAway("RefreshError") if error.retryable else AccountRefused) from None
                except (GoogleAuthError, requests.RequestException) as error:
                    raise AccountAway(type(error).__name__) from None
            return str(self._credentials.token)

    def forget(self) -> None:
        """It was refused: the next one is a new one."""
        self._credentials.token = None

    def close(self) -> None:
        self._request.close()
