"""Statements made once: they give what SQLAlchemy gives, say their errors in the same kinds, and are heard of."""

import uuid
from typing import Any

import pytest
from desks import raised
from factories import FIRES, VILLAGE
from sqlalchemy import Date, Integer, String, bindparam, cast, column, event, func, literal, null, select, table, text
from sqlalchemy.exc import DBAPIError, OperationalError

from monitor import database
from monitor.prepared import Prepared, Rows, together
from monitor.service import Service
from monitor.tables import Alert, Table


def test_every_column_of_every_table_reads_as_sqlalchemy_reads_it(service: Service) -> None:
    raised(service, [{"illness": FIRES, "elder": FIRES}, {"income": FIRES}])
    rows = 0
    with database.reading(service.engine) as session:
        connection = session.connection()
        for one in Table.metadata.sorted_tables:
            statement = select(*one.columns)
            found = Prepared(statement, connection.dialect).run(connection, {})
            expected = connection.execute(statement).all()
            assert [tuple(row) for row in found] == [tuple(row) for row in expected], one.name
            assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected], one.name
            assert all(row._fields == tuple(column.key for column in one.columns) for row in found), one.name
            rows += len(found)
    assert rows > 15


def test_values_come_by_name_and_constants_stay(service: Service) -> None:
    one, two = raised(service, [{"illness": FIRES}, {"elder": FIRES}])
    wanted = bindparam("alert", type_=Alert.id.type)
    chosen = select(Alert.id, literal("甲").label("mark")).where(
        Alert.id == wanted, Alert.status.in_(("open", "assigned")), Alert.region == VILLAGE, Alert.county != "%s"
    )
    with database.reading(service.engine) as session:
        connection = session.connection()
        made = Prepared(chosen, connection.dialect)
        assert [made.run(connection, {"alert": id_, "other": 5}).first() for id_ in (two, one)] == [
            (two, "甲"),
            (one, "甲"),
        ]
        assert made.run(connection, {"alert": uuid.uuid4()}) == []
        with pytest.raises(KeyError):
            made.run(connection, {})


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_a_list_that_is_spelled_out_may_have_any_length(service: Service, wanted: int) -> None:
    ids = raised(service, [{"illness": FIRES}, {"elder": FIRES}])[:wanted]
    chosen = select(Alert.id).where(Alert.id.in_(bindparam("ids", expanding=True)))
    with database.reading(service.engine) as session:
        found = Prepared(chosen, session.connection().dialect).run(session.connection(), {"ids": ids})
    assert {row.id for row in found} == set(ids)


def test_the_first_row_and_its_first_part_or_none() -> None:
    assert (Rows().first(), Rows().value()) == (None, None)
    assert (Rows([(1, 2), (3, 4)]).first(), Rows([(1, 2), (3, 4)]).value()) == ((1, 2), 1)


def test_nothing_is_nothing_in_every_kind(service: Service) -> None:
    kinds = (Alert.id.type, Date(), Integer(), String(), Alert.unseen.type, Alert.opened_at.type)
    chosen = select(*(cast(null(), kind).label(f"c{place}") for place, kind in enumerate(kinds)))
    with database.reading(service.engine) as session:
        found = Prepared(chosen, session.connection().dialect).run(session.connection(), {})
    assert found == [(None,) * len(kinds)]


def test_a_statement_is_heard_of_before_it_is_run_and_may_be_stopped(service: Service) -> None:
    told: list[tuple[str, Any]] = []

    def note(*said: Any) -> None:
        told.append((said[2], said[3]))
        if len(told) == 2:
            raise InterruptedError

    chosen = select(Alert.id).where(Alert.region == bindparam("region", type_=String()))
    event.listen(service.engine, "before_cursor_execute", note)
    with database.reading(service.engine) as session:
        made, connection = Prepared(chosen, session.connection().dialect), session.connection()
        told.clear()
        assert made.run(connection, {"region": VILLAGE}) == []
        with pytest.raises(InterruptedError):
            made.run(connection, {"region": VILLAGE})
    event.remove(service.engine, "before_cursor_execute", note)
    assert VILLAGE in (told[0][1].values() if isinstance(told[0][1], dict) else told[0][1])


def test_an_error_is_of_the_kind_that_sqlalchemy_raises_and_quotes_no_value(service: Service) -> None:
    chosen = select(func.json_array_length(bindparam("text", type_=String())))
    with database.reading(service.engine) as session, pytest.raises(DBAPIError) as refused:
        session.execute(chosen, {"text": "张三丰"})
    with database.reading(service.engine) as session, pytest.raises(DBAPIError) as raised_here:
        Prepared(chosen, session.connection().dialect).run(session.connection(), {"text": "张三丰"})
    assert type(raised_here.value) is type(refused.value)
    assert "张三丰" not in str(raised_here.value)


def test_statements_asked_together_find_what_each_finds_alone(service: Service) -> None:
    one, two = raised(service, [{"illness": FIRES}, {"elder": FIRES}])
    wanted = bindparam("alert", type_=Alert.id.type)
    chosen = [
        select(Alert.id, Alert.level).where(Alert.id == wanted),
        select(Alert.status, Alert.opened_at),
        select(Alert.unseen),
    ]
    with database.reading(service.engine) as session:
        connection = session.connection()
        made = [Prepared(statement, connection.dialect) for statement in chosen]
        asked = [(made[0], {"alert": one}), (made[1], {}), (made[0], {"alert": two}), (made[2], {})]
        for _ in range(7):  # psycopg prepares at the sixth asking
            alone = [statement.run(connection, values) for statement, values in asked]
            assert together(connection, asked) == alone
        assert [len(found) for found in alone] == [1, 2, 1, 2]
        assert together(connection, []) == []


def test_of_statements_asked_together_the_first_that_fails_is_told(service: Service) -> None:
    wrong = select(func.json_array_length(bindparam("text", type_=String())))
    with database.reading(service.engine) as session, pytest.raises(DBAPIError) as refused:
        connection = session.connection()
        right = Prepared(select(func.count()).select_from(Alert), connection.dialect)
        together(connection, [(right, {}), (Prepared(wrong, connection.dialect), {"text": "张三丰"}), (right, {})])
    assert "张三丰" not in str(refused.value)
    assert "abort" not in str(refused.value)
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 0


def test_what_the_server_ended_meanwhile_is_not_given_out(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("a file has no server to end anything")
    ended = func.pg_terminate_backend(column("pid"), 30_000)
    others = select(ended).select_from(table("pg_stat_activity", column("pid")))
    others = others.where(text("datname = current_database() AND pid <> pg_backend_pid()"))
    with database.reading(service.engine) as one, database.reading(service.engine) as two:
        assert {one.scalar(select(1)), two.scalar(select(1))} == {1}
    with service.engine.connect() as kept:
        assert len(kept.execute(others).all()) >= 1
    for _ in range(3):
        with database.reading(service.engine) as one, database.reading(service.engine) as two:
            assert {one.scalar(select(1)), two.scalar(select(1))} == {1}


def test_a_connection_that_was_lost_is_not_used_again(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("a file has no server to lose")
    chosen = select(func.pg_terminate_backend(func.pg_backend_pid()))
    with pytest.raises(OperationalError) as lost, database.reading(service.engine) as session:
        Prepared(chosen, session.connection().dialect).run(session.connection(), {})
    assert lost.value.connection_invalidated
    with database.reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 0
