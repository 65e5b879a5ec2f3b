"""Whether the world still is the one a model was trained in: month by month, and what follows from it (G15).

Population stability index: sum over bins of (now - then) * ln(now / then), with a bin of its own for what is missing;
0.1 and 0.2 are conventions. The score's own index can stay small while calibration is lost (scorer.md 6), so features,
feeds, the base rate of the random audit and the precision reached are looked at beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from models.bootstrap import Array, Interval

ALARM = 0.2
BINS = 10
LEAST_LABELLED = 30
MONTHS_RUNNING = 2
SCORE = "risk_score"
_RARE = 1e-4
_Z = 1.959964


def psi(then: Any, now: Any) -> float:
    """Return the population stability index of ``now`` against ``then``: tenths of ``then``, and a bin for missing.

    A column with few values has a bin for each. Shares below 1 in 10,000 count as that. 0 when either has no rows.
    """
    before, after = (np.asarray(values, dtype=float) for values in (then, now))
    if not len(before) or not len(after):
        return 0.0
    edges = _edges(before[np.isfinite(before)])
    old, new = (np.maximum(_shares(values, edges), _RARE) for values in (before, after))
    return float(((new - old) * np.log(new / old)).sum())


def _edges(known: Array) -> Array:
    values = np.unique(known)
    if len(values) <= BINS:
        return (values[1:] + values[:-1]) / 2
    return np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))


def _shares(values: Array, edges: Array) -> Array:
    place = np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), len(edges) + 1)
    return np.bincount(place, minlength=len(edges) + 2) / len(values)


@dataclass(frozen=True)
class Month:
    """What one month shows: ``features`` (``psi, missing_then, missing_now`` by name, the score among them), ``feeds``
    (share of households with a record, then and now), the audit's base rate, and the precision reached.
    """

    month: str
    features: pd.DataFrame
    feeds: pd.DataFrame
    base_rate: Interval
    precision: Interval
    expected: Interval

    @property
    def moved(self) -> list[str]:
        """Return the names whose index is above the alarm, the worst first."""
        psis = self.features["psi"]
        return [str(name) for name in psis[psis > ALARM].sort_values(ascending=False).index]

    @property
    def outside(self) -> bool:
        """Say whether the precision reached lies outside what the back-test led to expect; unknown is not outside."""
        return bool(self.precision.value < self.expected.low or self.precision.value > self.expected.high)


@dataclass(frozen=True)
class Alarm:
    """Why the model is set aside, in words."""

    zh: str
    en: str


def look(  # noqa: PLR0913  # two populations, and what is known of the month beside them
    month: str,
    *,
    then: pd.DataFrame,
    now: pd.DataFrame,
    feeds: Mapping[str, Sequence[str]],
    audited: Any = (),
    visited: Any = (),
    expected: Interval,
) -> Month:
    """Look at one month: ``then`` is the table of the training dates, ``now`` the month's, both with ``risk_score``.

    ``feeds`` names the features of each feed. ``audited`` are the labels (1, 0, missing) of the random audit,
    ``visited`` those of the households that the list led to; ``expected`` is the back-test's precision at capacity.
    Fewer than ``LEAST_LABELLED`` labels say nothing.
    """
    names = [name for name in then.columns if name in now.columns]
    features = pd.DataFrame(
        {
            "psi": [psi(then[name], now[name]) for name in names],
            "missing_then": [float(then[name].isna().mean()) for name in names],
            "missing_now": [float(now[name].isna().mean()) for name in names],
        },
        index=pd.Index(names, name="feature"),
    )
    rates = pd.DataFrame(
        {when: [_recorded(table, named) for named in feeds.values()] for when, table in (("then", then), ("now", now))},
        index=pd.Index(list(feeds), name="feed"),
    )
    return Month(month, features, rates, rate(audited), rate(visited), expected)


def _recorded(table: pd.DataFrame, names: Sequence[str]) -> float:
    there = [name for name in names if name in table.columns]
    return float(table[there].notna().any(axis=1).mean()) if there and len(table) else np.nan


def rate(labels: Any) -> Interval:
    """Return the share of positives among the known labels with Wilson's interval; NaN below ``LEAST_LABELLED``."""
    known = np.asarray(labels, dtype=float)
    known = known[np.isfinite(known)]
    count = len(known)
    if count < LEAST_LABELLED:
        return Interval(np.nan, np.nan, np.nan)
    mean = float(known.mean())
    middle = (mean + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * sqrt(mean * (1 - mean) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return Interval(mean, min(mean, max(0.0, middle - half)), max(mean, min(1.0, middle + half)))


def alarm(months: Sequence[Month]) -> Alarm | None:
    """Return why rules alone must order the queue after the newest of ``months``, or None.

    It is an index above 0.2 in the newest month, or a precision outside its interval in the newest two.
    """
    if not months:
        return None
    newest, told = months[-1], []
    if newest.moved:
        indices = newest.features["psi"].to_dict()
        worst = ", ".join(f"{name} {indices[name]:.2f}" for name in newest.moved[:5])
        told.append((f"PSI 超过{ALARM}：{worst}", f"PSI above {ALARM}: {worst}"))
    running = months[-MONTHS_RUNNING:]
    if len(running) == MONTHS_RUNNING and all(month.outside for month in running):
        seen = ", ".join(f"{month.month} {month.precision.value:.3f}" for month in running)
        told.append(
            (f"准确率连续两月超出预期区间：{seen}", f"precision outside its interval two months running: {seen}")
        )
    if not told:
        return None
    return Alarm(
        f"{newest.month} " + "；".join(zh for zh, _ in told), f"{newest.month} " + "; ".join(en for _, en in told)
    )
