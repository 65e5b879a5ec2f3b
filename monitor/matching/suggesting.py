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
_SHOWN = 5


@dataclass(frozen=True)
class Registered:
    """The people now registered in some counties, ready to be compared, and their keys; read once a run."""

    records: pa.Table
    people: Keys

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
def registered(session: Session, keyring: Keyring, county: str) -> Registered:
    """Read who lives in ``county`` by the newest register; somebody in two households stands once."""
    born = cast(Person.birth_on, String)
    query = (
        select(Person.id, Person.name, Person.phone, born, Household.county, Household.town, Household.village)
        .join(Member, Member.person_id == Person.id)
        .join(Household, Household.id == Member.household_id)
        .where(Member.until_on.is_(None), Household.county == county, Person.name.is_not(None))
        .order_by(Person.id, Household.id)
    )
    people, called, phones, births, *places = database.bare_columns(session, query)
    texts = (pa.array(column, pa.string()) for column in places)
    listed = evidence.records(
        name=pa.array(keyring.decrypt_optional(called, about=ABOUT_NAME), pa.string()),
        phone=pa.array(keyring.decrypt_optional(phones, about=ABOUT_PHONE), pa.string()),
        birth=pc.replace_substring(pa.array(births, pa.string()), "-", ""),
        **dict(zip(("county", "town", "village"), texts, strict=True)),
    )
    return _each_once(listed, np.array(people, np.int64))


def together(parts: Sequence[Registered]) -> Registered:
    """Return the people of several counties as one; whoever lives in two of them stands once."""
    return _each_once(
        pa.concat_tables([part.records for part in parts]), np.concatenate([part.people for part in parts])
    )


def _each_once(records: pa.Table, people: Keys) -> Registered:
    first = np.sort(np.unique(people, return_index=True)[1])
    kept = records.take(pa.array(first))
    rows = kept.schema.get_field_index("row")
    return Registered(kept.set_column(rows, "row", pa.array(np.arange(len(first)))), people[first])


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
