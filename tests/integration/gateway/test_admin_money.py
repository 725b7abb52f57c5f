"""Corrections, refunds and promo codes, as an admin's browser meets them."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contracts.errors import ServiceError
from contracts.rpc import ledger, payments
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import NOW, Fakes
from tests.integration.gateway.test_envelope import assert_error

PROPOSED = ledger.Correction(
    id=12,
    status="proposed",
    user_id=42,
    credits=-5000,
    reason="Lost in an outage",
    proposed_by=1,
    decided_by=None,
    created_at=NOW,
)
PROPOSAL = {"user_id": 42, "credits": -5000, "reason": " Lost in an outage "}
CODE = {"code": " diwali ", "credits": 50, "limit": 1000}


@pytest.fixture
def admin(gateway: Running, fakes: Fakes) -> httpx.AsyncClient:
    gateway.client.headers["Authorization"] = f"Bearer {fakes.key.token(1, role='admin')}"
    return gateway.client


async def test_a_correction_is_proposed_once_with_its_key(admin: httpx.AsyncClient, fakes: Fakes) -> None:
    fakes.on(ledger.ProposeCorrection, PROPOSED)
    answer = await admin.post(
        "/api/admin/corrections", json=PROPOSAL | {"by": 5}, headers={"Idempotency-Key": "ticket-7"}
    )
    assert answer.json() == {"success": True, "data": PROPOSED.model_dump()}
    assert fakes.asked[ledger.ProposeCorrection] == [
        ledger.ProposeCorrection(
            by=1, user_id=42, credits=-5000, reason="Lost in an outage", idempotency_key="ticket-7"
        )
    ]
    long_key = await admin.post("/api/admin/corrections", json=PROPOSAL, headers={"Idempotency-Key": "k" * 201})
    assert_error(long_key, 400, "VALIDATION_ERROR")
    for code, status in (("IDEMPOTENCY_CONFLICT", 409), ("USER_NOT_FOUND", 404), ("PERMISSION_DENIED", 403)):
        fakes.on(ledger.ProposeCorrection, ServiceError(code, "no"))
        assert_error(await admin.post("/api/admin/corrections", json=PROPOSAL), status, code)


@pytest.mark.parametrize(
    "change",
    [
        {"credits": 0},
        {"credits": 1.5},
        {"credits": "many"},
        {"credits": 10**12},
        {"credits": -(10**12)},
        {"user_id": 0},
        {"user_id": 2**63},
        {"user_id": None},
        {"reason": "  "},
        {"reason": "x" * 501},
        {"reason": "a\0b"},
    ],
)
async def test_a_correction_that_makes_no_sense_is_not_passed_on(
    admin: httpx.AsyncClient, fakes: Fakes, change: dict[str, Any]
) -> None:
    assert_error(await admin.post("/api/admin/corrections", json=PROPOSAL | change), 400, "VALIDATION_ERROR")
    assert fakes.asked[ledger.ProposeCorrection] == []


async def test_corrections_are_listed_by_status(admin: httpx.AsyncClient, fakes: Fakes) -> None:
    fakes.on(ledger.ListCorrections, ledger.Corrections(items=[PROPOSED], total=41))
    waiting = (await admin.get("/api/admin/corrections?status=")).json()
    assert (waiting["data"], waiting["total"], waiting["pagination"]["total_pages"]) == ([PROPOSED.model_dump()], 41, 3)
    await admin.get("/api/admin/corrections?status=rejected&page=2&limit=5")
    assert fakes.asked[ledger.ListCorrections] == [
        ledger.ListCorrections(by=1, status="proposed", page=1, limit=20),
        ledger.ListCorrections(by=1, status="rejected", page=2, limit=5),
    ]
    assert_error(await admin.get("/api/admin/corrections?status=open"), 400, "VALIDATION_ERROR")


async def test_a_correction_is_decided_by_who_asks(admin: httpx.AsyncClient, fakes: Fakes) -> None:
    fakes.on(ledger.DecideCorrection, PROPOSED)
    for path in ("approve", "reject"):
        assert (await admin.post(f"/api/admin/corrections/12/{path}")).status_code == 200
    assert fakes.asked[ledger.DecideCorrection] == [
        ledger.DecideCorrection(by=1, correction_id=12, approve=True),
        ledger.DecideCorrection(by=1, correction_id=12, approve=False),
    ]
    for code, status in (("PERMISSION_DENIED", 403), ("CORRECTION_ENDED", 409), ("NOT_FOUND", 404)):
        fakes.on(ledger.DecideCorrection, ServiceError(code, "no"))
        assert_error(await admin.post("/api/admin/corrections/12/approve"), status, code)


async def test_a_promo_code_is_made(admin: httpx.AsyncClient, fakes: Fakes) -> None:
    fakes.on(ledger.CreatePromo, ledger.Promo(code="DIWALI", credits=50))
    whole = CODE | {"per_person": 2, "expires_at": "2026-11-01T00:00:00Z", "life_days": 30}
    answer = await admin.post("/api/admin/promos", json=whole)
    assert answer.json()["data"] == {"code": "DIWALI", "credits": 50}
    asked = fakes.asked[ledger.CreatePromo][-1]
    assert (asked.by, asked.code, asked.per_person, asked.life_days) == (1, "diwali", 2, 30)
    assert asked.expires_at == datetime(2026, 11, 1, tzinfo=UTC)
    await admin.post("/api/admin/promos", json=CODE)
    assert fakes.asked[ledger.CreatePromo][-1].per_person == 1
    for change in (
        {"code": "a b"},
        {"credits": 0},
        {"limit": 0},
        {"per_person": 0},
        {"expires_at": "2026-11-01T00:00"},
    ):
        assert_error(await admin.post("/api/admin/promos", json=CODE | change), 400, "VALIDATION_ERROR")
    assert len(fakes.asked[ledger.CreatePromo]) == 2
    fakes.on(ledger.CreatePromo, ServiceError("PROMO_EXISTS", "There is such a code."))
    assert_error(await admin.post("/api/admin/promos", json=CODE), 409, "PROMO_EXISTS")


async def test_a_refund_is_asked_for_once_with_its_key(admin: httpx.AsyncClient, fakes: Fakes) -> None:
    made = payments.Refund(
        id="rfnd_1",
        status="made",
        transaction_id="txn_5",
        user_id=42,
        amount=4900,
        currency="INR",
        credits_taken=500,
        refunded_by=1,
    )
    fakes.on(payments.RefundPayment, made)
    body = {"payment": "txn_5", "amount": 4900, "reason": "Bought by mistake"}
    answer = await admin.post("/api/admin/refunds", json=body | {"by": 5}, headers={"Idempotency-Key": "ticket-8"})
    assert answer.json() == {"success": True, "data": made.model_dump()}
    assert fakes.asked[payments.RefundPayment] == [
        payments.RefundPayment(by=1, idempotency_key="ticket-8", **body),
    ]
    for change in ({"amount": 0}, {"amount": 1.5}, {"payment": ""}, {"reason": " "}):
        assert_error(await admin.post("/api/admin/refunds", json=body | change), 400, "VALIDATION_ERROR")
    for code, status in (("PAYMENT_NOT_FOUND", 404), ("REFUND_TOO_LARGE", 409), ("REFUND_REFUSED", 409)):
        fakes.on(payments.RefundPayment, ServiceError(code, "no"))
        assert_error(await admin.post("/api/admin/refunds", json=body), status, code)
