"""People enter the register: found again by their number, or added; names and phones only ever encrypted.

A member whose number fails its check digit is a member all the same, matched only by the very same string.
A cell that is no number at all ("none", a cross) makes a person of that household and name alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.feeds.bulk import ASKED_AT_ONCE, AT_ONCE, add_rows, advance_ids, change_rows, chunks, next_id
from monitor.feeds.checking import Checked
from monitor.feeds.values import folded, is_null
from monitor.matching import ids, numbers
from monitor.matching.exact import ABOUT_ID_NO, blind_indexes
from monitor.matching.ids import Kind
from monitor.matching.numbers import NO_KEY, Numbers
from monitor.privacy import Keyring
from monitor.tables import Person

NOBODY = -1
ABOUT_NAME = "people.name"
ABOUT_PHONE = "people.phone"
PERSON = ("id", "id_index", "id_no", "name", "phone", "sex", "birth_on")
RESIDENTS = (Kind.RESIDENT, Kind.EXPANDED)
Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Enrolled:
    """For each whole row its person (``NOBODY``: an unusable row) and its birth date, from the number if need be.

    ``met`` gives the person of each number, for matching to learn once the register is committed.
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
    """What a row says of its person."""

    name: str | None
    phone: str | None
    sex: str | None
    birth_on: date | None


def enrol(session: Session, keyring: Keyring, checked: Checked, usable: Keys) -> Enrolled:
    """Return the person of every usable row, adding whom nobody has met and mending changed names.

    A withdrawal adds nobody. The last row of a person within the file speaks for the person.
    """
    read = numbers.normalise(checked.cells["id_no"])
    identities = _identities(checked, read, usable)
    last = dict(zip(identities, usable.tolist(), strict=True))
    entries = [Entry(*each) for each in zip(last, blind_indexes(keyring, last), last.values(), strict=True)]
    known = _known(session, entries)
    birth_on = _births(checked, read)
    if checked.mode != "withdraw":
        old = [entry for entry in entries if entry.identity in known]
        new = [entry for entry in entries if entry.identity not in known] if old else entries
        _mend(session, keyring, checked, birth_on, {known[entry.identity]: entry.row for entry in old})
        known |= _add(session, keyring, checked, birth_on, new)
    found = np.full(checked.whole, NOBODY, dtype=np.int64)
    found[usable] = [known.get(identity, NOBODY) for identity in identities]
    return Enrolled(found, birth_on, known)


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
    if session.scalar(select(Person.id).limit(1)) is None:
        return {}
    asked = {entry.digest: entry.identity for entry in entries}
    found: dict[str, int] = {}
    for some in chunks(asked, ASKED_AT_ONCE):
        for digest, person in session.execute(select(Person.id_index, Person.id).where(Person.id_index.in_(some))):
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


def _saying(checked: Checked, birth_on: pa.Array, rows: Sequence[int]) -> Iterator[Said]:
    """Yield what each of ``rows`` says of its person."""
    places = pa.array(rows, pa.int64())
    nothing = pa.nulls(len(rows), pa.string())
    names, phones = (
        _clean(checked.cells[name].take(places) if name in checked.cells else nothing) for name in ("name", "phone")
    )
    sexes = checked.values["sex"].take(places) if "sex" in checked.values else nothing
    return map(Said, names, phones, sexes.to_pylist(), birth_on.take(places).to_pylist())


def _clean(cells: pa.Array) -> list[str | None]:
    """Return cells trimmed and null words empty; one of Han characters or digits alone needs no mending."""
    plain = pc.fill_null(pc.match_substring_regex(cells, r"^(\p{Han}+|[0-9]+)$"), False).to_pylist()
    return [text if good else _mended(text) for text, good in zip(cells.to_pylist(), plain, strict=True)]


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
        said = list(_saying(checked, birth_on, [entry.row for entry in entries]))
        columns = (
            [person for person, _ in block],
            [entry.digest for entry in entries],
            keyring.encrypt_many((_number(entry.identity) for entry in entries), about=ABOUT_ID_NO),
            keyring.encrypt_many((one.name for one in said), about=ABOUT_NAME),
            keyring.encrypt_many((one.phone for one in said), about=ABOUT_PHONE),
            [one.sex for one in said],
            [None if one.birth_on is None else one.birth_on.isoformat() for one in said],
        )
        add_rows(session, Person, PERSON, zip(*columns, strict=True))
    advance_ids(session, Person)
    return {entry.identity: person for person, entry in enumerate(new, start)}


def _number(identity: str) -> str:
    return identity.split("\x1f")[1] if "\x1f" in identity else identity


def _mend(session: Session, keyring: Keyring, checked: Checked, birth_on: pa.Array, rows: dict[int, int]) -> None:
    """Change only the people of whom the register now says something else."""
    for some in chunks(rows, ASKED_AT_ONCE):
        now = dict(zip(some, _saying(checked, birth_on, [rows[person] for person in some]), strict=True))
        query = select(Person.id, Person.name, Person.phone, Person.sex, Person.birth_on).where(Person.id.in_(some))
        differing = []
        for person, name, phone, sex, birth in session.execute(query):
            before = Said(_open(keyring, name, ABOUT_NAME), _open(keyring, phone, ABOUT_PHONE), sex, birth)
            if before != now[person]:
                differing.append(person)
        change_rows(session, Person, [_changed(keyring, person, now[person]) for person in differing])


def _changed(keyring: Keyring, person: int, now: Said) -> dict[str, object]:
    name, phone = (
        None if text is None else keyring.encrypt(text, about=about)
        for text, about in ((now.name, ABOUT_NAME), (now.phone, ABOUT_PHONE))
    )
    return {"id": person, "name": name, "phone": phone, "sex": now.sex, "birth_on": now.birth_on}


def _open(keyring: Keyring, cell: bytes | None, about: str) -> str | None:
    return None if cell is None else keyring.decrypt(cell, about=about)
