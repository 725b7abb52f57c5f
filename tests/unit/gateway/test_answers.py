"""Envelopes and pages."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.answers import Paging, envelope, items_of, listing, pagination


@given(st.integers(0, 10_000), st.integers(1, 500), st.integers(1, 200))
def test_pages_add_up_to_the_whole(total: int, page: int, limit: int) -> None:
    shown = pagination(Paging(page=page, limit=limit), total)
    assert shown["limit"] == min(limit, 50)
    assert (shown["total_pages"] - 1) * shown["limit"] < total or total == shown["total_pages"] == 0
    assert total <= shown["total_pages"] * shown["limit"]
    assert shown["has_next"] == (page < shown["total_pages"])
    assert not shown["has_prev"] or page > 1


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_a_service_said_is_passed_on_unchanged(data: object) -> None:
    assert json.loads(envelope(json.dumps(data).encode(), "Done!")) == {
        "success": True,
        "data": data,
        "message": "Done!",
    }


def test_a_list_has_its_total_and_a_page_its_place() -> None:
    found = items_of(b'{"items":[{"id":1}],"total":21,"more":"to come"}')
    body = json.loads(listing(bytes(found.items), found.total, Paging(page=2)))
    assert body["data"] == [{"id": 1}]
    assert body["total"] == 21
    assert body["pagination"]["has_prev"]
    assert "pagination" not in json.loads(listing(b"[]", 0))
