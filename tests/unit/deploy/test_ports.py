import socket
from collections.abc import Iterator

import pytest

from deploy.local.ports import THROWAWAY_PORTS, choose, is_free, next_free, throwaway_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        yield squatter.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_a_port_that_somebody_listens_on_at_every_address_is_not_free() -> None:
    with socket.socket() as squatter:
        squatter.bind(("0.0.0.0", 0))
        squatter.listen()
        assert not is_free(squatter.getsockname()[1])


def test_the_next_free_port_comes_after_the_taken_one(taken: int) -> None:
    assert taken < next_free(taken) < taken + 100


def test_throwaway_ports_leave_out_those_already_given_away() -> None:
    assert throwaway_port() in THROWAWAY_PORTS
    given: set[int] = set()
    for _ in range(20):
        given.add(throwaway_port(given))
    assert len(given) == 20


def test_a_free_preferred_port_is_chosen_without_a_word() -> None:
    port = throwaway_port()
    assert choose({"gateway": port}) == ({"gateway": port}, [])


def test_a_taken_port_is_replaced_and_reported_by_name(taken: int) -> None:
    chosen, (notice,) = choose({"gateway": taken})
    assert chosen["gateway"] != taken
    assert notice.startswith(f"port {taken} is taken by ")
    assert notice.endswith(f": gateway listens on {chosen['gateway']} instead")


def test_a_replacement_never_takes_what_another_one_prefers(taken: int) -> None:
    chosen, _ = choose({"gateway": taken, "auth": taken + 1})
    assert chosen["gateway"] != chosen["auth"]


def test_two_that_prefer_the_same_port_get_two() -> None:
    port = throwaway_port()
    chosen, notices = choose({"gateway": port, "auth": port})
    assert chosen["gateway"] != chosen["auth"]
    assert len(notices) == 1
