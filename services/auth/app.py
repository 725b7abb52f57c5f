"""Auth's composition root."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from contracts.errors import ServiceError
from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.service import Service
from kernel.settings import Settings
from services.auth import projections, rpc
from services.auth.accounts import Accounts, EmailExists, PhoneExists, ReferralCodeTaken
from services.auth.codes import Codes, Rules
from services.auth.counting import Counts
from services.auth.domain import ACCOUNT, CODE, SESSION
from services.auth.google import Google, GoogleKeys
from services.auth.google_sign_in import GoogleSignIn
from services.auth.guesses import Guesses, Limits
from services.auth.mail_sign_in import MailSignIn
from services.auth.ownership import Ownership
from services.auth.password_changes import PasswordChanges
from services.auth.password_checks import PasswordChecks
from services.auth.passwords import Argon2, Passwords
from services.auth.publishing import publish
from services.auth.queries import Queries
from services.auth.referrals import Referrals
from services.auth.sessions import Sessions
from services.auth.tokens import Tokens, seed_of

CODEC = Codec(ACCOUNT, SESSION, CODE)
CONFLICTS: dict[str, Callable[[], ServiceError]] = {
    "people_email_folded_key": EmailExists,
    "people_phone_key": PhoneExists,
    "people_referral_code_key": ReferralCodeTaken,
    "google_accounts_pkey": EmailExists,
}
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
    auth_verify_code_life_s: PositiveInt = DAY_S
    auth_code_life_s: PositiveInt = 15 * 60
    """Of codes to sign in, to reset a password, to delete an account."""
    auth_code_tries: PositiveInt = 5
    auth_code_pause_s: PositiveInt = 30
    """One code for each address and purpose in so many seconds."""
    auth_codes_per_address: PositiveInt = 5
    """In an hour, as the next."""
    auth_codes_per_ip: PositiveInt = 20
    auth_google_client_ids: tuple[str, ...] = ()
    """The apps whose ID tokens are taken. Without any, signing in with Google is off."""
    auth_google_keys_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    auth_google_timeout_s: float = Field(default=3, gt=0)
    auth_referrals_per_household: int = Field(default=3, ge=0)
    """Paid within 30 days for sign-ups from one IP."""


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
        conflicts=CONFLICTS,
    )
    seed = seed_of(settings.auth_signing_key.get_secret_value())
    database, commands = service.database, service.commands
    tokens = Tokens(
        seed, clock=clock, access_life_s=settings.auth_access_life_s, refresh_life_s=settings.auth_refresh_life_s
    )
    sessions = Sessions(database, commands, tokens, grace_s=settings.auth_refresh_grace_s)
    queries, passwords = Queries(database), _passwords(settings)
    guesses = Guesses(database, seed, _limits(settings), clock)
    checks = PasswordChecks(commands, passwords, guesses)
    counts = Counts(database, seed, clock)
    codes = Codes(database, commands, queries, counts, secret=seed, rules=_rules(settings), clock=clock)
    referrals = Referrals(database, queries, counts, seed, per_household=settings.auth_referrals_per_household)
    ownership = Ownership(commands, queries, codes, referrals, sessions)
    accounts = Accounts(
        database,
        commands,
        queries,
        passwords=passwords,
        checks=checks,
        codes=codes,
        referrals=referrals,
        sessions=sessions,
    )
    changes = PasswordChanges(
        commands,
        queries,
        passwords=passwords,
        checks=checks,
        guesses=guesses,
        codes=codes,
        ownership=ownership,
        sessions=sessions,
    )
    keys = GoogleKeys(settings.auth_google_keys_url, timeout_s=settings.auth_google_timeout_s)
    google = Google(keys, settings.auth_google_client_ids)
    rpc.answer(service.bus, accounts, sessions, queries, tokens)
    rpc.answer_ways_in(
        service.bus,
        codes,
        ownership,
        MailSignIn(accounts, ownership, codes, queries, referrals),
        GoogleSignIn(database, google, accounts, ownership, queries, referrals),
        changes,
    )
    return service


def _passwords(settings: AuthSettings) -> Passwords:
    argon2 = Argon2(settings.auth_hash_memory_kib, settings.auth_hash_passes, settings.auth_hash_lanes)
    return Passwords(argon2, workers=settings.auth_hash_workers, waiting=settings.auth_hash_waiting)


def _limits(settings: AuthSettings) -> Limits:
    return Limits(settings.auth_wrong_passwords, settings.auth_wrong_passwords_per_ip, settings.auth_locks_s)


def _rules(settings: AuthSettings) -> Rules:
    short = settings.auth_code_life_s
    return Rules(
        lives_s={
            "verify_email": settings.auth_verify_code_life_s,
            "sign_in": short,
            "reset_password": short,
            "delete_account": short,
        },
        tries=settings.auth_code_tries,
        pause_s=settings.auth_code_pause_s,
        per_address=settings.auth_codes_per_address,
        per_ip=settings.auth_codes_per_ip,
    )
