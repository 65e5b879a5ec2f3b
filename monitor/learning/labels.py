"""What was found of each household in the half year after a date: the labels L1 to L5, with unknown as unknown."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from monitor import indicators
from monitor.indicators import heard_until
from monitor.lake import Manifest, View, sql
from monitor.learning import found
from monitor.learning.known import DECISIONS, REGISTER, Archive, Known

SPAN = timedelta(days=183)
YEAR = timedelta(days=365)
PAYMENTS, EMERGENCY = "benefit_payments", "temporary"
MEASURED_FROM = 50
"""Decisions needed to measure how late they are entered; with fewer the lag is ``FALLBACK_LAG``."""
FALLBACK_LAG = timedelta(days=45)
_PERCENTILE = 0.95
_ASSISTED = ("dibao", "tekun")


@dataclass(frozen=True, eq=False)
class Labels:
    """One row per household of the cohort: ``new_assistance`` (L1), ``confirmed`` (L2), ``either`` (L3, the primary),
    ``severe`` (L4): 1, 0 or NA; ``approved_on`` the first approval, ``found_on`` that or the first visit that
    confirmed. ``apart``: the households left out, and why.

    ``withdrawn`` (L5) counts approvals that were taken back as wrong within a year: they are no label any more.
    ``not_visited`` is the share of L3's negatives that nobody visited; ``lag`` how late decisions reach us.
    """

    as_of: date
    judged_on: date
    table: pd.DataFrame
    apart: pd.Series
    withdrawn: int
    not_visited: float
    lag: timedelta

    @property
    def mature(self) -> bool:
        """Whether the whole span, and the time that decisions need to reach us, had passed when it was judged."""
        return self.judged_on >= self.as_of + SPAN + self.lag


def label(session: Session, source: Archive, now: Known, *, judged_on: date) -> Labels:
    """Return the labels of the households known on ``now.as_of``, from what had arrived by ``judged_on``.

    Positive is confirmed need or approved help, never "poor later": whom help reached does not fall. An alert, its
    place in the queue, a visit that was only planned are no labels. Left out are those helped already and those whose
    need was being decided on: they are near-labels. Refuses to look from before the date itself.
    """
    if judged_on < now.as_of:
        raise ValueError("labels lie after their date")
    manifest = source.manifest(judged_on)
    with indicators.opened(source.lake, now.law, manifest) as view:
        decisions = _of_households(_decided(view), now.members)
        registered = _registered(view)
        emergency = _of_households(_emergencies(view, since=now.as_of), now.members)
        withdrawn = _withdrawn(view, until=now.as_of + SPAN)
    lag, apart = _lag(decisions, manifest), _apart(session, now)
    cohort = now.table.index[apart.reindex(now.table.index).isna()]
    complete = _complete(now, manifest, lag) & ~_gone(now, registered, judged_on)
    approvals = _approvals(decisions, now)
    first = approvals.groupby("household_key")["decided_on"].min().reindex(cohort)
    one = _three_valued(first.notna(), complete.reindex(cohort))
    visits = found.visits(session, since=now.as_of, until=now.as_of + SPAN, known_on=judged_on)
    two = visits["confirmed"].reindex(cohort).astype("Int8")
    three = _either(one, two)
    four = _severe(session, now, one, approvals, emergency)
    columns = {"new_assistance": one, "confirmed": two, "either": three, "severe": four.reindex(cohort)}
    found_on = pd.concat([first, pd.to_datetime(visits["confirmed_on"]).reindex(cohort)], axis=1).min(axis=1)
    table = pd.DataFrame(columns, index=cohort).assign(approved_on=first, found_on=found_on, visited=two.notna())
    negatives = table[table["either"] == 0]
    unseen = float((~negatives["visited"]).mean()) if len(negatives) else 0.0
    return Labels(now.as_of, judged_on, table, apart, withdrawn, unseen, lag)


def _decided(view: View) -> pd.DataFrame:
    said = sql.said_since(view.facts(DECISIONS), ["decided_on", "program", "decision"])
    rows: pd.DataFrame = view.query(said).to_pandas()
    rows["decided_on"] = pd.to_datetime(rows["decided_on"])
    return rows


def _registered(view: View) -> set[int]:
    rows = view.query(sql.said_since(view.facts(REGISTER), ["household_key"]))
    return set(rows.column("household_key").to_pylist())


def _emergencies(view: View, *, since: date) -> pd.DataFrame:
    said = sql.said_since(view.facts(PAYMENTS), ["month", "program", "result"], since=since)
    rows: pd.DataFrame = view.query(said).to_pandas()
    rows["month"] = pd.to_datetime(rows["month"])
    inside = rows["month"] <= pd.Timestamp(since + SPAN)
    return rows[inside & (rows["program"] == EMERGENCY) & (rows["result"] == "paid")]


def _of_households(rows: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    return rows.merge(members[["household_key", "person_key"]], on="person_key")


def _withdrawn(view: View, *, until: date) -> int:
    """Count approvals that arrived and were taken back by their office within a year of the decision."""
    ever, ended = view.arrived(DECISIONS)
    said = view.query(sql.said_since(ever, ["decided_on", "decision"])).to_pandas()
    gone = view.query(sql.keys(ended)).to_pandas()
    known_on = {delivery.seq: delivery.known_on for delivery in view.manifest}
    said = said[(said["decision"] == "approved") & (pd.to_datetime(said["decided_on"]) <= pd.Timestamp(until))]
    both = said.merge(gone.rename(columns={"seq": "ended_by"}), on="fact_key")
    both = both[both["ended_by"] > both["seq"]]
    late = pd.to_datetime(both["ended_by"].map(known_on)) - pd.to_datetime(both["decided_on"])
    standing = set(view.query(sql.said_since(view.facts(DECISIONS), ["decided_on"])).column("fact_key").to_pylist())
    return int(both[(late <= pd.Timedelta(YEAR)) & ~both["fact_key"].isin(standing)]["fact_key"].nunique())


def _lag(decisions: pd.DataFrame, manifest: Manifest) -> timedelta:
    """How late decisions reach us: the 95th percentile of arrival less decision."""
    known_on = pd.to_datetime(decisions["seq"].map({delivery.seq: delivery.known_on for delivery in manifest}))
    days = (known_on - decisions["decided_on"]).dt.days.clip(lower=0)
    return timedelta(days=int(days.quantile(_PERCENTILE))) if len(days) >= MEASURED_FROM else FALLBACK_LAG


def _apart(session: Session, now: Known) -> pd.Series:
    """Why each household that is left out is: helped already, or its need was being decided on."""
    assisted = now.table.index[now.table["category"].isin(_ASSISTED).fillna(False).astype(bool)]
    pending = now.table.index.intersection(list(found.pending(session, on=now.as_of)))
    why = pd.Series("pending", index=pending, dtype="object")
    return pd.concat([pd.Series("assisted", index=assisted, dtype="object"), why[~why.index.isin(assisted)]])


def _complete(now: Known, manifest: Manifest, lag: timedelta) -> pd.Series:
    """Whether decisions were heard of until the span and the lag had passed: only then is none a "no"."""
    heard = heard_until(manifest, DECISIONS)
    return pd.Series(heard is not None and heard >= now.as_of + SPAN + lag, index=now.table.index)


def _gone(now: Known, registered: set[int], judged_on: date) -> pd.Series:
    """Whom no register names any more: moved out, or dead and alone."""
    return pd.Series(~now.table.index.isin(list(registered)), index=now.table.index)


def _approvals(decisions: pd.DataFrame, now: Known) -> pd.DataFrame:
    """The approvals within the span of a programme that the household did not receive on the date."""
    start = pd.Timestamp(now.as_of)
    inside = (decisions["decided_on"] > start) & (decisions["decided_on"] <= start + pd.Timedelta(SPAN))
    rows = decisions[inside & (decisions["decision"] == "approved")]
    receives = rows["household_key"].map(now.table["category"].astype("object"))
    return rows[rows["program"] != receives]


def _three_valued(found_: pd.Series, complete: pd.Series) -> pd.Series:
    """1 where something was found; 0 where nothing was and nothing could be missing; NA otherwise."""
    said = pd.Series(pd.NA, index=found_.index, dtype="Int8").mask(complete, 0)
    return said.mask(found_, 1)


def _either(one: pd.Series, two: pd.Series) -> pd.Series:
    yes = ((one == 1) | (two == 1)).fillna(False).astype(bool)
    no = ((one == 0).fillna(False) & (two.isna() | (two == 0))).astype(bool)
    return pd.Series(np.select([yes, no], [1, 0], -1), index=one.index, dtype="Int8").replace(-1, pd.NA)


def _severe(
    session: Session, now: Known, one: pd.Series, approvals: pd.DataFrame, emergency: pd.DataFrame
) -> pd.Series:
    """Emergency relief, or taken into dibao, tekun or rigid expenditure while an alert stood at red."""
    red = found.red(session, since=now.as_of, until=now.as_of + SPAN)
    entered = approvals[approvals["program"].isin((*_ASSISTED, "rigid"))]["household_key"]
    hard = {*emergency["household_key"], *(set(entered) & set(red))}
    return one.where(one != 1, 0).mask(one.index.isin(list(hard)), 1)
