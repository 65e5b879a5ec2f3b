"""The log: fixed words and listed fields; whatever goes wrong, nobody's data is in it."""

import ast
import io
import json
import logging
import threading
import uuid
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import run, terminal
from monitor import logs
from monitor.errors import Invalid
from monitor.service import Service

ROOT = Path(__file__).parent.parent
CANARY = "340202199001011234"
NAME = "王桂兰"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log says in production; the handlers of before come back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    logs.install(production=True, stream=stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def failing(number: str) -> None:
    raise ValueError(f"cannot read {number} of {NAME}")


def test_a_line_has_its_time_level_place_words_and_listed_fields(written: io.StringIO) -> None:
    logging.getLogger("jobs.scan").info("chunk settled", extra={"county": "340202", "rows": 250_000, "seconds": 1.25})
    (line,) = lines(written)
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {
        "level": "INFO", "logger": "jobs.scan", "event": "chunk settled", "county": "340202", "rows": 250_000,
        "seconds": 1.25,
    }  # fmt: skip


def test_arguments_of_a_librarys_message_are_left_out_and_leave_no_holes(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process [%d]", int(CANARY))
    logging.getLogger("jobs.scan").info("100% done")
    warnings.warn(CANARY, DeprecationWarning, stacklevel=1)
    assert [line["event"] for line in lines(written)] == ["Started server process […]", "100% done"]


def test_an_id_number_in_an_exception_never_reaches_the_log(written: io.StringIO) -> None:
    try:
        failing(CANARY)
    except ValueError:
        logging.getLogger("jobs.scan").exception("row refused")
    (line,) = lines(written)
    assert line["error"] == "ValueError"
    assert "test_monitor_logs.py" in str(line["at"])
    assert CANARY not in written.getvalue()
    assert NAME not in written.getvalue()


def test_an_exception_caused_by_another_tells_neither(written: io.StringIO) -> None:
    try:
        try:
            failing(CANARY)
        except ValueError as error:
            raise RuntimeError(f"again {CANARY} {NAME}") from error
    except RuntimeError:
        logging.getLogger("api").exception("request failed")
    assert CANARY not in written.getvalue()
    assert NAME not in written.getvalue()


def test_arguments_and_fields_that_are_not_listed_never_reach_the_log(written: io.StringIO) -> None:
    log = logging.getLogger("api")
    log.warning("refused %s of %s", CANARY, NAME)
    log.warning("refused", extra={"id_no": CANARY, "name_of": NAME, "note": NAME})
    log.warning(f"refused {CANARY}")
    log.warning("refused", extra={"feed": f"id{CANARY}", "error": f"号{CANARY}。", "rows": int(CANARY)})
    said = written.getvalue()
    assert CANARY not in said
    assert CANARY[:10] not in said
    assert NAME not in said
    assert [line["event"] for line in lines(written)] == ["refused … of …", "refused", "refused …", "refused"]


@given(st.text(alphabet="0123456789xX号 a-", min_size=0, max_size=40), st.sampled_from(sorted(logs.FIELDS)))
def test_no_field_lets_an_id_number_through_whatever_stands_around_it(around: str, field: str) -> None:
    record = logging.LogRecord("api", logging.INFO, "f", 1, around + CANARY + around, None, None)
    setattr(record, field, around + CANARY + around)
    assert CANARY not in json.dumps(logs.fields_of(record))


def test_an_id_of_a_thing_is_kept_whole(written: io.StringIO) -> None:
    run, request = uuid.UUID(int=12345678901234567890), str(uuid.uuid4())
    with logs.bound(run=run, request=request, as_of=date(2026, 3, 31)):
        logging.getLogger("jobs").info("begun")
    (line,) = lines(written)
    assert (line["run"], line["request"], line["as_of"]) == (str(run), request, "2026-03-31")


def test_what_is_bound_is_on_every_line_of_the_block_and_of_no_other_thread(written: io.StringIO) -> None:
    log, run = logging.getLogger("jobs"), uuid.uuid4()
    with logs.bound(job="scan"):
        with logs.bound(run=run):
            log.info("inner")
        other = threading.Thread(target=lambda: log.info("elsewhere"))
        other.start()
        other.join()
        log.info("outer")
    log.info("after")
    said = {str(line["event"]): (line.get("job"), line.get("run")) for line in lines(written)}
    assert said == {
        "inner": ("scan", str(run)), "elsewhere": (None, None), "outer": ("scan", None), "after": (None, None),
    }  # fmt: skip


def test_a_field_that_is_not_listed_cannot_be_bound() -> None:
    with pytest.raises(ValueError, match="id_no"), logs.bound(id_no=CANARY):
        pass


def test_a_refusal_is_quoted_because_its_words_are_written_for_people(written: io.StringIO) -> None:
    try:
        raise Invalid(zh="日期不对", en="no such date")
    except Invalid:
        logging.getLogger("jobs").exception("refused")
    assert lines(written)[0]["refused"] == "日期不对 / no such date"


def test_a_line_stays_one_line(written: io.StringIO) -> None:
    logging.getLogger("api").info("two\nlines", extra={"route": "a\nb"})
    assert len(written.getvalue().splitlines()) == 1


def test_the_server_does_not_tell_requests_a_second_time(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "10.0.0.1", "GET", "/", "1.1", 200)
    assert lines(written) == []


def test_a_terminal_is_told_the_same_and_no_more() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        logs.install(production=False, stream=stream)
        logging.getLogger("jobs").info("chunk settled %s", CANARY, extra={"rows": 3, "name_of": NAME})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert stream.getvalue()[8:] == " INFO chunk settled … rows=3\n"


def test_every_log_call_of_the_house_says_fixed_words() -> None:
    """An f-string in a log call is how a name gets into a log."""
    calls = {"debug", "info", "warning", "error", "exception", "critical"}
    loose = []
    for room in ("monitor", "models", "api", "jobs"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                    continue
                owner, fixed = node.func.value, node.args[:1] and isinstance(node.args[0], ast.Constant)
                logs_it = node.func.attr in calls and isinstance(owner, ast.Name) and "log" in owner.id.lower()
                if logs_it and not (fixed and len(node.args) == 1):
                    loose.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert loose == []


def test_a_run_that_fails_is_logged_with_its_id_and_the_kind_of_its_error_alone(
    written: io.StringIO, sqlite_service: Service
) -> None:
    with (
        pytest.raises(ValueError, match="cannot read"),
        run.leased(sqlite_service, "scan", as_of=date(2026, 3, 31)) as lease,
    ):
        logging.getLogger("jobs.scan").info("inside")
        failing(CANARY)
    said = {str(line["event"]): line for line in lines(written)}
    assert said["inside"]["run"] == said["run broken off"]["run"] == str(lease.run)
    assert (said["run broken off"]["status"], said["run broken off"]["error"]) == ("failed", "ValueError")
    assert CANARY not in written.getvalue()


def test_the_terminal_sends_the_log_through_the_same_door(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    monkeypatch.setenv("LOWINCOME_HOME", str(tmp_path))
    try:
        with terminal.opened():
            logging.getLogger("anything").error("failed %s", CANARY)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert "failed …" in capsys.readouterr().err


def test_a_line_that_cannot_be_written_is_lost_and_quotes_nothing_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    try:
        logs.install(production=True, stream=stream)
        stream.close()
        logging.getLogger("api").error("failed %s", CANARY)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert capsys.readouterr().err == ""
