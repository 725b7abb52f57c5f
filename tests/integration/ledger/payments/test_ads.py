"""Rewarded ads: callbacks signed as AdMob signs them, claims of the app, on real servers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.rpc.payments import AdReward, ClaimAdReward, HearAdNetwork, Heard
from kernel.service import Service
from services.ledger.ads.admob import AdmobKeys
from tests.fakes.admob import AD_UNIT, FakeAdmob, new_key
from tests.given import refused
from tests.integration.ledger.payments.conftest import (
    USER,
    Clock,
    Running,
    balance,
    balance_becomes,
    events,
    settled,
)
from tests.waiting import until


@pytest.fixture
async def admob() -> AsyncIterator[FakeAdmob]:
    async with FakeAdmob() as fake:
        yield fake


@pytest.fixture
async def ads(running: Running, admob: FakeAdmob) -> AsyncIterator[Service]:
    async with running(admob_ad_units=AD_UNIT, admob_keys_url=admob.url, ad_wait_s=0.3) as service:
        yield service


async def told(ledger: Service, query: str) -> Heard:
    found: Heard = await ledger.bus.caller.ask(HearAdNetwork(network="admob", query=query))
    return found


async def claimed(ledger: Service, token: str, *, user_id: int = USER, network: str = "admob") -> AdReward:
    request = ClaimAdReward(user_id=user_id, network=network, ad_unit=AD_UNIT, token=token)
    found: AdReward = await ledger.bus.caller.ask(request)
    return found


async def test_an_ad_that_was_told_and_claimed_is_rewarded_once(ads: Service, admob: FakeAdmob) -> None:
    query = admob.callback("token-1 with ünïcode & =", user_id=USER)
    assert (await told(ads, query)).fresh
    assert not (await told(ads, query)).fresh
    first = await claimed(ads, "token-1 with ünïcode & =")
    assert (first.credits_earned, first.new_balance, first.daily_ads_watched, first.ads_remaining_today) == (
        50,
        50,
        1,
        4,
    )
    assert first.next_ad_available_at is not None
    assert (await claimed(ads, "token-1 with ünïcode & =")).new_balance == 50
    await settled(ads)
    assert await balance(ads) == 50


async def test_a_claim_that_comes_first_waits_for_the_network(running: Running, admob: FakeAdmob) -> None:
    async with running(admob_ad_units=AD_UNIT, admob_keys_url=admob.url, ad_wait_s=4) as ads:
        waiting = asyncio.create_task(claimed(ads, "token-1"))
        await until(lambda: events(ads, "ViewClaimed"), bool)
        await told(ads, admob.callback("token-1"))
        assert (await waiting).credits_earned == 50


async def test_a_claim_that_waited_in_vain_is_rewarded_later(ads: Service, admob: FakeAdmob) -> None:
    pending = await claimed(ads, "token-2", user_id=8)
    assert (pending.credits_earned, pending.pending) == (0, True)
    await told(ads, admob.callback("token-2"))
    await balance_becomes(ads, 50, 8)


async def test_two_phones_and_two_callbacks_at_once_earn_once(ads: Service, admob: FakeAdmob) -> None:
    queries = [admob.callback("token-1"), admob.callback("token-1")]
    await asyncio.gather(
        *[told(ads, query) for query in queries * 3],
        *[claimed(ads, "token-1") for _ in range(4)],
        return_exceptions=True,
    )
    await settled(ads)
    assert await balance(ads) == 50


async def test_of_many_ads_claimed_in_one_instant_one_passes_the_pause(ads: Service, admob: FakeAdmob) -> None:
    for number in range(8):
        await told(ads, admob.callback(f"token-{number}"))
    claims = [claimed(ads, f"token-{number}") for number in range(8)]
    answers = await asyncio.gather(*claims, return_exceptions=True)
    assert sum(isinstance(found, AdReward) for found in answers) == 1
    assert {getattr(found, "code", "AD_COOLDOWN") for found in answers} == {"AD_COOLDOWN"}
    await settled(ads)
    assert await balance(ads) == 50


async def test_a_token_of_somebody_else_is_worth_nothing(ads: Service, admob: FakeAdmob) -> None:
    await told(ads, admob.callback("token-1", user_id=USER))
    with refused("INVALID_AD_TOKEN"):
        await claimed(ads, "token-1", user_id=8)
    with refused("INVALID_AD_TOKEN"):
        await claimed(ads, "")
    with refused("INVALID_AD_TOKEN"):
        await claimed(ads, "token-1", network="unity")
    assert (await claimed(ads, "token-1")).credits_earned == 50


async def test_five_a_day_with_a_pause_between(ads: Service, admob: FakeAdmob, clock: Clock) -> None:
    clock.let_pass(seconds=0)
    for number in range(5):
        await told(ads, admob.callback(f"token-{number}"))
        assert (await claimed(ads, f"token-{number}")).daily_ads_watched == number + 1
        await told(ads, admob.callback(f"hasty-{number}"))
        with refused("AD_COOLDOWN" if number < 4 else "DAILY_LIMIT_REACHED"):
            await claimed(ads, f"hasty-{number}")
        clock.let_pass(seconds=31)
    with refused("DAILY_LIMIT_REACHED"):
        await claimed(ads, "token-9")
    clock.let_pass(days=1)
    await told(ads, admob.callback("token-9"))
    assert (await claimed(ads, "token-9")).daily_ads_watched == 1
    await settled(ads)
    assert await balance(ads) == 300


@pytest.mark.parametrize(
    "forge",
    [
        lambda admob: admob.callback("t", signing=new_key()),
        lambda admob: admob.callback("t").replace("custom_data=t", "custom_data=u"),
        lambda admob: "custom_data=u&" + admob.callback("t"),
        lambda admob: admob.callback("t") + "&custom_data=u",
        lambda admob: admob.callback("t").partition("&signature=")[0],
        lambda admob: admob.callback("t").replace("key_id=3335741209", "key_id=1"),
        lambda admob: admob.callback("t").replace("&signature=", "&signature=AA"),
        lambda admob: admob.callback("t", transaction_id=None),
        lambda _: "",
        lambda _: "&signature=&key_id=",
        lambda _: "é" * 100,
        lambda _: "x" * 100_000,
    ],
)
async def test_a_forged_callback_is_refused(ads: Service, admob: FakeAdmob, forge: Any) -> None:
    with refused("INVALID_SIGNATURE"):
        await told(ads, forge(admob))
    assert (await claimed(ads, "t")).pending


async def test_what_google_signs_for_other_publishers_is_worth_nothing(ads: Service, admob: FakeAdmob) -> None:
    assert not (await told(ads, admob.callback("t", ad_unit="1234567890"))).fresh
    assert (await claimed(ads, "t")).pending


async def test_an_outage_of_the_key_server_is_a_503_and_the_next_try_works(ads: Service, admob: FakeAdmob) -> None:
    query = admob.callback("t")
    admob.faults.append("html")
    with refused("SERVICE_UNAVAILABLE"):
        await told(ads, query)
    await asyncio.sleep(1.1)
    assert (await told(ads, query)).fresh


async def test_keys_are_kept_for_a_day_and_unknown_ones_asked_for_every_five_minutes_at_most(admob: FakeAdmob) -> None:
    now = 0.0
    keys = AdmobKeys(admob.url, timeout_s=1, clock=lambda: now)
    await keys.get("3335741209")
    now = 100
    admob.keys["7"] = new_key()
    for _ in range(3):
        with refused("INVALID_SIGNATURE"):
            await keys.get("7")
    assert len(admob.asked) == 1
    now = 301
    await keys.get("7")
    assert len(admob.asked) == 2
    del admob.keys["7"]
    now = 301 + 24 * 3600
    with refused("INVALID_SIGNATURE"):
        await keys.get("7")
    now += 24 * 3600
    admob.faults.extend(["html", b"{}"])
    with refused("SERVICE_UNAVAILABLE"):
        await keys.get("3335741209")
    now += 2
    with refused("SERVICE_UNAVAILABLE"):
        await keys.get("3335741209")


async def test_without_ad_units_ads_are_off(running: Running) -> None:
    async with running() as ledger:
        with refused("ADS_OFF"):
            await claimed(ledger, "t")
        with refused("ADS_OFF"):
            await told(ledger, "x")
