from pathlib import Path

from deploy.local.logs import ROTATE_AT_BYTES, Follower, last_lines, rotate


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    rotate(log)
    log.write_text("small")
    rotate(log)
    assert log.read_text() == "small"


def test_large_logs_are_put_aside_and_only_three_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    for number in range(5):
        log.write_text(str(number) * ROTATE_AT_BYTES)
        rotate(log)
    assert not log.exists()
    kept = {path.name: path.read_text()[0] for path in tmp_path.iterdir()}
    assert kept == {"auth.log.1": "4", "auth.log.2": "3", "auth.log.3": "2"}


def test_last_lines_of_a_log_that_is_not_there_are_none(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none.log", 5) == []


def test_last_lines_bear_bytes_that_are_no_text(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_bytes(b"one\ntwo \xff\nthree\n")
    assert last_lines(log, 2) == ["two \N{REPLACEMENT CHARACTER}", "three"]


def test_following_yields_whole_new_lines_of_every_log_with_its_name(tmp_path: Path) -> None:
    auth, ledger = tmp_path / "auth.log", tmp_path / "ledger.log"
    auth.write_text("old\n")
    lines = Follower([auth, ledger])
    auth.open("a").close()
    assert lines.new() == []
    append(auth, "a whole line\nhalf a ")
    append(ledger, "booked\n")
    assert lines.new() == [("auth", "a whole line"), ("ledger", "booked")]
    append(auth, "line\n")
    assert lines.new() == [("auth", "half a line")]


def test_following_goes_on_after_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text("a long line of the old log\n")
    lines = Follower([log])
    log.write_text("new\n")
    assert lines.new() == [("auth", "new")]


def append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)
