"""One export at a time, and the same one for an hour."""

from datetime import timedelta

from services.auth.domain import (
    EXPORT,
    EndExport,
    ExportEnded,
    ExportFinished,
    ExportRequested,
    FinishExport,
    RequestExport,
)
from tests.given import NOW, given

ASKED, DONE = ExportRequested(7, 1), ExportFinished(7, 1, NOW)
LATER = NOW + timedelta(minutes=61)


def test_the_first_is_begun_and_asking_meanwhile_begins_no_other() -> None:
    given(EXPORT).when(RequestExport(7)).then(ASKED)
    given(EXPORT, ASKED).when(RequestExport(7), now=LATER).then()


def test_for_an_hour_the_same_one_is_given_and_then_a_new_one_takes_its_place() -> None:
    given(EXPORT, ASKED, DONE).when(RequestExport(7), now=NOW + timedelta(minutes=59)).then()
    given(EXPORT, ASKED, DONE).when(RequestExport(7), now=LATER).then(ExportEnded(7, 1), ExportRequested(7, 2))


def test_it_is_finished_once_and_by_whoever_is_first() -> None:
    given(EXPORT, ASKED).when(FinishExport(7, 1)).then(DONE)
    given(EXPORT, ASKED, DONE).when(FinishExport(7, 1)).then()


def test_one_that_has_ended_cannot_be_finished_any_more() -> None:
    given(EXPORT, ASKED, ExportEnded(7, 1)).when(FinishExport(7, 1)).then()
    given(EXPORT, ASKED, ExportEnded(7, 1), ExportRequested(7, 2)).when(FinishExport(7, 1)).then()


def test_an_end_that_was_meant_for_an_earlier_one_ends_nothing() -> None:
    history = (ASKED, DONE, ExportEnded(7, 1), ExportRequested(7, 2))
    given(EXPORT, *history).when(EndExport(7, 1)).then()
    given(EXPORT, *history).when(EndExport(7, None)).then(ExportEnded(7, 2))
    given(EXPORT).when(EndExport(7, None)).then()
