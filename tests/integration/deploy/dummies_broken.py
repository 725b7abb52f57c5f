"""The small table with a nursery that cannot start."""

from tests.integration.deploy.dummies import SMALL

__all__ = ["PRELOAD", "SMALL"]

PRELOAD = ("no_such_module",)
