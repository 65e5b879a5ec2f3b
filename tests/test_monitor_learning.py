"""What a model may learn from: nothing that came later, nothing that was decided, and unknown stays unknown."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import factories
import numpy as np
import pandas as pd
import pytest
from oracle import Delivery, Row
from world_lake import WorldLake

from monitor import policy
from monitor.alerts.asked import AUDIT
from monitor.database import Session
from monitor.errors import Invalid
from monitor.lake import Lake
from monitor.learning import Archive, Features, Known, assemble, build, known, label, leaks
from monitor.learning.labels import SPAN
from monitor.tables import Alert, AlertEvent, Case, FollowUp, Reason

T = date(2025, 6, 30)
LATER = date(2026, 3, 31)
MAY = date(2025, 5, 9)
VILLAGE, ELSEWHERE = "340202001001", "340207001001"
HOMES = 8
POISON = ("medical_settlements", "wages", "hotline_tickets", "assistance_decisions")


def law(on: date) -> policy.Policy:
    return policy.load(on, known_on=on)


def home(number: int, **changed: object) -> Row:
    return {
        "household_id": f"H{number:03}", "id_no": f"P{number:03}", "relation": "02", "sex": "1",
        "birth_on": date(1960 + number, 1, 1), "region": VILLAGE, "category": "other", "monthly_income_per_head": 700,
    } | changed  # fmt: skip


def bill(number: int, on: date, pays: int, *, of: int = 0) -> Row:
    return {
        "settlement_id": f"S{number}", "id_no": f"P{of:03}", "settled_on": on, "kind": "inpatient",
        "total_fee": pays * 2, "self_pay": pays, "cancelled": False,
    }  # fmt: skip


def decision(number: int, on: date, *, of: int, what: str = "approved", program: str = "dibao") -> Row:
    return {
        "decision_no": f"D{number}", "id_no": f"P{of:03}", "program": program, "decision": what, "decided_on": on,
        "valid_until": None,
    }  # fmt: skip


def history() -> list[Delivery]:
    """A register, a rising bill, and decisions after T about the first three homes."""
    day = timedelta(days=1)
    return [
        Delivery("household_register", date(2024, 1, 2), "full", [home(n) for n in range(HOMES)]),
        Delivery("medical_settlements", date(2024, 6, 5), "append", [bill(1, date(2024, 5, 20), 900)]),
        Delivery("medical_settlements", date(2025, 3, 5), "append", [bill(2, date(2025, 2, 20), 4_000)]),
        Delivery("assistance_decisions", date(2025, 6, 3), "append", [decision(1, MAY, of=7, what="rejected")]),
        Delivery("medical_settlements", date(2025, 6, 25), "append", [bill(3, date(2025, 6, 10), 20_000)]),
        Delivery("assistance_decisions", T + 40 * day, "append", [decision(2, T + 20 * day, of=0)]),
        Delivery("assistance_decisions", T + 70 * day, "append", [decision(3, T + 50 * day, of=1)]),
        Delivery("assistance_decisions", T + 90 * day, "withdraw", [decision(3, T + 50 * day, of=1)]),
        Delivery("assistance_decisions", LATER - day, "append", [decision(4, LATER - 10 * day, of=2)]),
    ]  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> WorldLake:
    return WorldLake(Lake(tmp_path), policy.read_pack().feeds).extend(history())


@pytest.fixture
def archive(world: WorldLake) -> Archive:
    return Archive(world.lake, world.manifest, law)


@pytest.fixture
def now(archive: Archive) -> Known:
    found = known(archive, T)
    assert found is not None
    return found


def test_levels_are_as_known_on_the_date_and_changes_against_what_had_been_known(archive: Archive) -> None:
    table = build(archive, T).table
    first = table.iloc[0]
    assert first["medical_self_pay_12m"] == 24_000
    assert first["medical_self_pay_12m__d3"] == 24_000 - 4_900
    assert first["medical_self_pay_12m__d12"] == 24_000 - 900
    assert first["signs"] >= 1
    assert first["since__medical_settlements"] == 0
    later = build(archive, LATER).table.iloc[0]["since__medical_settlements"]
    assert later == (LATER - date(2025, 6, 10)).days // 91


def test_a_home_without_records_is_told_from_one_that_paid_nothing(archive: Archive) -> None:
    table = build(archive, T).table
    assert table["linked__medical_settlements"].tolist() == [1.0] + [0.0] * (HOMES - 1)
    assert table["since__medical_settlements"].isna().tolist() == [False] + [True] * (HOMES - 1)
    assert table["wages_3m"].isna().all()


def test_every_indicator_that_policy_gives_a_way_keeps_it_and_so_does_its_change(archive: Archive) -> None:
    built = build(archive, T)
    assert built.monotone["wages_mean_3m"] == -1
    assert built.monotone["medical_self_pay_12m__d6"] == 1
    assert "elders_80" not in built.monotone
    assert all(way in (-1, 1) for way in built.monotone.values())


def test_before_any_register_there_is_nobody(archive: Archive) -> None:
    assert known(archive, date(2024, 1, 1)) is None
    with pytest.raises(ValueError, match="no register"):
        build(archive, date(2024, 1, 1))


def poisoned(world: WorldLake) -> Archive:
    """The same world after everything that a year could bring has been made up at random."""
    chance = np.random.default_rng(5)
    days = [T + timedelta(days=int(n)) for n in chance.integers(1, 200, 40)]
    for number, on in enumerate(sorted(days)):
        of = int(chance.integers(HOMES))
        rows = [bill(int(chance.integers(1, 50)), on - timedelta(days=int(chance.integers(0, 300))), 90_000, of=of)]
        world.add(Delivery("medical_settlements", on, "append", rows))
        moved = [home(n, category="dibao", region=ELSEWHERE, monthly_income_per_head=1) for n in range(number % HOMES)]
        world.add(Delivery("household_register", on, "full", [*moved, home(HOMES + number)]))
    return Archive(world.lake, world.manifest, law)


def sabotaged(source: Archive, as_of: date) -> Features:
    """A builder that looks at all that was ever delivered, as a careless query does."""
    early = [replace(d, known_on=min(d.known_on, as_of), received_on=None) for d in source.deliveries]
    return build(Archive(source.lake, tuple(early), source.law), as_of)


def test_lr10_whatever_the_future_brings_the_features_of_today_stay_bit_for_bit(
    world: WorldLake, archive: Archive
) -> None:
    before, spoiled_before = build(archive, T), sabotaged(archive, T)
    after = poisoned(world)
    pd.testing.assert_frame_equal(build(after, T).table, before.table, check_exact=True)
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(sabotaged(after, T).table, spoiled_before.table, check_exact=True)


def test_lr1_a_delivery_that_came_later_is_refused(archive: Archive, now: Known) -> None:
    leaks.refuse_late(archive, [now])
    with pytest.raises(Invalid, match="LR1"):
        leaks.refuse_late(archive, [replace(now, manifest=archive.deliveries)])


def test_lr3_a_delivery_that_came_after_the_scan_began_is_not_seen_and_is_refused(archive: Archive) -> None:
    at = datetime(2025, 7, 1, 1, 30, tzinfo=UTC)
    last = next(d for d in archive.manifest(T)[::-1])
    timed = replace(archive, nights={T: at}, arrived={last.seq: at + timedelta(minutes=1)})
    seen = known(timed, T)
    assert seen is not None
    leaks.refuse_late(timed, [seen])
    assert last not in seen.manifest
    with pytest.raises(Invalid, match="LR3"):
        leaks.refuse_late(timed, [replace(seen, manifest=archive.manifest(T))])


def test_lr2_and_lr4_only_indicators_and_of_a_decision_only_that_it_was_made(archive: Archive, now: Known) -> None:
    built = build(archive, T)
    leaks.refuse_outcomes(built, now)
    assert built.table["assistance_rejections_12m"].tolist() == [0.0] * (HOMES - 1) + [1.0]
    with pytest.raises(Invalid, match="LR2"):
        leaks.refuse_outcomes(replace(built, table=built.table.assign(alert_level=1.0)), now)
    checked = {**built.sources, "pensions_3m": frozenset({"assistance_decisions"})}
    with pytest.raises(Invalid, match="LR4"):
        leaks.refuse_outcomes(replace(built, sources=checked), now)


@pytest.mark.parametrize(("column", "rule"), [("category", "LR6"), ("region", "LR7"), ("county", "LR7")])
def test_lr6_and_lr7_a_category_or_a_place_of_today_is_refused(
    world: WorldLake, now: Known, column: str, rule: str
) -> None:
    built = assemble(now, {})
    leaks.refuse_hindsight(built, now)
    today = known(poisoned(world), LATER)
    assert today is not None
    current = today.table[column].astype("string").reindex(built.places.index).fillna("gone")
    with pytest.raises(Invalid, match=rule):
        leaks.refuse_hindsight(replace(built, places=built.places.assign(**{column: current})), now)


def test_lr6_a_flag_of_todays_category_is_refused_too(now: Known) -> None:
    built = assemble(now, {})
    with pytest.raises(Invalid, match="LR6"):
        leaks.refuse_hindsight(replace(built, table=built.table.assign(category__dibao=1.0)), now)


def test_lr8_what_was_split_or_merged_shares_a_fold(world: WorldLake, now: Known) -> None:
    joined = [home(0), home(1, household_id="H000", relation="10"), *(home(n) for n in range(2, HOMES))]
    world.add(Delivery("household_register", T + timedelta(days=9), "full", joined))
    later = known(Archive(world.lake, world.manifest, law), T + timedelta(days=9))
    assert later is not None
    by = leaks.lineage([now, later])
    assert by.loc[1] == by.loc[2] == 1
    assert by.nunique() == HOMES - 1
    leaks.refuse_kin_apart(by, [now, later])
    with pytest.raises(Invalid, match="LR8"):
        leaks.refuse_kin_apart(pd.Series(range(HOMES), index=now.table.index), [now, later])


@dataclass
class Office:
    """The register's homes in the operational tables, and what visits found there."""

    session: Session
    homes: list[int]

    def visit(self, place: int, finding: str, on: date, *, direction: str = "help", code: str | None = None) -> Alert:
        alert = Alert(
            household_id=self.homes[place], level="red", level_since_on=on, region=VILLAGE, county="340202",
            opened_on=on, seen_on=on,
        )  # fmt: skip
        self.session.add(alert)
        self.session.flush()
        self.session.add_all([
            Reason(
                alert_id=alert.id, rule=AUDIT if direction == AUDIT else "r", rule_version="1",
                direction="check" if direction == AUDIT else direction, level="red", sentence_zh="-",
                sentence_en="-", first_on=on, last_on=on,
            ),
            AlertEvent(alert_id=alert.id, kind="raised", as_of=on, detail={"level": "red"}),
            FollowUp(
                id=uuid.uuid4(), alert_id=alert.id, visited_on=on, way="home", finding=finding, reason_code=code,
                digest="-", recorded_by="-", recorded_at=datetime(on.year, on.month, on.day, 8, tzinfo=UTC),
            ),
        ])  # fmt: skip
        self.session.flush()
        return alert


@pytest.fixture
def office(session: Session) -> Office:
    return Office(session, [one.id for one in factories.register(session, HOMES)])


def said(office: Office, archive: Archive, now: Known, judged_on: date = LATER) -> pd.DataFrame:
    return label(office.session, archive, now, judged_on=judged_on).table


def test_a_new_approval_is_positive_none_is_negative_and_one_taken_back_is_none(
    office: Office, archive: Archive, now: Known
) -> None:
    found = label(office.session, archive, now, judged_on=LATER)
    assert found.table["new_assistance"].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert found.withdrawn == 1
    assert found.not_visited == 1.0
    assert found.mature


def test_until_the_span_and_the_lag_have_passed_no_approval_is_unknown(
    office: Office, archive: Archive, now: Known
) -> None:
    found = label(office.session, archive, now, judged_on=T + timedelta(days=120))
    assert not found.mature
    assert found.table["new_assistance"].tolist()[0] == 1
    assert found.table["either"].iloc[1:].isna().all()
    with pytest.raises(ValueError, match="after their date"):
        label(office.session, archive, now, judged_on=T - timedelta(days=1))


def test_whom_no_register_names_any_more_is_unknown(office: Office, world: WorldLake, now: Known) -> None:
    world.add(Delivery("household_register", LATER, "full", [home(n) for n in range(HOMES - 1)]))
    found = said(office, Archive(world.lake, world.manifest, law), now)
    assert found["new_assistance"].isna().tolist() == [False] * (HOMES - 1) + [True]


WITHIN = T + timedelta(days=30)
FOUND: list[tuple[str, str | None, str, Callable[[pd.Series], bool]]] = [
    ("confirmed", None, "help", lambda row: row["confirmed"] == 1 and row["either"] == 1),
    ("helped", "LS_J", "help", lambda row: row["confirmed"] == 1 and row["either"] == 1),
    ("helped", "STOP", "help", lambda row: pd.isna(row["confirmed"]) and row["either"] == 0),
    ("no_need", "NE_INC", "help", lambda row: row["confirmed"] == 0 and row["either"] == 0),
    ("unreachable", None, "help", lambda row: pd.isna(row["confirmed"]) and not row["visited"]),
    ("confirmed", None, "leave", lambda row: pd.isna(row["confirmed"]) and row["either"] == 0),
    ("confirmed", None, "check", lambda row: pd.isna(row["confirmed"]) and row["either"] == 0),
    ("confirmed", None, AUDIT, lambda row: row["confirmed"] == 1),
]


@pytest.mark.parametrize(("finding", "code", "direction", "holds"), FOUND)
def test_a_visit_confirms_refutes_or_settles_nothing(
    office: Office, archive: Archive, now: Known, finding: str, code: str | None, direction: str,
    holds: Callable[[pd.Series], bool],
) -> None:  # fmt: skip
    office.visit(4, finding, WITHIN, direction=direction, code=code)
    assert holds(said(office, archive, now).iloc[4])


@pytest.mark.parametrize("on", [T, T + SPAN + timedelta(days=1)])
def test_a_visit_outside_the_span_is_no_label(office: Office, archive: Archive, now: Known, on: date) -> None:
    office.visit(4, "no_need", on, code="NE_INC")
    assert said(office, archive, now)["confirmed"].isna().all()


def test_an_alert_that_nobody_visited_is_no_label(office: Office, archive: Archive, now: Known) -> None:
    alert = office.visit(4, "confirmed", WITHIN)
    office.session.query(FollowUp).filter_by(alert_id=alert.id).delete()
    assert said(office, archive, now).iloc[4][["either", "visited"]].tolist() == [0, False]


def test_severe_is_taken_in_while_the_alert_stood_at_red(office: Office, archive: Archive, now: Known) -> None:
    assert said(office, archive, now)["severe"].tolist() == [0] * HOMES
    office.visit(0, "confirmed", WITHIN)
    assert said(office, archive, now)["severe"].tolist() == [1] + [0] * (HOMES - 1)


def test_who_is_helped_already_or_is_being_decided_on_stands_apart(office: Office, world: WorldLake) -> None:
    world.add(
        Delivery("household_register", T, "full", [home(0, category="dibao"), *(home(n) for n in range(1, HOMES))])
    )
    archive = Archive(world.lake, world.manifest, law)
    alert = office.visit(3, "confirmed", T - timedelta(days=9))
    office.session.add(
        Case(
            household_id=office.homes[3], alert_id=alert.id, follow_up_id=uuid.uuid4(), opened_on=T - timedelta(days=8)
        )
    )
    office.session.flush()
    now = known(archive, T)
    assert now is not None
    found = label(office.session, archive, now, judged_on=LATER)
    assert found.apart.to_dict() == {1: "assisted", 4: "pending"}
    assert list(found.table.index) == [2, 3, 5, 6, 7, 8]
