"""What admins may do about money: correct a wallet, with four eyes where it is much, refund, and make promo codes."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import ledger, payments
from contracts.rpc.ledger import CreatePromo, DecideCorrection, ListCorrections, ProposeCorrection
from contracts.rpc.payments import RefundPayment
from gateway.answers import answer, envelope, items_of, listing
from gateway.apps.magicpic import examples, money_examples, money_shapes, shapes
from gateway.apps.magicpic.purchases import PROVIDER_TIMEOUT_S
from gateway.documentation import Documentation
from gateway.repeats import KEY_HEADER, idempotency_key
from gateway.routing import ADMIN, endpoint, user_of
from kernel.caller import Caller

TAG = "Administration"
DECIDED = ("VALIDATION_ERROR", "PERMISSION_DENIED", "NOT_FOUND", "CORRECTION_ENDED")


class AdminMoney:
    """The token's role is checked before any of this; ledger asks auth once more."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "POST",
        "/api/admin/corrections",
        ADMIN,
        Documentation(
            TAG,
            shapes.Answer[ledger.Correction],
            examples.answer(money_examples.CORRECTION),
            errors=(
                "VALIDATION_ERROR",
                "PERMISSION_DENIED",
                "USER_NOT_FOUND",
                "IDEMPOTENCY_CONFLICT",
                "BODY_TOO_LARGE",
            ),
            extra={"parameters": [KEY_HEADER]},
        ),
    )
    async def propose_correction(self, request: Request, body: money_shapes.CorrectionBody) -> Response:
        """Correct a wallet

        Up to a limit for each person in any 24 hours it is `approved` at once. Beyond it, and whenever it is one's own
        wallet, it is `proposed`: another admin must approve it. `failed`: the wallet has fewer credits than were to be
        taken.
        """
        command = ProposeCorrection(by=user_of(request), idempotency_key=idempotency_key(request), **body.model_dump())
        return answer(envelope(await self._caller.call(command)))

    @endpoint(
        "GET",
        "/api/admin/corrections",
        ADMIN,
        Documentation(
            TAG,
            shapes.PagedListing[ledger.Correction],
            examples.paged([money_examples.CORRECTION]),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED"),
        ),
    )
    async def corrections(self, request: Request, query: Annotated[money_shapes.CorrectionsQuery, Query()]) -> Response:
        """List corrections

        Newest first; those that wait for a second admin unless `status` says otherwise. Those with an `amount` are
        refunds. `failed` ones say why.
        """
        found = items_of(await self._caller.call(ListCorrections(by=user_of(request), **query.model_dump())))
        return answer(listing(bytes(found.items), found.total, query))

    @endpoint(
        "POST",
        "/api/admin/corrections/{correction_id:id}/approve",
        ADMIN,
        Documentation(
            TAG,
            shapes.Answer[ledger.Correction],
            examples.answer(money_examples.APPROVED_CORRECTION),
            errors=(*DECIDED, "PAYMENTS_OFF"),
        ),
    )
    async def approve_correction(self, request: Request, correction_id: int) -> Response:
        """Approve a correction

        Not one that the same admin proposed, or gets. A refund is made then; `failed`: the money could not go back,
        which the provider may also tell days later (`failed_code`, `failed_reason`); `refunded`: it made it all the
        same.
        """
        return await self._decide(request, correction_id, approve=True)

    @endpoint(
        "POST",
        "/api/admin/corrections/{correction_id:id}/reject",
        ADMIN,
        Documentation(
            TAG, shapes.Answer[ledger.Correction], examples.answer(money_examples.REJECTED_CORRECTION), errors=DECIDED
        ),
    )
    async def reject_correction(self, request: Request, correction_id: int) -> Response:
        """Reject a correction

        Whoever proposed it may, too.
        """
        return await self._decide(request, correction_id, approve=False)

    @endpoint(
        "POST",
        "/api/admin/refunds",
        ADMIN,
        Documentation(
            TAG,
            shapes.Answer[payments.Refund],
            examples.answer(money_examples.REFUND),
            errors=(
                "VALIDATION_ERROR",
                "PERMISSION_DENIED",
                "PAYMENT_NOT_FOUND",
                "REFUND_TOO_LARGE",
                "REFUND_REFUSED",
                "IDEMPOTENCY_CONFLICT",
                "BODY_TOO_LARGE",
                "PAYMENTS_OFF",
            ),
            extra={"parameters": [KEY_HEADER]},
        ),
    )
    async def refund(self, request: Request, body: money_shapes.RefundBody) -> Response:
        """Refund a payment

        Of a purchase or of a period of a subscription. The money goes back the way it came, and as large a part of the
        credits is taken back, spent or not; a second payment of a purchase bought none, and takes none. `open`: the
        provider does not answer; it is asked until it does. `proposed`: it is so large, with what you corrected and
        refunded this person in the last 24 hours, that another admin must approve the correction `correction_id`. Not
        for one's own purchase.
        """
        command = RefundPayment(by=user_of(request), idempotency_key=idempotency_key(request), **body.model_dump())
        return answer(envelope(await self._caller.call(command, timeout_s=PROVIDER_TIMEOUT_S)))

    @endpoint(
        "POST",
        "/api/admin/promos",
        ADMIN,
        Documentation(
            TAG,
            shapes.Answer[ledger.Promo],
            examples.answer(money_examples.PROMO),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED", "PROMO_EXISTS", "BODY_TOO_LARGE"),
        ),
    )
    async def create_promo(self, request: Request, body: money_shapes.PromoBody) -> Response:
        """Make a promo code

        It cannot be changed afterwards. Upper and lower case are the same.
        """
        return answer(envelope(await self._caller.call(CreatePromo(by=user_of(request), **body.model_dump()))))

    async def _decide(self, request: Request, correction_id: int, *, approve: bool) -> Response:
        command = DecideCorrection(by=user_of(request), correction_id=correction_id, approve=approve)
        return answer(envelope(await self._caller.call(command, timeout_s=PROVIDER_TIMEOUT_S)))
