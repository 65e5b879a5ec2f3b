"""A household's money month by month, as agencies told it: what came in, what illness cost; silence is not zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from monitor.cases.chain import persons_of
from monitor.indicators import heard_until, manifest, opened
from monitor.lake import Lake, View
from monitor.lake.showing import monthly
from monitor.policy import Policy
from monitor.tables import Household

MONTHS = 12


@dataclass(frozen=True)
class Source:
    """One kind of money that an agency tells of: its feed, the column and the day it counts by."""

    feed: str
    amount: str
    happened_on: str
    only: str = "TRUE"


INCOME: Mapping[str, Source] = {
    "wages": Source("wages", "gross_wage", "month"),
    "pensions": Source("pensions", "amount", "month"),
    "benefits": Source("benefit_payments", "amount", "month", "result = 'paid'"),
}
SPENDING: Mapping[str, Source] = {
    "medical": Source("medical_settlements", "self_pay", "settled_on", "NOT coalesce(cancelled, FALSE)")
}


@dataclass(frozen=True)
class Month:
    """One month, by its first day; each amount in yuan, None where the agency has not told of all of it yet."""

    first_day: date
    amounts: Mapping[str, float | None]

    @property
    def income(self) -> float | None:
        """What came in; None when any part of it is unknown, for then the sum is."""
        return _sum(self.amounts, INCOME)

    @property
    def spending(self) -> float | None:
        """What illness cost the household itself; None when it is unknown."""
        return _sum(self.amounts, SPENDING)


def months(session: Session, household: Household, *, lake: Lake, policy: Policy, as_of: date) -> list[Month]:
    """Return the twelve months up to that of ``as_of``, the oldest first, by the deliveries known then.

    A month without a row is 0 only once the agency was heard of after it had ended; before, its amount is None.
    """
    shown = _first_days(as_of)
    known = manifest(session, as_of=as_of)
    persons = persons_of(session, household, as_of)
    told: dict[str, dict[date, float]] = {}
    until: dict[str, date] = {}
    with opened(lake, policy, known) as view:
        for name, source in {**INCOME, **SPENDING}.items():
            last = heard_until(known, source.feed)
            if last is not None:
                until[name] = last
                told[name] = _told(view, source, persons, since=shown[0])
    return [
        Month(first, {name: _of(told, until, name, first) for name in (*INCOME, *SPENDING)}) for first in shown
    ]  # fmt: skip


def _told(view: View, source: Source, persons: Sequence[int], *, since: date) -> dict[date, float]:
    statement = monthly(
        view.facts(source.feed), persons=persons, amount=source.amount, happened_on=source.happened_on, since=since,
        only=source.only,
    )  # fmt: skip
    return {row["month"]: float(row["amount"]) for row in view.query(statement).to_pylist()}


def _of(told: Mapping[str, Mapping[date, float]], until: Mapping[str, date], name: str, first: date) -> float | None:
    """What was told of a month; nothing told is zero only of a month over when the agency was last heard of."""
    if first in told.get(name, {}):
        return told[name][first]
    return 0.0 if name in until and until[name] >= _following(first) else None


def _following(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _first_days(as_of: date) -> list[date]:
    last = as_of.year * 12 + as_of.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(last - MONTHS + 1, last + 1)]


def _sum(amounts: Mapping[str, float | None], names: Mapping[str, Source]) -> float | None:
    found = [amount for name in names if (amount := amounts[name]) is not None]
    return sum(found) if len(found) == len(names) else None
