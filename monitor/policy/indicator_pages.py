"""Indicator pages: what can be said of a household on a date, from facts or from other indicators."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, cast

from monitor.policy.language import Expression, Kind, Place, PolicyError, parse
from monitor.policy.reading import Part, Words
from monitor.policy.vocabulary import UNITS

CALL = re.compile(r"(?P<function>[a-z_]+)\((?P<rest>.*)\)\Z")
FUNCTIONS = ("sum", "count", "count_distinct", "max", "min", "any", "latest", "days_since_latest")
BACK = re.compile(r"(?P<count>\d+) (?P<kind>months|days)\Z")
AHEAD = re.compile(r"next (?P<count>\d+) days\Z")
FULL = re.compile(r"months (?P<first>\d+)\.\.(?P<last>\d+)\Z")
EMPTY: Mapping[str, float | bool | None] = {
    "sum": 0.0, "count": 0.0, "count_distinct": 0.0, "max": 0.0, "min": None, "any": False, "latest": False,
    "days_since_latest": None,
}  # fmt: skip
LISTED_MOST = 12
FROM_FACTS = ("feed", "of", "where", "value", "on", "window", "empty")
COMPUTED = ("compute", "level")


@dataclass(frozen=True)
class Aggregate:
    """What is made of a member's rows; ``by`` is the column that tells which row is the latest."""

    function: str
    argument: Expression | None = None
    by: str | None = None


@dataclass(frozen=True)
class Window:
    """Which rows count: ``months`` and ``days`` back from the date, ``next_days`` after it, or whole months.

    ``full_months`` counts from the last full month: first 3, last 14 is that month less 3 back to it less 14.
    """

    kind: Literal["months", "days", "next_days", "full_months"]
    first: int
    last: int = 0


@dataclass(frozen=True)
class IndicatorPage:
    """What can be said of a household: feed, filter, aggregate, window; or an expression over other indicators."""

    name: str
    place: Place
    code: str | None
    description: Words
    unit: str
    level: Literal["member", "household"] = "member"
    feed: str | None = None
    where: Expression | None = None
    value: Aggregate | None = None
    on: str | None = None
    window: Window | None = None
    empty: float | bool | None = None
    members: Literal["living", "dead", "all"] = "living"
    household: Literal["sum", "max", "min", "any", "count"] | None = None
    compute: Expression | None = None
    reads: tuple[str, ...] = ()
    unknown: Literal["strict", "kleene"] = "strict"
    monotone: Literal[-1, 0, 1] = 0

    @property
    def names(self) -> frozenset[str]:
        """The indicators and attributes that this one is computed from."""
        return self.compute.names if self.compute else frozenset()

    @property
    def kind(self) -> Kind:
        """The kind of the household's value."""
        return cast(Kind, self.unit) if self.unit in ("flag", "text") else "number"


def read_indicator(name: str, page: Part) -> IndicatorPage:
    """Read one indicator page; refuses a page that is neither from facts nor computed, or both."""
    said = page.fields(
        required=("description", "unit"),
        optional=("code", *FROM_FACTS, *COMPUTED, "members", "household", "reads", "unknown", "monotone"),
    )
    if ("compute" in said) == ("feed" in said):
        raise page.refuse(zh="feed 与 compute 须且只须有一个", en="give either feed or compute, and only one")
    for key in COMPUTED if "feed" in said else FROM_FACTS:
        if key in said:
            raise said[key].refuse(zh=f"此处不用“{key}”", en=f'"{key}" has no place on this page')
    value = read_aggregate(said["value"]) if "value" in said else None
    return IndicatorPage(
        name=name,
        place=page.place,
        code=said["code"].text() if "code" in said else None,
        description=said["description"].words(),
        unit=said["unit"].choice(*UNITS),
        level=cast(Literal["member"], _choice(said, "level", "member", "household") or "member"),
        feed=said["feed"].text() if "feed" in said else None,
        where=read_expression(said["where"]) if "where" in said else None,
        value=value,
        on=said["on"].text() if "on" in said else None,
        window=read_window(said["window"]) if "window" in said and said["window"].value is not None else None,
        empty=_empty(said.get("empty"), value),
        members=cast(Literal["living"], _choice(said, "members", "living", "dead", "all") or "living"),
        household=cast(Literal["sum"] | None, _choice(said, "household", "sum", "max", "min", "any", "count")),
        compute=read_expression(said["compute"]) if "compute" in said else None,
        reads=tuple(part.text() for part in said["reads"].items()) if "reads" in said else (),
        unknown=cast(Literal["strict"], _choice(said, "unknown", "strict", "kleene") or "strict"),
        monotone=read_monotone(said["monotone"]) if "monotone" in said else 0,
    )


def _choice(said: Mapping[str, Part], key: str, *known: str) -> str | None:
    return said[key].choice(*known) if key in said else None


def read_monotone(part: Part) -> Literal[-1, 0, 1]:
    """Read which way risk goes as the indicator grows: ``+1`` up, ``-1`` down, ``none`` either; all else is refused."""
    known: Mapping[str, Literal[-1, 0, 1]] = {"+1": 1, "1": 1, "-1": -1, "none": 0}
    word = str(part.scalar())
    if word not in known:
        raise part.refuse(zh="monotone 只能是 +1、-1 或 none", en="monotone is +1, -1 or none")
    return known[word]


def _empty(part: Part | None, value: Aggregate | None) -> float | bool | None:
    """The value of a member without rows: as the page says, or as its function has it."""
    if part is None:
        return EMPTY[value.function] if value else None
    scalar = part.scalar()
    if isinstance(scalar, str):
        raise part.refuse(zh="应为数字、true、false 或空", en="expected a number, true, false or nothing")
    return scalar


def read_aggregate(part: Part) -> Aggregate:
    """Read ``sum(self_pay)``, ``count()``, ``any(degree in ('1', '2'))`` or ``latest(status = 'x', term)``."""
    match = CALL.match(part.text())
    if match is None or match["function"] not in FUNCTIONS:
        listed = ", ".join(FUNCTIONS)
        raise part.refuse(
            zh=f"应为 函数(表达式),函数有:{listed}", en=f"expected function(expression), with one of: {listed}"
        )
    function, rest, by = match["function"], match["rest"], None
    if function == "latest":
        rest, _, by = (text.strip() for text in rest.rpartition(","))
    if not rest.strip() and function in ("count", "days_since_latest"):
        return Aggregate(function)
    return Aggregate(function, parse(rest, place=part.place.at(match.start("rest"))), by)


def read_window(part: Part) -> Window:
    """Read ``12 months``, ``90 days``, ``next 30 days`` or ``months 0..2``; any other unit is refused."""
    text = part.text()
    if match := BACK.match(text):
        return Window(cast(Literal["months"], match["kind"]), int(match["count"]))
    if match := AHEAD.match(text):
        return Window("next_days", int(match["count"]))
    if (match := FULL.match(text)) and int(match["first"]) <= int(match["last"]):
        return Window("full_months", int(match["first"]), int(match["last"]))
    raise part.refuse(
        zh="应为“12 months”“90 days”“next 30 days”或“months 0..2”",
        en='expected "12 months", "90 days", "next 30 days" or "months 0..2"',
    )


def read_expression(part: Part) -> Expression:
    """Parse the text at ``part``; the column named in an error is the file's own."""
    return parse(part.text(), place=part.place)


def feeds_below(indicators: Mapping[str, IndicatorPage], name: str) -> frozenset[str]:
    """Return the feeds that an indicator reads, through every indicator below it; a register attribute, none."""
    page = indicators.get(name)
    if page is None:
        return frozenset()
    below = {feed for inner in page.names for feed in feeds_below(indicators, inner)}
    return frozenset({*below, *page.reads, *([page.feed] if page.feed else [])})


def find(names: Mapping[str, object], name: str, place: Place, what: Words) -> None:
    """Refuse ``name`` where ``names`` does not hold it, offering the nearest that it holds."""
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    listed = "" if near or len(names) > LISTED_MOST else ", ".join(names)
    raise PolicyError(
        place,
        zh=f"没有{what.zh}“{name}”" + (f",是否指 {near[0]}?" if near else f";可用:{listed}" if listed else ""),
        en=f'there is no {what.en} "{name}"'
        + (f"; did you mean {near[0]}?" if near else f"; known: {listed}" if listed else ""),
    )
