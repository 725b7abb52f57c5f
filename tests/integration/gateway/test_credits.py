"""The endpoints of credits, as a phone meets them."""

from contracts.errors import ServiceError
from contracts.rpc import ledger
from tests.integration.gateway.conftest import Running, StartGateway
from tests.integration.gateway.fakes import Fakes


async def test_a_balance_of_the_past_is_asked_for_by_its_moment(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.get("/api/credits/balance", params={"at": "2026-02-18T06:29:40+05:30"})
    assert answer.status_code == 200
    asked = fakes.asked[ledger.GetBalance][-1].at
    assert asked is not None
    assert asked.isoformat() == "2026-02-18T06:29:40+05:30"
    for nonsense in ("yesterday", "2026-02-18T06:29:40", "99999999999999999"):
        answer = await gateway.client.get("/api/credits/balance", params={"at": nonsense})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_history_leads_on_by_its_cursor(gateway: Running, fakes: Fakes) -> None:
    fakes.on(ledger.GetHistory, ledger.History(items=[], total=45, next_cursor=25))
    answer = await gateway.client.get("/api/credits/history", params={"cursor": 45, "type": "spent"})
    assert answer.json()["pagination"]["next_cursor"] == 25
    asked = fakes.asked[ledger.GetHistory][-1]
    assert (asked.cursor, asked.type) == (45, "spent")
    assert (await gateway.client.get("/api/credits/history", params={"cursor": 0})).status_code == 400


async def test_consume_is_not_there_unless_a_setting_says_so(gateway: Running) -> None:
    answer = await gateway.client.post("/api/credits/consume", json={"credits": 5})
    assert answer.status_code == 404


async def test_consume_spends_the_callers_own_credits(start_gateway: StartGateway, fakes: Fakes) -> None:
    gateway = await start_gateway(credits_consume=True)
    fakes.on(ledger.SpendOwnCredits, ledger.Spent(credits=5, balance=95, replayed=True))
    answer = await gateway.client.post(
        "/api/credits/consume", json={"credits": 5, "user_id": 1}, headers={"Idempotency-Key": "k"}
    )
    assert answer.json() == {"success": True, "data": {"credits_used": 5, "balance": 95}}
    assert answer.headers["idempotency-replayed"] == "true"
    asked = fakes.asked[ledger.SpendOwnCredits][-1]
    assert (asked.user_id, asked.credits, asked.idempotency_key) == (42, 5, "k")
    fakes.on(ledger.SpendOwnCredits, ServiceError("INSUFFICIENT_CREDITS", "Too few.", {"required": 5, "available": 1}))
    answer = await gateway.client.post("/api/credits/consume", json={"credits": 5})
    assert (answer.status_code, answer.json()["error"]["details"]["available"]) == (402, 1)
    for body in ({"credits": 0}, {"credits": "many"}, {"credits": 1.5}, {}, {"credits": 5, "description": " "}):
        assert (await gateway.client.post("/api/credits/consume", json=body)).status_code == 400
    assert (await gateway.anonymous.post("/api/credits/consume", json={"credits": 5})).status_code == 401


async def test_a_promo_code_is_redeemed_for_the_caller(gateway: Running, fakes: Fakes) -> None:
    fakes.on(ledger.RedeemPromo, ledger.Redeemed(credits=50, balance=150))
    answer = await gateway.client.post("/api/credits/redeem", json={"code": " diwali "})
    assert answer.json() == {
        "success": True,
        "data": {"credits_earned": 50, "new_balance": 150},
        "message": "You got 50 credits!",
    }
    asked = fakes.asked[ledger.RedeemPromo][-1]
    assert (asked.user_id, asked.code) == (42, "diwali")
    for code in ("", "a", "x" * 33, "drop table", "\uff24\uff29WALI", None, 5):
        assert (await gateway.client.post("/api/credits/redeem", json={"code": code})).status_code == 400
    fakes.on(ledger.RedeemPromo, ServiceError("PROMO_ENDED", "Over."))
    assert (await gateway.client.post("/api/credits/redeem", json={"code": "diwali"})).status_code == 409
