"""Values set by law or notice: dated, by region and by category, each with its reference.

Three clocks: a value is in force from a day, was published on a day (``known_on``: a replay of an earlier
night may not know it), and is asked for as of a day. The nearest enclosing region that has a value wins.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitor.policy.language import Place
from monitor.policy.reading import Part, Words, read_day
from monitor.policy.vocabulary import CATEGORIES

NATION = "00"
LENGTHS = (12, 9, 6, 4, 2)
LEVELS: Mapping[int, Words] = {
    12: Words("村(社区)", "village"),
    9: Words("乡镇(街道)", "town"),
    6: Words("县(区)", "county"),
    4: Words("市", "city"),
    2: Words("省", "province"),
}
NATIONAL = Words("全国", "nation")
PARAMETER_UNITS = (
    "yuan", "yuan/month", "yuan/year", "share", "times", "months", "days", "persons", "units", "kWh",
    "households", "hours", "working days",
)  # fmt: skip
Status = Literal["sourced", "sample"]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """The document that something rests on; ``quote`` is its own words, ``says`` what it says in ours."""

    title: str
    article: str
    quote: str
    says: str
    href: str

    def as_json(self) -> dict[str, str]:
        return {key: text for key, text in vars(self).items() if text}


@dataclass(frozen=True)
class Value:
    """One value of one region from one day on; ``amounts`` is None where the region follows its parent again.

    ``otherwise`` names the categories that one amount stands for together.
    """

    region: str
    effective_from: date
    known_on: date
    status: Status
    reference: Reference
    amounts: Mapping[str, float] | None
    otherwise: frozenset[str]
    confirmed_by: str
    place: Place


@dataclass(frozen=True)
class Parameter:
    """A dated value set by law or notice; with ``by_category`` it holds one amount for each category."""

    name: str
    place: Place
    description: Words
    unit: str
    by_category: bool
    values: tuple[Value, ...]

    def in_force(self, as_of: date, known_on: date) -> dict[str, Value]:
        """Return each region's own value on ``as_of``, as far as it was published by ``known_on``."""
        found: dict[str, Value] = {}
        for value in self.values:
            if value.effective_from <= as_of and value.known_on <= known_on:
                found[value.region] = value
        return {region: value for region, value in found.items() if value.amounts is not None}


def chain(region: str) -> Iterator[str]:
    """Yield ``region`` and every region around it, the village first, the nation last."""
    for length in LENGTHS:
        if len(region) >= length:
            yield region[:length]
    yield NATION


def level_of(region: str) -> Words:
    """Return what kind of region a code stands for, by its length."""
    return LEVELS.get(len(region), NATIONAL) if region != NATION else NATIONAL


def nearest(in_force: Mapping[str, Value], region: str | None) -> Value | None:
    """Return the value of the nearest enclosing region that has one; without a region, the nation's."""
    return next((in_force[code] for code in chain(region or NATION) if code in in_force), None)


class Resolved:
    """The values of all parameters in force on one day, looked up for a whole table at a time."""

    def __init__(self, parameters: Iterable[Parameter], as_of: date, known_on: date) -> None:
        self.parameters = {parameter.name: parameter for parameter in parameters}
        self.in_force = {name: parameter.in_force(as_of, known_on) for name, parameter in self.parameters.items()}

    def value(self, name: str, region: str | None) -> Value | None:
        return nearest(self.in_force[name], region)

    def amount(self, name: str, region: str | None, category: str | None) -> float | None:
        """Return the amount for one household, or None where no value is in force for it."""
        return self._of(name, self.value(name, region), category)

    def take(self, name: str, region: pd.Categorical, category: pd.Categorical) -> Numbers:
        """Return the amount for each household, NaN where none is in force: one table lookup for all."""
        kinds = [*category.categories, None]
        codes = [*region.categories, None] if set(self.in_force[name]) != {NATION} else [None]
        values = [self.value(name, code) for code in codes]
        rows = {id(value): [self._of(name, value, kind) for kind in kinds] for value in values}
        table = np.array([rows[id(value)] for value in values], dtype=np.float64)
        at = region.codes if len(codes) > 1 else np.zeros(len(region), dtype=np.intp)
        return cast(Numbers, table[at, category.codes])

    def _of(self, name: str, value: Value | None, category: str | None) -> float | None:
        if value is None or value.amounts is None:
            return None
        return value.amounts.get((category or "") if self.parameters[name].by_category else "")


def read_reference(part: Part) -> Reference:
    """Read a reference; the title is always there, and so is an article, a quote or an address."""
    said = part.fields(required=("title",), optional=("article", "quote", "says", "href"))
    if len(said) == 1:
        raise part.refuse(zh="还须有 article、quote、says 或 href 之一", en="give an article, quote, says or href too")
    texts = {key: said[key].text() if key in said else "" for key in ("title", "article", "quote", "says", "href")}
    return Reference(**texts)


def read_parameter(name: str, page: Part) -> Parameter:
    """Read one parameter page; refuses a value without a reference, or without an amount for each category."""
    said = page.fields(required=("description", "unit", "by", "values"))
    axes = [axis.choice("region", "category") for axis in said["by"].items()]
    if axes not in (["region"], ["region", "category"]):
        raise said["by"].refuse(zh="应为 [region] 或 [region, category]", en="expected [region] or [region, category]")
    by_category = "category" in axes
    values = [value for day, part in said["values"].entries().items() for value in _values(day, part, by_category)]
    if not values:
        raise said["values"].refuse(zh="没有任何值", en="there is no value")
    return Parameter(
        name=name,
        place=page.place,
        description=said["description"].words(),
        unit=said["unit"].choice(*PARAMETER_UNITS),
        by_category=by_category,
        values=tuple(sorted(values, key=lambda value: (value.effective_from, value.known_on))),
    )


ABOUT = ("known_on", "reference", "status", "confirmed_by")


def _values(day: str, part: Part, by_category: bool) -> Iterator[Value]:
    """The values from one day on; what a region does not say of itself it takes from the day."""
    entries = part.entries()
    about = {key: entry for key, entry in entries.items() if key in ABOUT}
    for region, entry in entries.items():
        if region in ABOUT:
            continue
        if not (region == NATION or (region.isdigit() and len(region) in LENGTHS)):
            raise entry.refuse(
                zh=f"“{region}”不是行政区划代码", en=f'"{region}" is not a region: 2, 4, 6, 9 or 12 digits, or "00"'
            )
        own = entry.value if isinstance(entry.value, dict) and "value" in entry.value else None
        told = entry.fields(required=("value",), optional=ABOUT) if own else {"value": entry}
        yield _value(region, read_day(day, part.place), about | told, entry, by_category)


def _value(region: str, day: date, told: Mapping[str, Part], entry: Part, by_category: bool) -> Value:
    for key in ("known_on", "reference"):
        if key not in told:
            raise entry.refuse(zh=f"缺少“{key}”", en=f'"{key}" is missing')
    return Value(
        region=region,
        effective_from=day,
        known_on=told["known_on"].day(),
        status=cast(Status, told["status"].choice("sourced", "sample") if "status" in told else "sourced"),
        reference=read_reference(told["reference"]),
        amounts=_amounts(told["value"], by_category),
        otherwise=_otherwise(told["value"], by_category),
        confirmed_by=told["confirmed_by"].text() if "confirmed_by" in told else "",
        place=entry.place,
    )


def _amounts(part: Part, by_category: bool) -> Mapping[str, float] | None:
    if part.value is None:
        return None
    if not by_category:
        return {"": part.number()}
    said = part.fields(required=(), optional=(*CATEGORIES, "otherwise"))
    otherwise = said.get("otherwise")
    missing = [category for category in CATEGORIES if category not in said]
    if missing and otherwise is None:
        raise part.refuse(zh=f"缺少类别 {missing[0]}(或 otherwise)", en=f"{missing[0]} (or otherwise) is missing")
    return {category: said.get(category, otherwise or part).number() for category in CATEGORIES}


def _otherwise(part: Part, by_category: bool) -> frozenset[str]:
    said = part.entries() if by_category and part.value is not None else dict.fromkeys(CATEGORIES)
    return frozenset(CATEGORIES) - frozenset(said)
