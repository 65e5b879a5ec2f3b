"""Deliveries arrive by themselves: a watched folder, and other databases; each once, each tried again."""

import hashlib
import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from drops import DAY, MEDICAL, as_csv, drop, facts, people, settlements, state
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from jobs import pull as pulling
from jobs import watch as watching
from jobs.__main__ import app
from jobs.pull import pull
from jobs.watch import KEPT, watch
from monitor import database, feeds
from monitor.errors import Invalid
from monitor.feeds import receiving
from monitor.service import Service
from monitor.tables import Delivery, Pull


def inbox(service: Service) -> Path:
    service.settings.inbox.mkdir(parents=True, exist_ok=True)
    return service.settings.inbox


def done(path: Path, said: str = "") -> Path:
    marker = path.with_name(path.name + ".done")
    marker.write_text(said)
    return marker


def aside(service: Service, where: str) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in (inbox(service) / where).glob("*/*"))


def test_what_has_no_marker_waits_and_what_has_one_is_taken_in_once_and_moved(service: Service) -> None:
    root = inbox(service)
    register = drop(root, "household_register", people(10))
    bills = drop(root, "medical_settlements", settlements(20))
    assert watch(service, DAY)["waiting"] == 2
    done(bills)
    state(register, sha256=True, rows=10)
    assert watch(service, DAY) == {"waiting": 0, "retry": 0, "committed": 2, "destroyed": 0}
    assert len(facts(service, "medical_settlements")) == 20
    names = ["household_register.csv", "household_register.csv.manifest.json", "medical_settlements.csv"]
    assert aside(service, "taken") == [*names, "medical_settlements.csv.done"]
    assert [path.name for path in root.iterdir()] == ["taken"]
    assert watch(service, DAY) == {"waiting": 0, "retry": 0, "destroyed": 0}


def test_the_register_goes_first_within_a_day_and_days_go_in_order(service: Service) -> None:
    root = inbox(service)
    done(drop(root, "medical_settlements", settlements(10, start=10), day=DAY + timedelta(days=1)))
    done(drop(root, "household_register", people(10)))
    done(drop(root, "disability_registrations", "", day=DAY))
    done(drop(root, "medical_settlements", settlements(10)))
    watch(service, DAY)
    with database.reading(service.engine) as session:
        order = session.query(Delivery).filter_by(status="committed").order_by(Delivery.seq)
        assert [(one.feed, (one.received_on - DAY).days) for one in order] == [
            ("household_register", 0), ("medical_settlements", 0), ("medical_settlements", 1)
        ]  # fmt: skip


def test_a_file_that_grew_after_its_marker_waits_for_a_new_one(sqlite_service: Service) -> None:
    path = drop(inbox(sqlite_service), "household_register", people(10))
    marker = done(path)
    os.utime(marker, ns=(1, path.stat().st_mtime_ns - 1))
    assert watch(sqlite_service, DAY)["waiting"] == 1
    done(path)
    assert watch(sqlite_service, DAY)["committed"] == 1


def test_a_digest_that_does_not_fit_refuses_the_file_and_a_better_copy_is_welcome(sqlite_service: Service) -> None:
    root, good = inbox(sqlite_service), as_csv(people(10))
    digest = hashlib.sha256(good.encode()).hexdigest()
    done(drop(root, "household_register", good[:-40]), digest)
    assert watch(sqlite_service, DAY)["refused"] == 1
    state(drop(root, "household_register", good[:-30]), sha256=digest)
    assert watch(sqlite_service, DAY)["refused"] == 1
    assert facts(sqlite_service, "household_register") == []
    with database.reading(sqlite_service.engine) as session:
        said = session.scalars(select(Delivery.problems).where(Delivery.status == "refused")).all()
    assert [words in str(said) for words in (".done 中的 SHA-256", "清单中的 SHA-256")] == [True, True]
    done(drop(root, "household_register", good), f"{digest}  household_register.csv\n")
    assert watch(sqlite_service, DAY)["committed"] == 1
    assert len(aside(sqlite_service, "refused")) == 4


def test_a_file_that_breaks_us_is_refused_and_keeps_nobody_waiting(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, agreed = inbox(sqlite_service), receiving.agree

    def breaking(desk: Any, arrival: Any, *rest: Any, **more: Any) -> Any:
        if arrival.name.startswith("wages"):
            raise KeyError("nobody")
        return agreed(desk, arrival, *rest, **more)

    monkeypatch.setattr(receiving, "agree", breaking)
    done(drop(root, "wages", "a,b\n1,2\n"))
    done(drop(root, "household_register", people(10)))
    counts = watch(sqlite_service, DAY)
    assert (counts["committed"], counts["refused"], counts["retry"]) == (1, 1, 0)
    with database.reading(sqlite_service.engine) as session:
        (said,) = session.scalars(select(Delivery.problems).where(Delivery.status == "refused")).all()
    assert "KeyError" in str(said)
    assert "nobody" not in str(said)


def test_a_crash_between_taking_in_and_moving_doubles_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(drop(inbox(service), "household_register", people(10)))

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(watching, "_put_aside", crash)
        watch(service, DAY)
    assert watch(service, DAY)["duplicate"] == 1
    assert len(facts(service, "household_register")) == 10
    with database.reading(service.engine) as session:
        assert session.query(Delivery).count() == 1


def test_what_cannot_be_stored_stays_and_is_tried_again(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(drop(inbox(sqlite_service), "household_register", people(10)))

    def unreachable(*_: Any, **__: Any) -> None:
        raise OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(feeds, "ingest_arrived", unreachable)
        assert watch(sqlite_service, DAY)["retry"] == 1
    assert watch(sqlite_service, DAY)["committed"] == 1


def test_links_and_folders_in_the_drop_folder_are_never_followed(sqlite_service: Service, tmp_path: Path) -> None:
    secret = tmp_path / "household_register.csv"
    secret.write_text(as_csv(people(3)))
    link = inbox(sqlite_service) / "household_register.csv"
    link.symlink_to(secret)
    done(link)
    (inbox(sqlite_service) / "medical_settlements.csv").mkdir()
    assert watch(sqlite_service, DAY)["refused"] == 1
    assert secret.exists()
    assert facts(sqlite_service, "household_register") == []


def test_originals_put_aside_are_destroyed_after_thirty_days(sqlite_service: Service) -> None:
    done(drop(inbox(sqlite_service), "household_register", people(10)))
    watch(sqlite_service, DAY)
    long_ago = int((time.time() - KEPT.total_seconds() - 60) * 1000)
    for path in (inbox(sqlite_service) / "taken").glob("*/*.csv"):
        path.rename(path.with_name(f"{long_ago}-old.csv"))
    assert watch(sqlite_service, DAY)["destroyed"] == 1
    assert aside(sqlite_service, "taken") == ["household_register.csv.done"]


THEIRS = MetaData()
BILLS = Table(
    "v_bills", THEIRS, Column("version", Integer), Column("jsbh", String), Column("sfz", String), Column("xm", String),
    Column("jsrq", String), Column("lb", String), Column("zfy", String), Column("zf", String), Column("cx", String),
)  # fmt: skip
NAMED = dict(zip(MEDICAL, ("jsbh", "sfz", "xm", "jsrq", "lb", "zfy", "zf", "cx"), strict=True))


class Exchange:
    """Another bureau's database, and our page that says how to read it."""

    def __init__(self, folder: Path) -> None:
        self.engine = create_engine(f"sqlite:///{folder / 'exchange.db'}")
        THEIRS.create_all(self.engine)
        (folder / "exchange.url").write_text(f"sqlite:///{folder / 'exchange.db'}\n")
        (folder / "exchange.url").chmod(0o600)
        self.page = folder / "pulls.yaml"
        self.entry: dict[str, Any] = {
            "feed": "medical_settlements", "url_file": "exchange.url", "relation": "v_bills", "watermark": "version",
            "kind": "integer", "columns": NAMED,
        }  # fmt: skip
        self.write()

    def write(self, **changed: Any) -> None:
        self.page.write_text(yaml.safe_dump({"bills": self.entry | changed}, allow_unicode=True))

    def add(self, rows: list[Any], version: int) -> None:
        with self.engine.begin() as connection:
            named = [{NAMED[name]: row[name] for name in MEDICAL} | {"version": version} for row in rows]
            connection.execute(insert(BILLS), named)


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    return Exchange(tmp_path)


@pytest.fixture
def reader(service: Service, exchange: Exchange, tmp_path: Path) -> Service:
    drop(tmp_path / "first", "household_register", people(10))
    feeds.ingest_folder(service, tmp_path / "first")
    return replace(service, settings=replace(service.settings, pulls=exchange.page))


def watermark(service: Service) -> tuple[str | None, str | None]:
    with database.reading(service.engine) as session:
        row = session.get_one(Pull, "bills")
        return row.watermark, row.pending


def test_a_table_is_read_from_where_the_last_reading_ended(reader: Service, exchange: Exchange) -> None:
    assert pull(reader, DAY)["nothing_new"] == 1
    exchange.add(settlements(10), 1)
    exchange.add(settlements(10, start=10), 2)
    assert pull(reader, DAY)["committed"] == 1
    assert (len(facts(reader, "medical_settlements")), watermark(reader)) == (20, ("2", None))
    assert pull(reader, DAY)["nothing_new"] == 1
    exchange.add(settlements(5, start=20), 7)
    assert pull(reader, DAY)["committed"] == 1
    assert (len(facts(reader, "medical_settlements")), watermark(reader)) == (25, ("7", None))
    assert not list(reader.settings.home.glob(".pull-*"))


def test_a_reading_broken_off_anywhere_is_repeated_and_doubles_nothing(
    reader: Service, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(settlements(10), 1)
    deliver = pulling._deliver

    def crash_before(*_: Any) -> None:
        raise KeyboardInterrupt

    def crash_after(*given: Any) -> None:
        deliver(*given)
        raise KeyboardInterrupt

    for crash in (crash_before, crash_after, crash_after):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(pulling, "_deliver", crash)
            pull(reader, DAY)
        assert watermark(reader) == (None, "1")
        exchange.add(settlements(1, start=100), 2)
    assert pull(reader, DAY)["duplicate"] == 1
    assert watermark(reader) == ("1", None)
    assert pull(reader, DAY)["committed"] == 1
    with database.reading(reader.engine) as session:
        assert session.query(Delivery).filter_by(feed="medical_settlements").count() == 2


def test_a_big_source_is_read_in_parts_that_never_cut_between_equal_marks(
    reader: Service, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "MOST", 7)
    for version in range(4):
        exchange.add(settlements(5, start=5 * version), version)
    assert [pull(reader, DAY).get("committed") for _ in range(3)] == [1, 1, None]
    assert len(facts(reader, "medical_settlements")) == 20


def test_a_refused_reading_stays_where_it_was(reader: Service, exchange: Exchange) -> None:
    exchange.add(settlements(10), 1)
    exchange.write(columns={name: theirs for name, theirs in NAMED.items() if name != "settlement_id"})
    assert pull(reader, DAY)["refused"] == 1
    assert watermark(reader) == (None, "1")
    exchange.write()
    assert pull(reader, DAY)["committed"] == 1


def test_a_source_that_cannot_be_reached_stops_no_other(reader: Service, exchange: Exchange) -> None:
    exchange.add(settlements(10), 1)
    away = exchange.entry | {"url_file": "away.url"}
    exchange.page.write_text(yaml.safe_dump({"away": away, "bills": exchange.entry}))
    done = pull(reader, DAY)
    assert (done["unreachable"], done["committed"]) == (["away"], 1)


def test_a_source_that_is_set_up_wrongly_is_told_when_the_others_are_done(reader: Service, exchange: Exchange) -> None:
    exchange.add(settlements(10), 1)
    bare = exchange.page.with_name("bare.url")
    bare.write_text("sqlite://")
    bare.chmod(0o644)
    exchange.page.write_text(yaml.safe_dump({"a": exchange.entry | {"url_file": bare.name}, "bills": exchange.entry}))
    with pytest.raises(Invalid, match="chmod 600"):
        pull(reader, DAY)
    assert len(facts(reader, "medical_settlements")) == 10


def test_nothing_is_ever_written_where_it_is_read(exchange: Exchange) -> None:
    (source,) = pulling.read_sources(exchange.page)
    with pulling._opened(source) as engine, pulling._reading(engine) as there, pytest.raises(OperationalError):
        there.execute(insert(BILLS), [{"version": 1}])
    with exchange.engine.connect() as connection:
        assert connection.execute(select(BILLS)).all() == []


def test_a_page_with_a_hole_and_an_address_open_to_others_are_refused(reader: Service, exchange: Exchange) -> None:
    exchange.write(relation="")
    with pytest.raises(Invalid, match="relation"):
        pull(reader, DAY)
    exchange.write(kind="float")
    with pytest.raises(Invalid, match="kind"):
        pull(reader, DAY)
    exchange.write()
    exchange.page.with_name("exchange.url").chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        pull(reader, DAY)


def test_watch_and_pull_at_the_terminal(
    sqlite_service: Service, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    monkeypatch.setenv("LOWINCOME_PULLS", str(exchange.page))
    done(drop(inbox(sqlite_service), "household_register", people(10)))
    exchange.add(settlements(10), 1)
    assert CliRunner().invoke(app, ["watch", "--once"]).exit_code == 0
    assert CliRunner().invoke(app, ["pull"]).exit_code == 0
    assert len(facts(sqlite_service, "medical_settlements")) == 10
    assert watermark(sqlite_service) == ("1", None)


def test_what_stands_in_no_day_folder_is_told_and_a_refused_file_is_told_by_its_name(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    root = tmp_path / "root"
    drop(root, "household_register", people(10))
    drop(root, "wages.b", as_csv(settlements(3)))
    drop(root, "340298199001010008张三", "a,b\n1,2\n")
    (root / "20260105").mkdir()
    (root / "deaths.csv").write_text("id_no,died_on\n")
    told = CliRunner().invoke(app, ["ingest", str(root)])
    assert told.exit_code == 1
    assert "2 more entries of the folder were not read" in told.stderr
    said = " ".join(told.stdout.split())
    assert f"{DAY} wages.b.csv: 工资收入缺少必需的列：月份（month）" in said
    assert "请检查表头，它像是医保结算（medical_settlements）" in said
    assert "check the header: it looks like medical_settlements" in said
    assert f"{DAY} unknown.*.csv: 表头不符合任何部门数据" in said
    assert "张三" not in said


def test_a_folder_with_nothing_to_take_in_and_wrong_counts_are_said(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    (tmp_path / "root" / "2026-13-45").mkdir(parents=True)
    (tmp_path / "root" / "2026-13-45" / "deaths.csv").write_text("id_no,died_on\n")
    done = CliRunner().invoke(app, ["ingest", str(tmp_path / "root")])
    assert (done.exit_code, "nothing was taken in" in done.stderr) == (1, True)
    assert CliRunner().invoke(app, ["link", "list", "-n", "-1"]).exit_code == 2
