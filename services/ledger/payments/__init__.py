"""Money from outside: orders and their payments, subscriptions, receipts. Credits themselves are the wallet's."""
