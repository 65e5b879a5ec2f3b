"""Every candidate learned from one sample, calibrated on rows it did not learn from, and one of them chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import platt
from models.evaluation import Split, rolling
from models.folds import assign, fewest
from models.measures import CAPACITIES, average_precision, found_at, ranking, size_at
from models.members import Average, BoostedNext, ProxyMeans, RidgeNext, RuleOrder, Scorecard
from models.sample import Sample
from models.scorer import RiskScorer

Array = NDArray[np.float64]
# From the simplest on: what stands later must be better by ``BETTER`` to be taken.
SIMPLE_FIRST = ("scorecard", "ridge_next", "boosted", "boosted_next", "average")
BASELINES = ("rule", "proxy_means")
# A label throws away how far below the line a household came: models of the welfare itself, where there are any, weigh
# double, and then the scorecard, which sees the label alone by a line, has nothing to add.
WITH_SOURCE = {"ridge_next": 2.0, "boosted_next": 2.0, "boosted": 1.0, "rule": 2.0}
WITHOUT_SOURCE = {"scorecard": 2.0, "boosted": 2.0, "rule": 1.0}
BETTER = 1.1
FEW_LABELS = 5000
COMPARED_ROWS_MOST = 60_000
RULE_SHARES = (0.25, 0.5)
# Sigmas: fewer positives found than that, of a few hundred held rows, say nothing.
WITHIN_CHANCE = 0.5


@dataclass(frozen=True)
class Grid:
    """Trained and calibrated candidates; ``held`` are the logits of rows that each had not seen, ``label`` theirs."""

    models: dict[str, Any]
    held: dict[str, Array]
    label: Array
    labelled: int

    def figures(self) -> dict[str, dict[str, float]]:
        """Return how each candidate orders the rows that it had not seen."""
        return {name: ranking(logit, self.label) for name, logit in self.held.items()}


@dataclass(frozen=True)
class Choice:
    """Which candidate is taken and why; ``rule_share`` is how far it was drawn to the rule's order."""

    name: str
    model: Any
    rule_share: float
    zh: str
    en: str


def learn(sample: Sample, *, wanted: tuple[str, ...] = ()) -> Grid:
    """Train every candidate that the sample allows.

    Lines are calibrated and models compared on the latest times where the sample has several, on other households where
    it has one. Of a large sample only ``COMPARED_ROWS_MOST`` rows are used for that; each model then learns from all.
    """
    makers = _makers(sample, wanted)
    few = sample.at_most(COMPARED_ROWS_MOST)
    splits = _inside(few)
    judged = np.sort(np.concatenate([split.judge for split in splits]))
    held, models = {}, {}
    weight = None if few.weight is None else few.weight[judged]
    for name, make in makers.items():
        told = np.full(len(few), np.nan)
        for split in splits:
            told[split.judge] = make().learn(few.take(split.learn)).raw(few.features.iloc[split.judge])
        raw = told[judged]
        model = make().learn(sample)
        model.slope_, model.intercept_ = platt(raw, few.label[judged], weight)
        held[name], models[name] = model.slope_ * raw + model.intercept_, model
    grid = Grid(models, held, few.label[judged], len(sample))
    _averaged(grid, sample, weight)
    return grid


def _averaged(grid: Grid, sample: Sample, weight: Array | None) -> None:
    wanted = WITH_SOURCE if "ridge_next" in grid.models and "boosted_next" in grid.models else WITHOUT_SOURCE
    shares = {name: share for name, share in wanted.items() if name in grid.models}
    if len(shares) > 1:
        _mix(grid, "average", {name: share / sum(shares.values()) for name, share in shares.items()}, sample, weight)


def _mix(grid: Grid, name: str, shares: dict[str, float], sample: Sample, weight: Array | None) -> None:
    mean = np.sum([share * grid.held[member] for member, share in shares.items()], axis=0)
    line = platt(mean, grid.label, weight)
    grid.held[name] = line[0] * mean + line[1]
    grid.models[name] = Average.of([(share, grid.models[member]) for member, share in shares.items()], sample, line)


def choose(grid: Grid, sample: Sample, *, capacity: float) -> Choice:
    """Choose at capacity: the simpler wins unless beaten by a tenth of what it finds beyond chance.

    With fewer than ``FEW_LABELS`` labels no comparison can tell models apart, and the average is taken, which was best
    or nearly so on every panel of that size (scorer.md 0). What finds less than the rule or the proxy means test at 5,
    10 or 20 % is drawn towards them as far as it takes, and replaced by the better when that does not help.
    """
    name, zh, en = _by_size(grid, capacity)
    tried = [(name, 0.0)]
    for share in RULE_SHARES:
        if _lost(grid, tried[-1][0]) == 0:
            break
        for baseline in [each for each in BASELINES if each in grid.models]:
            mixed = f"{name}+{share:g} {baseline}"
            _mix(grid, mixed, {name: 1 - share, baseline: share}, sample, None)
            tried.append((mixed, share))
    taken, share = min(tried, key=lambda one: (_lost(grid, one[0]), one[1]))
    best = max((each for each in BASELINES if each in grid.models), key=lambda each: _precision(grid, each))
    if _lost(grid, taken) == 0 or _precision(grid, taken) > _precision(grid, best):
        return Choice(taken, grid.models[taken], share, zh, en)
    return Choice(
        best, grid.models[best], 1.0, "模型不及规则，按规则排序", "no model holds against the rule: its order is kept"
    )


def _precision(grid: Grid, name: str) -> float:
    return average_precision(grid.held[name], grid.label)


def _by_size(grid: Grid, capacity: float) -> tuple[str, str, str]:
    if grid.labelled < FEW_LABELS and "average" in grid.models:
        zh = f"标签 {grid.labelled} 个，少于 {FEW_LABELS}：取平均"
        return "average", zh, f"{grid.labelled} labels, fewer than {FEW_LABELS}: the average is taken"
    there = [name for name in SIMPLE_FIRST if name in grid.models]
    taken = there[0]
    for name in there[1:]:
        if _beyond_chance(grid, name, capacity) > BETTER * max(0.0, _beyond_chance(grid, taken, capacity)):
            taken = name
    return (
        taken,
        "更简单的模型优先，除非多发现一成以上",
        "the simpler wins unless another finds a tenth more beyond chance",
    )


def _beyond_chance(grid: Grid, name: str, capacity: float) -> float:
    size = size_at(capacity, len(grid.label))
    return found_at(grid.held[name], grid.label, capacity) - size * float(grid.label.mean())


def _lost(grid: Grid, name: str) -> float:
    """Return how far, at the worst capacity, the model finds fewer than a baseline: in sigmas, nought within chance."""
    return max(
        _behind(grid, name, baseline, capacity)
        for baseline in BASELINES
        if baseline in grid.held
        for capacity in CAPACITIES
    )


def _behind(grid: Grid, name: str, baseline: str, capacity: float) -> float:
    """Return by how many sigmas of the households that only one of two finds the model stays behind, beyond chance."""
    ours, theirs = (_found(grid.held[each], grid.label, capacity) for each in (name, baseline))
    sigma = float(np.sqrt((ours != theirs).sum())) or 1.0
    behind = float(theirs.sum() - ours.sum()) / sigma
    return behind if behind > WITHIN_CHANCE else 0.0


def _found(score: Array, label: Array, capacity: float) -> NDArray[np.bool_]:
    first = np.zeros(len(score), dtype=bool)
    first[np.lexsort((label, -score))[: size_at(capacity, len(score))]] = True
    return first & (label > 0)


def _makers(sample: Sample, wanted: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {
        "rule": lambda: RuleOrder(sample.welfare),
        "scorecard": Scorecard,
        "boosted": lambda: boosted_for(sample),
    }
    if sample.welfare is not None:
        made["proxy_means"] = ProxyMeans
    if sample.coming is not None:
        made |= {"ridge_next": RidgeNext, "boosted_next": lambda: next_for(sample)}
    return {name: make for name, make in made.items() if not wanted or name in wanted or name == "rule"}


def boosted_for(sample: Sample) -> RiskScorer:
    """Return the boosted scorer of a size that the labels can carry."""
    rarer = int(min(sample.label.sum(), len(sample) - sample.label.sum()))
    size: dict[str, Any] = {"max_iter": 150, "max_depth": 5, "max_features": 0.5}
    if rarer < 2000:
        size = {"max_iter": 120, "max_depth": 4, "max_features": 0.3, "learning_rate": 0.05}
    if rarer < 500:
        size = {"max_iter": 60, "max_depth": 3, "max_features": 0.15, "learning_rate": 0.04, "l2": 5.0}
    return RiskScorer(monotone=dict(sample.signs), categorical=sample.categories, seed=sample.seed, **size)


def next_for(sample: Sample) -> BoostedNext:
    """Return the boosted model of next period's welfare of a size that the rows can carry."""
    return BoostedNext() if len(sample) < FEW_LABELS else BoostedNext(max_iter=200, max_depth=5, max_features=0.5)


def _inside(sample: Sample) -> list[Split]:
    """Return splits inside the sample: by time where several times can be judged, by household otherwise."""
    by_time = [split for split in rolling(sample.times.astype(float), sample.groups, sample.label, dates=3)
               if min(fewest(sample.label[split.learn]), fewest(sample.label[split.judge])) >= 5]  # fmt: skip
    rows = sum(len(split.judge) for split in by_time)
    if rows >= max(300, len(sample) / 5) and _complete(by_time):
        return by_time
    count = 5 if len(sample) < 20_000 else 3
    fold = assign(sample.label, sample.groups, count=count, seed=sample.seed)
    return [Split(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(count)]


def _complete(splits: list[Split]) -> bool:
    return all(len(split.learn) >= 100 for split in splits)
