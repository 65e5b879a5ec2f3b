"""The choice held against earlier times: at each, what would have been taken before it, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.evaluation import Split, regret, split_by_time, stability
from models.folds import fewest
from models.measures import area, found_at, size_at
from models.task import Task

Array = NDArray[np.float64]
Logits = Callable[[Task, Split], dict[str, Array]]
ROWS_MOST = 8_000
LEAST = 15


@dataclass(frozen=True)
class Dates:
    """By time (rows) and model (columns) the AUC and the precision at capacity, of rows that none had seen.

    ``stability`` is that of the chosen model's precision, ``regret`` how far it stayed behind the best of each time:
    both want two times at least. Every time has its own choice, made from the rows before it.
    """

    area: pd.DataFrame
    precision: pd.DataFrame
    stability: dict[str, float] = field(default_factory=dict)
    regret: float | None = None

    def as_plain(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        tables = {"auc": self.area, "precision": self.precision}
        told = {name: {str(at): row.to_dict() for at, row in table.iterrows()} for name, table in tables.items()}
        return {**told, "stability": self.stability, "regret": self.regret}


def by_date(task: Task, logits: Logits, latest: tuple[dict[str, Array], Array], *, chosen: str) -> Dates:
    """Judge every candidate, and the one ``chosen`` then, on each of the latest times that have older rows.

    ``latest``: logits and labels of the latest time, which was judged already. Of the ``spec.dates`` times before it
    half the households are judged each, and at most ``ROWS_MOST`` rows learned from, whatever the size of the table.
    """
    times = np.unique(task.times)
    found: dict[str, tuple[dict[str, Array], Array]] = {}
    for at in times[1:-1][-task.spec.dates :] if task.spec.dates else []:
        split = _half(task, float(at))
        if split is not None:
            found[_named(task, at)] = logits(task, split), task.label[split.judge]
    if len(times) > 1:
        found[_named(task, times[-1])] = latest
    areas, precisions = (
        pd.DataFrame.from_dict({when: figure(told, label) for when, (told, label) in found.items()}, orient="index")
        for figure in (_areas, lambda told, label: _precisions(told, label, task.spec.capacity))
    )
    return _over_dates(areas, precisions, chosen=chosen)


def _named(task: Task, at: float) -> str:
    return str(task.table[task.spec.time].iloc[int(np.flatnonzero(task.times == at)[0])])


def _areas(told: dict[str, Array], label: Array) -> dict[str, float]:
    return {name: area(logit, label) for name, logit in told.items()}


def _precisions(told: dict[str, Array], label: Array, capacity: float) -> dict[str, float]:
    size = size_at(capacity, len(label))
    return {name: found_at(logit, label, capacity) / size for name, logit in told.items()}


def _half(task: Task, at: float) -> Split | None:
    splits = split_by_time(task.times, task.groups, task.label, at=at, gap=task.spec.gap, folds=2, seed=task.spec.seed)
    if not splits:
        return None
    random = np.random.default_rng(task.spec.seed)
    learn, judge = (np.sort(random.permutation(rows)[:ROWS_MOST]) for rows in (splits[0].learn, splits[0].judge))
    least = min(fewest(task.label[rows], task.groups[rows]) for rows in (learn, judge))
    return Split(learn, judge, at) if least >= LEAST else None


def _over_dates(areas: pd.DataFrame, precision: pd.DataFrame, *, chosen: str) -> Dates:
    if len(precision) < 2:
        return Dates(areas, precision)
    values = precision.fillna(0.0)
    return Dates(areas, precision, stability(values[chosen].tolist()), regret(values, [chosen] * len(values)))
