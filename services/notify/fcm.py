"""Firebase Cloud Messaging, HTTP v1: one message to one device, and what its answers mean.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send and …/v1/ErrorCode. What FCM says in words
may quote a token, so none of it goes further than this module: only codes do.
"""

import asyncio
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from kernel.clock import utc_now
from kernel.logging import log
from services.notify.google_account import AccessTokens, AccountAway, AccountRefused

OK = 200
PAUSE_S = 60.0
"""After a refusal that is our own fault, or a quota that does not say for how long it is used up."""
AWAY_PAUSE_S = 10.0
LONGEST_PAUSE_S = 3600.0
KEEP_ALIVE_S = 30.0
QUOTA, UNAVAILABLE, BAD_REQUEST = 429, 503, 400
FAULTY = 500
OUR_FAULT = frozenset({401, 403, 404})
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class NotNow(Exception):
    """FCM certainly did not take it; later it may. `reply` is its status, 0 where there was none."""

    def __init__(self, reply: int, wait_s: float = 0) -> None:
        super().__init__(f"fcm answered {reply}")
        self.reply = reply
        self.wait_s = wait_s


class DeadToken(Exception):
    """Nothing will ever reach this token again."""

    def __init__(self, reply: int) -> None:
        super().__init__(f"fcm answered {reply}")
        self.reply = reply


class Refused(Exception):
    """FCM will never take this message."""

    def __init__(self, reply: int) -> None:
        super().__init__(f"fcm answered {reply}")
        self.reply = reply


class Unanswered(Exception):
    """The message was given, but no answer came: it may have been taken or not."""


class Fcm:
    """While it is away, or will have nothing from us, the door is shut: `knock` says so before anything is claimed."""

    def __init__(self, url: str, project: str, tokens: AccessTokens, *, connections: int, timeout_s: float) -> None:
        self._url = f"{url.rstrip('/')}/v1/projects/{project}/messages:send"
        self._tokens = tokens
        self._timeout_s = timeout_s
        limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEP_ALIVE_S
        )
        self._client = httpx.AsyncClient(timeout=timeout_s, limits=limits)
        self._shut_until = 0.0

    async def close(self) -> None:
        await self._client.aclose()
        self._tokens.close()

    async def knock(self) -> str:
        """An access token to send with. Errors: NotNow."""
        shut_s = self._shut_until - time.monotonic()
        if shut_s > 0:
            raise NotNow(0, shut_s)
        try:
            return await self._tokens.get()
        except AccountRefused:
            log.error("google refuses the service account: no push can be sent until its key is mended")
            raise self._shut(0, PAUSE_S) from None
        except AccountAway as error:
            log.warning("google's access tokens cannot be had", error=str(error))
            raise self._shut(0, AWAY_PAUSE_S) from None

    async def send(self, message: Mapping[str, Any], access_token: str) -> None:
        """Errors: NotNow, DeadToken, Refused, Unanswered."""
        headers = {"Authorization": f"Bearer {access_token}"}
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(self._url, json={"message": message}, headers=headers)
        except NEVER_SENT as error:
            log.warning("fcm is away", error=type(error).__name__)
            raise self._shut(0, AWAY_PAUSE_S) from None
        except (httpx.HTTPError, TimeoutError):
            raise Unanswered from None
        if answer.status_code != OK:
            raise self._fault(answer)

    def _fault(self, answer: httpx.Response) -> Exception:
        status, (code, is_token) = answer.status_code, _meaning(answer)
        if code in {"UNREGISTERED", "SENDER_ID_MISMATCH"} or (status == BAD_REQUEST and is_token):
            return DeadToken(status)
        if code == "THIRD_PARTY_AUTH_ERROR":  # of Apple's or the browsers' houses: other devices may be reached
            log.error("fcm has no right to reach this kind of device: look at its APNs or web push key")
            return NotNow(status, PAUSE_S)
        if status in OUR_FAULT:
            log.error("fcm refuses us: no push can be sent until that is mended", status=status, code=code)
            self._tokens.forget()
            return self._shut(status, PAUSE_S)
        if status == QUOTA:
            return self._shut(status, _retry_after_s(answer) or PAUSE_S)
        if status == UNAVAILABLE:
            return self._shut(status, _retry_after_s(answer) or AWAY_PAUSE_S)
        return NotNow(status, _retry_after_s(answer)) if status >= FAULTY else Refused(status)

    def _shut(self, status: int, wait_s: float) -> NotNow:
        self._shut_until = max(self._shut_until, time.monotonic() + wait_s)
        return NotNow(status, wait_s)


def _meaning(answer: httpx.Response) -> tuple[str, bool]:
    """FCM's own error code, where it gives one, and whether it is the token that is wrong."""
    try:
        error = answer.json()["error"]
        details = [detail for detail in error.get("details", []) if isinstance(detail, dict)]
        code = next((str(detail["errorCode"]) for detail in details if "errorCode" in detail), "")
        fields = [violation["field"] for detail in details for violation in detail.get("fieldViolations", [])]
        is_token = "message.token" in fields or (not fields and "registration token" in str(error.get("message")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", False
    return code, is_token


def _retry_after_s(answer: httpx.Response) -> float:
    """RFC 9110: seconds, or a date. 0 where it is not told."""
    told = answer.headers.get("retry-after", "")
    if told.isascii() and told.isdigit():
        return min(float(told), LONGEST_PAUSE_S)
    try:
        wait_s = (parsedate_to_datetime(told) - utc_now()).total_seconds()
    except (ValueError, TypeError):
        return 0
    return min(max(wait_s, 0), LONGEST_PAUSE_S)
