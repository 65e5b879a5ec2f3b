"""The second wall: what PostgreSQL itself shows and lets be written, whatever the application asks."""

import time
import uuid
from collections.abc import Iterator

import pytest
from factories import DAY, FIRES, Home, judge, register, scan
from roles import as_application
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from monitor import access, database, regions
from monitor.alerts import raise_alerts
from monitor.errors import Conflict
from monitor.migrations import walls
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, FollowUp, Household, Member, Person, Reason, Table

VILLAGES = ("340202001001", "340202001002", "340202002001", "340298001001", "350202001001")
REACH = {
    "00": 5, "34": 4, "3402": 4, "340202": 3, "340202001": 2, "340202001001": 1, "350202001001": 1, "340298": 1,
    "36": 0,
    "340202009": 0, "-": 0,
}  # fmt: skip
BEHIND = (Household, Member, Person, Alert, Reason, AlertEvent)


@pytest.fixture
def city(service: Service) -> Iterator[Service]:
    with as_application(service) as application:
        with database.transaction(application.engine) as session:
            homes = {}
            for start, village in enumerate(VILLAGES, 1):
                (home,) = register(session, region=village, start=start)
                homes[home.id] = Home({"illness": FIRES}, region=village)
            raise_alerts(session, judge(homes), scan=scan(session))
        yield application


def test_each_region_sees_its_own_rows_of_every_table_and_no_other(city: Service) -> None:
    bare = database.unscoped(city.engine)
    for region, count in REACH.items():
        with database.reading(bare, region=region) as session:
            assert {kind.__name__: session.scalar(select(func.count()).select_from(kind)) for kind in BEHIND} == {
                kind.__name__: count for kind in BEHIND
            }, region


def test_without_a_region_the_wall_refuses_and_the_last_ones_region_is_not_left_behind(city: Service) -> None:
    bare = database.unscoped(city.engine)
    with database.transaction(bare, region="00") as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 5
    for table in walls.conditions():
        with pytest.raises(ProgrammingError, match="says no region"), database.reading(bare) as session:
            session.execute(text(f"SELECT count(*) FROM {table}"))
            session.execute(text("SELECT lowincome_region()"))


def test_nothing_is_written_beyond_the_region(city: Service) -> None:
    with database.reading(city.engine) as session:
        theirs = session.scalars(select(Alert.id).where(Alert.county == "340298")).one()
    bare = database.unscoped(city.engine)
    with database.transaction(bare, region="340202") as session:
        assert session.execute(update(Alert).where(Alert.id == theirs).values(rank=1)).rowcount == 0  # type: ignore[attr-defined]
        assert session.execute(delete(Reason).where(Reason.alert_id == theirs)).rowcount == 0  # type: ignore[attr-defined]
    visit = {
        "id": uuid.uuid4(), "alert_id": theirs, "visited_on": DAY, "way": "home", "finding": "no_need", "digest": "x",
        "recorded_by": "n", "recorded_at": func.now(),
    }  # fmt: skip
    elsewhere = {"household_no": "X", "region": "340298001001", "county": "340298", "registered": True}
    for statement in (
        insert(FollowUp).values(visit), insert(Household).values(elsewhere),
        update(Alert).where(Alert.county == "340202").values(county="340298", town="340298001", village=None),
    ):  # fmt: skip
        beyond = pytest.raises(ProgrammingError, match="row-level security")
        with beyond, database.transaction(bare, region="340202") as session:
            session.execute(statement)


def test_an_act_that_must_reach_further_says_so_and_the_wall_is_back_afterwards(city: Service) -> None:
    bare = database.unscoped(city.engine)
    with database.transaction(bare, region="340202001001") as session:
        (alert,) = session.scalars(select(Alert))
        with database.whole(session):
            alert.county, alert.town, alert.village = "340298", "340298001", None
        assert session.scalar(select(func.count()).select_from(Alert)) == 0
    with database.reading(bare, region="340298") as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 2


def test_a_place_under_another_by_its_path_is_behind_the_other_ones_wall(city: Service) -> None:
    with database.transaction(city.engine) as session:
        moved = [regions.Place("340202001", "镜街", under="340271"), regions.Place("340298", "某区", under="3414")]
        regions.load_regions(session, moved)
    expected = {"340202": 1, "340271": 2, "3402": 3, "3414": 1, "34": 4, "340202001": 2}
    for region, count in expected.items():
        whose = access.Viewer(uuid.UUID(int=1), "n", "supervisor", region)
        with database.reading(database.unscoped(city.engine), region=region) as session:
            assert session.scalar(select(func.count()).select_from(Alert)) == count, region
        with database.reading(city.engine) as session:
            chosen = access.scope(select(Alert.id), whose)
            assert len(session.scalars(chosen).all()) == count, region


def test_every_table_that_hangs_on_a_household_stands_behind_the_wall(city: Service) -> None:
    free = set(Table.metadata.tables) - set(walls.conditions())
    hanging = {
        table.name
        for table in Table.metadata.sorted_tables
        if {key.column.table.name for key in table.foreign_keys} & {"alerts", "households", "people", "cases"}
    }
    assert free & hanging == set()
    with city.engine.connect() as connection:
        walls.require(connection)
        owner = connection.scalar(text("SELECT tableowner FROM pg_tables WHERE tablename = 'alerts'"))
        assert owner != city.engine.url.username


def test_production_does_not_start_where_a_wall_is_down(service: Service) -> None:
    if service.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one wall")
    with service.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reasons NO FORCE ROW LEVEL SECURITY")
        with pytest.raises(Conflict, match="reasons"):
            walls.require(connection)
        walls.put_up(connection)
        walls.require(connection)


def test_many_rows_go_in_under_the_wall_as_they_are(city: Service) -> None:
    rows = [
        {
            "household_no": f"B{number}", "category": None if number % 2 else "dibao", "region": VILLAGES[0],
            "county": VILLAGES[0][:6], "town": None, "village": VILLAGES[0], "registered": bool(number % 3),
        }
        for number in range(1000)
    ]  # fmt: skip
    began = time.perf_counter()
    with database.transaction(city.engine) as session:
        database.insert_many(session, Household, rows)
    assert time.perf_counter() - began < 20
    with database.reading(city.engine) as session:
        kept = session.scalars(select(Household).where(Household.household_no.startswith("B"))).all()
        shown = {row["household_no"]: row for row in rows}
        assert len(kept) == 1000
        assert all({name: getattr(home, name) for name in rows[0]} == shown[home.household_no] for home in kept)
    beyond = pytest.raises(DBAPIError, match="row-level security")
    with beyond, database.transaction(city.engine, region="350202") as session:
        database.insert_many(session, Household, [rows[0] | {"household_no": "beyond"}])
