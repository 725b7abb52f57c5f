"""The live part of the gateway, put together."""

from gateway.live.feed import Feed
from gateway.live.hub import Hub, Room
from gateway.live.sockets import NoPolling, Sockets
from gateway.live.streams import Streams
from gateway.routing import Guard
from gateway.settings import GatewaySettings
from gateway.tap import Tap
from kernel.caller import Caller


class Live:
    """`sockets` stands beside the API, `areas` are a part of it."""

    def __init__(self, settings: GatewaySettings, caller: Caller, tap: Tap, guard: Guard) -> None:
        room = Room(
            settings.live_connections, settings.live_connections_per_address, settings.live_connections_per_user
        )
        self.hub = Hub(guard.tokens.revocations, room)
        self.feed = Feed(self.hub, tap, guard.tokens.revocations, caller)
        self.sockets = Sockets(self.hub, guard.tokens, guard.limits, guard.addresses)
        self.areas: list[object] = [Streams(self.hub, guard.addresses), NoPolling()]

    def drain(self) -> None:
        """Everyone is sent away, to another gateway: clients come back by themselves."""
        self.hub.close()

    async def close(self) -> None:
        await self.feed.close()
