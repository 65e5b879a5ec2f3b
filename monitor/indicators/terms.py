"""From an indicator's page to the SQL of its parts: windows, filters, aggregates, expressions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from monitor.indicators.vocabulary import constants, months_before
from monitor.lake import sql
from monitor.lake.measures import Measure
from monitor.policy.feed_pages import FeedPage
from monitor.policy.indicator_pages import Aggregate, IndicatorPage, Window
from monitor.policy.language import Expression, Kind, kind_of, to_sql
from monitor.policy.language.tree import Joined, Name
from monitor.policy.vocabulary import CONSTANTS, MEMBER

EXACT_TYPES = ("money", "integer")


@dataclass(frozen=True)
class Span:
    """The days that count: after ``after`` (from ``since`` where months are whole), up to ``until``."""

    column: str
    since: date
    until: date

    @property
    def condition(self) -> str:
        """SQL over the fact's row ``f``."""
        column = f"f.{sql.named(self.column)}"
        return f"{column} >= {sql.day(self.since)} AND {column} <= {sql.day(self.until)}"


@dataclass(frozen=True)
class Reading:
    """One indicator said of a feed's rows.

    ``marked`` (order, filter) asks for each person's rows to be numbered from the newest back; ``of_people``
    tells that the filter looks at the person too.
    """

    page: IndicatorPage
    measure: Measure
    marked: tuple[str, str] | None
    span: Span | None
    of_people: bool

    @property
    def conditions(self) -> tuple[str, ...]:
        """What a row must satisfy to count, one condition at a time."""
        return (*([self.span.condition] if self.span else []), *self.measure.conditions)

    def measure_without(self, asked: Collection[str | None]) -> Measure:
        """Return the measure with those of its conditions that are not in ``asked`` already."""
        return replace(self.measure, conditions=tuple(c for c in self.conditions if c not in asked))


def span_of(window: Window, column: str, as_of: date) -> Span:
    """Return the days of ``window``; both ends of a span belong to it."""
    next_day = timedelta(days=1)
    month_0 = months_before(as_of.replace(day=1), 1)
    match window.kind:
        case "months":
            return Span(column, months_before(as_of, window.first) + next_day, as_of)
        case "days":
            return Span(column, as_of - timedelta(days=window.first - 1), as_of)
        case "next_days":
            return Span(column, as_of + next_day, as_of + timedelta(days=window.first))
        case _:
            end = months_before(months_before(month_0, window.first), -1) - next_day
            return Span(column, months_before(month_0, window.last), end)


def constant(name: str, as_of: date) -> str:
    """Return the SQL literal of one of ``CONSTANTS``."""
    value = constants(as_of)[name]
    if isinstance(value, date):
        return sql.day(value)
    return sql.text(value) if isinstance(value, str) else str(value)


def literal(value: float | bool | None) -> str | None:
    """Return the SQL of what stands for no rows; None stands for unknown."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).upper()
    return str(int(value)) if float(value).is_integer() else repr(float(value))


NO_PARAMETER: Mapping[str, str] = {}  # an indicator is a fact; the policy refuses a limit in it


class FactTerms:
    """Says expressions over one feed's rows (``f``), the person's attributes (``q``) and the date."""

    def __init__(self, feed: FeedPage, as_of: date) -> None:
        self.feed = feed
        self.as_of = as_of
        self.kinds: Mapping[str, Kind] = {**CONSTANTS, **MEMBER, **feed.kinds}

    def column(self, name: str) -> str:
        if name in self.feed.kinds:
            return f"f.{sql.named(name)}"
        return f"q.{sql.named(name)}" if name in MEMBER else constant(name, self.as_of)

    def say(self, expression: Expression) -> str:
        return to_sql(expression, column=self.column, parameter=NO_PARAMETER.__getitem__, kinds=self.kinds)

    def conjuncts(self, expression: Expression) -> tuple[str, ...]:
        """Say each of the conditions that ``expression`` joins by AND."""
        root = expression.root
        items = root.items if isinstance(root, Joined) and root.word == "and" else (root,)
        return tuple(self.say(expression.part(item)) for item in items)

    def kind(self, expression: Expression) -> Kind | None:
        return kind_of(expression, self.kinds)

    def of_people(self, expression: Expression | None) -> bool:
        names = expression.names if expression else frozenset()
        return any(name in MEMBER and name not in self.feed.kinds for name in names)

    def exact(self, expression: Expression | None) -> bool:
        """Whether the expression is one column that holds decimals or whole numbers already."""
        root = expression.root if expression else None
        return isinstance(root, Name) and self.feed.columns[root.name].type in EXACT_TYPES

    def reading(self, page: IndicatorPage) -> Reading:
        """Return how ``page`` is read from the feed's rows."""
        value = page.value or Aggregate("count")
        on = page.on or self.feed.happened_on
        span = span_of(page.window, on, self.as_of) if page.window and on else None
        kind = _kind(value.function, self.kind(value.argument) if value.argument else None)
        measure = Measure(
            name=page.name,
            function=value.function,
            kind=kind,
            conditions=self.conjuncts(page.where) if page.where else (),
            argument=self.say(value.argument) if value.argument else f"f.{sql.named(on)}" if on else None,
            by=f"f.{sql.named(value.by)}" if value.by else sql.day(self.as_of),
            exact=self.exact(value.argument),
            empty=literal(page.empty),
            rollup=page.household or "sum",
            members=page.members,
        )
        if value.function == "latest" and kind != "flag":
            return Reading(page, *_newest(measure, span), None, False)
        return Reading(page, measure, None, span, self.of_people(page.where) or self.of_people(value.argument))


def _newest(measure: Measure, span: Span | None) -> tuple[Measure, tuple[str, str]]:
    """The value of one row is the sum over that row; which row it is, the source marks (``recency``)."""
    empty = None if measure.empty is None else "0"
    only = replace(measure, function="sum", conditions=("f.recency = 1",), empty=empty)
    among = [*([span.condition] if span else []), *measure.conditions]
    return only, (str(measure.by), sql.both(among))


def _kind(function: str, argument: Kind | None) -> Kind:
    return "flag" if function == "any" or (function == "latest" and argument == "flag") else "number"
