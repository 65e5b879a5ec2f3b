"""The model as it would have been on each past date, and what became of those whom it had put first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.panel import Panel
from models.calibration import as_logit, platt
from models.scorer import RiskScorer
from monitor.errors import Invalid
from monitor.learning.labels import SPAN

Values = npt.NDArray[np.float64]
Fit = Callable[[Panel, pd.DataFrame], Any]
LEAST_POSITIVES = 20
BINS = 15


@dataclass(frozen=True, eq=False)
class Rolled:
    """``results``: the test rows of every date with ``score``; ``scorers``: who scored each date."""

    results: pd.DataFrame
    scorers: dict[date, Any]


def fit(panel: Panel, rows: pd.DataFrame, *, seed: int = 0) -> RiskScorer:
    """Return a boosted scorer learned from the labelled ``rows``, households that shared a member kept together."""
    known = rows[rows["label"].notna()]
    monotone = {name: way for name, way in panel.monotone.items() if name in panel.features}
    scorer = RiskScorer(monotone=monotone, max_iter=120, max_depth=4, min_samples_leaf=40, l2=5.0, seed=seed)
    return scorer.fit(known[panel.features], known["label"].astype(int), groups=known["lineage"].to_numpy())


def learnable(panel: Panel, test: date) -> pd.DataFrame:
    """Return the rows whose labels were all known on ``test``: their span and the lag of decisions had passed."""
    until = test - SPAN - panel.lag
    return panel.table[(panel.table["date"] <= until) & panel.table["label"].notna()]


def roll(panel: Panel, dates: Sequence[date] | None = None, *, fitted: Fit = fit) -> Rolled:
    """Train on what was known by each date and score that date; dates with too little to learn from are left out."""
    parts, scorers = [], {}
    for on in dates or panel.dates:
        rows = learnable(panel, on)
        if rows["label"].sum() < LEAST_POSITIVES:
            continue
        scorers[on] = fitted(panel, rows)
        test = panel.table[panel.table["date"] == on]
        parts.append(test.assign(score=scorers[on].predict_proba(test[panel.features])[:, 1]))
    if not parts:
        raise ValueError("no past date has labels enough to learn from")
    return Rolled(pd.concat(parts, ignore_index=True), scorers)


def refuse_unmoved(panel: Panel, measure: Callable[[Panel], float], *, seed: int = 0) -> None:
    """LR11: refuse a measure that stays the same when the labels of the last dates are made up anew.

    Every fourth household of those dates becomes positive by chance. A figure that does not move was not made from
    them: it was kept from before, or its labels stand among the features.
    """
    chance, last = np.random.default_rng(seed), panel.dates[-max(len(panel.dates) // 3, 1) :]
    moved = panel.table["date"].isin(last) & panel.table["label"].notna()
    made_up = (chance.random(len(panel.table)) < 0.25).astype(np.float64)
    changed = replace(panel, table=panel.table.assign(label=panel.table["label"].mask(moved, made_up)))
    if measure(panel) == measure(changed):
        raise Invalid(zh="LR11：改动末期标签后指标不变", en="LR11: the figure does not depend on the last labels")


def calibrated(results: pd.DataFrame) -> dict[str, float]:
    """Return slope, intercept, ECE over 15 bins of equal mass, and Brier skill over the prevalence of each county."""
    known = results[results["label"].notna()]
    label, risk = known["label"].to_numpy(np.float64), known["score"].to_numpy(np.float64)
    slope, intercept = platt(as_logit(risk), label)
    bins = np.array_split(np.argsort(risk, kind="stable"), BINS)
    gaps = [abs(label[rows].mean() - risk[rows].mean()) * len(rows) for rows in bins if len(rows)]
    base = known.groupby(known["village"].astype(str).str[:6])["label"].transform("mean").to_numpy(np.float64)
    skill = 1 - float(((risk - label) ** 2).mean() / max(((base - label) ** 2).mean(), 1e-12))
    ece = float(sum(gaps) / max(len(label), 1))
    return {"slope": float(slope), "intercept": float(intercept), "ece": ece, "brier_skill": skill}


def selection(results: pd.DataFrame, *, capacity: float) -> pd.DataFrame:
    """Return what was reached at each date by what had been best on average before it, and by the best of that date.

    Candidates: the model, the rules' own order, and a means test (declared income, the least first).
    """
    orders = {"model": results["score"], "rules": results["rule_order"], "means": -results["monthly_income_per_head"]}
    reached = pd.DataFrame({name: _precision(results, order, capacity) for name, order in orders.items()})
    before = reached.expanding().mean().shift(1).iloc[1:]
    later = reached.iloc[1:]
    chosen = [later.iloc[place][name] for place, name in enumerate(before.idxmax(axis=1))]
    return pd.DataFrame({"chosen": chosen, "best": later.max(axis=1).to_numpy()})


def _precision(results: pd.DataFrame, order: pd.Series, capacity: float) -> pd.Series:
    """Precision among the first of each date, of those that are labelled."""
    place = order.groupby(results["date"]).rank(ascending=False, method="first", pct=True, na_option="bottom")
    return results[place <= capacity].groupby("date")["label"].mean()


def leads(results: pd.DataFrame, *, capacity: float) -> pd.DataFrame:
    """Return days from the first flag to an approval by another way, of model and rules; 0: not flagged before it."""
    place = results.groupby("date")["score"].rank(ascending=False, method="first", pct=True)
    first = results.assign(chosen=place <= capacity)
    approved = first[first["approved_on"].notna()]
    days = (approved["approved_on"] - pd.to_datetime(approved["date"])).dt.days
    told = {
        "model": days.where(approved["chosen"], 0),
        "rules": days.where(approved["rule_hit"] > 0, 0),
        "village": approved["village"],
        "household": approved["household"],
    }
    found = pd.DataFrame(told).groupby("household").agg({"village": "first", "model": "max", "rules": "max"})
    return found.reset_index(drop=True)
