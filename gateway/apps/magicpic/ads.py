"""Credits for ads."""

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.rpc.payments import ClaimAdReward
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, money_examples, money_shapes, shapes
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

CLAIM_TIMEOUT_S = 8.0
ON_ITS_WAY = "Thank you! Your credits are on their way."


class Ads:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "POST",
        "/api/credits/earn/ad",
        USER,
        Documentation(
            "Credits",
            shapes.Answer[money_shapes.AdReward],
            examples.answer(money_examples.AD_REWARD, "You earned 50 credits!"),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_AD_TOKEN",
                "DAILY_LIMIT_REACHED",
                "AD_COOLDOWN",
                "BODY_TOO_LARGE",
                "ADS_OFF",
            ),
            accepted=(
                shapes.Answer[money_shapes.AdReward],
                examples.answer(money_examples.AD_PENDING, ON_ITS_WAY),
            ),
        ),
    )
    async def earn_ad(self, request: Request, body: money_shapes.AdBody) -> Response:
        """Be rewarded for an ad

        `reward_token` is what the app gave to the network's SDK as custom data, made up anew for each ad. The network
        confirms it to us; when it has not done so within a few seconds the answer is a 202, and the credits come later.
        """
        command = ClaimAdReward(
            user_id=user_of(request),
            network=body.ad_provider,
            ad_unit=body.ad_unit_id,
            token=body.reward_token,
        )
        reply = await self._caller.call(command, timeout_s=CLAIM_TIMEOUT_S)
        reward = orjson.loads(reply)
        if reward["pending"]:
            return answer(envelope(reply, ON_ITS_WAY), status=202)
        return answer(envelope(reply, f"You earned {reward['credits_earned']} credits!"))
