"""Made-up months of a service: what its indicators were when the model was trained, and what they are now."""

import numpy as np
import pandas as pd

from models.bootstrap import Interval
from models.drift import SCORE, Month, look

EXPECTED = Interval(0.30, 0.25, 0.35)


def table(*, income: float = 0.0, missing: float = 0.1, seed: int = 0, rows: int = 4000) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = random.normal(income, 1.0, rows)
    medical = random.exponential(1.0, rows)
    medical[random.random(rows) < missing] = np.nan
    score = 1 / (1 + np.exp(values + 2))
    return pd.DataFrame({"income": values, "medical": medical, "work": random.integers(0, 2, rows) * 1.0, SCORE: score})


FEEDS = {"wages": ["income"], "hospitals": ["medical"], "gone": ["nothing"]}


def month(name: str = "2026-03", *, visited: float = 0.30, **other: float) -> Month:
    labels = np.r_[np.ones(round(visited * 400)), np.zeros(400 - round(visited * 400))]
    return look(
        name,
        then=table(),
        now=table(seed=1, **other),
        feeds=FEEDS,
        audited=[1.0] * 11 + [0.0] * 89 + [np.nan] * 5,
        visited=labels,
        expected=EXPECTED,
    )
