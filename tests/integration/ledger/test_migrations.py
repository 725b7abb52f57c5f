"""A ledger of before there were lots is brought up to date: every credit is still there, and can be proved."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg

from contracts.rpc.ledger import Balance, GetBalance
from kernel.clock import utc_now
from kernel.migrations import migrate
from services.ledger.app import CODEC, LedgerSettings, build
from services.ledger.audit import audit
from services.ledger.domain import WALLET, Lot, ReleaseHold, SettleHold, SpendCredits
from services.ledger.payments.order import ORDER
from services.ledger.payments.reversals import Paid
from services.ledger.payments.subscription import SUBSCRIPTION
from services.ledger.queries import Queries
from tests.conftest import MakeDatabase, Servers
from tests.integration.ledger.filling import audited
from tests.waiting import until

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]
AS_IT_WAS = """
DROP TRIGGER events_are_sealed ON events;
DROP TABLE seals, corrections, redemptions;
DROP SEQUENCE correction_ids;
DROP TABLE orders, notices, receipts, subscriptions, subscription_history, subscription_payments;
DROP TABLE stray_payments, billing_details, credit_notes;
DROP SEQUENCE order_ids, subscription_ids;
DROP FUNCTION insert_rows;
ALTER TABLE transfers DROP COLUMN earned_after, DROP COLUMN lots, DROP COLUMN reference;
UPDATE alembic_version SET version_num = '0001';
"""
EVENT = "INSERT INTO events VALUES ('wallet-7', $1::int, $1::int, gen_random_uuid(), $2, $3, 'c', 'c', $4)"
STATE = "INSERT INTO streams VALUES ($1, $2, $3)"
TRANSFER = """
INSERT INTO transfers VALUES ($1, 7, $2, $3, $4, $5, 'x', $6, $7, $8, $9, $10, $11)
"""


async def test_what_was_there_becomes_the_first_lot(
    make_database: MakeDatabase, nats_url: str, owner_of: OwnerOf, servers: Servers
) -> None:
    url = await make_database("ledger")
    owner = await owner_of(url)
    await owner.execute(AS_IT_WAS)
    written = await write_old_history(owner)
    await migrate("ledger", servers.postgres.admin_url, url)
    service = build(LedgerSettings(ledger_database_url=url, nats_url=nats_url))
    await service.start()
    wallet = await Queries(service.database).wallet(7)
    assert (wallet.balance, wallet.lots, wallet.holds[2].lots) == (150, {1: Lot(150, 50)}, ((1, 50),))
    assert (await audited(service)).faults == []
    await service.commands.execute(WALLET, 7, ReleaseHold(7, 2, "failed"))
    await service.commands.execute(WALLET, 7, SettleHold(7, 3, 50, "x"))
    await service.commands.execute(WALLET, 7, SpendCredits(7, 150, "consume", "x"))
    wallet = await Queries(service.database).wallet(7)
    assert (wallet.balance, wallet.lots, wallet.spent) == (0, {}, 300)
    report = await audited(service)
    assert (report.faults, report.wallets) == ([], 2)
    before = await Queries(service.database).balance(GetBalance(user_id=7, at=written))
    assert before == Balance(balance=150, pending=50, lifetime_earned=300, lifetime_spent=100)
    await service.stop()


BEFORE_PAYMENTS_WERE_KEPT = """
DROP TABLE subscription_payments, stray_payments, billing_details, credit_notes;
DROP FUNCTION insert_rows;
ALTER TABLE corrections DROP COLUMN order_id, DROP COLUMN amount;
UPDATE alembic_version SET version_num = '0003';
"""
SUBSCRIPTION_EVENT = (
    "INSERT INTO events VALUES ('subscription-5', $1::int, $1::int, gen_random_uuid(), $2, $3, 'c', 'c', $4)"
)


async def test_what_subscriptions_were_paid_with_is_found_in_the_journal(
    make_database: MakeDatabase, owner_of: OwnerOf, servers: Servers
) -> None:
    url = await make_database("ledger")
    owner = await owner_of(url)
    await owner.execute(BEFORE_PAYMENTS_WERE_KEPT)
    plus = '{"plan_id":"plus","credits":3000,"amount":19900,"currency":"INR","credits_expire":true}'
    pro = '{"plan_id":"pro","credits":10000,"amount":49900,"currency":"INR","credits_expire":false}'
    ids = '"subscription_id":5,"user_id":7'
    times = '"starts_at":"2026-01-01T00:00:00Z","ends_at":"2026-02-01T00:00:00Z"'
    paid = f'"provider":"stripe","ref":"sub_1","payment_id":"in_1","terms":{plus},{times}'
    events = [
        (
            "SubscriptionBegun",
            f'{{{ids},"terms":{plus},"provider":"stripe","deadline":"2026-01-02T00:00:00Z"}}',
        ),
        ("PeriodStarted", f"{{{ids},{paid}}}"),
        ("PlanChangeAsked", f'{{{ids},"terms":{pro}}}'),
        ("PlanChangeAsked", f'{{{ids},"terms":{plus}}}'),
    ]
    for version, (kind, data) in enumerate(events, 1):
        await owner.execute(SUBSCRIPTION_EVENT, version, kind, data, utc_now())
    await owner.execute(STATE, "subscription-5", 4, '{"status":"active","payments":["in_1"],"mismatched":[]}')
    await migrate("ledger", servers.postgres.admin_url, url)
    found = CODEC.state(SUBSCRIPTION, await owner.fetchval("SELECT state FROM streams"))
    assert (found.payments, found.status) == (
        {"in_1": Paid(19900, 3000)},
        "active",
    )
    assert [terms.plan_id for terms in found.past_terms] == ["pro"]
    row = await owner.fetchrow("SELECT provider, payment_id, subscription_id, charge_id FROM subscription_payments")
    assert tuple(row) == ("stripe", "in_1", 5, None)
    assert (await audit(owner, CODEC, utc_now())).faults == []


BEFORE_SECOND_PAYMENTS_WENT_BACK = """
DROP TABLE stray_payments, billing_details, credit_notes;
DROP FUNCTION insert_rows;
ALTER TABLE corrections DROP COLUMN payment_id, DROP COLUMN subscription_id, DROP COLUMN failed_code,
  DROP COLUMN failed_reason;
ALTER TABLE receipts DROP COLUMN is_integrated;
INSERT INTO corrections VALUES (1, 'failed', 7, -1500, 'x', 1, 2, now(), 5, 12900);
INSERT INTO receipts VALUES (202526000000001, 202526, 1, 7, 5, 'razorpay', 'pay_1', 'x', 12900, 'INR', 18, now());
UPDATE alembic_version SET version_num = '0004';
"""
ORDER_EVENT = "INSERT INTO events VALUES ($3, $1::int, $2::int, gen_random_uuid(), $4, $5, 'c', 'c', now())"


WAITING = """
SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_second_payments_and_refunds_of_before_are_known(
    make_database: MakeDatabase, owner_of: OwnerOf, servers: Servers
) -> None:
    url = await make_database("ledger")
    owner = await owner_of(url)
    await owner.execute(BEFORE_SECOND_PAYMENTS_WENT_BACK)
    paid = '"order_id":5,"user_id":7,"provider":"razorpay","amount":12900,"currency":"INR","source":"webhook"'
    what = '"package_id":2,"credits":1500'
    back = '"payment_id":"pay_1","reversal_id":"rfnd_1","kind":"refund","amount":100,"credits":11'
    events = [
        ("OrderOpened", f'{{{paid},{what},"check_at":"2026-01-02T00:00:00Z"}}'),
        ("OrderPlaced", '{"order_id":5,"provider_order_id":"order_1"}'),
        ("PaymentCaptured", f'{{{paid},{what},"payment_id":"pay_1"}}'),
        ("PaymentMismatched", f'{{{paid},"payment_id":"pay_2","fault":"second_payment"}}'),
        ("PaymentMismatched", f'{{{paid},"payment_id":"pay_3","fault":"order"}}'),
        ("RefundBegun", '{"order_id":5,"number":1,"user_id":7,"by":1,"amount":100,"currency":"INR","reason":"x"}'),
        ("PaymentReversed", f'{{"order_id":5,"user_id":7,{back}}}'),
        ("RefundMade", '{"order_id":5,"number":1,"reversal_id":"rfnd_1"}'),
    ]
    for version, (kind, data) in enumerate(events, 1):
        await owner.execute(ORDER_EVENT, version, version, "order-5", kind, data)
    failed = '{"correction_id":1,"code":"REFUND_TOO_LARGE"}'
    await owner.execute(ORDER_EVENT, 3, len(events) + 1, "correction-1", "CorrectionFailed", failed)
    old = '{"status":"paid","payment_id":"pay_1","mismatched":["pay_2","pay_3"],"refunds":{"1":{"amount":100,"by":1}}}'
    await owner.execute(STATE, "order-5", len(events), old)
    writer = await owner_of(url)
    async with writer.transaction():  # a process of before, which still works
        await writer.execute("SELECT FROM streams FOR UPDATE")
        migrating = asyncio.create_task(migrate("ledger", servers.postgres.admin_url, url))
        await until(lambda: owner.fetchval(WAITING), bool)
        dispute = f'{{"order_id":5,"user_id":7,{back.replace("rfnd_1", "disp_1").replace("refund", "dispute")}}}'
        await writer.execute(ORDER_EVENT, 9, 10, "order-5", "PaymentReversed", dispute)
        await writer.execute("UPDATE streams SET version = 9")
    await migrating
    found = CODEC.state(ORDER, await owner.fetchval("SELECT state FROM streams"))
    assert (found.strays, found.mismatched) == ({"pay_2": Paid(12900, 0)}, ("pay_3",))
    assert (found.refunds[1].reversal_id, found.taken, [*found.reversals]) == ("rfnd_1", 22, ["rfnd_1", "disp_1"])
    assert [tuple(row) for row in await owner.fetch("TABLE stray_payments")] == [("razorpay", "pay_2", 5)]
    assert await owner.fetchval("SELECT failed_code FROM corrections") == "REFUND_TOO_LARGE"
    assert await owner.fetchval("SELECT is_integrated FROM receipts") is False


async def write_old_history(owner: asyncpg.Connection) -> datetime:
    """300 granted, two holds of 50, one of them settled, and one settled late; and a wallet that was only refused."""
    now, until = utc_now(), (utc_now() + timedelta(minutes=15)).isoformat()
    held = f'"user_id":7,"credits":50,"expires_at":"{until}","description":"x"'
    late = '"late":true,"balance":150,"total":200,"number":3,"number_of_kind":2'
    events = [
        (
            "CreditsGranted",
            '{"user_id":7,"credits":300,"reason":"signup_bonus","description":"x","balance":300,"total":300,"number":1,"number_of_kind":1}',
            ("grants:signup_bonus", "wallet:7", 300, "signup_bonus", None, "earned", 300, 1, 1),
        ),
        (
            "CreditsHeld",
            f'{{{held},"creation_id":1,"balance":250}}',
            ("wallet:7", "held:7", 50, "hold", 1, *[None] * 4),
        ),
        (
            "CreditsHeld",
            f'{{{held},"creation_id":2,"balance":200}}',
            ("wallet:7", "held:7", 50, "hold", 2, *[None] * 4),
        ),
        (
            "CreditsDebited",
            '{"user_id":7,"creation_id":1,"credits":50,"description":"x","late":false,"balance":200,"total":250,"number":2,"number_of_kind":1}',
            ("held:7", "revenue", 50, "creation", 1, "spent", 250, 2, 1),
        ),
        (
            "CreditsDebited",
            f'{{"user_id":7,"creation_id":9,"credits":50,"description":"x",{late}}}',
            ("wallet:7", "revenue", 50, "creation", 9, "spent", 200, 3, 2),
        ),
    ]
    for position, (kind, data, transfer) in enumerate(events, 1):
        await owner.execute(EVENT, position, kind, data, now)
        await owner.execute(TRANSFER, position, *transfer, now)
    hold = f'{{"credits":50,"expires_at":"{until}","description":"x"}}'
    counts = '"earned":300,"spent":100,"earned_entries":1,"spent_entries":2,"released":[]'
    await owner.execute(STATE, "wallet-7", 5, f'{{"balance":150,"holds":{{"2":{hold}}},{counts}}}')
    refused = '{"user_id":8,"creation_id":5,"credits":50,"reason":"insufficient_credits","balance":0}'
    await owner.execute(
        EVENT.replace("wallet-7", "wallet-8").replace("$1::int, $1", "1, $1"), 6, "CreditsRefused", refused, now
    )
    nothing = '"earned":0,"spent":0,"earned_entries":0,"spent_entries":0,"released":[]'
    await owner.execute(STATE, "wallet-8", 1, f'{{"balance":0,"holds":{{}},{nothing}}}')
    return now
