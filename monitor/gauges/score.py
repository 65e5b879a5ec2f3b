"""Whether the world still is the one the score was learned in: what the newest training saw of its newest date."""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.gauges.families import family, filled
from monitor.gauges.nights import WELL
from monitor.tables import Run

RETRAIN = "retrain"
FIGURES: Mapping[str, tuple[str, str]] = {
    "score_drift_psi": (
        "psi",
        "Highest population stability index of what the score reads, newest date against earlier",
    ),
    "score_precision": ("precision", "Share confirmed among the first of the list on the newest date with labels"),
    "score_precision_low": ("low", "Below this, that share is less than earlier dates led to expect"),
    "score_precision_high": ("high", "Above this, that share is more than earlier dates led to expect"),
}


def score(session: Session) -> Iterator[Metric]:
    """Yield each figure of the newest training that ended well; none before the first, nor what it could not tell."""
    newest = select(Run.counts).where(Run.job == RETRAIN, Run.status.in_(WELL)).order_by(Run.finished_at.desc())
    counts: Mapping[str, Any] = session.scalar(newest.limit(1)) or {}
    drift = counts.get("drift") or {}
    for name, (key, said) in FIGURES.items():
        value = drift.get(key)
        yield filled(family(GaugeMetricFamily, name, said), [] if value is None else [((), float(value))])
