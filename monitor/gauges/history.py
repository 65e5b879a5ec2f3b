"""Counters over the life of alerts, from events that are never changed and never deleted.

What happened more than an hour ago is counted once and remembered; only newer events are read again, so a
transaction that was slow to commit is not missed and a scrape stays cheap however long the history.

What has not happened yet is shown as 0: the growth of a series that begins at 1 is nothing to Prometheus, and the first
false alarm of every rule would never be seen.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

from prometheus_client.core import CounterMetricFamily, Metric
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from monitor.cases.codes import FINDINGS
from monitor.cases.visits import CHANNELS
from monitor.gauges.families import ELSEWHERE, counties, county, family, filled, histogram, no_observations, observe
from monitor.policy import Pack
from monitor.policy.vocabulary import LEVELS
from monitor.tables import Alert, AlertEvent, Reason, utc_now

SETTLED = timedelta(hours=1)
DAY_SECONDS = 86_400.0
BUCKETS = tuple(days * DAY_SECONDS for days in (1, 2, 3, 5, 7, 14, 30))
_FOUND = ("followed_up", "closed")
_TIMELY = {"true": "yes", "1": "yes", "false": "no", "0": "no"}  # a truth value as either database gives it


@dataclass
class Tally:
    """What was counted; two tallies add up."""

    raised: Counter[tuple[str, str]] = field(default_factory=Counter)
    closed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    followed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_action: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(_empty))
    close: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(_empty))

    def add(self, other: "Tally") -> None:
        """Add what ``other`` counted."""
        for name in ("raised", "closed", "followed", "by_rule"):
            getattr(self, name).update(getattr(other, name))
        for name in ("first_action", "close"):
            for place, counts in getattr(other, name).items():
                mine = getattr(self, name)
                mine[place] = [one + more for one, more in zip(mine[place], counts, strict=True)]


class History:
    """Counts the events of a database; each object remembers what it has settled."""

    def __init__(self, pack: Pack) -> None:
        self._rules = sorted(pack.rules)
        self._settled, self._upto = Tally(), 0

    def collect(self, session: Session) -> Iterator[Metric]:
        """Yield the counters and histograms over all events so far."""
        old = select(func.max(AlertEvent.id)).where(AlertEvent.at < utc_now() - SETTLED, AlertEvent.id > self._upto)
        edge = session.scalar(old)
        if edge is not None:
            self._settled.add(_count(session, after=self._upto, upto=edge))
            self._upto = edge
        whole = _nothing_yet(counties(session), self._rules)
        whole.add(self._settled)
        whole.add(_count(session, after=self._upto, upto=None))
        yield from _families(whole)


def _nothing_yet(places: Sequence[str], rules: Sequence[str]) -> Tally:
    """Every series that can be foreseen, at 0."""
    ended = [*(name for name, one in FINDINGS.items() if one.closes), "annulled"]
    return Tally(
        Counter(dict.fromkeys(product(places, LEVELS), 0)),
        Counter(dict.fromkeys(product(places, ended, ("yes", "no")), 0)),
        Counter(dict.fromkeys(product(places, FINDINGS, CHANNELS), 0)),
        Counter(dict.fromkeys(product(rules, FINDINGS), 0)),
        defaultdict(_empty, {place: _empty() for place in places}),
        defaultdict(_empty, {place: _empty() for place in places}),
    )


def _empty() -> list[float]:
    return no_observations(BUCKETS)


def _count(session: Session, *, after: int, upto: int | None) -> Tally:
    tally = Tally()
    _count_raised(session, tally, after, upto)
    _count_found(session, tally, after, upto)
    return tally


def _events(*chosen: Any, kinds: tuple[str, ...], after: int, upto: int | None) -> Select[Any]:
    """Choose from the events of ``kinds`` in a span of ids, with their alerts."""
    made = select(*chosen).join(Alert, Alert.id == AlertEvent.alert_id)
    made = made.where(AlertEvent.kind.in_(kinds), AlertEvent.id > after)
    return made if upto is None else made.where(AlertEvent.id <= upto)


def _region_then() -> ColumnElement[str]:
    """The region of the alert when the event was: counters must not change when the household moves later."""
    later = aliased(AlertEvent)
    moved = select(later.detail["from"].as_string()).order_by(later.id).limit(1)
    moved = moved.where(later.alert_id == AlertEvent.alert_id, later.kind == "moved", later.id > AlertEvent.id)
    return func.coalesce(moved.scalar_subquery(), Alert.region)


def _count_raised(session: Session, tally: Tally, after: int, upto: int | None) -> None:
    place, level = func.substr(_region_then(), 1, 6).label("place"), AlertEvent.detail["level"].as_string()
    one = _events(place, level.label("level"), kinds=("raised",), after=after, upto=upto).subquery()
    for code, was, count in session.execute(
        select(one.c.place, one.c.level, func.count()).group_by(one.c.place, one.c.level)
    ):
        tally.raised[county(code), str(was)] += count


def _count_found(session: Session, tally: Tally, after: int, upto: int | None) -> None:
    finding, channel, in_time = (AlertEvent.detail[word].as_string() for word in ("finding", "channel", "in_time"))
    chosen = (AlertEvent.id, AlertEvent.kind, AlertEvent.at, finding, channel, in_time, _region_then(), Alert.opened_at)
    events = _events(*chosen, kinds=(*_FOUND, "annulled"), after=after, upto=upto)
    first = _first_actions(session, after, upto)
    for id_, kind, at, said, came, timely, code, opened_at in session.execute(events):
        place, outcome = county(code), str(said or kind)
        seconds = max((at - opened_at).total_seconds(), 0.0)
        if kind in _FOUND:
            tally.followed[place, outcome, came or ELSEWHERE] += 1
        if id_ in first:
            observe(tally.first_action[place], seconds, bounds=BUCKETS)
        if kind != "followed_up":
            tally.closed[place, outcome, _TIMELY.get(str(timely).lower(), ELSEWHERE)] += 1
            observe(tally.close[place], seconds, bounds=BUCKETS)
    _count_rules(session, tally, after, upto)


def _first_actions(session: Session, after: int, upto: int | None) -> set[int]:
    """The events that were the first thing any worker did about their alert."""
    newer = select(AlertEvent.alert_id).where(AlertEvent.id > after, AlertEvent.kind.in_(_FOUND))
    first = select(func.min(AlertEvent.id).label("id")).where(AlertEvent.kind.in_(_FOUND))
    first = first.where(AlertEvent.alert_id.in_(newer)) if after else first
    found = first.group_by(AlertEvent.alert_id).subquery()
    chosen = select(found.c.id).where(found.c.id > after)
    return set(session.scalars(chosen if upto is None else chosen.where(found.c.id <= upto)))


def _count_rules(session: Session, tally: Tally, after: int, upto: int | None) -> None:
    """What workers concluded, for each rule that had a reason in the alert on the day they looked."""
    finding = AlertEvent.detail["finding"].as_string()
    said = _events(Reason.rule, finding.label("finding"), kinds=_FOUND, after=after, upto=upto)
    said = said.join(Reason, Reason.alert_id == AlertEvent.alert_id).where(Reason.first_on <= AlertEvent.as_of)
    one = said.subquery()
    grouped = select(one.c.rule, one.c.finding, func.count()).group_by(one.c.rule, one.c.finding)
    for rule, outcome, count in session.execute(grouped):
        tally.by_rule[rule, str(outcome)] += count


def _families(tally: Tally) -> Iterator[Metric]:
    for name, said, labels, counted in (
        ("alerts_raised", "Alerts raised, by the level they began with", ["county", "level"], tally.raised),
        ("alerts_closed", "Alerts that ended, by what was found", ["county", "outcome", "in_time"], tally.closed),
        ("follow_ups", "Follow-ups, by finding and way they came", ["county", "outcome", "channel"], tally.followed),
        ("rule_findings", "Follow-ups of alerts that the rule gave a reason for", ["rule", "outcome"], tally.by_rule),
    ):
        yield filled(family(CounterMetricFamily, name, said, labels), sorted(counted.items()))
    first, last = "From an alert to the first thing done about it", "From an alert to its end"
    yield histogram("alert_first_action_seconds", first, tally.first_action, label="county", bounds=BUCKETS)
    yield histogram("alert_close_seconds", last, tally.close, label="county", bounds=BUCKETS)
