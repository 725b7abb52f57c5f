"""The stack without its creation worker: a bench starts one of its own."""

from deploy.local.processes import PROCESSES as ALL

PROCESSES = tuple(process for process in ALL if process.name != "creation-worker")
