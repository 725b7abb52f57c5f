"""Every error code that a caller can meet, with its HTTP status: one table for services, gateway and docs."""

from collections.abc import Mapping
from typing import Any

STATUS: Mapping[str, int] = {
    # who you are
    "INVALID_TOKEN": 401,
    "INVALID_CREDENTIALS": 401,
    "TOKEN_REUSED": 401,
    "ACCOUNT_LOCKED": 429,
    # what you sent
    "VALIDATION_ERROR": 400,
    "INVALID_EMAIL": 400,
    "WEAK_PASSWORD": 400,
    "INVALID_IMAGE": 400,
    "IMAGE_TOO_LARGE": 413,
    "BODY_TOO_LARGE": 413,
    "REQUEST_TIMEOUT": 408,
    "NSFW_DETECTED": 400,
    "INVALID_REFERRAL_CODE": 400,
    "INVALID_OTP": 400,
    "SIGN_IN_METHOD_OFF": 400,
    "INVALID_AD_TOKEN": 400,
    "INVALID_SIGNATURE": 400,
    "CREATION_PRIVATE": 400,
    "INVALID_CREATION": 400,
    "OWN_CREATION": 400,
    "BATTLE_ENDED": 400,
    "PAYMENT_METHOD_UNSUPPORTED": 400,
    # what you asked for
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "USER_NOT_FOUND": 404,
    "SESSION_NOT_FOUND": 404,
    "STYLE_NOT_FOUND": 404,
    "MODEL_NOT_FOUND": 404,
    "UPLOAD_NOT_FOUND": 404,
    "CREATION_NOT_FOUND": 404,
    "BATTLE_NOT_FOUND": 404,
    "CHALLENGE_NOT_FOUND": 404,
    "PACKAGE_NOT_FOUND": 404,
    "PLAN_NOT_FOUND": 404,
    "PROMO_NOT_FOUND": 404,
    "PAYMENT_NOT_FOUND": 404,
    "NOT_OWNER": 403,
    "PERMISSION_DENIED": 403,
    # what stands in the way
    "EMAIL_EXISTS": 409,
    "PHONE_EXISTS": 409,
    "CREATION_IN_BATTLE": 409,
    "APPEAL_NOT_POSSIBLE": 409,
    "CHALLENGE_EXISTS": 409,
    "CHALLENGE_STARTED": 409,
    "ALREADY_IN_BATTLE": 409,
    "ALREADY_VOTED": 409,
    "JOB_ALREADY_ENDED": 409,
    "UPLOAD_INCOMPLETE": 409,
    "UPLOAD_USED": 409,
    "UPLOAD_EXPIRED": 409,
    "CORRECTION_ENDED": 409,
    "PROMO_EXISTS": 409,
    "PROMO_ENDED": 409,
    "PROMO_ALREADY_USED": 409,
    "IDEMPOTENCY_CONFLICT": 409,
    "SUBSCRIPTION_EXISTS": 409,
    "SUBSCRIPTION_STATE": 409,
    "REFUND_TOO_LARGE": 409,
    "REFUND_REFUSED": 409,
    "INSUFFICIENT_CREDITS": 402,
    "PAYMENT_FAILED": 402,
    "DAILY_LIMIT_REACHED": 429,
    "AD_COOLDOWN": 429,
    "TOO_MANY_JOBS": 429,
    "TOO_MANY_UPLOADS": 429,
    "RATE_LIMITED": 429,
    "GUEST_LIMIT_REACHED": 429,
    # what went wrong on our side
    "AI_SERVICE_ERROR": 503,
    "SERVICE_UNAVAILABLE": 503,
    "PAYMENTS_OFF": 503,
    "ADS_OFF": 503,
    "DEADLINE_EXCEEDED": 504,
    "SERVER_ERROR": 500,
}
"""Code → HTTP status. A code that is not here must not be raised: a test reads the source for it."""


class ServiceError(Exception):
    """An answer of a service that is an error: it keeps its code across the wire.

    `message` is for a person; `details` is `{field: message}` or a small JSON object.
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details) if details else None

    @property
    def status(self) -> int:
        return STATUS.get(self.code, 500)
