"""What would have to be different: the nearest change under the line, and whether the reasons carry the score."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from models.explanation import EVERYWHERE, Explainer, Explanation, leading
from models.refusals import Unlearnable, named
from models.trees import Array
from models.wording import Wording

STEPS = 8
_QUANTILES = np.linspace(0.0, 1.0, 41)


@dataclass(frozen=True)
class Step:
    """One feature brought from ``value`` to ``wanted``."""

    feature: str
    value: float
    wanted: float


@dataclass(frozen=True)
class NearestChange:
    """The smallest change that was found to bring a household under the line; no steps: none was found.

    ``probability``: the score after it, or as it is. ``zh`` and ``en`` say it and what was searched; it speaks of the
    score, never of entitlement.
    """

    steps: tuple[Step, ...]
    probability: float
    zh: str
    en: str


@dataclass(frozen=True)
class Actionable:
    """The features that help can change, and the way risk goes with each: +1 rises with it, -1 falls."""

    signs: Mapping[str, int]

    def __post_init__(self) -> None:
        wrong = sorted(name for name, sign in self.signs.items() if sign not in (-1, 1))
        if wrong:
            raise Unlearnable(
                zh=f"可改变的特征须声明方向 +1 或 -1：{named(wrong)}",
                en=f"a feature that may be changed has a declared direction, +1 or -1: {named(wrong)}",
            )


def nearest_change(
    explainer: Explainer, household: "pd.Series[Any]", *, line: float, actionable: Actionable, wording: Wording
) -> NearestChange:
    """Return the least change of one feature, else of two, that brings the score of ``household`` below ``line``.

    ``line`` is a probability. Only ``actionable`` features move, only the way that lowers risk, only to values that the
    reference's households have; a missing value is not moved. Near is measured in widths of the reference's middle
    half. One feature is searched at every place where the score can turn; two on ``STEPS`` steps each.
    """
    search = _Search(explainer, household, logit(line), actionable)
    found = () if search.below(search.start) else search.one() or search.two()
    return _told(search, found, wording, line)


class _Search:
    def __init__(self, explainer: Explainer, household: Any, line: float, actionable: Actionable) -> None:
        self.explainer = explainer
        self.line = line
        self.start = household[list(explainer.features)].to_numpy(dtype=float)
        rows = explainer.reference.of(EVERYWHERE)
        self.places = {explainer.features.index(name): sign for name, sign in actionable.signs.items()}
        self.values = {place: rows.iloc[:, place].dropna().to_numpy() for place in self.places}

    def logits(self, rows: Array) -> Array:
        return np.asarray(self.explainer.scorer.decision_function(pd.DataFrame(rows, columns=self.explainer.features)))

    def below(self, row: Array) -> bool:
        return bool(self.logits(row[None, :])[0] < self.line)

    def wanted(self, place: int) -> Array:
        """Return the values that the feature may be brought to: better than now, and seen among the reference."""
        now, seen = self.start[place], self.values[place]
        if np.isnan(now) or not len(seen):
            return np.zeros(0)
        turning = self.explainer.turning(place)
        # Just beyond a threshold on the better side: a tree sends what equals it to the left, as if smaller.
        beyond = turning if self.places[place] > 0 else np.nextafter(turning, np.inf)
        every = np.union1d(beyond, np.quantile(seen, _QUANTILES))
        better = every < now if self.places[place] > 0 else every > now
        return np.asarray(every[better & (every >= seen.min()) & (every <= seen.max())])

    def far(self, place: int, value: Array) -> Array:
        low, high = np.quantile(self.values[place], [0.25, 0.75])
        width = (high - low) or float(np.std(self.values[place])) or 1.0
        return np.asarray(np.abs(value - self.start[place]) / width)

    def one(self) -> tuple[Step, ...]:
        tried = [((place, value),) for place in self.places for value in self.wanted(place)]
        return self.nearest(tried)

    def two(self) -> tuple[Step, ...]:
        coarse = {place: _spread(self.wanted(place)) for place in self.places}
        tried = [
            ((first, one), (second, other))
            for first, second in combinations(coarse, 2)
            for one in coarse[first]
            for other in coarse[second]
        ]
        return self.nearest(tried)

    def nearest(self, tried: Any) -> tuple[Step, ...]:
        """Return the cheapest of the changes ``tried`` that ends below the line."""
        if not tried:
            return ()
        rows = np.tile(self.start, (len(tried), 1))
        cost = np.zeros(len(tried))
        for number, change in enumerate(tried):
            for place, value in change:
                rows[number, place] = value
                cost[number] += float(self.far(place, value))
        cost[self.logits(rows) >= self.line] = np.inf
        best = int(np.argmin(cost))
        if np.isinf(cost[best]):
            return ()
        names = self.explainer.features
        return tuple(Step(names[place], float(self.start[place]), float(value)) for place, value in tried[best])


def _spread(values: Array) -> Array:
    return values[np.unique(np.linspace(0, len(values) - 1, STEPS).round().astype(int))] if len(values) else values


def _told(search: _Search, steps: tuple[Step, ...], wording: Wording, line: float) -> NearestChange:
    row = search.start.copy()
    for step in steps:
        row[search.explainer.features.index(step.feature)] = step.wanted
    probability = float(1 / (1 + np.exp(-search.logits(row[None, :])[0])))
    if steps:
        zh = "，且".join(f"{wording[s.feature].zh}由{_said(s, wording, 'zh')}" for s in steps)
        en = " and ".join(f"{wording[s.feature].en} from {_said(s, wording, 'en')}" for s in steps)
        return NearestChange(
            steps, probability, f"若{zh}，评分将低于{line:.1%}", f"with {en}, the score would be below {line:.1%}"
        )
    if probability < line:
        return NearestChange((), probability, f"评分已低于{line:.1%}", f"the score already is below {line:.1%}")
    names = [search.explainer.features[place] for place in search.places]
    zh, en = "、".join(wording[n].zh for n in names), ", ".join(wording[n].en for n in names)
    return NearestChange(
        (),
        probability,
        f"未找到：仅改变其中一项或两项（{zh}）不能使评分低于{line:.1%}",
        f"none found: no change of one or two of these brings the score below {line:.1%}: {en}",
    )


def _said(step: Step, wording: Wording, language: Any) -> str:
    words = wording[step.feature]
    to = "变为" if language == "zh" else " to "
    return f"{words.said(step.value, language)}{to}{words.said(step.wanted, language)}"


def fidelity(
    explainer: Explainer, explanation: Explanation, *, never: Collection[str] = (), seed: int = 0, draws: int = 20
) -> pd.DataFrame:
    """Return per household how far its logit falls when its three reasons, or three random features, are removed (G13).

    Removed: set to the reference's values, averaged over its rows. ``top`` is the fall for the reasons, ``random`` the
    mean fall over ``draws`` draws of any three features, ``won`` the share of draws that fall less than the reasons.
    Households without three reasons are left out, for there is nothing to remove.
    """
    random, places = np.random.default_rng(seed), leading(explanation, never=never)
    shown = np.flatnonzero([str(name) not in never for name in explanation.added.columns])
    reference = explainer.reference.of(EVERYWHERE).to_numpy()
    rows = np.flatnonzero((places >= 0).all(axis=1))
    found = []
    for row in rows:
        sets = [places[row], *(random.choice(shown, size=3, replace=False) for _ in range(draws))]
        start = explanation.table.to_numpy()[row]
        mixed = np.tile(start, (len(sets), len(reference), 1))
        for number, removed in enumerate(sets):
            mixed[number][:, removed] = reference[:, removed]
        scored = explainer.scorer.decision_function(
            pd.DataFrame(mixed.reshape(-1, len(start)), columns=explainer.features)
        )
        falls = explanation.logit.iloc[row] - scored.reshape(len(sets), -1).mean(axis=1)
        found.append((falls[0], falls[1:].mean(), (falls[0] > falls[1:]).mean()))
    return pd.DataFrame(found, columns=["top", "random", "won"], index=explanation.table.index[rows])


def against_direction(  # a scorer, its households, what is declared, and how hard to try
    scorer: Any, table: pd.DataFrame, signs: Mapping[str, int], *, pairs: int = 10_000, seed: int = 0
) -> int:
    """Count the pairs whose score moves against a declared direction (G14); 0 is what is promised.

    A pair is a household of ``table`` and the same with one declared feature raised to another value seen in ``table``.
    """
    names = [name for name, sign in signs.items() if sign and name in table.columns]
    if not names:
        return 0
    random = np.random.default_rng(seed)
    chosen = np.array(names)[random.integers(0, len(names), pairs)]
    lower = table.iloc[random.integers(0, len(table), pairs)].astype(float).reset_index(drop=True)
    higher = lower.copy()
    for name in names:
        rows, seen = np.flatnonzero(chosen == name), table[name].dropna().to_numpy(dtype=float)
        if len(seen):
            both = random.choice(seen, size=(len(rows), 2))
            lower.loc[rows, name], higher.loc[rows, name] = both.min(axis=1), both.max(axis=1)
    moved = scorer.decision_function(higher) - scorer.decision_function(lower)
    return int((moved * np.array([signs[name] for name in chosen]) < 0).sum())
