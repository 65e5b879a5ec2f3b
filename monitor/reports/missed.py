"""How many households in need nobody saw: estimated from the random sample, with its interval or not at all."""

import math
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.learning.found import settled
from monitor.tables import COUNTS, Choice, FollowUp

ENOUGH = 30
"""Settled visits of the sample below which nothing is estimated."""
_Z = 1.959964


@dataclass(frozen=True)
class Missed:
    """Among the households that nobody flagged, in one week on average: how many were in need.

    ``drawn`` were chosen, ``settled`` of them visited with a conclusion, ``confirmed`` in need. ``estimate`` weighs
    each by one over its chance (Horvitz-Thompson); ``low`` and ``high`` bound it in 95 of 100 samples (Wilson's
    interval at Kish's effective size). ``enough`` is false, and the numbers None, on fewer than thirty settled visits.
    """

    since: date
    until: date
    drawn: int
    settled: int
    confirmed: int
    unflagged: float
    enough: bool
    share: float | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


def missed(session: Session, *, since: date, until: date, viewer: Viewer) -> Missed:
    """Estimate the missed cases of the viewer's region from what the sample of those days found."""
    chosen = scope(select(Choice.id, Choice.alert_id, Choice.week, Choice.propensity), viewer, of=Choice)
    chosen = chosen.where(Choice.reason == "audit", Choice.as_of >= since, Choice.as_of <= until)
    rows = session.execute(chosen.order_by(Choice.id)).all()
    drawn = pd.DataFrame([tuple(row) for row in rows], columns=["id", "alert", "week", "chance"])
    visits = select(FollowUp.alert_id, FollowUp.finding, FollowUp.reason_code).where(
        COUNTS, FollowUp.alert_id.in_(drawn["alert"].tolist())
    )
    said: dict[object, int] = {}
    for alert, finding, code in session.execute(visits):
        found = settled(finding, code)
        if found is not None:
            said[alert] = max(found, said.get(alert, 0))
    return estimate(drawn.assign(found=drawn["alert"].map(said)), since=since, until=until)


def estimate(drawn: pd.DataFrame, *, since: date, until: date) -> Missed:
    """Return the estimate from one row a draw: ``week``, ``chance``, and ``found`` (1, 0, or nothing settled)."""
    seen = drawn.dropna(subset="found")
    weights = 1 / drawn["chance"].astype(float)
    unflagged = float(weights.groupby(drawn["week"]).sum().mean()) if len(drawn) else 0.0
    found = Missed(since, until, len(drawn), len(seen), int(seen["found"].sum()), unflagged, len(seen) >= ENOUGH)
    if not found.enough:
        return found
    weight = 1 / seen["chance"].astype(float)
    share = float((weight * seen["found"]).sum() / weight.sum())
    low, high = wilson(share, float(weight.sum() ** 2 / (weight**2).sum()))
    told = {"share": share, "estimate": share * unflagged, "low": low * unflagged, "high": high * unflagged}
    return Missed(**{**vars(found), **told})


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share seen among ``size``; it never leaves 0 to 1, and is open at nought."""
    middle = share + _Z**2 / (2 * size)
    spread = _Z * math.sqrt(share * (1 - share) / size + _Z**2 / (4 * size**2))
    below, above = (middle - spread) / (1 + _Z**2 / size), (middle + spread) / (1 + _Z**2 / size)
    return max(below, 0.0), min(above, 1.0)
