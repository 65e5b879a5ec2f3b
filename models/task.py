"""From a table and what is wanted of it to a task: who is judged, by which label, learned from what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.clock import as_times
from models.cohort import chosen
from models.folds import codes_of, fewest
from models.histories import base_of, remembered
from models.measures import area
from models.refusals import Unlearnable, Unscorable, named
from models.tables import Columns

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
ROWS_LEAST = 60
CLASS_LEAST = 8
JUDGED_LEAST = 5
REMEMBERED_MOST = 20
"""Columns whose history is told to a model: those that order the labels best on the rows learned from."""
_FOLLOWS_TIME = 0.98
_ROWS_A_TIME, _PERIODS = 5, 10
_UNNAMED_MOST = 0.2
_NEGATIONS = ("非", "不", "未", "无", "没", "not ", "non", "no ", "un")


@dataclass(frozen=True)
class Spec:
    """What is wanted of a table: all that ``train`` is told beside it.

    ``label``: the column of two values; the risk is ``positive``, else the one of two words that is not the other
    denied (``not poor``), else the second in order; rows without a label are not used. ``time``: number
    or date of the row; the latest labelled one is the test. ``group``: the household, never on both sides. ``drop``:
    no features. ``where``: who is judged (``models.cohort``). ``next_welfare`` and ``line``: the continuous source of
    the label, welfare at the next period and what it should not fall below. ``welfare``: the same today, the rule's
    column; found by its name (``FCS_next`` -> ``FCS``) when not told. ``monotone``: +1 or -1 by feature. ``capacity``:
    the share that can be visited. ``protect``: columns whose groups are compared. ``folds``: of households.
    ``block``: villages, drawn whole for intervals (households otherwise). ``chance``: chance of having been looked at.
    ``known_on``: when the label became known; rows whose label was not known by the test's time are not learned from.
    ``gap``: horizon and reporting lag, in days or in the unit of ``time``. ``candidates``: names of models to try, all
    when empty. ``audit``: labels that the intercept may be renewed by. ``dates``: times before the latest on which
    the choice is held against what came. ``seed`` decides everything that is drawn.
    """

    label: str
    time: str
    group: str
    drop: tuple[str, ...] = ()
    where: str | None = None
    next_welfare: str | None = None
    line: float | None = None
    welfare: str | None = None
    monotone: Mapping[str, int] = field(default_factory=dict)
    capacity: float = 0.1
    protect: tuple[str, ...] = ()
    folds: int = 3
    block: str | None = None
    chance: str | None = None
    known_on: str | None = None
    gap: float = 0.0
    candidates: tuple[str, ...] = ()
    positive: str | None = None
    audit: int = 100
    dates: int = 0
    seed: int = 0

    @property
    def not_features(self) -> set[str]:
        named = (self.label, self.time, self.group, self.next_welfare, self.block, self.chance, self.known_on)
        return {name for name in named if name} | set(self.drop)


@dataclass(frozen=True)
class Task:
    """The rows of a table that can be learned from and judged, and what is known of them beside their features.

    ``row`` is the place in the table as it was given. ``times`` are numbers: days, or the table's own unit.
    """

    table: pd.DataFrame
    spec: Spec
    row: Rows
    label: Array
    positive: str
    times: Array
    groups: Rows
    blocks: Rows
    coming: Array | None
    welfare: str | None
    weight: Array | None
    known: Array | None
    notes: tuple[tuple[str, str], ...] = ()

    def columns(self, rows: Any) -> Columns:
        """Learn from some rows, and from no others, how the features are read.

        What only tells the time is no feature, for at one time it tells nobody from anybody; of what the table
        remembers, the histories of those columns are told that order the labels best.
        """
        learned = Columns.learned(self.table.iloc[rows], but=self.spec.not_features)
        values = learned.numbers(self.table.iloc[rows])
        learned = learned.without(_clocks(values, self.times[rows]), "只随时间变化 / follows the time only")
        remote = _least_telling(values[list(learned.names)], self.label[rows])
        return learned.without(remote, "")


def prepare(table: pd.DataFrame, spec: Spec) -> Task:
    """Return the task, or refuse it and say what to mend."""
    _columns_there(table, spec)
    _sense(spec)
    row, notes = _named(table, spec)
    table = with_memory(table.iloc[row].reset_index(drop=True), spec)
    kept = table[spec.label].notna().to_numpy()
    if spec.where:
        kept = kept & chosen(table, spec.where).to_numpy()
    if not kept.any():
        raise Unlearnable(
            zh="条件和标签之后没有剩下任何一行，请检查 --where 与标签列",
            en="no row is left by the condition and the label: check --where and the label column",
        )
    row = row[np.flatnonzero(kept)]
    table = table[kept].reset_index(drop=True)
    label, positive = _label(table[spec.label], spec.positive)
    groups = codes_of(table[spec.group], len(table))
    coming, said = _coming(table, spec, label)
    task = Task(
        table=table,
        spec=spec,
        row=row,
        label=label,
        positive=positive,
        times=as_times(table[spec.time]),
        groups=groups,
        blocks=codes_of(table[spec.block], len(table)) if spec.block else groups,
        coming=coming,
        welfare=_welfare(table, spec, coming is not None),
        weight=None if spec.chance is None else _weight(table[spec.chance]),
        known=None if spec.known_on is None else as_times(table[spec.known_on]),
        notes=(*notes, *_read_as(positive), *said),
    )
    _enough(task)
    return _with_period(task)


def _with_period(task: Task) -> Task:
    """Widen the time that judges backwards, with a note, where its rows are too few to hold both classes."""
    times = np.unique(task.times)
    for at in times[::-1]:
        later = task.times >= at
        if fewest(task.label[later]) >= JUDGED_LEAST:
            break
    if at == times[-1] or later.mean() > 0.5:
        return task
    first = task.table[task.spec.time].iloc[int(np.flatnonzero(task.times == at)[0])]
    zh = f"最后一期的行太少，改以 {first} 起的各期检验"
    en = f"the latest time has too few rows: judged on all times from {first} on"
    return replace(task, times=np.minimum(task.times, at), notes=(*task.notes, (zh, en)))


def with_memory(table: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Return ``table`` and beside it what it remembers of each household; refuses one without household or time."""
    lost = [name for name in (spec.group, spec.time) if name not in table]
    if lost:
        raise Unscorable(zh=f"缺少列：{named(lost)}", en=f"columns are lacking: {named(lost)}")
    groups, times = codes_of(table[spec.group], len(table)), as_times(table[spec.time])
    return pd.concat([table, remembered(table, groups, times, but=spec.not_features)], axis=1)


def _named(table: pd.DataFrame, spec: Spec) -> tuple[Rows, tuple[tuple[str, str], ...]]:
    """Return the places of rows that say whose and of when they are; a few that do not are left out, with a note."""
    notes, kept = [], np.ones(len(table), dtype=bool)
    for name in (spec.time, spec.group):
        missing = table[name].isna().to_numpy()
        count = int(missing.sum())
        if count > _UNNAMED_MOST * len(table):
            raise Unlearnable(zh=f"{name} 列有 {count} 行为空，请补齐或删去", en=f"{name} is empty in {count} rows")
        kept &= ~missing
        if count:
            notes.append((f"{name} 为空的 {count} 行未使用", f"{count} rows without {name} were left out"))
    return np.flatnonzero(kept), tuple(notes)


def _read_as(positive: str) -> tuple[tuple[str, str], ...]:
    if positive.lower() in ("1", "1.0", "true", "yes", "是"):
        return ()
    zh = f"把标签值 {positive} 当作有风险；如不对，请用 --positive 指定"
    return ((zh, f"the label {positive} is read as the risk; if it is not, say which is by --positive"),)


def _clocks(values: pd.DataFrame, times: Array) -> list[str]:
    """Return the features that tell little but the time: nearly all that they vary lies between times."""
    if len(np.unique(times)) < 2 or values.empty:
        return []
    if len(times) < _ROWS_A_TIME * len(np.unique(times)):
        # Where hardly two rows share a time, everything would seem to follow it: neighbouring times are taken together.
        times = np.floor(np.argsort(np.argsort(times, kind="stable")) * _PERIODS / len(times))
    within = (values - values.groupby(times).transform("mean")).var()
    told = (within / values.var().where(lambda all_: all_ > 0)) < 1 - _FOLLOWS_TIME
    return [str(name) for name in told.index[told.fillna(False)]]


def _least_telling(values: pd.DataFrame, label: Array) -> list[str]:
    """Return the remembered features of columns that are not among the ``REMEMBERED_MOST`` most telling."""
    bases = {str(name): base for name in values for base in [base_of(str(name))] if base is not None}
    told = {base: _telling(values[base], label) for base in set(bases.values()) if base in values}
    best = sorted(told, key=lambda base: (-told[base], base))[:REMEMBERED_MOST]
    return [name for name, base in bases.items() if base not in best]


def _telling(values: "pd.Series[float]", label: Array) -> float:
    known = values.notna().to_numpy()
    found = area(np.asarray(values, dtype=np.float64)[known], label[known]) if known.any() else 0.5
    return 0.0 if np.isnan(found) else abs(found - 0.5)


def _columns_there(table: pd.DataFrame, spec: Spec) -> None:
    named = [spec.label, spec.time, spec.group, *spec.drop, *spec.protect, *spec.monotone]
    named += [name for name in (spec.next_welfare, spec.welfare, spec.block, spec.chance, spec.known_on) if name]
    there = [str(name) for name in table.columns]
    lost = [name for name in dict.fromkeys(named) if name not in there]
    if lost:
        near = {name: get_close_matches(name, there, n=1) for name in lost}
        hint = "; ".join(f"{name} -> {found[0]}?" for name, found in near.items() if found)
        raise Unlearnable(
            zh=f"表中没有这些列：{', '.join(lost)}{'；是否为 ' + hint if hint else ''}",
            en=f"the table has no columns {', '.join(lost)}{'; is it ' + hint if hint else ''}",
        )


def _sense(spec: Spec) -> None:
    if not 0 < spec.capacity < 1:
        raise Unlearnable(zh="能力应为 0 与 1 之间的比例", en="capacity is a share between 0 and 1")
    if spec.folds < 2:
        raise Unlearnable(zh="折数至少为 2", en="at least 2 folds")
    if (spec.line is None) != (spec.next_welfare is None):
        raise Unlearnable(
            zh="--next-welfare 与 --line 要一起给出", en="--next-welfare and --line are told together or not at all"
        )
    wrong = sorted(name for name, sign in spec.monotone.items() if sign not in (1, -1, 0))
    if wrong:
        raise Unlearnable(zh=f"单调方向应为 1 或 -1：{named(wrong)}", en=f"a monotone sign is 1 or -1: {named(wrong)}")


def _label(values: "pd.Series[Any]", positive: str | None) -> tuple[Array, str]:
    found = sorted(values.unique().tolist(), key=lambda one: (str(type(one)), one))
    if len(found) == 1:
        raise Unlearnable(
            zh=f"标签只有一类（{found[0]}），无法学习：请检查标签列或条件",
            en=f"only one class ({found[0]}): the labels are all the same; check the label column or the condition",
        )
    if len(found) != 2:
        raise Unlearnable(
            zh=f"标签应只有两个值，现有 {len(found)} 个；请先按标准划线",
            en=f"a label has two values, this one has {len(found)}; draw the line first",
        )
    names = [str(one).strip().removesuffix(".0") for one in found]
    if positive is not None and positive.removesuffix(".0") not in names:
        raise Unlearnable(
            zh=f"标签没有值 {positive}，只有 {'、'.join(names)}",
            en=f"the label has no value {positive}, it has {' and '.join(names)}",
        )
    place = _denied(names) if positive is None else names.index(positive.removesuffix(".0"))
    return (values == found[place]).to_numpy(dtype=np.float64, na_value=False), str(found[place])


def _denied(names: list[str]) -> int:
    """Return which of two words is the risk: the one that the other denies, else the second."""
    first, second = (name.lower() for name in names)
    return 0 if any(second == word + first or second == f"{word.strip()}-{first}" for word in _NEGATIONS) else 1


def _coming(table: pd.DataFrame, spec: Spec, label: Array) -> tuple[Array | None, tuple[tuple[str, str], ...]]:
    """Return next period's welfare; None, with a note, where being below its line is not what the label says."""
    if spec.next_welfare is None or spec.line is None:
        return None, ()
    coming = pd.to_numeric(table[spec.next_welfare], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(coming)
    agrees = ((coming <= spec.line) == (label > 0))[known]
    if known.sum() < ROWS_LEAST or agrees.mean() < 0.9:
        share = float(agrees.mean()) if known.any() else 0.0
        zh = f"{spec.next_welfare} 与标准线只解释 {share:.0%} 的标签，未使用"
        return None, ((zh, f"{spec.next_welfare} and its line agree with {share:.0%} of the labels: not used"),)
    return coming, ()


def _welfare(table: pd.DataFrame, spec: Spec, has_source: bool) -> str | None:
    if spec.welfare:
        return spec.welfare
    if spec.next_welfare is None or not has_source:
        return None
    lower = {str(name).lower(): str(name) for name in table.columns if name not in spec.not_features}
    stem = spec.next_welfare.lower()
    for mark in ("_next", "next_", "next", "_lead", "lead_", "_t1", "_future", "future_", "_f1", "f_"):
        bare = stem.removesuffix(mark) if stem.endswith(mark) else stem.removeprefix(mark)
        if bare != stem and bare in lower and pd.api.types.is_numeric_dtype(table[lower[bare]].dtype):
            return lower[bare]
    return _nearest(table[list(lower.values())], table[spec.next_welfare])


def _nearest(features: pd.DataFrame, coming: "pd.Series[Any]") -> str | None:
    numbers = features.select_dtypes("number")
    linked = numbers.rank().corrwith(pd.to_numeric(coming, errors="coerce").rank()).dropna()
    return None if linked.empty or linked.max() < 0.2 else str(linked.idxmax())


def _weight(chance: "pd.Series[Any]") -> Array:
    told = pd.to_numeric(chance, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if not ((told > 0) & (told <= 1)).all():
        raise Unlearnable(
            zh="被核查的概率应大于 0、不超过 1，且不为空",
            en="the chance of being looked at is above 0, at most 1, never empty",
        )
    return 1 / told


def _enough(task: Task) -> None:
    rows, ups = len(task.label), int(task.label.sum())
    households = len(np.unique(task.groups))
    if rows >= ROWS_LEAST and households < CLASS_LEAST:
        raise Unlearnable(
            zh=f"分组列 {task.spec.group} 只有 {households} 户，无法在其他户上检验：请检查 --group",
            en=f"{task.spec.group} tells only {households} households apart, none to judge on: check --group",
        )
    if rows < ROWS_LEAST or min(ups, rows - ups) < CLASS_LEAST:
        raise Unlearnable(
            zh=f"可用的行太少：{rows} 行，其中有风险 {ups} 行；至少要 {ROWS_LEAST} 行、每类 {CLASS_LEAST} 行",
            en=f"too few rows: {rows}, {ups} of them at risk; at least {ROWS_LEAST}, and {CLASS_LEAST} of each class",
        )
