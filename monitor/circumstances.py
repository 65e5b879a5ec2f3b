"""劳动能力、残疾、就学与待遇: what agencies say of each member of a household; their silence is not a no."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.alerts import people
from monitor.alerts.people import Shown
from monitor.cases.codes import PROGRAMS
from monitor.indicators import FeedState, feeds_of, freshness, manifest, opened
from monitor.lake import Lake, Manifest, View
from monitor.lake.showing import standing_of
from monitor.lake.sql import day
from monitor.policy import Policy
from monitor.policy.language import evaluate
from monitor.policy.reading import Words
from monitor.service import Service
from monitor.tables import Person

_ENGLISH: Mapping[str, Mapping[str, str]] = {
    "kind": {
        "1": "sight", "2": "hearing", "3": "speech", "4": "physical", "5": "intellectual", "6": "mental",
        "7": "several kinds",
    },
    "degree": {"1": "degree 1", "2": "degree 2", "3": "degree 3", "4": "degree 4"},
    "status": {"enrolled": "at school", "dropped_out": "dropped out", "transferred": "transferred",
               "graduated": "graduated"},
    "program": {code: en for code, (_, en) in PROGRAMS.items()},
}  # fmt: skip
YEAR = timedelta(days=365)
ABLE, SEVERE, AGE = "able_workers", "severe_disabled_members", "age"
Kind = Literal["disability", "school", "benefit"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """How one feed tells of a member: its day, yuan, codes; of rows that agree in ``per`` the newest is told.

    Rows are told where ``stands`` holds and their ``status`` (None: any) is as said.
    """

    feed: str
    day_of: str
    amount: str
    codes: tuple[str, ...]
    stands: str = "TRUE"
    per: tuple[str, ...] = ()
    status: str | None = None


ASKED: Mapping[Kind, About] = {
    "disability": About(
        "disability_certificates", "issued_on", "NULL", ("kind", "degree"), per=("kind",), status="active"
    ),
    "school": About("students", "term", "NULL", ("status", "term")),
    "benefit": About("benefit_payments", "month", "amount", ("program",), "result = 'paid'", ("program",)),
}


@dataclass(frozen=True)
class Told:
    """One thing that a feed tells of a member: codes in words, its day (None: it has none), yuan where it is money."""

    kind: Kind
    said: Sequence[Words]
    on: date | None
    amount: float | None


@dataclass(frozen=True)
class Standing:
    """What is told of one member by place in the household.

    ``able`` is of working age and without a severe disability: reckoned, for no assessment is on record; None is
    unknown. ``silent`` are the kinds of which agencies heard of in time tell nothing; what is neither told nor
    silent is unknown.
    """

    place: int
    able: bool | None
    told: Sequence[Told]
    silent: Sequence[Kind]


@dataclass(frozen=True)
class Heard:
    """One feed that one kind of thing is known from; ``heard_on`` None: it was never delivered."""

    kind: Kind | Literal["able"]
    feed: str
    description: Words
    heard_on: date | None
    fresh: bool


@dataclass(frozen=True)
class Circumstances:
    """Every member's, and where each kind of thing is known from."""

    members: Sequence[Standing]
    heard: Sequence[Heard]


def circumstances(
    session: Session, service: Service, policy: Policy, *, shown: Sequence[Shown], as_of: date
) -> Circumstances:
    """Return what is told of each of ``shown`` by the deliveries known on ``as_of``.

    Whoever stands in no register with a whole number cannot be found in an agency's list: of them silence is unknown.
    """
    came = manifest(session, as_of=as_of)
    states = freshness(came, policy, as_of=as_of)
    known = session.scalars(select(Person).where(Person.id.in_(list(people.places(shown))))).all()
    rows: dict[Kind, list[Row]] = {}
    if shown and came:
        with opened(Lake.of(service.settings), policy, _recent(came, as_of)) as view:
            rows = {kind: _rows(view, about, shown, as_of) for kind, about in ASKED.items() if about.feed in states}
    told = _told(policy, rows, shown)
    in_time = [kind for kind, about in ASKED.items() if about.feed in states and states[about.feed].fresh]
    findable = {one.id for one in known if one.id_no is not None}
    certified = rows.get("disability", []) if "disability" in in_time else None
    able = _able(policy, {one.id: _age(one.birth_on, as_of) for one in known}, certified, findable)
    return Circumstances(
        [
            Standing(
                one.place, able.get(one.person), told[one.person],
                _silent(told[one.person], in_time) if one.person in findable else [],
            )
            for one in shown
        ],
        _heard(policy, states),
    )  # fmt: skip


def _recent(came: Manifest, as_of: date) -> Manifest:
    """What was paid within a year was not told of before that year."""
    paid = ASKED["benefit"].feed
    return tuple(one for one in came if one.feed != paid or one.known_on >= as_of - YEAR)


def _heard(policy: Policy, states: Mapping[str, FeedState]) -> list[Heard]:
    reckoned = sorted(feeds_of(policy, ABLE)) if ABLE in policy.indicators else []
    pairs = [("able", feed) for feed in reckoned] + [(kind, about.feed) for kind, about in ASKED.items()]
    return [
        Heard(kind, feed, policy.feeds[feed].description, states[feed].last_known_on, states[feed].fresh)  # type: ignore[arg-type]
        for kind, feed in pairs
        if feed in policy.feeds
    ]


def _age(born: date | None, as_of: date) -> float:
    """Full years, or NaN; whoever was born on 29 February turns on 1 March."""
    return np.nan if born is None else as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))


def _able(
    policy: Policy, ages: Mapping[int, float], certified: Sequence[Row] | None, findable: set[int]
) -> dict[int, bool | None]:
    """Reckon by the policy's own pages; without certificates in time (None), or no number, disability is unknown."""
    page, severe = policy.indicators.get(ABLE), policy.indicators.get(SEVERE)
    if not ages or page is None or page.compute is None or severe is None or severe.where is None:
        return {}
    if page.compute.names - {AGE, SEVERE}:
        return {}
    counted = {person: 0.0 if person in findable and certified is not None else np.nan for person in ages}
    if certified:
        table = pd.DataFrame(certified)
        holds = evaluate(severe.where, {name: table[name] for name in severe.where.names}, {})
        for row, held in zip(certified, holds, strict=True):
            counted[row["person_key"]] += np.nan if held is pd.NA else float(held)
    columns = {AGE: pd.Series(ages, dtype=float), SEVERE: pd.Series(counted, dtype=float)}
    said = evaluate(page.compute, columns, {})
    return {int(str(person)): None if value is pd.NA else bool(value) for person, value in said.items()}


def _told(policy: Policy, rows: Mapping[Kind, Sequence[Row]], shown: Sequence[Shown]) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = {one.person: [] for one in shown}
    for kind, theirs in rows.items():
        about = ASKED[kind]
        standing = [row for row in theirs if about.status is None or row["status"] == about.status]
        for row in _newest(about, standing):
            found[int(row["person_key"])].append(_one(kind, about, row, policy))
    return found


def _rows(view: View, about: About, shown: Sequence[Shown], as_of: date) -> list[Row]:
    recent = f" AND month >= {day(as_of - YEAR)}" if about.day_of == "month" else ""
    codes = about.codes if about.status is None else (*about.codes, "status")
    asked = standing_of(
        view.facts(about.feed), persons=[one.person for one in shown], day_of=about.day_of, amount=about.amount,
        codes=codes, stands=about.stands + recent,
    )  # fmt: skip
    found: list[Row] = view.query(asked).to_pylist()
    return found


def _newest(about: About, rows: Iterable[Row]) -> Iterable[Row]:
    """The first of the rows that agree; what was paid in several sums on its day is one sum."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["person_key"], *(row[column] for column in about.per))
        first = found.setdefault(key, {**row, "amount": None})
        if row["amount"] is not None and row["since"] == first["since"]:
            first["amount"] = (first["amount"] or 0.0) + float(row["amount"])
    return found.values()


def _one(kind: Kind, about: About, row: Row, policy: Policy) -> Told:
    columns = policy.feeds[about.feed].columns
    said = [_words(code, str(row[code]), columns[code].codes or {}) for code in about.codes if row[code] is not None]
    return Told(kind, said, row["since"] if isinstance(row["since"], date) else None, row["amount"])


def _words(column: str, code: str, codes: Mapping[str, str]) -> Words:
    """An agency may use a code of its own, which then is the best there is."""
    zh = codes.get(code, code)
    return Words(zh, _ENGLISH.get(column, {}).get(code, zh))


def _silent(told: Sequence[Told], in_time: Sequence[Kind]) -> list[Kind]:
    spoken = {one.kind for one in told}
    return [kind for kind in in_time if kind not in spoken]
