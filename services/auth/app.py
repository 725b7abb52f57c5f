"""Auth's composition root."""

from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.service import Service
from kernel.settings import Settings
from services.auth import projections, rpc
from services.auth.accounts import Accounts, EmailExists
from services.auth.admin_queries import AdminQueries
from services.auth.admins import Admins
from services.auth.domain import ACCOUNT, SESSION
from services.auth.guesses import Guesses, Limits
from services.auth.guests import Guests, SameGuest
from services.auth.keys import Keys
from services.auth.passwords import Argon2, Passwords
from services.auth.publishing import publish
from services.auth.queries import Queries
from services.auth.revocations import Revocations
from services.auth.sessions import Sessions
from services.auth.tokens import Tokens, seed_of

CODEC = Codec(ACCOUNT, SESSION)
DAY_S = 24 * 3600


def _is_seed(value: SecretStr) -> SecretStr:
    seed_of(value.get_secret_value())
    return value


class AuthSettings(Settings):
    """Units stand last in the names. Lock lengths are for the first lock in a row, the second, and so on."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    auth_database_url: str
    auth_signing_key: Annotated[SecretStr, AfterValidator(_is_seed)]
    """Base64 of the 32-byte seed of an Ed25519 key."""
    auth_access_life_s: PositiveInt = 30 * 60
    auth_refresh_life_s: PositiveInt = 30 * DAY_S
    auth_refresh_grace_s: float = Field(default=30, ge=0)
    auth_wrong_passwords: int = Field(default=5, ge=2)
    auth_wrong_passwords_per_ip: int = Field(default=50, ge=2)
    auth_locks_s: tuple[PositiveInt, ...] = Field(default=(60, 300, 900), min_length=1)
    auth_hash_memory_kib: int = Field(default=19 * 1024, ge=7 * 1024)
    """This and the next two: OWASP's password storage cheat sheet. Its least memory is 7 MiB, at five passes."""
    auth_hash_passes: PositiveInt = 2
    auth_hash_lanes: PositiveInt = 1
    auth_hash_workers: PositiveInt = 2
    """Threads for argon2id: as many as there are cores."""
    auth_hash_waiting: PositiveInt = 128
    """At some 50 hashes a second and core, the last of these waits less than two seconds."""
    auth_guest_generations: int = Field(default=3, ge=0)
    auth_guests_per_household: int = Field(default=5, ge=0)
    """New guests a day."""


def build(settings: AuthSettings, *, clock: Clock = utc_now) -> Service:
    """`clock` rules the lives of tokens and locks."""
    service = Service(
        "auth",
        settings,
        settings.auth_database_url,
        CODEC,
        project=projections.project,
        keep=projections.keep,
        publish=publish,
        conflicts={"people_email_folded_key": EmailExists, "guests_device_household_key": SameGuest},
    )
    database, commands = service.database, service.commands
    seed = seed_of(settings.auth_signing_key.get_secret_value())
    tokens = Tokens(
        seed, clock=clock, access_life_s=settings.auth_access_life_s, refresh_life_s=settings.auth_refresh_life_s
    )
    keys = Keys(database, tokens, seed, clock)
    service.on_start.append(keys.start)
    service.on_stop.append(keys.close)
    sessions = Sessions(database, commands, tokens, grace_s=settings.auth_refresh_grace_s, clock=clock)
    queries = Queries(database)
    guesses = Guesses(database, seed, _limits(settings), clock)
    accounts = Accounts(database, commands, queries, _passwords(settings), guesses, sessions)
    guests = Guests(
        database,
        commands,
        queries,
        sessions,
        seed,
        clock,
        generations=settings.auth_guest_generations,
        per_household=settings.auth_guests_per_household,
    )
    rpc.answer(service.bus, accounts, guests, sessions, queries)
    revocations = Revocations(database, clock, access_life_s=settings.auth_access_life_s)
    rpc.answer_gateways(service.bus, tokens, revocations)
    rpc.answer_admins(service.bus, Admins(database, commands, AdminQueries(database), sessions), keys)
    return service


def _passwords(settings: AuthSettings) -> Passwords:
    argon2 = Argon2(settings.auth_hash_memory_kib, settings.auth_hash_passes, settings.auth_hash_lanes)
    return Passwords(argon2, workers=settings.auth_hash_workers, waiting=settings.auth_hash_waiting)


def _limits(settings: AuthSettings) -> Limits:
    return Limits(settings.auth_wrong_passwords, settings.auth_wrong_passwords_per_ip, settings.auth_locks_s)
