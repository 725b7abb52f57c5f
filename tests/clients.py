"""For HTTP clients of servers that speak no TLS: to load the world's certificates takes each client 30 ms."""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""As httpx's `verify`. It trusts nobody."""
