"""Promo codes are exact however many come at once; what expires does so by itself."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from contracts.rpc import ledger as rpc
from kernel.clock import utc_now
from kernel.service import Service
from kernel.store import timers
from services.ledger.domain import WALLET, GrantCredits
from tests.given import refused
from tests.integration.ledger.filling import audited
from tests.integration.ledger.test_corrections import ADMIN, ask, balance
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("accounts")
MAKE = rpc.CreatePromo(by=ADMIN, code="DIWALI", credits=50, limit=10, per_person=1)


async def redeem(ledger: Service, user_id: int, code: str = "diwali", key: str | None = None) -> rpc.Redeemed:
    found: rpc.Redeemed = await ask(ledger, rpc.RedeemPromo(user_id=user_id, code=code, idempotency_key=key))
    return found


async def test_a_code_is_redeemed_once_by_each_and_no_more_often_than_its_limit(ledger: Service) -> None:
    await ask(ledger, MAKE)
    everyone = [user_id for user_id in range(1, 21) for _ in range(3)]
    answers = await asyncio.gather(*[redeem(ledger, user_id) for user_id in everyone], return_exceptions=True)
    redeemed = [user_id for user_id, found in zip(everyone, answers, strict=True) if isinstance(found, rpc.Redeemed)]
    assert (len(redeemed), len(set(redeemed))) == (10, 10)
    # Who comes a second time hears of the end instead, if that was meanwhile; the next test has them alone.
    codes = {getattr(found, "code", "") for found in answers}
    assert codes - {"PROMO_ALREADY_USED"} == {"", "PROMO_ENDED"}
    report = await audited(ledger)
    assert (report.faults, report.balance) == ([], 500)


async def test_a_code_may_be_good_more_than_once_for_one_person(ledger: Service) -> None:
    await ask(ledger, MAKE.model_copy(update={"per_person": 3, "limit": 100}))
    answers = await asyncio.gather(*[redeem(ledger, 7) for _ in range(10)], return_exceptions=True)
    assert Counter(getattr(found, "code", "") for found in answers) == {"": 3, "PROMO_ALREADY_USED": 7}
    assert await balance(ledger) == 150


async def test_a_redemption_that_is_sent_again_is_the_same(ledger: Service) -> None:
    await ask(ledger, MAKE)
    first, again = [await redeem(ledger, 7, key="k") for _ in range(2)]
    assert (first, await balance(ledger)) == (again, 50)
    with refused("PROMO_ALREADY_USED"):
        await redeem(ledger, 7, key="l")


async def test_codes_that_ended_or_never_were_are_refused(ledger: Service) -> None:
    await ask(ledger, MAKE.model_copy(update={"expires_at": utc_now() - timedelta(seconds=1)}))
    with refused("PROMO_ENDED"):
        await redeem(ledger, 7)
    with refused("PROMO_NOT_FOUND"):
        await redeem(ledger, 7, "HOLI")
    with refused("PROMO_EXISTS"):
        await ask(ledger, MAKE)
    with refused("VALIDATION_ERROR"):
        await ask(ledger, rpc.RedeemPromo.model_construct(user_id=7, code="wallet-7"))


async def test_a_codes_credits_may_have_an_end(ledger: Service, caplog: pytest.LogCaptureFixture) -> None:
    await ask(ledger, MAKE.model_copy(update={"life_days": 30}))
    await redeem(ledger, 7)
    due = await ledger.database.rows(sa.select(timers.c.timer_id))
    assert [row["timer_id"] for row in due] == ["lot:7:1"]
    await asyncio.gather(*[redeem(ledger, user_id) for user_id in range(20, 28)])
    await asyncio.sleep(1.0)  # by now the listener has come, after the request or before: both name the same end
    assert "could not be handled" not in caplog.text


async def test_credits_expire_by_themselves(ledger: Service) -> None:
    soon = utc_now() + timedelta(seconds=1)
    await ledger.commands.execute(WALLET, 7, GrantCredits(7, 100, "promo", "x", "promo", expires_at=soon))
    await ledger.commands.execute(WALLET, 7, GrantCredits(7, 30, "ad_watch", "Watched ad", "ad"))
    assert await balance(ledger) == 130
    await until(lambda: balance(ledger), lambda found: found == 30)
    history: rpc.History = await ask(ledger, rpc.GetHistory(user_id=7, type="spent"))
    assert [(entry.type, entry.description, entry.amount) for entry in history.items] == [
        ("expired", "Credits expired", -100)
    ]
    assert (await audited(ledger)).faults == []
