"""Backups on both databases: whole, sealed, verified, put back equal; damaged, empty and strange ones noticed."""

import io
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from drops import DAY, drop, name, number, people, settlements
from sqlalchemy import insert, select, text, update
from typer.testing import CliRunner

from jobs.__main__ import app
from jobs.backups import back_up, backup, databases, standing, thin
from jobs.backups.archive import read
from jobs.backups.drilling import drill
from jobs.backups.restoring import rehearsal, restore
from jobs.backups.sealing import PIECE, SealedReader, SealedWriter
from monitor import anchors, audit, database, feeds
from monitor.errors import Conflict, Invalid, Refused
from monitor.lake import Lake
from monitor.migrations import walls
from monitor.service import Service, open_service
from monitor.tables import AuditEntry, Outbox, Person, Run

KEY = bytes(range(32))


@pytest.fixture
def city(service: Service, tmp_path: Path) -> Service:
    """A small register, a delivery with an error row, one that waits for a person."""
    root = tmp_path / "drops"
    drop(root, "household_register", people(40))
    drop(root, "medical_settlements", [*settlements(60, of=40), {"settlement_id": "X", "id_no": "bad"}])
    drop(root, "wages", "", day=DAY + timedelta(days=1))
    feeds.ingest_folder(service, root)
    return service


def sealed(data: bytes, key: bytes = KEY) -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, key)
    writer.write(data)
    writer.finish()
    return out.getvalue()


def opened(data: bytes, key: bytes = KEY) -> bytes:
    return io.BufferedReader(SealedReader(io.BytesIO(data), key)).read()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_comes_out_equal(size: int) -> None:
    data = bytes(at % 251 for at in range(1000)) * (size // 1000 + 1)
    assert opened(sealed(data[:size])) == data[:size]


def test_a_sealed_file_cut_off_anywhere_is_noticed() -> None:
    whole = sealed(b"x" * (2 * PIECE + 10))
    for end in (0, 10, 43, 60, PIECE, 43 + PIECE + 16, 43 + 2 * (PIECE + 16), len(whole) - 1):
        with pytest.raises(Invalid):
            opened(whole[:end])


def test_a_sealed_file_with_a_changed_swapped_or_added_piece_is_noticed() -> None:
    whole = sealed(b"a" * PIECE + b"b" * PIECE + b"c")
    head, size = 43, PIECE + 16
    first, second, rest = whole[head : head + size], whole[head + size : head + 2 * size], whole[head + 2 * size :]
    for wrong in (
        whole[:head] + second + first + rest,
        whole[:head] + first + rest,
        whole[:head] + first + first + second + rest,
        whole + b"more",
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole[:30] + bytes([whole[30] ^ 1]) + whole[31:],
    ):
        with pytest.raises(Invalid):
            opened(wrong)


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(Invalid, match="another master key"):
        opened(sealed(b"x"), bytes(32))


def test_a_backup_put_back_is_equal_row_for_row_and_file_for_file(city: Service) -> None:
    made = back_up(city)
    with rehearsal(city.settings) as place:
        done = restore(made.path, place)
        assert done.differences == ()
        assert done.manifest == made.manifest
        assert done.manifest.tables["people"].rows == 40
        put_back = database.connect(place)
        with put_back.connect() as connection:
            walls.require(connection)  # as it came back, before anybody's start puts up what is missing
        put_back.dispose()
        again = open_service(place)
        with database.reading(again.engine) as session:
            assert list(audit.broken_links(session)) == []
            names = [again.keyring.decrypt(row.name, about="people.name") for row in session.query(Person)]
        assert sorted(names) == sorted(name(person) for person in range(40))
        again.engine.dispose()
        for file in city.lake.rglob("*.parquet"):
            assert (place.lake / file.relative_to(city.lake)).read_bytes() == file.read_bytes()
        held = list(place.received.glob("*.held"))
        assert [file.read_bytes() for file in held] == [
            file.read_bytes() for file in city.settings.received.glob("*.held")
        ]


def test_a_stolen_backup_shows_nobody(city: Service) -> None:
    made = back_up(city)
    stolen = made.path.read_bytes()
    for person in range(40):
        assert number(person).encode() not in stolen
        assert name(person).encode() not in stolen
    assert b"medical" not in stolen
    assert b"SQLite format" not in stolen
    assert b"PGDMP" not in stolen
    assert made.path.stat().st_mode & 0o077 == 0


def test_the_copy_inside_a_backup_shows_no_number_either(city: Service, tmp_path: Path) -> None:
    made = back_up(city)
    (tmp_path / "open").mkdir()
    read(made.path, city.keyring.backup_key, into=tmp_path / "open")
    inside = [file.read_bytes() for file in (tmp_path / "open").rglob("*") if file.is_file()]
    assert not any(number(person).encode() in data for person in range(40) for data in inside)


def test_nothing_is_left_beside_a_backup(city: Service) -> None:
    back_up(city)
    assert [path.suffix for path in city.settings.backups.iterdir()] == [".lowincome-backup"]


def test_an_empty_or_cut_off_backup_fails_the_drill(city: Service) -> None:
    made = back_up(city)
    whole = made.path.read_bytes()
    for kept in (0, 20, len(whole) // 2, len(whole) - 1):
        made.path.write_bytes(whole[:kept])
        with pytest.raises(Refused):
            drill(city, DAY)
    made.path.write_bytes(whole)
    assert drill(city, DAY)["rows"] == made.manifest.rows


def test_a_drill_without_any_backup_is_refused(service: Service) -> None:
    with pytest.raises(Invalid, match="no backup"):
        drill(service, DAY)


def test_a_drill_notices_rows_that_are_not_as_they_were(city: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made = back_up(city)
    put_back = databases.put_back

    def tampered(path: Path, engine: databases.Engine) -> None:
        put_back(path, engine)
        with engine.begin() as connection:
            connection.execute(update(Person).where(Person.id == 1).values(sex="2"))

    monkeypatch.setattr(databases, "put_back", tampered)
    with pytest.raises(Invalid, match="table people: 40 -> 40"):
        drill(city, DAY, archive=made.path)


def test_a_lake_file_that_is_missing_or_altered_stops_the_backup_and_leaves_none(city: Service) -> None:
    path = Lake(city.lake).facts_path("medical_settlements", 2)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"?")
    with pytest.raises(Invalid, match="altered"):
        back_up(city)
    path.unlink()
    with pytest.raises(Invalid, match="missing"):
        back_up(city)
    assert list(city.settings.backups.iterdir()) == []


def test_a_living_installation_is_never_overwritten(city: Service) -> None:
    made = back_up(city)
    with pytest.raises(Conflict):
        restore(made.path, city.settings)
    with rehearsal(city.settings) as place:
        restore(made.path, place)
        with pytest.raises(Conflict):
            restore(made.path, place)
        elsewhere = replace(place, home=place.home / "other")
        if not place.database_url.startswith("sqlite"):
            with pytest.raises(Conflict, match="not empty"):
                restore(made.path, elsewhere)


def test_a_restore_with_another_master_key_is_refused(city: Service, tmp_path: Path) -> None:
    made = back_up(city)
    other = open_service(replace(city.settings, home=tmp_path / "o", database_url=f"sqlite:///{tmp_path}/o.db",
                                 key_file=tmp_path / "other.key"))  # fmt: skip
    other.engine.dispose()
    with rehearsal(city.settings) as place, pytest.raises(Invalid, match="another master key"):
        restore(made.path, replace(place, key_file=tmp_path / "other.key"))


def test_only_the_newest_backups_are_kept(service: Service) -> None:
    made = [backup(service, DAY, keep=3)["archive"] for _ in range(5)]
    assert [path.name for path in standing(service.settings.backups)] == made[:1:-1]
    with pytest.raises(Invalid):
        thin(service.settings.backups, keep=0)


def test_a_backup_beside_busy_writers_is_of_one_instant(city: Service) -> None:
    """Two rows are written in each transaction: a copy that holds an odd number saw half of one."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with city.engine.begin() as connection:
                for subject in ("one", "two"):
                    connection.execute(insert(Outbox).values(kind="t", subject=subject, payload={}))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [back_up(city).manifest.tables["outbox"].rows for _ in range(4)]
    finally:
        stop.set()
        writer.join()
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[-1] > 0
    assert drill(city, DAY)["tables"] > 10


def test_a_plain_copy_of_the_files_would_not_do(sqlite_service: Service, tmp_path: Path) -> None:
    """The control: without the online backup what lies in the write-ahead log is lost."""
    with sqlite_service.engine.begin() as connection:
        connection.execute(insert(Outbox).values(kind="t", subject="one", payload={}))
    plain = tmp_path / "plain.db"
    plain.write_bytes((sqlite_service.settings.home / "lowincome.db").read_bytes())
    try:
        with closing(sqlite3.connect(plain)) as copy:
            found = copy.execute("SELECT count(*) FROM outbox").fetchone()[0]
    except sqlite3.DatabaseError:
        found = None
    assert found != 1


def test_a_backup_older_than_what_the_auditors_hold_is_told_by_its_head(city: Service) -> None:
    made = back_up(city)
    with database.transaction(city.engine) as session:
        head = audit.record(session, by="test", action="later", subject="x").hash
    with rehearsal(city.settings) as place:
        restore(made.path, place)
        again = open_service(place)
        with database.reading(again.engine) as session:
            held = set(session.scalars(text("SELECT hash FROM audit_entries")))
        again.engine.dispose()
    assert made.manifest.audit_head in held
    assert head not in held


def test_of_a_backup_older_than_the_anchor_audit_verify_says_which_entries_are_gone(
    city: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Yesterday's backup is put back beside the anchor of today, which lies on another disk."""
    kept = replace(city, settings=replace(city.settings, anchor_file=tmp_path / "disk" / "anchor.jsonl"))
    anchors.write(kept, why="yesterday")
    made = back_up(kept)
    gone = []
    for _ in range(2):
        with database.transaction(kept.engine) as session:
            gone.append(audit.record(session, by="test", action="later", subject="x").id)
        anchors.write(kept, why="today")
    with rehearsal(kept.settings) as place:
        assert restore(made.path, place).differences == ()
        again = open_service(place)
        found = anchors.check(again)
        assert [(one.kind, one.at) for one in found.breaks] == [("missing", number) for number in gone]
        assert found.anchored == gone[-1]
        again.engine.dispose()
        for name, value in (
            ("HOME", place.home), ("DATABASE_URL", place.database_url), ("KEY_FILE", place.key_file),
            ("AUDIT_ANCHOR", place.anchor),
        ):  # fmt: skip
            monkeypatch.setenv(f"LOWINCOME_{name}", str(value))
        said = CliRunner().invoke(app, ["audit", "verify"])
        assert said.exit_code == 1
        assert [f"anchored entry {number} is gone" in said.output for number in gone] == [True, True]


def test_two_backups_of_the_same_state_say_the_same(city: Service) -> None:
    first, second = back_up(city), back_up(city)
    assert first.manifest.tables == second.manifest.tables
    assert {n: e for n, e in first.manifest.files.items() if n != first.manifest.database} == {
        n: e for n, e in second.manifest.files.items() if n != second.manifest.database
    }
    with database.transaction(city.engine) as session:
        session.add(AuditEntry(by="x", action="x", subject="x", previous="0" * 64, hash="1" * 64))
    assert back_up(city).manifest.tables["audit_entries"] != first.manifest.tables["audit_entries"]


def test_a_disk_that_fails_is_said_in_words_at_the_terminal_and_in_the_ledger(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    monkeypatch.setenv("LOWINCOME_BACKUPS", "/dev/full/backups")
    said = CliRunner().invoke(app, ["backup"])
    assert (said.exit_code, "Traceback" in said.output) == (3, False)
    assert "文件或磁盘操作失败（Not a directory）" in said.output
    assert "run this again" in said.output
    with database.reading(sqlite_service.engine) as session:
        (entry,) = session.scalars(select(Run))
    assert (entry.status, entry.problem) == ("failed", "NotADirectoryError: Not a directory")


def test_backup_drill_and_restore_at_the_terminal(
    city: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if city.engine.dialect.name != "sqlite":
        pytest.skip("the terminal is the same for both databases")
    monkeypatch.setenv("LOWINCOME_HOME", str(city.settings.home))
    terminal = CliRunner()
    assert terminal.invoke(app, ["drill"]).exit_code == 3
    assert terminal.invoke(app, ["backup", "--keep", "2"]).exit_code == 0
    assert terminal.invoke(app, ["drill"]).exit_code == 0
    with database.reading(city.engine) as session:
        ended = [(run.job, run.status) for run in session.query(Run).order_by(Run.started_at)]
    assert sorted(ended) == [("backup", "done"), ("drill", "done")]  # a date has one row, whatever its attempts
    archive, key = str(standing(city.settings.backups)[0]), str(city.settings.key_file)
    into = ["--into", str(tmp_path / "new"), "--key", key]
    said = terminal.invoke(app, ["restore", archive, *into])
    assert (said.exit_code, "equal, row for row" in said.output) == (0, True)
    assert terminal.invoke(app, ["restore", archive, *into]).exit_code == 3
