"""What agencies send: how old it is, how much of it is good, what waits for a person."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.feeds import refusals
from monitor.gauges.families import family, filled
from monitor.policy import Pack
from monitor.tables import Delivery, Proposal, Pull, utc_now

DAY_SECONDS = 86_400
REFUSED_FOR = timedelta(days=14)


class Sources:
    """The series of the feeds; pages of policy say how old each may grow."""

    def __init__(self, pack: Pack) -> None:
        self._limits = {name: page.fresh_days for name, page in pack.feeds.items()}

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield freshness, rows and held deliveries of each feed of the policy that ever came."""
        yield from self._freshness(session)
        yield from self._rows(session)
        yield from _waiting(session)
        yield from _pulled(session)

    def _freshness(self, session: Session) -> Iterator[Metric]:
        known = select(Delivery.feed, func.max(Delivery.known_on)).where(Delivery.status == "committed")
        last = {feed: on for feed, on in session.execute(known.group_by(Delivery.feed)) if on is not None}
        newest = family(
            GaugeMetricFamily, "source_known_timestamp_seconds", "The day of the newest committed delivery", ["source"]
        )
        yield filled(newest, (((feed,), _start_of(on)) for feed, on in sorted(last.items())))
        yield _happened(session)
        limit = family(
            GaugeMetricFamily, "source_fresh_limit_seconds", "How old it may grow; no series: never stale", ["source"]
        )
        limits = {feed: self._limits.get(feed) for feed in sorted(last)}
        # The day itself counts as fresh (inclusive), so a feed is late when the day after the last has begun.
        yield filled(limit, (((feed,), (d + 1) * DAY_SECONDS) for feed, d in limits.items() if d is not None))

    def _rows(self, session: Session) -> Iterator[Metric]:
        """A feed that never came is at 0: of a series that begins with its first delivery Prometheus sees no growth."""
        sums = select(
            Delivery.feed,
            func.count(),
            func.sum(Delivery.good).filter(Delivery.status == "committed"),
            func.sum(Delivery.errors),
            func.sum(Delivery.unmatched).filter(Delivery.status == "committed"),
        ).group_by(Delivery.feed)
        told: dict[str, Sequence[int | None]] = dict.fromkeys(self._limits, (0, 0, 0, 0))
        told |= {feed: sent for feed, *sent in session.execute(sums)}
        rows = family(
            CounterMetricFamily, "source_rows", "Rows of deliveries by what became of them", ["source", "result"]
        )
        came = family(CounterMetricFamily, "source_deliveries", "Deliveries that arrived", ["source"])
        for feed, (count, good, errors, unmatched) in sorted(told.items()):
            came.add_metric([feed], count or 0)
            for result, number in (("accepted", good), ("rejected", errors), ("unmatched", unmatched)):
                rows.add_metric([feed, result], int(number or 0))
        yield rows
        yield came


def _happened(session: Session) -> Metric:
    """A day after that of its receipt is a slip of the agency, and says nothing of how far its data reach."""
    day = Delivery.profile["newest"].as_string()
    told = select(Delivery.feed, Delivery.known_on, func.max(day)).where(Delivery.status == "committed")
    told = told.where(Delivery.mode != "withdraw", day.is_not(None)).group_by(Delivery.feed, Delivery.known_on)
    last: dict[str, date] = {}
    for feed, known_on, newest in session.execute(told):
        happened = min(date.fromisoformat(newest), known_on or date.max)
        last[feed] = max(happened, last.get(feed, date.min))
    made = family(GaugeMetricFamily, "source_data_timestamp_seconds", "The newest day its rows tell of", ["source"])
    return filled(made, (((feed,), _start_of(on)) for feed, on in sorted(last.items())))


def _start_of(day: date) -> float:
    """Midnight of the day in the city's time, eight hours ahead of UTC all the year."""
    return datetime.combine(day, time(), UTC).timestamp() - 8 * 3600


def _waiting(session: Session) -> Iterator[Metric]:
    held = select(Delivery.feed, func.count(), func.min(Delivery.received_at)).where(Delivery.status == "held")
    now = utc_now()
    waits = {feed: (count, at) for feed, count, at in session.execute(held.group_by(Delivery.feed))}
    feeds = sorted(session.scalars(select(Delivery.feed).distinct()))
    number = family(GaugeMetricFamily, "source_held", "Deliveries held for a person", ["source"])
    yield filled(number, (((feed,), waits[feed][0] if feed in waits else 0) for feed in feeds))
    age = family(GaugeMetricFamily, "source_held_age_seconds", "How long the oldest has been held", ["source"])
    yield filled(age, (((feed,), (now - at).total_seconds()) for feed, (_, at) in sorted(waits.items())))
    again = Counter(one.feed for one in refusals(session, since=now - REFUSED_FOR))
    refused = family(
        GaugeMetricFamily, "source_refused", "Deliveries refused within a fortnight and not made good", ["source"]
    )
    yield filled(refused, (((feed,), again[feed]) for feed in feeds))
    asked = family(GaugeMetricFamily, "proposals_open", "Rows that wait for somebody to say whose they are")
    asked.add_metric([], session.scalar(select(func.count()).where(Proposal.status == "open")) or 0)
    yield asked


def _pulled(session: Session) -> Iterator[Metric]:
    """Of what is fetched from other databases, by the name its section has on the operator's page."""
    found = session.execute(select(Pull.source, Pull.read_at, Pull.troubled_at).order_by(Pull.source)).all()
    now = utc_now()
    read = family(GaugeMetricFamily, "pull_read_timestamp_seconds", "When a source was last read through", ["source"])
    yield filled(read, (((name,), at.timestamp()) for name, at, _ in found if at is not None))
    ill = family(
        GaugeMetricFamily, "pull_troubled_seconds", "How long a source could not be read, or not all of it; 0: well",
        ["source"],
    )  # fmt: skip
    there = ((name, since) for name, at, since in found if at is not None or since is not None)
    yield filled(ill, (((name,), (now - since).total_seconds() if since else 0.0) for name, since in there))
