"""Rows without a number: the people of the register whom a worker should look at, likeliest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

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
_READ_AT_ONCE = 20_000


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


def registered(session: Session, keyring: Keyring, counties: Iterable[str]) -> Registered:
    """Read who lives in ``counties`` by the newest register; somebody in two households stands once."""
    query = (
        select(
            Person.id, Person.name, Person.phone, Person.birth_on, Household.county, Household.town, Household.village
        )
        .join(Member, Member.person_id == Person.id)
        .join(Household, Household.id == Member.household_id)
        .where(Member.until_on.is_(None), Household.county.in_(sorted(counties)), Person.name.is_not(None))
        .order_by(Person.id, Household.id)
    )
    rows = session.connection().execute(query, execution_options={"yield_per": _READ_AT_ONCE})
    people: dict[int, tuple[str | None, ...]] = {}
    for person, name, phone, birth_on, *place in rows:
        if person not in people:
            called, told = _read(keyring, name, ABOUT_NAME), _read(keyring, phone, ABOUT_PHONE)
            people[person] = (called, told, None if birth_on is None else f"{birth_on:%Y%m%d}", *place)
    listed = ("name", "phone", "birth", "county", "town", "village")
    columns = {
        column: pa.array([said[at] for said in people.values()], pa.string()) for at, column in enumerate(listed)
    }
    return Registered(evidence.records(**columns), np.fromiter(people, np.int64, len(people)))


def suggest(rows: pa.Table, register: Registered) -> Mapping[int, Suggestion]:
    """Return for each of ``rows`` (``evidence.records``) that may be of somebody registered, of whom.

    Nothing is decided here. Where two people have equally much speaking for them both are named and
    neither is likely.
    """
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    likely: dict[int, bool] = {}
    if not len(register.people):
        return {}
    pairs = evidence.compare(rows, register.records, luck=register.luck)
    for pair in pairs.table.to_pylist():
        several = found[pair["left"]]
        likely.setdefault(pair["left"], pair["alone"] and pair["probability"] >= LIKELY)
        if len(several) < _SHOWN:
            several.append(
                {
                    "person": int(register.people[pair["right"]]),
                    "probability": round(pair["probability"], 4),
                    "evidence": _agreeing(rows, register.records, pair["left"], pair["right"]),
                }
            )
    return {row: Suggestion(several, likely[row]) for row, several in found.items()}


def _read(keyring: Keyring, cell: bytes | None, about: str) -> str | None:
    return None if cell is None else keyring.decrypt(cell, about=about)


def _agreeing(left: pa.Table, right: pa.Table, one: int, other: int) -> dict[str, str]:
    here, there = left.slice(one, 1).to_pylist()[0], right.slice(other, 1).to_pylist()[0]
    said = {"name": names.agreement(here["name"], there["name"])}
    for column in ("birth", "phone", "town", "village"):
        if here[column] is not None and there[column] is not None:
            said[column] = Agreement.EQUAL if here[column] == there[column] else Agreement.DIFFERENT
    return {column: agreement.name.lower() for column, agreement in said.items()}
