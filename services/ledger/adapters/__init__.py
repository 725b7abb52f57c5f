"""The payment houses that ledger speaks with, each behind `payments.ports.Provider`."""
