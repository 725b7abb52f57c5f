"""How a picture is shown, and by whose word, without any of the world."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.errors import ServiceError
from services.creation.domain import CREATION, Creation, CreationDeleted, DeleteCreation
from services.creation.domain.reporting import Report, together, weigh
from services.creation.domain.showing import (
    AppealHiding,
    CaseDecided,
    ChangeShowing,
    DecideCase,
    FeaturePicture,
    HidingAppealed,
    PictureBarred,
    PictureFeatured,
    PictureHidden,
    PictureReported,
    PictureTagged,
    PublicityChosen,
    ReportPicture,
    ReportWithdrawn,
    VisibilityChanged,
    WithdrawReport,
)
from services.creation.social.words import normalised_tags
from tests.given import NOW, given, refused
from tests.unit.creation.test_domain import GENERATED, OWNER, QUEUED, REQUESTED, STARTED, STRANGER

MADE = (REQUESTED, QUEUED, STARTED, GENERATED)
HIDE = ChangeShowing(1, OWNER, is_public=False, retag=False, in_battle=False)
SHOW = replace(HIDE, is_public=True)
RETAG = ChangeShowing(1, OWNER, is_public=None, retag=True, in_battle=True)
REPORT = ReportPicture(1, STRANGER, "spam", hide_after=2)
APPEAL = AppealHiding(1, OWNER)
KEEP, REMOVE = DecideCase(1, 20, "keep"), DecideCase(1, 20, "remove")
FEATURE = FeaturePicture(1, 21, featured=True)

BARRED = PictureBarred(1, OWNER)
MADE_PRIVATE = (PublicityChosen(1, OWNER, is_public=False), VisibilityChanged(1, OWNER, visible=False), BARRED)
REPORTED = PictureReported(1, OWNER, STRANGER, "spam", 1, 100, 100)
REPORTED_AGAIN = PictureReported(1, OWNER, 9, "hate", 2, 100, 200)
HIDDEN = (REPORTED, REPORTED_AGAIN, PictureHidden(1, OWNER, 2), VisibilityChanged(1, OWNER, visible=False))
APPEALED = HidingAppealed(1, OWNER)
KEPT, REMOVED = CaseDecided(1, OWNER, 20, "keep"), CaseDecided(1, OWNER, 20, "remove")
SHOWN = VisibilityChanged(1, OWNER, visible=True)
UNSEEN = VisibilityChanged(1, OWNER, visible=False)


def test_its_owner_decides_who_sees_it() -> None:
    given(CREATION, *MADE).when(HIDE).then(*MADE_PRIVATE)
    given(CREATION, *MADE).when(SHOW).then()
    given(CREATION, *MADE, *MADE_PRIVATE).when(SHOW).then(PublicityChosen(1, OWNER, is_public=True), SHOWN)
    given(CREATION, *MADE).when(RETAG).then(PictureTagged(1, OWNER))
    for command in (HIDE, RETAG):
        given(CREATION, *MADE).when(replace(command, user_id=STRANGER)).then_refused("NOT_OWNER")
    given(CREATION, *MADE, *HIDDEN).when(replace(APPEAL, user_id=STRANGER)).then_refused("NOT_OWNER")


@pytest.mark.parametrize("command", [HIDE, REPORT, APPEAL, KEEP, FEATURE], ids=lambda command: type(command).__name__)
def test_only_a_finished_picture_can_be_shown(command: object) -> None:
    for history in ((), (REQUESTED,), (*MADE, CreationDeleted(1, OWNER, 3))):
        given(CREATION, *history).when(command).then_refused("CREATION_NOT_FOUND")


def test_in_a_battle_it_neither_hides_nor_goes() -> None:
    given(CREATION, *MADE).when(replace(HIDE, in_battle=True)).then_refused("CREATION_IN_BATTLE")
    given(CREATION, *MADE, *MADE_PRIVATE).when(replace(HIDE, in_battle=True)).then()
    given(CREATION, *MADE).when(DeleteCreation(1, OWNER, in_battle=True)).then_refused("CREATION_IN_BATTLE")
    given(CREATION, *MADE).when(DeleteCreation(1, STRANGER, in_battle=True)).then_refused("NOT_OWNER")


def test_reports_by_different_people_hide_it() -> None:
    given(CREATION, *MADE).when(REPORT).then(REPORTED)
    given(CREATION, *MADE, REPORTED).when(REPORT).then()
    given(CREATION, *MADE, REPORTED).when(ReportPicture(1, 9, "hate", hide_after=2)).then(*HIDDEN[1:])
    given(CREATION, *MADE).when(replace(REPORT, by=OWNER)).then_refused("OWN_CREATION")
    given(CREATION, *MADE, *HIDDEN).when(REPORT).then()
    for unseen in (MADE_PRIVATE, HIDDEN):
        given(CREATION, *MADE, *unseen).when(replace(REPORT, by=10)).then_refused("CREATION_NOT_FOUND")


def test_whoever_sees_it_in_its_battle_may_report_it_though_reports_hide_it() -> None:
    report = replace(REPORT, by=10, in_battle=True)
    given(CREATION, *MADE, *HIDDEN).when(report).then(PictureReported(1, OWNER, 10, "spam", 3, 100, 300))
    for barred in (MADE_PRIVATE, (*HIDDEN, REMOVED, BARRED)):
        given(CREATION, *MADE, *barred).when(report).then_refused("CREATION_NOT_FOUND")


def test_a_kept_picture_is_not_hidden_by_the_old_reports() -> None:
    kept = (*MADE, *HIDDEN, KEPT, SHOWN)
    given(CREATION, *MADE, *HIDDEN).when(KEEP).then(KEPT, SHOWN)
    given(CREATION, *kept).when(REPORT).then()
    given(CREATION, *kept).when(replace(REPORT, by=10)).then(PictureReported(1, OWNER, 10, "spam", 1, 100, 100))
    given(CREATION, *kept).when(KEEP).then()


def test_a_removed_one_can_be_appealed_for_once() -> None:
    removed = (*MADE, *HIDDEN, REMOVED)
    given(CREATION, *MADE, *HIDDEN).when(REMOVE).then(REMOVED, BARRED)
    given(CREATION, *removed).when(REMOVE).then()
    given(CREATION, *removed).when(APPEAL).then(APPEALED)
    given(CREATION, *removed, APPEALED).when(APPEAL).then_refused("APPEAL_NOT_POSSIBLE")
    given(CREATION, *removed, APPEALED).when(REMOVE).then(REMOVED)
    given(CREATION, *removed, APPEALED, REMOVED).when(APPEAL).then_refused("APPEAL_NOT_POSSIBLE")
    given(CREATION, *removed, APPEALED).when(KEEP).then(KEPT, SHOWN)
    given(CREATION, *removed, APPEALED, KEPT, SHOWN).when(REMOVE).then(REMOVED, UNSEEN, BARRED)
    given(CREATION, *removed, APPEALED, KEPT, SHOWN, REMOVED, UNSEEN).when(APPEAL).then(APPEALED)
    given(CREATION, *MADE).when(APPEAL).then_refused("APPEAL_NOT_POSSIBLE")


def test_new_accounts_together_weigh_as_much_as_one() -> None:
    """However many they are; and whoever has been there for long counts for whom they are."""
    crowd = [replace(REPORT, by=by, weight=25, hide_after=3) for by in range(100, 200)]
    story = given(CREATION, *MADE)
    for report in crowd:
        events = CREATION.decide(report, story.state, NOW)
        assert [type(event) for event in events] == [PictureReported]
        story = given(CREATION, *story.history, *events)
    assert together(story.state.showing.open_reports) == 100
    for by in (10, 11):
        events = CREATION.decide(replace(REPORT, by=by, hide_after=3), story.state, NOW)
        story = given(CREATION, *story.history, *events)
    assert events[1:] == [PictureHidden(1, OWNER, 102), UNSEEN]


def test_an_account_is_new_for_a_while_and_one_that_was_not_heard_of_is_new() -> None:
    day = timedelta(days=1)
    assert [weigh(since, day, NOW) for since in (None, NOW, NOW - day + timedelta(seconds=1), NOW - day)] == [
        25,
        25,
        25,
        100,
    ]
    assert weigh(None, timedelta(0), NOW) == 100
    assert together([]) == 0
    assert together([Report(1, 100), Report(2, 25), Report(3, 25)]) == 150


def test_whoever_leaves_stands_behind_no_report_any_more() -> None:
    leave = WithdrawReport(1, STRANGER)
    given(CREATION, *MADE).when(leave).then()
    given(CREATION, *MADE, REPORTED).when(leave).then(ReportWithdrawn(1, OWNER, STRANGER, 0, 0, waiting=False))
    withdrawn = (*MADE, REPORTED, REPORTED_AGAIN, ReportWithdrawn(1, OWNER, STRANGER, 1, 100, waiting=True))
    given(CREATION, *MADE, REPORTED, REPORTED_AGAIN).when(leave).then(withdrawn[-1])
    given(CREATION, *withdrawn).when(leave).then()
    given(CREATION, *withdrawn).when(REPORT).then()  # nor can the same one report it again
    given(CREATION, *withdrawn).when(replace(REPORT, by=11)).then(
        PictureReported(1, OWNER, 11, "spam", 2, 100, 200), *HIDDEN[2:]
    )
    # What is hidden waits for a moderator, even when nobody is left who wanted it hidden.
    gone = (*MADE, *HIDDEN, ReportWithdrawn(1, OWNER, STRANGER, 1, 100, waiting=True))
    given(CREATION, *gone).when(WithdrawReport(1, 9)).then(ReportWithdrawn(1, OWNER, 9, 0, 0, waiting=True))
    given(CREATION, *MADE, *HIDDEN, KEPT, SHOWN).when(leave).then()


def test_reports_alone_bar_it_from_nothing() -> None:
    """Its battle goes on until its owner or a moderator stands against it, and hears of that once."""
    state = given(CREATION, *MADE, *HIDDEN).state.showing
    assert (state.visible, state.barred) == (False, False)
    private = (*MADE, *HIDDEN, PublicityChosen(1, OWNER, is_public=False), BARRED)
    given(CREATION, *private).when(REMOVE).then(REMOVED)
    given(CREATION, *private, REMOVED).when(SHOW).then(PublicityChosen(1, OWNER, is_public=True))
    given(CREATION, *MADE, *MADE_PRIVATE, PublicityChosen(1, OWNER, is_public=True), SHOWN).when(REMOVE).then(
        REMOVED, UNSEEN, BARRED
    )


def test_nobody_judges_in_their_own_case() -> None:
    given(CREATION, *MADE, *HIDDEN).when(replace(KEEP, by=OWNER)).then_refused("PERMISSION_DENIED")


def test_what_is_hidden_is_not_shown_by_its_owner() -> None:
    given(CREATION, *MADE, *HIDDEN).when(HIDE).then(PublicityChosen(1, OWNER, is_public=False), BARRED)
    private = (*MADE, *HIDDEN, PublicityChosen(1, OWNER, is_public=False))
    given(CREATION, *private).when(KEEP).then(KEPT)
    given(CREATION, *private).when(SHOW).then(PublicityChosen(1, OWNER, is_public=True))


def test_picks_are_public_ones() -> None:
    picked = PictureFeatured(1, OWNER, 21, featured=True)
    given(CREATION, *MADE).when(FEATURE).then(picked)
    given(CREATION, *MADE, picked).when(FEATURE).then()
    given(CREATION, *MADE, picked).when(replace(FEATURE, featured=False)).then(replace(picked, featured=False))
    given(CREATION, *MADE, *MADE_PRIVATE).when(FEATURE).then_refused("CREATION_PRIVATE")


COMMANDS = st.sampled_from(
    [
        HIDE,
        SHOW,
        RETAG,
        APPEAL,
        KEEP,
        REMOVE,
        FEATURE,
        *[replace(REPORT, by=by) for by in range(8, 13)],
        WithdrawReport(1, 8),
    ]
)


@for_any(st.lists(COMMANDS, max_size=30))
def test_whatever_is_done_changes_of_visibility_are_told_and_the_state_survives_json(commands: list[object]) -> None:
    state, visible, barred = given(CREATION, *MADE).state, True, False
    for command in commands:
        try:
            events = CREATION.decide(command, state, NOW)  # type: ignore[arg-type]  # hypothesis knows objects only
        except ServiceError:
            continue
        for event in events:
            if isinstance(event, VisibilityChanged):
                assert event.visible is not visible
                visible = event.visible
            if isinstance(event, PictureBarred):
                assert not barred
                barred = True
            state = CREATION.evolve(state, event)
        if state.showing:
            assert state.showing.visible is visible
            assert barred or not state.showing.barred
            barred = state.showing.barred
    assert msgspec.json.decode(msgspec.json.encode(state), type=Creation) == state


def test_a_state_from_before_showing_was_kept_is_as_its_order_had_it() -> None:
    before = msgspec.to_builtins(given(CREATION, *MADE).state)
    del before["showing"]
    state = msgspec.convert(before, Creation, strict=False)
    assert CREATION.decide(SHOW, state, NOW) == []


def test_reports_from_before_they_were_weighed_are_full_ones() -> None:
    told = msgspec.json.decode(
        b'{"creation_id":1,"user_id":7,"by":9,"reason":"hate","reports":1}', type=PictureReported
    )
    assert given(CREATION, *MADE, told).state.showing.open_reports == (Report(9, 100),)
    before = msgspec.to_builtins(given(CREATION, *MADE, *HIDDEN).state)
    before["showing"] = {"is_public": True, "hidden": True, "waiting": True, "reports": 2, "reporters": [8, 9]}
    state = msgspec.convert(before, Creation, strict=False)
    assert CREATION.decide(KEEP, state, NOW) == [KEPT, SHOWN]


def test_tags_are_the_same_however_they_are_typed() -> None:
    assert normalised_tags(
        ["#Lake", "lake ", " LAKE", "stra\u00dfe", "\uff21\uff35\uff34  x", "\0", "##", "\x85#", "\x85#lake"]
    ) == (
        "lake",
        "strasse",
        "aut x",
    )
    assert normalised_tags([]) == ()
    for bad in ([str(number) for number in range(11)], ["x" * 31]):
        with refused("VALIDATION_ERROR"):
            normalised_tags(bad)


@for_any(st.lists(st.text(max_size=20), max_size=10))
def test_normalised_tags_are_storable_and_stay_as_they_are(given_tags: list[str]) -> None:
    try:
        tags = normalised_tags(given_tags)
    except ServiceError:
        return
    assert normalised_tags(tags) == tags
    assert all("\0" not in tag and tag.encode() and len(tag) <= 30 for tag in tags)
