"""From the answers of the plan to one table: every indicator a column, unknown is NA."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from monitor.indicators.plan import Derived, Group, Plan
from monitor.indicators.vocabulary import HOUSEHOLD_ATTRIBUTES, constants
from monitor.lake import View, sql
from monitor.lake.measures import WITH_ROWS
from monitor.policy.language import Kind, evaluate
from monitor.policy.vocabulary import CONSTANTS

Places = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]
EXTREMES: Mapping[str, Callable[[Values, float], Values]] = {"max": np.maximum, "min": np.minimum}


@dataclass(frozen=True)
class Base:
    """The households of one slice, in order of place; ``heads`` counts their members by who is meant."""

    index: pd.Index
    start: int
    heads: Mapping[str, Values]


def assemble(view: View, plan: Plan, *, start: int, stop: int) -> pd.DataFrame:
    """Return every indicator of the households whose place lies in the half-open range, in order of place.

    Numbers are Float64, flags boolean, texts string; the index is the household key.
    """
    rows = view.query(
        sql.sliced("households", ["place", "household_key", *HOUSEHOLD_ATTRIBUTES], start=start, stop=stop)
    )
    rows = rows.take(pa.array(np.argsort(rows.column("place").to_numpy())))
    index = pd.Index(rows.column("household_key").to_numpy(), name="household_key")
    found = {name: _attribute(rows.column(name), index) for name in HOUSEHOLD_ATTRIBUTES}
    everybody, living = _numbers(rows.column("members")), _numbers(rows.column("members_living"))
    base = Base(index, start, {"all": everybody, "living": living, "dead": everybody - living})
    for group in plan.groups:
        found |= _of_group(view, group, base, stop)
    for derived in plan.derived:
        found |= _of_derived(view, plan, derived, base, stop)
    found |= {page.name: _unknown(plan.rolled_kind(page), index) for page in plan.pages.values() if plan.absent(page)}
    for name, column in _of_households(plan, found, index):
        found[name] = column
    return pd.DataFrame({name: found[name] for name in (*HOUSEHOLD_ATTRIBUTES, *plan.pages)}, index=index)


def _of_group(view: View, group: Group, base: Base, stop: int) -> dict[str, pd.Series]:
    names = [r.page.name for r in group.readings]
    rows = view.query(sql.sliced(f"household_{group.name}", ["place", WITH_ROWS, *names], start=base.start, stop=stop))
    at = rows.column("place").to_numpy() - base.start
    found = {}
    for reading in group.readings:
        page, column = reading.page, rows.column(reading.page.name)
        beyond = EXTREMES.get(page.household or "")
        if beyond is None or page.empty is None:
            found[page.name] = _laid_out(column, at, base.index, 0 if beyond is None else None)
            continue
        values = _laid(column, at, len(base.index), page.empty)
        missing = _laid(rows.column(WITH_ROWS), at, len(base.index), 0) < base.heads[page.members]
        found[page.name] = _number(np.where(missing, beyond(values, float(page.empty)), values), base.index)
    return found


def _of_derived(view: View, plan: Plan, derived: Derived, base: Base, stop: int) -> dict[str, pd.Series]:
    names = [page.name for page in derived.pages]
    rows = view.query(sql.sliced(derived.name, ["place", *names], start=base.start, stop=stop))
    at = rows.column("place").to_numpy() - base.start
    return {name: _laid_out(rows.column(name), at, base.index, 0) for name in names}


def _of_households(plan: Plan, found: Mapping[str, pd.Series], index: pd.Index) -> Iterator[tuple[str, pd.Series]]:
    said = {name: pd.Series(value, index=index) for name, value in constants(plan.as_of).items()}
    for name, expression in plan.household_pages:
        columns = {inner: said[inner] if inner in CONSTANTS else found[inner] for inner in expression.names}
        yield name, evaluate(expression, columns, {})


def _attribute(column: pa.ChunkedArray, index: pd.Index) -> pd.Series:
    if pa.types.is_string(column.type):
        return pd.Series(pd.arrays.ArrowStringArray(column), index=index)
    return _number(_numbers(column), index)


def _laid_out(column: pa.ChunkedArray, at: Places, index: pd.Index, without: float | bool | None) -> pd.Series:
    """Spread a column over the households that it speaks of; the others get ``without`` (None: unknown)."""
    if pa.types.is_boolean(column.type):
        values = _laid(column.cast(pa.int8()), at, len(index), without)
        return pd.Series(pd.arrays.BooleanArray(values == 1, np.isnan(values)), index=index)
    return _number(_laid(column, at, len(index), without), index)


def _laid(column: pa.ChunkedArray, at: Places, size: int, without: float | bool | None) -> Values:
    values = np.full(size, np.nan if without is None else without, np.float64)
    values[at] = _numbers(column)
    return values


def _numbers(column: pa.ChunkedArray) -> Values:
    numbers: Values = column.cast(pa.float64()).to_numpy()
    return numbers


def _number(values: Values, index: pd.Index) -> pd.Series:
    return pd.Series(pd.arrays.FloatingArray(values, np.isnan(values)), index=index)


def _unknown(kind: Kind, index: pd.Index) -> pd.Series:
    nothing = np.ones(len(index), np.bool_)
    if kind == "flag":
        return pd.Series(pd.arrays.BooleanArray(~nothing, nothing), index=index)
    return _number(np.full(len(index), np.nan), index)
