"""Rows without a number: the people of the register whom a worker should look at, likeliest first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
PLACES = ("county", "town", "village")
_SHOWN = 5


@dataclass(frozen=True)
class Registered:
    """The people now registered in some counties, ready to be compared, and their keys.

    ``cells`` tells of each whether what is kept encrypted has changed since: a number that means nothing elsewhere.
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

    Of people whose cells are those of ``before``, nothing is decrypted again.
    """
    born = cast(Person.birth_on, String)
    query = (
        select(Person.id, Person.name, Person.phone, born, Household.county, Household.town, Household.village)
        .join(Member, Member.person_id == Person.id)
        .join(Household, Household.id == Member.household_id)
        .where(Member.until_on.is_(None), Household.county == county, Person.name.is_not(None))
        .order_by(Person.id, Household.id)
    )
    ids, called, phones, births, *places = database.bare_columns(session, query)
    people, cells = np.array(ids, np.int64), np.fromiter(map(hash, zip(called, phones, births, strict=True)), np.int64)
    known = _unchanged(before, people, cells)
    rows = np.flatnonzero(known < 0).tolist()
    names, numbers = (
        pa.array(keyring.decrypt_optional([column[row] for row in rows], about=about), pa.string())
        for column, about in ((called, ABOUT_NAME), (phones, ABOUT_PHONE))
    )
    days = pa.array([births[row] for row in rows], pa.string())
    new = evidence.records(
        name=names, phone=numbers, birth=pc.replace_substring(days, "-", ""), county=pa.nulls(len(rows), pa.string())
    )
    listed = new if before is None else _merged(before.records, new, known)
    for name, texts in zip(PLACES, places, strict=True):
        listed = listed.set_column(listed.column_names.index(name), name, pa.array(texts, pa.string()))
    return _each_once(listed, people, cells)


def _unchanged(before: Registered | None, people: Keys, cells: Keys) -> Keys:
    """Return the place in ``before`` of each of ``people`` whose cells are the same there; else -1."""
    if before is None or not len(before.people):
        return np.full(len(people), -1)
    at = np.minimum(np.searchsorted(before.people, people), len(before.people) - 1)
    return np.where((before.people[at] == people) & (before.cells[at] == cells), at, -1)


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
    kept = records.take(pa.array(first))
    rows = kept.schema.get_field_index("row")
    return Registered(kept.set_column(rows, "row", pa.array(np.arange(len(first)))), people[first], cells[first])


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
