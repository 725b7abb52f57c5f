"""Credits: double entry, holds, history."""
