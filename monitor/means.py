"""家庭收支与财产: what records say a household earned, spent and owns; what they do not say is said too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.alerts import people
from monitor.alerts.people import Shown
from monitor.cases.chain import household_for
from monitor.indicators import FeedState, freshness, manifest, opened
from monitor.lake import Lake, View
from monitor.lake.showing import by_year, standing_of
from monitor.policy import Policy
from monitor.policy.reading import Words
from monitor.privacy import Keyring
from monitor.service import Service, today
from monitor.tables import Household, Member, Person

YEARS = 3
_PAID, _MADE = "result = 'paid'", "NOT COALESCE(cancelled, FALSE)"
# Of each feed: is it earned or spent, its day, its amount, which rows count.
FLOWS: Mapping[str, tuple[str, str, str, str]] = {
    "wages": ("income", "month", "gross_wage", "TRUE"),
    "pensions": ("income", "month", "amount", "TRUE"),
    "tax_incomes": ("income", "month", "amount", "TRUE"),
    "benefit_payments": ("income", "month", "amount", _PAID),
    "medical_settlements": ("expense", "settled_on", "self_pay", _MADE),
}
# Of each feed: its day, its amount, the columns whose codes say what it is, which rows stand.
PROPERTY: Mapping[str, tuple[str, str, tuple[str, ...], str]] = {
    "real_estate": ("registered_on", "area", ("use",), "status = 'active'"),
    "vehicles": ("registered_on", "NULL", ("kind", "use"), "status = 'active'"),
    "business_registrations": ("registered_on", "capital_yuan", ("kind", "role"), "status = 'active'"),
    "financial_assets": ("checked_on", "balance", (), "TRUE"),
}


@dataclass(frozen=True)
class Source:
    """A feed as far as the page tells of it; ``heard_on`` None: it was never delivered, so nothing is known."""

    feed: str
    description: Words
    kind: str
    fresh: bool
    heard_on: date | None


@dataclass(frozen=True)
class Flow:
    """What one feed says was earned or spent in a year by all members together."""

    feed: str
    year: int
    yuan: float
    records: int


@dataclass(frozen=True)
class Owned:
    """One thing that stands in somebody's name: ``said`` are its codes in words, ``member`` their place."""

    feed: str
    member: int
    said: Sequence[str]
    since: date | None
    amount: float | None


@dataclass(frozen=True)
class Twin:
    """A household in which somebody of this one may stand too, and how that shows: same person, or alike."""

    household_no: str
    member: int
    how: str


@dataclass(frozen=True)
class Means:
    """All of it, as known on a day."""

    sources: Sequence[Source]
    flows: Sequence[Flow]
    owned: Sequence[Owned]
    twins: Sequence[Twin]


def means(
    session: Session, service: Service, policy: Policy, household_no: str, *, as_of: date, viewer: Viewer
) -> Means:
    """Return income and expenditure of the last three years, property, and who may be entered twice.

    Sources overlap (a wage is taxed too), so nothing is added up across them. Absent and not the viewer's are the
    same refusal. Members are numbered as they stand today, as the household's page and its reveals number them.
    """
    home = household_for(session, household_no, viewer)
    shown = people.members(session, home.id, as_of=today(), keyring=service.keyring)
    came = manifest(session, as_of=as_of)
    states = freshness(came, policy, as_of=as_of)
    lake = Lake(service.lake, memory_limit=service.settings.memory_limit, threads=service.settings.threads)
    flows: list[Flow] = []
    owned: list[Owned] = []
    if shown and came:
        with opened(lake, policy, came) as view:
            flows, owned = _flows(view, policy, shown, as_of), _owned(view, policy, shown)
    twins = _twins(session, home, shown, viewer, service.keyring)
    return Means(_sources(policy, states), flows, owned, twins)


def _sources(policy: Policy, states: Mapping[str, FeedState]) -> list[Source]:
    kinds = {feed: said[0] for feed, said in FLOWS.items()} | dict.fromkeys(PROPERTY, "property")
    return [
        Source(feed, policy.feeds[feed].description, kind, states[feed].fresh, states[feed].last_known_on)
        for feed, kind in kinds.items()
        if feed in policy.feeds
    ]


def _flows(view: View, policy: Policy, shown: Sequence[Shown], as_of: date) -> list[Flow]:
    since, persons = date(as_of.year - YEARS + 1, 1, 1), [one.person for one in shown]
    found = []
    for feed, (_, day, amount, counts) in FLOWS.items():
        if feed in policy.feeds:
            asked = by_year(view.facts(feed), persons=persons, day_of=day, amount=amount, counts=counts, since=since)
            rows = view.query(asked).to_pylist()
            found += [Flow(feed, int(row["year"]), float(row["yuan"] or 0), int(row["records"])) for row in rows]
    return found


def _owned(view: View, policy: Policy, shown: Sequence[Shown]) -> list[Owned]:
    places, found = people.places(shown), []
    for feed, (day, amount, codes, stands) in PROPERTY.items():
        if feed in policy.feeds:
            asked = standing_of(
                view.facts(feed), persons=list(places), day_of=day, amount=amount, codes=codes, stands=stands
            )
            found += [_thing(feed, row, codes, policy, places) for row in view.query(asked).to_pylist()]
    return found


def _thing(feed: str, row: Mapping[str, Any], codes: Sequence[str], policy: Policy, places: Mapping[int, int]) -> Owned:
    columns, said = policy.feeds[feed].columns, []
    for code in codes:
        if row[code] is not None:
            said.append((columns[code].codes or {}).get(str(row[code]), str(row[code])))
    amount = None if row["amount"] is None else float(row["amount"])
    return Owned(feed, places[int(row["person_key"])], said, row["since"], amount)


def _twins(session: Session, home: Household, shown: Sequence[Shown], viewer: Viewer, keyring: Keyring) -> list[Twin]:
    places = people.places(shown)
    elsewhere = select(Household.household_no, Member.person_id, Person.name, Person.birth_on, Person.sex)
    elsewhere = elsewhere.join(Member, Member.household_id == Household.id).join(Person, Person.id == Member.person_id)
    elsewhere = elsewhere.where(Member.until_on.is_(None), Household.id != home.id)
    elsewhere = scope(elsewhere, viewer, of=Household)
    mine = session.scalars(select(Person).where(Person.id.in_(list(places)))).all()
    same = elsewhere.where(Member.person_id.in_(list(places)))
    found = [Twin(row.household_no, places[row.person_id], "same") for row in session.execute(same)]
    for one in mine:
        if one.birth_on is None or one.name is None:
            continue
        name = keyring.decrypt(one.name, about="people.name")
        alike = elsewhere.where(Person.birth_on == one.birth_on, Person.sex == one.sex, Person.id != one.id)
        for row in session.execute(alike.where(Person.name.is_not(None), Household.county == home.county)):
            if keyring.decrypt(row.name, about="people.name") == name:
                found.append(Twin(row.household_no, places[one.id], "alike"))
    return found
