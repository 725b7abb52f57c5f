"""Auth's composition root."""

from collections.abc import Callable

from contracts.errors import ServiceError
from contracts.rpc.auth import AskToDelete
from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.objects import Objects
from kernel.service import Service
from kernel.sweeper import Sweeper
from services.auth import projections, rpc
from services.auth.accounts import Accounts, EmailExists, PhoneExists, ReferralCodeTaken
from services.auth.admin_queries import AdminQueries
from services.auth.admins import Admins
from services.auth.archive import Archivist
from services.auth.codes import Codes, Rules
from services.auth.counting import Counts
from services.auth.deletions import DeletionProof, Deletions, Erasure
from services.auth.domain import ACCOUNT, CODE, EXPORT, PICTURE, SESSION, STATS
from services.auth.exports import Exports
from services.auth.google import Google, GoogleKeys
from services.auth.google_sign_in import GoogleSignIn
from services.auth.guesses import Guesses, Limits
from services.auth.guests import Guests, SameGuest
from services.auth.keys import Keys
from services.auth.leaving import deadlines
from services.auth.mail_sign_in import MailSignIn
from services.auth.ownership import Ownership
from services.auth.password_changes import PasswordChanges
from services.auth.password_checks import PasswordChecks
from services.auth.passwords import Argon2, Passwords
from services.auth.people_search import PeopleSearch
from services.auth.places import Places
from services.auth.profiles import Profiles
from services.auth.publishing import publish
from services.auth.queries import Queries
from services.auth.referrals import Referrals
from services.auth.revocations import Revocations
from services.auth.sessions import Sessions
from services.auth.settings import AuthSettings
from services.auth.subscribers import Subscribers
from services.auth.tokens import Tokens, seed_of
from services.auth.visits import Visits

__all__ = ["AuthSettings", "build"]

CODEC = Codec(ACCOUNT, SESSION, CODE, STATS, PICTURE, EXPORT)
CONFLICTS: dict[str, Callable[[], ServiceError]] = {
    "people_email_folded_key": EmailExists,
    "people_phone_key": PhoneExists,
    "people_referral_code_key": ReferralCodeTaken,
    "google_accounts_pkey": EmailExists,
    "guests_device_household_key": SameGuest,
}


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
        deadlines=deadlines,
        publish=publish,
        conflicts=CONFLICTS,
        fire=fire,
        clock=clock,
    )
    database, commands = service.database, service.commands
    seed = seed_of(settings.auth_signing_key.get_secret_value())
    tokens = Tokens(
        seed, clock=clock, access_life_s=settings.auth_access_life_s, refresh_life_s=settings.auth_refresh_life_s
    )
    keys = Keys(database, tokens, seed, clock)
    objects = Objects.of(settings)
    queries = Queries(database, objects, clock)
    visits = Visits(commands, clock)
    sessions = Sessions(database, commands, tokens, visits, grace_s=settings.auth_refresh_grace_s, clock=clock)
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
    revocations = Revocations(database, clock, access_life_s=settings.auth_access_life_s)
    rpc.answer_gateways(service.bus, tokens, revocations)
    rpc.answer_admins(service.bus, Admins(database, commands, AdminQueries(database), sessions), keys)
    rpc.answer_sessions(service.bus, guests, sessions, queries)
    rpc.answer_about_people(service.bus, queries, PeopleSearch(database, queries))
    deletions = _open_ways_in(service, settings, seed, clock, sessions, queries)

    places = Places(database, objects, clock)
    archivist = Archivist(database, queries, service.bus.caller, objects)
    exports = Exports(database, commands, queries, places, objects, archivist=archivist, clock=clock)
    rpc.answer_about_profiles(service.bus, queries, Profiles(commands, queries, places, objects), exports, deletions)
    Subscribers(commands, Erasure(commands, sessions, places)).listen(service.bus)
    sweeper = Sweeper(places.sweep, clock=clock)
    service.on_start += [keys.start, sweeper.start, exports.start]
    service.on_stop += [exports.close, sweeper.close, visits.close, keys.close]
    return service


def _open_ways_in(
    service: Service, settings: AuthSettings, seed: bytes, clock: Clock, sessions: Sessions, queries: Queries
) -> Deletions:
    """Ways in, and what stands beside each of them: the door out."""
    database, commands = service.database, service.commands
    passwords = _passwords(settings)
    guesses = Guesses(database, seed, _limits(settings), clock)
    checks = PasswordChecks(commands, passwords, guesses)
    counts = Counts(database, seed, clock)
    codes = Codes(database, commands, queries, counts, secret=seed, rules=_rules(settings), clock=clock)
    referrals = Referrals(database, queries, counts, seed, per_household=settings.auth_referrals_per_household)
    ownership = Ownership(commands, queries, codes, referrals, sessions)
    proof = DeletionProof(queries, checks, codes)
    deletions = Deletions(
        commands, queries, proof, guesses=guesses, codes=codes, grace_s=settings.auth_deletion_grace_s
    )
    accounts = Accounts(
        database,
        commands,
        queries,
        passwords=passwords,
        checks=checks,
        codes=codes,
        referrals=referrals,
        sessions=sessions,
        deletions=deletions,
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
    google = Google(
        GoogleKeys(settings.auth_google_keys_url, timeout_s=settings.auth_google_timeout_s),
        settings.auth_google_client_ids,
    )
    rpc.answer_ways_in(
        service.bus,
        accounts,
        codes,
        ownership=ownership,
        by_mail=MailSignIn(accounts, ownership, codes, queries, referrals),
        with_google=GoogleSignIn(database, google, accounts, ownership, queries, referrals),
        passwords=changes,
    )
    service.bus.answer(AskToDelete, proof.ask)
    return deletions


def _passwords(settings: AuthSettings) -> Passwords:
    argon2 = Argon2(settings.auth_hash_memory_kib, settings.auth_hash_passes)
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
