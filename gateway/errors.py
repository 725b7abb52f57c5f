"""Every error leaves in one shape: `{"success": false, "error": {"code", "message", "details"?, "request_id"}}`."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import STATUS, ServiceError
from kernel.logging import log
from kernel.tracing import current_trace

UNAUTHORIZED = 401
DETAIL_OF_UNAUTHORIZED = "Invalid or expired token"
MESSAGES: Mapping[str, str] = {
    "INVALID_TOKEN": "Token is invalid or expired",
    "INVALID_CREDENTIALS": "Email or password is incorrect",
    "TOKEN_REUSED": "This session has ended. Please log in again.",
    "ACCOUNT_LOCKED": "Too many attempts. Please wait a little and try again.",
    "VALIDATION_ERROR": "Invalid request. Please check your input.",
    "INVALID_EMAIL": "Please enter a valid email address",
    "WEAK_PASSWORD": "Password must be at least 8 characters with 1 uppercase and 1 number",
    "EMAIL_EXISTS": "An account with this email already exists",
    "PHONE_EXISTS": "This phone number is already registered.",
    "INVALID_REFERRAL_CODE": "Nobody has this referral code.",
    "INVALID_OTP": "This code is wrong or too old. Please ask for a new one.",
    "SIGN_IN_METHOD_OFF": "This way of signing in is not offered here.",
    "INVALID_AD_TOKEN": "This ad could not be verified.",
    "INVALID_SIGNATURE": "The signature is not right.",
    "PAYMENT_METHOD_UNSUPPORTED": "This way of paying is not offered here.",
    "CREATION_PRIVATE": "Only a public creation can enter a battle.",
    "INVALID_CREATION": "This creation is not part of the battle.",
    "OWN_CREATION": "You cannot vote in a battle of your own creation.",
    "BATTLE_ENDED": "This battle has ended.",
    "INVALID_IMAGE": "Only JPG, PNG, and WebP images are supported.",
    "IMAGE_TOO_LARGE": "Image must be under 10 MB.",
    "BODY_TOO_LARGE": "The request is too large.",
    "NSFW_DETECTED": "Image contains inappropriate content",
    "NOT_FOUND": "Not found.",
    "METHOD_NOT_ALLOWED": "This method is not allowed here.",
    "USER_NOT_FOUND": "User not found.",
    "SESSION_NOT_FOUND": "Session not found.",
    "STYLE_NOT_FOUND": "Style not found.",
    "MODEL_NOT_FOUND": "There is no such model, or it is not available.",
    "UPLOAD_NOT_FOUND": "There is no such upload.",
    "CREATION_NOT_FOUND": "Creation not found.",
    "CHALLENGE_NOT_FOUND": "There is no such challenge.",
    "CHALLENGE_EXISTS": "This day has a challenge already.",
    "CHALLENGE_STARTED": "This challenge has started, and stays as it is.",
    "BATTLE_NOT_FOUND": "Battle not found.",
    "PACKAGE_NOT_FOUND": "There is no such package.",
    "PAYMENT_NOT_FOUND": "There is no such payment.",
    "PLAN_NOT_FOUND": "There is no such plan.",
    "NOT_OWNER": "This creation belongs to someone else.",
    "PERMISSION_DENIED": "You are not allowed to do this.",
    "APPEAL_NOT_POSSIBLE": "There is nothing to appeal against.",
    "CREATION_IN_BATTLE": "Cannot delete creation while in active battle",
    "ALREADY_IN_BATTLE": "This creation is already in a battle",
    "ALREADY_VOTED": "You have already voted in this battle",
    "CORRECTION_ENDED": "This correction has been decided already.",
    "PROMO_EXISTS": "There is such a code already.",
    "PROMO_NOT_FOUND": "There is no such code.",
    "PROMO_ENDED": "This code has expired or was used up.",
    "PROMO_ALREADY_USED": "You have used this code already.",
    "JOB_ALREADY_ENDED": "This job has already ended.",
    "UPLOAD_INCOMPLETE": "The picture of this upload has not come yet.",
    "UPLOAD_USED": "This upload has been used already.",
    "UPLOAD_EXPIRED": "This upload has expired. Please upload the picture again.",
    "IDEMPOTENCY_CONFLICT": "This Idempotency-Key was used with another request.",
    "INSUFFICIENT_CREDITS": "You need 50 credits. You have 30.",
    "PAYMENT_FAILED": "Payment failed. Please try again.",
    "SUBSCRIPTION_EXISTS": "You have a subscription already.",
    "SUBSCRIPTION_STATE": "This cannot be done with your subscription now.",
    "REFUND_TOO_LARGE": "That is more than is left of the payment.",
    "REFUND_REFUSED": "The payment provider refused this refund.",
    "DAILY_LIMIT_REACHED": "You have watched all ads for today. Come back tomorrow!",
    "AD_COOLDOWN": "Please wait a moment before the next ad.",
    "TOO_MANY_JOBS": "Too many pictures at once. Please wait until one is ready.",
    "TOO_MANY_UPLOADS": "Too many unused uploads. Please use one, or wait until they expire.",
    "RATE_LIMITED": "Too many requests. Please wait a moment.",
    "GUEST_LIMIT_REACHED": "Too many guests from here today. Please sign up.",
    "REQUEST_TIMEOUT": "The request came too slowly. Please try again.",
    "AI_SERVICE_ERROR": "AI service is temporarily unavailable. Please try again.",
    "SERVICE_UNAVAILABLE": "The service is starting. Please try again.",
    "PAYMENTS_OFF": "Payments are switched off here.",
    "ADS_OFF": "Rewarded ads are switched off here.",
    "DEADLINE_EXCEEDED": "The answer took too long. Please try again.",
    "SERVER_ERROR": "Something went wrong. Please try again later.",
}
"""What a person is told when nobody knows better; the examples in the documentation show the same."""


class Refused(ServiceError):
    """An error of the gateway's own, with the headers that belong to it."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message or MESSAGES[code], details)
        self.headers = dict(headers or {})


def invalid(details: Mapping[str, str]) -> Refused:
    """A 400 that names each field at fault."""
    return Refused("VALIDATION_ERROR", details=details)


def invalid_fields(error: ValidationError) -> Refused:
    """Pydantic's findings as `{field: message}`; what is wrong with the whole stands under `body`."""
    return invalid({".".join(map(str, fault["loc"])) or "body": fault["msg"] for fault in error.errors()})


def error_body(error: ServiceError, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details:
        told["details"] = error.details
    body: dict[str, Any] = {"success": False, "error": told | {"request_id": request_id}}
    if error.status == UNAUTHORIZED:
        body["detail"] = DETAIL_OF_UNAUTHORIZED
    return body


def error_response(error: ServiceError) -> Response:
    headers = {"cache-control": "no-store"}
    if error.status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, Refused):
        headers |= error.headers
    elif error.details and "retry_after" in error.details:
        headers["retry-after"] = str(error.details["retry_after"])
    body = orjson.dumps(error_body(error, current_trace().correlation_id))
    return Response(body, error.status, headers, "application/json")


def crashed(request: Request, error: Exception) -> Response:
    """The answer to what nobody foresaw: logged with the request's id, which the client is told too."""
    log.error("a request crashed", method=request.method, path=request.url.path, exc_info=error)
    return error_response(Refused("SERVER_ERROR"))


def allowed_methods(request: Request) -> str:
    """All methods that this path knows: a route knows only its own."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return ", ".join(sorted(found))


class Faults:
    """Answers what goes wrong outside of any endpoint; those answer their own errors (`routing.py`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except HTTPException as error:
            response = _from_router(Request(scope), error)
            await response(scope, receive, send)
        except Exception as error:
            # An answer that broke off while it was sent: nothing can be added to it.
            log.error("an answer broke off", path=scope["path"], exc_info=error)
            raise


def _from_router(request: Request, error: HTTPException) -> Response:
    """There is no such path, or not with this method."""
    if error.status_code == STATUS["METHOD_NOT_ALLOWED"]:
        return error_response(Refused("METHOD_NOT_ALLOWED", headers={"allow": allowed_methods(request)}))
    if error.status_code == STATUS["NOT_FOUND"]:
        return error_response(Refused("NOT_FOUND"))
    return crashed(request, error)
