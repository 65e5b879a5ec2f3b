"""Migrations and roles on the real server: who may start, who may change what, nothing lost on the way."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from drops import DAY, drop, people, settlements
from sqlalchemy import Engine, create_engine, insert, inspect, text, update
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from typer.testing import CliRunner

from jobs.__main__ import app
from jobs.backups import back_up, digests
from jobs.backups.drilling import drill
from jobs.integrity import database_whole
from monitor import audit, database, feeds, migrations
from monitor.errors import Conflict, Invalid
from monitor.migrations.roles import script
from monitor.service import Service, open_service
from monitor.settings import Settings
from monitor.tables import AuditEntry, Outbox

ROOT = Path(__file__).parent.parent
ROWS = int(os.environ.get("LOWINCOME_MIGRATION_ROWS", "2000"))
KILLS = int(os.environ.get("LOWINCOME_MIGRATION_KILLS", "4"))
BEFORE_ANY_DEPLOYMENT = {"0010": ["runs.status is another kind"], "0020": ["workers.token_hash is gone"]}
"""What revisions took away while nobody could have run the program before them. Nothing is added here."""
WAITS = [0.0, 0.03, 0.11, 0.2, *(random.Random(1).uniform(0, 0.6) for _ in range(KILLS - 4))]


@pytest.fixture
def roles(service: Service) -> Iterator[dict[str, Settings]]:
    """The installation as owner, application and backup role see it."""
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no roles")
    end = uuid.uuid4().hex[:8]
    names = {kind: f"{kind}_{end}" for kind in ("owner", "application", "backup")}
    name = str(service.engine.url.database)
    run_script(service.engine, script(name, **names))
    url = service.engine.url
    yield {
        kind: replace(service.settings, database_url=url.set(username=role).render_as_string(hide_password=False))
        for kind, role in names.items()
    }
    with service.engine.begin() as connection:
        for role in names.values():
            connection.exec_driver_sql(f"REASSIGN OWNED BY {role} TO postgres")
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def run_script(engine: Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(sql.replace("%", "%%"))


def test_production_starts_as_the_application_and_as_nobody_mightier(
    service: Service, roles: dict[str, Settings]
) -> None:
    for settings, power in ((service.settings, "superuser"), (roles["backup"], "BYPASSRLS"), (roles["owner"], "owner")):
        with pytest.raises(Invalid, match=power):
            open_service(replace(settings, production=True))
    open_service(replace(roles["application"], production=True)).engine.dispose()


def test_the_application_does_its_work_and_cannot_touch_tables_or_the_audit(
    roles: dict[str, Settings], tmp_path: Path
) -> None:
    service = open_service(replace(roles["application"], production=True))
    drop(tmp_path / "in", "household_register", people(10))
    drop(tmp_path / "in", "medical_settlements", settlements(10))
    assert [one.status for one in feeds.ingest_folder(service, tmp_path / "in")] == ["committed"] * 2
    for forbidden in (
        "UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries",
        "DELETE FROM alert_events", "DROP TABLE outbox", "CREATE TABLE mine (x int)",
        "ALTER TABLE people DISABLE ROW LEVEL SECURITY", "UPDATE alembic_version SET version_num = 'x'",
    ):  # fmt: skip
        with pytest.raises((ProgrammingError, DBAPIError)), service.engine.begin() as connection:
            connection.exec_driver_sql(forbidden)
    service.engine.dispose()


def test_the_backup_role_makes_and_rehearses_backups_and_writes_nothing(
    service: Service, roles: dict[str, Settings]
) -> None:
    settings = replace(roles["application"], production=True, backup_url=roles["backup"].database_url)
    service = open_service(settings)
    assert back_up(service).manifest.tables["audit_entries"].rows == 0
    assert drill(service, DAY)["tables"] > 10
    assert database_whole(settings) == []
    with pytest.raises(Invalid, match="LOWINCOME_BACKUP_DATABASE_URL"):
        database_whole(roles["application"])
    service.engine.dispose()
    reader = create_engine(roles["backup"].database_url)
    with pytest.raises(ProgrammingError), reader.begin() as connection:
        connection.execute(insert(Outbox).values(kind="t", subject="x", payload={}))
    reader.dispose()


def test_the_script_may_be_run_again_and_refuses_names_that_are_not_plain(
    service: Service, roles: dict[str, Settings]
) -> None:
    names = {kind: str(database.connect(settings).url.username) for kind, settings in roles.items()}
    run_script(service.engine, script(str(service.engine.url.database), **names))
    with pytest.raises(Invalid):
        script("x; DROP", owner="a", application="b", backup="c")
    said = CliRunner().invoke(app, ["roles"])
    assert (said.exit_code, "CREATE ROLE lowincome_app" in said.output) == (0, True)


@pytest.mark.parametrize("production", [True, False])
def test_the_application_does_not_migrate_and_says_who_does(roles: dict[str, Settings], production: bool) -> None:
    owner = database.connect(roles["owner"])
    with owner.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    with pytest.raises(Conflict, match="lowincome migrate"):
        open_service(replace(roles["application"], production=production))
    owner.dispose()


def test_a_new_server_is_made_ready_by_the_script_the_owner_and_the_script_again(
    service: Service, roles: dict[str, Settings]
) -> None:
    names = {kind: str(database.connect(settings).url.username) for kind, settings in roles.items()}
    with service.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    for _ in range(2):
        run_script(service.engine, script(str(service.engine.url.database), **names))
        migrations.upgrade(database.connect(roles["owner"]))
    opened = open_service(replace(roles["application"], production=True))
    with database.transaction(opened.engine) as session:
        session.add(Outbox(kind="t", subject="x", payload={}))
    with pytest.raises(ProgrammingError), opened.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_entries")
    opened.engine.dispose()


def test_a_migration_gives_up_waiting_for_a_lock_and_changes_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer, and waits for it")
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 1)
    with service.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM outbox"))
        began = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"):
            migrations.downgrade(service.engine)
        assert time.monotonic() - began < 10
    assert "outbox" in inspect(service.engine).get_table_names()


def test_down_and_up_again_gives_the_same_tables_and_rows_put_back_are_equal(service: Service) -> None:
    columns = shape(service.engine)
    with database.transaction(service.engine) as session:
        for at in range(50):
            audit.record(session, by="test", action="x", subject=str(at))
        session.execute(insert(Outbox), [{"kind": "t", "subject": str(at), "payload": {"n": at}} for at in range(ROWS)])
    with service.engine.connect() as connection:
        before = digests.of_tables(connection)
        kept = [dict(row) for row in connection.execute(text("SELECT * FROM audit_entries")).mappings()]
    with service.engine.connect() as connection:
        entries = [dict(row) for row in connection.execute(AuditEntry.__table__.select()).mappings()]
        outbox = [dict(row) for row in connection.execute(Outbox.__table__.select()).mappings()]
    assert len(kept) == 50
    migrations.downgrade(service.engine)
    assert set(inspect(service.engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(service.engine)
    assert shape(service.engine) == columns
    with service.engine.begin() as connection:
        connection.execute(insert(AuditEntry), entries)
        connection.execute(insert(Outbox), outbox)
    with service.engine.connect() as connection:
        assert digests.of_tables(connection) == before


def shape(engine: Engine) -> dict[str, list[str]]:
    found = inspect(engine)
    return {
        name: sorted(f"{c['name']} {c['type']}" for c in found.get_columns(name)) for name in found.get_table_names()
    }


def test_a_revision_takes_nothing_away_that_the_program_before_it_reads_or_writes(service: Service) -> None:
    """Expand, then contract: beside tables of the next revision processes of this one go on until they are restarted.

    Every table and column stays, of the same kind, and what is new need not be written; a revision that takes away
    says which programs no longer go on (``oldest_program``), and they refuse to start in words.
    """
    engine = service.engine
    script = ScriptDirectory.from_config(migrations.config())
    history = list(reversed(list(script.walk_revisions())))
    revisions = [one.revision for one in history]
    said = {one.revision: str(one.module.oldest_program) for one in history if hasattr(one.module, "oldest_program")}
    assert all(revisions.index(oldest) <= revisions.index(revision) for revision, oldest in said.items())
    migrations.downgrade(engine)
    broken: dict[str, list[str]] = {}
    before: dict[str, dict[str, Any]] = {}
    for revision in revisions:
        migrations.upgrade(engine, revision)
        found = inspect(engine)
        after = {name: {c["name"]: c for c in found.get_columns(name)} for name in found.get_table_names()}
        harms = [one for name, columns in before.items() for one in harmed(name, columns, after.get(name, {}))]
        if harms and revision not in said:
            broken[revision] = harms
        before = after
    assert len(revisions) > 15
    assert {one: sorted(harms) for one, harms in broken.items()} == BEFORE_ANY_DEPLOYMENT


def harmed(table: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a program that knows the columns ``before`` would stumble over."""
    if not after:
        return [f"{table} is gone"]
    gone = [f"{table}.{name} is gone" for name in before.keys() - after.keys()]
    kinds = [f"{table}.{n} is another kind" for n in before.keys() & after.keys()
             if str(before[n]["type"]) != str(after[n]["type"])]  # fmt: skip
    new = (after[name] for name in after.keys() - before.keys())
    musts = [f"{table}.{c['name']} must be written" for c in new
             if not c["nullable"] and c.get("default") is None and not c.get("computed")]  # fmt: skip
    tighter = [f"{table}.{n} may no longer be left open" for n in before.keys() & after.keys()
               if before[n]["nullable"] and not after[n]["nullable"]]  # fmt: skip
    return gone + kinds + musts + tighter


def test_a_migration_killed_anywhere_leaves_old_or_new_and_never_half(settings: Settings) -> None:
    settings = replace(settings, home=settings.home.parent / "killed")
    if settings.database_url.startswith("sqlite"):
        settings = replace(settings, database_url=f"sqlite:///{settings.home / 'k.db'}")
    engine = database.connect(settings)
    migrations.upgrade(engine)
    full = shape(engine)
    engine.dispose()
    script = "from monitor import database, migrations; from monitor.settings import read; import sys\n"
    script += (
        "e = database.connect(read()); print(flush=True)\nwhile True: migrations.downgrade(e); migrations.upgrade(e)"
    )
    environment = os.environ | {
        "LOWINCOME_HOME": str(settings.home), "LOWINCOME_DATABASE_URL": settings.database_url, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    for wait in WAITS:
        running = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(wait)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        engine = database.connect(settings)
        assert shape(engine) in (full, {}, {"alembic_version": full["alembic_version"]})
        migrations.upgrade(engine)
        assert shape(engine) == full
        with engine.begin() as connection:
            connection.execute(update(Outbox).values(kind="t"))
        engine.dispose()
