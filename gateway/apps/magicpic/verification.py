"""Verifying the address of an account."""

import base64
import hashlib

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from contracts.rpc.auth import AskToVerify, VerifyEmail
from gateway.answers import NO_STORE, answer, done, envelope
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.apps.magicpic.purses import Purses
from gateway.documentation import MAYBE_SIGNED_IN, Documentation
from gateway.limits import Addresses
from gateway.routing import ANYONE, MEMBER, Access, endpoint, user_of, user_or_nobody
from kernel.caller import Caller

TAG = "Accounts"
VERIFIED = "Email verified successfully."
SENT = "Verification email sent. Please check your inbox."
# The page is the same for everyone: the token stays in the address, and only the button sends it. Mail scanners that
# open links use nothing up by that.
_SCRIPT = """
document.querySelector("button").onclick = async (event) => {
  event.target.disabled = true;
  const token = new URLSearchParams(location.search).get("token");
  const said = document.querySelector("p");
  try {
    const answer = await fetch(location.pathname, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({token})
    });
    const body = await answer.json();
    said.textContent = body.success ? body.message : body.error.message;
    event.target.hidden = body.success;
  } catch { said.textContent = "We could not be reached. Please try again."; }
  event.target.disabled = false;
};
"""
_STYLE = (
    "body{font:1.1rem system-ui;max-width:30rem;margin:20vh auto;text-align:center}button{font:inherit;padding:1rem}"
)
PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>MagicPic</title><style>{_STYLE}</style>
<h1>MagicPic</h1><p>Is this your email address?</p><button>Yes, verify it</button>
<script>{_SCRIPT}</script></html>
"""


def _allowed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


PAGE_HEADERS = NO_STORE | {
    "content-security-policy": (
        f"default-src 'none'; script-src {_allowed(_SCRIPT)}; style-src {_allowed(_STYLE)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Verification:
    def __init__(self, caller: Caller, purses: Purses, addresses: Addresses) -> None:
        self._caller = caller
        self._purses = purses
        self._addresses = addresses

    @endpoint(
        "POST",
        "/api/auth/verify-email",
        Access(signed_in=False, rate="login", knows_users=True),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.User],
            examples.answer(examples.USER | {"is_verified": True}, VERIFIED),
            errors=("VALIDATION_ERROR", "INVALID_OTP", "INVALID_TOKEN", "BODY_TOO_LARGE"),
            extra=MAYBE_SIGNED_IN,
        ),
    )
    async def verify_email(self, request: Request, body: account_shapes.VerifyEmailBody) -> Response:
        """Verify an email address

        By the `token` of the link that was sent, by anyone; or by the `code` of the same mail, with `email` or when
        signed in.
        """
        command = VerifyEmail(**body.model_dump(), user_id=user_or_nobody(request))
        user = await self._purses.user(await self._caller.call(command))
        return answer(envelope(user, VERIFIED))

    @endpoint(
        "POST",
        "/api/auth/verify-email/resend",
        MEMBER,
        Documentation(TAG, shapes.Done, examples.done(SENT), errors=("USER_NOT_FOUND", "PERMISSION_DENIED")),
    )
    async def resend_verification(self, request: Request) -> Response:
        """Send another email to verify my address

        The former link and code are void. None is sent when the address is verified already.
        """
        await self._caller.call(AskToVerify(user_id=user_of(request), ip=self._addresses.of(request.scope)))
        return answer(done(SENT))

    @endpoint(
        "GET",
        "/api/auth/verify-email",
        ANYONE,
        Documentation(TAG, None, PAGE, media_type="text/html"),
    )
    async def verification_page(self, _: Request) -> Response:
        """The page behind the link of the verification email

        It verifies nothing by itself: its button sends the link's `token`.
        """
        return HTMLResponse(PAGE, headers=PAGE_HEADERS)
