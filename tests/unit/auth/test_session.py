"""When a refresh token is good, and when it betrays a theft."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from kernel.decider import Codec
from services.auth.domain import (
    SESSION,
    Session,
    SessionRevoked,
    SessionStarted,
    StartSession,
    TokenConfirmed,
    UseToken,
)
from tests.given import NOW, Given, given

GRACE_S = 30.0
IN_GRACE = NOW + timedelta(seconds=GRACE_S)
AFTER_GRACE = IN_GRACE + timedelta(microseconds=1)
STARTED = SessionStarted("s", 7, "first")
CONFIRMED = TokenConfirmed("second", NOW)
REVOKED = SessionRevoked("s", 7, "theft")


def use(token: str, parent: str | None) -> UseToken:
    return UseToken("s", token, parent, GRACE_S)


FIRST = use("first", None)
SECOND, SECONDS_SIBLING = use("second", "first"), use("other", "first")
THIRD = use("third", "second")


def started() -> Given:
    return given(SESSION, STARTED)


def rotated() -> Given:
    return given(SESSION, STARTED, CONFIRMED)


def test_a_session_starts_with_its_first_token() -> None:
    given(SESSION).when(StartSession("s", 7, "first")).then(STARTED)


def test_a_session_starts_once() -> None:
    started().when(StartSession("s", 7, "other")).then()


def test_a_session_that_does_not_exist_has_no_good_token() -> None:
    given(SESSION).when(FIRST).then_refused("INVALID_TOKEN")


def test_the_current_token_is_good_however_often_it_comes() -> None:
    started().when(FIRST).then()
    started().when(FIRST, now=NOW + timedelta(days=29)).then()


def test_the_first_use_of_an_issued_token_confirms_it() -> None:
    started().when(SECOND).then(CONFIRMED)
    assert rotated().state == Session(7, current="second", previous="first", superseded_at=NOW)


def test_a_superseded_token_is_good_for_the_grace_time_and_then_a_theft() -> None:
    rotated().when(FIRST, now=IN_GRACE).then()
    rotated().when(FIRST, now=AFTER_GRACE).then(REVOKED)


def test_a_sibling_of_the_current_token_is_good_for_the_grace_time_and_then_a_theft() -> None:
    rotated().when(SECONDS_SIBLING, now=IN_GRACE).then()
    rotated().when(SECONDS_SIBLING, now=AFTER_GRACE).then(REVOKED)


def test_a_token_two_generations_old_is_a_theft_at_once() -> None:
    history = given(SESSION, STARTED, CONFIRMED, TokenConfirmed("third", NOW))
    history.when(SECOND).then()
    history.when(FIRST).then(REVOKED)
    history.when(SECONDS_SIBLING).then(REVOKED)


def test_the_current_token_is_still_good_after_others_came_in_grace() -> None:
    rotated().when(SECOND, now=AFTER_GRACE).then()
    rotated().when(THIRD, now=AFTER_GRACE).then(TokenConfirmed("third", AFTER_GRACE))


def test_a_token_without_parent_that_is_not_current_is_a_theft_before_any_rotation() -> None:
    started().when(use("other", None)).then(REVOKED)


def test_a_revoked_session_stays_revoked_and_says_so_once() -> None:
    history = given(SESSION, STARTED, CONFIRMED, REVOKED)
    for command in (FIRST, SECOND, THIRD):
        history.when(command).then()
    assert history.state.revoked


@dataclass(eq=False)
class Token:
    """A refresh token: what it was issued from, and when something issued from it was first used."""

    name: str
    parent: "Token | None" = None
    superseded_at: datetime | None = None


class RotationConfirmedByUse(RuleBasedStateMachine):
    """Against a second reading of the rule, which remembers everything: all tokens that were ever current."""

    tokens: Bundle[Token] = Bundle("tokens")

    @initialize(target=tokens)
    def start(self) -> Token:
        self.now = NOW
        first = Token("t0")
        self.line = [first]
        self.issued = 1
        self.stolen = False
        self.state = Session()
        self.history = SESSION.decide(StartSession("s", 7, first.name), self.state, self.now)
        self.state = SESSION.evolve(self.state, self.history[0])
        return first

    @rule(seconds=st.sampled_from([0, 1, 29, 30, 31, 3600]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=tokens, token=tokens)
    def present(self, token: Token) -> Token:
        """Any token, ever so old; the holder keeps what is answered, or the same token where nothing is."""
        self.expect(token)
        command = UseToken("s", token.name, token.parent.name if token.parent else None, GRACE_S)
        for event in SESSION.decide(command, self.state, self.now):
            self.history.append(event)
            self.state = SESSION.evolve(self.state, event)
        assert self.state.revoked == self.stolen
        if self.stolen:
            return token
        child = Token(f"t{self.issued}", parent=self.line[-1])
        self.issued += 1
        return child

    def expect(self, token: Token) -> None:
        current = self.line[-1]
        if self.stolen or token is current:
            return
        if token.parent is current:
            current.superseded_at = self.now
            self.line.append(token)
        elif not self.just_superseded(token) and not (token.parent and self.just_superseded(token.parent)):
            self.stolen = True

    def just_superseded(self, token: Token) -> bool:
        if len(self.line) < 2 or token is not self.line[-2] or token.superseded_at is None:
            return False
        return (self.now - token.superseded_at).total_seconds() <= GRACE_S

    @invariant()
    def the_state_is_the_fold_of_the_events_and_survives_being_stored(self) -> None:
        assert given(SESSION, *self.history).state == self.state
        assert Codec(SESSION).state(SESSION, Codec.encode(self.state)) == self.state

    @invariant()
    def the_current_token_is_the_last_confirmed_one(self) -> None:
        assert self.state.current == self.line[-1].name
        assert self.state.previous == (self.line[-2].name if len(self.line) > 1 else None)


TestRotationConfirmedByUse = RotationConfirmedByUse.TestCase
TestRotationConfirmedByUse.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)


class HonestPhones(RuleBasedStateMachine):
    """One honest holder can never be taken for a thief, whatever answers are lost, doubled or not stored."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.stored: tuple[str, str | None] = ("t0", None)
        self.issued = 1
        self.state = Session()
        self.state = SESSION.evolve(self.state, SESSION.decide(StartSession("s", 7, "t0"), self.state, self.now)[0])

    @rule(seconds=st.sampled_from([0, 1, 31, 3600, 86400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(stores=st.booleans(), at_once=st.integers(1, 3))
    def refresh(self, stores: bool, at_once: int) -> None:
        """Perhaps several times at once; perhaps the answer is lost, or the phone is one that never stores it."""
        token, parent = self.stored
        for _ in range(at_once):
            for event in SESSION.decide(UseToken("s", token, parent, GRACE_S), self.state, self.now):
                self.state = SESSION.evolve(self.state, event)
            assert not self.state.revoked
        if stores:
            self.stored = (f"t{self.issued}", self.state.current)
            self.issued += 1


TestHonestPhones = HonestPhones.TestCase
TestHonestPhones.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
