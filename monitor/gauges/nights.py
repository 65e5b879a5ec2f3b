"""Nights and other jobs: when each last ended well, what runs, what failed, which rules fire."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.gauges.families import ELSEWHERE, counties, county, family, filled
from monitor.metrics import VERSION
from monitor.policy import Pack
from monitor.tables import Run, Scan

UNDER_WAY = ("running", "requested")
WELL = ("done", "done_with_quarantine")
SCAN = "scan"
BACKUP = "backup"
GONE = "gone"
"""The level of a rule that is no longer in the policy."""


class Nights:
    """The ledger's series. A finished scan never changes, so each is read once."""

    def __init__(self, pack: Pack) -> None:
        self._levels = {rule: page.level for rule, page in pack.rules.items()}
        self._counted: set[UUID] = set()
        self._households: Counter[tuple[str, str]] = Counter()
        self._fired: Counter[str] = Counter()

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield what the ledger says of scans, of every job, and of the rules on the newest night."""
        yield from _scans(session)
        yield from _jobs(session)
        yield from self._totals(session)
        yield from _newest(session)

    def _totals(self, session: Session) -> Iterator[Metric]:
        """Add the scans that were not counted yet; the sums only grow."""
        ended = select(Scan.id).where(Scan.finished_at.is_not(None))
        for id_ in set(session.scalars(ended)) - self._counted:
            counts = session.get_one(Scan, id_).counts
            self._households.update(_by_county(counts))
            self._fired.update({rule: said["fires"] for rule, said in counts.get("by_rule", {}).items()})
            self._counted.add(id_)
        said = "Households of scans that ended well: judged (ok), or set aside because their data broke it (error)"
        seen = family(CounterMetricFamily, "scan_households", said, ["county", "result"])
        yield filled(seen, sorted(self._households.items()))
        hits = family(CounterMetricFamily, "rule_hits", "Verdicts 'fires' over all scans", ["rule", "level"])
        yield filled(hits, (((rule, self._levels.get(rule, GONE)), n) for rule, n in sorted(self._fired.items())))


def _by_county(counts: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    """What one scan did in each county; one that was kept before counties were is of an unknown one."""
    judged: Mapping[str, int] = counts.get("by_county") or {ELSEWHERE: counts.get("households", 0)}
    done: Counter[tuple[str, str]] = Counter()
    for word, said in (("ok", judged), ("error", counts.get("aside_by_county", {}))):
        for place, count in said.items():
            done[county(place), word] += count
    return done


def _scans(session: Session) -> Iterator[Metric]:
    """A scan of a wider region is a scan of each county in it."""
    scans = select(Scan.scope, func.max(Scan.finished_at)).where(Scan.finished_at.is_not(None)).group_by(Scan.scope)
    runs = select(Run.scope, func.max(Run.started_at)).where(Run.job == SCAN).group_by(Run.scope)
    working = set(session.scalars(select(Run.scope).where(Run.job == SCAN, Run.status == "running")))
    ended, begun = _by_scope(session.execute(scans).all()), _by_scope(session.execute(runs).all())
    where, took = counties(session), _durations(session)
    yield _instants("scan_last_success", "When the county's last scan ended well", where, ended)
    yield _instants("scan_last_attempt", "When the county's last scan began", where, begun)
    lasted = family(GaugeMetricFamily, "scan_last_duration_seconds", "How long that scan took", ["county"])
    for place in where:
        covering = [scope for scope in took if place.startswith(scope) and scope in ended]
        if covering:
            lasted.add_metric([place], took[max(covering, key=ended.__getitem__)])
    yield lasted
    running = family(GaugeMetricFamily, "scan_running", "1 while a scan of the county runs", ["county"])
    yield filled(running, (((at,), float(any(at.startswith(scope) for scope in working))) for at in where))


def _by_scope(rows: object) -> dict[str, datetime]:
    return {scope: at for scope, at in rows if at is not None}  # type: ignore[attr-defined]


def _instants(name: str, said: str, where: list[str], found: dict[str, datetime]) -> Metric:
    made = family(GaugeMetricFamily, f"{name}_timestamp_seconds", said, ["county"])
    for place in where:
        last = max((at for scope, at in found.items() if place.startswith(scope)), default=None)
        if last is not None:
            made.add_metric([place], last.timestamp())
    return made


def _durations(session: Session) -> dict[str, float]:
    """The seconds of the newest scan that ended well, by scope."""
    ended = select(Scan.scope, Scan.made_at, Scan.finished_at).where(Scan.finished_at.is_not(None))
    rows = session.execute(ended.order_by(Scan.finished_at)).all()
    return {scope: (finished - made).total_seconds() for scope, made, finished in rows if finished is not None}


def _jobs(session: Session) -> Iterator[Metric]:
    well = select(Run.job, func.max(Run.finished_at)).where(Run.status.in_(WELL)).group_by(Run.job)
    done = {job: at.timestamp() for job, at in session.execute(well) if at is not None}
    newest: dict[str, tuple[str, datetime]] = {}
    latest = select(Run.job, func.max(Run.started_at).label("at")).group_by(Run.job).subquery()
    same = (Run.job == latest.c.job) & (Run.started_at == latest.c.at)
    for job, status, at in session.execute(select(Run.job, Run.status, Run.started_at).join(latest, same)):
        if at is not None:
            newest[job] = (status, at)
    ended = family(GaugeMetricFamily, "job_last_success_timestamp_seconds", "When the job last ended well", ["task"])
    yield filled(ended, (((job,), at) for job, at in sorted(done.items())))
    failed = family(GaugeMetricFamily, "job_failed", "1 when the job's newest run did not end well", ["task"])
    bad = {job: float(status not in (*WELL, *UNDER_WAY)) for job, (status, _) in sorted(newest.items())}
    yield filled(failed, (((job,), value) for job, value in bad.items()))
    begun = family(GaugeMetricFamily, "job_last_attempt_timestamp_seconds", "When the job last began", ["task"])
    yield filled(begun, (((job,), at.timestamp()) for job, (_, at) in sorted(newest.items())))
    if BACKUP in done:
        kept = family(GaugeMetricFamily, "backup_last_success_timestamp_seconds", "When the last backup ended well")
        kept.add_metric([], done[BACKUP])
        yield kept


def _newest(session: Session) -> Iterator[Metric]:
    """What the newest night of all said of each rule, and by which rules and which software."""
    ended = select(Scan).where(Scan.finished_at.is_not(None))
    last = session.scalar(ended.order_by(Scan.as_of.desc(), Scan.finished_at.desc()).limit(1))
    info = family(GaugeMetricFamily, "build_info", "Always 1", ["version", "ruleset"])
    info.add_metric([VERSION, "" if last is None else last.policy_version[:12]], 1)
    yield info
    if last is None:
        return
    said = sorted(last.counts.get("by_rule", {}).items())
    for kind, what in (("fires", "has a reason"), ("unknown", "cannot be judged for lack of data")):
        made = family(GaugeMetricFamily, f"rule_{kind}", f"Households the rule {what} for, newest scan", ["rule"])
        yield filled(made, (((rule,), counts.get(kind, 0)) for rule, counts in said))
