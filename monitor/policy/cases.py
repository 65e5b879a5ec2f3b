"""Cases made from a rule and its values: around each threshold, around each date, missing, stale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Literal

from monitor.policy.examples import ANYWHERE
from monitor.policy.indicator_pages import IndicatorPage, feeds_below
from monitor.policy.language.tree import Comparison, Name, Node, parts, walk
from monitor.policy.plain import Plain, amount_of, value_of
from monitor.policy.rule_pages import Rule
from monitor.policy.thresholds import NATION, Parameter, Value
from monitor.policy.vocabulary import CATEGORIES, REGISTER

Sort = Literal["example", "boundary", "date", "missing", "stale"]
ONE_DAY = timedelta(days=1)
COUNTED = ("persons", "houses", "units", "vehicles", "payments", "months", "days", "times", "programmes", "years")


@dataclass(frozen=True)
class Case:
    """One household, as one rule sees it: what it is given, judged by the clocks ``as_of`` and ``known_on``."""

    rule: str
    sort: Sort
    as_of: date
    known_on: date
    given: Mapping[str, Plain]


class Maker:
    """Makes the cases of one rule from its examples and from the values of its parameters."""

    def __init__(
        self, rule: Rule, parameters: Mapping[str, Parameter], indicators: Mapping[str, IndicatorPage]
    ) -> None:
        self.rule = rule
        self.parameters = {name: parameters[name] for name in sorted(rule.parameters)}
        self.indicators = indicators
        self.by_category = any(page.by_category for page in self.parameters.values())

    def cases(self) -> Iterator[Case]:
        for example in self.rule.examples:
            row = {"region": ANYWHERE, "category": None, **example.given}
            on, known_on = example.on or date.max, example.known_on or date.max
            yield Case(self.rule.name, "example", on, known_on, row)
            yield from self.around(Case(self.rule.name, "boundary", on, known_on, row))
            yield from self.unseen(Case(self.rule.name, "missing", on, known_on, row))
            if example.verdict == "fires":
                yield from self.dated(row)

    def around(self, case: Case) -> Iterator[Case]:
        """Just below, at and just above each threshold, everything else as it is."""
        for node in self.rule.when.every(lambda node: isinstance(node, Comparison)):
            left, right = parts(node)
            for name, limit in (*self.limits(left, right, case), *self.limits(right, left, case)):
                unit = self.unit(name)
                for value in (limit - unit, limit, limit + unit):
                    yield replace(case, given={**case.given, name: value})

    def limits(self, side: Node, other: Node, case: Case) -> Iterator[tuple[str, float]]:
        """Each number read on one side, with the other side's value, where that does not depend on it."""
        limit = value_of(other, case.given, lambda name: self.amount(name, case))
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            names = {node.name for node in walk(side) if isinstance(node, Name)}
            against = {node.name for node in walk(other) if isinstance(node, Name)}
            yield from ((name, float(limit)) for name in sorted(names - against))

    def amount(self, name: str, case: Case) -> float | None:
        category = case.given["category"]
        return amount_of(
            self.parameters[name],
            case.as_of,
            case.known_on,
            str(case.given["region"]),
            category if isinstance(category, str) else None,
        )

    def unit(self, name: str) -> float:
        unit = self.indicators[name].unit if name in self.indicators else REGISTER[name][2]
        return 1.0 if unit in COUNTED else 0.01

    def unseen(self, case: Case) -> Iterator[Case]:
        """Each thing missing, one at a time; then all that one feed tells, as when the feed is stale."""
        names = sorted(self.rule.when.names)
        for name in names:
            yield replace(case, given={**case.given, name: None})
        for feed in sorted({feed for name in names for feed in feeds_below(self.indicators, name)}):
            gone = {name: None for name in names if feed in feeds_below(self.indicators, name)}
            yield replace(case, sort="stale", given={**case.given, **gone})

    def dated(self, row: Mapping[str, Plain]) -> Iterator[Case]:
        """The day before and the day of each value's force and publication, where it holds and where the row is."""
        for value in [value for page in self.parameters.values() for value in page.values]:
            there = ANYWHERE if value.region == NATION else value.region.ljust(12, "0")
            categories = CATEGORIES if self.by_category else (row["category"],)
            for region, category in product(sorted({there, str(row["region"])}), categories):
                for as_of, known_on in moments(value):
                    given = {**row, "region": region, "category": category}
                    case = Case(self.rule.name, "date", as_of, known_on, given)
                    yield case
                    yield from self.around(case)


def moments(value: Value) -> Iterator[tuple[date, date]]:
    """The clocks around one value: the day before and of its force, the day before and of its publication."""
    for as_of in (value.effective_from - ONE_DAY, value.effective_from):
        yield as_of, date.max
    for known_on in (value.known_on - ONE_DAY, value.known_on):
        yield max(value.effective_from, known_on), known_on
