"""Deliveries fetched from other databases: nothing lost, nothing doubled, and whatever is wrong told in words."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from conftest import SOCKET
from drops import DAY, MEDICAL, drop, facts, people, settlements
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select, update
from typer.testing import CliRunner

from jobs import pulling
from jobs.__main__ import app
from jobs.pulling import pull as pull_as_asked
from jobs.pulling import theirs, troubled, troubles
from jobs.pulling.sources import read_sources
from monitor import database, feeds
from monitor.errors import Invalid
from monitor.feeds import agreed_pages
from monitor.service import Service
from monitor.tables import Delivery, Pull, utc_now

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


def pull(service: Service, day: date) -> dict[str, Any]:
    return pull_as_asked(service, day, again=True)


def told(service: Service) -> dict[str, str]:
    with database.reading(service.engine) as session:
        return {one.name: f"{one.zh} / {one.en}" for one in troubled(session)}


def standing(service: Service) -> int:
    """How many settlements are known; one said twice is one."""
    return len(facts(service, "medical_settlements"))


def newest(service: Service) -> Delivery:
    with database.reading(service.engine) as session:
        return session.scalars(select(Delivery).order_by(Delivery.seq.desc()).limit(1)).one()


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
    done = pull(reader, DAY)
    assert (done["duplicate"], done["committed"], watermark(reader)) == (1, 1, ("2", None))
    with database.reading(reader.engine) as session:
        assert session.query(Delivery).filter_by(feed="medical_settlements").count() == 2


def test_a_big_source_is_read_in_parts_that_never_cut_between_equal_marks(
    reader: Service, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theirs, "MOST", 7)
    for version in range(4):
        exchange.add(settlements(5, start=5 * version), version)
    assert [pull(reader, DAY).get("committed") for _ in range(2)] == [2, None]
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


def test_sources_that_are_set_up_wrongly_stop_no_other_and_each_is_told_until_it_is_mended(
    reader: Service, exchange: Exchange
) -> None:
    exchange.add(settlements(10), 1)
    bare = exchange.page.with_name("bare.url")
    bare.write_text("sqlite://")
    bare.chmod(0o644)
    wrong: dict[str, dict[str, Any]] = {
        "open": {"url_file": bare.name}, "hole": {"relation": ""}, "kind": {"kind": "float"}, "feed": {"feed": "bills"},
        "word": {"water_mark": "version"}, "column": {"columns": {"nummer": "jsbh"}}, "mark": {"watermark": None},
        "back": {"overlap": -1}, "away": {"url_file": "away.url"}, "unlike": {"kind": "date"},
    }  # fmt: skip
    page = {name: exchange.entry | changed for name, changed in wrong.items()} | {"bills": exchange.entry}
    exchange.page.write_text(yaml.safe_dump(page))
    assert sorted(pull(reader, DAY)["unreachable"]) == sorted(wrong)
    assert len(facts(reader, "medical_settlements")) == 10
    said = {
        "open": "chmod 600", "hole": "relation", "kind": "kind", "feed": "medical_settlements", "word": "water_mark",
        "column": "nummer", "mark": "watermark", "back": "overlap", "away": "away.url", "unlike": "version",
    }  # fmt: skip
    assert {name: said[name] in words for name, words in told(reader).items()} == dict.fromkeys(wrong, True)
    exchange.write()
    assert (pull(reader, DAY)["unreachable"], told(reader)) == ([], {})


def test_nothing_is_ever_written_where_it_is_read(exchange: Exchange) -> None:
    (source,), _ = read_sources(exchange.page, agreed_pages())
    with pytest.raises(troubles.Unread), theirs.reading(source) as there:
        there.execute(insert(BILLS), [{"version": 1}])
    with exchange.engine.connect() as connection:
        assert connection.execute(select(BILLS)).all() == []


@pytest.mark.parametrize("said", [b"- bills", b"bills: [", "医保：".encode("gb18030"), None])
def test_a_page_that_cannot_be_read_is_refused_in_words(
    sqlite_service: Service, exchange: Exchange, said: bytes | None
) -> None:
    exchange.page.unlink() if said is None else exchange.page.write_bytes(said)
    service = replace(sqlite_service, settings=replace(sqlite_service.settings, pulls=exchange.page))
    with pytest.raises(Invalid, match=r"pulls\.yaml"):
        pull(service, DAY)


def test_the_page_that_operators_copy_is_one_that_can_be_read() -> None:
    page = Path(pulling.__file__).parents[2] / "monitor" / "deploy" / "pulls.example.yaml"
    sources, wrong = read_sources(page, agreed_pages())
    assert ([one.whole for one in sources], wrong) == ([False, True], {})


def test_a_source_is_read_once_a_day_and_again_while_it_cannot_be_read(reader: Service, exchange: Exchange) -> None:
    today = pulling.today()
    exchange.write(relation="v_gone")
    assert [pull_as_asked(reader, today)["unreachable"] for _ in range(2)] == [["bills"], ["bills"]]
    exchange.write()
    exchange.add(settlements(10), 1)
    assert pull_as_asked(reader, today)["committed"] == 1
    exchange.add(settlements(10, start=10), 2)
    assert "committed" not in pull_as_asked(reader, today)
    assert pull_as_asked(reader, today + timedelta(days=1))["committed"] == 1


def test_rows_that_come_late_with_a_mark_passed_already_are_found(reader: Service, exchange: Exchange) -> None:
    exchange.add(settlements(10), 5000)
    pull(reader, DAY)
    exchange.add(settlements(3, start=10), 5000)
    exchange.add(settlements(2, start=13), 4000)
    assert (pull(reader, DAY)["committed"], standing(reader)) == (1, 15)
    exchange.add(settlements(1, start=15), 3999)
    assert pull(reader, DAY)["nothing_new"] == 1
    exchange.add(settlements(4, start=16), 5001)
    assert (pull(reader, DAY)["committed"], standing(reader)) == (1, 19)
    assert newest(reader).rows == 4
    exchange.write(overlap=1002)
    assert (pull(reader, DAY)["committed"], standing(reader)) == (1, 20)
    assert pull(reader, DAY)["nothing_new"] == 1


def test_what_waited_behind_an_end_written_long_ago_is_read_the_same_day(reader: Service, exchange: Exchange) -> None:
    exchange.add(settlements(10), 1)
    pull(reader, DAY)
    with database.transaction(reader.engine) as session:
        session.get_one(Pull, "bills").pending = "1"
    exchange.add(settlements(10, start=10), 2)
    assert (pull(reader, DAY)["committed"], standing(reader)) == (1, 20)


def test_a_full_list_is_read_whole_every_time_and_said_anew_once_a_week(reader: Service, exchange: Exchange) -> None:
    """Rows that changed are not the whole list: taken for it, they would end everybody else."""
    known = {"kind": "car", "use": "private", "registered_on": "2024-01-05", "status": "active"}
    owners = [{"plate_no": f"皖B{at:05d}", "id_no": one["id_no"], **known} for at, one in enumerate(people(10))]
    with exchange.engine.begin() as there:
        there.exec_driver_sql(f"CREATE TABLE cars ({', '.join(owners[0])}, changed)")
        there.exec_driver_sql(f"INSERT INTO cars VALUES (:{', :'.join(owners[0])}, '2026-01-01')", owners)
    columns = {name: name for name in owners[0]}
    exchange.write(feed="vehicles", relation="cars", watermark="changed", kind="date", columns=columns)
    assert (pull(reader, DAY)["committed"], newest(reader).rows) == (1, 10)
    assert pull(reader, DAY)["nothing_new"] == 1
    with exchange.engine.begin() as there:
        there.exec_driver_sql("UPDATE cars SET changed = '2026-02-01', plate_no = '皖B90000' WHERE rowid = 1")
    assert (pull(reader, DAY)["committed"], newest(reader).rows, len(facts(reader, "vehicles"))) == (1, 10, 10)
    with database.transaction(reader.engine) as session:
        session.get_one(Pull, "bills").pulled_at = utc_now() - pulling.RESTATED
        session.execute(update(Delivery).values(received_on=DAY))
    assert (pull(reader, DAY)["committed"], pull(reader, DAY)["nothing_new"]) == (1, 1)


class Platform:
    """An exchange platform as an agency has it: a PostgreSQL of GB2312, Chinese names, a login that only reads."""

    RELATION = '"医保"."v_医保结算"'
    COLUMNS = ("结算编号", "证件号码", "姓名", "结算日期", "医疗类别", "总费用", "个人自付", "是否撤销")

    def __init__(self, superuser: psycopg.Connection, folder: Path) -> None:
        self.name, self.superuser = f"platform_{os.urandom(6).hex()}", superuser
        how = "ENCODING 'EUC_CN' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        superuser.execute(f"CREATE DATABASE {self.name} {how}".encode())
        superuser.execute(f"CREATE ROLE {self.name} LOGIN".encode())
        self.do('CREATE SCHEMA "医保"')
        kinds = ("varchar(32)", "char(18)", "varchar(30)", "date", "varchar(10)", "numeric(12,2)", "numeric(12,2)",
                 "varchar(2)")  # fmt: skip
        columns = ", ".join(f'"{one}" {kind}' for one, kind in zip(self.COLUMNS, kinds, strict=True))
        self.do(f'CREATE TABLE "医保"."结算" ({columns}, "更新时间" timestamp)')
        self.view()
        self.do(f'GRANT USAGE ON SCHEMA "医保" TO {self.name}')
        (folder / "platform.url").write_text(f"postgresql://{self.name}@/{self.name}?host={os.environ[SOCKET]}")
        (folder / "platform.url").chmod(0o600)
        self.page = folder / "platform.yaml"
        entry = {"feed": "medical_settlements", "url_file": "platform.url", "relation": "医保.v_医保结算",
                 "watermark": "更新时间", "columns": dict(zip(MEDICAL, self.COLUMNS, strict=True))}  # fmt: skip
        self.page.write_text(yaml.safe_dump({"医保结算": entry}, allow_unicode=True), encoding="utf-8")

    def view(self, mark: str = '"更新时间"', number: str = '"结算编号"') -> None:
        self.do(f"DROP VIEW IF EXISTS {self.RELATION}")
        rest = ", ".join(f'"{one}"' for one in self.COLUMNS[1:])
        made = f'SELECT {number} AS "结算编号", {rest}, {mark} AS "更新时间" FROM "医保"."结算"'
        self.do(f"CREATE VIEW {self.RELATION} AS {made}")
        self.do(f"GRANT SELECT ON {self.RELATION} TO {self.name}")

    def do(self, statement: str, *values: Any) -> None:
        said = {"user": "postgres", "dbname": self.name, "client_encoding": "UTF8"}
        with psycopg.connect(host=os.environ[SOCKET], autocommit=True, **said) as there:
            there.execute(statement.encode(), values)

    def add(self, count: int, at: str, *, start: int = 0) -> None:
        for one in settlements(count, start=start, kind="住院", cancelled="否"):
            self.do('INSERT INTO "医保"."结算" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)',
                    *(one[name] for name in MEDICAL), at)  # fmt: skip

    def drop(self) -> None:
        self.superuser.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())
        self.superuser.execute(f"DROP ROLE {self.name}".encode())


@pytest.fixture
def platform(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Platform]:
    if SOCKET not in os.environ:
        pytest.skip("PostgreSQL is not installed on this machine")
    made = Platform(request.getfixturevalue("superuser"), tmp_path)
    yield made
    made.drop()


@pytest.fixture
def connected(sqlite_service: Service, platform: Platform, tmp_path: Path) -> Service:
    drop(tmp_path / "first", "household_register", people(10))
    feeds.ingest_folder(sqlite_service, tmp_path / "first")
    return replace(sqlite_service, settings=replace(sqlite_service.settings, pulls=platform.page))


def test_a_platform_in_chinese_is_read_and_rows_committed_late_are_found(
    connected: Service, platform: Platform
) -> None:
    platform.add(10, "2026-03-04 10:00:00.123456")
    assert (pull(connected, DAY)["committed"], standing(connected)) == (1, 10)
    assert (newest(connected).errors, newest(connected).unmatched) == (0, 0)
    platform.add(3, "2026-03-04 10:00:00.123456", start=10)
    platform.add(2, "2026-03-03 23:00:00", start=13)
    assert (pull(connected, DAY)["committed"], standing(connected)) == (1, 15)
    assert pull(connected, DAY)["nothing_new"] == 1


MARKED = """UPDATE "医保"."结算" SET "更新时间" = '?' WHERE "结算编号" = 'S00000010'"""
TROUBLES: dict[str, tuple[str, str, str]] = {
    "right": ('REVOKE SELECT ON {view} FROM {name}', "GRANT SELECT ON {view} TO {name}", "GRANT SELECT"),
    "column": ('ALTER VIEW {view} RENAME "个人自付" TO "自付额"', 'ALTER VIEW {view} RENAME "自付额" TO "个人自付"',
               "没有列“个人自付”，现有：结算编号"),
    "mark": ('ALTER VIEW {view} RENAME "更新时间" TO "修改时间"', 'ALTER VIEW {view} RENAME "修改时间" TO "更新时间"',
             "没有列“更新时间”"),
    "view": ('ALTER VIEW {view} RENAME TO v2', 'ALTER VIEW "医保".v2 RENAME TO "v_医保结算"', "没有表或视图"),
    "login": ("ALTER ROLE {name} NOLOGIN", "ALTER ROLE {name} LOGIN", "not permitted to log in"),
    "value": (MARKED.replace("?", "infinity"), MARKED.replace("?", "2026-03-04 11:00"), "超出范围"),
    "unmarked": (MARKED.replace("'?'", "NULL"), MARKED.replace("?", "2026-03-04 11:00"), "1 行"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_is_wrong_there_is_told_in_words_and_costs_no_row(
    connected: Service, platform: Platform, trouble: str
) -> None:
    spoil, mend, words = (
        one.replace("{view}", platform.RELATION).replace("{name}", platform.name) for one in TROUBLES[trouble]
    )
    platform.add(10, "2026-03-04 10:00")
    pull(connected, DAY)
    platform.add(1, "2026-03-04 11:00", start=10)
    platform.do(spoil)
    pull(connected, DAY)
    assert words in told(connected)["医保结算"]
    assert people(1)[0]["id_no"] not in str(told(connected))
    platform.do(mend)
    assert (pull(connected, DAY)["committed"], standing(connected), told(connected)) == (1, 11, {})


def test_a_watermark_that_became_text_is_told_and_read_again_once_it_is_mended(
    connected: Service, platform: Platform
) -> None:
    platform.add(10, "2026-03-04 10:00")
    pull(connected, DAY)
    platform.add(1, "2026-03-04 11:00", start=10)
    platform.view(mark="""to_char("更新时间", 'YYYY/MM/DD')""")
    assert pull(connected, DAY)["unreachable"] == ["医保结算"]
    assert "不是 datetime 类型" in told(connected)["医保结算"]
    platform.view(mark="""("更新时间" AT TIME ZONE 'Asia/Shanghai')""")
    assert pull(connected, DAY)["unreachable"] == ["医保结算"]
    platform.view()
    assert (pull(connected, DAY)["committed"], standing(connected)) == (1, 11)


def test_a_connection_cut_in_the_middle_of_the_rows_loses_and_doubles_nothing(
    connected: Service, platform: Platform
) -> None:
    """The eighth row ends its own session, as an administrator or a fallen network would."""
    platform.add(10, "2026-03-04 10:00")
    cutting = """CASE WHEN "结算编号" = 'S00000007' THEN pg_terminate_backend(pg_backend_pid())::text END"""
    platform.do(f"GRANT pg_signal_backend TO {platform.name}")
    platform.view(number=f"""left(coalesce({cutting}, '') || "结算编号", 32)""")
    assert pull(connected, DAY)["unreachable"] == ["医保结算"]
    assert "57P01" in told(connected)["医保结算"]
    assert (standing(connected), not list(connected.settings.home.glob(".pull-*"))) == (0, True)
    platform.view()
    assert (pull(connected, DAY)["committed"], standing(connected)) == (1, 10)


@pytest.mark.parametrize("bare", [False, True])
def test_bytes_of_no_stated_encoding_are_told(connected: Service, platform: Platform, *, bare: bool) -> None:
    platform.add(10, "2026-03-04 10:00")
    platform.view(number="""convert_to("结算编号", 'EUC_CN')""")
    if bare:
        platform.superuser.execute(
            f"CREATE DATABASE {platform.name}_bare ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        address = platform.page.with_name("platform.url")
        address.write_text(f"postgresql://{platform.name}@/{platform.name}_bare?host={os.environ[SOCKET]}")
    assert pull(connected, DAY)["unreachable"] == ["医保结算"]
    assert "SQL_ASCII" in told(connected)["医保结算"]
    platform.superuser.execute(f"DROP DATABASE IF EXISTS {platform.name}_bare WITH (FORCE)")


def test_pull_at_the_terminal_says_what_is_wrong_and_what_to_do(
    sqlite_service: Service, exchange: Exchange, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    monkeypatch.setenv("LOWINCOME_PULLS", str(exchange.page))
    drop(tmp_path / "first", "household_register", people(10))
    feeds.ingest_folder(sqlite_service, tmp_path / "first")
    exchange.add(settlements(10), 1)
    done = CliRunner().invoke(app, ["pull"])
    assert (done.exit_code, "已入库 committed 1" in done.stdout) == (0, True)
    assert (standing(sqlite_service), watermark(sqlite_service)) == (10, ("1", None))
    exchange.write(relation="v_gone")
    done = CliRunner().invoke(app, ["pull"])
    assert (done.exit_code, "没有表或视图 v_gone" in done.stdout, "mend relation" in done.stdout) == (1, True, True)
