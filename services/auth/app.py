"""Auth's composition root."""

from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.objects import Objects
from kernel.service import Service
from kernel.settings import StorageSettings
from kernel.sweeper import Sweeper
from services.auth import projections, rpc
from services.auth.accounts import Accounts, EmailExists
from services.auth.archive import Archivist
from services.auth.deletions import DeletionProof, Deletions, Erasure
from services.auth.domain import ACCOUNT, EXPORT, PICTURE, SESSION, STATS
from services.auth.exports import Exports
from services.auth.guesses import Guesses, Limits
from services.auth.passwords import Argon2, Passwords
from services.auth.places import Places
from services.auth.profiles import PhoneExists, Profiles
from services.auth.publishing import publish
from services.auth.queries import Queries
from services.auth.sessions import Sessions
from services.auth.subscribers import Subscribers
from services.auth.tokens import Tokens, seed_of
from services.auth.visits import Visits

CODEC = Codec(ACCOUNT, SESSION, STATS, PICTURE, EXPORT)
DAY_S = 24 * 3600


def _is_seed(value: SecretStr) -> SecretStr:
    seed_of(value.get_secret_value())
    return value


class AuthSettings(StorageSettings):
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
    auth_deletion_grace_s: float = Field(default=14 * DAY_S, ge=0)
    """How long a deleted account can be had back by signing in."""


def build(settings: AuthSettings, *, clock: Clock = utc_now) -> Service:
    """`clock` rules the lives of tokens, locks and timers."""

    async def fire(timer_id: str) -> None:
        kind, user_id, *number = timer_id.split(":")
        if kind == "deletion":
            await deletions.complete(int(user_id))
        else:
            await exports.end(int(user_id), int(number[0]))

    service = Service(
        "auth",
        settings,
        settings.auth_database_url,
        CODEC,
        project=projections.project,
        keep=projections.keep,
        publish=publish,
        conflicts={"people_email_folded_key": EmailExists, "people_phone_key": PhoneExists},
        fire=fire,
        clock=clock,
    )
    database, commands = service.database, service.commands
    seed = seed_of(settings.auth_signing_key.get_secret_value())
    tokens = Tokens(
        seed, clock=clock, access_life_s=settings.auth_access_life_s, refresh_life_s=settings.auth_refresh_life_s
    )
    objects = Objects.of(settings)
    queries = Queries(database, objects, clock)
    passwords, guesses = _passwords(settings), Guesses(database, seed, _limits(settings), clock)
    places = Places(database, objects, clock)
    proof = DeletionProof(database, commands, passwords, guesses)
    deletions = Deletions(database, commands, proof, guesses, grace_s=settings.auth_deletion_grace_s)
    visits = Visits(commands, clock)
    sessions = Sessions(
        commands,
        tokens,
        grace_s=settings.auth_refresh_grace_s,
        database=database,
        on_sign_in=deletions.cancel,
        on_use=visits.note,
    )
    archivist = Archivist(database, queries, service.bus.caller, objects)
    exports = Exports(database, commands, queries, places, objects, archivist=archivist, clock=clock)
    accounts = Accounts(database, commands, queries, passwords, guesses, sessions)
    rpc.answer(service.bus, accounts, sessions, queries, tokens)
    rpc.answer_about_profiles(service.bus, queries, Profiles(commands, queries, places, objects), exports, deletions)
    Subscribers(commands, Erasure(commands, sessions, places)).listen(service.bus)
    sweeper = Sweeper(places.sweep, clock=clock)
    service.on_start += [sweeper.start, exports.start]
    service.on_stop += [exports.close, sweeper.close, visits.close]
    return service


def _passwords(settings: AuthSettings) -> Passwords:
    argon2 = Argon2(settings.auth_hash_memory_kib, settings.auth_hash_passes, settings.auth_hash_lanes)
    return Passwords(argon2, workers=settings.auth_hash_workers, waiting=settings.auth_hash_waiting)


def _limits(settings: AuthSettings) -> Limits:
    return Limits(settings.auth_wrong_passwords, settings.auth_wrong_passwords_per_ip, settings.auth_locks_s)
