"""The ledger's read tables."""

import sqlalchemy as sa

metadata = sa.MetaData()
journal = sa.MetaData()
"""What belongs to the journal itself and is not made anew from it."""

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column(
        "position", sa.BigInteger, primary_key=True, autoincrement=False, comment="of the event that moved the credits"
    ),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("debit_account", sa.Text, nullable=False),
    sa.Column("credit_account", sa.Text, nullable=False),
    sa.Column("credits", sa.Integer, sa.CheckConstraint("credits >= 0"), nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("creation_id", sa.BigInteger),
    sa.Column("kind", sa.Text, comment="earned or spent: an entry of the history; null: hold or release"),
    sa.Column("total_after", sa.Integer),
    sa.Column("number", sa.Integer, comment="of the entry within its wallet, from 1"),
    sa.Column("number_of_kind", sa.Integer),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column(
        "earned_after", sa.BigInteger, comment="credits ever earned, including this; null: from before it was kept"
    ),
    sa.Column("lots", sa.Text, nullable=False, comment="which lots: [[lot, credits], …]; empty: the first, or none"),
    sa.Column("reference", sa.Text, comment="what it was for: an order, a purchase that was refunded"),
)
"""Double entry by construction: each row takes `credits` from one account and gives them to another.

Accounts: `wallet:<user>`, `held:<user>`; of the house `signup_bonus`, `ads`, `purchases`, `subscriptions`, `referral`,
`prizes`, `promos`, `adjustments`, `refunds`, `revenue` and `expired`; and in old rows `grants:<reason>`.
"""
sa.Index("transfers_history", transfers.c.user_id, transfers.c.number, postgresql_where=transfers.c.kind.is_not(None))
sa.Index(
    "transfers_history_of_kind",
    transfers.c.user_id,
    transfers.c.kind,
    transfers.c.number_of_kind,
    postgresql_where=transfers.c.kind.is_not(None),
)

corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("correction_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("credits", sa.BigInteger, nullable=False, comment="negative: to be taken back"),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.BigInteger),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("order_id", sa.BigInteger, comment="of a refund; 0: of a subscription's period"),
    sa.Column("amount", sa.BigInteger, comment="of a refund: the money, in the currency's smallest unit"),
    sa.Column("payment_id", sa.Text, comment="of a refund, where it is not of the order's credited payment"),
    sa.Column("subscription_id", sa.BigInteger, comment="of a refund of a period"),
    sa.Column("failed_code", sa.Text, comment="why it failed; null: it has not"),
    sa.Column("failed_reason", sa.Text, comment="in the payment provider's words"),
)
sa.Index("corrections_by_status", corrections.c.status, corrections.c.correction_id)
redemptions = sa.Table(
    "redemptions",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("nth", sa.Integer, primary_key=True, autoincrement=False, comment="of this person's uses, from 1"),
    sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
)
"""Its key is what makes a person's limit exact."""

seals = sa.Table(
    "seals",
    journal,
    sa.Column("last_position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first_position", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, comment="SHA-256 of the seal before it and of these events"),
)
"""The hash chain over the events: one link per transaction, written in it by a trigger (`chain.py` says how)."""
