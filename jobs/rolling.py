"""The model as it would have been on each past date, and what became of those whom it had put first."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from threadpoolctl import threadpool_limits

from jobs.panel import Panel
from models.bootstrap import Interval
from models.calibration import as_logit, platt
from models.choosing import Choice, taken
from models.drift import ALARM, psi
from models.folds import codes_of
from models.goals import NOBODY
from models.grid import Grid
from models.leakage import single_features
from models.sample import Sample
from models.training import FEW_ROWS
from monitor.errors import Invalid
from monitor.learning.labels import SPAN

Values = npt.NDArray[np.float64]
Fit = Callable[[Panel, pd.DataFrame], tuple[Grid, Choice]]
LEAST_POSITIVES = 20
CAPACITY = 0.05
"""The share of households that can be visited between two dates, where visits are not fixed by red rules."""
RULES, INCOME, BY = "rule_order", "monthly_income_per_head", "by__"
BINS = 15
PRIOR_FINDS = 25.0
"""As if so many more had been found exactly as expected: a handful of finds is no shock."""
WIDEST = 3.0
LEAST_DATES = 3


@dataclass(frozen=True, eq=False)
class Rolled:
    """``results``: the test rows of every date with ``score`` and, as ``by__NAME``, what each candidate would say.

    ``scorers``: who scored each date; ``kinds``: which candidate that was.
    """

    results: pd.DataFrame
    scorers: dict[date, Any]
    kinds: dict[date, str]


def fit(panel: Panel, rows: pd.DataFrame, *, seed: int = 0) -> tuple[Grid, Choice]:
    """Return every candidate learned from the labelled ``rows`` and the one that is taken, as ``models.grid`` takes it.

    Households that shared a member are kept together. They read the features that stood still from date to date: see
    ``steady``; the rule is the rules' own order, the proxy means test that of the declared income. Refuses a single
    feature that all but is the label (LR12).
    """
    known, names = rows[rows["label"].notna()], steady(panel, rows)
    sample = Sample(
        features=known[names].reset_index(drop=True),
        label=known["label"].to_numpy(np.float64),
        groups=codes_of(known["lineage"], len(known)),
        times=np.unique(known["date"], return_inverse=True)[1],
        welfare=INCOME if INCOME in names else None,
        rule=(RULES, 1) if RULES in names else None,
        signs={name: way for name, way in panel.monotone.items() if way and name in names},
        seed=seed,
    )
    single_features(sample)
    with threadpool_limits(1 if len(sample) < FEW_ROWS else None):
        return taken(sample, capacity=CAPACITY, sums=True)


def steady(panel: Panel, rows: pd.DataFrame) -> list[str]:
    """Return the features that on no date of ``rows`` lay further than the alarm from the other dates (PSI).

    What had moved so far already, because its feed was young or speaks in one season only, would ring the alarm of
    drift for ever, and taught the model the date instead of the household. Of a single date nothing can be told.
    """
    dates = sorted(rows["date"].unique())
    if len(dates) < 2:
        return list(panel.features)
    parts = [
        (rows.loc[rows["date"] != on, panel.features], rows.loc[rows["date"] == on, panel.features]) for on in dates
    ]
    return [name for name in panel.features if all(psi(rest[name], one[name]) <= ALARM for rest, one in parts)]


def read_by(scorer: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features of ``rows`` that ``scorer`` learned from, in its order."""
    return rows[names_of(scorer)]


def names_of(scorer: Any) -> list[str]:
    """Return the names of the features that ``scorer`` learned from, in its order."""
    return [str(name) for name in scorer.feature_names_in_]


def learnable(panel: Panel, test: date) -> pd.DataFrame:
    """Return the rows whose labels were all known on ``test``: their span and the lag of decisions had passed."""
    until = test - SPAN - panel.lag
    return panel.table[(panel.table["date"] <= until) & panel.table["label"].notna()]


def roll(panel: Panel, dates: Sequence[date] | None = None, *, fitted: Fit = fit) -> Rolled:
    """Train on what was known by each date and score that date; dates with too little to learn from are left out."""
    parts, scorers, kinds = [], {}, {}
    for on in dates or panel.dates:
        rows = learnable(panel, on)
        if rows["label"].sum() < LEAST_POSITIVES:
            continue
        grid, choice = fitted(panel, rows)
        scorers[on], kinds[on] = renewed(choice.model, panel, on), choice.name
        test = panel.table[panel.table["date"] == on]
        read = read_by(scorers[on], test)
        told = {f"{BY}{name}": model.decision_function(read) for name, model in grid.models.items() if "+" not in name}
        parts.append(test.assign(score=scorers[on].predict_proba(read)[:, 1], **told))
    if not parts:
        raise ValueError("no past date has labels enough to learn from")
    return Rolled(pd.concat(parts, ignore_index=True), scorers, kinds)


def renewed(scorer: Any, panel: Panel, on: date) -> Any:
    """Return a copy whose level agrees with what was found by ``on`` of the dates whose labels are not whole yet.

    Of a span that has run for so many days, earlier dates say which share of the positives is found by then; what was
    found stands against that share of what the scorer expects. Few finds move the level little.
    """
    known, young = learnable(panel, on), _young(panel, on)
    ups = known[known["label"] == 1]
    if ups.empty or young.empty:
        return scorer
    after = (ups["found_on"] - pd.to_datetime(ups["date"])).dt.days
    seen = young["run"].map({run: float((after <= run).mean()) for run in young["run"].unique()}).to_numpy(np.float64)
    logit, found = scorer.decision_function(read_by(scorer, young)), float(young["found"].sum())
    told = found + PRIOR_FINDS

    def expected(by: float) -> float:
        weight = float((seen / (1 + np.exp(-(logit + by)))).sum())
        return weight + PRIOR_FINDS * float(np.exp(by))

    fresh = deepcopy(scorer)
    fresh.intercept_ = scorer.intercept_ + float(brentq(lambda by: expected(by) - told, -WIDEST, WIDEST))
    return fresh


def _young(panel: Panel, on: date) -> pd.DataFrame:
    """The rows whose span runs: ``run``, its days by now less the lag, and who was found by then."""
    heard = on - panel.lag
    rows = panel.table[(panel.table["date"] > on - SPAN - panel.lag) & (panel.table["date"] < heard)]
    rows = rows[rows["label"].notna()]
    run = (pd.Timestamp(heard) - pd.to_datetime(rows["date"])).dt.days
    return rows.assign(run=run, found=(rows["found_on"] <= pd.Timestamp(heard)).astype(float))


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
    """Return what was reached at each date by what was taken for it, and by the best of all that could have been.

    Candidates: those of the grid, the rules' own order, and a means test (declared income, the least first).
    """
    reached = {name: _precision(results, order, capacity) for name, order in orders(results).items()}
    return pd.DataFrame({"chosen": reached["model"], "best": pd.DataFrame(reached).max(axis=1)})


def orders(results: pd.DataFrame) -> dict[str, "pd.Series[float]"]:
    """Return by name the orders that are compared: the model taken, each candidate, the rules', a plain means test."""
    beside = {str(name).removeprefix(BY): results[name] for name in results if str(name).startswith(BY)}
    return {"model": results["score"], "rules": results[RULES], "means": -results[INCOME]} | beside


def reached(results: pd.DataFrame, on: date, *, capacity: float) -> tuple[Values, Interval]:
    """Return the labels of the first of ``on``, and where the dates before led to expect the share of positives.

    As far from their mean as dates differ and as so few households differ by chance; fewer than three say nothing.
    """
    place = results.groupby("date")["score"].rank(ascending=False, method="first", pct=True)
    first = results[(place <= capacity) & results["label"].notna()]
    labels = first.loc[first["date"] == on, "label"].to_numpy(np.float64)
    before = first[first["date"] < on].groupby("date")["label"].mean()
    if len(before) < LEAST_DATES or not len(labels):
        return labels, NOBODY
    mean = float(before.mean())
    half = 1.96 * float(np.sqrt(before.var() * (1 + 1 / len(before)) + mean * (1 - mean) / len(labels)))
    return labels, Interval(mean, max(mean - half, 0.0), min(mean + half, 1.0))


def _precision(results: pd.DataFrame, order: pd.Series, capacity: float) -> pd.Series:
    """Precision among the first of each date, of those that are labelled."""
    place = order.groupby(results["date"]).rank(ascending=False, method="first", pct=True, na_option="bottom")
    return results[place <= capacity].groupby("date")["label"].mean()


def leads(results: pd.DataFrame, *, capacity: float) -> pd.DataFrame:
    """Return days from the first flag to an approval by another way, of the model's list and of the rules'.

    Both lists of a date are the first ``capacity`` of its households, so neither gains by being longer; the rules'
    holds only whom a rule names. Whom neither named before the approval has no lead and no row; whom one of them named
    has 0 days by the other. Approvals that followed a visit of ours were not won by another way.
    """
    first = {"model": results["score"], "rules": results["rule_order"].where(results["rule_hit"] > 0)}
    place = {
        name: order.groupby(results["date"]).rank(ascending=False, method="first") for name, order in first.items()
    }
    size = results.groupby("date")["score"].transform("size") * capacity
    days = (results["approved_on"] - pd.to_datetime(results["date"])).dt.days
    told = {name: days.where(at <= size.clip(lower=1), 0) for name, at in place.items()}
    found = results[["village", "household"]].assign(**told)
    other = results["approved_on"].notna() & (results["confirmed"] != 1)
    found = found[other].groupby("household").agg({"village": "first", "model": "max", "rules": "max"})
    return found[(found["model"] > 0) | (found["rules"] > 0)].reset_index(drop=True)
