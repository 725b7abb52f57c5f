"""`contracts/published/` is what the code says, and the code breaks nothing that was published."""

from functools import cache

from cli.contracts import PUBLISHED, breaking_changes, documents

as_they_should_stand = cache(documents)


def test_nothing_that_was_published_is_broken() -> None:
    assert breaking_changes() == [], "keep the old shape beside the new one, or raise the event's VERSION"


def test_the_published_documents_are_up_to_date() -> None:
    wanted = as_they_should_stand()
    stale = [path.name for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    assert stale == [], "run `make contracts`"


def test_no_document_is_left_of_what_no_longer_exists() -> None:
    found = {path for path in PUBLISHED.rglob("*") if path.is_file()}
    assert found == set(as_they_should_stand())
