"""The metrics: read from the database, the same in every process and after every restart, and never about a person."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import DAY, register
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, select, text, update

from monitor import database, metrics, policy
from monitor.alerts.due import DATES
from monitor.gauges import CACHE_SECONDS, LABELS, StoreCollector, exposition
from monitor.gauges.families import county, family
from monitor.gauges.history import SETTLED
from monitor.service import Service, today
from monitor.tables import Alert, AlertEvent, Delivery, Household, Outbox, Pull, Quarantine, Reason, Run, Scan, utc_now

COUNTY = "340299"
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(service: Service, collector: StoreCollector | None = None) -> Series:
    """One scrape, each sample by its name and labels."""
    said = exposition(collector or StoreCollector(service)).decode()
    samples = [sample for made in text_string_to_metric_families(said) for sample in made.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def one(series: Series, name: str, **labels: str) -> float | None:
    return series.get((f"lowincome_{name}", frozenset(labels.items())))


def named(series: Series, name: str) -> list[float]:
    return [value for (found, _), value in series.items() if found == f"lowincome_{name}"]


def raise_alert(service: Service, *, days_ago: float, level: str = "red", status: str = "open") -> uuid.UUID:
    """An open alert of a household of its own, with its first event and one reason."""
    opened, law = utc_now() - timedelta(days=days_ago), policy.load(today())
    with database.transaction(service.engine) as session:
        number = session.query(Household).count() + 1
        home = register(session, start=number)[0]
        alert = Alert(
            household_id=home.id, level=level, level_since_on=opened.date(), region=home.region, county=home.county,
            opened_on=opened.date(), opened_at=opened, seen_on=opened.date(), status=status,
            **{name: getattr(law.deadlines(level, opened.date()), name) for name in DATES},
        )  # fmt: skip
        session.add(alert)
        session.flush()
        session.add(AlertEvent(alert_id=alert.id, at=opened, kind="raised", detail={"level": level, "rules": []}))
        session.add(
            Reason(
                alert_id=alert.id,
                rule="medical_self_pay",
                rule_version="1",
                direction="help",
                level=level,
                sentence_zh="医",
                sentence_en="m",
                first_on=opened.date(),
                last_on=opened.date(),
            )
        )
        return alert.id


def found(service: Service, alert: uuid.UUID, finding: str, *, ends: bool, at: datetime | None = None) -> None:
    """A worker's conclusion on the alert."""
    when = at or utc_now()
    with database.transaction(service.engine) as session:
        kind = "closed" if ends else "followed_up"
        session.add(AlertEvent(alert_id=alert, at=when, as_of=when.date(), kind=kind, detail={"finding": finding}))
        if ends:
            ended = {"status": "closed", "closed_at": when}
            session.execute(update(Alert).where(Alert.id == alert).values(**ended))


@pytest.fixture
def night(service: Service) -> Service:
    """Three households, a night that ended well two hours ago, a backup, a delivery held and one taken."""
    now = utc_now()
    with database.transaction(service.engine) as session:
        register(session, 3)
        run = Run(
            job="scan", as_of=DAY, status="done", started_at=now - timedelta(hours=2, minutes=5),
            finished_at=now - timedelta(hours=2),
        )  # fmt: skip
        backup = Run(job="backup", as_of=DAY, status="done", started_at=now, finished_at=now)
        session.add_all([run, backup])
        session.flush()
        session.add(
            Scan(
                run_id=run.id,
                as_of=DAY,
                policy_version="f" * 64,
                manifest="m",
                made_at=run.started_at,
                finished_at=run.finished_at,
                counts={
                    "households": 3,
                    "by_rule": {"medical_self_pay": {"fires": 2, "unknown": 1}},
                    "by_county": {COUNTY: 2, "340203": 1},
                    "aside_by_county": {COUNTY: 1},
                },
            )
        )
        kinds: list[dict[str, Any]] = [
            {
                "status": "committed",
                "seq": 1,
                "known_on": DAY,
                "good": 90,
                "errors": 10,
                "unmatched": 4,
                "profile": {"newest": "2026-02-27"},
            },
            {"status": "held", "good": 50, "errors": 1, "received_at": now - timedelta(days=3)},
        ]
        session.add_all(
            Delivery(feed="medical_settlements", file_name="f", sha256="0" * 64, received_on=DAY, mode="append", **kind)
            for kind in kinds
        )
    return service


def test_a_scan_of_the_city_is_a_scan_of_each_of_its_counties(night: Service) -> None:
    series = scraped(night)
    ended = one(series, "scan_last_success_timestamp_seconds", county=COUNTY)
    assert ended == pytest.approx((utc_now() - timedelta(hours=2)).timestamp(), abs=60)
    assert one(series, "scan_last_duration_seconds", county=COUNTY) == pytest.approx(300, abs=1)
    assert one(series, "scan_running", county=COUNTY) == 0
    assert one(series, "scan_households_total", county=COUNTY, result="ok") == 2
    assert one(series, "scan_households_total", county=COUNTY, result="error") == 1
    assert one(series, "scan_households_total", county="340203", result="ok") == 1
    assert one(series, "rule_hits_total", rule="medical_self_pay", level="red") == 2
    assert one(series, "rule_unknown", rule="medical_self_pay") == 1
    assert one(series, "build_info", version=metrics.VERSION, ruleset="f" * 12) == 1


def test_a_scan_of_a_township_is_not_a_scan_of_its_county(night: Service) -> None:
    with database.transaction(night.engine) as session:
        session.execute(update(Scan).values(scope=COUNTY + "001"))
    assert named(scraped(night), "scan_last_success_timestamp_seconds") == []


def test_nights_are_counted_once_however_often_they_are_asked_for(night: Service) -> None:
    now = [0.0]
    collector = StoreCollector(night, clock=lambda: now[0])
    for _ in range(3):
        series = scraped(night, collector)
        now[0] += CACHE_SECONDS
    assert one(series, "rule_hits_total", rule="medical_self_pay", level="red") == 2
    with database.transaction(night.engine) as session:
        fired = {"medical_self_pay": {"fires": 1, "unknown": 0}, "long_gone": {"fires": 1, "unknown": 0}}
        counts = {"households": 5, "by_rule": fired}
        session.add(Scan(as_of=DAY, policy_version="f", manifest="n", counts=counts, finished_at=utc_now()))
    series = scraped(night, collector)
    assert sum(named(series, "scan_households_total")) == 9
    assert one(series, "scan_households_total", county="unknown", result="ok") == 5
    assert one(series, "rule_hits_total", rule="medical_self_pay", level="red") == 3
    assert one(series, "rule_hits_total", rule="long_gone", level="gone") == 1


def test_a_job_says_when_it_last_ended_well_and_whether_its_newest_run_failed(night: Service) -> None:
    with database.transaction(night.engine) as session:
        later = utc_now() + timedelta(seconds=5)
        session.add(
            Run(job="backup", as_of=DAY + timedelta(days=1), status="failed", started_at=later, finished_at=later)
        )
        session.add(Run(job="scan", as_of=DAY + timedelta(days=1), status="running", started_at=later))
    series = scraped(night)
    assert (one(series, "job_failed", task="backup"), one(series, "job_failed", task="scan")) == (1, 0)
    assert one(series, "scan_running", county=COUNTY) == 1
    kept = one(series, "backup_last_success_timestamp_seconds")
    assert kept == one(series, "job_last_success_timestamp_seconds", task="backup")
    assert kept == pytest.approx(utc_now().timestamp(), abs=60)


def test_before_the_first_backup_there_is_no_series_of_one(service: Service) -> None:
    assert named(scraped(service), "backup_last_success_timestamp_seconds") == []


def test_feeds_say_how_old_they_are_and_how_old_they_may_grow(night: Service) -> None:
    series, feed = scraped(night), {"source": "medical_settlements"}
    newest = one(series, "source_known_timestamp_seconds", **feed)
    assert newest == datetime(2026, 2, 28, 16, tzinfo=UTC).timestamp()
    assert one(series, "source_data_timestamp_seconds", **feed) == datetime(2026, 2, 26, 16, tzinfo=UTC).timestamp()
    assert one(series, "source_fresh_limit_seconds", **feed) == 46 * 86_400
    rows = {result: one(series, "source_rows_total", result=result, **feed) for result in ("accepted", "rejected")}
    assert rows == {"accepted": 90, "rejected": 11}
    assert one(series, "source_held", **feed) == 1
    assert one(series, "source_held_age_seconds", **feed) == pytest.approx(3 * 86_400, abs=60)


def test_what_was_refused_counts_until_a_good_one_comes_or_a_fortnight_has_passed(service: Service) -> None:
    common = {"file_name": "f", "sha256": "0", "received_on": DAY, "mode": "append"}
    with database.transaction(service.engine) as session:
        for feed, days, status in (
            ("wages", 3, "refused"), ("wages", 2, "refused"), ("deaths", 3, "refused"), ("deaths", 1, "committed"),
            ("unknown", 1, "refused"), ("vehicles", 15, "refused"),
        ):  # fmt: skip
            at = utc_now() - timedelta(days=days)
            taken = {"seq": 1, "known_on": DAY} if status == "committed" else {}
            session.add(Delivery(**common, **taken, feed=feed, status=status, received_at=at))
    series = scraped(service)
    counted = {feed: one(series, "source_refused", source=feed) for feed in ("wages", "deaths", "unknown", "vehicles")}
    assert counted == {"wages": 2, "deaths": 0, "unknown": 1, "vehicles": 0}


def test_what_has_not_happened_yet_is_at_0_or_its_first_time_would_be_no_growth(service: Service) -> None:
    """Prometheus reckons growth between two scrapes: a series that begins at 1 has never grown."""
    first = raise_alert(service, days_ago=1)
    series = scraped(service)
    visits = {"county": COUNTY, "outcome": "false_alarm", "channel": "console"}
    ended = {"county": COUNTY, "outcome": "false_alarm", "in_time": "no"}
    rules = {"rule": "medical_self_pay", "outcome": "false_alarm"}
    assert one(series, "alerts_raised_total", county=COUNTY, level="yellow") == 0
    assert one(series, "follow_ups_total", **visits) == one(series, "alerts_closed_total", **ended) == 0
    assert one(series, "rule_findings_total", **rules) == one(series, "pii_reveals_total", county=COUNTY) == 0
    assert one(series, "alert_close_seconds_count", county=COUNTY) == 0
    assert one(series, "offline_sync_lag_seconds_count", result="accepted") == 0
    assert one(series, "source_deliveries_total", source="deaths") == 0
    assert one(series, "source_rows_total", source="deaths", result="accepted") == 0
    found(service, first, "false_alarm", ends=True)
    assert one(scraped(service), "rule_findings_total", **rules) == 1


def test_sources_of_other_databases_say_when_they_were_read_and_how_long_they_could_not_be(service: Service) -> None:
    now, ill = utc_now(), {"zh": "x", "en": "x"}
    with database.transaction(service.engine) as session:
        session.add(Pull(source="好", rows=0, read_at=now))
        session.add(Pull(source="坏", rows=0, trouble=ill, troubled_at=now - timedelta(hours=3)))
        session.add(Pull(source="已撤", rows=0))
    series = scraped(service)
    assert one(series, "pull_read_timestamp_seconds", source="好") == pytest.approx(now.timestamp(), abs=1)
    assert one(series, "pull_troubled_seconds", source="好") == 0
    assert one(series, "pull_troubled_seconds", source="坏") == pytest.approx(3 * 3600, abs=60)
    assert len(named(series, "pull_troubled_seconds")) == 2


def test_the_queue_says_what_is_open_late_and_untaken(service: Service) -> None:
    raise_alert(service, days_ago=0)
    raise_alert(service, days_ago=60)
    raise_alert(service, days_ago=1, level="yellow", status="assigned")
    series = scraped(service)
    assert one(series, "alerts_open", county=COUNTY, level="red", status="open") == 2
    assert one(series, "alerts_open", county=COUNTY, level="yellow", status="assigned") == 1
    assert one(series, "alerts_overdue", county=COUNTY, level="red") == 1
    assert one(series, "alerts_overdue", county=COUNTY, level="yellow") == 0
    assert one(series, "alerts_unassigned", county=COUNTY, level="red") == 2
    assert one(series, "alerts_unassigned", county=COUNTY, level="yellow") == 0
    assert one(series, "alert_oldest_open_age_seconds", county=COUNTY) == pytest.approx(60 * 86_400, abs=60)


def test_what_workers_found_is_counted_by_county_by_rule_and_by_how_long_it_took(service: Service) -> None:
    quick, slow = raise_alert(service, days_ago=1.5), raise_alert(service, days_ago=20)
    found(service, quick, "confirmed", ends=False)
    found(service, quick, "helped", ends=True)
    found(service, slow, "false_alarm", ends=True)
    series = scraped(service)
    assert one(series, "alerts_raised_total", county=COUNTY, level="red") == 2
    assert one(series, "follow_ups_total", county=COUNTY, outcome="confirmed", channel="unknown") == 1
    assert one(series, "alerts_closed_total", county=COUNTY, outcome="helped", in_time="unknown") == 1
    assert one(series, "alerts_closed_total", county=COUNTY, outcome="confirmed", in_time="unknown") is None
    assert one(series, "rule_findings_total", rule="medical_self_pay", outcome="false_alarm") == 1
    day = 86_400.0
    for bound, first in ((1, 0), (2, 1), (14, 1), (30, 2)):
        labels = {"county": COUNTY, "le": str(bound * day)}
        assert one(series, "alert_first_action_seconds_bucket", **labels) == first
    assert one(series, "alert_first_action_seconds_count", county=COUNTY) == 2
    assert one(series, "alert_close_seconds_sum", county=COUNTY) == pytest.approx(21.5 * day, abs=60)


def test_counters_are_the_same_in_a_process_that_just_started_and_in_one_that_settled_its_past(
    service: Service,
) -> None:
    now = [0.0]
    long_running = StoreCollector(service, clock=lambda: now[0])
    before: Series = {}
    for turn in range(4):
        alert = raise_alert(service, days_ago=3)
        found(service, alert, "no_need", ends=turn % 2 == 0, at=utc_now() - SETTLED * (2 - turn))
        now[0] += CACHE_SECONDS
        series = scraped(service, long_running)
        counted = {key: value for key, value in series.items() if key[0].endswith(("_total", "_bucket", "_count"))}
        fresh = scraped(service)
        assert counted == {key: fresh[key] for key in counted}
        assert all(value >= before.get(key, 0) for key, value in counted.items())
        before = counted


def test_a_household_that_moves_leaves_its_history_where_it_happened(service: Service) -> None:
    alert = raise_alert(service, days_ago=3)
    found(service, alert, "confirmed", ends=False)
    before = scraped(service)
    with database.transaction(service.engine) as session:
        home = session.get_one(Alert, alert)
        detail = {"from": home.region, "to": "340203001001"}
        session.add(AlertEvent(alert_id=alert, kind="moved", detail=detail))
        home.region, home.county = "340203001001", "340203"
        session.execute(update(Household).values(region="340203001001", county="340203"))
    after = scraped(service)
    followed = {"outcome": "confirmed", "channel": "unknown"}
    for name, labels in (("alerts_raised_total", {"level": "red"}), ("follow_ups_total", followed)):
        assert one(after, name, county=COUNTY, **labels) == one(before, name, county=COUNTY, **labels) == 1
        assert not one(after, name, county="340203", **labels)
    assert one(after, "alerts_open", county="340203", level="red", status="open") == 1
    found(service, alert, "helped", ends=True)
    assert one(scraped(service), "alerts_closed_total", county="340203", outcome="helped", in_time="unknown") == 1


def test_a_query_that_fails_is_said_to_fail_and_never_shows_as_nought(night: Service) -> None:
    with database.transaction(night.engine) as session:
        session.execute(text("ALTER TABLE deliveries RENAME TO elsewhere"))
    series = scraped(night)
    assert one(series, "collector_error", part="sources") == 1
    assert [name for name, _ in series if name.startswith("lowincome_source_")] == []
    assert one(series, "collector_error", part="nights") == 0
    assert one(series, "scan_households_total", county=COUNTY, result="ok") == 2


def test_what_was_read_is_kept_for_fifteen_seconds(service: Service) -> None:
    now = [0.0]
    collector = StoreCollector(service, clock=lambda: now[0])
    assert one(scraped(service, collector), "outbox_waiting") == 0
    with database.transaction(service.engine) as session:
        session.add(Outbox(kind="alert_raised", subject="s", made_at=utc_now() - timedelta(hours=1)))
    assert one(scraped(service, collector), "outbox_waiting") == 0
    now[0] = CACHE_SECONDS
    series = scraped(service, collector)
    assert one(series, "outbox_waiting") == 1
    assert one(series, "outbox_oldest_age_seconds") == pytest.approx(3600, abs=60)
    with database.transaction(service.engine) as session:
        session.execute(delete(Outbox))


def test_no_label_says_more_than_a_county_and_none_says_who(night: Service) -> None:
    alert = raise_alert(night, days_ago=2)
    found(night, alert, "helped", ends=True)
    metrics.REQUESTS.labels("GET", "/api/v1/alerts/{alert_id}", "2xx").observe(0.01)
    said = exposition(StoreCollector(night)).decode()
    families = list(text_string_to_metric_families(said))
    assert len(families) > 25
    for made in families:
        assert made.name.startswith("lowincome_"), made.name
        assert made.documentation
        for sample in made.samples:
            assert set(sample.labels) <= LABELS
            place = sample.labels.get("county", COUNTY)
            assert re.fullmatch(r"\d{6}|unknown", place)
            others = {value for label, value in sample.labels.items() if label not in ("county", "le", "ruleset")}
            assert not [value for value in others if re.search(r"\d{5}|[\u4e00-\u9fff]", value)]
    assert str(alert) not in said
    units = ("_total", "_seconds", "_bytes", "_info", "_error")
    counters = [made.name for made in families if made.type == "counter"]
    assert counters
    assert not [name for name in (made.name for made in families) if re.search(r"_(ms|days|hours|kb|mb)$", name)]
    assert all(name.endswith(units) for name in (m.name for m in families if "time" in m.name or "age" in m.name))


def test_a_label_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="village"):
        family(GaugeMetricFamily, "anything", "said", ["village"])


@pytest.mark.parametrize(
    ("code", "said"),
    [("340299001001", "340299"), ("340299", "340299"), ("3402", "unknown"), ("", "unknown"), (None, "unknown")],
)
def test_a_region_is_cut_to_its_county(code: str | None, said: str) -> None:
    assert county(code) == said


def test_the_day_of_a_delivery_begins_at_midnight_in_the_city() -> None:
    from monitor.gauges.sources import _start_of

    assert datetime.fromtimestamp(_start_of(date(2026, 3, 1)), UTC) == datetime(2026, 2, 28, 16, tzinfo=UTC)


def test_a_run_at_work_shows_how_long_and_how_silently_by_the_databases_clock(service: Service) -> None:
    now = utc_now()
    with database.transaction(service.engine) as session:
        beat = (session.scalar(select(database.now())) or 0.0) - 400
        session.add(
            Run(job="scan", as_of=DAY, status="running", started_at=now - timedelta(hours=1), heartbeat_at=beat)
        )
        for at, minutes in enumerate((10, 20, 60), start=1):
            begun = now - timedelta(days=at)
            ended = begun + timedelta(minutes=minutes)
            done = Run(job="scan", as_of=DAY - timedelta(days=at), status="done", started_at=begun, finished_at=ended)
            session.add(done)
        for at in (1, 2):
            session.add(
                Run(job="backup", as_of=DAY - timedelta(days=at), status="done", started_at=now, finished_at=now)
            )
    series = scraped(service)
    assert one(series, "job_silent_seconds", task="scan") == pytest.approx(400, abs=20)
    assert one(series, "job_running_seconds", task="scan") == pytest.approx(3600, abs=20)
    assert one(series, "job_usual_seconds", task="scan") == 1200
    assert one(series, "job_usual_seconds", task="backup") is None


def test_dates_missed_of_a_fortnight_and_households_set_aside_by_the_newest_night_are_counted(service: Service) -> None:
    with database.transaction(service.engine) as session:
        home = register(session, 1)[0]
        nights = [
            Run(
                job="scan",
                as_of=today() - timedelta(days=at),
                status=status,
                started_at=utc_now(),
                finished_at=utc_now(),
            )
            for at, status in ((1, "done_with_quarantine"), (2, "missed"), (3, "missed"), (40, "missed"))
        ]
        session.add_all(nights)
        session.flush()
        said = {"as_of": nights[0].as_of, "stage": "judge", "error": "KeyError"}
        session.add(Quarantine(run_id=nights[0].id, household_id=home.id, **said))
    series = scraped(service)
    assert one(series, "job_dates_missed", task="scan") == 2
    assert one(series, "households_set_aside") == 1
    with database.transaction(service.engine) as session:
        ended = utc_now() + timedelta(seconds=1)
        session.add(Run(job="scan", as_of=today(), status="done", started_at=ended, finished_at=ended))
    assert one(scraped(service), "households_set_aside") == 0


def test_what_the_newest_training_saw_of_the_world_is_told_and_what_it_could_not_tell_is_absent(
    service: Service,
) -> None:
    assert named(scraped(service), "score_drift_psi") == []
    drifts: list[dict[str, Any]] = [{"psi": 0.4, "precision": 0.2, "low": 0.1, "high": 0.3}, {"psi": 0.07}]
    with database.transaction(service.engine) as session:
        for number, drift in enumerate(drifts):
            at = utc_now() + timedelta(minutes=number)
            session.add(
                Run(job="retrain", as_of=DAY + timedelta(days=number), status="done", counts={"drift": drift},
                    started_at=at, finished_at=at)
            )  # fmt: skip
    series = scraped(service)
    assert one(series, "score_drift_psi") == 0.07
    assert named(series, "score_precision") == []
