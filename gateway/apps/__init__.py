"""One folder per public API."""
