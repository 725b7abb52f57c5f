"""TCP ports: which are free, and who has those that are not."""

import random
import socket
from collections.abc import Collection, Mapping

from deploy.local import procfs

# Below Linux's ephemeral range (32768 to 60999). Above it any outgoing connection may be given a server's port while
# the server restarts, and a client that keeps reconnecting can even end up connected to itself.
THROWAWAY_PORTS = range(20_000, 32_000)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now. Connections of an earlier server in TIME_WAIT do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def throwaway_port(taken: Collection[int] = ()) -> int:
    """A free port for a server that nobody needs to find again."""
    for port in random.sample(THROWAWAY_PORTS, k=200):
        if port not in taken and is_free(port):
            return port
    raise RuntimeError("200 random ports are all taken: is the machine full of test servers?")


def next_free(preferred: int, taken: Collection[int] = ()) -> int:
    """The preferred port, or the first free one of the 100 after it, leaving out those in `taken`."""
    for port in range(preferred, min(preferred + 100, 65_536)):
        if port not in taken and is_free(port):
            return port
    raise RuntimeError(f"no free port between {preferred} and {preferred + 99}")


def choose(preferred: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """A port for each name, the preferred one where it is free, and a sentence for each that is not."""
    chosen: dict[str, int] = {}
    notices: list[str] = []
    reserved = set(preferred.values())
    for name, port in preferred.items():
        if is_free(port) and port not in chosen.values():
            chosen[name] = port
            continue
        chosen[name] = next_free(port + 1, reserved | set(chosen.values()))
        who = procfs.port_owner(port) or "another program"
        notices.append(f"port {port} is taken by {who}: {name} listens on {chosen[name]} instead")
    return chosen, notices
