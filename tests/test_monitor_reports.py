"""The supervisors' numbers against a plain recount, by cell and by row, and what an export may not give away."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from factories import register, viewer
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from monitor import database, reports
from monitor.access import Viewer
from monitor.alerts.asked import AUDIT
from monitor.errors import Invalid, NotFound
from monitor.gauges import StoreCollector
from monitor.reports import Asked
from monitor.service import Service, today
from monitor.tables import (
    Alert,
    AlertEvent,
    Case,
    FollowUp,
    Household,
    Measure,
    Reason,
    Referral,
    Track,
    utc_now,
)

VILLAGES = ["340202001001", "340202001002", "340202002001", "340207001001", "340207001002"]
FINDINGS = ["confirmed", "partly", "helped", "no_need", "false_alarm", "unreachable", "watch", "moved"]
RULES = {"illness": ["medical_settlements"], "income": ["wages", "contributions"], "elder": [], AUDIT: []}
COHORTS = {"helped_3m": 91, "helped_6m": 182, "helped_12m": 365}
SETTLED = [one for one in FINDINGS if one not in ("unreachable", "watch")]


@dataclass(frozen=True)
class Plain:
    """An alert as a plain recount sees it."""

    alert: Alert
    rules: list[str]
    visits: list[tuple[date, str]]
    referrals: list[tuple[str, date]]
    case: tuple[date, list[int]] | None

    @property
    def result(self) -> str | None:
        settled = [finding for _, finding in self.visits if finding in SETTLED]
        return settled[-1] if settled else None


def world(service: Service, seed: int, *, homes: int = 60) -> list[Plain]:
    chance = random.Random(seed)
    made = []
    with database.transaction(service.engine) as session:
        for place, village in enumerate(VILLAGES):
            for home in register(session, homes // len(VILLAGES), region=village, start=place * 1000 + 1):
                made += [_alert(session, home, episode, chance) for episode in range(1, chance.randint(1, 3) + 1)]
        session.flush()
        reports.follow(session)
    return made


def _alert(session: Any, home: Household, episode: int, chance: random.Random) -> Plain:
    opened = date(2026, 1, 1) + timedelta(days=chance.randrange(120))
    ended = episode < 3 or chance.random() < 0.5
    status = (
        "closed" if ended and chance.random() < 0.9 else "annulled" if ended else chance.choice(["open", "visited"])
    )
    alert = Alert(
        id=uuid.UUID(int=chance.getrandbits(128)), household_id=home.id, episode=episode, status=status,
        level=chance.choice(["red", "orange", "yellow"]), level_since_on=opened, region=home.region, county=home.county,
        town=home.town, village=home.village, category="dibao", opened_on=opened, seen_on=opened,
        closed_at=utc_now() if ended else None, result_due_on=today() + timedelta(days=chance.randrange(-5, 6)),
        cleared_on=opened if chance.random() < 0.3 else None,
    )  # fmt: skip
    # one open alert a household: earlier episodes have ended
    if not ended and episode < 3:
        alert.status, alert.closed_at = "closed", utc_now()
    rules = chance.sample(sorted(RULES), chance.randint(1, 3))
    visits = sorted(
        (opened + timedelta(days=chance.randrange(30)), chance.choice(FINDINGS)) for _ in range(chance.randrange(3))
    )
    session.add(alert)
    session.flush()
    session.add(AlertEvent(alert_id=alert.id, kind="opened"))
    for place, rule in enumerate(rules):
        session.add(
            Reason(
                alert_id=alert.id, rule=rule, rule_version="1", direction="help", level="red", place=place,
                sentence_zh="", sentence_en="", first_on=opened, last_on=opened,
                evidence=[{"feed": feed} for feed in RULES[rule]],
            )
        )  # fmt: skip
    referrals, case = _referrals(session, alert, chance), _case(session, alert, chance)
    for number, (day, finding) in enumerate(visits):
        session.add(
            FollowUp(
                id=uuid.uuid4(), alert_id=alert.id, visited_on=day, way="home", finding=finding, digest="x",
                recorded_by="t", recorded_at=utc_now() + timedelta(seconds=number),
            )
        )  # fmt: skip
    return Plain(alert, rules, visits, referrals, case)


def _referrals(session: Any, alert: Alert, chance: random.Random) -> list[tuple[str, date]]:
    made = []
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        status, due_on = chance.choice(["sent", "done"]), today() + timedelta(days=chance.choice([-3, 3]))
        ended = None if status == "sent" else utc_now()
        session.add(
            Referral(
                id=uuid.uuid4(), household_id=alert.household_id, alert_id=alert.id, code="RF_MED", department="医保局",
                digest="x", due_on=due_on, sent_by="t", status=status, ended_at=ended,
            )
        )  # fmt: skip
        made.append((status, due_on))
    return made


def _case(session: Any, alert: Alert, chance: random.Random) -> tuple[date, list[int]] | None:
    if chance.random() < 0.6:
        return None
    case = Case(
        household_id=alert.household_id, alert_id=alert.id, follow_up_id=uuid.uuid4(), status="ended",
        closed_at=utc_now(), opened_on=today() - timedelta(days=chance.randrange(500)),
    )  # fmt: skip
    session.add(case)
    session.flush()
    done = []
    for days in [chance.randrange(400) for _ in range(chance.randrange(3))]:
        status = chance.choice(["done", "dropped"])
        session.add(
            Measure(
                id=uuid.uuid4(), case_id=case.id, code="MED", status=status, made_by="t", responsible="t",
                done_on=case.opened_on + timedelta(days=days),
            )
        )  # fmt: skip
        done += [days] if status == "done" else []
    return case.opened_on, done


KEYS: dict[str, Callable[[Plain], list[str | None]]] = {
    "county": lambda one: [one.alert.county], "town": lambda one: [one.alert.town],
    "village": lambda one: [one.alert.village], "level": lambda one: [one.alert.level],
    "status": lambda one: [one.alert.status], "category": lambda one: [one.alert.category],
    "month": lambda one: [f"{one.alert.opened_on:%Y-%m}"], "model": lambda one: [None],
    "result": lambda one: [one.result], "rule": lambda one: list(one.rules),
    "feed": lambda one: sorted({feed for rule in one.rules for feed in (RULES[rule] or [""])}),
}  # fmt: skip


def among(figure: str, one: Plain) -> bool:
    alert = one.alert
    if figure in ("referred", "referral_overdue"):
        return any(status == "sent" for status, _ in one.referrals)
    if reports.FIGURES[figure].stock:
        return alert.closed_at is None
    if alert.status == "annulled":
        return False
    if figure == "first_action":
        return bool(one.visits)
    if figure == "closing":
        return alert.closed_at is not None
    if figure in COHORTS:
        return one.case is not None and one.case[0] <= today() - timedelta(days=COHORTS[figure])
    return one.result is not None and one.rules != [AUDIT] if figure.endswith("share") else True


def counts(figure: str, one: Plain) -> bool:
    alert = one.alert
    return {
        "overdue": alert.result_due_on is not None and alert.result_due_on < today(),
        "unassigned": alert.status == "open",
        "cleared_waiting": alert.cleared_on is not None,
        "closed": alert.closed_at is not None,
        "referral_overdue": any(status == "sent" and due < today() for status, due in one.referrals),
        **{name: one.case is not None and min(one.case[1], default=999) <= days for name, days in COHORTS.items()},
        "confirmed_share": one.result in ("confirmed", "partly", "helped"),
        "false_alarm_share": one.result == "false_alarm",
    }.get(figure, True)


def seen(one: Plain, asked: Asked, by: Viewer) -> bool:
    inside = one.alert.region.startswith(by.region.replace("00", "", 1) if by.region == "00" else by.region)
    inside &= asked.region is None or one.alert.region.startswith(asked.region)
    if reports.FIGURES[asked.figure].stock:
        return inside
    day = one.alert.opened_on
    return inside and (asked.since is None or day >= asked.since) and (asked.until is None or day <= asked.until)


def questions() -> Iterator[Asked]:
    for name, figure in reports.FIGURES.items():
        for by in (None, *figure.dimensions):
            yield Asked(name, by)
            yield Asked(name, by, "340207", date(2026, 2, 1), date(2026, 3, 15))


def asked_by_whom(first: int) -> Iterator[tuple[Viewer, Asked]]:
    """Every question by who sees all, and each by one of the others in turn, beginning with the ``first``."""
    others = viewer("340202"), viewer("340202001"), viewer("340207001002")
    for at, asked in enumerate(questions()):
        yield viewer(), asked
        yield others[(first + at) % len(others)], asked


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_is_what_a_plain_recount_says_and_lists_exactly_its_rows(service: Service, seed: int) -> None:
    plain = world(service, seed)
    with database.reading(service.engine) as session:
        for by, asked in asked_by_whom(seed):
            mine = [one for one in plain if seen(one, asked, by) and among(asked.figure, one)]
            keys = sorted({key for one in mine for key in _keys(one, asked)}, key=lambda key: (key is None, key or ""))
            cells = reports.cells(session, asked, viewer=by)
            assert [cell.key for cell in cells] == keys, asked
            for cell in cells:
                there = [one for one in mine if cell.key in _keys(one, asked)]
                counted = {one.alert.id for one in there if counts(asked.figure, one)}
                assert (cell.among, cell.counted) == (len(there), len(counted)), (asked, cell)
                behind = reports.rows(session, asked, cell.key, viewer=by, most=10_000)
                assert {alert.id for alert in behind} == counted, (asked, cell)
                assert reports.count_rows(session, asked, cell.key, viewer=by) == len(counted)


def _keys(one: Plain, asked: Asked) -> list[str | None]:
    return [None] if asked.by is None else KEYS[asked.by](one)


def test_what_the_random_sample_alone_asked_for_is_no_rules_yield(service: Service) -> None:
    plain = [one for one in world(service, 5) if one.result is not None and one.alert.status != "annulled"]
    drawn = [one for one in plain if one.rules == [AUDIT]]
    with database.reading(service.engine) as session:
        whole = reports.total(session, Asked("confirmed_share"), viewer=viewer())
        by_rule = {
            cell.key: cell.among for cell in reports.cells(session, Asked("confirmed_share", "rule"), viewer=viewer())
        }
    assert len(drawn) > 0
    assert whole.among == len(plain) - len(drawn)
    assert by_rule[AUDIT] == sum(AUDIT in one.rules and len(one.rules) > 1 for one in plain)


def test_percentiles_are_the_nearest_rank_of_the_days_themselves(service: Service) -> None:
    plain = [one for one in world(service, 3) if one.visits and one.alert.status != "annulled"]
    days = sorted((min(day for day, _ in one.visits) - one.alert.opened_on).days for one in plain)
    with database.reading(service.engine) as session:
        cell = reports.total(session, Asked("first_action"), viewer=viewer())
    assert cell.percentiles == {p: days[-(-len(days) * p // 100) - 1] for p in (50, 75, 90, 95)}
    assert cell.value == cell.percentiles[50]


def test_a_stage_that_was_left_out_has_no_duration_and_those_that_were_gone_through_have_theirs(
    service: Service,
) -> None:
    """Peers' fault T13: an alert that ends without a visit, or is visited and goes on, spoils nobody's days."""
    lives = [(None, True), (4, False), (4, True), (None, False)]  # (first visit after so many days, ended)
    opened = today() - timedelta(days=10)
    with database.transaction(service.engine) as session:
        for home, (visited, ended) in zip(register(session, len(lives), region=VILLAGES[0]), lives, strict=True):
            alert = Alert(
                household_id=home.id, episode=1, status="closed" if ended else "open", level="red",
                level_since_on=opened, region=home.region, county=home.county, town=home.town, village=home.village,
                category="dibao", opened_on=opened, seen_on=opened, closed_at=utc_now() if ended else None,
            )  # fmt: skip
            session.add(alert)
            session.flush()
            session.add(AlertEvent(alert_id=alert.id, kind="opened"))
            if visited is not None:
                session.add(
                    FollowUp(
                        id=uuid.uuid4(), alert_id=alert.id, visited_on=opened + timedelta(days=visited), way="home",
                        finding="no_need", digest="x", recorded_by="t", recorded_at=utc_now(),
                    )
                )  # fmt: skip
        session.flush()
        reports.follow(session)
        acted, closing, raised = (
            reports.total(session, Asked(name), viewer=viewer()) for name in ("first_action", "closing", "raised")
        )
    assert (raised.counted, acted.among, closing.among) == (4, 2, 2)
    assert set(acted.percentiles.values()) == {4}
    assert set(closing.percentiles.values()) == {10}


def test_pages_of_rows_hold_each_row_once(service: Service) -> None:
    world(service, 4)
    with database.reading(service.engine) as session:
        asked, found, after = Asked("raised"), [], None
        while page := reports.rows(session, asked, None, viewer=viewer(), after=after, most=7):
            found += [alert.id for alert in page]
            after = page[-1].id
        assert len(found) == len(set(found)) == reports.total(session, asked, viewer=viewer()).counted
        assert all(one < other for one, other in pairwise(found))


def test_following_again_changes_nothing_and_what_happens_later_is_followed(service: Service) -> None:
    world(service, 5)
    with database.transaction(service.engine) as session:
        before = session.scalars(select(Track.alert_id)).all()
        reports.follow(session)
        assert session.scalars(select(Track.alert_id)).all() == before
        alert = session.scalars(select(Alert).where(Alert.closed_at.is_(None))).first()
        assert alert is not None
        session.add(
            FollowUp(
                id=uuid.uuid4(), alert_id=alert.id, visited_on=alert.opened_on + timedelta(days=99), way="home",
                finding="false_alarm", digest="x", recorded_by="t", recorded_at=utc_now() + timedelta(hours=1),
            )
        )  # fmt: skip
        session.add(AlertEvent(alert_id=alert.id, kind="closed"))
        alert.status, alert.closed_at = "closed", utc_now()
        session.flush()
        reports.follow(session)
        track = session.get_one(Track, alert.id, populate_existing=True)
        assert track.result == "false_alarm"
        assert track.close_days is not None


def test_a_figure_costs_the_same_number_of_queries_however_many_cells_it_has(service: Service) -> None:
    world(service, 6)
    for name in reports.FIGURES:
        with database.reading(service.engine) as session:
            told: list[str] = []
            event.listen(service.engine, "before_cursor_execute", lambda *said, told=told: told.append(str(said[2])))
            reports.cells(session, Asked(name, "village"), viewer=viewer())
            asked = [one for one in told if one.startswith("SELECT") and "set_config" not in one]  # that is the wall
            assert len(asked) == 1, (name, told)


def test_gauges_and_reports_say_the_same(service: Service) -> None:
    world(service, 7)
    series = {metric.name: metric for metric in StoreCollector(service).collect()}
    with database.reading(service.engine) as session:
        for name, metric in (
            ("open", "alerts_open"),
            ("overdue", "alerts_overdue"),
            ("unassigned", "alerts_unassigned"),
        ):
            shown: dict[str, float] = {}
            for sample in series[f"lowincome_{metric}"].samples:
                county = sample.labels["county"]
                shown[county] = shown.get(county, 0) + sample.value
            cells = reports.cells(session, Asked(name, "county"), viewer=viewer())
            assert {cell.key: cell.counted for cell in cells if cell.counted} == {k: v for k, v in shown.items() if v}


def test_no_figure_can_be_split_by_a_named_worker(service: Service) -> None:
    with database.reading(service.engine) as session:
        for figure in reports.FIGURES.values():
            assert not {"owner", "owner_id", "worker", "recorded_by"} & set(figure.dimensions)
        with pytest.raises(Invalid, match="split by"):
            reports.cells(session, Asked("open", "owner_id"), viewer=viewer())
        with pytest.raises(NotFound, match="there are"):
            reports.cells(session, Asked("nothing"), viewer=viewer())


TREES = st.dictionaries(
    st.integers(0, 3),
    st.dictionaries(st.integers(0, 3), st.lists(st.integers(0, 25), max_size=5), max_size=4),
    max_size=4,
)


@given(TREES, st.integers(5, 12))
@settings(max_examples=300)
def test_no_difference_of_published_cells_tells_of_fewer_than_k(tree: dict[int, dict[int, list[int]]], k: int) -> None:
    rows, parents = _cells(tree)
    counts = {cell: len(held) for cell, held in rows.items()}
    hidden = reports.hidden(counts, parents, k=k)
    shown = [cell for cell in rows if cell not in hidden]
    for cell in shown:
        assert counts[cell] == 0 or counts[cell] >= k
        for other in shown:
            if rows[other] < rows[cell]:
                left = len(rows[cell] - rows[other])
                assert left == 0 or left >= k or _split(cell, other, rows, hidden), (cell, other)
    for cell in shown:
        below = [one for one, parent in parents.items() if parent == cell]
        if below:
            unseen = [one for one in below if one in hidden]
            left = counts[cell] - sum(counts[one] for one in below if one not in hidden)
            assert left == sum(counts[one] for one in unseen)
            assert not unseen or (len(unseen) >= 2 and left >= k)


def _split(cell: str, other: str, rows: dict[str, set[str]], hidden: set[str]) -> bool:
    """Whether the difference is itself the sum of published cells, and so tells nothing new."""
    left = rows[cell] - rows[other]
    return not any(rows[one] & left and not rows[one] <= rows[other] and one in hidden for one in rows)


def _cells(tree: dict[int, dict[int, list[int]]]) -> tuple[dict[str, set[str]], dict[str, str | None]]:
    rows: dict[str, set[str]] = {"all": set()}
    parents: dict[str, str | None] = {"all": None}
    for county, towns in tree.items():
        rows[f"{county}"], parents[f"{county}"] = set(), "all"
        for town, villages in towns.items():
            name = f"{county}.{town}"
            rows[name], parents[name] = set(), f"{county}"
            for place, count in enumerate(villages):
                leaf = f"{name}.{place}"
                held = {f"{leaf}#{number}" for number in range(count)}
                rows[leaf], parents[leaf] = held, name
                for above in (name, f"{county}", "all"):
                    rows[above] |= held
    return rows, parents


def test_a_k_below_five_is_refused() -> None:
    with pytest.raises(Invalid, match="at least 5"):
        reports.hidden({"all": 3}, {"all": None}, k=4)
