"""The timetable, the clock and the reconciler: every date on which a job was due is accounted for, once."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import clocks
import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from jobs import ledger, reconciling, timetable
from jobs.__main__ import app
from jobs.reconciling import Reconciler, reconcile
from jobs.schedule import DEFAULTS, Clock
from jobs.timetable import Due
from monitor import database
from monitor.errors import Invalid
from monitor.service import CITY_TIME, Service, open_service
from monitor.settings import read
from monitor.tables import Run, RunEvent

ROOT = Path(__file__).parent.parent
NIGHT = timetable.read()["scan"]
BACKUP = timetable.read()["backup"]
FIRST = date(2026, 3, 1)
AHEAD = 8.0
"""Seconds before the minute, when a real clock begins."""
ROUNDS = int(os.environ.get("LOWINCOME_CLOCK_ROUNDS", "25"))
"""Dates for which four clocks race, on each database; 250 are the campaign."""


def at(day: date, hour: int = 2) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=CITY_TIME)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def states(service: Service, job: str = "scan") -> dict[date, str]:
    with database.reading(service.engine) as session:
        return dict(session.execute(select(Run.as_of, Run.status).where(Run.job == job).order_by(Run.as_of)).all())


def end(service: Service, as_of: date, status: str = "done") -> None:
    """The run for ``as_of`` was done."""
    with database.transaction(service.engine) as session:
        session.execute(update(Run).where(Run.as_of == as_of).values(status=status, finished_at=at(as_of, 3)))


def look(service: Service, day: date, due: Due = NIGHT, hour: int = 2) -> None:
    reconcile(service, {due.job: due}, now=at(day, hour))


def test_the_shipped_timetable_names_every_job_and_can_be_shown(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(sqlite_service.settings.home))
    said = CliRunner().invoke(app, ["schedule", "--show"])
    assert said.exit_code == 0
    assert [job for job in timetable.read() if job not in said.output] == []
    assert "01:30" in said.output


def test_a_page_replaces_single_jobs_of_the_timetable(tmp_path: Path) -> None:
    page = tmp_path / "mine.yaml"
    page.write_text('scan: {at: "02:15", days: [mon, fri], missed: each}\nanchor: {active: false}\n')
    entries = timetable.read(page)
    assert (entries["scan"].words(), "anchor" in entries) == ("02:15 mon,fri", False)
    assert entries["backup"] == BACKUP
    monday = date(2026, 3, 2)
    assert list(entries["scan"].dates(monday, at(monday + days(6)))) == [monday, monday + days(4)]


def test_what_a_page_leaves_out_of_a_job_stays_as_shipped(tmp_path: Path) -> None:
    page = tmp_path / "mine.yaml"
    page.write_text('scan: {at: "02:15"}\nretrain: {at: "21:00"}\ningest: {at: "06:00"}\nbackup: {every_minutes: 60}\n')
    entries, shipped = timetable.read(page), timetable.read()
    assert entries["scan"] == replace(shipped["scan"], at=datetime(2026, 3, 1, 2, 15).time())  # noqa: DTZ001
    assert (entries["scan"].missed, entries["retrain"].day, entries["retrain"].words()) == (
        "each", 5, "21:00 每月 5 日 / day 5",
    )  # fmt: skip
    assert (entries["ingest"].every_minutes, entries["ingest"].words()) == (None, "06:00")
    assert (entries["backup"].at, entries["backup"].every_minutes) == (None, 60)
    page.write_text('retrain: {at: "21:00", days: [mon]}\n')
    assert (timetable.read(page)["retrain"].day, timetable.read(page)["retrain"].on) == (None, ("mon",))


@pytest.mark.parametrize(
    "page",
    [
        "scan: 3", 'scan: {at: "25:00"}', "scan: {at: 13:30}", "scan: {}", 'scan: {at: "01:30", every_minutes: 5}',
        "scan: {every_minutes: 0}", 'scan: {at: "01:30", days: [someday]}', 'scan: {at: "01:30", missed: never}',
        "nothing: {every_minutes: 5}", "[1]", "{", 'scan: {at: "01:30", day_of_month: 31}', "scan: {when: now}",
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_understood_is_refused_by_name(page: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(page)
    with pytest.raises(Invalid, match=r"mine\.yaml"):
        timetable.read(tmp_path / "mine.yaml")


def test_a_job_of_the_month_is_due_on_its_day_alone() -> None:
    due = Due("scan", at=NIGHT.at, day=15)
    assert list(due.dates(date(2026, 1, 1), at(date(2026, 3, 20)))) == [date(2026, month, 15) for month in (1, 2, 3)]
    assert due.next_after(at(date(2026, 3, 20))) == datetime(2026, 4, 15, 1, 30, tzinfo=CITY_TIME)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York", "Europe/Helsinki", ""])
def test_the_timetable_is_in_city_time_whatever_the_machine_thinks(zone: str) -> None:
    code = (
        "from datetime import date, datetime, UTC; from jobs import timetable; from jobs.schedule import trigger\n"
        "due = timetable.read()['scan']; now = datetime(2026, 3, 28, 17, 29, tzinfo=UTC)\n"
        "print(due.on_date(date(2026, 3, 29)).astimezone(UTC).isoformat(),\n"
        "      trigger(due).get_next_fire_time(None, now).astimezone(UTC).isoformat(),\n"
        "      list(due.dates(date(2026, 3, 29), now)))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TZ"} | ({"TZ": zone} if zone else {})
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["2026-03-28T17:30:00+00:00", "2026-03-28T17:30:00+00:00", "[]"]


def test_a_new_installation_owes_only_today(service: Service) -> None:
    look(service, FIRST, hour=1)
    assert states(service) == {}
    look(service, FIRST)
    look(service, FIRST)
    assert states(service) == {FIRST: "requested"}


@pytest.mark.parametrize(("dark", "asked"), [(1, 1), (3, 3), (40, 7)])
def test_after_dark_nights_every_date_is_asked_for_or_on_record_as_missed(
    service: Service, dark: int, asked: int
) -> None:
    look(service, FIRST)
    end(service, FIRST)
    back = FIRST + days(dark)
    look(service, back)
    found = states(service)
    assert list(found) == [FIRST + days(ahead) for ahead in range(dark + 1)]
    assert [day for day, status in found.items() if status == "requested"] == [back - days(n) for n in range(asked)][
        ::-1
    ]
    assert sum(status == "missed" for status in found.values()) == dark - asked
    look(service, back)
    assert states(service) == found


def test_of_missed_backups_only_the_newest_is_made_up_for(service: Service) -> None:
    look(service, FIRST, BACKUP, hour=4)
    end(service, FIRST)
    look(service, FIRST + days(3), BACKUP, hour=4)
    assert list(states(service, "backup").values()) == ["done", "missed", "missed", "requested"]


def test_a_date_before_one_that_is_done_is_missed_because_alerts_never_go_back(service: Service) -> None:
    look(service, FIRST)
    end(service, FIRST)
    with database.transaction(service.engine) as session:
        ledger.request(session, "scan", as_of=FIRST + days(2), by="duty officer")
    end(service, FIRST + days(2))
    look(service, FIRST + days(3))
    assert list(states(service).values()) == ["done", "missed", "done", "requested"]
    with database.reading(service.engine) as session:
        said = session.scalar(select(Run.problem).where(Run.as_of == FIRST + days(1)))
    assert said == "2026-03-03 is done already"


def test_a_run_by_hand_for_a_date_long_ago_makes_no_years_of_missed_dates(service: Service) -> None:
    with database.transaction(service.engine) as session:
        ledger.request(session, "scan", as_of=date(2020, 1, 1), by="duty officer")
    look(service, FIRST)
    assert states(service) == {date(2020, 1, 1): "requested", FIRST: "requested"}


def test_a_job_of_every_few_minutes_is_asked_for_again_when_it_has_rested(service: Service) -> None:
    often = Due("ingest", every_minutes=10)
    look(service, FIRST, often)
    assert states(service, "ingest") == {FIRST: "requested"}
    end(service, FIRST)
    reconcile(service, {"ingest": often}, now=at(FIRST, 3) + timedelta(minutes=9))
    assert states(service, "ingest") == {FIRST: "done"}
    reconcile(service, {"ingest": often}, now=at(FIRST, 3) + timedelta(minutes=10))
    assert states(service, "ingest") == {FIRST: "requested"}


def test_what_is_on_hold_is_not_asked_for_by_any_clock(service: Service) -> None:
    look(service, FIRST)
    with database.transaction(service.engine) as session:
        ledger.hold(session, "scan", as_of=FIRST, by="duty officer", reason="x")
    look(service, FIRST)
    Clock(service, {"scan": NIGHT}).ring("scan")
    assert states(service)[FIRST] == "held"


def test_a_run_whose_holder_died_is_interrupted_and_after_five_deaths_given_up(service: Service) -> None:
    dead = {"owner": "elsewhere/1/1", "heartbeat_at": 0, "lease_until": 8}
    with database.transaction(service.engine) as session:
        for job, tries in (("scan", 1), ("backup", 5)):
            session.add(Run(job=job, as_of=FIRST, status="running", tries=tries, **dead))
    reconcile(service, {})
    assert (states(service), states(service, "backup")) == ({FIRST: "interrupted"}, {FIRST: "failed"})


def test_the_library_keeps_nothing_on_disk_and_forgives_every_lateness(sqlite_service: Service) -> None:
    clock = Clock(sqlite_service, timetable.read())
    clock.start()
    try:
        jobs = clock.scheduler.get_jobs()
        assert {(job.misfire_grace_time, job.coalesce, job.max_instances) for job in jobs} == {(None, True, 1)}
        assert {type(store).__name__ for store in clock.scheduler._jobstores.values()} == {"MemoryJobStore"}
        assert str(clock.scheduler.timezone) == "Asia/Shanghai"
    finally:
        clock.stop()
    assert DEFAULTS["misfire_grace_time"] is None


def test_a_ring_asks_for_the_newest_date_that_is_due_and_only_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.schedule.city_now", lambda session: at(FIRST, 0))
    clock = Clock(service, {"scan": NIGHT, "ingest": Due("ingest", every_minutes=5)})
    clock.ring("scan")
    clock.ring("scan")
    assert states(service) == {FIRST - days(1): "requested"}
    clock.ring("ingest")
    assert states(service, "ingest") == {FIRST: "requested"}


def test_a_clock_whose_database_is_away_goes_on_and_asks_later(sqlite_service: Service) -> None:
    often = Due("ingest", every_minutes=10)
    home = sqlite_service.settings.home
    sqlite_service.engine.dispose()
    aside = home.rename(home.with_name("aside"))
    looking = Reconciler(sqlite_service, {"ingest": often}, every=0.2)
    looking.start()
    Clock(sqlite_service, {"ingest": often}).ring("ingest")
    aside.rename(home)
    until = time.monotonic() + 20
    while not states(sqlite_service, "ingest") and time.monotonic() < until:
        threading.Event().wait(0.2)
    looking.stop()
    assert list(states(sqlite_service, "ingest").values()) == ["requested"]


def ask(home: str, url: str, start: float) -> None:
    service = open_service(read({"LOWINCOME_HOME": home, "LOWINCOME_DATABASE_URL": url}))
    threading.Event().wait(max(start - time.time(), 0))
    for ahead in range(ROUNDS):
        reconcile(service, {"scan": NIGHT}, now=at(FIRST + days(ahead)))
    service.engine.dispose()


def test_four_clocks_at_the_same_second_ask_for_each_date_once(service: Service) -> None:
    start = time.time() + 6
    arguments = (str(service.settings.home), service.settings.database_url, start)
    context = multiprocessing.get_context("spawn")
    clocks = [context.Process(target=ask, args=arguments) for _ in range(4)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join(120 + ROUNDS)
    assert [clock.exitcode for clock in clocks] == [0] * 4
    assert len(states(service)) == ROUNDS
    with database.reading(service.engine) as session:
        asked = select(func.count()).select_from(RunEvent)
        assert session.scalar(asked) == ROUNDS


def test_a_clock_that_was_stopped_over_the_hour_asks_as_soon_as_it_goes_on(sqlite_service: Service) -> None:
    """SIGSTOP over the due time: the library alone would have lost it; the reconciler also needs only its thread.

    The host's clock is set to shortly before the minute when the real command has everything loaded.
    """
    now = datetime.now(CITY_TIME)
    due, hand = now.replace(hour=12, minute=1, second=0, microsecond=0), sqlite_service.settings.home / "clock"
    clocks.set_to(hand, "+0s")
    page = sqlite_service.settings.home / "page.yaml"
    page.write_text("\n".join(f"{job}: {{active: false}}" for job in timetable.read() if job != "scan"))
    page.write_text(page.read_text() + f'\nscan: {{at: "{due:%H:%M}"}}\n')
    environment = os.environ | {
        "LOWINCOME_HOME": str(sqlite_service.settings.home), "LOWINCOME_TIMETABLE": str(page), "PYTHONPATH": str(ROOT),
    } | clocks.told_by(hand)  # fmt: skip
    begin = "import jobs.commands.clock as c, jobs.schedule; print(flush=True); input(); c.schedule(show_only=False)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    clock = subprocess.Popen([sys.executable, "-c", begin], env=environment, cwd=ROOT, **pipes)
    assert clock.stdout is not None
    assert clock.stdin is not None
    try:
        clock.stdout.readline()
        began = time.monotonic()
        clocks.set_to(hand, f"{(due - datetime.now(CITY_TIME)).total_seconds() - AHEAD:+.0f}s")
        clock.stdin.write("\n")
        clock.stdin.flush()
        threading.Event().wait(AHEAD - 2)
        assert states(sqlite_service) == {}
        clock.send_signal(signal.SIGSTOP)
        threading.Event().wait(max(AHEAD + 2 - (time.monotonic() - began), 0))
        clock.send_signal(signal.SIGCONT)
        until = time.monotonic() + 60
        while not states(sqlite_service) and time.monotonic() < until:
            threading.Event().wait(0.2)
        assert states(sqlite_service) == {due.date(): "requested"}
    finally:
        clock.terminate()
        clock.communicate(timeout=15)
    assert clock.returncode == 0


def test_the_catch_up_window_is_seven_days() -> None:
    assert timedelta(days=7) == reconciling.CATCH_UP
    assert datetime(2026, 3, 1, 17, 30, tzinfo=UTC) == NIGHT.on_date(date(2026, 3, 2))
    assert replace(NIGHT, missed="latest").missed == BACKUP.missed
