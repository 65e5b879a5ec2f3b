"""Statements kept for a shape: whoever asked first, everybody else is answered about their own."""

import uuid
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from desks import OTHER_COUNTY, OTHER_VILLAGE, hire, raised
from factories import FIRES, VILLAGE, viewer
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from monitor import database
from monitor.access import reach, within
from monitor.alerts.queue import told
from monitor.lifecycle import move
from monitor.service import Service
from monitor.tables import Alert
from monitor.work import queue, shapes
from monitor.work.deadlines import Spans
from monitor.work.lines import line_of, lines
from monitor.work.queue import Filters
from monitor.work.shapes import Shape

SPANS = Spans(date(2026, 3, 6), date(2026, 3, 13), date(2026, 3, 16))
REGIONS = ["00", "34", "3402", "3401", "340299", "340203", VILLAGE[:9], OTHER_COUNTY[:9], VILLAGE, OTHER_VILLAGE]


@pytest.mark.parametrize("region", REGIONS)
def test_the_condition_of_a_kind_means_what_the_condition_of_its_region_says(service: Service, region: str) -> None:
    raised(service, [{"illness": FIRES}])
    raised(service, [{"illness": FIRES}], region=OTHER_COUNTY, start=50)
    kept = reach.of_kind(reach.kind(region), Alert, "viewer")
    with database.reading(service.engine) as session:
        said = reach.values(region, "viewer")
        bound = session.connection().execute(select(Alert.id).where(kept), said).scalars()
        assert set(bound) == set(session.scalars(select(Alert.id).where(within(region))))


def test_a_role_without_case_data_reaches_nothing() -> None:
    assert reach.kind_of(replace(viewer("340299"), role="auditor")) == "none"
    assert str(reach.of_kind("none", Alert, "viewer")) == "false"


@settings(max_examples=60)
@given(
    asked=st.lists(
        st.builds(
            Filters,
            region=st.sampled_from([None, *REGIONS]),
            level=st.sampled_from([None, "red", "yellow"]),
            rules=st.sampled_from([None, ("illness",), ("elder",), ("illness", "elder", "income")]),
            group=st.sampled_from([None, "long_overdue", "later"]),
        ),
        min_size=2,
        max_size=4,
    ),
    regions=st.lists(st.sampled_from(REGIONS), min_size=1, max_size=3),
)
def test_whoever_asked_before_changes_no_answer(asked: list[Filters], regions: list[str], world: Service) -> None:
    with database.reading(world.engine) as session:

        def found(filters: Filters, region: str) -> Any:
            page = queue.page(session, filters, viewer=viewer(region), spans=SPANS, most=2)
            return page, queue.counts(session, filters, viewer=viewer(region), spans=SPANS)

        together = [found(filters, region) for filters in asked for region in regions]
        alone = []
        for filters in asked:
            for region in regions:
                database._made.cache_clear()
                alone.append(found(filters, region))
        assert together == alone


@pytest.fixture
def world(sqlite_service: Service) -> Service:
    raised(sqlite_service, [{"illness": FIRES}, {"elder": FIRES}, {"income": FIRES, "illness": FIRES}])
    raised(sqlite_service, [{"illness": FIRES}, {"elder": FIRES}], region=OTHER_COUNTY, start=50)
    return sqlite_service


def test_a_shape_has_no_room_for_a_value() -> None:
    """A region, a rule or somebody's id in a shape would be one too many for the statements that are kept."""
    kinds = {field.type for field in fields(Shape)}
    assert kinds <= {"bool", "bool | None", "str", "str | None", "int", bool, str, bool | None, str | None, int}
    shape = queue._shape(
        Filters(
            region="340299", level="red", rules=("illness",), status="assigned", direction="check", people=(1,),
            owners=(uuid.uuid4(),), group="soon",
        ),
        viewer("340203"), [uuid.uuid4()],
    )  # fmt: skip
    words = {str(getattr(shape, field.name)) for field in fields(Shape)}
    assert words <= {"True", "False", "None", "county", "one", "1", "other"}
    binds = shapes.along(shape, 2, True).compile().binds
    names = {name for name, bind in binds.items() if bind.required}
    values = {str(bind.value) for bind in binds.values() if not bind.required}
    assert not values & {"340299", "340203", "red", "illness", "assigned", "check"}
    assert {"viewer_code", "region_code", "level0", "part0", "owners", "people", "skip", "last_due"} <= names


def test_lines_come_in_the_order_asked_for_and_those_that_are_gone_are_left_out(service: Service) -> None:
    first, second = raised(service, [{"illness": FIRES}, {"elder": FIRES, "illness": FIRES}])
    with database.reading(service.engine) as session:
        found = lines(session, [second, uuid.uuid4(), first])
        assert [line.id for line in found] == [second, first]
        assert (found[1].rules, found[0].owner_name, found[0].version) == (["illness"], None, 1)
        assert set(found[0].rules) == {"elder", "illness"}
        assert found[0].sentence_zh
        assert lines(session, []) == []


def test_the_line_of_an_alert_at_hand_is_the_line_that_a_page_reads(service: Service) -> None:
    lin = hire(service, "林干事")[0]
    raised(service, [{"illness": FIRES}, {"elder": FIRES, "illness": FIRES}])
    with database.transaction(service.engine) as session:
        alerts = session.scalars(select(Alert).order_by(Alert.id)).all()
        move(session, alerts[0], "claim", by=lin)
    with database.reading(service.engine) as session:
        alerts = session.scalars(select(Alert).order_by(Alert.id)).all()
        ids = [one.id for one in alerts]
        at_hand = [line_of(told(session, one, viewer=viewer("00"))) for one in ids]
        read = lines(session, ids)
    assert at_hand == read
    assert [one.owner_name for one in read] == ["林干事", None]
