"""What must be asked, and in which order, to know every indicator on a date: statements, none run yet."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from monitor.indicators.freshness import FeedState, feeds_of
from monitor.indicators.terms import FactTerms, Reading, constant, no_parameter
from monitor.indicators.vocabulary import ATTRIBUTES, CONSTANTS, HOUSEHOLD_ATTRIBUTES
from monitor.lake import sql
from monitor.lake.measures import ABSENT, WHO, WITH_ROWS, or_none, rolled_up
from monitor.policy import Policy
from monitor.policy.indicator_pages import IndicatorPage
from monitor.policy.language import Expression, Kind, kind_of, to_sql

Terms = list[tuple[str, str]]


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
        """Return the statement of every measure, one row a person."""
        terms = [(r.page.name, r.measure.of_person()) for r in self.readings]
        return sql.grouped(terms, source=source, by="f.person_key", where=self._bound)

    def of_household(self, people: str) -> str:
        """Return the statement of every roll-up, one row a household; ``people`` holds the measures."""
        terms = [(r.page.name, r.measure.of_household()) for r in self.readings]
        return sql.by_household([*terms, (WITH_ROWS, "count(*)")], people=people, members="members", who=self.who)

    @property
    def _bound(self) -> str:
        """The rows that any reading can want: lets the engine skip the rest of the files."""
        spans = {r.span.column: r.span for r in self.readings if r.span}
        if len(spans) != 1 or not all(r.span for r in self.readings):
            return "TRUE"
        ends = [r.span for r in self.readings if r.span]
        column = f"f.{sql.named(ends[0].column)}"
        since, until = min(span.since for span in ends), max(span.until for span in ends)
        return f"{column} >= {sql.day(since)} AND {column} <= {sql.day(until)}"


class Plan:
    """The statements for one policy on one date, given how fresh each feed is."""

    def __init__(self, policy: Policy, states: Mapping[str, FeedState], as_of: date) -> None:
        self.policy = policy
        self.pages = policy.indicators
        self.as_of = as_of
        self._computed = {page.name: page.compute for page in self.pages.values() if page.compute is not None}
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

    def of_members(self, pages: Iterable[IndicatorPage], *, members: str = "members") -> str:
        """Return the statement of ``pages`` for every member; needs ``person_<group>`` of the groups below."""
        listed = tuple(pages)
        tables = {f"g_{group.name}": f"person_{group.name}" for group in self.groups_below(listed)}
        terms = [(page.name, self._member_term(page.name)) for page in listed]
        return sql.said_of_members(terms, members=members, tables=tables)

    @property
    def derived(self) -> Mapping[str, str]:
        """Return the statements that roll the computed member pages up, by whom they count."""
        kinds = sorted({page.members for page in self.member_pages})
        return {f"derived_{who}": self._derived([p for p in self.member_pages if p.members == who]) for who in kinds}

    def _derived(self, pages: list[IndicatorPage]) -> str:
        terms = [(p.name, rolled_up(p.name, how=p.household or "any", kind=self.kind(p))) for p in pages]
        source = f"({self.of_members(pages)}) m"
        return sql.grouped(terms, source=source, by="m.household_key", where=WHO[pages[0].members])

    def of_households(self, places: tuple[int, int]) -> str:
        """Return the statement of every indicator of the households in ``places``, in no order."""
        tables = {f"g_{group.name}": f"household_{group.name}" for group in self.groups}
        terms = [(r.page.name, r.measure.in_the_end(f"g_{g.name}")) for g in self.groups for r in g.readings]
        for page in self.member_pages:
            tables[f"d_{page.members}"] = f"derived_{page.members}"
            column = f"d_{page.members}.{sql.named(page.name)}"
            terms.append((page.name, or_none(column, how=page.household or "any", members=page.members)))
        terms += [(page.name, ABSENT[self.rolled_kind(page)]) for page in self.pages.values() if self.absent(page)]
        statement = sql.said_of_households(terms, places=places, tables=tables)
        for layer in self._layers({name for name, _ in terms}):
            statement = sql.with_more(statement, layer)
        return sql.columns_of(statement, ["place", "household_key", *HOUSEHOLD_ATTRIBUTES, *self.pages])

    def kind(self, page: IndicatorPage) -> Kind:
        """Return what ``page`` says of one member: a number, a flag or a date."""
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
        attributes = ATTRIBUTES if member else HOUSEHOLD_ATTRIBUTES
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
        return f"m.{sql.named(name)}" if name in ATTRIBUTES else constant(name, self.as_of)

    def _household_column(self, name: str) -> str:
        return constant(name, self.as_of) if name in CONSTANTS else f"t.{sql.named(name)}"

    def _say(self, expression: Expression, page: IndicatorPage, column: Callable[[str], str]) -> str:
        return to_sql(expression, column=column, parameter=no_parameter, kinds=self._kinds(page))

    def _layers(self, known: set[str]) -> Iterable[Terms]:
        """Yield the household pages so that each stands above those that it is computed from."""
        left = [page for page in self.pages.values() if page.name not in known]
        while left:
            ready = [page for page in left if self._names(page) <= known]
            if not ready:
                raise ValueError(f"indicators computed from each other: {sorted(page.name for page in left)}")
            yield [(page.name, self._household_term(page)) for page in ready]
            known |= {page.name for page in ready}
            left = [page for page in left if page.name not in known]

    def _household_term(self, page: IndicatorPage) -> str:
        term = self._say(self._computed[page.name], page, self._household_column)
        return f"CAST({term} AS DOUBLE)" if self.kind(page) == "number" else term
