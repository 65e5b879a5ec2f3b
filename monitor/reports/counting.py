"""A figure counted over the rows a viewer may see, whole or by cells, and the rows behind any cell, exactly those."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, true
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope, within
from monitor.errors import Invalid, NotFound
from monitor.reports.figures import FIGURES, Figure, between, column_of, of_dimension, of_key, rows_of
from monitor.reports.tracking import MARK
from monitor.tables import Alert, Mark, Track, TrackCause

PERCENTILES = (50, 75, 90, 95)


@dataclass(frozen=True)
class Asked:
    """Which figure, of which region and time, split along which dimension (None: one number)."""

    figure: str
    by: str | None = None
    region: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Cell:
    """One number of a report: ``value`` (None: nothing to say), how many rows count, of how many.

    Of days, ``value`` is the median and ``percentiles`` holds the others.
    """

    key: str | None
    value: float | None
    counted: int
    among: int
    percentiles: Mapping[int, int] | None = None


def figure_of(name: str, dimension: str | None) -> Figure:
    """Return the figure of that name; refuses one that is not there and a split that it does not have."""
    found = FIGURES.get(name)
    if found is None:
        raise NotFound(
            zh=f"没有这项指标；可选：{'、'.join(FIGURES)}", en=f"no such figure; there are {', '.join(FIGURES)}"
        )
    if dimension is not None and dimension not in found.dimensions:
        listed = ", ".join(found.dimensions)
        raise Invalid(zh=f"该指标只能按 {listed} 分组", en=f"this figure is split by {listed}")
    return found


def total(session: Session, asked: Asked, *, viewer: Viewer) -> Cell:
    """Return the figure as one number over all that ``viewer`` may see of the region asked for."""
    whole = Asked(asked.figure, None, asked.region, asked.since, asked.until)
    return next(iter(cells(session, whole, viewer=viewer)), Cell(None, None, 0, 0))


def cells(session: Session, asked: Asked, *, viewer: Viewer) -> list[Cell]:
    """Return the figure by cells of ``asked.by``, by key; cells that nothing is said of are left out.

    Only rows in the viewer's region are counted. By rule or feed, an alert is counted under each that was behind it.
    """
    figure = figure_of(asked.figure, asked.by)
    table = rows_of(figure, asked.by)
    key = column_of(table, asked.by) if asked.by is not None else None
    if figure.kind == "days":
        return _days(session, figure, asked, key, viewer)
    counted = func.sum(_one_if(figure.counts(table)))
    grouped = select(*([] if key is None else [key]), func.count(), counted)
    grouped = _narrowed(grouped, figure, asked, table, viewer)
    rows = session.execute(grouped if key is None else grouped.group_by(key)).all()
    found = [_cell(figure, None if key is None else row[0], row[-2], int(row[-1] or 0)) for row in rows]
    return sorted((one for one in found if one.among), key=_by_key)


def rows(
    session: Session, asked: Asked, key: str | None, *, viewer: Viewer, after: uuid.UUID | None = None, most: int = 50
) -> list[Alert]:
    """Return the alerts behind a cell, by id, those that count first of all: exactly as many as the cell says.

    Of a share these are the ones that count; ``key`` is ignored when the figure is not split.
    """
    figure = figure_of(asked.figure, asked.by)
    ids = _ids(figure, asked, key, viewer)
    chosen = select(Alert).where(Alert.id.in_(ids)).order_by(Alert.id).limit(most)
    if after is not None:
        chosen = chosen.where(Alert.id > after)
    return list(session.scalars(chosen))


def count_rows(session: Session, asked: Asked, key: str | None, *, viewer: Viewer) -> int:
    """Return how many alerts stand behind a cell."""
    ids = _ids(figure_of(asked.figure, asked.by), asked, key, viewer)
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def households(session: Session, asked: Asked, *, viewer: Viewer) -> dict[str | None, tuple[int, int, int]]:
    """Return of each cell how many households its rows are of, those that count, and those that do not."""
    figure = figure_of(asked.figure, asked.by)
    table = rows_of(figure, asked.by)
    key, counting = column_of(table, str(asked.by)), figure.counts(table)
    home = (Alert if table is Alert else Track).household_id
    said = (home, case((counting, home)), case((~counting, home)))
    grouped = select(key, *(func.count(one.distinct()) for one in said))
    if table is TrackCause:
        grouped = grouped.join(Track, Track.alert_id == TrackCause.alert_id)
    grouped = _narrowed(grouped, figure, asked, table, viewer).group_by(key)
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(grouped)}


def as_known_at(session: Session) -> datetime | None:
    """Return when the followed rows were last brought up to the alerts; stocks are always of this moment."""
    return session.scalar(select(Mark.at).where(Mark.name == MARK))


def _ids(figure: Figure, asked: Asked, key: str | None, viewer: Viewer) -> Select[uuid.UUID]:
    table = rows_of(figure, asked.by)
    chosen: Select[uuid.UUID] = _narrowed(select(_id_of(table)), figure, asked, table, viewer)
    chosen = chosen.where(figure.counts(table))
    if asked.by is not None:
        chosen = chosen.where(of_key(column_of(table, asked.by), key))
    return chosen.distinct()


def _id_of(table: type[Any]) -> Any:
    return Alert.id if table is Alert else table.alert_id


def _narrowed(statement: Any, figure: Figure, asked: Asked, table: type[Any], viewer: Viewer) -> Any:
    region: ColumnElement[bool] = true() if asked.region is None else within(asked.region, of=table)
    period = true() if figure.stock else between(table, asked.since, asked.until)
    return scope(
        statement.select_from(table).where(figure.among(table), of_dimension(table, asked.by), region, period),
        viewer,
        of=table,
    )


def _one_if(condition: ColumnElement[bool]) -> Any:
    return case((condition, 1), else_=0)


def _cell(figure: Figure, key: Any, among: int, counted: int) -> Cell:
    value = float(counted) if figure.kind == "count" else counted / among if among else None
    return Cell(key, value, counted, among)


def _days(session: Session, figure: Figure, asked: Asked, key: Any, viewer: Viewer) -> list[Cell]:
    """Days are small whole numbers: how often each occurs says every percentile exactly."""
    value = getattr(Track, str(figure.value))
    split = [value] if key is None else [value, key]
    grouped = _narrowed(select(*split, func.count()), figure, asked, Track, viewer).group_by(*split)
    histograms: dict[str | None, list[tuple[int, int]]] = defaultdict(list)
    for row in session.execute(grouped):
        histograms[None if key is None else row[1]].append((row[0], row[-1]))
    return sorted((_percentiles(name, pairs) for name, pairs in histograms.items()), key=_by_key)


def _percentiles(key: str | None, pairs: Iterable[tuple[int, int]]) -> Cell:
    ordered = sorted(pairs)
    count = sum(times for _, times in ordered)
    found = {percent: _nearest(ordered, -(-count * percent // 100)) for percent in PERCENTILES}
    return Cell(key, float(found[50]), count, count, found)


def _nearest(ordered: Sequence[tuple[int, int]], place: int) -> int:
    """The nearest-rank percentile: the value of the ``place``-th of all, counted from 1."""
    seen = 0
    for days, times in ordered:
        seen += times
        if seen >= place:
            return days
    return ordered[-1][0]


def _by_key(cell: Cell) -> tuple[bool, str]:
    return cell.key is None, cell.key or ""
