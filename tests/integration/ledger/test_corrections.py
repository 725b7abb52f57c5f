"""Corrections by hand need a reason, and above a limit two people."""

import asyncio
from typing import Any

import pytest

from contracts.envelope import Request
from contracts.errors import ServiceError
from contracts.rpc import ledger as rpc
from kernel.service import Service
from services.ledger.domain.corrections import CORRECTION, ProposeCorrection
from tests.given import refused
from tests.integration.ledger.conftest import Accounts
from tests.integration.ledger.filling import audited
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("accounts")
ADMIN, OTHER, USER = 1, 2, 50
SMALL = rpc.ProposeCorrection(by=ADMIN, user_id=7, credits=200, reason="Lost in an outage")
LARGE = SMALL.model_copy(update={"credits": 5000})
ONLY_FOR_ADMINS: list[Request[Any]] = [
    SMALL,
    rpc.DecideCorrection(by=ADMIN, correction_id=1, approve=True),
    rpc.ListCorrections(by=ADMIN),
    rpc.CreatePromo(by=ADMIN, code="HOLI", credits=50, limit=10),
]


async def ask(ledger: Service, request: Request[Any]) -> Any:
    return await ledger.bus.caller.ask(request)


async def balance(ledger: Service) -> int:
    found: rpc.Balance = await ask(ledger, rpc.GetBalance(user_id=7))
    return found.balance


async def test_a_small_one_takes_effect_at_once_with_its_reason_in_the_history(ledger: Service) -> None:
    done = await ask(ledger, SMALL)
    assert (done.status, done.decided_by, await balance(ledger)) == ("approved", ADMIN, 200)
    history: rpc.History = await ask(ledger, rpc.GetHistory(user_id=7))
    assert [(entry.type, entry.description, entry.amount) for entry in history.items] == [
        ("adjustment", "Lost in an outage", 200)
    ]
    back = await ask(ledger, SMALL.model_copy(update={"credits": -150}))
    assert (back.status, await balance(ledger)) == ("approved", 50)
    assert (await audited(ledger)).faults == []


async def test_a_large_one_waits_for_someone_else(ledger: Service) -> None:
    proposed = await ask(ledger, LARGE)
    assert (proposed.status, await balance(ledger)) == ("proposed", 0)
    listed = await ask(ledger, rpc.ListCorrections(by=OTHER))
    assert (listed.items, listed.total) == ([proposed], 1)
    with refused("PERMISSION_DENIED"):
        await ask(ledger, rpc.DecideCorrection(by=ADMIN, correction_id=proposed.id, approve=True))
    approve = rpc.DecideCorrection(by=OTHER, correction_id=proposed.id, approve=True)
    approved = await ask(ledger, approve)
    assert (approved.status, approved.decided_by, await balance(ledger)) == ("approved", OTHER, 5000)
    with refused("CORRECTION_ENDED"):
        await ask(ledger, approve)
    assert (await ask(ledger, rpc.ListCorrections(by=OTHER))).items == []
    assert await balance(ledger) == 5000


async def test_a_large_one_in_small_pieces_waits_too(ledger: Service) -> None:
    pieces = [SMALL.model_copy(update={"credits": credits_}) for credits_ in (600, -300, 100)]
    assert [(await ask(ledger, piece)).status for piece in pieces] == ["approved"] * 3
    one = SMALL.model_copy(update={"credits": 1, "idempotency_key": "k"})
    assert [(await ask(ledger, one)).status for _ in range(2)] == ["proposed"] * 2
    assert (await ask(ledger, one.model_copy(update={"by": OTHER}))).status == "approved"
    assert (await ask(ledger, one.model_copy(update={"user_id": 8, "idempotency_key": None}))).status == "approved"
    assert await balance(ledger) == 401


async def test_pieces_that_come_at_once_are_counted_one_after_another(ledger: Service) -> None:
    found = await asyncio.gather(*[ask(ledger, SMALL) for _ in range(12)])
    assert sum(each.status == "approved" for each in found) == 5
    assert await balance(ledger) == 1000


async def test_ones_own_wallet_takes_another_however_little_it_is(ledger: Service) -> None:
    own = await ask(ledger, SMALL.model_copy(update={"user_id": ADMIN, "credits": 1}))
    for_other = await ask(ledger, LARGE.model_copy(update={"user_id": OTHER}))
    assert (own.status, for_other.status) == ("proposed", "proposed")
    for by, correction in ((ADMIN, own), (OTHER, for_other), (ADMIN, for_other)):
        with refused("PERMISSION_DENIED"):
            await ask(ledger, rpc.DecideCorrection(by=by, correction_id=correction.id, approve=True))
    approved = await ask(ledger, rpc.DecideCorrection(by=OTHER, correction_id=own.id, approve=True))
    assert approved.status == "approved"


async def test_they_are_listed_by_their_status_page_by_page(ledger: Service) -> None:
    ids = [(await ask(ledger, LARGE)).id for _ in range(5)]
    await ask(ledger, rpc.DecideCorrection(by=OTHER, correction_id=ids[0], approve=False))
    second = await ask(ledger, rpc.ListCorrections(by=ADMIN, page=2, limit=3))
    rejected = await ask(ledger, rpc.ListCorrections(by=ADMIN, status="rejected"))
    assert ([found.id for found in second.items], second.total) == ([ids[1]], 4)
    assert [found.id for found in rejected.items] == [ids[0]]


@pytest.mark.parametrize("request_", ONLY_FOR_ADMINS, ids=lambda request: type(request).__name__)
async def test_only_whom_auth_calls_an_admin_may(ledger: Service, accounts: Accounts, request_: Request[Any]) -> None:
    for by in (USER, 0, -1, 10**12):
        with refused("PERMISSION_DENIED"):
            await ask(ledger, request_.model_copy(update={"by": by}))
    accounts.roles[ADMIN] = "moderator"
    with refused("PERMISSION_DENIED"):
        await ask(ledger, request_)
    accounts.roles.clear()
    accounts.suspended.add(ADMIN)
    with refused("PERMISSION_DENIED"):
        await ask(ledger, request_)
    for fault in ("SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED", "SERVER_ERROR"):
        accounts.fault = ServiceError(fault, "away")
        with refused("SERVICE_UNAVAILABLE"):
            await ask(ledger, request_)
    assert await balance(ledger) == 0


async def test_nobody_is_given_credits_who_does_not_exist(ledger: Service) -> None:
    with refused("USER_NOT_FOUND"):
        await ask(ledger, SMALL.model_copy(update={"user_id": 100}))


async def test_a_rejected_one_moves_nothing(ledger: Service) -> None:
    proposed = await ask(ledger, LARGE)
    rejected = await ask(ledger, rpc.DecideCorrection(by=OTHER, correction_id=proposed.id, approve=False))
    with refused("CORRECTION_ENDED"):
        await ask(ledger, rpc.DecideCorrection(by=3, correction_id=proposed.id, approve=True))
    with refused("NOT_FOUND"):
        await ask(ledger, rpc.DecideCorrection(by=OTHER, correction_id=999, approve=True))
    assert (rejected.status, await balance(ledger)) == ("rejected", 0)


async def test_what_the_wallet_cannot_give_fails_and_stays_failed(ledger: Service) -> None:
    await ask(ledger, SMALL)
    failed = await ask(ledger, SMALL.model_copy(update={"credits": -201}))
    assert failed.status == "failed"
    await ask(ledger, SMALL)
    await asyncio.sleep(0.5)  # the event comes to its own listener, and must change nothing any more
    assert await balance(ledger) == 400
    assert (await audited(ledger)).faults == []


async def test_many_who_approve_at_once_pay_once(ledger: Service) -> None:
    proposed = await ask(ledger, LARGE)
    requests = [rpc.DecideCorrection(by=n, correction_id=proposed.id, approve=True) for n in range(1, 30)]
    answers = await asyncio.gather(*[ask(ledger, request) for request in requests], return_exceptions=True)
    assert sum(isinstance(found, rpc.Correction) for found in answers) == 1
    assert await balance(ledger) == 5000


async def test_the_same_proposal_sent_again_is_the_same(ledger: Service) -> None:
    request = SMALL.model_copy(update={"idempotency_key": "k"})
    first, again = [await ask(ledger, request) for _ in range(2)]
    assert (first.id, await balance(ledger)) == (again.id, 200)
    with refused("IDEMPOTENCY_CONFLICT"):
        await ask(ledger, request.model_copy(update={"credits": 300}))


async def test_one_that_was_approved_by_a_process_that_died_is_carried_out(ledger: Service) -> None:
    command = ProposeCorrection(77, ADMIN, 7, 300, "x", alone=True)
    await ledger.commands.execute(CORRECTION, 77, command)  # and nobody goes on from here but the listener
    await until(lambda: balance(ledger), lambda found: found == 300)


async def test_nonsense_is_refused(ledger: Service) -> None:
    for change in ({"credits": 0}, {"reason": "  "}, {"reason": ""}, {"credits": 10**12}):
        with refused("VALIDATION_ERROR"):
            await ask(ledger, SMALL.model_construct(**(SMALL.model_dump() | change)))
