"""People are found by their names, as they are now, and by nothing else."""

import nats
import pytest

from contracts.events.creation import CreationGenerated
from contracts.rpc.auth import ArriveAsGuest, ChangeRole, Device, FoundPeople, RestoreUser, SearchPeople, SignUp
from kernel.service import Service
from tests.integration.auth.conftest import PASSWORD, Running, fetch, log_in, sign_up
from tests.integration.auth.test_admins import admin, suspend
from tests.integration.auth.test_leaving import gone, leave
from tests.integration.auth.test_profiles import update
from tests.integration.auth.voices import Voice
from tests.waiting import until

NAMES = ("Zoë Kowalska", "Zoe", "Zoeanne Smith", "Chloe Kowalski", "हिन्दी कला", "Ann-Marie O'Neil")
FOUND = {
    "zoe": ["Zoe", "Zoë Kowalska", "Zoeanne Smith"],
    "ZOË": ["Zoe", "Zoë Kowalska", "Zoeanne Smith"],
    "zo": ["Zoe", "Zoë Kowalska", "Zoeanne Smith"],
    "kowalska": ["Zoë Kowalska", "Chloe Kowalski"],
    "kowalksa": ["Zoë Kowalska"],
    "kowalsk": ["Zoë Kowalska", "Chloe Kowalski"],
    "kowlska zoe": ["Zoë Kowalska"],
    "kow chlo": ["Chloe Kowalski"],
    "chole": ["Chloe Kowalski"],
    "smith zoeanne": ["Zoeanne Smith"],
    "oneil": ["Ann-Marie O'Neil"],
    "o'neil marie": ["Ann-Marie O'Neil"],
    "mrie": ["Ann-Marie O'Neil"],
    "हिन": ["हिन्दी कला"],
    "k": ["Chloe Kowalski", "Zoë Kowalska"],
    "example": [],
    "zoe@example.com": [],
    "+919876543210": [],
    "guest": [],
    "": [],
    " ": [],
    "%": [],
    "'; DROP TABLE people; --": [],
    "🦄": [],
    "\x00": [],
    "\u202e\u200d": [],
    "x" * 10_000: [],
    "zoe " * 2_500: ["Zoe", "Zoë Kowalska", "Zoeanne Smith"],
}


async def search(auth: Service, q: str, limit: int = 20) -> list[str]:
    found: FoundPeople = await auth.bus.caller.ask(SearchPeople(q=q, limit=limit))
    return [person.name for person in found.items]


async def test_names_are_found_begun_mistyped_and_without_their_accents(auth: Service) -> None:
    for number, name in enumerate(NAMES):
        await sign_up(auth, f"zoe{number}@example.com", name=name)
    await auth.bus.caller.ask(ArriveAsGuest(device=Device(device_id="p", device_name="", platform="ios"), ip="1.2.3.4"))
    for q, names in FOUND.items():
        found = await search(auth, q)
        assert (set(found), len(found)) == (set(names), len(names)), q[:40]
        if q != "k":  # equally alike
            assert found == names, q[:40]
    assert await search(auth, "zoe", limit=1) == ["Zoe"]


async def test_of_equal_names_the_one_with_more_creations_comes_first(auth: Service, nats_url: str) -> None:
    ids = [(await sign_up(auth, f"{number}@example.com", name="Bob")).user.id for number in range(3)]
    client = await nats.connect(nats_url)
    voice = Voice(client)
    for creation_id, owner in enumerate((ids[2], ids[2], ids[1]), 1):
        event = CreationGenerated(
            creation_id=creation_id, user_id=owner, style_id=1, style_name="x", credits=50, is_public=False
        )
        await voice.say(event)

    async def found() -> list[tuple[int, int]]:
        people: FoundPeople = await auth.bus.caller.ask(SearchPeople(q="bob"))
        return [(person.id, person.creations_count) for person in people.items]

    await until(found, lambda people: people == [(ids[2], 2), (ids[1], 1), (ids[0], 0)])
    await client.close()


async def test_who_is_found_is_who_is_there_under_the_name_they_have_now(running: Running) -> None:
    async with running(auth_deletion_grace_s=1000) as auth:
        user_id = (await sign_up(auth, name="Ana")).user.id
        root = await admin(auth)
        await auth.bus.caller.ask(ChangeRole(by=root, user_id=user_id, role="moderator", reason="x"))
        await update(auth, user_id, name="Beatriz")
        await update(auth, user_id, phone="+919876543210")
        assert (await search(auth, "beatriz"), await search(auth, "beatrix")) == (["Beatriz"], ["Beatriz"])
        await suspend(auth, root, user_id)
        assert await search(auth, "beatriz") == []
        await auth.bus.caller.ask(RestoreUser(by=root, user_id=user_id, reason="x"))
        assert await search(auth, "beatriz") == ["Beatriz"]
        await leave(auth, user_id)
        assert await search(auth, "beatriz") == []
        await log_in(auth)
        assert await search(auth, "beatriz") == ["Beatriz"]
        guest = await auth.bus.caller.ask(
            ArriveAsGuest(device=Device(device_id="p", device_name="", platform="ios"), ip="1.2.3.4")
        )
        assert await search(auth, "guest") == []
        await auth.bus.caller.ask(
            SignUp(email="gus@example.com", password=PASSWORD, name="Gustav", guest_id=guest.user.id)
        )
        assert await search(auth, "gustav") == ["Gustav"]
    async with running(auth_deletion_grace_s=0) as auth:
        await leave(auth, user_id)
        await until(lambda: gone(auth, user_id), bool)
        assert await search(auth, "beatriz") == []
        assert await fetch(auth, "SELECT 1 FROM name_keys WHERE user_id = $1", user_id) == []


@pytest.mark.parametrize("same", [101, 250])
async def test_one_of_many_of_a_name_is_found_by_the_whole_of_it(auth: Service, same: int) -> None:
    """At most a hundred are looked at: those who have all the words come before those who nearly do."""
    user_id = (await sign_up(auth, name="Maria Silva")).user.id
    async with auth.database.write() as connection:
        await connection.execute(
            "INSERT INTO people (user_id, name, is_verified, created_at) "
            "SELECT n, 'Maria Sousa', true, now() FROM generate_series(1000, 1000 + $1) n",
            same,
        )
        await connection.execute(
            "INSERT INTO accounts (user_id, role, suspended, ends) "
            "SELECT n, 'user', false, 0 FROM generate_series(1000, 1000 + $1) n",
            same,
        )
        await connection.execute(
            "INSERT INTO name_keys SELECT n, $2 FROM generate_series(1000, 1000 + $1) n",
            same,
            sorted({"maria", "sousa", *("^maria"[:end] for end in range(2, 7)), "~maria", "~sousa"}),
        )
    found: FoundPeople = await auth.bus.caller.ask(SearchPeople(q="maria silva"))
    assert [person.id for person in found.items] == [user_id]
    assert len(await search(auth, "maria", limit=50)) == 50
