"""Auth's settings. Units stand last in the names."""

from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from kernel.settings import StorageSettings
from services.auth.tokens import seed_of

DAY_S = 24 * 3600


def _is_seed(value: SecretStr) -> SecretStr:
    seed_of(value.get_secret_value())
    return value


class AuthSettings(StorageSettings):
    """Lock lengths are for the first lock in a row, the second, and so on."""

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
    """This and the next: OWASP's password storage cheat sheet. Its least memory is 7 MiB, at five passes."""
    auth_hash_passes: PositiveInt = 2
    auth_hash_workers: PositiveInt = 2
    """Threads for argon2id: as many as there are cores."""
    auth_hash_waiting: PositiveInt = 128
    """At some 50 hashes a second and core, the last of these waits less than two seconds."""
    auth_guest_generations: int = Field(default=3, ge=0)
    auth_guests_per_household: int = Field(default=5, ge=0)
    """New guests a day."""
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
    auth_deletion_grace_s: float = Field(default=14 * DAY_S, ge=0)
    """How long a deleted account can be had back by signing in."""
    auth_referrals_per_household: int = Field(default=3, ge=0)
    """Paid within 30 days for sign-ups from one IP."""
