"""The household behind an alert, as far as a worker may see it: masked names and numbers, places in the household."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.privacy import Keyring, mask_id, mask_name
from monitor.tables import Member, Person

HEAD = "02"


@dataclass(frozen=True)
class Shown:
    """A member as shown: place in the household (1: its head), relation code, masked name, sex, year of birth."""

    place: int
    person: int
    relation: str | None
    name: str
    sex: str | None
    born_in: int | None


def members(session: Session, household: int, *, as_of: date, keyring: Keyring) -> list[Shown]:
    """Return the members of a household on ``as_of``, its head first; names as 张*."""
    chosen = (
        select(Member, Person)
        .join(Person, Person.id == Member.person_id)
        .where(Member.household_id == household, Member.from_on <= as_of)
        .where(or_(Member.until_on.is_(None), Member.until_on > as_of))
    )
    found = sorted(session.execute(chosen).all(), key=lambda row: (row.Member.relation != HEAD, row.Member.id))
    return [_shown(place, row.Member, row.Person, keyring) for place, row in enumerate(found, start=1)]


def places(shown: Sequence[Shown]) -> dict[int, int]:
    """Return each person's place in the household, by which evidence speaks of them."""
    return {member.person: member.place for member in shown}


def title(shown: Sequence[Shown]) -> str:
    """Return what the household is called on screen: its head's masked name; nobody known: a dash."""
    return shown[0].name or "—" if shown else "—"


def _shown(place: int, member: Member, person: Person, keyring: Keyring) -> Shown:
    name = keyring.decrypt(person.name, about="people.name") if person.name is not None else ""
    return Shown(
        place,
        person.id,
        member.relation,
        mask_name(name),
        person.sex,
        person.birth_on.year if person.birth_on else None,
    )


def titles(session: Session, households: Sequence[int], *, keyring: Keyring) -> dict[int, str]:
    """Return what each household is called on screen, in one query however many they are."""
    return {home: _name(row, keyring) for home, row in _heads(session, households).items()}


@dataclass(frozen=True, slots=True)
class Head:
    """Who stands for a household in a list: masked name, masked number (empty: none is known)."""

    name: str
    id_masked: str


NOBODY = Head("—", "")


def heads(session: Session, households: Sequence[int], *, keyring: Keyring) -> dict[int, Head]:
    """Return who stands for each household in a list, in one query however many they are."""
    found = _heads(session, households)
    return {home: Head(_name(row, keyring), _number(row, keyring)) for home, row in found.items()}


def _heads(session: Session, households: Sequence[int]) -> dict[int, Row[Any]]:
    """The head of each household, or whoever of it is named first."""
    rows: list[Row[Any]] = list(
        database.run(session, _named, database.takes_lists(session), values={"households": list(households)})
    )
    found: dict[int, Row[Any]] = {}
    for row in sorted(rows, key=lambda row: (row.relation != HEAD, row.id)):
        found.setdefault(row.household_id, row)
    return found


def _named(listed: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(Member.household_id, Member.relation, Member.id, Person.name, Person.id_no)
        .join(Person, Person.id == Member.person_id)
        .where(database.among_named(Member.household_id, "households", listed=listed))
        .where(Member.until_on.is_(None), Person.name.is_not(None))
    )


def _name(row: Row[Any], keyring: Keyring) -> str:
    return mask_name(keyring.decrypt(row.name, about="people.name"))


def _number(row: Row[Any], keyring: Keyring) -> str:
    return "" if row.id_no is None else mask_id(keyring.decrypt(row.id_no, about="people.id_no"))
