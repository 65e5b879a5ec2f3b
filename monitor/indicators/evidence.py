"""Why an indicator says what it says: which member, and the rows of which deliveries."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from monitor.indicators.computing import DEATHS, REGISTER, open_plan, settle_members
from monitor.indicators.plan import Plan
from monitor.indicators.terms import FactTerms
from monitor.indicators.vocabulary import DEATH_ATTRIBUTES
from monitor.lake import View, showing, sql
from monitor.lake.measures import WHO
from monitor.policy import Policy
from monitor.policy.indicator_pages import IndicatorPage

Keys = Sequence[int] | npt.NDArray[np.int64]


def evidence(
    view: View, policy: Policy, *, as_of: date, indicator: str, households: Keys, most: int = 5
) -> pd.DataFrame:
    """Return up to ``most`` rows behind ``indicator`` for each of ``households``.

    Columns: household_key, person_key, feed, seq, row_no, happened_on, amount; the weightiest first, the
    order the same on every run. Where one member makes the value (the highest of the household, the one who
    died), only that member's rows are shown. An indicator whose feed is stale, or one said of the register's
    own columns only (``category``), shows nothing.
    """
    plan = open_plan(view, policy, as_of=as_of)
    _ask_about(view, as_of, households)
    statements = list(_behind(view, plan, indicator))
    if not statements:
        return pd.DataFrame(columns=list(showing.COLUMNS))
    found: pd.DataFrame = view.query(showing.foremost(statements, most=most)).to_pandas()
    return found


def draw_near(view: View, *, as_of: date, households: Keys) -> None:
    """Keep the members of ``households`` at hand: evidence asked of any of these need not be looked for among all."""
    keys = _settled(view, as_of, households)
    _keep_members(view, keys, among="members", name="near_members")
    view.near = keys


def member_values(view: View, policy: Policy, *, as_of: date, indicator: str, households: Keys) -> pd.DataFrame:
    """Return what ``indicator`` says of each member of ``households``: household_key, person_key, value.

    Members without rows have the value that the page gives them; unknown is NA. Refuses an indicator that
    is said of the household as a whole.
    """
    plan = open_plan(view, policy, as_of=as_of)
    page = policy.indicators[indicator]
    if page.level == "household":
        raise ValueError(f"{indicator} is said of the household, not of a member")
    _ask_about(view, as_of, households)
    _keep_persons(view, plan, [page])
    rows: pd.DataFrame = view.query(plan.of_members([page], members="asked_members")).to_pandas()
    found = rows[["household_key", "person_key", indicator]].rename(columns={indicator: "value"})
    return found.sort_values(["household_key", "person_key"], ignore_index=True)


def withdrawn(view: View, feed: str, rows: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return which of ``rows`` (seq, row_no) of ``feed`` a withdrawal known to the view took away."""
    asked = sorted(set(rows))
    by = [delivery.seq for delivery in view.manifest if delivery.feed == feed and delivery.mode == "withdraw"]
    if not asked or not by:
        return set()
    view.engine.put("asked_rows", pa.table({"seq": [seq for seq, _ in asked], "row_no": [row for _, row in asked]}))
    arrived, gone = view.arrived(feed)
    found = view.query(showing.withdrawn(arrived, gone, "asked_rows", by=by)).to_pydict()
    return set(zip(found["seq"], found["row_no"], strict=True))


def taken_back(view: View, policy: Policy, *, as_of: date, indicator: str, households: Keys, since: date) -> set[int]:
    """Return which of ``households`` (keys) lost rows that ``indicator`` would still count to their agencies.

    Of the rows known on the day ``since``, those that a withdrawal known from that day on took away.
    """
    plan = open_plan(view, policy, as_of=as_of)
    page, found = plan.pages.get(indicator), set[int]()
    for leaf in plan.leaves(page) if page is not None else ():
        relation = None if plan.absent(leaf) else _relate_taken_back(view, str(leaf.feed), since)
        if relation is not None:
            _ask_about(view, as_of, households)
            rows = view.query(_fact_rows(view, plan, leaf, leaf.members, None, relation=relation)).to_pydict()
            pairs = zip(rows["household_key"], rows["seq"], strict=True)
            found |= {int(household) for household, seq in pairs if seq is not None}
    return found


def _relate_taken_back(view: View, feed: str, since: date) -> str | None:
    """Name the facts of ``feed`` that were taken back since; None when none can have been."""
    own = [delivery for delivery in view.manifest if delivery.feed == feed]
    by = [delivery.seq for delivery in own if delivery.mode == "withdraw" and delivery.known_on >= since]
    before = [delivery.seq for delivery in own if delivery.known_on <= since]
    if not by or not before:
        return None
    arrived, gone = view.arrived(feed)
    view.engine.define(f"taken_back_{feed}", showing.taken_back(arrived, gone, by=by, until=max(before)))
    return f"taken_back_{feed}"


def _ask_about(view: View, as_of: date, households: Keys) -> None:
    keys = _settled(view, as_of, households)
    near = view.near is not None and bool(np.isin(keys, view.near, assume_unique=True).all())
    _keep_members(view, keys, among="near_members" if near else "members", name="asked_members")


def _settled(view: View, as_of: date, households: Keys) -> npt.NDArray[np.int64]:
    """Return the keys in order, each once, of whom ``members`` are settled."""
    keys = np.unique(np.asarray(households, np.int64))
    settled = view.settled
    if settled is None or settled[0] != as_of or settled[2] is not None:
        settle_members(view, as_of=as_of, households=keys)
    return keys


def _keep_members(view: View, keys: npt.NDArray[np.int64], *, among: str, name: str) -> None:
    view.engine.put("asked_households", pa.table({"household_key": keys}))
    view.engine.keep(name, showing.asked_members(among, "asked_households"))


def _behind(view: View, plan: Plan, name: str) -> Iterator[str]:
    """Yield the statements that show the rows behind ``name``."""
    page = plan.pages.get(name)
    if page is None or plan.absent(page):
        return
    if page.level == "member":
        yield from _behind_members(view, plan, page)
        return
    names = page.compute.names if page.compute else frozenset()
    for inner in sorted(names & plan.pages.keys()):
        yield from _behind(view, plan, inner)
    if not names & plan.pages.keys():
        yield _register_rows(view, REGISTER, page, None)


def _behind_members(view: View, plan: Plan, page: IndicatorPage) -> Iterator[str]:
    pointed = _point(view, plan, page) if page.feed is None or page.household in ("max", "min") else None
    leaves = [leaf for leaf in plan.leaves(page) if not plan.absent(leaf)]
    for leaf in leaves:
        yield _fact_rows(view, plan, leaf, page.members, pointed)
    if not leaves:
        names = page.compute.names if page.compute else frozenset()
        yield _register_rows(view, DEATHS if names & DEATH_ATTRIBUTES else REGISTER, page, pointed)


def _point(view: View, plan: Plan, page: IndicatorPage) -> str:
    """Keep the members who make the value of ``page``; return the relation's name."""
    _keep_persons(view, plan, [page])
    said = plan.of_members([page], members="asked_members")
    flag = plan.kind(page) == "flag"
    how, name = page.household or "any", f"pointed_{page.name}"
    view.engine.keep(name, showing.pointed_at(said, value=page.name, how=how, members=page.members, flag=flag))
    return name


def _keep_persons(view: View, plan: Plan, pages: Sequence[IndicatorPage]) -> None:
    for group in plan.groups_below(pages):
        source = group.source(view.facts(group.feed), members="asked_members", within="asked_members")
        view.engine.keep(f"person_{group.name}", group.of_person(source))


def _fact_rows(
    view: View, plan: Plan, leaf: IndicatorPage, members: str, pointed: str | None, *, relation: str | None = None
) -> str:
    feed = plan.policy.feeds[str(leaf.feed)]
    reading = FactTerms(feed, plan.as_of).reading(replace(leaf, household="sum"))
    measure, on = reading.measure, leaf.on or feed.happened_on
    facts = relation or view.facts(feed.name)
    if reading.marked:
        facts = sql.marked(facts, by=reading.marked[0], where=reading.marked[1])
    conditions = [*reading.conditions, WHO[members]]
    if measure.kind == "flag" and measure.argument:
        conditions.append(measure.argument)
    amount = f"f.{sql.named(feed.quality.amount_column)}" if feed.quality.amount_column else None
    if measure.kind == "number" and measure.function in ("sum", "max", "min"):
        amount = measure.argument
    return showing.rows_behind(
        sql.source(facts, people=sql.people("asked_members", who="TRUE") if reading.of_people else None, within=None),
        feed=feed.name,
        condition=sql.both(conditions),
        happened_on=f"f.{sql.named(on)}" if on else None,
        amount=amount,
        pointed=pointed,
    )


def _register_rows(view: View, feed: str, page: IndicatorPage, pointed: str | None) -> str:
    """What is said of ages and deaths alone is shown by the register's rows, or by those of the deaths."""
    return showing.rows_behind(
        sql.source(view.facts(feed), people=None, within=None),
        feed=feed,
        condition=sql.both([WHO[page.members], "f.household_key = m.household_key" if feed == REGISTER else "TRUE"]),
        happened_on='f."died_on"' if feed == DEATHS else None,
        amount=None,
        pointed=pointed,
    )
