"""The audit chain and its anchor outside the database: whatever is done to either is seen."""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from factories import DAY, register
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from tampering import WAYS, chain, unlock
from typer.testing import CliRunner

from jobs import anchor as job
from jobs.__main__ import app
from monitor import anchors, audit, database
from monitor.errors import Conflict
from monitor.privacy import Keyring
from monitor.service import Service, today
from monitor.tables import Alert, AlertEvent, AuditEntry


def test_a_sound_chain_is_well_and_an_anchor_says_nothing_twice(service: Service) -> None:
    assert anchors.check(service).well
    assert anchors.write(service, why="empty") is None
    chain(service, 5)
    assert [one.kind for one in anchors.check(service).breaks] == ["unanchored"]
    line = anchors.write(service, why="test")
    assert line is not None
    assert anchors.write(service, why="again") is None
    chain(service, 3)
    assert job.anchor(service, today())["entry"] == line["id"] + 3
    found = anchors.check(service)
    assert (found.breaks, found.entries, found.anchored) == ((), 8, line["id"] + 3)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_tamper_is_seen_every_time(service: Service, way: str) -> None:
    chain(service, 12)
    anchors.write(service, why="test")
    unlock(service)
    for seed in range(25):
        assert anchors.check(service).well
        kept = _copy(service)
        with database.transaction(service.engine) as session:
            WAYS[way](session, random.Random(seed))
        assert not anchors.check(service).well, f"{way} with seed {seed} went unseen"
        _put_back(service, kept)


@pytest.mark.parametrize("way", ["truncate", "rewrite"])
def test_without_the_anchor_these_two_would_go_unseen(service: Service, way: str) -> None:
    chain(service, 12)
    unlock(service)
    with database.transaction(service.engine) as session:
        WAYS[way](session, random.Random(1))
        assert list(audit.broken_links(session)) == []


@pytest.mark.parametrize("table", ["audit_entries", "alert_events"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_itself_refuses_to_change_what_only_grows(service: Service, table: str, statement: str) -> None:
    if statement.startswith("TRUNCATE") and service.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    chain(service, 1)
    with database.transaction(service.engine) as session:
        home = register(session)[0]
        alert = Alert(
            household_id=home.id, level="red", level_since_on=DAY, region="3", county="3", opened_on=DAY, seen_on=DAY
        )  # fmt: skip
        session.add(alert)
        session.flush()
        session.add(AlertEvent(alert_id=alert.id, kind="opened"))
    with pytest.raises(DBAPIError, match="append only"), service.engine.begin() as connection:
        connection.exec_driver_sql(statement.format(table))
    with database.reading(service.engine) as session:
        assert session.get(AuditEntry, 1) is not None
        assert session.get(AlertEvent, 1) is not None


def _lines(service: Service) -> list[bytes]:
    return service.settings.anchor.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: [lines[0].replace(b'"count":2', b'"count":3'), *lines[1:]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[0], b"not a line\n", *lines[1:]],
        lambda lines: [lines[0], lines[1][:40]],
        lambda lines: [b'{"id":1}\n', *lines],
        lambda lines: [b"[]\n", *lines],
    ],
    ids=["altered", "swapped", "one taken out", "one put in", "torn", "unsigned", "of another kind"],
)
def test_a_tampered_anchor_is_seen_as_such(sqlite_service: Service, harm: Callable[[list[bytes]], list[bytes]]) -> None:
    for _ in range(3):
        chain(sqlite_service, 2)
        anchors.write(sqlite_service, why="test")
    sqlite_service.settings.anchor.write_bytes(b"".join(harm(_lines(sqlite_service))))
    assert "anchor" in {one.kind for one in anchors.check(sqlite_service).breaks}


def test_an_anchor_signed_with_another_key_is_seen(sqlite_service: Service) -> None:
    chain(sqlite_service, 2)
    forger = replace(sqlite_service, keyring=Keyring(bytes(32)))
    anchors.write(forger, why="forged")
    assert anchors.check(forger).well
    assert [one.kind for one in anchors.check(sqlite_service).breaks] == ["anchor"]


def test_a_lost_anchor_is_not_taken_for_a_sound_chain(sqlite_service: Service) -> None:
    chain(sqlite_service, 2)
    anchors.write(sqlite_service, why="test")
    sqlite_service.settings.anchor.unlink()
    assert [one.kind for one in anchors.check(sqlite_service).breaks] == ["unanchored"]


def test_the_anchor_may_lie_on_another_disk_and_must_be_writable(sqlite_service: Service, tmp_path: Path) -> None:
    elsewhere = replace(
        sqlite_service, settings=replace(sqlite_service.settings, anchor_file=tmp_path / "disk" / "anchor.jsonl")
    )
    anchors.require(elsewhere)
    chain(elsewhere, 1)
    anchors.write(elsewhere, why="test")
    assert json.loads((tmp_path / "disk" / "anchor.jsonl").read_text())["count"] == 1
    blocked = replace(elsewhere, settings=replace(elsewhere.settings, anchor_file=tmp_path / "disk"))
    with pytest.raises(Conflict, match="anchor"):
        anchors.require(blocked)
    job.after(blocked, today(), why="scan")  # a job that has done its work is not undone by it


def test_many_that_anchor_at_once_leave_lines_that_hold(service: Service) -> None:
    def work() -> None:
        for _ in range(5):
            chain(service, 1)
            anchors.write(service, why="thread")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    anchors.write(service, why="last")
    found = anchors.check(service)
    assert (found.breaks, found.entries, found.anchored) == ((), 20, 20)


def test_verify_at_the_terminal_ends_with_one_when_something_does_not_hold(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(service.settings.home))
    monkeypatch.setenv("LOWINCOME_DATABASE_URL", service.settings.database_url)
    chain(service, 4)
    assert CliRunner().invoke(app, ["audit", "anchor"]).exit_code == 0
    said = CliRunner().invoke(app, ["audit", "verify"])
    assert (said.exit_code, "4 entries" in said.output) == (0, True)
    unlock(service)
    with database.transaction(service.engine) as session:
        WAYS["truncate"](session, random.Random(3))
    said = CliRunner().invoke(app, ["audit", "verify"])
    assert (said.exit_code, "anchored entry 4 is gone" in said.output) == (1, True)


def _copy(service: Service) -> list[dict[str, object]]:
    with database.reading(service.engine) as session:
        return [dict(row) for row in session.execute(AuditEntry.__table__.select()).mappings()]


def _put_back(service: Service, rows: list[dict[str, object]]) -> None:
    with database.transaction(service.engine) as session:
        _empty(session)
        session.execute(AuditEntry.__table__.insert(), rows)


def _empty(session: Session) -> None:
    session.execute(text("DELETE FROM audit_entries"))
