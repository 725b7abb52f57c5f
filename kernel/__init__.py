"""The event-sourcing toolkit. It knows no business word; services bring theirs."""
