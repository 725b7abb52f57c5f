"""How processes and commands find the running stack: everything is an environment variable.

The real environment wins over what is generated here, so one variable is enough to use, say, another S3.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local import credentials
from deploy.local.nats import USER as NATS_USER
from deploy.local.postgres import SUPERUSER
from deploy.local.s3 import BUCKET, REGION
from deploy.local.state import STATE_DIR_VARIABLE, StateDir

RELAY = "MAGICPIC_SMTP_HOST"
OF_THE_SINK = (RELAY, "MAGICPIC_SMTP_PORT", "MAGICPIC_SMTP_TLS", "MAGICPIC_MAIL_SINK_DIR")


def environment(state_dir: Path) -> dict[str, str]:
    """The variables that say where the stack of this state directory is and how to sign in to it.

    Before a first `make up` there is no such stack: then only the state directory itself is named. Variables that are
    set in the real environment keep their value.
    """
    state = StateDir(state_dir.absolute())
    generated = _generated(state)
    if os.environ.get(RELAY, generated.get(RELAY)) != generated.get(RELAY):
        # A relay of the user's own: nothing of our sink's may be mixed into its settings.
        generated = {name: value for name, value in generated.items() if name not in OF_THE_SINK}
    found = {name: os.environ.get(name, value) for name, value in generated.items()}
    return found | {STATE_DIR_VARIABLE: str(state.path)}


def environment_of_the_user(state_dir: Path) -> dict[str, str]:
    """Our environment without what `environment` once put there.

    For starting a supervisor: it may have to choose other ports, and would take the old ones for the user's word.
    """
    generated = _generated(StateDir(state_dir.absolute()))
    return {name: value for name, value in os.environ.items() if generated.get(name) != value}


def _generated(state: StateDir) -> dict[str, str]:
    secrets = credentials.load(state.secrets)
    if not secrets or not state.ports.exists():
        return {}
    ports = json.loads(state.ports.read_text(encoding="utf-8"))
    found = connection_variables(secrets, ports)
    if "mail" in ports:
        found["MAGICPIC_MAIL_SINK_DIR"] = str(state.mail)
    return found


def connection_variables(secrets: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """The generated variables for servers on these ports; what has no port here is left out."""
    found: dict[str, str] = {"MAGICPIC_AUTH_SIGNING_KEY": secrets["auth_signing_key"]}
    if port := ports.get("postgres"):
        found["MAGICPIC_POSTGRES_ADMIN_URL"] = _database_url(
            SUPERUSER, secrets["postgres_admin_password"], port, "postgres"
        )
        for service in credentials.SERVICES:
            password = secrets[f"{service}_database_password"]
            found[f"MAGICPIC_{service.upper()}_DATABASE_URL"] = _database_url(service, password, port, service)
    if port := ports.get("nats"):
        found["MAGICPIC_NATS_URL"] = f"nats://{NATS_USER}:{secrets['nats_password']}@127.0.0.1:{port}"
    if port := ports.get("s3"):
        found["MAGICPIC_S3_ENDPOINT"] = found["MAGICPIC_S3_PUBLIC_ENDPOINT"] = f"http://127.0.0.1:{port}"
        found["MAGICPIC_S3_ACCESS_KEY"] = secrets["s3_access_key"]
        found["MAGICPIC_S3_SECRET_KEY"] = secrets["s3_secret_key"]
        found["MAGICPIC_S3_BUCKET"] = BUCKET
        found["MAGICPIC_S3_REGION"] = REGION
    if port := ports.get("mail"):
        found |= {RELAY: "127.0.0.1", "MAGICPIC_SMTP_PORT": str(port), "MAGICPIC_SMTP_TLS": "none"}
    if port := ports.get("gateway"):
        found["MAGICPIC_APP_URL"] = f"http://127.0.0.1:{port}"
        found["MAGICPIC_GATEWAY_HOST"] = "127.0.0.1"
        found["MAGICPIC_GATEWAY_PORT"] = str(port)
    return found


def _database_url(user: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"
