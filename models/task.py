"""From a table and what is wanted of it to a task: who is judged, by which label, learned from what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.cohort import chosen
from models.folds import codes_of
from models.refusals import Unlearnable
from models.tables import Columns, days

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
ROWS_LEAST = 60
CLASS_LEAST = 8


@dataclass(frozen=True)
class Spec:
    """What is wanted of a table: all that ``train`` is told beside it.

    ``label``: the column of two values, the second in order is the risk; rows without it are not used. ``time``: number
    or date of the row; the latest labelled one is the test. ``group``: the household, never on both sides. ``drop``:
    no features. ``where``: who is judged (``models.cohort``). ``next_welfare`` and ``line``: the continuous source of
    the label, welfare at the next period and what it should not fall below. ``welfare``: the same today, the rule's
    column; found by its name (``FCS_next`` -> ``FCS``) when not told. ``monotone``: +1 or -1 by feature. ``capacity``:
    the share that can be visited. ``protect``: columns whose groups are compared. ``folds``: of households.
    ``block``: villages, drawn whole for intervals (households otherwise). ``chance``: chance of having been looked at.
    ``known_on``: when the label became known; rows whose label was not known by the test's time are not learned from.
    ``gap``: horizon and reporting lag, in days or in the unit of ``time``. ``candidates``: names of models to try, all
    when empty. ``audit``: labels that the intercept may be renewed by. ``seed`` decides everything that is drawn.
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
    audit: int = 100
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
        """Learn from some rows, and from no others, how the features are read."""
        return Columns.learned(self.table.iloc[rows], but=self.spec.not_features)


def prepare(table: pd.DataFrame, spec: Spec) -> Task:
    """Return the task, or refuse it and say what to mend."""
    _columns_there(table, spec)
    _sense(spec)
    table = table.reset_index(drop=True)
    kept = table[spec.label].notna().to_numpy()
    if spec.where:
        kept = kept & chosen(table, spec.where).to_numpy()
    if not kept.any():
        raise Unlearnable(
            zh="条件和标签之后没有剩下任何一行，请检查 --where 与标签列",
            en="no row is left by the condition and the label: check --where and the label column",
        )
    row = np.flatnonzero(kept)
    table = table.iloc[row].reset_index(drop=True)
    for name in (spec.time, spec.group):
        missing = int(table[name].isna().sum())
        if missing:
            raise Unlearnable(zh=f"{name} 列有 {missing} 行为空，请补齐或删去", en=f"{name} is empty in {missing} rows")
    label, positive = _label(table[spec.label])
    groups = codes_of(table[spec.group], len(table))
    coming, notes = _coming(table, spec, label)
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
        notes=notes,
    )
    _enough(task)
    return task


def as_times(values: "pd.Series[Any]") -> Array:
    """Return times as numbers in their order: numbers as they are, dates as days, other texts by their place."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    told = days(values)
    if np.isfinite(told).sum() == values.notna().sum():
        return told
    code, _ = pd.factorize(values.astype("string"), sort=True)
    return np.where(code < 0, np.nan, code).astype(np.float64)


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
        raise Unlearnable(zh=f"单调方向应为 1 或 -1：{wrong}", en=f"a monotone sign is 1 or -1: {wrong}")


def _label(values: "pd.Series[Any]") -> tuple[Array, str]:
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
    return (values == found[1]).to_numpy(dtype=np.float64), str(found[1])


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
    if rows < ROWS_LEAST or min(ups, rows - ups) < CLASS_LEAST:
        raise Unlearnable(
            zh=f"可用的行太少：{rows} 行，其中有风险 {ups} 行；至少要 {ROWS_LEAST} 行、每类 {CLASS_LEAST} 行",
            en=f"too few rows: {rows}, {ups} of them at risk; at least {ROWS_LEAST}, and {CLASS_LEAST} of each class",
        )
