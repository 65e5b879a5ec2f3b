"""Every indicator of every household on a date, in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from monitor.indicators.assembling import assemble
from monitor.indicators.freshness import freshness
from monitor.indicators.plan import Group, Plan
from monitor.lake import View, sql
from monitor.policy import Policy

Keys = Sequence[int] | npt.NDArray[np.int64]
REGISTER, DEATHS = "household_register", "deaths"
_PLANS: WeakKeyDictionary[View, Plan] = WeakKeyDictionary()
"""What was asked of each view last: a scan asks about one date a hundred times, and a plan is reckoned for long."""


@dataclass(frozen=True)
class Answered:
    """Every indicator of ``count`` households, answered; read by their places, in order of county and key."""

    view: View
    plan: Plan
    count: int

    def table(self, start: int, stop: int) -> pd.DataFrame:
        """Return what ``compute`` does, of the places from ``start`` up to ``stop``."""
        return assemble(self.view, self.plan, start=start, stop=stop)

    def household(self, place: int) -> int:
        """Return the key of the household at ``place``."""
        chosen = sql.sliced("households", ["household_key"], start=place, stop=place + 1)
        return int(self.view.query(chosen).column(0)[0].as_py())


def compute(
    view: View, policy: Policy, *, as_of: date, region: str | None = None, households: Keys | None = None
) -> pd.DataFrame:
    """Return one row per household in ``region``, one column per indicator; the index is the household key.

    Looks only at facts known by ``as_of``, so the same date gives the same table however late it is
    computed. Every indicator is always a column; unknown is NA. ``region`` is an official code or its
    leading digits; ``households`` asks for these alone. Rows are ordered by county and household key.
    """
    found = answer(view, policy, as_of=as_of, region=region, households=households)
    return found.table(0, found.count)


def compute_chunks(
    view: View, policy: Policy, *, as_of: date, region: str | None = None, rows: int = 250_000
) -> Iterator[pd.DataFrame]:
    """Yield what ``compute`` returns, in the same order, ``rows`` households at a time."""
    found = answer(view, policy, as_of=as_of, region=region)
    for start in range(0, found.count, rows):
        yield found.table(start, start + rows)


def answer(
    view: View,
    policy: Policy,
    *,
    as_of: date,
    region: str | None = None,
    households: Keys | None = None,
    aside: Keys = (),
) -> Answered:
    """Ask for every indicator, as ``compute`` does, of all but the households in ``aside``, without reading a row."""
    plan = prepare(view, policy, as_of=as_of, region=region, households=households, aside=aside)
    return Answered(view, plan, _count(view))


def prepare(
    view: View,
    policy: Policy,
    *,
    as_of: date,
    region: str | None = None,
    households: Keys | None = None,
    aside: Keys = (),
) -> Plan:
    """Answer the plan's statements; the view keeps the answers as relations, to be put together by ``assemble``."""
    plan = open_plan(view, policy, as_of=as_of)
    within = settle_members(view, as_of=as_of, region=region, households=households, aside=aside)
    needed = set(plan.groups_below(plan.member_pages))
    for group in plan.groups:
        _ask(view, group, within=within, keep=group in needed)
    for derived in plan.derived:
        view.engine.keep(derived.name, plan.rolled_up(derived))
    for group in needed:
        view.engine.drop(f"person_{group.name}")
    return plan


def open_plan(view: View, policy: Policy, *, as_of: date) -> Plan:
    """Return the plan for ``as_of``, made once for a view; refuses a view that knows more than that date could."""
    plan = _PLANS.get(view)
    if plan is not None and plan.policy is policy and plan.as_of == as_of:
        return plan
    if any(delivery.known_on > as_of for delivery in view.manifest):
        raise ValueError(f"the view holds deliveries that were not known on {as_of}")
    plan = _PLANS[view] = Plan(policy, freshness(view.manifest, policy, as_of=as_of), as_of)
    return plan


def settle_members(
    view: View, *, as_of: date, region: str | None = None, households: Keys | None = None, aside: Keys = ()
) -> str | None:
    """Keep who is asked about as ``members`` and ``households``.

    Returns the relation of members to keep facts within, or None when everybody is asked about. What was
    settled for the same question is not done again. A view answers one question at a time.
    """
    prefix, some = _prefix(region), None if households is None else tuple(map(int, households))
    asking = (as_of, prefix, some, tuple(map(int, aside)))
    within = "members" if prefix or some is not None or asking[3] else None
    if view.settled == asking:
        return within
    view.settled = view.near = None  # a statement that breaks half-way leaves relations of two questions
    engine = view.engine
    named = {"asked_households": some, "left_out": asking[3] or None}
    for name, keys in named.items():
        if keys is not None:
            engine.put(name, pa.table({"household_key": pa.array(np.asarray(keys), pa.int64())}))
    asked, left_out = (name if keys is not None else None for name, keys in named.items())
    engine.define(
        "everyone",
        sql.everyone(
            as_of=as_of, register=view.facts(REGISTER), deaths=view.facts(DEATHS), asked=asked, aside=left_out
        ),
    )
    engine.keep("households", sql.households(everyone="everyone", register=view.facts(REGISTER), region=prefix))
    engine.keep("members", sql.members(everyone="everyone", households="households"))
    view.settled = asking
    return within


def _ask(view: View, group: Group, *, within: str | None, keep: bool) -> None:
    of_person = group.of_person(group.source(view.facts(group.feed), members="members", within=within))
    if keep:
        view.engine.keep(f"person_{group.name}", of_person)
        of_person = f"person_{group.name}"
    view.engine.keep(f"household_{group.name}", group.of_household(of_person))


def _prefix(region: str | None) -> str:
    """The digits of a region code that say something: province 2, city 4, county 6, town 9, village 12."""
    code = region or ""
    return next((code[:size] for size in (2, 4, 6, 9) if not code[size:].strip("0")), code)


def _count(view: View) -> int:
    return int(view.query(sql.counted("households")).column(0)[0].as_py())
