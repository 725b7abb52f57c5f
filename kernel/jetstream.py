"""Streams and consumers are declared here and nowhere else: whoever declares one anew reshapes it for all."""

from nats.aio.client import Client
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from contracts import subjects

DUPLICATE_WINDOW_S = 600
DEAD_LETTERS_MAX_AGE_S = 90 * 24 * 3600


async def declare_streams(client: Client, *, replicas: int = 1) -> None:
    """One stream per service for its events, one for commands in bulk, one for dead letters.

    Harmless twice; what they hold is kept.
    """
    for service in subjects.SERVICES:
        config = StreamConfig(
            name=subjects.stream_of(service),
            subjects=[subjects.event_subject(f"{service}.>")],
            storage=StorageType.FILE,
            duplicate_window=DUPLICATE_WINDOW_S,
            num_replicas=replicas,
        )
        await _declare(client, config)
    commands = StreamConfig(
        name=subjects.COMMANDS,
        subjects=["commands.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.WORK_QUEUE,
        duplicate_window=DUPLICATE_WINDOW_S,
        num_replicas=replicas,
    )
    await _declare(client, commands)
    dead = StreamConfig(
        name=subjects.DEAD_LETTERS,
        subjects=[subjects.dead_subject(">")],
        storage=StorageType.FILE,
        max_age=DEAD_LETTERS_MAX_AGE_S,
        duplicate_window=DUPLICATE_WINDOW_S,
        num_replicas=replicas,
    )
    await _declare(client, dead)


async def _declare(client: Client, config: StreamConfig) -> None:
    jetstream = client.jetstream()
    try:
        await jetstream.stream_info(str(config.name))
    except NotFoundError:
        await jetstream.add_stream(config)
    else:
        await jetstream.update_stream(config)


async def declare_consumer(client: Client, stream: str, config: ConsumerConfig) -> None:
    """Create the durable consumer or bring it up to date; where it stands in the stream is kept."""
    await client.jetstream().add_consumer(stream, config)
