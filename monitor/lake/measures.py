"""What is said of a person from the rows of one feed, and how it is carried up to the household.

Sums are over decimals: their result does not depend on the order of rows, so it is the same on any machine.
"""

from dataclasses import dataclass
from typing import Literal

from monitor.lake.sql import both, named

Kind = Literal["number", "flag", "date", "text"]
WHO = {"living": "m.alive", "dead": "NOT m.alive", "all": "TRUE"}
ABSENT: dict[Kind, str] = {
    "number": "CAST(NULL AS DOUBLE)",
    "flag": "CAST(NULL AS BOOLEAN)",
    "date": "CAST(NULL AS DATE)",
    "text": "CAST(NULL AS VARCHAR)",
}
HEADS = {"living": "h.members_living", "all": "h.members", "dead": "(h.members - h.members_living)"}
NONE = {"any": "FALSE", "count": "CAST(0 AS DOUBLE)"}
WITH_ROWS = "with_rows"
EXTREME = {"max": "greatest", "min": "least"}


@dataclass(frozen=True)
class Measure:
    """One aggregate over a person's rows: all parts but the names are SQL already."""

    name: str
    function: str
    kind: Kind
    condition: str
    argument: str | None = None
    by: str | None = None
    exact: bool = False
    empty: str | None = None
    rollup: str = "sum"
    members: str = "living"

    def of_person(self) -> str:
        """Return the aggregate over one person's rows; without a row it is ``empty``."""
        some = f"FILTER (WHERE {self.condition})"
        match self.function:
            case "sum":
                term = self.argument if self.exact else f"CAST({self.argument} AS DECIMAL(18, 4))"
                return self._or_empty(f"CAST(sum({term}) {some} AS DECIMAL(18, {2 if self.exact else 4}))")
            case "count":
                return f"count(*) {some}"
            case "count_distinct":
                return f"count(DISTINCT {self.argument}) {some}"
            case "any":
                return f"coalesce(bool_or({self.argument}) {some}, FALSE)"
            case "latest":
                held = both([self.condition, str(self.argument)])
                return f"coalesce(max({self.by}) FILTER (WHERE {held}) = max({self.by}) {some}, FALSE)"
            case "days_since_latest":
                return f"date_diff('day', max({self.argument}) {some}, {self.by})"
            case _:
                return self._or_empty(f"{self.function}({self.argument}) {some}")

    def _or_empty(self, found: str) -> str:
        return found if self.empty is None else f"coalesce({found}, {self.empty})"

    def of_household(self) -> str:
        """Return the roll-up over the members in question who have rows (``p``)."""
        column = f"p.{named(self.name)}"
        match self.rollup:
            case "any":
                return f"bool_or({column})"
            case "count":
                return f"count(*) FILTER (WHERE {column if self.kind == 'flag' else f'{column} > 0'})"
            case _:
                return f"{self.rollup}({column})"

    def in_the_end(self, table: str) -> str:
        """Return the household's value, members without rows counted in; ``table`` holds the roll-up."""
        column = f"{table}.{named(self.name)}"
        if self.rollup in EXTREME and self.kind == "number" and self.empty is not None:
            column = f"coalesce({column}, {self.empty})"
            missing = f"coalesce({table}.{named(WITH_ROWS)}, 0) < {HEADS[self.members]}"
            bounded = f"{EXTREME[self.rollup]}({column}, {self.empty})"
            return f"CAST(CASE WHEN {missing} THEN {bounded} ELSE {column} END AS DOUBLE)"
        if self.rollup == "any":
            return f"coalesce({column}, FALSE)"
        if self.rollup in EXTREME:
            return column if self.kind == "date" else f"CAST({column} AS DOUBLE)"
        return f"CAST(coalesce({column}, 0) AS DOUBLE)"


def rolled_up(name: str, *, how: str, kind: Kind) -> str:
    """Return the roll-up of a value said of every member (``m``): one unknown member makes it unknown.

    Unless the known ones settle it: one true member is enough for ``any`` (Kleene's OR), and a ``count`` that
    is above nought is kept as what is certain.
    """
    column = f"m.{named(name)}"
    if how in ("any", "count"):
        true = f"count(*) FILTER (WHERE {column if kind == 'flag' else f'{column} > 0'})"
        certain = "TRUE" if how == "any" else f"CAST({true} AS DOUBLE)"
        return f"CASE WHEN {true} > 0 THEN {certain} WHEN count({column}) = count(*) THEN {NONE[how]} END"
    term = f"CAST({column} AS DECIMAL(18, 4))"
    return f"CASE WHEN count({column}) = count(*) THEN CAST({how}({term}) AS DOUBLE) END"


def or_none(column: str, *, how: str, members: str) -> str:
    """Return a rolled-up value, or what holds where the household has none of the members in question."""
    return f"CASE WHEN {HEADS[members]} = 0 THEN {NONE.get(how, NONE['count'])} ELSE {column} END"
