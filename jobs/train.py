"""Training: past dates as they were known, labels from what was found, every gate judged, a challenger registered."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jobs import champions, panel, rolling
from jobs.panel import Panel
from jobs.rolling import CAPACITY, Rolled
from jobs.wording import never_shown
from models.bootstrap import Interval
from models.changes import against_direction, fidelity
from models.drift import Month, alarm, look
from models.explanation import Explainer, Reference
from models.gates import judge
from models.goals import NOBODY, Evidence, Gate
from models.journal import Act
from models.measures import ranking
from models.places import parted
from models.ranked import group_table
from models.storing import Manifest
from monitor.errors import Invalid
from monitor.service import Service
from monitor.tables import utc_now

if TYPE_CHECKING:
    from models.registry import Registry

GROUPS = ("head_sex", "elder_alone", "disability", "migrant", "county", "town_type", "coverage_group")
EXPLAINED, PAIRS = 300, 10_000


def train(service: Service, as_of: date) -> dict[str, Any]:
    """Train on all that was known and found by ``as_of`` and register a challenger; return what came of each gate.

    The same facts train the same model, which is registered once. Refuses where there is too little to learn from:
    rules alone go on ordering the queue.
    """
    try:
        learned = panel.build(service, as_of=as_of)
        rolled = rolling.roll(learned)
    except ValueError as refusal:
        raise Invalid(zh=f"还不能训练：{refusal}", en=f"nothing can be trained yet: {refusal}") from None
    registry = champions.registry(service)
    aside = watch(learned, registry)
    choice = rolling.fit(learned, learned.table)[1]
    final = choice.model
    evidence = gather(learned, rolled, final, registry=registry)
    gates = judge(evidence)
    reference = Reference.drawn(
        rolling.read_by(final, learned.table),
        learned.table["label"] == 0,
        learned.table["group__town_type"].astype(str),
    )
    manifest = Manifest(
        kind=choice.name, features=tuple(rolling.names_of(final)), training=_training(learned, as_of),
        metrics={
            "calibration": dict(evidence.calibration or {}), "base_rate": float(learned.table["label"].mean()),
            "groups": group_table(evidence), "models": _orders(rolled.results),
            "choice": {"zh": choice.zh, "en": choice.en, "dates": {f"{on}": kind for on, kind in rolled.kinds.items()}},
        },
        gates=tuple(gate.as_plain() for gate in gates), by="retrain", at=utc_now().isoformat(timespec="seconds"),
    )  # fmt: skip
    model = registry.register(final, reference, manifest)
    told = {"model": model, "kind": choice.name, "rows": len(learned.table), "dates": len(rolled.scorers),
            "gates": _said(gates), "drift": _drift(_month(learned, rolled, max(rolled.scorers)))}  # fmt: skip
    return told | ({"set_aside": aside} if aside else {})


def watch(learned: Panel, registry: "Registry") -> str | None:
    """G15: set the champion aside when what it reads has drifted from what it learned on; return why, in Chinese.

    Rules alone order the queue until two people resume or replace it. Without a champion nothing is done.
    """
    serving = registry.champion()
    if serving.scorer is None or serving.manifest is None or set(serving.manifest.features) - set(learned.table):
        return None
    names, until = list(serving.manifest.features), date.fromisoformat(str(serving.manifest.training["until"]))
    newest = learned.dates[-1]
    then, now = learned.table[learned.table["date"] <= until], learned.table[learned.table["date"] == newest]
    if newest <= until or then.empty:
        return None
    found = alarm([_look(serving.scorer, names, newest, then=then, now=now)])
    if found is None:
        return None
    registry.set_aside(Act("retrain", utc_now().isoformat(timespec="seconds"), found.zh))
    return found.zh


def gather(learned: Panel, rolled: Rolled, final: Any, *, registry: "Registry | None" = None) -> Evidence:
    """Return what the gates are judged from; what was not measured stays unmeasured."""
    newest = max(rolled.scorers)
    results, scorer = rolled.results, rolled.scorers[newest]
    listed = results.assign(score=_order(results, results["score"]))
    test = results[results["date"] == newest]
    read = rolling.read_by(scorer, test)
    reference = Reference.drawn(read, test["label"] == 0)
    explainer = Explainer(scorer, reference)
    highest = read.loc[test.nlargest(EXPLAINED, "score").index]
    never = never_shown(rolling.names_of(scorer))
    before = sorted(rolled.scorers)[-2] if len(rolled.scorers) > 1 else newest
    evidence = Evidence(
        results=_results(listed),
        capacity=CAPACITY,
        groups=GROUPS,
        leads=rolling.leads(listed, capacity=CAPACITY),
        calibration=rolling.calibrated(results),
        selection=rolling.selection(results, capacity=CAPACITY),
        weeks=_weeks(learned, scorer, newest),
        retrained=pd.DataFrame(
            {
                "champion": rolled.scorers[before].decision_function(rolling.read_by(rolled.scorers[before], test)),
                "challenger": test["score"],
            }
        ),
        fidelity=fidelity(explainer, explainer.explain(highest), never=never),
        violations=against_direction(scorer, read, _directions(learned, read), pairs=PAIRS),
        pairs=PAIRS,
        drifted=alarm([_month(learned, rolled, on) for on in sorted(rolled.scorers)[-2:]]) is not None,
        hashes=(_hash(final, learned), _hash(rolling.fit(learned, learned.table)[1].model, learned)),
    )
    return evidence if registry is None else _beside_champion(evidence, learned, registry)


def _orders(results: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return how the model and the orders that it must beat put the labelled rows of all dates in order."""
    known = results[results["label"].notna()]
    label = known["label"].to_numpy(dtype=np.float64)
    return {
        name: ranking(np.nan_to_num(order.to_numpy(dtype=np.float64), nan=-1e300), label, (CAPACITY, 0.1, 0.2))
        for name, order in rolling.orders(known).items()
    }


def _order(rows: pd.DataFrame, score: "pd.Series[float]") -> "pd.Series[float]":
    """Return the order in which the list of each date is made: its places are parted among thirds of coverage."""
    order = pd.Series(np.nan, rows.index)
    for _, part in rows.groupby("date"):
        order[part.index] = parted(score[part.index], part["group__coverage"])
    return order


def _results(results: pd.DataFrame) -> pd.DataFrame:
    columns = ["date", "village", "score", "rule_order", "rule_hit", "label", "severe", "audit"]
    groups = {name: results[f"group__{name.removesuffix('_group')}"].astype(str) for name in GROUPS}
    return results[columns].assign(coverage=results["coverage_count"], **groups)


def _directions(learned: Panel, read: pd.DataFrame) -> dict[str, int]:
    return {name: way for name, way in learned.monotone.items() if name in read}


def _weeks(learned: Panel, scorer: Any, on: date) -> pd.DataFrame:
    """Two neighbouring dates: a household whose features are all the same must have the same score."""
    earlier = max((day for day in learned.dates if day < on), default=on)
    both = [learned.table[learned.table["date"] == day].set_index("household") for day in (earlier, on)]
    shared = both[0].index.intersection(both[1].index)
    tables = [rolling.read_by(scorer, one.loc[shared]) for one in both]
    same = tables[0].fillna(-1e300).eq(tables[1].fillna(-1e300)).all(axis=1)
    again = tables[1].where(~same, tables[0])
    scores = [scorer.decision_function(one) for one in (tables[1], again)]
    return pd.DataFrame({"before": scores[0], "after": scores[1], "changed": ~same.to_numpy()})


def _month(learned: Panel, rolled: Rolled, on: date) -> Month:
    then, now = rolling.learnable(learned, on), learned.table[learned.table["date"] == on]
    visited, expected = rolling.reached(rolled.results, on, capacity=CAPACITY)
    names = rolling.names_of(rolled.scorers[on])
    return _look(rolled.scorers[on], names, on, then=then, now=now, visited=visited, expected=expected)


def _drift(month: Month) -> dict[str, Any]:
    """Return the newest month as the gauges read it; what is no number is left out."""
    figures = {
        "psi": float(month.features["psi"].max()), "precision": month.precision.value, "low": month.expected.low,
        "high": month.expected.high,
    }  # fmt: skip
    known = {name: round(value, 6) for name, value in figures.items() if np.isfinite(value)}
    return {"month": month.month, "moved": month.moved[:10], **known}


def _look(  # noqa: PLR0913  # two populations, and what was found beside what was to be expected
    scorer: Any, names: list[str], on: date, *, then: pd.DataFrame, now: pd.DataFrame, visited: Any = (),
    expected: Interval = NOBODY,
) -> Month:  # fmt: skip
    both = [rows[names].assign(risk_score=scorer.predict_proba(rows[names])[:, 1]) for rows in (then, now)]
    feeds = {name.removeprefix("since__"): [name] for name in names if name.startswith("since__")}
    return look(f"{on:%Y-%m}", then=both[0], now=both[1], feeds=feeds, visited=visited, expected=expected)


def _beside_champion(evidence: Evidence, learned: Panel, registry: "Registry") -> Evidence:
    """Put the champion's own scores beside, where one stands that can read the table: it is what must be beaten."""
    serving = registry.champion()
    if serving.scorer is None or serving.manifest is None or set(serving.manifest.features) - set(learned.table):
        return evidence
    results = evidence.results
    if results is None:
        return evidence
    rows = learned.table[learned.table["date"].isin(set(results["date"]))].reset_index(drop=True)
    scores = serving.scorer.predict_proba(rows[list(serving.manifest.features)])[:, 1]
    if len(scores) != len(results):
        return evidence
    return replace(evidence, results=results.assign(incumbent=_order(rows, pd.Series(scores, rows.index))))


def _training(learned: Panel, as_of: date) -> dict[str, Any]:
    return {
        "as_of": as_of.isoformat(), "until": max(learned.dates).isoformat(), "dates": [f"{on}" for on in learned.dates],
        "rows": len(learned.table), "labelled": int(learned.table["label"].notna().sum()),
        "positives": int(learned.table["label"].sum()), "seed": 0, "lag_days": learned.lag.days,
        "not_visited": [round(one.not_visited, 4) for one in learned.labels],
        "withdrawn": [one.withdrawn for one in learned.labels],
        "apart": [one.apart.value_counts().to_dict() for one in learned.labels], "manifest": learned.manifest,
    }  # fmt: skip


def _hash(scorer: Any, learned: Panel) -> str:
    return hashlib.sha256(scorer.decision_function(rolling.read_by(scorer, learned.table)).tobytes()).hexdigest()


def _said(gates: list[Gate]) -> Mapping[str, str]:
    return {gate.id: gate.verdict for gate in gates}
