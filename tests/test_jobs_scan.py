"""The scan: known deliveries to verdicts to alerts, repeatable, resumable, never back in time."""

import csv
import itertools
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from factories import viewer
from installed import receive, receive_more, small_pack
from oracle import Delivery
from sqlalchemy import event, func, select, update
from typer import BadParameter
from world_lake import WorldLake

from jobs import ledger, run, verdicts
from jobs import scan as scanning
from jobs.scan import scan
from jobs.terminal import read_date
from monitor import audit, database
from monitor.cases import Visit, record_follow_up
from monitor.errors import Conflict, Invalid
from monitor.service import Service
from monitor.tables import Alert, AlertEvent, AuditEntry, Case, Household, Outbox, Quiet, Run, RunEvent, Scan

RULES = ("costly_admission", "lone_elder", "medical_self_pay")
MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 20), date(2026, 5, 20)
REGIONS = ("340202001001", "340203001001", "340202001002", "340203001001")


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("pack"), RULES)


def registered(*births: str) -> Delivery:
    rows = [
        {
            "household_id": f"H{number:06}", "id_no": f"P{number}", "name": "某", "relation": "02", "sex": "1",
            "birth_on": date.fromisoformat(birth), "region": REGIONS[number % 4], "category": "near_dibao",
            "monthly_income_per_head": Decimal(900), "phone": None,
        }
        for number, birth in enumerate(births)
    ]  # fmt: skip
    return Delivery("household_register", date(2026, 1, 2), "full", rows)


def settled(on: str, *costs: tuple[int, int], day: date | None = None, first: int = 0) -> Delivery:
    """Inpatient settlements: (person's number, yuan paid)."""
    rows = [
        {
            "settlement_id": f"S{first + at}", "id_no": f"P{person}", "name": None, "kind": "inpatient",
            "settled_on": date.fromisoformat(on), "total_fee": Decimal(yuan), "self_pay": Decimal(yuan),
            "cancelled": False,
        }
        for at, (person, yuan) in enumerate(costs)
    ]  # fmt: skip
    return Delivery("medical_settlements", day or date.fromisoformat(on), "append", rows)


def nobody_died(on: date) -> Delivery:
    row = {"id_no": "P3", "name": None, "died_on": date(2025, 1, 1), "reported_by": "hospital"}
    return Delivery("deaths", on, "append", [row])


BIRTHS = ("1990-01-01", "1930-05-05", "1980-01-01", "1950-01-01")
FIRST = [
    registered(*BIRTHS), nobody_died(MARCH), settled("2026-03-10", (0, 12_000), (0, 9_000), (2, 25_000), day=MARCH),
]  # fmt: skip


@pytest.fixture
def city(service: Service, pack: Path) -> Service:
    installed = replace(service, pack=pack)
    receive(installed, FIRST)
    return installed


@pytest.fixture
def small_city(sqlite_service: Service, pack: Path) -> tuple[Service, WorldLake]:
    installed = replace(sqlite_service, pack=pack)
    return installed, receive(installed, FIRST)


@pytest.fixture
def plain_city(sqlite_service: Service, pack: Path) -> tuple[Service, WorldLake]:
    """Four households of which nobody has paid anything yet."""
    installed = replace(sqlite_service, pack=pack)
    return installed, receive(installed, [registered(*BIRTHS), nobody_died(MARCH)])


def read_csv(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def written(service: Service) -> dict[str, int]:
    tables: dict[str, Any] = {"alerts": Alert, "events": AlertEvent, "outbox": Outbox, "scans": Scan, "runs": Run}
    with database.reading(service.engine) as session:
        return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()}


def test_a_scan_raises_alerts_and_writes_its_verdicts(city: Service, tmp_path: Path) -> None:
    done = scan(city, MARCH, verdicts_to=tmp_path / "out" / "verdicts.csv")
    assert read_csv(tmp_path / "out" / "verdicts.csv") == [
        ("as_of", "household_id", "rule", "verdict"),
        ("2026-03-31", "H000000", "medical_self_pay", "fires"),
        ("2026-03-31", "H000001", "lone_elder", "fires"),
        ("2026-03-31", "H000002", "costly_admission", "fires"),
        ("2026-03-31", "H000002", "medical_self_pay", "fires"),
    ]
    assert {name: done.counts[name] for name in ("households", "fires", "unknown", "raised")} == {
        "households": 4, "fires": 4, "unknown": 0, "raised": 3,
    }  # fmt: skip
    assert written(city) == {"alerts": 3, "events": 3, "outbox": 3, "scans": 1, "runs": 1}
    with database.reading(city.engine) as session:
        reason = session.scalars(select(Alert).order_by(Alert.rank)).first().reasons[0]  # type: ignore[union-attr]
        assert [(row["feed"], row["delivery"], row["amount"]) for row in reason.evidence] == [
            ("medical_settlements", 3, 25_000.0)
        ]
        assert reason.parameters[0]["name"] == "medical.self_pay_limit"
        assert (reason.data_on, reason.unit) == (MARCH, "yuan")


def test_the_ledger_says_what_was_done_and_the_kept_verdicts_are_sealed(city: Service) -> None:
    done = scan(city, MARCH)
    assert done.kept is not None
    with database.reading(city.engine) as session:
        row, entry = session.scalars(select(Scan)).one(), session.scalars(select(Run)).one()
        assert (entry.status, entry.counts["raised"], entry.problem) == ("done", 3, None)
        assert (row.verdicts_sha256, row.counts) == (verdicts.digest(done.kept), done.counts)
        assert list(audit.broken_links(session)) == []


def test_the_same_night_a_second_time_changes_nothing(city: Service, tmp_path: Path) -> None:
    first = scan(city, MARCH, verdicts_to=tmp_path / "a.csv")
    before = written(city)
    second = scan(city, MARCH, verdicts_to=tmp_path / "b.csv")
    assert (second.again, second.counts, second.scan) == (True, first.counts, first.scan)
    assert written(city) == before
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_verdicts_are_the_same_bytes_however_the_work_is_cut(
    city: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(city, MARCH, dry_run=True, verdicts_to=tmp_path / "whole.csv")
    monkeypatch.setattr(scanning, "ROWS", 1)
    scan(city, MARCH, dry_run=True, verdicts_to=tmp_path / "cut.csv")
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "cut.csv").read_bytes()


def test_a_dry_run_writes_nothing_but_its_file(small_city: tuple[Service, WorldLake], tmp_path: Path) -> None:
    service, _ = small_city
    done = scan(service, MARCH, dry_run=True, verdicts_to=tmp_path / "dry.csv")
    assert (len(read_csv(tmp_path / "dry.csv")), done.counts["fires"]) == (5, 4)
    assert set(written(service).values()) == {0}
    assert not (service.settings.home / "verdicts").exists()


def test_a_rule_whose_feed_never_came_is_told_as_unable_to_say_of_anybody(
    plain_city: tuple[Service, WorldLake],
) -> None:
    """Peers' fault T12: a rule that nothing feeds must not look like one that finds nothing."""
    done = scan(plain_city[0], MARCH)
    said = {rule: (one["fires"], one["unknown"]) for rule, one in done.counts["by_rule"].items()}
    assert said == {"costly_admission": (0, 4), "lone_elder": (1, 0), "medical_self_pay": (0, 4)}


def test_a_candidate_value_moves_its_own_rules_verdicts_and_nobody_in_or_out_of_the_night(
    small_city: tuple[Service, WorldLake], pack: Path, tmp_path: Path
) -> None:
    """Peers' fault T15: what is tried on a night that was judged already must not change whom it is tried on."""
    service, _ = small_city
    night = scan(service, MARCH, verdicts_to=tmp_path / "night.csv")
    before, kept = written(service), night.kept.read_bytes() if night.kept else b""
    shutil.copytree(pack, tmp_path / "candidate")
    for name, old, new in (
        ("parameters/medical/self_pay_limit", "near_dibao: 10000", "near_dibao: 22000"),
        ("rules/medical_self_pay", "12m: 12000, category: near_dibao", "12m: 22001, category: near_dibao"),
    ):
        page = tmp_path / "candidate" / f"{name}.yaml"
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(old, new), encoding="utf-8")
    tried = scan(replace(service, pack=tmp_path / "candidate"), MARCH, dry_run=True, verdicts_to=tmp_path / "tried.csv")
    assert (tried.counts["households"], tried.counts["unknown"]) == (
        night.counts["households"],
        night.counts["unknown"],
    )
    was, now = (set(read_csv(tmp_path / name)) for name in ("night.csv", "tried.csv"))
    assert was - now == {("2026-03-31", "H000000", "medical_self_pay", "fires")}
    assert now <= was
    assert written(service) == before
    assert night.kept is not None
    assert night.kept.read_bytes() == kept


def test_an_earlier_date_is_refused_and_may_be_rehearsed(small_city: tuple[Service, WorldLake], tmp_path: Path) -> None:
    service, _ = small_city
    scan(service, APRIL)
    before = written(service)
    with pytest.raises(Conflict, match="--dry-run"):
        scan(service, MARCH)
    with pytest.raises(Conflict, match="--dry-run"):
        scan(service, MARCH, region="340202")
    scan(service, MARCH, dry_run=True, verdicts_to=tmp_path / "dry.csv")
    assert written(service) == before


def test_a_later_delivery_for_the_same_date_is_scanned_again(small_city: tuple[Service, WorldLake]) -> None:
    service, world = small_city
    scan(service, MARCH)
    receive_more(service, world, [settled("2026-03-20", (1, 30_000), day=MARCH, first=10)])
    done = scan(service, MARCH)
    assert (done.again, done.counts["renewed"], done.counts["escalated"]) == (False, 1, 1)
    assert written(service)["scans"] == 2


def test_a_stale_feed_clears_nothing_and_fresh_silence_clears(small_city: tuple[Service, WorldLake]) -> None:
    service, world = small_city
    scan(service, MARCH)
    stale = scan(service, MAY)
    assert (stale.counts["reasons_unknown"], stale.counts.get("reasons_cleared", 0)) == (4, 0)
    assert "medical_settlements" in stale.counts["stale_feeds"]
    corrected = [settled("2026-03-10", (0, 12_000), (0, 9_000), (2, 15_000), day=MAY), nobody_died(MAY)]
    receive_more(service, world, corrected)
    fresh = scan(service, MAY)
    assert (fresh.counts["reasons_cleared"], fresh.counts["reasons_active"]) == (1, 3)


def test_evidence_that_its_agency_took_back_annuls_the_alert(small_city: tuple[Service, WorldLake]) -> None:
    service, world = small_city
    scan(service, MARCH)
    withdrawn = settled("2026-03-10", (0, 12_000), (0, 9_000), day=APRIL)
    receive_more(service, world, [replace(withdrawn, mode="withdraw"), nobody_died(APRIL)])
    done = scan(service, APRIL)
    assert (done.counts["annulled"], done.counts["reasons_annulled"]) == (1, 1)
    with database.reading(service.engine) as session:
        assert session.scalars(select(Alert.closed_why).where(Alert.status == "annulled")).all() == ["ERR_WITHDRAWN"]


SIX = [(0, 1_900)] * 5 + [(0, 600)]


def falls(service: Service, world: WorldLake, *then: Delivery) -> tuple[list[str], set[str]]:
    """Six bills just above the limit, of which an alert shows five; what became of it after ``then``."""
    receive_more(service, world, [settled("2026-03-10", *SIX, day=MARCH, first=100)])
    scan(service, MARCH)
    receive_more(service, world, [*then, nobody_died(APRIL)])
    scan(service, APRIL)
    with database.reading(service.engine) as session:
        alert = session.scalars(select(Alert).join(Household).where(Household.household_no == "H000000")).one()
        shown = {row["amount"] for reason in alert.reasons for row in reason.evidence}
        return [reason.status for reason in alert.reasons], shown


def test_a_row_that_no_alert_shows_annuls_it_when_it_is_taken_back(plain_city: tuple[Service, WorldLake]) -> None:
    sixth = settled("2026-03-10", (0, 600), day=APRIL, first=105)
    assert falls(*plain_city, replace(sixth, mode="withdraw")) == (["annulled"], {1_900.0})


def test_a_row_that_never_counted_annuls_nothing_when_it_is_taken_back(plain_city: tuple[Service, WorldLake]) -> None:
    cancelled = settled("2026-03-10", (0, 5_000), day=MARCH, first=200)
    cancelled = replace(cancelled, rows=[row | {"cancelled": True} for row in cancelled.rows])
    receive_more(*plain_city, [cancelled])
    smaller = settled("2026-03-10", (0, 100), day=APRIL, first=100)
    gone = replace(cancelled, received_on=APRIL, mode="withdraw")
    assert falls(*plain_city, smaller, gone) == (["cleared"], {1_900.0})


@contextmanager
def cut_at_commit(city: Service, number: int) -> Iterator[None]:
    """Break off at that commit of the work; on a slow machine the lease is renewed meanwhile, by another thread."""
    worker, commits = threading.current_thread(), itertools.count(1)

    def stop(_connection: Any) -> None:
        if threading.current_thread() is worker and next(commits) == number:
            raise KeyboardInterrupt

    event.listen(city.engine, "commit", stop)
    try:
        yield
    finally:
        event.remove(city.engine, "commit", stop)


def test_a_scan_cut_short_goes_on_where_it_stopped(city: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "ROWS", 2)
    monkeypatch.setattr(scanning, "_BATCH", 1)
    with pytest.raises(KeyboardInterrupt), cut_at_commit(city, 4):
        scan(city, MARCH)
    with database.reading(city.engine) as session:
        entry = session.scalars(select(Run)).one()
        assert (entry.status, entry.attempt) == ("interrupted", 1)
        assert (entry.cursor["chunk"], entry.cursor["place"]) == (0, 1)
    done = scan(city, MARCH)
    assert (done.again, done.counts["raised"], done.counts["households"]) == (False, 3, 4)
    assert written(city) == {"alerts": 3, "events": 3, "outbox": 3, "scans": 1, "runs": 1}
    with database.reading(city.engine) as session:
        entry = session.scalars(select(Run)).one()
        assert (entry.status, entry.attempt) == ("done", 2)


def test_a_scan_that_is_cut_short_and_goes_on_raises_nothing_that_is_kept_quiet(
    city: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Peers' fault T9: what a restart has forgotten must not let a silenced rule through."""
    with database.transaction(city.engine) as session:
        homes = {one.household_no: one.id for one in session.scalars(select(Household))}
        for home, rule in (("H000000", "medical_self_pay"), ("H000001", "lone_elder"), ("H000002", "costly_admission")):
            session.add(
                Quiet(
                    household_id=homes[home], rule=rule, since_on=MARCH, until_on=MAY, level="red", worse=0.3,
                    category="near_dibao", why="NE_SHORT",
                )
            )  # fmt: skip
    monkeypatch.setattr(scanning, "ROWS", 2)
    monkeypatch.setattr(scanning, "_BATCH", 1)
    for stops_at in (2, 3, 4):
        with pytest.raises(KeyboardInterrupt), cut_at_commit(city, stops_at):
            scan(city, MARCH)
    done = scan(city, MARCH)
    assert (done.again, done.counts["households"], done.counts["raised"]) == (False, 4, 1)
    with database.reading(city.engine) as session:
        (alert,) = session.scalars(select(Alert))
        assert (alert.household_id, [one.rule for one in alert.reasons]) == (homes["H000002"], ["medical_self_pay"])
        assert session.scalars(select(Quiet.ended_on)).all() == [None] * 3


def test_a_scan_that_was_overtaken_before_it_was_entered_enters_nothing(city: Service) -> None:
    zombie = ledger.take(city.engine, "scan", as_of=MARCH)
    with database.transaction(city.engine) as session:
        session.execute(update(Run).values(fence=Run.fence + 1))
    with pytest.raises(ledger.Fenced):
        scanning._begin(scanning._prepare(city, MARCH, region=None, progress=None), zombie)
    with database.reading(city.engine) as session:
        assert session.scalars(select(Scan)).all() == []


def test_a_run_whose_process_was_killed_is_marked_and_resumed(small_city: tuple[Service, WorldLake]) -> None:
    service, _ = small_city
    with database.transaction(service.engine) as session:
        session.add(Run(job="scan", as_of=MARCH, status="running"))
    scan(service, MARCH)
    with database.reading(service.engine) as session:
        entry = session.scalars(select(Run)).one()
        events = [(one.kind, one.fence) for one in session.scalars(select(RunEvent).order_by(RunEvent.id))]
    assert (entry.status, entry.problem, entry.attempt) == ("done", None, 2)
    assert events == [("taken_over", 1), ("done", 1)]


def test_a_failed_scan_names_the_kind_of_its_error_and_no_data(small_city: tuple[Service, WorldLake]) -> None:
    service, _ = small_city
    (service.lake / "medical_settlements" / "3.parquet").write_bytes(b"340299196001019999")
    with pytest.raises(Exception):  # noqa: B017, PT011
        scan(service, MARCH)
    with database.reading(service.engine) as session:
        entry = session.scalars(select(Run)).one()
    assert entry.status == "failed"
    assert entry.problem
    assert "340299196001019999" not in entry.problem


def test_a_region_is_scanned_alone(small_city: tuple[Service, WorldLake]) -> None:
    service, _ = small_city
    done = scan(service, MARCH, region="340202000000")
    assert (done.region, done.counts["households"], done.counts["raised"]) == ("340202", 2, 2)
    rest = scan(service, MARCH, region="340203")
    assert (rest.counts["households"], rest.counts["raised"]) == (2, 1)


def test_two_scans_do_not_run_at_once(city: Service) -> None:
    with run.leased(city, "scan", as_of=APRIL):
        refusals: list[Exception] = []

        def second() -> None:
            try:
                scan(city, MARCH)
            except Conflict as refusal:
                refusals.append(refusal)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert ["another process" in str(refusal) for refusal in refusals] == [True]
    assert scan(city, MARCH).counts["raised"] == 3


def test_what_cannot_be_scanned_is_refused_in_words(small_city: tuple[Service, WorldLake]) -> None:
    service, _ = small_city
    with pytest.raises(Invalid, match="no household register"):
        scan(service, date(2025, 1, 1))
    with pytest.raises(Invalid, match="not a region code"):
        scan(service, MARCH, region="anywhere")
    with pytest.raises(Invalid, match="this is a folder"):
        scan(service, MARCH, dry_run=True, verdicts_to=service.settings.home)


def test_progress_is_told_in_households(small_city: tuple[Service, WorldLake], monkeypatch: pytest.MonkeyPatch) -> None:
    service, _ = small_city
    monkeypatch.setattr(scanning, "ROWS", 3)
    told: list[tuple[int, int]] = []
    scan(service, MARCH, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 4), (4, 4)]


def test_a_batch_without_changes_leaves_no_audit_entry(small_city: tuple[Service, WorldLake]) -> None:
    service, _ = small_city
    scan(service, MARCH)
    scan(service, date(2026, 4, 1))
    with database.reading(service.engine) as session:
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["scan.alerts", "scan.done", "scan.done"]


def test_the_ledger_reads_the_same_from_another_process(small_city: tuple[Service, WorldLake]) -> None:
    service, _ = small_city
    code = (
        "import sys; from jobs import run\n"
        "from monitor.service import open_service; from monitor.settings import read\n"
        "service = open_service(read({'LOWINCOME_HOME': sys.argv[1]}))\n"
        "from datetime import date\n"
        "with run.leased(service, 'scan', as_of=date(2026, 4, 1)): pass"
    )
    with run.leased(service, "scan", as_of=MARCH):
        other = subprocess.run(
            [sys.executable, "-c", code, str(service.settings.home)],
            capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
    assert "another process is running scan" in other.stderr


def test_a_date_far_ahead_of_today_and_of_all_data_is_only_judged(city: Service) -> None:
    with pytest.raises(Invalid, match="far after today"):
        scan(city, date(2099, 1, 1))
    assert scan(city, date(2099, 1, 1), dry_run=True).counts["households"] > 0


@pytest.mark.parametrize("typed", ["0001-01-01", "1989-12-31", "2100-01-01", "9999-12-31"])
def test_a_date_typed_outside_our_times_is_not_understood(typed: str) -> None:
    with pytest.raises(BadParameter, match=r"日期须在 1990-01-01 与 2099-12-31 之间 / a date lies between") as said:
        read_date(typed)
    assert typed in said.value.message
    assert read_date("2099-12-31") == date(2099, 12, 31)


def test_a_region_without_households_is_refused(city: Service) -> None:
    with pytest.raises(Invalid, match="no household"):
        scan(city, MARCH, region="999999", dry_run=True)


def test_two_who_keep_the_same_verdicts_do_not_write_into_each_others_file(tmp_path: Path) -> None:
    table = pd.DataFrame({"household_key": range(1000), "rule": "lone_elder", "verdict": "fires"})
    path = tmp_path / "scan.parquet"
    with verdicts.keeping(path) as overtaken:
        overtaken.keep(table)
        with verdicts.keeping(path) as taker:
            taker.keep(table)
        sealed = verdicts.digest(path)
        overtaken.keep(table[:0])
    assert verdicts.digest(path) == sealed
    assert [one.name for one in tmp_path.iterdir()] == ["scan.parquet"]


@pytest.mark.parametrize("taken", [3, 2])
def test_a_case_of_which_an_agency_took_back_every_fact_is_in_doubt_after_the_night(
    small_city: tuple[Service, WorldLake], taken: int
) -> None:
    """Two of the three settlements are of the household with a case; without both gone it stands."""
    service, world = small_city
    scan(service, MARCH)
    with database.transaction(service.engine) as session:
        asked = select(Alert.id).join(Household, Alert.household_id == Household.id)
        alert = session.scalars(asked.where(Household.household_no == "H000000")).one()
        visit = Visit(uuid.uuid4(), MARCH, "home", "confirmed")
        record_follow_up(session, alert, visit, by=viewer(), keyring=service.keyring, today=MARCH)
    assert "cases_questioned" not in scan(service, APRIL).counts
    gone = settled("2026-03-10", (2, 25_000), (0, 9_000), (0, 12_000), day=MAY).rows[:taken]
    numbers = ({"settlement_id": number} for number in ("S2", "S1", "S0"))
    rows = [row | said for row, said in zip(gone, numbers, strict=False)]
    receive_more(service, world, [Delivery("medical_settlements", MAY, "withdraw", rows)])
    assert scan(service, MAY).counts.get("cases_questioned", 0) == (taken == 3)
    with database.reading(service.engine) as session:
        assert (session.scalars(select(Case.status)).one() == "questioned") == (taken == 3)
