"""Composes one process from its settings and runs it."""

import asyncio
import sys
from collections.abc import Callable
from importlib import import_module

import uvloop

from contracts.asyncapi import document
from kernel.service import Service, serve
from kernel.settings import Settings, load


def run(role: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if role == "gateway":
            from gateway.app import GatewaySettings, serve_gateway

            runner.run(serve_gateway(load(GatewaySettings)))
        elif role == "creation-worker":
            from services.creation.app import CreationSettings
            from services.creation.worker import build_worker

            runner.run(serve(build_worker(load(CreationSettings)), lambda: document(["creation"])))
        else:
            runner.run(_serve_service(role))


async def _serve_service(name: str) -> None:
    app = import_module(f"services.{name}.app")
    settings: type[Settings] = getattr(app, f"{name.capitalize()}Settings")
    build: Callable[[Settings], Service] = app.build
    service = build(load(settings))
    await serve(service, lambda: document([name], service.bus.hears))


if __name__ == "__main__":
    run(sys.argv[1])
