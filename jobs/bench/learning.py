"""Learning on the bench: what it costs to say why, on a made-up table of sixty indicators."""

import time
from typing import Any

import numpy as np
import pandas as pd

FEATURES = 60
LEARNED_FROM = 60_000
EXPLAINED = 50_000
KINDS = ("city", "county", "rural")


def table(households: int, *, seed: int) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Return made-up indicators of households, a fifth of the values missing, and who falls in."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(households, FEATURES)).astype(np.float32)
    risk = values[:, :8].sum(axis=1) / 2 + values[:, 8] * values[:, 9] - 3 + random.normal(size=households)
    values[random.random(values.shape, dtype=np.float32) < 0.2] = np.nan
    made = pd.DataFrame(values.astype(float), columns=[f"i{number:02}" for number in range(FEATURES)])
    return made, pd.Series((risk > 0).astype(int))


def explained(households: int, *, seed: int, threads: int = 2) -> dict[str, Any]:
    """Learn, score all, and explain the highest: contributions, the three reasons and their sentences.

    ``off`` is how far contributions and score differ at most, on the logit scale.
    """
    from models.explanation import Explainer, Reference, reasons
    from models.scorer import RiskScorer
    from models.wording import Wording, Words

    made, label = table(households, seed=seed)
    learned = min(LEARNED_FROM, households)
    names = list(made.columns)
    began = time.perf_counter()
    scorer = RiskScorer(monotone=dict.fromkeys(names[:8], 1), seed=seed).fit(made[:learned], label[:learned])
    trained = time.perf_counter()
    score = scorer.decision_function(made)
    scored = time.perf_counter()
    highest = made.iloc[np.argsort(-score, kind="stable")[:EXPLAINED]]
    kinds = [KINDS[number % len(KINDS)] for number in range(len(highest))]
    drawn = Reference.drawn(made[:learned], label[:learned] == 0, [KINDS[n % 3] for n in range(learned)], seed=seed)
    told = Explainer(scorer, drawn).explain(highest, kinds, threads=threads)
    added = time.perf_counter()
    said = reasons(told, Wording({name: Words(name, name, "yuan", "feed") for name in names}))
    return {
        "explained": len(highest),
        "seconds": round(time.perf_counter() - scored, 2),
        "contributions_seconds": round(added - scored, 2),
        "trained_seconds": round(trained - began, 2),
        "scored_seconds": round(scored - trained, 2),
        "reasons": len(said),
        "off": float(np.abs(told.added.sum(axis=1) + told.base - told.logit).max()),
    }
