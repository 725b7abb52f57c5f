"""Money through the gateway, as a phone, a payment provider and an ad network bring it."""

from typing import Any

import httpx

from tests.e2e.conftest import Person, SignUp
from tests.fakes.admob import AD_UNIT, FakeAdmob
from tests.fakes.razorpay import KEY_ID, Call, FakeRazorpay
from tests.stack import Stack
from tests.waiting import until


async def calls(api: httpx.AsyncClient, call: Call) -> httpx.Response:
    headers = {"X-Razorpay-Signature": call.signature, "X-Razorpay-Event-Id": call.event_id}
    return await api.post("/api/webhooks/razorpay", content=call.body, headers=headers)


async def buys(person: Person, package_id: int = 2, **more: Any) -> dict[str, Any]:
    answer = await person.client.post("/api/credits/purchase", json={"package_id": package_id} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def receipts_of(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = (await person.client.get("/api/credits/receipts")).json()
    return found


async def test_a_phone_buys_credits_as_the_guide_has_it(
    jane: Person, sign_up: SignUp, api: httpx.AsyncClient, razorpay: FakeRazorpay, stack: Stack
) -> None:
    packages = (await jane.client.get("/api/credits/packages")).json()["data"]
    assert [(p["credits"], p["price"], p["price_formatted"], p["popular"]) for p in packages] == [
        (500, 49, "₹49", False),
        (1500, 129, "₹129", True),
        (5000, 399, "₹399", False),
    ]
    assert (packages[1]["badge"], "badge" in packages[0]) == ("Best Value", False)
    order = await buys(jane, billing={"state": "29"})
    assert order | {"order_id": "…"} == {
        "order_id": "…",
        "razorpay_key": KEY_ID,
        "amount": 12900,
        "currency": "INR",
        "prefill": {"name": "Jane Doe", "email": jane.email},
        "checkout_url": None,
    }
    payment = razorpay.pay(order["order_id"])
    proof = {
        "order_id": order["order_id"],
        "payment_id": payment["id"],
        "signature": razorpay.checkout_signature(order["order_id"], payment["id"]),
    }
    forged = await jane.client.post("/api/credits/purchase/verify", json=proof | {"signature": "0" * 64})
    assert (forged.status_code, forged.json()["error"]["code"]) == (402, "PAYMENT_FAILED")
    stolen = await (await sign_up()).client.post("/api/credits/purchase/verify", json=proof)
    assert (stolen.status_code, stolen.json()["error"]["code"]) == (402, "PAYMENT_FAILED")
    for _ in range(2):
        answer = await jane.client.post("/api/credits/purchase/verify", json=proof)
        assert answer.json()["message"] == "Payment successful! 1500 credits added."
        assert answer.json()["data"]["new_balance"] == 4000
    assert (await calls(api, razorpay.call("payment.captured", payment=payment))).status_code == 200
    assert (await jane.balance())["balance"] == 4000
    [entry, _] = (await jane.client.get("/api/credits/history")).json()["data"]
    assert (entry["type"], entry["amount"], entry["balance_after"]) == ("purchase", 1500, 4000)
    listed = await until(lambda: receipts_of(jane), lambda found: found["total"] == 1)
    pdf = await jane.client.get(f"/api/credits/receipts/{listed['data'][0]['id']}/pdf")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    others = await (await sign_up()).client.get(f"/api/credits/receipts/{listed['data'][0]['id']}/pdf")
    assert (others.status_code, others.json()["error"]["code"]) == (404, "NOT_FOUND")

    refund = razorpay.refund(payment, 6450)
    await calls(api, razorpay.call("refund.processed", refund=refund, payment=payment))
    (after,) = (await until(lambda: receipts_of(jane), lambda found: found["data"][0]["credit_notes"]))["data"]
    (note,) = after["credit_notes"]
    assert (after["refunded"], note["amount"], note["is_cancelled"]) == (6450, 6450, False)
    path = f"/api/credits/credit-notes/{note['id']}/pdf"
    pdf = await jane.client.get(path)
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert f"credit-note-{note['number'].replace('/', '-')}.pdf" in pdf.headers["content-disposition"]
    others = await (await sign_up()).client.get(path)
    assert (others.status_code, others.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert " 0 faults" in stack.magicpic("audit")


async def test_a_webhook_is_believed_by_its_signature_alone(
    jane: Person, api: httpx.AsyncClient, razorpay: FakeRazorpay
) -> None:
    order = await buys(jane, 1)
    payment = razorpay.pay(order["order_id"])
    true = razorpay.call("payment.captured", payment=payment)
    for call in (
        razorpay.call("payment.captured", secret="guessed", payment=payment),
        Call(true.body + " ", true.signature, true.event_id),
        Call(true.body, "", true.event_id),
    ):
        answer = await calls(api, call)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_SIGNATURE")
    large = await api.post("/api/webhooks/razorpay", content=b"x" * 300_000, headers={"X-Razorpay-Signature": "0" * 64})
    assert large.status_code == 413
    binary = await api.post("/api/webhooks/razorpay", content=b"\xff\xfe", headers={"X-Razorpay-Signature": "0" * 64})
    assert binary.status_code == 400
    assert (await jane.balance())["balance"] == 2500
    assert (await calls(api, true)).status_code == 200
    await until(jane.balance, lambda found: found["balance"] == 3000)
    refund = razorpay.call("refund.processed", refund=razorpay.refund(payment), payment=payment)
    assert (await calls(api, refund)).status_code == 200
    await until(jane.balance, lambda found: found["balance"] == 2500)


async def test_what_cannot_be_bought_has_its_code(jane: Person) -> None:
    for body, status, code in (
        ({"package_id": 99}, 404, "PACKAGE_NOT_FOUND"),
        ({"package_id": 1, "payment_method": "apple_pay"}, 400, "PAYMENT_METHOD_UNSUPPORTED"),
        ({"package_id": 1, "payment_method": "stripe"}, 400, "PAYMENT_METHOD_UNSUPPORTED"),
        ({"package_id": "two"}, 400, "VALIDATION_ERROR"),
        ({"package_id": 1, "billing": {"gstin": "29AAGCB7383J1Z5"}}, 400, "VALIDATION_ERROR"),
        ({"package_id": 1, "billing": {"state": "99"}}, 400, "VALIDATION_ERROR"),
        ({}, 400, "VALIDATION_ERROR"),
    ):
        answer = await jane.client.post("/api/credits/purchase", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    key = {"Idempotency-Key": "once"}
    first = await jane.client.post("/api/credits/purchase", json={"package_id": 1}, headers=key)
    again = await jane.client.post("/api/credits/purchase", json={"package_id": 1}, headers=key)
    other = await jane.client.post("/api/credits/purchase", json={"package_id": 2}, headers=key)
    assert first.json()["data"] == again.json()["data"]
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["error"]["code"]) == (409, "IDEMPOTENCY_CONFLICT")


async def test_an_ad_is_rewarded_on_the_networks_word(jane: Person, api: httpx.AsyncClient, admob: FakeAdmob) -> None:
    query = admob.callback("nonce-1", user_id=jane.id)
    body = {
        "ad_provider": "admob",
        "ad_unit_id": AD_UNIT,
        "reward_token": "nonce-1",
        "ad_type": "rewarded_video",
    }
    forged = await api.get(f"/api/webhooks/admob?{query.replace('nonce-1', 'nonce-2')}")
    assert (forged.status_code, forged.json()["error"]["code"]) == (400, "INVALID_SIGNATURE")
    for _ in range(2):
        assert (await api.get(f"/api/webhooks/admob?{query}")).status_code == 200
    answer = await jane.client.post("/api/credits/earn/ad", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["message"] == "You earned 50 credits!"
    found = answer.json()["data"]
    assert (found["credits_earned"], found["new_balance"], found["daily_ads_watched"]) == (50, 2550, 1)
    hasty = await jane.client.post("/api/credits/earn/ad", json=body | {"reward_token": "nonce-3"})
    assert (hasty.status_code, hasty.json()["error"]["code"]) == (429, "AD_COOLDOWN")
    assert int(hasty.headers["retry-after"]) > 0


async def test_a_subscription_is_begun_shown_and_cancelled(
    jane: Person, api: httpx.AsyncClient, razorpay: FakeRazorpay
) -> None:
    plans = (await jane.client.get("/api/subscriptions/plans")).json()
    assert [(plan["id"], plan["price"]) for plan in plans["data"]] == [("plus", 199), ("pro", 499)]
    assert (await jane.client.get("/api/subscriptions/current")).json()["data"] is None
    made = (await jane.client.post("/api/subscriptions", json={"plan_id": "plus"})).json()["data"]
    subscription = razorpay.subscriptions[made["subscription_id"]]
    subscription.update(status="active", current_start=1_800_000_000, current_end=1_802_592_000)
    razorpay.orders["order_s"] = {"id": "order_s", "amount": 19900, "currency": "INR"}
    charged = razorpay.call("subscription.charged", subscription=subscription, payment=razorpay.pay("order_s"))
    assert (await calls(api, charged)).status_code == 200
    await until(jane.balance, lambda found: found["balance"] == 5500)
    cancelled = (await jane.client.post("/api/subscriptions/cancel")).json()["data"]
    assert (cancelled["status"], cancelled["ends_at_period_end"]) == ("ending", True)
    history = (await jane.client.get("/api/subscriptions/history")).json()
    assert [entry["what"] for entry in history["data"]] == ["cancelled", "period_paid", "begun"]
