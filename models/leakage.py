"""Signs that a table knows the answer, as far as any table shows them (scorer.md 4: LR9, LR12, LR13, LR14, LR15)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from models.evaluation import Split, overlap
from models.measures import area, average_precision
from models.refusals import Leak
from models.sample import Sample

Array = NDArray[np.float64]
Scores = Callable[[Sample, pd.DataFrame], Array]
TELLTALE = 0.95
SILENT = 0.02
SIGMAS = 3.0
SHUFFLES, SHUFFLED_ROWS = 8, 3_000
CHANCES = 100


@dataclass(frozen=True)
class Check:
    """One leakage rule: what was found, and whether it holds; ``holds`` is None where the table cannot say."""

    rule: str
    holds: bool | None
    found: float
    zh: str
    en: str


def telltale_features(sample: Sample) -> dict[str, float]:
    """Return the AUC, turned to be at least a half, of every single feature: its value, its category, its absence.

    Categories are ordered by the share of positives in the other half of the households.
    """
    half = np.random.default_rng(sample.seed).integers(0, 2, int(sample.groups.max()) + 1)[sample.groups]
    told = {}
    for name in sample.features.columns:
        values = sample.features[name].to_numpy(dtype=np.float64)
        if name in sample.categories:
            values = _rates_elsewhere(values, sample.label, half)
        known = np.isfinite(values)
        areas = [area(values[known], sample.label[known]), area((~known).astype(float), sample.label)]
        # A feature that is rarely filled orders few households: only what it says of most of them can give them away.
        told[str(name)] = max(_turned(areas[0]) if known.mean() >= 0.5 else 0.5, _turned(areas[1]))
    return told


def single_features(sample: Sample) -> Check:
    """LR12: refuse when a single feature all but is the label, naming it."""
    areas = telltale_features(sample)
    limit = max(TELLTALE, 0.5 + _by_chance(sample, len(areas)))
    found = sorted(((one, name) for name, one in areas.items() if one > limit), reverse=True)
    if found:
        listed = ", ".join(f"{name} (AUC {one:.3f})" for one, name in found)
        raise Leak(
            zh=f"这些列几乎就是标签，疑似泄漏：{listed}；请用 --drop 排除",
            en=f"these columns all but are the label, which is a leak: {listed}; leave them out by --drop",
        )
    most = max(areas.values(), default=0.5)
    return Check("LR12", True, most, "没有单列能直接给出答案", "no single column gives the answer away")


def _by_chance(sample: Sample, features: int) -> float:
    """Return how far from a half the AUC of the luckiest of many idle features gets, one time in twenty."""
    ups = float(sample.label.sum())
    sigma = np.sqrt((len(sample) + 1) / (12 * ups * (len(sample) - ups)))
    return float(norm.isf(0.025 / max(features, 1)) * sigma)


def apart(splits: list[Split], groups: Any, times: Array) -> Check:
    """LR13: refuse when a household is on both sides of a split, or a row learned from is not older."""
    shared = sum(overlap(split, groups, times) for split in splits)
    if shared:
        raise Leak(
            zh=f"训练与测试有 {shared} 处重叠（同一户或未来的行）",
            en=f"{shared} households or later rows are on both sides of a split",
        )
    return Check(
        "LR13", True, 0.0, "训练与测试没有同一户、没有未来的行", "no household and no later row is on both sides"
    )


def shuffled_labels(sample: Sample, judged: pd.DataFrame, label: Array, scores: Scores) -> Check:
    """LR9: learned from labels shuffled within each time, a model must find what chance finds, within 3 sigma.

    On the mean of ``SHUFFLES`` shuffles, in sigmas of their own spread where that is wider than chance's: a line
    through noise points the right way as often as the wrong one, and only a leak points it the right way each time.
    """
    random = np.random.default_rng(sample.seed)
    few = sample.at_most(SHUFFLED_ROWS)
    away = [_beyond_chance(_shuffled(few, random), judged, label, scores, random) for _ in range(SHUFFLES)]
    found = float(np.mean(away)) / max(float(np.std(away, ddof=1)), 1.0) * np.sqrt(SHUFFLES)
    zh, en = "打乱标签后只剩随机水平", "with shuffled labels only chance is left"
    return Check("LR9", bool(found <= SIGMAS), float(found), zh, en)


def _shuffled(sample: Sample, random: np.random.Generator) -> Sample:
    mixed = sample.label.copy()
    for time in np.unique(sample.times):
        rows = np.flatnonzero(sample.times == time)
        mixed[rows] = mixed[random.permutation(rows)]
    # A declared direction is knowledge of its own, which no shuffling of labels takes away.
    return replace(_labelled(sample, mixed), signs={})


def _beyond_chance(
    sample: Sample, judged: pd.DataFrame, label: Array, scores: Scores, random: np.random.Generator
) -> float:
    """Return how many sigmas the average precision lies from that of the same scores on labels dealt by chance."""
    told = scores(sample, judged)
    chance = [average_precision(told, random.permutation(label)) for _ in range(CHANCES)]
    middle, sigma = float(np.mean(chance)), float(np.std(chance))
    return (average_precision(told, label) - middle) / sigma if sigma else 0.0


def no_signal_in_place(rows: Any, groups: Any, label: Array) -> Check:
    """LR15: neither the row's place nor the household's number may order the labels beyond chance."""
    ups, downs = float(label.sum()), float(len(label) - label.sum())
    sigma = float(np.sqrt((ups + downs + 1) / (12 * ups * downs)))
    found = max(_turned(area(values.astype(float), label)) - 0.5 for values in (rows, groups))
    zh, en = "行序与编号是否带信号", "whether the order of rows or of ids carries a signal"
    return Check("LR15", bool(found <= max(SILENT, SIGMAS * sigma)), found, zh, en)


def shifted_labels(sample: Sample, judged: pd.DataFrame, label: Array, scores: Scores, real: float) -> Check:
    """LR14: learned from each household's label of its time before, a model must lose to the real one."""
    keys = pd.DataFrame({"group": sample.groups, "time": sample.times, "label": sample.label})
    before = keys.sort_values(["group", "time"], kind="stable").groupby("group")["label"].shift(1).reindex(keys.index)
    known = before.notna().to_numpy()
    zh, en = "标签错开一期的模型应更差", "labels one period off must make a worse model"
    if known.sum() < 100 or len(np.unique(before[known])) < 2:
        return Check("LR14", None, float("nan"), zh, en)
    told = area(scores(_labelled(sample.take(known), before[known].to_numpy(dtype=float)), judged), label)
    return Check("LR14", bool(told < real), told, zh, en)


def _labelled(sample: Sample, label: Array) -> Sample:
    return replace(sample, label=label, coming=None)


def _turned(one: float) -> float:
    return 0.5 if np.isnan(one) else max(one, 1 - one)


def _rates_elsewhere(values: Array, label: Array, half: Any) -> Array:
    told = np.full(len(values), np.nan)
    for one in (0, 1):
        rates = pd.Series(label[half != one]).groupby(values[half != one]).mean()
        told[half == one] = pd.Series(values[half == one]).map(rates).to_numpy(dtype=np.float64)
    return told
