"""While auth is away, wallets go on; what only administrators may do waits for it."""

from contracts.rpc import ledger as rpc
from kernel.service import Service
from tests.given import refused
from tests.integration.ledger.test_corrections import ONLY_FOR_ADMINS, ask


async def test_nobody_is_an_admin_while_auth_cannot_be_asked(ledger: Service) -> None:
    for request in ONLY_FOR_ADMINS:
        with refused("SERVICE_UNAVAILABLE"):
            await ask(ledger, request)
    assert (await ask(ledger, rpc.GetBalance(user_id=7))).balance == 0
