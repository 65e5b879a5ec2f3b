"""The table that a model learns from: one row for each household of each past date, leaks refused before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database, learning
from monitor.indicators.vocabulary import months_before
from monitor.learning import Archive, Features, Known, Labels, leaks
from monitor.learning.features import BACK
from monitor.learning.known import REGISTER
from monitor.learning.labels import SPAN
from monitor.service import Service
from monitor.tables import Choice

EVERY = 3
DATES = 10
MONTH_END = 28


@dataclass(frozen=True, eq=False)
class Panel:
    """``table``: features and, beside them, ``date, household, lineage, village, label, severe`` and what rules said.

    ``features`` in order; ``monotone`` by feature; ``labels`` of each date, oldest first.
    """

    table: pd.DataFrame
    features: list[str]
    monotone: dict[str, int]
    labels: list[Labels]
    manifest: str

    @property
    def dates(self) -> list[date]:
        """The dates, oldest first."""
        return sorted(self.table["date"].unique())

    @property
    def lag(self) -> timedelta:
        """How late decisions reach us, at most, over the dates."""
        return max(one.lag for one in self.labels)


def dates_before(as_of: date, *, count: int = DATES) -> list[date]:
    """Return the last ``count`` month ends, by quarters, whose labels can be known by ``as_of``; oldest first."""
    last = as_of - SPAN - timedelta(days=46)
    end = last.replace(day=1) - timedelta(days=1)
    first = end.replace(day=1)
    ends = [months_before(first, EVERY * back) for back in range(count)]
    return sorted((day + timedelta(days=32)).replace(day=1) - timedelta(days=1) for day in ends)


def build(service: Service, *, as_of: date, dates: Sequence[date] | None = None) -> Panel:
    """Return the panel of ``dates`` as everything was known then, labelled by what was known on ``as_of``.

    Dates without a full year of history are left out: a change that could not be known then would look like drift.
    Refuses a table that breaks LR1 to LR8.
    """
    source = learning.archive(service, until=as_of)
    seen: dict[date, Known | None] = {}
    rows, labels, last = [], [], None
    for on in dates or dates_before(as_of):
        if not any(delivery.feed == REGISTER for delivery in source.manifest(months_before(on, BACK[-1]))):
            continue
        built = learning.build(source, on, seen=seen)
        now = seen[on]
        if now is None:
            continue
        refuse_leaks(source, built, now)
        with database.reading(service.engine) as session:
            labelled = learning.label(session, source, now, judged_on=as_of)
            rows.append(_rows(session, built, labelled))
        labels.append(labelled)
        last = built
    if last is None:
        raise ValueError(f"no date before {as_of} has a register")
    known = [one for one in seen.values() if one is not None]
    table = pd.concat(rows, ignore_index=True)
    table["lineage"] = table["household"].map(leaks.lineage(known))
    leaks.refuse_kin_apart(table.groupby("household")["lineage"].first(), known)
    return Panel(table, [str(name) for name in last.table], dict(last.monotone), labels, last.manifest)


def refuse_leaks(source: Archive, built: Features, now: Known) -> None:
    """Refuse features that break LR1, LR2, LR3, LR4, LR6 or LR7, naming the rule."""
    leaks.refuse_late(source, [now])
    leaks.refuse_outcomes(built, now)
    leaks.refuse_hindsight(built, now)


def _rows(session: Session, built: Features, labelled: Labels) -> pd.DataFrame:
    cohort = labelled.table.index
    drawn = select(Choice.household_id).where(
        Choice.reason == "audit", Choice.as_of >= built.as_of, Choice.as_of < built.as_of + timedelta(days=91)
    )
    audit = set(session.scalars(drawn))
    table = built.table.loc[cohort]
    beside: dict[str, Any] = {
        "date": built.as_of,
        "household": cohort,
        "village": built.places["region"].reindex(cohort).astype("object"),
        "label": labelled.table["either"].astype("Float64").to_numpy(np.float64, na_value=np.nan),
        "confirmed": labelled.table["confirmed"].astype("Float64").to_numpy(np.float64, na_value=np.nan),
        "severe": labelled.table["severe"].astype("Float64").to_numpy(np.float64, na_value=np.nan),
        "approved_on": pd.to_datetime(labelled.table["approved_on"]),
        "found_on": pd.to_datetime(labelled.table["found_on"]),
        "rule_hit": (table["signs"] > 0).to_numpy(np.float64),
        "audit": np.isin(cohort, list(audit)).astype(float),
        "coverage_count": table["feeds_linked"].to_numpy(),
    }
    groups = built.groups.loc[cohort].add_prefix("group__").astype("object")
    return pd.concat([table, pd.DataFrame(beside, index=cohort), groups], axis=1).reset_index(drop=True)
