"""Rows without a number: the people of the register whom a worker should look at, likeliest first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching import chance, evidence, names
from monitor.matching.chance import Luck
from monitor.matching.evidence import LIKELY
from monitor.matching.names import Agreement
from monitor.matching.numbers import Keys
from monitor.matching.repair import ABOUT_NAME
from monitor.privacy import Keyring
from monitor.tables import Household, Member, Person

ABOUT_PHONE = "people.phone"
_SHOWN = 5
_STRETCHES = 500
_WORTH_READING = 4  # asking for one person by key costs as much as reading some four in passing


@dataclass(frozen=True)
class Registered:
    """The people now registered in some counties, ready to be compared, and their keys.

    ``cells`` are the fingerprints of what the register last said of each (``Person.said``); 0: there is none.
    """

    records: pa.Table
    people: Keys
    cells: Keys

    @cached_property
    def luck(self) -> Luck:
        """What two of them share by chance."""
        return chance.count(self.records)


@dataclass(frozen=True)
class Suggestion:
    """The people a row may be of, likeliest first; ``likely`` if one of them stands alone and nearly certain.

    Each candidate is plain JSON: person, probability, and which columns agree - nothing personal.
    """

    candidates: list[dict[str, Any]]
    likely: bool


@database.many_rows()
def registered(session: Session, keyring: Keyring, county: str, *, before: Registered | None = None) -> Registered:
    """Read who lives in ``county`` by the newest register; somebody in two households stands once.

    Of people of whom the register has said nothing else since ``before``, nothing is read or decrypted again.
    """
    query = (
        select(Person.id, Person.said, Household.town, Household.village)
        .join(Member, Member.person_id == Person.id)
        .join(Household, Household.id == Member.household_id)
        .where(Member.until_on.is_(None), Household.county == county, Person.name.is_not(None))
        .order_by(Person.id, Household.id)
    )
    ids, said, *places = database.bare_columns(session, query)
    people, cells = np.array(ids, np.int64), np.fromiter((one or 0 for one in said), np.int64, len(said))
    known = _unchanged(before, people, cells)
    new = _opened(session, keyring, people[known < 0])
    listed = new if before is None else _merged(before.records, new, known)
    here = pa.array([county] * len(people), pa.string())
    towns, villages = (pa.array(texts, pa.string()) for texts in places)
    for name, texts in (("county", here), ("town", towns), ("village", villages)):
        listed = listed.set_column(listed.column_names.index(name), name, texts)
    return _each_once(listed, people, cells)


def _opened(session: Session, keyring: Keyring, people: Keys) -> pa.Table:
    """Return the records of ``people`` (in order) as what is kept of them says, each cell opened once."""
    query = select(Person.id, Person.name, Person.phone, cast(Person.birth_on, String)).order_by(Person.id)
    first, last = (int(people[0]), int(people[-1])) if len(people) else (0, 0)
    if last - first < _WORTH_READING * len(people):  # neighbours' keys lie in one stretch
        found = database.bare_rows(session, query.where(Person.id.between(first, last)))
    else:
        found = list(session.execute(query.where(database.among(session, Person.id, people.tolist()))))
    ids, called, phones, births = zip(*found, strict=True) if found else ((), (), (), ())
    places = np.searchsorted(np.array(ids, np.int64), people).tolist()
    names, numbers = (
        pa.array(keyring.decrypt_optional([cells[at] for at in places], about=about), pa.string())
        for cells, about in ((called, ABOUT_NAME), (phones, ABOUT_PHONE))
    )
    days = pc.replace_substring(pa.array([births[at] for at in places], pa.string()), "-", "")
    return evidence.records(name=names, phone=numbers, birth=days, county=pa.nulls(len(people), pa.string()))


def _unchanged(before: Registered | None, people: Keys, cells: Keys) -> Keys:
    """Return the place in ``before`` of each of ``people`` of whom the same is said there; else -1.

    Of whom the register has said nothing yet, nobody knows.
    """
    if before is None or not len(before.people):
        return np.full(len(people), -1)
    at = np.minimum(np.searchsorted(before.people, people), len(before.people) - 1)
    return np.where((before.people[at] == people) & (before.cells[at] == cells) & (cells != 0), at, -1)


def _merged(before: pa.Table, new: pa.Table, known: Keys) -> pa.Table:
    """Return the rows of ``before`` at the places ``known``, and in order those of ``new`` where there is none."""
    places = known.copy()
    places[known < 0] = len(before) + np.arange(len(new))
    return pa.concat_tables([before, new], promote_options="permissive").take(pa.array(places))


def together(parts: Sequence[Registered]) -> Registered:
    """Return the people of several counties as one; whoever lives in two of them stands once."""
    return _each_once(
        pa.concat_tables([part.records for part in parts]),
        np.concatenate([part.people for part in parts]),
        np.concatenate([part.cells for part in parts]),
    )


def _each_once(records: pa.Table, people: Keys, cells: Keys) -> Registered:
    first = np.sort(np.unique(people, return_index=True)[1])
    kept = _picked(records, first)
    rows = kept.schema.get_field_index("row")
    return Registered(kept.set_column(rows, "row", pa.array(np.arange(len(first)))), people[first], cells[first])


def _picked(records: pa.Table, places: Keys) -> pa.Table:
    """Return the rows at ``places``, which are nearly all: stretches between those left out, without copying them."""
    cuts = [0, *(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
    if len(cuts) > _STRETCHES:
        return records.take(pa.array(places))
    return pa.concat_tables(
        [records.slice(int(places[a]), b - a) for a, b in pairwise(cuts) if b > a] or [records.slice(0, 0)]
    )


def suggest(rows: pa.Table, register: Registered) -> Mapping[int, Suggestion]:
    """Return for each of ``rows`` (``evidence.records``) that may be of somebody registered, of whom.

    Nothing is decided here. Where two people have equally much speaking for them both are named and
    neither is likely.
    """
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    likely: dict[int, bool] = {}
    if not len(register.people):
        return {}
    pairs = evidence.compare(rows, register.records, luck=register.luck).table
    here, there = (side.take(pairs[at]).to_pylist() for side, at in ((rows, "left"), (register.records, "right")))
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
