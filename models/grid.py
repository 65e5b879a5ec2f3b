"""Every candidate learned from one sample, and calibrated on rows that it did not learn from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models.calibration import platt
from models.evaluation import Split, rolling
from models.folds import assign, fewest
from models.measures import ranking
from models.members import Average, BoostedNext, ProxyMeans, RidgeNext, RuleOrder, Scorecard
from models.sample import Sample
from models.scorer import RiskScorer

Array = NDArray[np.float64]
# A label throws away how far below the line a household came: models of the welfare itself, where there are any, weigh
# double, and then the scorecard, which sees the label alone by a line, has nothing to add.
WITH_SOURCE = {"ridge_next": 2.0, "boosted_next": 2.0, "boosted": 1.0, "rule": 2.0}
WITHOUT_SOURCE = {"scorecard": 2.0, "boosted": 2.0, "rule": 1.0}
FEW_LABELS = 5000
COMPARED_ROWS_MOST = 60_000
JUDGED_TIMES, MANY_TIMES = 3, 6


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
        raw, model = _trained(make, sample, few, splits)
        raw = raw[judged]
        model.slope_, model.intercept_ = platt(raw, few.label[judged], weight)
        held[name], models[name] = model.slope_ * raw + model.intercept_, model
    grid = Grid(models, held, few.label[judged], len(sample))
    _averaged(grid, sample, weight)
    return grid


# Threads of BLAS wait for each other by turning in circles: a line of 60,000 rows takes one less time alone.
@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]  # threadpoolctl is untyped
def _trained(make: Callable[[], Any], sample: Sample, few: Sample, splits: list[Split]) -> tuple[Array, Any]:
    """Return what it says of the rows of ``few`` that it had not seen, and the candidate learned from all."""
    told = np.full(len(few), np.nan)
    for split in splits:
        told[split.judge] = make().learn(few.take(split.learn)).raw(few.features.iloc[split.judge])
    return told, make().learn(sample)


def _averaged(grid: Grid, sample: Sample, weight: Array | None) -> None:
    wanted = WITH_SOURCE if "ridge_next" in grid.models and "boosted_next" in grid.models else WITHOUT_SOURCE
    shares = {name: share for name, share in wanted.items() if name in grid.models}
    if len(shares) > 1:
        mix(grid, "average", {name: share / sum(shares.values()) for name, share in shares.items()}, sample, weight)


def mix(grid: Grid, name: str, shares: dict[str, float], sample: Sample, weight: Array | None) -> None:
    """Put under ``name`` the weighted sum of some candidates' logits, under a line of its own."""
    mean = np.sum([share * grid.held[member] for member, share in shares.items()], axis=0)
    line = platt(mean, grid.label, weight)
    grid.held[name] = line[0] * mean + line[1]
    grid.models[name] = Average.of([(share, grid.models[member]) for member, share in shares.items()], sample, line)


def _makers(sample: Sample, wanted: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {
        "rule": lambda: RuleOrder(*(sample.rule or (sample.welfare, -1))),
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
    if rarer < 500 and len(sample) < FEW_LABELS:
        size = {"max_iter": 60, "max_depth": 3, "max_features": 0.15, "learning_rate": 0.04, "l2": 5.0}
    return RiskScorer(monotone=dict(sample.signs), categorical=sample.categories, seed=sample.seed, **size)


def next_for(sample: Sample) -> BoostedNext:
    """Return the boosted model of next period's welfare of a size that the rows can carry."""
    return BoostedNext() if len(sample) < FEW_LABELS else BoostedNext(max_iter=200, max_depth=5, max_features=0.5)


def _inside(sample: Sample) -> list[Split]:
    """Return splits inside the sample: by time where several times can be judged, by household otherwise."""
    times = np.unique(sample.times)
    # Of many times the latest together are judged by what is older than all of them: a third of the work.
    at = times[-JUDGED_TIMES] if len(times) >= MANY_TIMES else times[-1]
    clock, dates = np.minimum(sample.times, at).astype(float), 1 if len(times) >= MANY_TIMES else JUDGED_TIMES
    by_time = [split for split in rolling(clock, sample.groups, sample.label, dates=dates)
               if min(fewest(sample.label[split.learn]), fewest(sample.label[split.judge])) >= 5]  # fmt: skip
    rows = sum(len(split.judge) for split in by_time)
    if rows >= max(300, len(sample) / 5) and _complete(by_time):
        return by_time
    count = 5 if len(sample) < 20_000 else 3
    fold = assign(sample.label, sample.groups, count=count, seed=sample.seed)
    return [Split(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(count)]


def _complete(splits: list[Split]) -> bool:
    return all(len(split.learn) >= 100 for split in splits)
