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
WITH_ROWS = "with_rows"


@dataclass(frozen=True)
class Measure:
    """One aggregate over a person's rows: all parts but the names are SQL already."""

    name: str
    function: str
    kind: Kind
    conditions: tuple[str, ...] = ()
    argument: str | None = None
    by: str | None = None
    exact: bool = False
    empty: str | None = None
    rollup: str = "sum"
    members: str = "living"

    def of_person(self) -> str:
        """Return the aggregate over one person's rows; without a row it is ``empty``."""
        some = f" FILTER (WHERE {both(self.conditions)})" if self.conditions else ""
        match self.function:
            case "sum":
                term = self.argument if self.exact else f"CAST({self.argument} AS DECIMAL(18, 4))"
                return self._or_empty(f"CAST(sum({term}){some} AS DECIMAL(18, {2 if self.exact else 4}))")
            case "count":
                return f"count(*){some}"
            case "count_distinct":
                return f"count(DISTINCT {self.argument}){some}"
            case "any":
                return f"coalesce(bool_or({self.argument}){some}, FALSE)"
            case "latest":
                held = both([*self.conditions, str(self.argument)])
                return f"coalesce(max({self.by}) FILTER (WHERE {held}) = max({self.by}){some}, FALSE)"
            case "days_since_latest":
                return f"date_diff('day', max({self.argument}){some}, {self.by})"
            case _:
                return self._or_empty(f"{self.function}({self.argument}){some}")

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
                return f"CAST({self.rollup}({column}) AS DOUBLE)"


def rolled_up(name: str, *, how: str, kind: Kind) -> str:
    """Return the roll-up of a value said of every member (``m``): one unknown member makes it unknown.

    Unless the known ones settle it: one true member is enough for ``any`` (Kleene's OR), and a ``count`` that
    is above nought is kept as what is certain.
    """
    column = f"m.{named(name)}"
    if how in ("any", "count"):
        true = f"count(*) FILTER (WHERE {column if kind == 'flag' else f'{column} > 0'})"
        some, none = ("TRUE", "FALSE") if how == "any" else (f"CAST({true} AS DOUBLE)", "CAST(0 AS DOUBLE)")
        return f"CASE WHEN {true} > 0 THEN {some} WHEN count({column}) = count(*) THEN {none} END"
    term = f"CAST({column} AS DECIMAL(18, 4))"
    return f"CASE WHEN count({column}) = count(*) THEN CAST({how}({term}) AS DOUBLE) END"
