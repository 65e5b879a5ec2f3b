"""What the register says of its people - name, phone, sex, birth date - and who is to be changed for it.

Beside what is kept encrypted lies a keyed fingerprint of all four together, bound to the person: a register that says
the same again is recognised without a cell being opened, and nothing can be read from it or compared between people.
"""

from datetime import date
from operator import ne
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Select, String, cast, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.bulk import ASKED_AT_ONCE, AT_ONCE, change_rows, chunks
from monitor.feeds.checking import Checked
from monitor.feeds.keys import fact_keys
from monitor.feeds.values import folded, is_null
from monitor.matching.veiled import Veiled, veil
from monitor.privacy import Keyring
from monitor.tables import Person

ABOUT_NAME = "people.name"
ABOUT_PHONE = "people.phone"
WORTH_READING = 4  # asking for one person by a digest or key costs as much as reading some four in passing
Keys = npt.NDArray[np.int64]
_WORDS = r"^(\p{Han}+|[0-9]+)$"


class Said(NamedTuple):
    """What is said of some people, a column each; days as ISO text."""

    name: pa.Array
    phone: pa.Array
    sex: pa.Array
    birth_on: pa.Array

    def take(self, places: Keys) -> "Said":
        """Return what is said of those at ``places`` alone."""
        at = pa.array(places, pa.int64())
        return Said(*(column.take(at) for column in self))

    def part(self, block: slice) -> "Said":
        """Return what is said of a stretch of them."""
        return Said(*(column[block] for column in self))

    def fingerprints(self, keyring: Keyring, people: Keys) -> Keys:
        """Return for each of ``people`` the keyed 64 bits by which the same said again is recognised."""
        return fact_keys([pa.array(people), *self], keyring.said_key)

    def veiled(self, keyring: Keyring, people: Keys) -> Veiled:
        """Return what is said of ``people`` (in order) as codes, with its fingerprints."""
        return veil(people, self.fingerprints(keyring, people), self.name, self.phone)


def saying(checked: Checked, birth_on: pa.Array, rows: Keys) -> Said:
    """Return what ``rows`` say of their people."""
    places = pa.array(rows, pa.int64())
    nothing = pa.nulls(len(rows), pa.string())
    names, phones = (
        _clean(checked.cells[name].take(places) if name in checked.cells else nothing) for name in ("name", "phone")
    )
    sexes = checked.values["sex"].take(places) if "sex" in checked.values else nothing
    return Said(names, phones, sexes, birth_on.take(places).cast(pa.string()))


def _clean(cells: pa.Array) -> pa.Array:
    """Return cells trimmed and null words empty; one of Han characters or digits alone needs no mending."""
    plain = pc.fill_null(pc.match_substring_regex(cells, _WORDS), cells.is_null())
    odd = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    if not len(odd):
        return cells
    mended = [_mended(text) for text in cells.take(pa.array(odd)).to_pylist()]
    return pc.replace_with_mask(cells, pc.invert(plain), pa.array(mended, cells.type))


def _mended(text: str | None) -> str | None:
    said = folded(text or "")
    return None if is_null(said) else said


def mend(session: Session, keyring: Keyring, people: Keys, now: Said) -> list[Veiled]:
    """Change only those of ``people`` (in order, each once) of whom the register now says something else.

    Returns what it says of them.
    """
    prints = now.fingerprints(keyring, people)
    before, told = _prints_before(session, people)
    other, unsure = told & (before != prints), np.flatnonzero(~told)
    for start in range(0, len(unsure), AT_ONCE):
        some = unsure[start : start + AT_ONCE]
        other[some] = _differ(session, keyring, people[some], now.take(some))
    same = unsure[~other[unsure]]
    change_rows(session, Person, [{"id": int(people[at]), "said": int(prints[at])} for at in same.tolist()])
    changed, heard = np.flatnonzero(other), []
    for start in range(0, len(changed), AT_ONCE):
        some = changed[start : start + AT_ONCE]
        these = now.take(some)
        heard.append(veil(people[some], prints[some], these.name, these.phone))
        change_rows(session, Person, _changes(keyring, people[some], prints[some], these))
    return heard


def _prints_before(session: Session, people: Keys) -> tuple[Keys, npt.NDArray[np.bool_]]:
    """Return the fingerprint kept of each of ``people``, and of whom there is one: who came otherwise has none."""
    query = select(Person.id, Person.said).order_by(Person.id)
    if len(people) and _close(people):
        persons, kept = database.arrow_columns(session, query.where(Person.id.between(int(people[0]), int(people[-1]))))
        kept = kept.take(pa.array(np.searchsorted(persons.to_numpy(), people)))
    else:
        kept = pa.array([said for _, said in _read(session, query, people)], pa.int64())
    return pc.fill_null(kept, 0).to_numpy(), kept.is_valid().to_numpy(zero_copy_only=False)


def _differ(session: Session, keyring: Keyring, people: Keys, now: Said) -> npt.NDArray[np.bool_]:
    """Return of whom something else is kept than ``now``, by opening what is kept."""
    birth: ColumnElement[str] = cast(Person.birth_on, String)
    query = select(Person.id, Person.name, Person.phone, Person.sex, birth).order_by(Person.id)
    _, names, phones, sexes, births = zip(*_read(session, query, people), strict=True)
    called, phoned = (
        keyring.decrypt_optional(cells, about=about) for cells, about in ((names, ABOUT_NAME), (phones, ABOUT_PHONE))
    )
    other = np.zeros(len(people), dtype=np.bool_)
    for said, before in zip(now, (called, phoned, sexes, births), strict=True):
        other |= np.fromiter(map(ne, said.to_pylist(), before), np.bool_, len(people))
    return other


def _read(session: Session, query: Select[*tuple[object, ...]], people: Keys) -> list[tuple[object, ...]]:
    """Return the rows of ``people`` (in order); where they lie close together a whole stretch is read."""
    if not len(people):
        return []
    if not _close(people):
        asked = chunks(people.tolist(), ASKED_AT_ONCE)
        return [row for some in asked for row in database.bare_rows(session, query.where(Person.id.in_(some)))]
    rows = database.bare_rows(session, query.where(Person.id.between(int(people[0]), int(people[-1]))))
    if len(rows) == len(people):
        return rows
    wanted = set(people.tolist())
    return [row for row in rows if row[0] in wanted]


def _close(people: Keys) -> bool:
    """Whether ``people`` (in order) lie so close together that a whole stretch is worth reading."""
    return bool(people[-1] - people[0] < WORTH_READING * len(people))


def _changes(keyring: Keyring, people: Keys, prints: Keys, now: Said) -> list[dict[str, object]]:
    """Return what to write of each; who is called otherwise is made findable anew."""
    days = [None if day is None else date.fromisoformat(day) for day in now.birth_on.to_pylist()]
    columns = {
        "id": people.tolist(),
        "said": prints.tolist(),
        "name": keyring.encrypt_many(now.name.to_pylist(), about=ABOUT_NAME),
        "phone": keyring.encrypt_many(now.phone.to_pylist(), about=ABOUT_PHONE),
        "sex": now.sex.to_pylist(),
        "birth_on": days,
    }
    return [dict(zip(columns, row, strict=True)) | {"findable": False} for row in zip(*columns.values(), strict=True)]
