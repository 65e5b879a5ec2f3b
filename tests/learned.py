"""A made-up table of households, and a scorer learned from it: small, and with every kind of reason in it."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from models.explanation import Reference
from models.scorer import RiskScorer
from models.storing import Manifest
from models.wording import Wording

SIGNS = {"income": -1, "medical": 1, "lost_work": 1}
WORDING = Wording.of(
    {
        "income": {"zh": "人均月收入", "en": "income a head", "unit": "yuan/month", "feed": "civil_affairs"},
        "medical": {"zh": "近12个月自付医疗费", "en": "medical cost paid in 12 months", "unit": "yuan",
                    "feed": "medical"},
        "lost_work": {"zh": "有人失业", "en": "a member lost work", "unit": "flag", "feed": "employment"},
        "members": {"zh": "家庭人口", "en": "members", "unit": "persons"},
        "house": {
            "zh": "住房等级", "en": "house", "feed": "housing",
            "labels": {0.0: ("A级", "class A"), 1.0: ("B级", "class B"), 2.0: ("D级", "class D")},
        },
        "elder_alone": {"zh": "独居老人", "en": "an elder alone", "unit": "flag", "feed": "register"},
    }
)  # fmt: skip


def households(count: int, *, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return features, whether each household falls in, and its kind of county."""
    random = np.random.default_rng(seed)
    kind = random.choice(["city", "rural"], size=count)
    income = random.gamma(4, 400, count) * np.where(kind == "city", 1.6, 1.0)
    medical = random.exponential(3000, count)
    table = pd.DataFrame(
        {
            "income": income.round(),
            "medical": np.where(random.random(count) < 0.2, np.nan, medical.round()),
            "lost_work": (random.random(count) < 0.15).astype(float),
            "members": random.integers(1, 6, count).astype(float),
            "house": random.integers(0, 3, count).astype(float),
            "elder_alone": (random.random(count) < 0.1).astype(float),
        },
        index=pd.Index([f"h{number:05}" for number in range(count)]),
    )
    risk = -2.6 - (income - 1500) / 500 + np.nan_to_num(medical) / 4000 + 1.5 * table["lost_work"]
    risk += 0.8 * (table["house"] == 2) + 0.9 * table["elder_alone"]
    return table, (random.random(count) < 1 / (1 + np.exp(-risk))).to_numpy(dtype=int), kind


@lru_cache
def scorer(seed: int = 0) -> RiskScorer:
    table, label, _ = households(3000, seed=1)
    return RiskScorer(monotone=SIGNS, categorical=("house",), max_iter=40, max_depth=4, seed=seed).fit(table, label)


@lru_cache
def reference() -> Reference:
    table, label, kind = households(3000, seed=1)
    return Reference.drawn(table, label == 0, kind, seed=3)


HARD = ("G1", "G2", "G4", "G7", "G8", "G10", "G14", "G16", "promotion")
FIGURE = {"value": 1.62, "low": 1.2, "high": 2.1}


def gate(name: str, verdict: str = "reached", *, hard: bool = True) -> dict[str, Any]:
    told = {"id": name, "figure": FIGURE, "goal": "as stated", "verdict": verdict, "gate": verdict if hard else ""}
    return {**told, "baseline": None, "note": "", "gate": verdict if hard else ""}


def manifest(**other: Any) -> Manifest:
    told = {
        "kind": "boosted",
        "features": tuple(WORDING),
        "training": {"seed": 0, "rows": 3000, "train_dates": ["2025-01-31", "2025-07-31"]},
        "metrics": {
            "models": {
                "rules": {"auc": 0.703, "precision_at_10": 0.21},
                "boosted": {"auc": 0.78, "precision_at_10": 0.33},
            },
            "groups": [
                {"group": "elder alone", "ratio": 0.91, "low": 0.8, "high": 1.02},
                {"group": "minority", "evidence": False},
            ],
        },
        "gates": tuple(gate(name) for name in HARD),
        "by": "trainer",
        "at": "2026-01-01T01:00:00+00:00",
    }
    return Manifest(**{**told, **other})
