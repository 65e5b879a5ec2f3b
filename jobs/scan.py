"""A night's scan: deliveries known by a date, judged by the policy of that date, become alerts."""

import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs import anchor, ledger, measuring, quarantine, run, scoring, spikes, verdicts
from jobs.closing import BESIDE, Closing
from jobs.ledger import Lease
from jobs.quarantine import Part, Poison
from jobs.scoring import Tonight
from jobs.settling import FORM, Settler
from monitor import alerts, audit, database, indicators, policy
from monitor.alerts.chunks import Judge
from monitor.errors import Conflict, Invalid
from monitor.lake import Lake, Manifest, digest
from monitor.regions import short
from monitor.service import Service, today
from monitor.tables import Household, Quarantine, Run, Scan, utc_now

JOB = "scan"
ROWS = 250_000
_BATCH = 20_000
_AHEAD = 31
Progress = Callable[[int, int], None]
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Scanned:
    """What a scan did. ``again``: the same deliveries and policy were scanned before, and nothing was done now."""

    as_of: date
    region: str
    counts: Mapping[str, Any]
    scan: uuid.UUID | None = None
    again: bool = False
    kept: Path | None = None


@dataclass
class Night:
    """One scan while it runs: what is judged by what, and how far it has come."""

    service: Service
    as_of: date
    region: str
    policy: policy.Policy
    manifest: Manifest
    progress: Progress | None = None
    scan: uuid.UUID = field(default_factory=uuid.uuid4)
    start: tuple[int, int] = (measuring.APART, 0)
    households: int = 0
    seen: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    by_rule: dict[str, dict[str, int]] = field(default_factory=dict)
    by_county: Counter[str] = field(default_factory=Counter)
    no_threshold: Counter[str] = field(default_factory=Counter)
    regions_without: dict[str, set[str]] = field(default_factory=dict)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    tonight: Tonight = field(default_factory=Tonight)
    guard: spikes.Guard = field(default_factory=spikes.Guard)


def scan(
    service: Service,
    as_of: date,
    *,
    region: str | None = None,
    dry_run: bool = False,
    verdicts_to: Path | None = None,
    progress: Progress | None = None,
) -> Scanned:
    """Judge the households of ``region`` (all when omitted) as of ``as_of`` and turn the verdicts into alerts.

    The same deliveries and policy give the same verdicts at any time on any machine; scanning them again
    changes nothing. A scan that was cut short goes on where its last transaction ended. ``dry_run`` judges
    and writes nothing but the file ``verdicts_to`` (CSV); any date may be judged so. Without it a date older
    than one already scanned is refused, because alerts never go back in time, and so is one far ahead of
    today and of all data. Refuses a region without households. One whose rules fire far more often than in the
    nights before is held before it raises anything new.
    """
    night = _prepare(service, as_of, region=region, progress=progress)
    if night.region and not _registered(night):
        raise Invalid(zh=f"登记中没有区划 {night.region} 的家庭", en=f"the register has no household in {night.region}")
    if dry_run:
        return _judge_only(night, verdicts_to)
    _refuse_ahead(night)
    with database.reading(service.engine) as session:
        _refuse_older(session, night)
    night.tonight = scoring.tonight(service, night.policy, as_of=as_of, region=night.region)
    with run.leased(service, JOB, as_of=as_of, scope=night.region) as lease:
        done = _begin(night, lease) or _scan(night, lease)
    if verdicts_to is not None and done.kept is not None:
        verdicts.export(service, done.kept, verdicts_to, as_of=as_of)
    return done


def _prepare(service: Service, as_of: date, *, region: str | None, progress: Progress | None) -> Night:
    code = short(region) if region else ""
    if code is None:
        raise Invalid(zh=f"不是行政区划代码：{region}", en=f"not a region code: {region}")
    pack = service.pack or policy.HERE
    law = policy.load(as_of, known_on=as_of, root=pack, production=service.settings.production)
    with database.reading(service.engine) as session:
        manifest = indicators.manifest(session, as_of=as_of)
    if not any(delivery.feed == "household_register" for delivery in manifest):
        raise Invalid(
            zh=f"{as_of} 之前没有接收过家庭登记数据，无法扫描", en=f"no household register was received by {as_of}"
        )
    return Night(service, as_of, code, law, manifest, progress=progress)


def _judge_only(night: Night, to: Path | None) -> Scanned:
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "verdicts.parquet"
        with verdicts.keeping(kept) as keeper:
            for _, _, part in _chunks(night):
                if isinstance(part.found, policy.Verdicts):
                    keeper.keep(part.found.long())
                else:
                    night.counts["quarantined"] += 1
        quarantine.refuse_too_many(night.counts["quarantined"], night.seen)
        if to is not None:
            verdicts.export(night.service, kept, to, as_of=night.as_of)
    return Scanned(night.as_of, night.region, _summary(night))


def _begin(night: Night, lease: Lease) -> Scanned | None:
    """Enter the scan under its run; the same scan, finished before, is returned instead."""
    inputs = {
        "as_of": night.as_of, "scope": night.region, "policy_version": night.policy.version,
        "manifest": digest(night.manifest),
    }  # fmt: skip

    def entered(session: Session, _entry: Run) -> Scan:
        row = session.scalar(select(Scan).filter_by(**inputs))
        if row is None or row.finished_at is None:
            _refuse_older(session, night)
        if row is None:
            row = Scan(id=night.scan, run_id=lease.run, **inputs)
            session.add(row)
        night.scan, row.run_id = row.id, lease.run
        night.guard = spikes.guard(session, lease.run, night.region)
        return row

    row = ledger.commit(lease, entered)  # who was overtaken before this enters nothing beside who took over
    if row.finished_at is not None:
        ledger.finish(lease, lambda _, entry: setattr(entry, "counts", row.counts))
        kept = _kept(night.service, row.id)
        return Scanned(night.as_of, night.region, row.counts, scan=row.id, again=True, kept=kept)
    if lease.cursor.get("scan") == str(night.scan):
        _go_on(night, lease)
    return None


def _go_on(night: Night, lease: Lease) -> None:
    """In another form of the cursor no place can be read: the scan begins anew, and what it changed stays counted.

    It is not changed again; only who was set aside is found, and counted, once more.
    """
    night.counts.update(lease.counts)
    if lease.cursor.get("form") == FORM:
        night.start = (lease.cursor["chunk"], lease.cursor["place"])
    else:
        del night.counts["quarantined"]


def _refuse_ahead(night: Night) -> None:
    """A mistyped year would make every feed stale, and no earlier date could be scanned again."""
    latest = max(today(), *(delivery.known_on for delivery in night.manifest)) + timedelta(days=_AHEAD)
    if night.as_of > latest:
        raise Invalid(
            zh=f"{night.as_of} 远在今天和全部数据之后；最晚可扫描 {latest}，更晚的只能用 --dry-run 试算",
            en=f"{night.as_of} lies far after today and all data: scan to {latest}, judge later dates with --dry-run",
        )


def _refuse_older(session: Session, night: Night) -> None:
    scopes = session.execute(select(Scan.scope, func.max(Scan.as_of)).group_by(Scan.scope))
    newest = max((on for scope, on in scopes if _overlap(scope, night.region)), default=None)
    if newest is not None and newest > night.as_of:
        raise Conflict(
            zh=f"已扫描至 {newest}，更早的日期只能用 --dry-run 试算，预警不会倒退",
            en=f"scanned up to {newest} already: an earlier date can only be judged with --dry-run",
        )


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _kept(service: Service, scan_id: uuid.UUID) -> Path:
    return service.settings.home / "verdicts" / f"{scan_id}.parquet"


def _scan(night: Night, lease: Lease) -> Scanned:
    kept = _kept(night.service, night.scan)
    settler = Settler(lease, night.policy, night.scan, night.as_of, counts=night.counts, start=night.start)
    with verdicts.keeping(kept) as keeper:
        for number, judge, part in _chunks(night):
            if isinstance(part.found, Poison):
                settler.set_aside(number, part.start, int(part.table.index[0]), "judge", part.found)
                continue
            with _timed(night, "keep"):
                keeper.keep(part.found.long())
            if number >= night.start[0]:
                night.guard.look(night.by_rule)
                with _timed(night, "alerts"):
                    judged = _ordered(night, judge.judged(part.table, part.found))
                    settler.settle(number, judged, most=_BATCH, base=part.start)
    quarantine.refuse_too_many(night.counts["quarantined"], night.seen)
    return _finish(night, lease, kept)


def _with_score(night: Night, table: pd.DataFrame) -> pd.DataFrame:
    """The score is one more indicator; without a champion it is unknown of everybody."""
    scores = night.tonight.scores
    known = pd.Series(float("nan"), table.index) if scores is None else scores.score.reindex(table.index)
    return table.assign(risk_score=known.astype("Float64"))


def _ordered(night: Night, judged: alerts.Judged) -> alerts.Judged:
    """Put the tenth of the score beside what was judged, if a champion stands and policy lets it order a level."""
    scores, use = night.tonight.scores, night.policy.score
    if scores is None or use is None or not use.orders:
        return judged
    return replace(judged, tenths=scores.tenths(judged.table.index).to_numpy())


def _chunks(night: Night) -> Iterator[tuple[int, Judge, Part]]:
    """Each chunk judged: in one part, or in several around households that cannot be."""
    lake = Lake.of(night.service.settings)
    states = indicators.freshness(night.manifest, night.policy, as_of=night.as_of)
    asked = measuring.Asked(lake, night.policy, night.manifest, night.as_of, night.region or None, night.service.engine)
    total, done = _registered(night), 0
    with asked.opened() as view:
        judge = Judge(view, night.policy, states, night.as_of)
        for one in _timed_each(night, "indicators", measuring.slices(view, asked, rows=ROWS)):
            for part in _timed_each(night, "rules", _judged(night, one)):
                _count(night, part)
                yield one.number, judge, part
            done += len(one.table)
            if night.progress:
                night.progress(done, max(done, total))


def _judged(night: Night, one: measuring.Slice) -> Iterator[Part]:
    if one.broken is not None:
        return iter([Part(one.start, one.table, one.broken)])
    return quarantine.judged(_with_score(night, one.table), night.policy.judge, start=one.start)


def _registered(night: Night) -> int:
    counted = select(func.count()).select_from(Household).where(Household.region.startswith(night.region))
    with database.reading(night.service.engine) as session:
        return session.scalar(counted) or 0


def _count(night: Night, part: Part) -> None:
    night.seen += len(part.table)
    if isinstance(part.found, policy.Verdicts):
        night.by_county += Counter({str(at): int(n) for at, n in part.table["region"].str[:6].value_counts().items()})
        _count_verdicts(night, part.found)


def _count_verdicts(night: Night, found: policy.Verdicts) -> None:
    codes = found.codes.to_numpy()
    night.households += len(codes)
    fires, unknown = (codes == policy.FIRES).sum(axis=0), (codes == policy.UNKNOWN).sum(axis=0)
    for rule, fired, unseen in zip(found.codes.columns, fires.tolist(), unknown.tolist(), strict=True):
        said = night.by_rule.setdefault(str(rule), {"fires": 0, "unknown": 0})
        said["fires"] += fired
        said["unknown"] += unseen
    night.no_threshold.update(found.no_threshold)
    for name, regions in found.regions_without.items():
        night.regions_without.setdefault(name, set()).update(regions)


def _finish(night: Night, lease: Lease, kept: Path) -> Scanned:
    """What a night does beside judging, then the scan and its run end in one transaction, or neither does."""
    sealed = verdicts.digest(kept)
    closing = Closing(lease, night.policy, night.as_of, night.region, night.tonight.scores, night.scan, night.counts)
    with _timed(night, "closing"):
        closing.settle(partial(_withdrawn, night))

    def last(session: Session, entry: Run) -> Scanned:
        summary = _summary(night) | _aside_by_county(night, session, entry)
        row = session.get_one(Scan, night.scan)
        row.model_version = night.tonight.model
        if night.tonight.scores is not None:
            scoring.keep(night.tonight.scores, night.service.settings.home / "scores" / f"{night.scan}.parquet")
        row.counts, row.verdicts_sha256, row.finished_at = summary, sealed, utc_now()
        entry.counts = summary | {"seconds": {stage: round(taken, 3) for stage, taken in night.seconds.items()}}
        detail = {"as_of": night.as_of.isoformat(), "verdicts": sealed}
        audit.record(session, by=JOB, action="scan.done", subject=str(night.scan), detail=detail)
        return Scanned(night.as_of, night.region, summary, scan=night.scan, kept=kept)

    status = "done_with_quarantine" if night.counts["quarantined"] else "done"
    done = ledger.finish(lease, last, status=status)
    anchor.after(night.service, night.as_of, why="scan")
    return done


def _aside_by_county(night: Night, session: Session, entry: Run) -> dict[str, Any]:
    """Whose households could not be judged or settled, where there are any; those judged are counted as such too."""
    if not night.counts["quarantined"]:
        return {}
    chosen = select(Household.county, func.count()).join(Quarantine, Quarantine.household_id == Household.id)
    found = session.execute(chosen.where(Quarantine.run_id == entry.id).group_by(Household.county)).all()
    return {"aside_by_county": {str(place): int(count) for place, count in sorted(found)}}


def _withdrawn(night: Night, feed: str, rows: set[tuple[int, int]]) -> Set[tuple[int, int]]:
    """Which ``rows`` of ``feed`` an agency took back; the lake is opened only for a feed that withdrew something."""
    if not any(delivery.feed == feed and delivery.mode == "withdraw" for delivery in night.manifest):
        return set()
    with indicators.opened(Lake.of(night.service.settings), night.policy, night.manifest) as view:
        return indicators.withdrawn(view, feed, rows)


def _summary(night: Night) -> dict[str, Any]:
    states = indicators.freshness(night.manifest, night.policy, as_of=night.as_of)
    totals = {kind: sum(said[kind] for said in night.by_rule.values()) for kind in ("fires", "unknown")}
    beside = {name: count for name, count in night.counts.items() if name in BESIDE}
    return (
        {name: count for name, count in night.counts.items() if name not in BESIDE}
        | totals
        | ({"beside_rules": beside} if beside else {})
        | {
            "score": dict(night.tonight.told),
            "left_register": night.counts["left_register"],
            "households": night.households,
            "by_rule": night.by_rule,
            "by_county": dict(sorted(night.by_county.items())),
            "no_threshold": dict(night.no_threshold),
            "regions_without": {name: sorted(codes) for name, codes in sorted(night.regions_without.items())},
            "stale_feeds": sorted(name for name, state in states.items() if not state.fresh),
            "dormant": _dormant(night.policy, states),
        }
    )


def _dormant(law: policy.Policy, states: Mapping[str, indicators.FeedState]) -> dict[str, list[str]]:
    """The rules that cannot see all they look at, each with the feeds that are missing or stale."""
    unheard = {
        name: sorted(feed for need in rule.needs for feed in indicators.feeds_of(law, need) if not states[feed].fresh)
        for name, rule in law.rules.items()
    }
    return {name: sorted(set(feeds)) for name, feeds in sorted(unheard.items()) if feeds}


@contextmanager
def _timed(night: Night, stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    night.seconds[stage] += time.perf_counter() - began


def _timed_each(night: Night, stage: str, things: Iterator[Thing]) -> Iterator[Thing]:
    while True:
        began = time.perf_counter()
        thing = next(things, None)
        night.seconds[stage] += time.perf_counter() - began
        if thing is None:
            return
        yield thing
