"""Whether the made-up city is as hard as real ones: its figures against the bands that real panels set (scorer.md 7).

What is made up must hold no planted answer and no easy one. Its numbers are never evidence of real performance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.city.hardship import HORIZON
from jobs.city.truth import Truth

Values = npt.NDArray[np.float64]
Fit = Callable[[pd.DataFrame, "pd.Series[int]"], Callable[[pd.DataFrame], Values]]
BANDS: Mapping[str, tuple[float, float]] = {
    "falls": (0.025, 0.035),
    "falls_after_shock": (0.035, 0.08),
    "persistence": (0.70, 0.85),
    "best_model": (0.80, 0.90),
    "flags": (0.65, 0.78),
    "oracle": (0.80, 0.97),
    "gap_to_oracle": (0.05, 0.30),
    "single_feature": (0.50, 0.86),
    "recall_gap_unlinked": (0.03, 1.0),
}
# Thresholds as districts publish them, each one a flag: what practice goes by without a model.
FLAGS: Mapping[str, tuple[str, float]] = {
    "low income declared": ("monthly_income_per_head", -885.0),
    "medical cost": ("medical_self_pay_household_12m", 3_000.0),
    "contributions stopped": ("contribution_gap_members", 0.0),
    "registered unemployed": ("unemployed_members", 0.0),
    "back from work elsewhere": ("returned_workers", 0.0),
    "struck by disaster": ("disaster_loss_12m", 0.0),
    "asked for help": ("hotline_pleas_90d", 0.0),
    "severely disabled": ("severe_disabled_members", 0.0),
    "serious disease": ("serious_disease_members", 0.0),
}
_TOP = 0.10


@dataclass(frozen=True)
class Band:
    """One figure and the band it should lie in."""

    value: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the figure lies in its band."""
        return self.low <= self.value <= self.high


def standing(truth: Truth) -> pd.DataFrame:
    """Return ``household, date, poor, later, net_year, linked`` at each month's end; ``later``: six months on."""
    months = truth.table("months")[["month", "household", "poor", "net_year"]]
    months["date"] = pd.to_datetime(months["month"]) + pd.offsets.MonthEnd(0)
    later = months[["household", "date", "poor"]].rename(columns={"poor": "later"})
    later["date"] = later["date"] - pd.offsets.MonthEnd(HORIZON)
    linked = truth.table("hardship")[["household", "linked"]]
    return months.merge(later, on=["household", "date"]).merge(linked, on="household").drop(columns="month")


def auc(label: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Return the chance that a household that falls stands above one that does not; ties count half."""
    positive = np.asarray(label, dtype=bool)
    order = pd.Series(np.nan_to_num(np.asarray(score, dtype=np.float64), nan=-1e300)).rank().to_numpy()
    count, rest = positive.sum(), (~positive).sum()
    return float((order[positive].sum() - count * (count + 1) / 2) / max(count * rest, 1))


def measure(table: pd.DataFrame, features: list[str], *, shock: date, fit: Fit) -> dict[str, Band]:
    """Return every band's figure from a panel with ``standing`` beside its features.

    The model learns the truth itself on the dates whose outcome lies before the last two thirds, from one half of the
    households, and is judged on the other half later: what could be seen coming from the feeds at best.
    """
    once = table.drop_duplicates(["date", "household"])
    months = ((pd.to_datetime(once["date"]) - pd.Timestamp(shock)).dt.days / 30.4).round()
    calm, hit = once[months < -HORIZON], once[months.between(-HORIZON / 2, HORIZON)]
    asked = once[~once["poor"].astype(bool)]
    dates = sorted(asked["date"].unique())
    half = asked["household"] % 2 == 0
    learn = asked[half & asked["date"].isin(dates[: max(len(dates) // 2, 1)])]
    test = asked[~half & asked["date"].isin(dates[len(dates) // 2 + 2 :] or dates[-1:])]
    risk, falls = fit(learn[features], learn["later"].astype(int))(test[features]), test["later"].astype(bool)
    best, oracle = auc(falls, risk), auc(falls, -test["net_year"])
    linked = test["linked"].astype(bool)
    chosen = pd.Series(risk, test.index).rank(ascending=False, pct=True) <= _TOP
    found = {
        "falls": _falls(calm if len(calm) else once),
        "falls_after_shock": _falls(hit if len(hit) else once),
        "persistence": float(once[once["poor"].astype(bool)]["later"].mean()),
        "best_model": best,
        "flags": auc(falls, _flags(test)),
        "oracle": oracle,
        "gap_to_oracle": oracle - best,
        "single_feature": _single(test[features], falls),
        "recall_gap_unlinked": float(chosen[falls & linked].mean() - chosen[falls & ~linked].mean()),
    }
    return {name: Band(value, *BANDS[name]) for name, value in found.items()}


def _falls(table: pd.DataFrame) -> float:
    return float(table[~table["poor"].astype(bool)]["later"].mean())


def _flags(table: pd.DataFrame) -> Values:
    counted = np.zeros(len(table))
    for column, limit in FLAGS.values():
        value = table[column].to_numpy(np.float64)
        counted += (value < -limit) if limit < 0 else (value > limit)
    return counted


def _single(features: pd.DataFrame, falls: "pd.Series[bool]") -> float:
    each = [auc(falls, column.fillna(column.median())) for _, column in features.items()]
    return max(max(one, 1 - one) for one in each)
