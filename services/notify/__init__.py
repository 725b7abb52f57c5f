"""Tells people: inbox, push, e-mail."""
