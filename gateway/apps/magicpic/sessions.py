"""Where one is signed in, and signing out."""

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.rpc.auth import Ended, EndSession, EndSessions, ListSessions
from gateway.answers import answer, envelope, listing
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.cookies import without_session
from gateway.documentation import Documentation
from gateway.errors import Refused
from gateway.revocations import Revocations
from gateway.routing import MEMBER, USER, caller_of, endpoint, user_of
from kernel.caller import Caller

TAG = "Accounts"
SIGNED_OUT = Documentation(TAG, shapes.Answer[Ended], examples.answer(examples.ENDED, "Signed out."))


class Sessions:
    def __init__(self, caller: Caller, revocations: Revocations) -> None:
        self._caller = caller
        self._revocations = revocations

    @endpoint(
        "GET",
        "/api/auth/sessions",
        MEMBER,
        Documentation(
            TAG,
            shapes.Listing[account_shapes.SignedInOn],
            examples.listing([examples.SIGNED_IN_ON]),
            errors=("PERMISSION_DENIED",),
        ),
    )
    async def sessions(self, request: Request) -> Response:
        """List where I am signed in

        The last used comes first.
        """
        caller = caller_of(request)
        found = orjson.loads(await self._caller.call(ListSessions(user_id=caller.user_id)))["items"]
        shown = [{**session, "current": session["session_id"] == caller.session_id} for session in found]
        return answer(listing(orjson.dumps(shown), len(shown)))

    @endpoint(
        "DELETE",
        "/api/auth/sessions/{session_id:hex}",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[Ended],
            examples.answer(examples.ENDED, "Signed out."),
            errors=("SESSION_NOT_FOUND", "PERMISSION_DENIED"),
        ),
    )
    async def end_session(self, request: Request, session_id: str) -> Response:
        """Sign out one of my sessions"""
        return await self._end_one(request, session_id)

    @endpoint("POST", "/api/auth/logout", USER, SIGNED_OUT)
    async def logout(self, request: Request) -> Response:
        """Sign out"""
        return await self._end_one(request, _own(request))

    @endpoint("POST", "/api/auth/logout-others", USER, SIGNED_OUT)
    async def logout_others(self, request: Request) -> Response:
        """Sign out everywhere else"""
        return await self._end(EndSessions(user_id=user_of(request), keep=_own(request)))

    @endpoint("POST", "/api/auth/logout-all", USER, SIGNED_OUT)
    async def logout_all(self, request: Request) -> Response:
        """Sign out everywhere"""
        answered = await self._end(EndSessions(user_id=user_of(request)))
        self._revocations.end_session(_own(request))
        return without_session(request, answered)

    async def _end_one(self, request: Request, session_id: str) -> Response:
        answered = await self._end(EndSession(user_id=user_of(request), session_id=session_id))
        # Auth says so to all gateways, but this one knows already.
        self._revocations.end_session(session_id)
        return without_session(request, answered) if session_id == caller_of(request).session_id else answered

    async def _end(self, command: EndSession | EndSessions) -> Response:
        return answer(envelope(await self._caller.call(command), "Signed out."))


def _own(request: Request) -> str:
    session_id = caller_of(request).session_id
    if session_id is None:
        raise Refused("INVALID_TOKEN")
    return session_id
