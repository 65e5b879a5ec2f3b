"""What each number means, said once: pages, gauges, exports and the lists behind a number all read it here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.orm import aliased

from monitor.alerts.asked import AUDIT
from monitor.service import today
from monitor.tables import Alert, Referral, Track, TrackCause

Kind = Literal["count", "share", "days"]
Told = Literal["among", "counts"]
CONFIRMED = ("confirmed", "partly", "helped")
FREE = ("open", "reopened", "returned", "transferred")  # nobody has it in hand
AREAS = ("county", "town", "village")
CAUSES = ("rule", "feed")
_NOW = (*AREAS, "level", "status", "category")
_FLOW = (*AREAS, "level", "month", "model", "result")


def settled(table: Any) -> ColumnElement[bool]:
    """Whether somebody came to a conclusion about the alert."""
    return table.result.is_not(None)  # type: ignore[no-any-return]


def settled_by_rules(table: Any) -> ColumnElement[bool]:
    """Whether somebody came to a conclusion about an alert that more than the random sample asked for."""
    drawn, other = aliased(TrackCause), aliased(TrackCause)
    ruled = select(other.alert_id).where(other.alert_id == drawn.alert_id, other.kind == "rule", other.cause != AUDIT)
    alone = select(drawn.alert_id).where(drawn.kind == "rule", drawn.cause == AUDIT, ~ruled.exists())
    return and_(settled(table), table.alert_id.not_in(alone))


def confirmed(table: Any) -> ColumnElement[bool]:
    """Whether the conclusion was that the household does need what the alert said, wholly or in part."""
    return table.result.in_(CONFIRMED)  # type: ignore[no-any-return]


def false_alarm(table: Any) -> ColumnElement[bool]:
    """Whether the conclusion was that the data was wrong."""
    return table.result == "false_alarm"  # type: ignore[no-any-return]


def standing(table: Any) -> ColumnElement[bool]:
    """Whether an alert still needs somebody."""
    return table.closed_at.is_(None)  # type: ignore[no-any-return]


def unassigned(table: Any) -> ColumnElement[bool]:
    """Whether nobody has the alert in hand."""
    return table.status.in_(FREE)  # type: ignore[no-any-return]


def overdue(table: Any) -> ColumnElement[bool]:
    """Whether what is due next was due before today, by the city's calendar."""
    return table.due_on < today()  # type: ignore[no-any-return]


def any_row(_: Any) -> ColumnElement[bool]:
    """Every row counts."""
    return true()


@dataclass(frozen=True)
class Figure:
    """One number: its words, the rows it is said of (``among``), and which of them it counts (``counts``).

    A ``count`` is how many rows count; a ``share`` is those that count among all; ``days`` are percentiles of the
    column ``value``. A ``stock`` is of this moment, the others of the alerts opened between two dates.
    """

    name: str
    kind: Kind
    zh: str
    en: str
    among: Any
    counts: Any
    dimensions: tuple[str, ...]
    value: str | None = None
    stock: bool = False

    @property
    def table(self) -> type[Any]:
        """The rows it is said of: alerts as they stand, or as the reports follow them."""
        return Alert if self.stock else Track


def _acted(table: Any) -> ColumnElement[bool]:
    return table.first_days.is_not(None)  # type: ignore[no-any-return]


def _closed(table: Any) -> ColumnElement[bool]:
    return table.close_days.is_not(None)  # type: ignore[no-any-return]


def _cleared(table: Any) -> ColumnElement[bool]:
    return table.cleared_on.is_not(None)  # type: ignore[no-any-return]


def referred(table: Any) -> ColumnElement[bool]:
    """Whether a department has not yet answered a referral made for the alert, open or ended; data apart."""
    asked = select(Referral.alert_id).where(Referral.ended_at.is_(None), Referral.feed.is_(None))
    return table.id.in_(asked)  # type: ignore[no-any-return]


def _referral_late(table: Any) -> ColumnElement[bool]:
    late = select(Referral.alert_id).where(Referral.ended_at.is_(None), Referral.due_on < today())
    late = late.where(Referral.feed.is_(None))
    return table.id.in_(late)  # type: ignore[no-any-return]


def _cohort(months: int) -> Figure:
    """Of the cases opened at least so many months ago, those in which some help was given within them."""
    days = round(months * 365 / 12)

    def old(table: Any) -> ColumnElement[bool]:
        return table.case_on <= today() - timedelta(days=days)  # type: ignore[no-any-return]

    def helped(table: Any) -> ColumnElement[bool]:
        return and_(table.helped_days.is_not(None), table.helped_days <= days)

    zh, en = f"{months}个月内已落实帮扶", f"cases helped within {months} months, of those as old"
    return Figure(f"helped_{months}m", "share", zh, en, old, helped, _FLOW)


_RULED = (*_FLOW, *CAUSES)
_ALL: tuple[Figure, ...] = (
    Figure("open", "count", "未办结", "open alerts", standing, any_row, _NOW, stock=True),
    Figure("overdue", "count", "逾期", "open, past what is due next", standing, overdue, _NOW, stock=True),
    Figure("unassigned", "count", "未分派", "open, in nobody's hand", standing, unassigned, _NOW, stock=True),
    Figure(
        "cleared_waiting",
        "count",
        "原因已消除待办结",
        "open, every reason cleared",
        standing,
        _cleared,
        _NOW,
        stock=True,
    ),
    Figure("referred", "count", "转办未办结", "with a referral unanswered", referred, any_row, _NOW, stock=True),
    Figure(
        "referral_overdue", "count", "转办逾期", "with a referral overdue", referred, _referral_late, _NOW, stock=True
    ),
    Figure("raised", "count", "新增预警", "alerts raised", any_row, any_row, _RULED),
    Figure("closed", "count", "其中已办结", "of these, ended", any_row, _closed, _FLOW),
    Figure("first_action", "days", "首次处置天数", "days to the first contact", _acted, any_row, _FLOW, "first_days"),
    Figure("closing", "days", "办结天数", "days to the end", _closed, any_row, _FLOW, "close_days"),
    Figure(
        "confirmed_share",
        "share",
        "属实率",
        "confirmed, in part or helped, of those settled",
        settled_by_rules,
        confirmed,
        _RULED,
    ),
    Figure(
        "false_alarm_share", "share", "误报率", "false alarms of those settled", settled_by_rules, false_alarm, _RULED
    ),
)
_ALL += tuple(_cohort(months) for months in (3, 6, 12))
FIGURES: Mapping[str, Figure] = {one.name: one for one in _ALL}


def rows_of(figure: Figure, dimension: str | None) -> type[Any]:
    """Return the table whose rows are counted: by rule or feed an alert stands once for each that was behind it."""
    return TrackCause if dimension in CAUSES else figure.table


def column_of(table: type[Any], dimension: str) -> Any:
    """Return the column by which a figure is split along ``dimension``."""
    return getattr(table, {"month": "opened_month", "rule": "cause", "feed": "cause"}.get(dimension, dimension))


def of_dimension(table: type[Any], dimension: str | None) -> ColumnElement[bool]:
    """Return the condition that a row is one of those that are split along ``dimension``."""
    return table.kind == dimension if dimension in CAUSES else true()


def between(table: type[Any], since: date | None, until: date | None) -> ColumnElement[bool]:
    """Return the condition that an alert was opened on or between two dates; None: no bound on that side."""
    found: ColumnElement[bool] = true()
    if since is not None:
        found = found & (table.opened_on >= since)
    if until is not None:
        found = found & (table.opened_on <= until)
    return found


def of_key(column: Any, key: str | None) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the cell ``key``; None is the cell of rows that have no value."""
    return column.is_(None) if key is None else column == key  # type: ignore[no-any-return]
