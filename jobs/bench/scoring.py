"""What learning and scoring cost on a made-up table of sixty features."""

import time
from typing import Any

import numpy as np
import pandas as pd

FEATURES = 60
LEARNED_FROM = 500_000


def panel(households: int, *, seed: int) -> pd.DataFrame:
    """Return households asked once, half a year apart: 60 features, a fifth of them not known, and who falls."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(households, FEATURES))
    risk = values[:, :8].sum(axis=1) / 2 + values[:, 8] * values[:, 9] - 4 + random.logistic(size=households)
    values[random.random(values.shape) < 0.2] = np.nan
    made = pd.DataFrame(values, columns=[f"f{number:02}" for number in range(FEATURES)])
    return made.assign(
        falls=(risk > 0).astype(int), month=random.integers(0, 3, households) * 6, household=np.arange(households)
    )


def score(households: int, *, seed: int) -> dict[str, Any]:
    """Time three things: the boosted scorer learned and calibrated, all models compared, every household scored."""
    from models.scorer import RiskScorer
    from models.training import Spec, train

    table = panel(households, seed=seed)
    features, few = [f"f{number:02}" for number in range(FEATURES)], table.head(LEARNED_FROM)
    began = time.perf_counter()
    scorer = RiskScorer(monotone=dict.fromkeys(features[:8], 1), seed=seed).fit(few[features], few["falls"])
    boosted = time.perf_counter()
    chance = scorer.predict_proba(table[features].head(households))
    scored = time.perf_counter()
    learned = train(few, Spec("falls", "month", "household", seed=seed))
    ended = time.perf_counter()
    return {
        "seconds": round(ended - began, 2),
        "boosted_rows": len(few),
        "boosted_seconds": round(boosted - began, 2),
        "scored_rows": len(chance),
        "scored_seconds": round(scored - boosted, 2),
        "compared_seconds": round(ended - scored, 2),
        "chosen": learned.kind,
        "auc": round(learned.metrics["chosen"]["auc"], 4),
    }
