"""Examples of the answers where money comes in."""

from gateway.apps.magicpic.examples import Example

PACKAGE: Example = {
    "id": 2,
    "name": "Value Pack",
    "credits": 1500,
    "price": 129,
    "currency": "INR",
    "price_formatted": "₹129",
    "per_credit_cost": 0.086,
    "popular": True,
    "discount_percent": 12,
    "badge": "Best Value",
}
PREFILL: Example = {"name": "John Doe", "email": "john@example.com"}
ORDER: Example = {
    "order_id": "order_xxxxx",
    "razorpay_key": "rzp_live_xxxxx",
    "amount": 12900,
    "currency": "INR",
    "prefill": PREFILL,
    "checkout_url": None,
}
PURCHASED: Example = {"credits_added": 1500, "new_balance": 3900, "transaction_id": "txn_17"}
AD_REWARD: Example = {
    "credits_earned": 50,
    "new_balance": 2400,
    "daily_ads_watched": 2,
    "daily_ads_limit": 5,
    "ads_remaining_today": 3,
    "next_ad_available_at": None,
    "pending": False,
}
AD_PENDING: Example = AD_REWARD | {"credits_earned": 0, "new_balance": 2350, "pending": True}
CREDIT_NOTE: Example = {
    "id": 202526000000007,
    "number": "CN/25-26/0000007",
    "amount": 6450,
    "issued_at": "2026-02-20T08:00:00.000Z",
    "is_cancelled": False,
}
RECEIPT: Example = {
    "id": 202526000000042,
    "number": "MP/25-26/0000042",
    "description": "1500 credits",
    "amount": 12900,
    "currency": "INR",
    "refunded": 6450,
    "issued_at": "2026-02-18T06:20:11.482Z",
    "credit_notes": [CREDIT_NOTE],
}
PLAN: Example = {
    "id": "plus",
    "name": "MagicPic Plus",
    "credits": 3000,
    "price": 199,
    "currency": "INR",
    "price_formatted": "₹199",
    "credits_expire": True,
}
SUBSCRIPTION: Example = {
    "id": 5,
    "plan": PLAN,
    "status": "active",
    "provider": "razorpay",
    "period_ends_at": "2026-03-18T06:20:11.482Z",
    "ends_at_period_end": False,
}
SUBSCRIPTION_TO_PAY: Example = {
    "subscription_id": "sub_xxxxx",
    "razorpay_key": "rzp_live_xxxxx",
    "checkout_url": "https://rzp.io/i/xxxxx",
    "prefill": PREFILL,
}
SUBSCRIPTION_ENTRY: Example = {
    "what": "period_paid",
    "plan_id": "plus",
    "amount": 19900,
    "at": "2026-02-18T06:20:11.482Z",
}
CORRECTION: Example = {
    "id": 12,
    "status": "proposed",
    "user_id": 42,
    "credits": 5000,
    "reason": "Lost in an outage",
    "proposed_by": 7,
    "decided_by": None,
    "created_at": "2026-02-18T06:20:11.482Z",
    "transaction_id": None,
    "amount": None,
    "payment_id": None,
    "failed_code": None,
    "failed_reason": None,
}
APPROVED_CORRECTION: Example = CORRECTION | {"status": "approved", "decided_by": 9}
REJECTED_CORRECTION: Example = CORRECTION | {"status": "rejected", "decided_by": 9}
REFUND: Example = {
    "id": "31-1",
    "status": "made",
    "transaction_id": "txn_31",
    "user_id": 42,
    "amount": 12900,
    "currency": "INR",
    "credits_taken": 250,
    "refunded_by": 7,
    "correction_id": None,
    "payment_id": "pay_xxxxx",
}
PROMO: Example = {"code": "DIWALI", "credits": 50}
