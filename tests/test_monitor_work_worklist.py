"""The day's worklist: earliest deadline first, a floor for every village and rule, lateness told before it comes."""

import uuid
from datetime import date, timedelta

from factories import DAY
from hypothesis import given
from hypothesis import strategies as st

from monitor import policy
from monitor.work.colleagues import Care
from monitor.work.worklist import Plan, Waiting, plan

DAYS = policy.load(DAY).pack.calendar
TODAY = date(2026, 3, 11)  # a Wednesday
WORKER = uuid.UUID(int=1)


def one(number: int, due: int, *, village: str = "a", rule: str = "r", waited: int = 1, level: str = "red") -> Waiting:
    return Waiting(
        uuid.UUID(int=number), WORKER, level, TODAY + timedelta(days=due), number, village,
        TODAY - timedelta(days=waited), frozenset({rule}),
    )  # fmt: skip


def planned(
    *waiting: Waiting, visits: int = 2, care: Care | None = None, served: dict[str, date] | None = None
) -> Plan:
    return plan(waiting, care or Care(visits_a_day=visits), worker=WORKER, days=DAYS, today=TODAY, served=served or {})


def ids(found: list[Waiting]) -> list[int]:
    return [each.id.int for each in found]


def test_the_earliest_deadline_goes_first_then_the_level_and_villages_stand_together() -> None:
    made = planned(
        one(1, 5), one(2, 1, village="b"), one(3, 1, level="yellow"), one(4, 3, village="b"), visits=3,
    )  # fmt: skip
    assert ids(made.today) == [3, 2, 4]
    assert (made.visits, made.waiting, made.late) == (3, 4, [])


def test_what_will_be_late_is_told_before_it_is() -> None:
    made = planned(*(one(number, 1) for number in range(1, 8)), visits=2)
    assert [(each.id.int, on.day) for each, on in made.late] == [(5, 13), (6, 13), (7, 16)]


def test_on_leave_or_a_day_off_nobody_visits_and_the_work_waits() -> None:
    away = planned(one(1, 0), care=Care(visits_a_day=3, away_from=TODAY, away_until=TODAY + timedelta(days=1)))
    assert (away.visits, away.today, [(each.id.int, on.day) for each, on in away.late]) == (0, [], [(1, 13)])
    never = planned(one(1, 0), visits=0)
    assert (never.beyond, never.late[0][1]) == (1, date.max)


def test_a_village_and_a_rule_that_starve_have_a_place_on_the_day() -> None:
    urgent = [one(number, 0) for number in range(1, 9)]
    starving = one(20, 30, village="far", rule="rare", waited=20)
    made = planned(*urgent, starving, visits=4)
    assert (ids(made.today)[-1], made.floor) == (20, frozenset({starving.id}))
    just_come = one(20, 30, village="far", rule="rare", waited=2)
    assert planned(*urgent, just_come, visits=4).floor == frozenset()
    visited = {"village far": TODAY, "rule rare": TODAY - timedelta(days=1)}
    assert planned(*urgent, starving, visits=4, served=visited).floor == frozenset()


@given(
    st.lists(
        st.tuples(st.integers(-10, 30), st.sampled_from("abcd"), st.sampled_from("rst"), st.integers(0, 40)),
        max_size=40,
    ),
    st.integers(0, 8),
)
def test_the_day_is_never_over_filled_nobody_is_lost_and_the_floor_is_a_fifth(
    said: list[tuple[int, str, str, int]], visits: int
) -> None:
    waiting = [
        one(number, due, village=village, rule=rule, waited=waited)
        for number, (due, village, rule, waited) in enumerate(said, 1)
    ]
    made = planned(*waiting, visits=visits)
    assert len(made.today) == min(visits, len(waiting))
    assert len({each.id for each in made.today}) == len(made.today)
    assert len(made.floor) <= -(-visits // 5)
    late = {each.id for each, _ in made.late}
    assert late <= {each.id for each in waiting}
    overdue = {each.id for each in waiting if each.due_on < TODAY}
    assert overdue <= late


@given(st.lists(st.integers(0, 15), min_size=1, max_size=25), st.integers(1, 4))
def test_by_earliest_deadline_as_few_are_late_as_the_visits_allow(dues: list[int], visits: int) -> None:
    """Without a floor: whatever is late could not have been in time, for all due by then fill every day till then."""
    waiting = [one(number, due) for number, due in enumerate(dues, 1)]
    for each, _ in planned(*waiting, visits=visits).late:
        before = sum(other.due_on <= each.due_on for other in waiting)
        days = sum(DAYS.works(TODAY + timedelta(days=ahead)) for ahead in range((each.due_on - TODAY).days + 1))
        assert before > days * visits
