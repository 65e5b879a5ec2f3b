"""The operational database: one door, real constraints, the same on SQLite and PostgreSQL."""

import traceback
import uuid
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from monitor import audit, database, migrations
from monitor.errors import Invalid
from monitor.migrations import append_only
from monitor.service import Service, open_service
from monitor.tables import Alert, AuditEntry, Delivery, Household, Outbox, Person, Run, Table


def household(session: Session, number: str = "H1") -> Household:
    made = Household(household_no=number, region="340299001001", county="340299")
    session.add(made)
    session.flush()
    return made


def alert(household_id: int, episode: int, *, closed: bool = False) -> Alert:
    day = date(2026, 3, 1)
    return Alert(
        household_id=household_id, episode=episode, level="red", level_since_on=day, region="340299001001",
        county="340299", opened_on=day, seen_on=day,
        status="closed" if closed else "open", closed_at=datetime(2026, 3, 2, tzinfo=UTC) if closed else None,
    )  # fmt: skip


def test_migrations_and_models_say_the_same(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_up_down_up_leaves_every_table(engine: Engine) -> None:
    migrations.downgrade(engine)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(engine)
    assert set(Table.metadata.tables) <= set(inspect(engine).get_table_names())


def test_a_household_has_one_open_alert_and_the_database_sees_to_it(engine: Engine) -> None:
    with database.transaction(engine) as session:
        home = household(session)
        session.add_all([alert(home.id, 1, closed=True), alert(home.id, 2)])
    with pytest.raises(IntegrityError, match=r"(?i)unique"), database.transaction(engine) as session:
        session.add(alert(home.id, 3))


def test_what_raises_inside_a_transaction_is_undone(engine: Engine) -> None:
    with pytest.raises(RuntimeError), database.transaction(engine) as session:
        household(session)
        raise RuntimeError
    with database.reading(engine) as session:
        assert session.scalars(select(Household)).all() == []


def test_a_committed_delivery_has_a_place_in_the_order(engine: Engine) -> None:
    with pytest.raises(IntegrityError), database.transaction(engine) as session:
        session.add(
            Delivery(
                feed="deaths",
                file_name="d",
                sha256="0",
                received_on=date(2026, 1, 1),
                mode="append",
                status="committed",
            )
        )


def test_error_texts_do_not_carry_bound_values(engine: Engine) -> None:
    marker = "340299196001019999"
    with pytest.raises(IntegrityError) as caught, database.transaction(engine) as session:
        session.add_all([Household(household_no=marker, region="1", county="1") for _ in range(2)])
        session.flush()
    assert marker not in "".join(traceback.format_exception(caught.value))


def test_a_naive_instant_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError), database.transaction(engine) as session:
        session.add(
            AuditEntry(
                at=datetime(2026, 1, 1),  # noqa: DTZ001
                by="t",
                action="a",
                subject="s",
                previous="",
                hash="",
            )
        )


def test_an_instant_comes_back_in_utc(engine: Engine) -> None:
    with database.transaction(engine) as session:
        audit.record(session, by="t", action="a", subject="s")
    with database.reading(engine) as session:
        assert session.scalars(select(AuditEntry)).one().at.tzinfo is UTC


def test_the_audit_chain_holds_until_somebody_changes_an_entry(engine: Engine) -> None:
    with database.transaction(engine) as session:
        for number in range(5):
            audit.record(session, by="t", action="read", subject=str(number), detail={"n": number})
        assert list(audit.broken_links(session)) == []
    with engine.begin() as connection:
        append_only.release(connection)
    with database.transaction(engine) as session:
        third = session.scalars(select(AuditEntry).where(AuditEntry.subject == "2")).one()
        third.detail = {"n": 7}
    with database.reading(engine) as session:
        assert list(audit.broken_links(session)) == [third.id]


def test_a_removed_audit_entry_breaks_the_chain(engine: Engine) -> None:
    with engine.begin() as connection:
        append_only.release(connection)
    with database.transaction(engine) as session:
        entries = [audit.record(session, by="t", action="read", subject=str(number)) for number in range(4)]
        session.delete(entries[1])
        session.flush()
        assert list(audit.broken_links(session)) == [entries[2].id]


def test_opening_twice_keeps_key_and_tables(service: Service) -> None:
    again = open_service(service.settings)
    cell = service.keyring.encrypt("text", about="people.name")
    assert again.keyring.decrypt(cell, about="people.name") == "text"


def test_a_lost_key_is_refused_once_somebody_is_in_the_register(service: Service) -> None:
    with database.transaction(service.engine) as session:
        session.add(Person(sex="1"))
    service.settings.key_file.unlink()
    with pytest.raises(Invalid, match="missing"):
        open_service(service.settings)


def test_a_key_that_others_can_read_is_refused(service: Service) -> None:
    service.settings.key_file.chmod(0o644)
    with pytest.raises(Invalid, match="chmod"):
        open_service(service.settings)


def test_many_rows_go_in_as_one_by_one(engine: Engine) -> None:
    day, instant, subject = date(2026, 3, 1), datetime(2026, 3, 1, 4, 5, 6, 7, tzinfo=UTC), "一\t二\n\\N三"
    rows = [
        {"kind": "k", "subject": subject, "payload": {"列": [1, None, number]}, "made_at": instant, "sent_at": None}
        for number in range(3)
    ]
    with database.transaction(engine) as session:
        database.insert_many(session, Outbox, rows)
        database.insert_many(session, Outbox, [])
        database.insert_many(session, Run, [_run(day, problem="甲"), _run(day, problem=None)])
    with database.reading(engine) as session:
        found = session.scalars(select(Outbox).order_by(Outbox.id)).all()
        assert [(one.subject, one.payload, one.made_at, one.sent_at) for one in found] == [
            (subject, row["payload"], instant, None) for row in rows
        ]
        assert {(run.as_of, run.problem) for run in session.scalars(select(Run))} == {(day, "甲"), (day, None)}


def test_many_rows_are_refused_whole_without_quoting_any(engine: Engine) -> None:
    marker = "340299196001019999"
    rows = [{"household_no": marker, "region": "1", "county": "1", "registered": True} for _ in range(2)]
    with pytest.raises(Exception) as caught, database.transaction(engine) as session:  # noqa: PT011
        database.insert_many(session, Household, rows)
    assert "unique" in str(caught.value).lower()
    assert marker not in "".join(traceback.format_exception(caught.value))
    with database.reading(engine) as session:
        assert session.scalars(select(Household)).all() == []


def _run(day: date, *, problem: str | None) -> dict[str, object]:
    return {
        "id": uuid.uuid4(), "job": "j", "as_of": day, "scope": problem or "", "status": "done", "attempt": 1,
        "cursor": {}, "counts": {}, "problem": problem, "started_at": datetime(2026, 3, 1, tzinfo=UTC),
        "requested_at": None, "fence": 1, "step": 0, "tries": 0,
    }  # fmt: skip


def test_who_only_reads_can_write_nothing_on_a_server_and_keeps_what_was_prepared(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("a file's readers write nothing, for they are rolled back")
    for _ in range(8):
        with database.reading(engine) as session:
            session.scalar(select(Household.id))
    with database.reading(engine) as session:
        prepared = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
        assert any("households" in one for one in prepared)
    with pytest.raises(DBAPIError, match="read-only"), database.reading(engine) as session:
        household(session)


def test_a_connection_that_the_server_closed_while_it_rested_is_replaced_unnoticed(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("a file has no connection to close")
    with database.reading(engine) as session, database.reading(engine) as other:
        resting = session.scalar(text("SELECT pg_backend_pid()"))
        other.scalar(text("SELECT 1"))
    with database.transaction(engine) as session:
        ended = session.scalars(
            text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND backend_type = 'client backend' AND pid <> pg_backend_pid()")
        ).all()  # fmt: skip
        assert ended == [True]
    for _ in range(2):
        with database.reading(engine) as session, database.reading(engine) as other:
            pids = {one.scalar(text("SELECT pg_backend_pid()")) for one in (session, other)}
            assert len(pids) == 2
    assert resting is not None


@pytest.mark.parametrize("place", ["00", "340299", "340299@民政'局100%\\"])
def test_a_transaction_knows_its_region_and_the_next_one_does_not(engine: Engine, place: str) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one wall")
    settings = text("SELECT current_setting('lowincome.region', true), current_setting('lowincome.department', true)")
    region, _, department = place.partition("@")
    with database.reading(engine, region=place) as session:
        found = session.execute(settings).one()
        assert (found[0], found[1] or "") == (region, department)
    with database.reading(database.unscoped(engine)) as session:
        assert [one or "" for one in session.execute(settings).one()] == ["", ""]
