"""Ways in without a password: by mail, and with Google."""

from fastapi import Request
from starlette.responses import Response

from contracts.rpc.auth import AskToSignIn, SignInByMail, SignInWithGoogle
from gateway.answers import answer, done
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.apps.magicpic.languages import language_of
from gateway.apps.magicpic.newcomers import Newcomers
from gateway.apps.magicpic.purses import Purses
from gateway.cookies import session_answer
from gateway.documentation import MAYBE_SIGNED_IN, Documentation
from gateway.routing import Access, Guard, endpoint
from kernel.caller import Caller

TAG = "Accounts"
SENT = "Sign-in link and code sent to your email"
GOOGLE_TIMEOUT_S = 10.0
"""Google's keys may have to be fetched first."""


class WaysIn:
    def __init__(self, caller: Caller, purses: Purses, guard: Guard) -> None:
        self._caller = caller
        self._purses = purses
        self._addresses = guard.addresses
        self._newcomers = Newcomers(guard.tokens, purses)

    @endpoint(
        "POST",
        "/api/auth/magic-link/request",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG, shapes.Done, examples.done(SENT), errors=("VALIDATION_ERROR", "INVALID_EMAIL", "BODY_TOO_LARGE")
        ),
    )
    async def request_magic_link(self, request: Request, body: account_shapes.EmailBody) -> Response:
        """Ask for a mail to sign in with

        The answer, and the mail, come whether or not anyone has the address.
        """
        ip, locale = self._addresses.of(request.scope), language_of(request.scope)
        await self._caller.call(AskToSignIn(email=body.email, locale=locale, ip=ip))
        return answer(done(SENT))

    @endpoint(
        "POST",
        "/api/auth/magic-link/verify",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.EnteredSession],
            examples.answer(examples.ENTERED),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_CREDENTIALS",
                "INVALID_TOKEN",
                "PERMISSION_DENIED",
                "BODY_TOO_LARGE",
            ),
            extra=MAYBE_SIGNED_IN,
        ),
    )
    async def verify_magic_link(self, request: Request, body: account_shapes.MagicLinkBody) -> Response:
        """Sign in by mail

        With the link's `token`, or with `email` and the `code` for typing. An address that nobody has becomes a new,
        verified account with the bonus; `name` is for it. With a guest's access token that guest becomes the account.
        """
        guest = await self._newcomers.guest(request)
        command = SignInByMail(
            token=body.token,
            email=body.email,
            code=body.code,
            name=body.name,
            locale=language_of(request.scope),
            ip=self._addresses.of(request.scope),
            device=body.device,
            guest_id=guest.user_id,
        )
        reply = await self._caller.call(command)
        return session_answer(request, await self._purses.session(reply, earned_before=guest.earned))

    @endpoint(
        "POST",
        "/api/auth/google",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.EnteredSession],
            examples.answer(examples.ENTERED),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_TOKEN",
                "INVALID_REFERRAL_CODE",
                "SIGN_IN_METHOD_OFF",
                "PERMISSION_DENIED",
                "BODY_TOO_LARGE",
            ),
            extra=MAYBE_SIGNED_IN,
        ),
    )
    async def google(self, request: Request, body: account_shapes.GoogleBody) -> Response:
        """Sign in with Google

        With an ID token of one of our apps. An address that nobody has becomes a new, verified account with the bonus.
        With a guest's access token that guest becomes the account.
        """
        guest = await self._newcomers.guest(request)
        command = SignInWithGoogle(
            id_token=body.id_token,
            referral_code=body.referral_code,
            locale=language_of(request.scope),
            ip=self._addresses.of(request.scope),
            device=body.device,
            guest_id=guest.user_id,
        )
        reply = await self._caller.call(command, timeout_s=GOOGLE_TIMEOUT_S)
        return session_answer(request, await self._purses.session(reply, earned_before=guest.earned))
