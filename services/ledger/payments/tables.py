"""Read tables of orders, receipts and subscriptions, and what webhooks have said."""

import sqlalchemy as sa

from services.ledger.tables import metadata

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("package_id", sa.Integer, nullable=False),
    sa.Column("credits", sa.Integer, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("provider_order_id", sa.Text),
    sa.Column("payment_id", sa.Text, comment="that was credited"),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("paid_at", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("provider", "provider_order_id"),
    sa.UniqueConstraint("provider", "payment_id"),
)
sa.Index("orders_paid", orders.c.user_id, orders.c.paid_at, postgresql_where=orders.c.paid_at.is_not(None))

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("receipt_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="year and number"),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("order_id", sa.BigInteger),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("gst_percent", sa.Integer, nullable=False),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("is_integrated", sa.Boolean, nullable=False, comment="IGST: the buyer is in another state"),
)
credit_notes = sa.Table(
    "credit_notes",
    metadata,
    sa.Column("credit_note_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="year and number"),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("receipt_id", sa.BigInteger, nullable=False),
    sa.Column("reversal_id", sa.Text, nullable=False, comment="the refund, as its provider calls it"),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column(
        "credited_before", sa.BigInteger, nullable=False, comment="of the same receipt: for the tax to the paisa"
    ),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("cancelled_at", sa.DateTime(timezone=True), comment="the money did not go back after all"),
    sa.UniqueConstraint("receipt_id", "reversal_id"),
)
subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("is_live", sa.Boolean, nullable=False),
)
sa.Index("subscriptions_live", subscriptions.c.user_id, unique=True, postgresql_where=subscriptions.c.is_live)
"""Nobody pays for two at once."""
subscription_history = sa.Table(
    "subscription_history",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("plan_id", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)
sa.Index("subscription_history_of_user", subscription_history.c.user_id, subscription_history.c.position)
subscription_payments = sa.Table(
    "subscription_payments",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("payment_id", sa.Text, primary_key=True, comment="of a period that was credited"),
    sa.Column("subscription_id", sa.BigInteger, nullable=False),
    sa.Column("charge_id", sa.Text, comment="what refunds and disputes of it name; null: not known yet"),
    sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
)
sa.Index("subscription_payments_by_charge", subscription_payments.c.provider, subscription_payments.c.charge_id)
sa.Index("subscription_payments_of", subscription_payments.c.subscription_id, subscription_payments.c.paid_at)

stray_payments = sa.Table(
    "stray_payments",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("payment_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.BigInteger, nullable=False),
)
"""Money for an order that bought nothing: a second payment, or another amount."""

private = sa.MetaData()
"""Not made from events, and never rebuilt."""

notices = sa.Table(
    "notices",
    private,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of the body"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False, index=True),
)
"""Calls of webhooks that have had their effect. An event's id stands in no signature, so it counts with its body only:
nobody can use up the id of an event that is still to come.
"""
billing_details = sa.Table(
    "billing_details",
    private,
    sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="0: of a subscription"),
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="0: of an order"),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("gstin", sa.Text),
    sa.Column("state", sa.Text, nullable=False, comment="the code of the place of supply"),
    sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kept_until", sa.DateTime(timezone=True), comment="after its account was deleted: for the tax office"),
)
"""Whom an order or a subscription is billed to. Personal."""
