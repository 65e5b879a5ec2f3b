"""How long a report takes over half a million alerts: ``python -m jobs.bench_reports --alerts 525000``.

Fills an empty database of its own with made-up alerts (no people in it), follows them, and asks every figure by every
split as a supervisor of the city and as a worker of one township, ``--repeat`` times each.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from monitor import database, reports
from monitor.access import Viewer
from monitor.errors import Conflict
from monitor.reports import Asked
from monitor.service import Service, open_service, today
from monitor.settings import read
from monitor.tables import Alert, AlertEvent, FollowUp, Household, Reason, utc_now

COUNTIES, TOWNS, VILLAGES = 8, 12, 12
RULES = [f"rule_{number:02}" for number in range(60)]
FEEDS = [f"feed_{number:02}" for number in range(30)]
FINDINGS = ["confirmed", "partly", "helped", "no_need", "false_alarm", "moved", "unreachable"]
OPEN_SHARE = 0.12
LOT = 25_000


def main(arguments: list[str]) -> None:
    """Fill, follow, measure, and print one line for each question and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=525_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--database", default=None)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        named = {"LOWINCOME_HOME": folder} | ({"LOWINCOME_DATABASE_URL": asked.database} if asked.database else {})
        service = open_service(replace(read(named), home=Path(folder)))
        began = time.perf_counter()
        fill(service, asked.alerts)
        filled = time.perf_counter()
        with database.transaction(service.engine) as session:
            reports.follow(session)
        followed = time.perf_counter()
        print_line(f"{asked.alerts} alerts on {service.engine.dialect.name}: filled in {filled - began:.0f} s")
        print_line(f"followed in {followed - filled:.0f} s")
        measure(service, asked.repeat)
        service.engine.dispose()


def fill(service: Service, alerts: int) -> None:
    """Put ``alerts`` made-up alerts of three years into an empty database; refuses one that holds households."""
    chance = random.Random(1)  # noqa: S311 - made-up alerts
    with database.transaction(service.engine) as session:
        if session.scalar(text("SELECT count(*) FROM households")):
            raise Conflict(zh="测速须用空库", en="the benchmark wants an empty database")
    homes = max(alerts // 3, 1)
    for start in range(0, homes, LOT):
        with database.transaction(service.engine) as session:
            lot = range(start + 1, min(start + LOT, homes) + 1)
            made = [_household(number, chance) for number in lot]
            database.insert_many(session, Household, made)
            rows = [row for home in made for row in _episodes(home, chance)]
            for table, place in ((Alert, 0), (Reason, 1), (FollowUp, 2), (AlertEvent, 3)):
                database.insert_many(session, table, [one for row in rows for one in row[place]])
    with service.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def _household(number: int, chance: random.Random) -> dict[str, Any]:
    county = f"34020{chance.randrange(COUNTIES)}"
    town = f"{county}{chance.randrange(TOWNS):03}"
    village = f"{town}{chance.randrange(VILLAGES):03}"
    return {
        "id": number, "household_no": f"B{number:08}", "category": "dibao", "region": village, "county": county,
        "town": town, "village": village, "registered": True,
    }  # fmt: skip


Rows = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]


def _episodes(home: dict[str, Any], chance: random.Random) -> Iterator[Rows]:
    for episode in (1, 2, 3):
        opened = today() - timedelta(days=chance.randrange(360) + 360 * (3 - episode))
        yield _alert(home, episode, opened, chance, still=episode == 3 and chance.random() < OPEN_SHARE * 3)


def _alert(home: dict[str, Any], episode: int, opened: date, chance: random.Random, *, still: bool) -> Rows:
    id_, now = uuid.UUID(int=chance.getrandbits(128)), utc_now()
    place = {name: home[name] for name in ("region", "county", "town", "village", "category")}
    alert = place | {
        "id": id_, "household_id": home["id"], "episode": episode, "status": "open" if still else "closed",
        "level": chance.choice(["red", "orange", "yellow", "blue"]), "level_since_on": opened, "rank": 1,
        "opened_on": opened, "opened_at": now, "seen_on": opened, "unseen": [], "version": 1,
        "closed_at": None if still else now - timedelta(days=chance.randrange(30)),
        "result_due_on": opened + timedelta(days=chance.randrange(60)),
    }  # fmt: skip
    reasons = [_reason(id_, rule, opened, chance) for rule in chance.sample(RULES, chance.choice([1, 1, 1, 2]))]
    visit = {
        "id": uuid.UUID(int=chance.getrandbits(128)), "alert_id": id_, "digest": "x", "recorded_by": "bench",
        "visited_on": opened + timedelta(days=chance.randrange(20)), "way": "home", "finding": chance.choice(FINDINGS),
        "recorded_at": now, "proposed": [],
    }  # fmt: skip
    event = {"alert_id": id_, "at": now, "kind": "opened", "by": "bench", "detail": {}}
    return [alert], reasons, [] if still else [visit], [event]


def _reason(alert: uuid.UUID, rule: str, opened: date, chance: random.Random) -> dict[str, Any]:
    return {
        "alert_id": alert, "rule": rule, "rule_version": "1", "direction": "help", "level": "red", "status": "active",
        "place": 0, "sentence_zh": "", "sentence_en": "", "parameters": [], "reference": {}, "unseen": [],
        "evidence": [{"feed": chance.choice(FEEDS)}], "cooldown_days": 0, "quiet_days": 0, "quiet_worse": 0.0,
        "lower_is_worse": False, "first_on": opened, "last_on": opened,
    }  # fmt: skip


def measure(service: Service, repeat: int) -> None:
    """Ask every figure by every split, and the page of all figures, and print what each took."""
    everything: list[float] = []
    since = today() - timedelta(days=365)
    for who in (
        Viewer(uuid.UUID(int=1), "bench", "supervisor", "00"),
        Viewer(uuid.UUID(int=1), "bench", "caseworker", "340201001"),
    ):
        pages: list[float] = []
        for name, figure in reports.FIGURES.items():
            for by in (None, *figure.dimensions):
                times = [_timed(service, Asked(name, by, since=since), who) for _ in range(repeat)]
                everything += times
                print_line(f"{who.region:>10} {name:>18} by {by or '-':<9} {max(times) * 1000:7.0f} ms")
        for _ in range(repeat):
            pages.append(sum(_timed(service, Asked(name, since=since), who) for name in reports.FIGURES))
        print_line(f"{who.region:>10} page of every figure    {max(pages) * 1000:7.0f} ms")
        everything += pages
    p95 = statistics.quantiles(everything, n=20)[-1] * 1000
    print_line(f"p95 of {len(everything)} answers on {service.engine.dialect.name}: {p95:.0f} ms")


def _timed(service: Service, asked: Asked, who: Viewer) -> float:
    began = time.perf_counter()
    with database.reading(service.engine) as session:
        reports.cells(session, asked, viewer=who)
    return time.perf_counter() - began


def print_line(said: str) -> None:
    """Say one line."""
    sys.stdout.write(said + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
