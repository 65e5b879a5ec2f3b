"""Poison: a household that breaks the night is found and set aside; a rule that breaks on everybody stops it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from installed import receive, small_pack
from sqlalchemy import func, select, update
from test_jobs_scan import APRIL, FIRST, MARCH, RULES

from jobs import quarantine, settling
from jobs import scan as scanning
from jobs.quarantine import Poison
from jobs.scan import scan
from monitor import database, policy
from monitor.errors import Conflict
from monitor.indicators import computing
from monitor.lake import sql
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, Household, Outbox, Quarantine, Reason, Run


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("pack"), RULES)


@pytest.fixture
def city(service: Service, pack: Path) -> Service:
    installed = replace(service, pack=pack)
    receive(installed, FIRST)
    return installed


def keys(service: Service) -> dict[str, int]:
    with database.reading(service.engine) as session:
        return {no: id_ for id_, no in session.execute(select(Household.id, Household.household_no))}


def alerted(service: Service) -> set[int]:
    with database.reading(service.engine) as session:
        return set(session.scalars(select(Alert.household_id).where(Alert.closed_at.is_(None))))


def set_aside(service: Service) -> list[tuple[int, str, str]]:
    with database.reading(service.engine) as session:
        rows = session.scalars(select(Quarantine).order_by(Quarantine.household_id))
        return [(row.household_id, row.stage, row.error) for row in rows]


def only(service: Service) -> Run:
    with database.reading(service.engine) as session:
        return session.scalars(select(Run)).one()


def breaking_on(bad: set[int]) -> Callable[[Any, pd.DataFrame], policy.Verdicts]:
    """The real judge, which breaks when one of ``bad`` is before it."""
    judge = policy.Policy.judge

    def judging(self: policy.Policy, table: pd.DataFrame) -> policy.Verdicts:
        if bad & set(table.index.tolist()):
            raise ZeroDivisionError
        return judge(self, table)

    return judging


def breaking_sql_on(bad: set[int]) -> Callable[..., str]:
    """The real statement of members, which DuckDB cannot answer where one of ``bad`` is asked about."""
    members, listed = sql.members, ", ".join(map(str, sorted(bad)))

    def broken(**relations: str) -> str:
        fails = f"CASE WHEN household_key IN ({listed}) THEN error('no') ELSE 'well' END"
        return f"SELECT * FROM ({members(**relations)}) WHERE {fails} = 'well'"

    return broken


def breaking_assembly_on(bad: set[int]) -> Callable[..., pd.DataFrame]:
    """The real putting together of indicators, which breaks where one of ``bad`` is among the households."""
    assemble = computing.assemble

    def broken(*asked: Any, **span: int) -> pd.DataFrame:
        table = assemble(*asked, **span)
        if bad & set(table.index.tolist()):
            raise ZeroDivisionError
        return table

    return broken


BREAKING = {"sql": (sql, "members", breaking_sql_on), "table": (computing, "assemble", breaking_assembly_on)}


def break_indicators(monkeypatch: pytest.MonkeyPatch, way: str, bad: set[int]) -> None:
    module, name, breaking = BREAKING[way]
    monkeypatch.setattr(module, name, breaking(bad))


def refuse_alerts_of(service: Service, household: int) -> None:
    """The database itself refuses an alert of ``household``."""
    with service.engine.begin() as connection:
        if service.engine.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER bad BEFORE INSERT ON alerts WHEN NEW.household_id = {household} "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            return
        connection.exec_driver_sql(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF NEW.household_id = {household} THEN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END IF; "
            "RETURN NEW; END $$"
        )
        connection.exec_driver_sql("CREATE TRIGGER bad BEFORE INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION no()")


def cut_short_before_its_end(city: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan, and die when everything is written but the end."""

    def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scanning, "_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            scan(city, MARCH)


@pytest.mark.parametrize("rows", [1, 3, 250_000])
def test_a_household_that_no_rule_can_judge_costs_nobody_else_the_night(
    city: Service, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    key = keys(city)
    monkeypatch.setattr(scanning, "ROWS", rows)
    monkeypatch.setattr(policy.Policy, "judge", breaking_on({key["H000001"]}))
    done = scan(city, MARCH)
    assert alerted(city) == {key["H000000"], key["H000002"]}
    assert set_aside(city) == [(key["H000001"], "judge", "ZeroDivisionError")]
    assert (done.counts["quarantined"], done.counts["households"], done.counts["raised"]) == (1, 3, 2)
    assert (sum(done.counts["by_county"].values()), sum(done.counts["aside_by_county"].values())) == (3, 1)
    assert (only(city).status, only(city).counts["quarantined"]) == ("done_with_quarantine", 1)


@pytest.mark.parametrize("rows", [1, 3, 250_000])
@pytest.mark.parametrize(("way", "error"), [("sql", "InvalidInputException"), ("table", "ZeroDivisionError")])
def test_a_household_whose_data_break_an_indicator_costs_nobody_else_the_night(
    city: Service, monkeypatch: pytest.MonkeyPatch, way: str, error: str, rows: int
) -> None:
    key = keys(city)
    monkeypatch.setattr(scanning, "ROWS", rows)
    break_indicators(monkeypatch, way, {key["H000001"]})
    done = scan(city, MARCH)
    assert alerted(city) == {key["H000000"], key["H000002"]}
    assert set_aside(city) == [(key["H000001"], "judge", error)]
    assert (done.counts["quarantined"], done.counts["households"], done.counts["raised"]) == (1, 3, 2)
    assert (sum(done.counts["by_county"].values()), sum(done.counts["aside_by_county"].values())) == (3, 1)
    assert (only(city).status, only(city).counts["quarantined"]) == ("done_with_quarantine", 1)


@pytest.mark.parametrize("way", ["sql", "table"])
def test_an_indicator_that_cannot_be_computed_leaves_the_alert_as_it_stands(
    city: Service, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    key = keys(city)
    scan(city, MARCH)
    break_indicators(monkeypatch, way, {key["H000001"]})
    scan(city, APRIL)
    with database.reading(city.engine) as session:
        seen = {alert.household_id: alert.seen_on for alert in session.scalars(select(Alert))}
        closed = list(session.scalars(select(Alert.closed_at)))
        statuses = set(session.scalars(select(Reason.status)))
    assert seen == {key["H000000"]: APRIL, key["H000001"]: MARCH, key["H000002"]: APRIL}
    assert (closed, statuses) == ([None] * 3, {"active"})


@pytest.mark.parametrize("way", ["sql", "table"])
def test_an_indicator_that_breaks_on_everybody_fails_the_run_and_clears_nothing(
    city: Service, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    scan(city, MARCH)
    before = alerted(city)
    break_indicators(monkeypatch, way, set(keys(city).values()))
    with pytest.raises(Conflict, match="a rule or the program is at fault"):
        scan(city, APRIL)
    assert alerted(city) == before


@pytest.mark.parametrize("way", ["sql", "table"])
def test_a_night_cut_short_sets_aside_once_whose_indicators_break(
    city: Service, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(scanning, "_BATCH", 1)
    break_indicators(monkeypatch, way, {keys(city)["H000001"]})
    cut_short_before_its_end(city, monkeypatch)
    assert scan(city, MARCH).counts["quarantined"] == 1
    assert len(set_aside(city)) == 1
    assert (only(city).attempt, only(city).status, len(alerted(city))) == (2, "done_with_quarantine", 2)


def test_what_a_program_of_another_form_left_is_begun_anew_and_nothing_is_done_twice(
    city: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_BATCH", 1)
    cut_short_before_its_end(city, monkeypatch)
    assert len(alerted(city)) == 3
    with database.transaction(city.engine) as session:
        entry = session.scalars(select(Run)).one()
        session.execute(update(Run).values(cursor={"form": entry.cursor["form"] + 1, "at": ["3402", 7]}))
    done = scan(city, MARCH)
    assert (done.counts["households"], only(city).attempt, only(city).status) == (4, 2, "done")
    with database.reading(city.engine) as session:
        told = [session.scalar(select(func.count()).select_from(table)) for table in (Alert, AlertEvent, Outbox)]
    assert told == [3, 3, 3]


def test_a_household_that_cannot_be_settled_is_set_aside_and_the_others_are_written(city: Service) -> None:
    key = keys(city)
    refuse_alerts_of(city, key["H000002"])
    done = scan(city, MARCH)
    assert alerted(city) == {key["H000000"], key["H000001"]}
    assert set_aside(city) == [(key["H000002"], "settle", "IntegrityError")]
    assert (done.counts["quarantined"], only(city).status) == (1, "done_with_quarantine")


def test_a_household_set_aside_keeps_the_alert_it_had_and_is_not_marked_as_seen(
    city: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys(city)
    scan(city, MARCH)
    monkeypatch.setattr(policy.Policy, "judge", breaking_on({key["H000001"]}))
    scan(city, APRIL)
    with database.reading(city.engine) as session:
        seen = {alert.household_id: alert.seen_on for alert in session.scalars(select(Alert))}
    assert seen == {key["H000000"]: APRIL, key["H000001"]: MARCH, key["H000002"]: APRIL}


def test_a_rule_that_breaks_on_everybody_fails_the_run_and_clears_nothing(
    city: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(city, MARCH)
    before = alerted(city)
    monkeypatch.setattr(policy.Policy, "judge", breaking_on(set(keys(city).values())))
    with pytest.raises(Conflict, match="a rule or the program is at fault"):
        scan(city, APRIL)
    with database.reading(city.engine) as session:
        status, problem = session.execute(select(Run.status, Run.problem).where(Run.as_of == APRIL)).one()
    assert (status, "clears nothing" in problem, alerted(city)) == ("failed", True, before)


def test_a_night_that_was_cut_short_counts_its_poison_once(city: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys(city)
    monkeypatch.setattr(scanning, "_BATCH", 1)
    monkeypatch.setattr(policy.Policy, "judge", breaking_on({key["H000001"]}))
    cut_short_before_its_end(city, monkeypatch)
    assert scan(city, MARCH).counts["quarantined"] == 1
    assert len(set_aside(city)) == 1
    assert (only(city).attempt, only(city).status) == (2, "done_with_quarantine")


def test_a_dry_run_leaves_out_what_cannot_be_judged_and_says_so(
    city: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(policy.Policy, "judge", breaking_on({keys(city)["H000001"]}))
    done = scan(city, MARCH, dry_run=True, verdicts_to=tmp_path / "dry.csv")
    assert (done.counts["quarantined"], done.counts["households"]) == (1, 3)
    assert "H000001" not in (tmp_path / "dry.csv").read_text()


@pytest.mark.parametrize("error", [MemoryError, OSError, duckdb.OutOfMemoryException, duckdb.IOException])
def test_what_is_the_machines_fault_is_no_households_fault(error: type[Exception]) -> None:
    def starved() -> None:
        raise error("no")

    with pytest.raises(error):
        quarantine.attempt(starved)


def test_of_an_error_its_kind_and_its_place_are_kept_and_not_its_text() -> None:
    said = quarantine.attempt(lambda: {}["x"])
    assert isinstance(said, Poison)
    assert (said.error, said.place.startswith("test_jobs_quarantine.py:")) == ("KeyError", True)


@pytest.mark.parametrize(
    ("aside", "seen", "refused"), [(100, 1000, False), (101, 10**6, True), (2, 4, False), (3, 4, True)]
)
def test_a_hundred_households_or_half_of_them_are_too_many(aside: int, seen: int, refused: bool) -> None:
    if refused:
        with pytest.raises(Conflict):
            quarantine.refuse_too_many(aside, seen)
    else:
        quarantine.refuse_too_many(aside, seen)


def test_a_batch_ends_after_so_many_changes_wherever_it_was_begun(
    city: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settling.AT_ONCE, city.engine.dialect.name, (1, 2_000))
    assert scan(city, MARCH).counts["raised"] == 3
    assert only(city).step == 3 + len(("entry", "suggestions", "end"))
