"""Judging as the field would: on later times, other households, by group, over dates, and where few were seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.bootstrap import Interval, drawn, share
from models.folds import assign, codes_of
from models.measures import found_at, size_at
from models.refusals import Unlearnable

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
POSITIVES_LEAST = 30
BUNDLES_MOST = 2000


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to be judged on: none of the same group, none learned from that is not older."""

    learn: Rows
    judge: Rows
    time: Any = None


def split_by_time(  # noqa: PLR0913  # what a clock and a household ask of a split
    times: Array, groups: Any, label: Array, *, at: float, gap: float = 0.0, folds: int = 3, seed: int = 0
) -> list[Split]:
    """Return ``folds`` splits that judge all rows of time ``at``, each by rows before it of other groups.

    A row is learned from when its time is before ``at`` by more than ``gap``: the label's horizon and the lag with
    which it is reported, in the unit of ``times``, so that no label is used before it could have been known. A table
    that shares no group between the two needs one split only.
    """
    judged, older = times == at, times < at - gap
    if gap == 0:
        older = times < at
    code = codes_of(groups, len(times))
    if not np.intersect1d(code[judged], code[older]).size:
        return [Split(np.flatnonzero(older), np.flatnonzero(judged), at)]
    kept = np.flatnonzero(judged | older)
    fold = np.full(len(times), -1, dtype=np.int64)
    fold[kept] = assign(label[kept], code[kept], count=folds, seed=seed)
    splits = [(older & (fold != one), judged & (fold == one)) for one in range(folds)]
    return [Split(np.flatnonzero(learn), np.flatnonzero(judge), at) for learn, judge in splits if judge.any()]


def rolling(  # noqa: PLR0913  # as split_by_time
    times: Array, groups: Any, label: Array, *, dates: int = 6, gap: float = 0.0, folds: int = 3, seed: int = 0
) -> Iterator[Split]:
    """Yield the splits of each of the latest ``dates`` times that have older rows to learn from, oldest first."""
    for at in np.unique(times)[1:][-dates:]:
        for split in split_by_time(times, groups, label, at=float(at), gap=gap, folds=folds, seed=seed):
            if len(split.learn) and len(split.judge):
                yield split


def overlap(split: Split, groups: Any, times: Array) -> int:
    """Count groups on both sides, and rows learned from that are not older than those judged: 0 or it is a leak."""
    code = np.asarray(groups)
    same = np.intersect1d(code[split.learn], code[split.judge]).size
    late = int((times[split.learn] >= split.time).sum()) if split.time is not None else 0
    return int(same) + late


@dataclass(frozen=True)
class Group:
    """How a group is served at capacity: its recall, and that over the best served group's, with its interval."""

    name: str
    rows: int
    positives: int
    recall: float
    selected: float
    ratio: Interval | None

    @property
    def enough(self) -> bool:
        """Return whether there are positives enough to say anything: a pass is never read from a handful."""
        return self.positives >= POSITIVES_LEAST


def by_group(score: Array, label: Array, names: Any, block: Rows, *, capacity: float, seed: int = 0) -> list[Group]:
    """Return each group's share of positives found when ``capacity`` of all is visited, against the best served.

    Groups of fewer than ``POSITIVES_LEAST`` positives are named and not compared. Ties at the edge are broken against
    the positives. Numbers of many values are cut at their terciles.
    """
    order = np.lexsort((label, -score))
    chosen = np.zeros(len(score))
    chosen[order[: size_at(capacity, len(score))]] = 1
    group, values = pd.factorize(_cut(names), sort=True)
    # Drawing bundles of blocks says the same of chance as drawing each, and a million households fit in memory.
    block = block % BUNDLES_MOST
    shape = (int(block.max()) + 1, len(values))
    place = block * shape[1] + group
    sums = np.stack(
        [
            np.bincount(place, weights=each, minlength=shape[0] * shape[1]).reshape(shape)
            for each in (np.ones(len(score)), label, label * chosen, chosen)
        ],
        axis=-1,
    ).astype(np.float64)
    rows, ups, found, visited = np.moveaxis(sums.sum(axis=0), -1, 0)
    recall = share(found, ups)
    compared = ups >= POSITIVES_LEAST
    ratios = _ratios(sums[:, compared], seed) if compared.sum() > 1 else []
    told = dict(zip(np.flatnonzero(compared).tolist(), ratios, strict=False))
    return [
        Group(str(value), int(rows[i]), int(ups[i]), float(recall[i]), float(visited[i] / rows[i]), told.get(i))
        for i, value in enumerate(values)
    ]


def _cut(names: Any) -> "pd.Series[str]":
    values = pd.Series(np.asarray(names))
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and values.nunique() > 8:
        values = pd.qcut(values, 3, duplicates="drop").astype("string")
    return values.astype("string").fillna("未知 unknown")


def _ratios(sums: Array, seed: int) -> list[Interval]:
    whole = share(sums.sum(axis=0)[:, 2], sums.sum(axis=0)[:, 1])
    best = int(np.argmax(whole))
    often = drawn(sums, seed=seed, draws=1000)
    recalls = share(often[..., 2], often[..., 1])
    ratios = recalls / recalls[:, [best]]
    low, high = np.nanquantile(ratios, [0.025, 0.975], axis=0)
    return [Interval(float(whole[i] / whole[best]), float(low[i]), float(high[i])) for i in range(len(whole))]


def under_selection(score: Array, label: Array, chance: Array, *, capacity: float) -> dict[str, float]:
    """Return precision at capacity where ``label`` is NaN for who was not looked at, said in four ways side by side.

    ``labelled_only``: of those looked at; ``worst`` and ``best``: everybody else counted as no, as yes;
    ``inverse_propensity``: those looked at weighed by one over the ``chance`` that each had, between 0 and 1.
    """
    if ((chance <= 0) | (chance > 1)).any():
        raise Unlearnable(zh="被核查的概率应在 0 与 1 之间", en="the chance of being looked at lies above 0, at most 1")
    first = np.argsort(-score, kind="stable")[: size_at(capacity, len(score))]
    told, seen = label[first], np.isfinite(label[first])
    weight = np.where(seen, 1 / chance[first], 0.0)
    known = np.where(seen, told, 0.0)
    return {
        "labelled_share": float(seen.mean()),
        "labelled_only": float(known.sum() / seen.sum()) if seen.any() else float("nan"),
        "worst": float(known.mean()),
        "best": float((known.sum() + (~seen).sum()) / len(first)),
        "inverse_propensity": float((weight * known).sum() / weight.sum()) if seen.any() else float("nan"),
    }


def stability(values: Sequence[float]) -> dict[str, float]:
    """Return mean, coefficient of variation, and the worst date over the mean, of one figure by date."""
    told = np.asarray(values, dtype=float)
    mean = float(told.mean())
    spread = float(told.std(ddof=1)) if len(told) > 1 else float("nan")
    return {
        "mean": mean,
        "cv": spread / mean if mean else float("nan"),
        "worst": float(told.min()) / mean if mean else 0.0,
    }


def shared_first(score: Array, other: Array, *, capacity: float) -> float:
    """Return the Jaccard share of two lists' first households at capacity."""
    size = size_at(capacity, len(score))
    first, second = (set(np.argsort(-each, kind="stable")[:size].tolist()) for each in (score, other))
    return len(first & second) / len(first | second)


def regret(by_date: pd.DataFrame, chosen: Sequence[str]) -> float:
    """Return the mean, over dates, of the best model's figure less the chosen one's, as a share of the best's.

    ``by_date``: dates by models; ``chosen``: for each date what the rule of selection took from the dates before.
    """
    best = by_date.max(axis=1).to_numpy()
    taken = np.array([by_date.iloc[place][name] for place, name in enumerate(chosen)])
    return float(((best - taken) / np.where(best > 0, best, 1)).mean())


def found_by_capacity(score: Array, label: Array, capacities: Sequence[float]) -> list[float]:
    """Return the positives found in the worst case at each capacity: what one model is held against another by."""
    return [found_at(score, label, capacity) for capacity in capacities]
