"""The goal table G1-G16 (scorer.md 5): what a gate says, and the tables it is judged from."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from models.bootstrap import Interval

Verdict = Literal["reached", "failed", "not enough evidence"]
REACHED: Verdict = "reached"
FAILED: Verdict = "failed"
UNKNOWN: Verdict = "not enough evidence"
LEAST_POSITIVES = 30
LEAST_DATES = 6
NOBODY = Interval(np.nan, np.nan, np.nan)
NAMES: dict[str, tuple[str, str]] = {
    "G1": ("可核查量内的准确率（与规则排序之比）", "precision at capacity, over the rules' order"),
    "G2": ("重度困难户的查全率（比规则多出）", "recall of severe cases, beyond rules alone"),
    "G3": ("前1%的提升倍数", "lift at the first 1 %"),
    "G4": ("仅由模型发现的户（与随机抽查之比）", "found by the model only, over the random audit"),
    "G5": ("提前天数（比规则多出）", "lead time in days, beyond the rules"),
    "G6": ("概率校准误差", "calibration (ECE)"),
    "G7": ("各群体查全率之比（最低）", "recall of groups, the least over the best served"),
    "G8": ("数据最少的户是否同样被看到", "households with least data are seen as often"),
    "G9": ("各日期的稳定性（变异系数）", "stability over dates (CV)"),
    "G10": ("数据未变则名单不变", "unchanged data, unchanged list"),
    "G11": ("重训前后名单的重合", "overlap of lists between retrains"),
    "G12": ("选型规则的遗憾值", "regret of the selection rule"),
    "G13": ("解释的忠实度", "fidelity of the reasons"),
    "G14": ("单调方向的违反次数", "violations of declared directions"),
    "G15": ("数据漂移", "drift"),
    "G16": ("可复现", "the same manifest gives the same scores"),
    "promotion": ("优于现用排序的日期数", "dates on which it beats what is in use"),
}


@dataclass(frozen=True)
class Gate:
    """One line of the goal table: the figure with its interval, what was asked, and both verdicts.

    ``verdict`` is the goal; ``gate`` the hard condition that holds a promotion, empty where the specification sets
    none; they differ where it asks less of one than of the other. ``note`` says what the verdict rests on.
    """

    id: str
    figure: Interval
    goal: str
    verdict: Verdict
    gate: Verdict | Literal[""] = ""
    baseline: float = np.nan
    note: str = ""

    def as_plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it; what is no number is null."""
        plain = asdict(self)
        plain["figure"] = {name: _finite(value) for name, value in asdict(self.figure).items()}
        return {**plain, "baseline": _finite(self.baseline)}


@dataclass(frozen=True)
class Evidence:
    """The tables that gates are judged from; what was not measured is None.

    ``results``: a row per test date and household, see ``models.ranked``. ``leads`` (``village, model, rules``: days
    from first flag to approval by another way). ``calibration`` (see ``calibrated``). ``weeks`` (``before, after,
    changed``: scores of a household in two weeks, and whether its data changed). ``retrained`` (``champion,
    challenger``: scores of a household). ``selection`` (``chosen, best``: the metric at the next date). ``fidelity``
    as ``models.changes.fidelity`` gives it. ``violations``: of ``pairs`` pairs. ``drifted``: whether an alarm stands.
    ``hashes``: of the scores of two trainings from one manifest.
    """

    results: pd.DataFrame | None = None
    capacity: float = 0.1
    groups: tuple[str, ...] = ()
    leads: pd.DataFrame | None = None
    calibration: Mapping[str, float] | None = None
    weeks: pd.DataFrame | None = None
    retrained: pd.DataFrame | None = None
    note_on_overlap: str = ""
    selection: pd.DataFrame | None = None
    fidelity: pd.DataFrame | None = None
    violations: int | None = None
    pairs: int = 0
    drifted: bool | None = None
    hashes: tuple[str, str] | None = None
    seed: int = 0


Judge = Callable[[Evidence], Gate]


def as_verdict(well: bool) -> Verdict:
    """Say reached or failed."""
    return REACHED if well else FAILED


def unknown(name: str, goal: str, note: str, *, hard: bool = False) -> Gate:
    """Return a gate that nothing can be said of yet."""
    return Gate(name, NOBODY, goal, UNKNOWN, UNKNOWN if hard else "", note=note)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
