"""People enter the register: found again by their number, or added; names and phones only ever encrypted.

A member whose number fails its check digit is a member all the same, matched only by the very same string.
A cell that is no number at all ("none", a cross) makes a person of that household and name alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import ne
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.bulk import ASKED_AT_ONCE, AT_ONCE, add_rows, advance_ids, change_rows, chunks, next_id
from monitor.feeds.checking import Checked
from monitor.feeds.values import folded, is_null
from monitor.matching import ids, numbers
from monitor.matching.exact import ABOUT_ID_NO, NO_PERSON, Index, blind_indexes
from monitor.matching.ids import Kind
from monitor.matching.numbers import NO_KEY, Numbers
from monitor.privacy import Keyring
from monitor.tables import Person

NOBODY = -1
ABOUT_NAME = "people.name"
ABOUT_PHONE = "people.phone"
PERSON = ("id", "id_index", "id_no", "name", "phone", "sex", "birth_on")
WORTH_READING = 4  # asking for one person by a digest or key costs as much as reading some four in passing
RESIDENTS = (Kind.RESIDENT, Kind.EXPANDED)
Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Enrolled:
    """For each whole row its person (``NOBODY``: an unusable row) and its birth date, from the number if need be.

    ``met`` gives the person of each number that the index did not know, to learn once the register is committed.
    """

    people: Keys
    birth_on: pa.Array
    met: dict[str, int]


class Entry(NamedTuple):
    """Somebody in the file: the text that identifies them, its digest, and their last row."""

    identity: str
    digest: bytes
    row: int


class Said(NamedTuple):
    """What is said of some people, a column each; days as ISO text."""

    name: Sequence[str | None]
    phone: Sequence[str | None]
    sex: Sequence[str | None]
    birth_on: Sequence[str | None]


def enrol(session: Session, keyring: Keyring, index: Index, checked: Checked, usable: Keys) -> Enrolled:
    """Return the person of every usable row, adding whom nobody has met and mending changed names.

    A withdrawal adds nobody. The last row of a person within the file speaks for the person.
    """
    read = checked.numbers
    people = index.find(session, read.keys)
    known = people[usable] != NO_PERSON
    found = np.full(checked.whole, NOBODY, dtype=np.int64)
    found[usable[known]] = people[usable[known]]
    birth_on, newest = _births(checked, read), next_id(session, Person)
    met = _meet(session, keyring, checked, _Reading(read, birth_on), usable[~known], found)
    if checked.mode != "withdraw":
        _mend(session, keyring, checked, birth_on, _last_rows(np.where(found < newest, found, NOBODY)))
    return Enrolled(found, birth_on, met)


class _Reading(NamedTuple):
    numbers: Numbers
    birth_on: pa.Array


def _meet(
    session: Session, keyring: Keyring, checked: Checked, read: _Reading, rows: Keys, found: Keys
) -> dict[str, int]:
    """Find by their digest, or add, the people of ``rows`` whom the index does not know; fill in ``found``."""
    identities = _identities(checked, read.numbers, rows)
    last = dict(zip(identities, rows.tolist(), strict=True))
    entries = [Entry(*each) for each in zip(last, blind_indexes(keyring, last), last.values(), strict=True)]
    known = _known(session, entries)
    if checked.mode != "withdraw":
        new = _by_place(checked, [entry for entry in entries if entry.identity not in known] if known else entries)
        known |= _add(session, keyring, checked, read.birth_on, new)
    found[rows] = [known.get(identity, NOBODY) for identity in identities]
    return known


def _by_place(checked: Checked, entries: Sequence[Entry]) -> list[Entry]:
    """Neighbours are numbered side by side: a county's people, and with them its facts, lie in one stretch of keys."""
    rows = np.array([entry.row for entry in entries], np.int64)
    regions = checked.values.get("region", pa.nulls(checked.whole, pa.string())).take(pa.array(rows))
    order = np.argsort(np.array(pc.fill_null(regions, "").to_pylist(), dtype=np.str_), kind="stable")
    return [entries[place] for place in order.tolist()]


def _last_rows(people: Keys) -> tuple[Keys, Keys]:
    """Return each person of ``people`` once, in order, with the last row that is of them."""
    persons, back = np.unique(people[::-1], return_index=True)
    rows = len(people) - 1 - back
    return persons[persons != NOBODY], rows[persons != NOBODY]


def _identities(checked: Checked, read: Numbers, usable: Keys) -> list[str]:
    """The text that makes each row's person: the canonical number, or what stands in its place."""
    texts = checked.cells["id_no"].take(pa.array(usable)).to_pylist()
    keys, kinds = read.keys[usable].tolist(), read.kinds[usable].tolist()
    return [
        text.upper()
        if key != NO_KEY and len(text) == 18 and text.isascii()
        else _identity(checked, read, row, text, kind)
        for text, key, kind, row in zip(texts, keys, kinds, usable.tolist(), strict=True)
    ]


def _identity(checked: Checked, read: Numbers, row: int, text: str, kind: int) -> str:
    if kind == Kind.INVALID:
        return "\x1f".join((_cell(checked, "household_id", row), ids.clean(text), _cell(checked, "name", row)))
    return read.text(row) or ids.clean(text)


def _cell(checked: Checked, name: str, row: int) -> str:
    column = checked.values.get(name, checked.cells.get(name))
    return folded(column[row].as_py() or "") if column is not None else ""


def _known(session: Session, entries: Sequence[Entry]) -> dict[str, int]:
    """Return the person of each identity that is registered: few are asked for, many sought among all."""
    asked = {entry.digest: entry.identity for entry in entries}
    query = select(Person.id_index, Person.id)
    if len(asked) * WORTH_READING > next_id(session, Person):
        rows = database.bare_rows(session, query)
        return {asked[digest]: person for digest, person in rows if digest in asked}
    found: dict[str, int] = {}
    for some in chunks(asked, ASKED_AT_ONCE):
        for digest, person in session.execute(query.where(Person.id_index.in_(some))):
            found[asked[digest or b""]] = person
    return found


def _births(checked: Checked, read: Numbers) -> pa.Array:
    """The birth date of each row: as the file says, else as a resident's number tells."""
    said = checked.values.get("birth_on", pa.nulls(checked.whole, pa.date32()))
    silent = pc.is_null(said).to_numpy(zero_copy_only=False) & np.isin(read.kinds, RESIDENTS)
    if not silent.any():
        return said
    told = [ids.birth_on(numbers.text_of(key)) for key in read.keys[silent].tolist()]
    return pc.replace_with_mask(said, pa.array(silent), pa.array(told, pa.date32()))


def _saying(checked: Checked, birth_on: pa.Array, rows: Keys) -> Said:
    """Return what ``rows`` say of their people."""
    places = pa.array(rows, pa.int64())
    nothing = pa.nulls(len(rows), pa.string())
    names, phones = (
        _clean(checked.cells[name].take(places) if name in checked.cells else nothing) for name in ("name", "phone")
    )
    sexes = checked.values["sex"].take(places) if "sex" in checked.values else nothing
    return Said(names, phones, sexes.to_pylist(), birth_on.take(places).cast(pa.string()).to_pylist())


def _clean(cells: pa.Array) -> list[str | None]:
    """Return cells trimmed and null words empty; one of Han characters or digits alone needs no mending."""
    plain = pc.fill_null(pc.match_substring_regex(cells, r"^(\p{Han}+|[0-9]+)$"), False)
    texts: list[str | None] = cells.to_pylist()
    for place in np.flatnonzero(~plain.to_numpy(zero_copy_only=False)).tolist():
        texts[place] = _mended(texts[place])
    return texts


def _mended(text: str | None) -> str | None:
    said = folded(text or "")
    return None if is_null(said) else said


def _add(
    session: Session, keyring: Keyring, checked: Checked, birth_on: pa.Array, new: Sequence[Entry]
) -> dict[str, int]:
    """Add people, a block at a time: at no moment is more than a block of them readable or encrypted in memory."""
    start = next_id(session, Person)
    for block in chunks(enumerate(new, start), AT_ONCE):
        entries = [entry for _, entry in block]
        said = _saying(checked, birth_on, np.array([entry.row for entry in entries], np.int64))
        columns = (
            [person for person, _ in block],
            [entry.digest for entry in entries],
            keyring.encrypt_many((_number(entry.identity) for entry in entries), about=ABOUT_ID_NO),
            keyring.encrypt_many(said.name, about=ABOUT_NAME),
            keyring.encrypt_many(said.phone, about=ABOUT_PHONE),
            said.sex,
            said.birth_on,
        )
        add_rows(session, Person, PERSON, zip(*columns, strict=True))
    advance_ids(session, Person)
    return {entry.identity: person for person, entry in enumerate(new, start)}


def _number(identity: str) -> str:
    return identity.split("\x1f")[1] if "\x1f" in identity else identity


def _mend(session: Session, keyring: Keyring, checked: Checked, birth_on: pa.Array, last: tuple[Keys, Keys]) -> None:
    """Change only the people of whom the register now says something else, a block at a time."""
    people, rows = last
    for start in range(0, len(people), AT_ONCE):
        some, at = people[start : start + AT_ONCE], rows[start : start + AT_ONCE]
        now = _saying(checked, birth_on, at)
        other = np.zeros(len(some), dtype=np.bool_)
        for said, before in zip(now, _said_before(session, keyring, some), strict=True):
            other |= np.fromiter(map(ne, said, before), np.bool_, len(some))
        changed = np.flatnonzero(other).tolist()
        change_rows(
            session,
            Person,
            [_changed(keyring, int(some[place]), *(column[place] for column in now)) for place in changed],
        )


def _said_before(session: Session, keyring: Keyring, people: Keys) -> Said:
    """Return what is kept of ``people`` (in order); where they lie close together a whole stretch is read."""
    query = select(Person.id, Person.name, Person.phone, Person.sex, cast(Person.birth_on, String)).order_by(Person.id)
    first, last = int(people[0]), int(people[-1])
    if last - first < WORTH_READING * len(people):
        rows = database.bare_rows(session, query.where(Person.id.between(first, last)))
        wanted = set(people.tolist())
        rows = [row for row in rows if row[0] in wanted]
    else:
        asked = chunks(people.tolist(), ASKED_AT_ONCE)
        rows = [row for some in asked for row in database.bare_rows(session, query.where(Person.id.in_(some)))]
    _, names, phones, sexes, births = zip(*rows, strict=True)
    called, told = (
        keyring.decrypt_optional(cells, about=about) for cells, about in ((names, ABOUT_NAME), (phones, ABOUT_PHONE))
    )
    return Said(called, told, sexes, births)


def _changed(
    keyring: Keyring, person: int, name: str | None, phone: str | None, sex: str | None, birth_on: str | None
) -> dict[str, object]:
    return {
        "id": person,
        "name": None if name is None else keyring.encrypt(name, about=ABOUT_NAME),
        "phone": None if phone is None else keyring.encrypt(phone, about=ABOUT_PHONE),
        "sex": sex,
        "birth_on": None if birth_on is None else date.fromisoformat(birth_on),
        "findable": False,
    }
