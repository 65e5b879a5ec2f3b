"""Rows without a number: the people of the register whom a worker should look at, likeliest first."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching import chance, evidence, names, veiled
from monitor.matching.chance import Luck
from monitor.matching.evidence import LIKELY
from monitor.matching.names import Agreement
from monitor.matching.numbers import Keys
from monitor.matching.repair import ABOUT_NAME
from monitor.matching.veiled import Heard, Veiled, joined
from monitor.privacy import Keyring
from monitor.tables import Household, Member, Person

ABOUT_PHONE = "people.phone"
_SHOWN = 5
_STRETCHES = 500
_READ_AT_ONCE = 20_000
_WORTH_READING = 4  # asking for one person by key costs as much as reading some four in passing


@dataclass(frozen=True)
class Registered:
    """The people now registered in some counties, ready to be compared: where they live, the rest as codes."""

    records: pa.Table
    veiled: Veiled

    @property
    def people(self) -> Keys:
        """The keys of the people."""
        return self.veiled.people

    @cached_property
    def luck(self) -> Luck:
        """What two of them share by chance."""
        return chance.count(self.records, self.veiled.spelt)


@dataclass(frozen=True)
class Suggestion:
    """The people a row may be of, likeliest first; ``likely`` if one of them stands alone and nearly certain.

    Each candidate is plain JSON: person, probability, and which columns agree - nothing personal.
    """

    candidates: list[dict[str, Any]]
    likely: bool


@database.many_rows()
def registered(session: Session, keyring: Keyring, county: str, heard: Heard | None = None) -> Registered:
    """Return who lives in ``county`` by the newest register; somebody in two households stands once.

    What ``heard`` has of people of whom nothing else has been said since is not decrypted again; what is, it learns.
    """
    query = (
        select(Person.id, Person.said, Household.town, Household.village)
        .join(Member, Member.person_id == Person.id)
        .join(Household, Household.id == Member.household_id)
        .where(Member.until_on.is_(None), Household.county == county, Person.name.is_not(None))
        .order_by(Person.id, Household.id)
    )
    ids, said, towns, villages = database.arrow_columns(session, query)
    people, prints = ids.to_numpy(), pc.fill_null(said, 0).to_numpy()
    known = _known(session, keyring, people, prints, heard or Heard())
    empty = pa.nulls(len(people), pa.string())
    columns = {"row": pa.array(np.arange(len(people))), **known.columns(), "birth": empty}
    columns |= {"county": pa.array([county] * len(people), pa.string()), "town": towns, "village": villages}
    return _each_once(pa.table(columns), known)


def _known(session: Session, keyring: Keyring, people: Keys, prints: Keys, heard: Heard) -> Veiled:
    """Return ``people`` (in order) as codes; whom nobody has heard of is read, some ten thousand at a time."""
    first = np.append(True, np.diff(people) != 0)[: len(people)]
    unheard = np.flatnonzero((heard.all.places(people, prints) < 0) & first)
    parts = []
    for at in range(0, len(unheard), _READ_AT_ONCE):
        some = people[unheard[at : at + _READ_AT_ONCE]]
        parts.append(veiled.veil(some, prints[unheard[at : at + _READ_AT_ONCE]], *_opened(session, keyring, some)))
    heard.learn(parts)
    return heard.all.take(np.searchsorted(heard.all.people, people))


def _opened(session: Session, keyring: Keyring, people: Keys) -> tuple[pa.Array, pa.Array]:
    """Return names and phones of ``people`` (in order) as they are kept, each cell opened once."""
    query = select(Person.id, Person.name, Person.phone).order_by(Person.id)
    first, last = (int(people[0]), int(people[-1])) if len(people) else (0, 0)
    if last - first < _WORTH_READING * len(people):  # neighbours' keys lie in one stretch
        found = database.bare_rows(session, query.where(Person.id.between(first, last)))
    else:
        found = list(session.execute(query.where(database.among(session, Person.id, people.tolist()))))
    ids, called, phones = zip(*found, strict=True) if found else ((), (), ())
    places = np.searchsorted(np.array(ids, np.int64), people).tolist()
    names, numbers = (
        pa.array(keyring.decrypt_optional([cells[at] for at in places], about=about), pa.string())
        for cells, about in ((called, ABOUT_NAME), (phones, ABOUT_PHONE))
    )
    return names, numbers


def _reading(session: Session, keyring: Keyring, register: Registered) -> Callable[[Keys], pa.Table]:
    """Return what reads the records of those at some places of the register."""

    def read(places: Keys) -> pa.Table:
        order = np.argsort(register.people[places], kind="stable")
        back = pa.array(np.argsort(order, kind="stable"))
        names, phones = (cells.take(back) for cells in _opened(session, keyring, register.people[places[order]]))
        at = {name: register.records[name].take(pa.array(places)) for name in ("county", "town", "village")}
        told = evidence.records(name=names, phone=phones, **at)
        return told.set_column(0, "row", pa.array(places))

    return read


def together(parts: Sequence[Registered]) -> Registered:
    """Return the people of several counties as one; whoever lives in two of them stands once."""
    return _each_once(pa.concat_tables([part.records for part in parts]), joined([part.veiled for part in parts]))


def _each_once(records: pa.Table, people: Veiled) -> Registered:
    first = np.sort(np.unique(people.people, return_index=True)[1])
    kept = _picked(records, first)
    rows = kept.schema.get_field_index("row")
    return Registered(kept.set_column(rows, "row", pa.array(np.arange(len(first)))), people.take(first))


def _picked(records: pa.Table, places: Keys) -> pa.Table:
    """Return the rows at ``places``, which are nearly all: stretches between those left out, without copying them."""
    cuts = [0, *(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
    if len(cuts) > _STRETCHES:
        return records.take(pa.array(places))
    return pa.concat_tables(
        [records.slice(int(places[a]), b - a) for a, b in pairwise(cuts) if b > a] or [records.slice(0, 0)]
    )


def suggest(session: Session, keyring: Keyring, rows: pa.Table, register: Registered) -> Mapping[int, Suggestion]:
    """Return for each of ``rows`` (``evidence.records``) that may be of somebody registered, of whom.

    Nothing is decided here. Where two people have equally much speaking for them both are named and
    neither is likely. Of the register only those are decrypted with whom something telling is shared.
    """
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    likely: dict[int, bool] = {}
    if not len(rows) or not len(register.people):
        return {}
    read = _reading(session, keyring, register)
    compared = evidence.Register(register.records, veiled.records, read)
    pairs = evidence.compare_with(rows, compared, register.luck).table
    here = rows.take(pairs["left"]).to_pylist()
    there = read(pairs["right"].to_numpy()).to_pylist()
    for pair, one, other in zip(pairs.to_pylist(), here, there, strict=True):
        several = found[pair["left"]]
        likely.setdefault(pair["left"], pair["alone"] and pair["probability"] >= LIKELY)
        if len(several) < _SHOWN:
            several.append(
                {
                    "person": int(register.people[pair["right"]]),
                    "probability": round(pair["probability"], 4),
                    "evidence": _agreeing(one, other),
                }
            )
    return {row: Suggestion(several, likely[row]) for row, several in found.items()}


def _agreeing(here: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, str]:
    said = {"name": names.agreement(here["name"], there["name"])}
    for column in ("birth", "phone", "town", "village"):
        if here[column] is not None and there[column] is not None:
            said[column] = Agreement.EQUAL if here[column] == there[column] else Agreement.DIFFERENT
    return {column: agreement.name.lower() for column, agreement in said.items()}
