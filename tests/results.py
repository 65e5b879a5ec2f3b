"""Made-up results of a model on rolling dates: how good it is, and what it does to whom, is chosen by the test."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from models.goals import Evidence

VILLAGES, HOMES, DATES = 40, 50, 6


def results(*, skill: float = 3.0, rules: float = 0.6, seed: int = 0, dates: int = DATES) -> pd.DataFrame:
    """Return six dates of 2,000 households; ``skill`` and ``rules`` say how much score and rules know of the truth."""
    random = np.random.default_rng(seed)
    count = VILLAGES * HOMES
    village = np.repeat([f"v{number:02}" for number in range(VILLAGES)], HOMES)
    parts = []
    for number in range(dates):
        need = random.normal(size=count) + np.repeat(random.normal(scale=0.3, size=VILLAGES), HOMES)
        label = (need + random.normal(scale=0.4, size=count) > 1.6).astype(float)
        severe = (label > 0) & (random.random(count) < 0.4)
        order = rules * need + random.normal(size=count)
        parts.append(
            pd.DataFrame(
                {
                    "date": f"2025-{number + 1:02}-28",
                    "household": [f"h{one}" for one in range(count)],
                    "village": village,
                    "score": skill * need + random.normal(size=count),
                    "rule_order": order.round(1),
                    "rule_hit": order > np.quantile(order, 0.92),
                    "label": np.where(random.random(count) < 0.05, np.nan, label),
                    "severe": severe.astype(float),
                    "audit": random.random(count) < 0.06,
                    "coverage": random.random(count),
                    "head": random.choice(["woman", "man"], size=count),
                    "minority": random.random(count) < 0.01,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def weeks(*, moved: int = 0, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    before = random.random(500)
    after, changed = before.copy(), random.random(500) < 0.3
    after[changed] = random.random(changed.sum())
    after[np.flatnonzero(~changed)[:moved]] += 1e-9
    return pd.DataFrame({"before": before, "after": after, "changed": changed})


def leads(*, gained: float = 45.0, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rules = random.exponential(30, 200)
    village = random.choice([f"v{number}" for number in range(20)], size=200)
    return pd.DataFrame({"village": village, "rules": rules, "model": rules + gained + random.normal(size=200)})


def evidence(**other: Any) -> Evidence:
    """Return evidence on which every gate is reached; ``other`` is what the test makes worse."""
    random = np.random.default_rng(1)
    score = random.random(400)
    good = Evidence(
        results=results(),
        capacity=0.1,
        groups=("head", "minority"),
        leads=leads(),
        calibration={"slope": 1.02, "intercept": -0.03, "ece": 0.011, "brier_skill": 0.12},
        weeks=weeks(),
        retrained=pd.DataFrame({"champion": score, "challenger": score + random.normal(scale=0.01, size=400)}),
        selection=pd.DataFrame({"chosen": [0.30, 0.29, 0.31], "best": [0.30, 0.30, 0.31]}),
        fidelity=pd.DataFrame({"top": 1.0, "random": 0.2, "won": np.where(random.random(200) < 0.97, 1.0, 0.4)}),
        violations=0,
        pairs=10_000,
        drifted=False,
        hashes=("a" * 64, "a" * 64),
    )
    return replace(good, **other)
