"""What must be asked, and in which order, to know every indicator on a date: statements, none run yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from graphlib import TopologicalSorter
from typing import cast

import pandas as pd

from monitor.indicators.freshness import FeedState, feeds_of
from monitor.indicators.terms import NO_PARAMETER, FactTerms, Reading, Span, constant
from monitor.indicators.vocabulary import constants
from monitor.lake import sql
from monitor.lake.measures import ABSENT, WHO, WITH_ROWS, rolled_up
from monitor.policy import Policy
from monitor.policy.indicator_pages import IndicatorPage
from monitor.policy.language import Expression, Kind, evaluate, kind_of, to_sql
from monitor.policy.vocabulary import CONSTANTS, MEMBER, REGISTER

DTYPES: Mapping[Kind, str] = {"number": "Float64", "flag": "boolean", "date": "datetime64[s]", "text": "string"}


@dataclass(frozen=True)
class Group:
    """Readings that one pass over one feed answers together."""

    name: str
    feed: str
    readings: tuple[Reading, ...]

    @property
    def of_people(self) -> bool:
        return self.readings[0].of_people

    @property
    def who(self) -> str:
        """SQL of which members (``m``) count; the readings of a group agree on it."""
        return WHO[self.readings[0].measure.members]

    def source(self, relation: str, *, members: str, within: str | None) -> str:
        """Return what the group aggregates: its facts, the people themselves beside them if it looks at them."""
        people = sql.people(members, who=self.who) if self.of_people else None
        return sql.source(self.facts(relation), people=people, within=within)

    def facts(self, relation: str) -> str:
        """Return the relation, or the statement, that the group reads its rows from."""
        marked = self.readings[0].marked
        return relation if marked is None else sql.marked(relation, by=marked[0], where=marked[1])

    def of_person(self, source: str) -> str:
        """Return the statement of every measure, one row a person.

        What every reading asks of a row is asked once, before the rows are grouped.
        """
        shared = [c for c in self.readings[0].conditions if all(c in r.conditions for r in self.readings)]
        bound = self._bound.condition if self._bound else None
        asked = {bound, *shared}
        terms = [(r.page.name, r.measure_without(asked).of_person()) for r in self.readings]
        where = sql.both([*([bound] if bound and bound not in shared else []), *shared])
        return sql.grouped(terms, source=source, by="f.person_key", where=where)

    def of_household(self, people: str) -> str:
        """Return the statement of every roll-up, one row a household; ``people`` holds the measures."""
        terms = [(r.page.name, r.measure.of_household()) for r in self.readings]
        return sql.by_household([*terms, (WITH_ROWS, "count(*)")], people=people, members="members", who=self.who)

    @property
    def _bound(self) -> Span | None:
        """The rows that any reading can want, if they all look at one column: the rest is skipped early."""
        spans = [r.span for r in self.readings if r.span]
        if len(spans) < len(self.readings) or len({span.column for span in spans}) != 1:
            return None
        return Span(spans[0].column, min(span.since for span in spans), max(span.until for span in spans))


@dataclass(frozen=True)
class Derived:
    """Computed pages of members that are rolled up together.

    ``drivers`` are groups outside whose people the pages say nothing (false, or nought); none: of everybody.
    """

    name: str
    pages: tuple[IndicatorPage, ...]
    drivers: tuple[Group, ...]


class Plan:
    """The statements for one policy on one date, given how fresh each feed is."""

    def __init__(self, policy: Policy, states: Mapping[str, FeedState], as_of: date) -> None:
        self.policy = policy
        self.pages = policy.indicators
        self.as_of = as_of
        self._computed = {page.name: page.compute for page in self.pages.values() if page.compute is not None}
        self._member_kinds: dict[str, Kind] = {}
        self._stale = frozenset(name for name, state in states.items() if not state.fresh)

    def absent(self, page: IndicatorPage) -> bool:
        """Whether ``page`` is unknown for everybody: a feed that it reads strictly is not fresh."""
        strictly = page.unknown == "strict" or page.feed is not None
        return strictly and not self._stale.isdisjoint(feeds_of(self.policy, page.name))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The passes over facts, every answerable fact page in exactly one."""
        together: dict[tuple[object, ...], list[Reading]] = {}
        for page in self.pages.values():
            if page.feed is not None and not self.absent(page):
                reading = FactTerms(self.policy.feeds[page.feed], self.as_of).reading(page)
                together.setdefault((page.feed, reading.of_people, reading.marked, page.members), []).append(reading)
        named = enumerate(together.items())
        return tuple(Group(f"{key[0]}_{number}", str(key[0]), tuple(readings)) for number, (key, readings) in named)

    @cached_property
    def member_pages(self) -> tuple[IndicatorPage, ...]:
        """The answerable pages that are computed of each member."""
        computed = (self.pages[name] for name in self._computed)
        return tuple(page for page in computed if page.level == "member" and not self.absent(page))

    def groups_below(self, pages: Iterable[IndicatorPage]) -> tuple[Group, ...]:
        """Return the groups whose measures ``pages`` are computed from."""
        wanted = {name for page in pages for name in self._below(page)}
        return tuple(g for g in self.groups if any(r.page.name in wanted for r in g.readings))

    def leaves(self, page: IndicatorPage) -> tuple[IndicatorPage, ...]:
        """Return the fact pages that ``page`` rests on, itself if it is one."""
        return tuple(self.pages[name] for name in sorted(self._below(page)) if self.pages[name].feed is not None)

    @cached_property
    def derived(self) -> tuple[Derived, ...]:
        """The computed member pages, put together by whom they count and by whose rows they rest on."""
        together: dict[tuple[str, tuple[Group, ...]], list[IndicatorPage]] = {}
        for page in self.member_pages:
            together.setdefault((page.members, self._drivers(page)), []).append(page)
        named = enumerate(together.items())
        return tuple(Derived(f"derived_{number}", tuple(pages), key[1]) for number, (key, pages) in named)

    def of_members(
        self, pages: Iterable[IndicatorPage], *, members: str = "members", drivers: Iterable[Group] = ()
    ) -> str:
        """Return the statement of ``pages`` for every member, or for those in ``drivers``.

        Needs ``person_<group>`` of the groups below.
        """
        listed = tuple(pages)
        tables = {f"g_{group.name}": f"person_{group.name}" for group in self.groups_below(listed)}
        terms = [(page.name, self._member_term(page.name)) for page in listed]
        only = [f"person_{group.name}" for group in drivers]
        return sql.said_of_members(terms, members=members, tables=tables, only=only)

    def rolled_up(self, derived: Derived) -> str:
        """Return the statement of ``derived``, one row a household."""
        terms = [(p.name, rolled_up(p.name, how=p.household or "any", kind=self.kind(p))) for p in derived.pages]
        source = f"({self.of_members(derived.pages, drivers=derived.drivers)}) m"
        return sql.grouped(terms, source=source, by="m.place", where=WHO[derived.pages[0].members])

    def _drivers(self, page: IndicatorPage) -> tuple[Group, ...]:
        """Return one group, or else all groups below, without whose rows ``page`` is false or nought for anybody."""
        below = self.groups_below([page])
        for groups in (*((group,) for group in below), below):
            empty = {r.page.name: r.page.empty for group in groups for r in group.readings}
            said = self._said_with(page, empty)
            if groups and not pd.isna(said) and not said:
                return groups
        return ()

    def _said_with(self, page: IndicatorPage, empty: Mapping[str, float | bool | None]) -> float | bool | None:
        """Return what ``page`` says of somebody of whom only ``empty`` is known."""
        columns = {}
        for name in self._computed[page.name].names:
            value: date | int | str | float | bool | None = empty.get(name)
            if name in CONSTANTS:
                value = constants(self.as_of)[name]
            elif name in self._computed:
                value = self._said_with(self.pages[name], empty)
            columns[name] = pd.Series([value], dtype=DTYPES[self._kinds(page)[name]])
        return cast(float | bool | None, evaluate(self._computed[page.name], columns, {}).iloc[0])

    def kind(self, page: IndicatorPage) -> Kind:
        """Return what ``page`` says of one member, or, said of households alone, of the household."""
        if page.name not in self._member_kinds:
            self._member_kinds[page.name] = self._kind(page)
        return self._member_kinds[page.name]

    def _kind(self, page: IndicatorPage) -> Kind:
        if page.feed is not None:
            return FactTerms(self.policy.feeds[page.feed], self.as_of).reading(page).measure.kind
        return kind_of(self._computed[page.name], self._kinds(page)) or "number"

    def rolled_kind(self, page: IndicatorPage) -> Kind:
        """Return what ``page`` says of a household."""
        if page.level == "household":
            return self.kind(page)
        if page.household in ("any", "count", "sum"):
            return "flag" if page.household == "any" else "number"
        return self.kind(page)

    def _kinds(self, page: IndicatorPage) -> dict[str, Kind]:
        """The kinds of what a computed page may name."""
        member = page.level == "member"
        attributes = MEMBER if member else {name: kind for name, (kind, _, _) in REGISTER.items()}
        kinds: dict[str, Kind] = {**CONSTANTS, **attributes}
        for name in self._names(page):
            kinds[name] = self.kind(self.pages[name]) if member else self.rolled_kind(self.pages[name])
        return kinds

    def _below(self, page: IndicatorPage) -> set[str]:
        return {page.name}.union(*(self._below(self.pages[name]) for name in self._names(page)))

    def _names(self, page: IndicatorPage) -> frozenset[str]:
        """The indicators that ``page`` is computed from directly."""
        computed = self._computed.get(page.name)
        return computed.names & self.pages.keys() if computed else frozenset()

    def _member_term(self, name: str) -> str:
        """SQL of what indicator ``name`` says of member ``m``; without rows it is the page's ``empty``."""
        page = self.pages[name]
        if self.absent(page):
            return ABSENT[self.kind(page)]
        for group in self.groups:
            for reading in group.readings:
                if reading.page.name == name:
                    column, empty = f"g_{group.name}.{sql.named(name)}", reading.measure.empty
                    return column if empty is None else f"coalesce({column}, {empty})"
        return self._say(self._computed[name], page, self._member_column)

    def _member_column(self, name: str) -> str:
        if name in self.pages:
            return self._member_term(name)
        return f"m.{sql.named(name)}" if name in MEMBER else constant(name, self.as_of)

    def _say(self, expression: Expression, page: IndicatorPage, column: Callable[[str], str]) -> str:
        return to_sql(expression, column=column, parameter=NO_PARAMETER.__getitem__, kinds=self._kinds(page))

    @property
    def household_pages(self) -> Iterator[tuple[str, Expression]]:
        """Yield the answerable pages that are computed of the household, each after those it is computed from."""
        said = [self.pages[name] for name in self._computed if self.pages[name].level == "household"]
        above = {page.name: self._names(page) for page in said}
        order = TopologicalSorter(above).static_order()
        for name in order:
            if name in above and not self.absent(self.pages[name]):
                yield name, self._computed[name]
