"""The household behind an alert, as far as a worker may see it: masked names and numbers, places in the household."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, Row, Select, bindparam, or_, select
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
    rows = database.run(session, _members, values={"household": household, "as_of": as_of})
    found = sorted(rows, key=lambda row: (row.relation != HEAD, row.id))
    return [_shown(place, row, keyring) for place, row in enumerate(found, start=1)]


def _members() -> Select[*tuple[Any, ...]]:
    as_of = bindparam("as_of", type_=Date())
    return (
        select(Member.id, Member.relation, Person.id.label("person"), Person.name, Person.sex, Person.birth_on)
        .join(Person, Person.id == Member.person_id)
        .where(Member.household_id == bindparam("household", type_=BigInteger()), Member.from_on <= as_of)
        .where(or_(Member.until_on.is_(None), Member.until_on > as_of))
    )


def places(shown: Sequence[Shown]) -> dict[int, int]:
    """Return each person's place in the household, by which evidence speaks of them."""
    return {member.person: member.place for member in shown}


def title(shown: Sequence[Shown]) -> str:
    """Return what the household is called on screen: its head's masked name; nobody known: a dash."""
    return shown[0].name or "—" if shown else "—"


def _shown(place: int, row: Row[Any], keyring: Keyring) -> Shown:
    name = keyring.decrypt(row.name, about="people.name") if row.name is not None else ""
    born_in = row.birth_on.year if row.birth_on else None
    return Shown(place, row.person, row.relation, mask_name(name), row.sex, born_in)


def titles(session: Session, households: Sequence[int], *, keyring: Keyring) -> dict[int, str]:
    """Return what each household is called on screen, in one query however many they are."""
    return {home: _name(row, keyring) for home, row in _heads(session, households).items()}


class Head(NamedTuple):
    """Who stands for a household in a list: masked name, masked number (empty: none is known)."""

    name: str
    id_masked: str


NOBODY = Head("—", "")


def heads(session: Session, households: Sequence[int], *, keyring: Keyring) -> dict[int, Head]:
    """Return who stands for each household in a list, in one query however many they are."""
    found = _heads(session, households)
    names = keyring.decrypt_many((row.name for row in found.values()), about="people.name")
    numbers = keyring.decrypt_optional([row.id_no for row in found.values()], about="people.id_no")
    masked = map(Head, map(mask_name, names), map(mask_id, numbers))
    return dict(zip(found, masked, strict=True))


def _heads(session: Session, households: Sequence[int]) -> dict[int, Row[Any]]:
    """The head of each household, or whoever of it is named first; the others are read only where there is no head."""
    found: dict[int, Row[Any]] = {}
    listed = database.takes_lists(session)
    for heads in (True, False):
        values = {"households": [home for home in households if home not in found]}
        for row in database.run(session, _named, listed, heads, values=values) if values["households"] else ():
            found.setdefault(row.household_id, row)
    return found


def _named(listed: bool, heads: bool) -> Select[*tuple[Any, ...]]:
    chosen = (
        select(Member.household_id, Person.name, Person.id_no)
        .join(Person, Person.id == Member.person_id)
        .where(database.among_named(Member.household_id, "households", listed=listed))
        .where(Member.until_on.is_(None), Person.name.is_not(None))
        .order_by(Member.id)
    )
    return chosen.where(Member.relation == HEAD) if heads else chosen


def _name(row: Row[Any], keyring: Keyring) -> str:
    return mask_name(keyring.decrypt(row.name, about="people.name"))
