"""What happens, told to those who are connected: over Socket.IO, or as server-sent events.

`feed.py` hears what services tell one another and says whom it concerns, `hub.py` knows who is connected to this
gateway, `sockets.py` and `streams.py` are the two ways to be. Nothing is shared between gateways: each hears
everything, and tells its own. docs/live.md is the clients' side of it.
"""
