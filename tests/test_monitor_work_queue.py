"""The queue: grouped by urgency, every alert on exactly one page of exactly one group, counts that agree with lists."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from desks import OTHER_COUNTY, raised
from factories import DAY, FIRES, VILLAGE, viewer
from hypothesis import given, settings
from hypothesis import strategies as st
from roles import as_application
from sqlalchemy import event, func, select, text, update

from monitor import database, policy
from monitor.matching.finding import index_people
from monitor.service import Service
from monitor.tables import Alert, Person
from monitor.work import deadlines, queue, searching
from monitor.work.deadlines import GROUPS, Spans
from monitor.work.queue import Filters

TODAY = date(2026, 3, 13)
SPANS = Spans(date(2026, 3, 6), TODAY, date(2026, 3, 16))
ALL = viewer()


def set_due(service: Service, alert: uuid.UUID, on: date | None) -> None:
    with database.transaction(service.engine) as session:
        changed = {"contact_due_on": on, "visit_due_on": None, "result_due_on": None}
        session.execute(update(Alert).where(Alert.id == alert).values(changed))


def walk(service: Service, filters: Filters, *, most: int = 2, region: str = "00") -> list[uuid.UUID]:
    """Every alert of the list, page after page."""
    seen: list[uuid.UUID] = []
    after = None
    while True:
        with database.reading(service.engine) as session:
            page = queue.queue(session, filters, viewer=viewer(region), spans=SPANS, after=after, most=most)
            seen += [alert.id for alert in page.alerts]
        after = page.following
        if after is None:
            return seen


def counted(service: Service, filters: Filters, region: str = "00") -> dict[str, int]:
    with database.reading(service.engine) as session:
        return dict(queue.counts(session, filters, viewer=viewer(region), spans=SPANS))


def test_it_is_grouped_by_urgency_then_level_then_due_date(service: Service) -> None:
    verdicts: list[dict[str, Any]] = [{"illness": FIRES}, {"elder": FIRES}, {"illness": FIRES}, {"income": FIRES}]
    late_red, very_late_yellow, soon_red, never_orange = raised(service, verdicts)
    for alert, on in (
        (late_red, date(2026, 3, 12)), (very_late_yellow, date(2026, 3, 2)), (soon_red, TODAY), (never_orange, None),
    ):  # fmt: skip
        set_due(service, alert, on)
    assert walk(service, Filters()) == [very_late_yellow, late_red, soon_red, never_orange]
    assert counted(service, Filters()) == {"long_overdue": 1, "overdue": 1, "soon": 1, "later": 1}
    assert walk(service, Filters(group="soon")) == [soon_red]
    assert walk(service, Filters(level="red")) == [late_red, soon_red]


def test_every_alert_is_on_one_page_of_one_group_and_counts_agree(sqlite_service: Service) -> None:
    """Over random deadlines, owners and states, on pages of any length."""
    service = sqlite_service
    alerts = raised(service, [{"illness": FIRES}] * 5 + [{"elder": FIRES}] * 5)
    alerts += raised(service, [{"income": FIRES}] * 4, region=OTHER_COUNTY, start=50)
    days = st.integers(-12, 8).map(lambda off: TODAY + timedelta(days=off))

    @settings(max_examples=25)
    @given(st.lists(days | st.none(), min_size=14, max_size=14), st.integers(1, 6), st.sampled_from(["00", "340203"]))
    def holds(dues: list[date | None], most: int, region: str) -> None:
        for alert, on in zip(alerts, dues, strict=True):
            set_due(service, alert, on)
        whole = walk(service, Filters(), most=most, region=region)
        assert sorted(whole) == sorted(alerts if region == "00" else alerts[10:])
        parts = [walk(service, Filters(group=group), most=most, region=region) for group in GROUPS]
        assert [alert for part in parts for alert in part] == whole
        assert list(counted(service, Filters(), region).values()) == [len(part) for part in parts]

    holds()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(rules=("illness",)), {0}), (Filters(rules=("illness", "elder")), {0, 1}), (Filters(rules=()), set()),
        (Filters(direction="help"), {0, 1, 2}), (Filters(recurring=True), set()), (Filters(recurring=False), {0, 1, 2}),
        (Filters(unowned=True), {0, 1, 2}), (Filters(owners=(uuid.UUID(int=1),)), set()),
        (Filters(region=OTHER_COUNTY[:6]), {2}), (Filters(region=VILLAGE), {0, 1}), (Filters(status="closed"), set()),
        (Filters(status="assigned"), set()), (Filters(claimable=True), {0, 1, 2}), (Filters(people=()), set()),
    ],
)  # fmt: skip
def test_filters_narrow_the_list_and_the_counts_alike(service: Service, filters: Filters, expected: set[int]) -> None:
    alerts = raised(service, [{"illness": FIRES}, {"elder": FIRES}])
    alerts += raised(service, [{"income": FIRES}], region=OTHER_COUNTY, start=50)
    assert set(walk(service, filters)) == {alerts[place] for place in expected}
    assert sum(counted(service, filters).values()) == len(expected)


@pytest.mark.parametrize("most", [{"_FEW": 2}, {"_COMMON": 2}, {"_FEW": 2, "_COMMON": 2}])
@pytest.mark.parametrize("region", [None, VILLAGE[:9]])
def test_a_rule_that_stands_in_many_alerts_is_found_along_the_queue(
    service: Service, monkeypatch: pytest.MonkeyPatch, most: dict[str, int], region: str | None
) -> None:
    alerts = raised(service, [{"illness": FIRES}] * 4 + [{"elder": FIRES}])
    for name, value in most.items():
        monkeypatch.setattr(queue, name, value)
    filters = Filters(rules=("illness",), region=region)
    assert walk(service, filters) == [one for one in walk(service, Filters()) if one in alerts[:4]]
    assert sum(counted(service, filters).values()) == 4
    with database.reading(service.engine) as session:
        page = queue.queue(session, filters, viewer=ALL, spans=SPANS)
    assert page.count == (4 if ("_COMMON" in most and region is None) or "_FEW" not in most else queue.MOST_COUNTED + 1)


def test_what_nobody_has_is_found_whether_it_is_much_or_little(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts = raised(service, [{"illness": FIRES}] * 4)
    for few in (2, 9):
        monkeypatch.setattr(queue, "_FEW", few)
        assert set(walk(service, Filters(unowned=True))) == set(alerts)
        assert sum(counted(service, Filters(unowned=True)).values()) == 4


def test_a_count_stops_at_a_thousand_and_one(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    raised(service, [{"illness": FIRES}] * 5)
    monkeypatch.setattr(queue, "MOST_COUNTED", 3)
    with database.reading(service.engine) as session:
        page = queue.queue(session, Filters(), viewer=ALL, spans=SPANS)
        assert (len(page.alerts), page.count) == (5, 4)


def test_a_page_is_whole_however_far_the_one_before_it_reached(service: Service) -> None:
    """What was read last says only what is asked first: groups that fill and empty meanwhile change no page."""
    alerts = raised(service, [{"illness": FIRES}, {"elder": FIRES}] * 6)
    days = (date(2026, 3, 2), date(2026, 3, 12), TODAY, date(2026, 5, 1), None)
    for number in range(20):
        for place, alert in enumerate(alerts):
            set_due(service, alert, days[(place * number + number // 5) % len(days)])
        with database.reading(service.engine) as session:
            found = [
                queue.page(session, Filters(), viewer=ALL, spans=SPANS, most=most).ids
                for most in (1, 3, 11, 12, 13, 2, 12)
            ]
            keys = session.execute(select(Alert.due_on, Alert.level, Alert.rank, Alert.id)).all()
        place = {level: at for at, level in enumerate(("red", "orange", "yellow", "blue"))}
        ordered = sorted(
            keys, key=lambda one: (GROUPS.index(SPANS.group(one[0])), place[one[1]], one[0], one[2], one[3])
        )
        whole = [key.id for key in ordered]
        assert found == [whole[:most] for most in (1, 3, 11, 12, 13, 2, 12)]
        assert walk(service, Filters(), most=number % 5 + 1) == whole


def test_the_number_of_queries_is_the_same_for_any_page(service: Service) -> None:
    raised(service, [{"illness": FIRES, "elder": FIRES}] * 12)
    asked: list[str] = []
    event.listen(service.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    numbers = []
    for most in (1, 5, 12):
        asked.clear()
        with database.reading(service.engine) as session:
            page = queue.queue(session, Filters(rules=("illness",)), viewer=ALL, spans=SPANS, most=most)
            assert len(page.alerts) == most
        numbers.append(len(asked))
    assert len(set(numbers)) == 1


def test_pages_and_counts_are_read_along_the_index(service: Service) -> None:
    """The plan says so: no page sorts or walks all that is open in a county."""
    raised(service, [{"illness": FIRES}] * 3)
    said: list[tuple[str, Any]] = []
    event.listen(service.engine, "before_cursor_execute", lambda *run: said.append((run[2], run[3])))
    with database.reading(service.engine) as session:
        queue.queue(session, Filters(), viewer=viewer("340299"), spans=SPANS)
    statement, values = next(one for one in said if "stretches" in one[0] or ("UNION ALL" in one[0]))
    with service.engine.begin() as connection:
        if service.engine.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert sum("ix_alerts_county" in row[3] for row in plan) == 16
            return
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # three rows are read at once
        lines = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()
    assert sum("Index Only Scan using ix_alerts_" in line for line in lines) == 1  # of three rows, any will do
    assert not [line for line in lines if "Bitmap" in line or "Seq Scan on alerts" in line]


@pytest.mark.parametrize("region", ["00", "3402", "340299", VILLAGE[:9], VILLAGE])
def test_the_wall_needs_nothing_of_an_alert_that_stands_in_no_index_of_the_queue(service: Service, region: str) -> None:
    """What the policy names stands in each index: the database then asks it of the index and fetches no row."""
    raised(service, [{"illness": FIRES}] * 3)
    said: list[tuple[str, Any]] = []
    with as_application(service) as walled:
        event.listen(walled.engine, "before_cursor_execute", lambda *run: said.append((run[2], run[3])))
        with database.reading(walled.engine, region=region) as session:
            for way in ("enable_seqscan", "enable_bitmapscan"):  # three rows are read at once
                session.execute(select(func.set_config(way, "off", True)))
            said.clear()
            assert len(queue.page(session, Filters(), viewer=viewer(region), spans=SPANS).ids) == 3
            for statement, values in list(said):
                plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()
                assert any("Index Only Scan using ix_alerts_" in line for line in plan), plan


def test_somebody_is_found_within_the_region_only_and_by_who_they_are_now(service: Service) -> None:
    mine, other = raised(service, [{"illness": FIRES}] * 2)
    theirs = raised(service, [{"illness": FIRES}], region=OTHER_COUNTY, start=50)[0]
    with database.transaction(service.engine) as session:
        for person, name in zip(
            session.scalars(select(Person).order_by(Person.id)), ("曾小贤", "李四光", "曾小贤"), strict=True
        ):
            person.name, person.findable = service.keyring.encrypt(name, about="people.name"), False
    index_people(service.engine, service.keyring)

    def found(text: str, region: str) -> list[uuid.UUID]:
        with database.reading(service.engine) as session:
            people = searching.people(session, text, viewer=viewer(region), keyring=service.keyring)
        return walk(service, Filters(people=people), region=region)

    assert found("曾小贤", "340299") == found("zengxiaoxian", "340299") == found("zxx", "340299") == [mine]
    assert set(found("zeng xiao", "00")) == {mine, theirs}
    assert (found("H000002", "00"), found("王五六", "00")) == ([other], [])


def test_deadlines_of_the_queue_come_from_policy(service: Service) -> None:
    with database.reading(service.engine) as session:
        assert deadlines.spans(session, policy.load(DAY), today=TODAY) == SPANS
