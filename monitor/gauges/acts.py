"""What was shown in the clear and what left the house, from the audit; and how visits made offline came home.

Counted as ``history`` counts: what is older than an hour once, newer rows again each time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client.core import CounterMetricFamily, Metric
from sqlalchemy import Integer, func, select
from sqlalchemy.orm import Session

from monitor.gauges.families import counties, county, family, filled, histogram, no_observations, observe
from monitor.gauges.history import SETTLED
from monitor.tables import AuditEntry, FollowUp, utc_now

REVEALED = "person.revealed"
# An act that lets rows out of the house: what they are called, and where its record says how many they were.
TAKEN_OUT: Mapping[str, tuple[str, str]] = {
    "alerts.exported": ("alerts", "rows"),
    "report.exported": ("report", "rows"),
    "forms.printed": ("forms", "forms"),
    "pack.made": ("packs", "households"),
}
MINUTE = 60.0
LAGS = tuple(minutes * MINUTE for minutes in (1, 10, 60, 240, 1440, 4320, 10080))


@dataclass
class Tally:
    """What was counted; two tallies add up."""

    reveals: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    synced: Counter[str] = field(default_factory=Counter)
    lags: dict[str, list[float]] = field(default_factory=dict)

    def __add__(self, other: "Tally") -> "Tally":
        lags = {word: list(counts) for word, counts in self.lags.items()}
        for word, counts in other.lags.items():
            lags[word] = [a + b for a, b in zip(lags.get(word, no_observations(LAGS)), counts, strict=True)]
        return Tally(self.reveals + other.reveals, self.rows + other.rows, self.synced + other.synced, lags)


class Acts:
    """Counts reveals, exports and what was sent from visit packs; each object remembers what it has settled."""

    def __init__(self) -> None:
        self._settled, self._upto, self._until = Tally(), 0, datetime.min.replace(tzinfo=UTC)

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield the counters over all acts so far."""
        edge, until = self._edge(session), utc_now() - SETTLED
        self._settled += _acts(session, self._upto, edge) + _sent(session, self._until, until)
        self._upto, self._until = edge, until
        yield from _families(
            self._settled + _acts(session, edge, None) + _sent(session, until, None), counties(session)
        )

    def _edge(self, session: Session) -> int:
        old = select(func.max(AuditEntry.id)).where(AuditEntry.at < utc_now() - SETTLED, AuditEntry.id > self._upto)
        return session.scalar(old) or self._upto


def _acts(session: Session, after: int, upto: int | None) -> Tally:
    where, tally = AuditEntry.detail["county"].as_string().label("place"), Tally()
    chosen = select(where, func.count()).where(AuditEntry.action == REVEALED, AuditEntry.id > after)
    chosen = chosen if upto is None else chosen.where(AuditEntry.id <= upto)
    for place, count in session.execute(chosen.group_by(where)):
        tally.reveals[county(place)] += count
    for action, (kind, key) in TAKEN_OUT.items():
        rows = func.sum(AuditEntry.detail[key].as_string().cast(Integer))
        said = select(rows).where(AuditEntry.action == action, AuditEntry.id > after)
        tally.rows[kind] += session.scalar(said if upto is None else said.where(AuditEntry.id <= upto)) or 0
    return tally


def _sent(session: Session, since: datetime, until: datetime | None) -> Tally:
    """Visits of packs received from ``since`` on and before ``until``, and how long each lay on its device."""
    tally = Tally()
    columns = (FollowUp.recorded_at, FollowUp.device_at, FollowUp.ahead_seconds, FollowUp.supplement)
    chosen = select(*columns).where(FollowUp.pack_id.is_not(None), FollowUp.recorded_at >= since)
    for received, filled_at, ahead, kept in session.execute(
        chosen if until is None else chosen.where(FollowUp.recorded_at < until)
    ):
        word = "supplement" if kept else "accepted"
        tally.synced[word] += 1
        if filled_at is not None:
            lag = received - filled_at + timedelta(seconds=ahead or 0)
            counts = tally.lags.setdefault(word, no_observations(LAGS))
            observe(counts, max(lag.total_seconds(), 0.0), bounds=LAGS)
    return tally


def _families(tally: Tally, places: Sequence[str]) -> Iterator[Metric]:
    """What has not happened yet is 0: of a series that begins at 1 Prometheus sees no growth."""
    said = "Personal fields shown in the clear, by the county of the household"
    reveals = family(CounterMetricFamily, "pii_reveals", said, ["county"])
    yield filled(reveals, (((place,), tally.reveals[place]) for place in sorted({*places, *tally.reveals})))
    said = "Rows that left the house: in workbooks, on paper, in visit packs"
    rows = family(CounterMetricFamily, "export_rows", said, ["kind"])
    kinds = [kind for kind, _ in TAKEN_OUT.values()]
    yield filled(rows, (((kind,), tally.rows[kind]) for kind in kinds))
    said = "Visits of packs that came home: accepted, or kept for the record alone"
    synced = family(CounterMetricFamily, "offline_sync", said, ["result"])
    yield filled(synced, (((word,), tally.synced[word]) for word in ("accepted", "supplement")))
    said = "From the filling in of a visit on its device, by our clock, until we had it"
    lags = {word: no_observations(LAGS) for word in ("accepted", "supplement")} | tally.lags
    yield histogram("offline_sync_lag_seconds", said, lags, label="result", bounds=LAGS)
