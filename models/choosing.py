"""Which candidate is taken: by labelled sample size, at capacity, and never one that the rule was seen to beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.grid import FEW_LABELS, Grid, learn, mix
from models.headed import Headed, in_order
from models.measures import CAPACITIES, area, average_precision, found_at, size_at
from models.sample import Sample

Array = NDArray[np.float64]
# From the simplest on: what stands later must be better by ``BETTER`` to be taken.
SIMPLE_FIRST = ("scorecard", "ridge_next", "boosted", "boosted_next", "average")
BASELINES = ("rule", "proxy_means")
BETTER = 1.1
RULE_SHARES = (0.25, 0.5)
# Sigmas: fewer positives found than that, of a few hundred held rows, say nothing.
WITHIN_CHANCE = 0.5
# Sigmas by which a model must find more than the rule at 5, 10 and 20 % to take its place at the head of the list.
SHOWN = 0.25
# By so much AUC a model must order all rows worse than the rule, the head left to it, to be left out altogether.
WORSE = 0.01


@dataclass(frozen=True)
class Recipe:
    """What is taken of any grid: a candidate, drawn by ``share`` to ``baseline``; ``headed`` by the rule or not.

    ``zh`` and ``en`` say why.
    """

    name: str
    zh: str
    en: str
    share: float = 0.0
    baseline: str = ""
    headed: bool = False

    @property
    def title(self) -> str:
        mixed = f"{self.name}+{self.share:g} {self.baseline}" if self.share else self.name
        return f"rule, then {mixed}" if self.headed else mixed


@dataclass(frozen=True)
class Choice:
    """Which candidate is taken and why; ``rule_share`` is how far it was drawn to the rule's order."""

    name: str
    model: Any
    rule_share: float
    zh: str
    en: str


def taken(sample: Sample, *, capacity: float, wanted: tuple[str, ...] = (), sums: bool = False) -> tuple[Grid, Choice]:
    """Train every candidate that the sample allows and take one of them.

    ``sums``: take only what is a sum on the logit scale, so that it can be explained exactly and be published.
    """
    grid = learn(sample, wanted=wanted)
    return grid, made(grid, decide([grid], capacity=capacity, sums=sums), sample)


def made(grid: Grid, recipe: Recipe, sample: Sample) -> Choice:
    """Return what ``recipe`` takes, made of the candidates of ``grid``."""
    inner = f"{recipe.name}+{recipe.share:g} {recipe.baseline}" if recipe.share else recipe.name
    if recipe.share:
        mix(grid, inner, {recipe.name: 1 - recipe.share, recipe.baseline: recipe.share}, sample, None)
    model = grid.models[inner]
    if recipe.headed:
        model = Headed.of(grid.models["rule"], model, sample, (grid.held["rule"], grid.held[inner]), grid.label)
    share = 1.0 if recipe.headed or recipe.name in BASELINES else recipe.share
    return Choice(recipe.title, model, share, recipe.zh, recipe.en)


def decide(grids: Sequence[Grid], *, capacity: float, sums: bool = False) -> Recipe:
    """Choose at capacity, from the rows that the candidates of some folds had not seen.

    With fewer than ``FEW_LABELS`` labels no comparison can tell models apart, and the average is taken, which was best
    or nearly so on every panel of that size (scorer.md 0); with more, the simpler wins unless beaten by a tenth of what
    it finds beyond chance. What finds less than the rule or the proxy means test at 5, 10 or 20 % is drawn towards them
    as far as it takes. The rule is the simplest of all: where nothing was shown to find more at each of the three, its
    order is kept at the head of the list, and all of it where the model orders the rest worse.
    """
    pool = _pooled(grids)
    first = _by_size(pool, capacity)
    tried = [first]
    for share in RULE_SHARES:
        if _lost(pool, tried[-1]) == 0:
            break
        tried += [_drawn(pool, first, share, each) for each in BASELINES if each in pool.held]
    best = min(tried, key=lambda one: (_lost(pool, one), one.share))
    return _summed(pool, best) if sums else _with_head(pool, best, first)


def _with_head(pool: Grid, best: Recipe, first: Recipe) -> Recipe:
    held, rule = pool.held[best.title], pool.held["rule"]
    if min(-_gap(held, rule, pool.label, capacity) for capacity in CAPACITIES) >= SHOWN:
        return best
    if _lost(pool, best) > 0:
        best, held = first, pool.held[first.title]
    if area(in_order(rule, held), pool.label) < area(rule, pool.label) - WORSE:
        return Recipe("rule", "没有模型胜过规则，按规则排序", "no model holds against the rule: its order is kept")
    return Recipe(
        best.name,
        "模型在名单前列未胜过规则：前列按规则，其余按模型",
        "no model was shown to beat the rule at the head of the list: its order there, the model's below",
        best.share,
        best.baseline,
        headed=True,
    )


def _summed(pool: Grid, best: Recipe) -> Recipe:
    """Return the recipe, or the better baseline where it finds less and orders no better."""
    base = max((each for each in BASELINES if each in pool.held), key=lambda each: _ordered(pool, each))
    if _lost(pool, best) == 0 or _ordered(pool, best.title) > _ordered(pool, base):
        return best
    return Recipe(base, "没有模型胜过规则，按规则排序", "no model holds against the rule: its order is kept")


def _pooled(grids: Sequence[Grid]) -> Grid:
    names = [name for name in grids[0].held if all(name in grid.held for grid in grids)]
    held = {name: np.concatenate([grid.held[name] for grid in grids]) for name in names}
    return Grid({}, held, np.concatenate([grid.label for grid in grids]), grids[0].labelled)


def _drawn(pool: Grid, first: Recipe, share: float, baseline: str) -> Recipe:
    recipe = Recipe(first.name, first.zh, first.en, share, baseline)
    pool.held[recipe.title] = (1 - share) * pool.held[first.name] + share * pool.held[baseline]
    return recipe


def _ordered(pool: Grid, name: str) -> float:
    return average_precision(pool.held[name], pool.label)


def _by_size(pool: Grid, capacity: float) -> Recipe:
    if pool.labelled < FEW_LABELS and "average" in pool.held:
        zh = f"标签 {pool.labelled} 个，少于 {FEW_LABELS}：取平均"
        return Recipe("average", zh, f"{pool.labelled} labels, fewer than {FEW_LABELS}: the average is taken")
    there = [name for name in SIMPLE_FIRST if name in pool.held]
    best = there[0]
    for name in there[1:]:
        if _beyond_chance(pool, name, capacity) > BETTER * max(0.0, _beyond_chance(pool, best, capacity)):
            best = name
    zh, en = "更简单的模型优先，除非多发现一成以上", "the simpler wins unless another finds a tenth more beyond chance"
    return Recipe(best, zh, en)


def _beyond_chance(pool: Grid, name: str, capacity: float) -> float:
    size = size_at(capacity, len(pool.label))
    return found_at(pool.held[name], pool.label, capacity) - size * float(pool.label.mean())


def _lost(pool: Grid, recipe: Recipe) -> float:
    """Return how far, at the worst capacity, it finds fewer than a baseline: in sigmas, nought within chance."""
    gaps = [
        _gap(pool.held[recipe.title], pool.held[each], pool.label, capacity)
        for each in BASELINES
        if each in pool.held
        for capacity in CAPACITIES
    ]
    return max((gap for gap in gaps if gap > WITHIN_CHANCE), default=0.0)


def _gap(ours: Array, theirs: Array, label: Array, capacity: float) -> float:
    """Return how many fewer positives one order finds than another, in sigmas of those that only one of them finds."""
    first, second = (_found(each, label, capacity) for each in (ours, theirs))
    return float(second.sum() - first.sum()) / (float(np.sqrt((first != second).sum())) or 1.0)


def _found(score: Array, label: Array, capacity: float) -> NDArray[np.bool_]:
    first = np.zeros(len(score), dtype=bool)
    first[np.lexsort((label, -score))[: size_at(capacity, len(score))]] = True
    return first & (label > 0)
