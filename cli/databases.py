"""Where the services' databases are, for whoever owns them: `magicpic init` and the operator's commands."""

from contracts.subjects import SERVICES
from kernel.db import admin_url_of
from kernel.settings import WRONG_SETTING, Settings, complain


class Administrators(Settings):
    """Who may create databases and roles. `postgres_admin_url`: on the server of all services that have none of their
    own in `<service>_database_admin_url`.
    """

    postgres_admin_url: str = ""
    auth_database_admin_url: str = ""
    catalog_database_admin_url: str = ""
    creation_database_admin_url: str = ""
    battle_database_admin_url: str = ""
    ledger_database_admin_url: str = ""
    notify_database_admin_url: str = ""

    def admin_url(self, service: str) -> str:
        """Where there is none, the process ends with status 2, and the setting is named."""
        own = f"{service}_database_admin_url"
        found: str = getattr(self, own) or self.postgres_admin_url
        if not found:
            complain("postgres_admin_url", f"Field required, or MAGICPIC_{own.upper()} for {service}'s own server")
            raise SystemExit(WRONG_SETTING)
        return found

    def admin_urls(self) -> dict[str, str]:
        """By service."""
        return {service: self.admin_url(service) for service in SERVICES}


class OperatorSettings(Administrators):
    """An operator comes as the databases' owner."""

    auth_database_url: str = ""
    catalog_database_url: str = ""
    creation_database_url: str = ""
    battle_database_url: str = ""
    ledger_database_url: str = ""
    notify_database_url: str = ""

    def owner_url(self, service: str) -> str:
        return admin_url_of(self.admin_url(service), getattr(self, f"{service}_database_url"))
