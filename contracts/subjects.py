"""Every NATS subject, JetStream stream and consumer, named in one place."""

from collections.abc import Iterable

SERVICES = ("auth", "catalog", "creation", "battle", "ledger", "notify")

DEAD_LETTERS = "DEAD"
"""The stream of messages that no retry could help; `magicpic dead list` reads it."""

COMMANDS = "COMMANDS"
"""The stream of commands in bulk; each stays until its effect is there."""
BULK_TRANSFERS = "commands.ledger.transfers"
"""Batches of debits and grants (`contracts.bulk`) from trusted producers."""


def stream_of(service: str) -> str:
    """The JetStream stream that holds a service's events."""
    return service.upper()


def event_subject(event_type: str) -> str:
    """`ledger.credits_held` → `events.ledger.credits_held`."""
    return f"events.{event_type}"


def event_subjects(event_types: Iterable[str]) -> list[str]:
    return [event_subject(event_type) for event_type in event_types]


def dead_subject(consumer: str) -> str:
    return f"dead.{consumer}"


def progress_subject(creation_id: int) -> str:
    """Live progress of a picture: core NATS, not kept; the truth is asked of the creation service."""
    return f"live.creation.{creation_id}"


ALL_PROGRESS = "live.creation.*"
"""Where every `progress_subject` is heard."""


def votes_subject(battle_id: int) -> str:
    """Live votes of a battle, `{battle_id, votes_a, votes_b}`: core NATS, not kept; the truth is asked of battle."""
    return f"live.battle.{battle_id}"


ALL_VOTES = "live.battle.*"
"""Where every `votes_subject` is heard."""
