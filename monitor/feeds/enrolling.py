"""People enter the register: found again by their number, or added; names and phones only ever encrypted.

A member whose number fails its check digit is a member all the same, matched only by the very same string.
A cell that is no number at all ("none", a cross) makes a person of that household and name alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.feeds.bulk import ASKED_AT_ONCE, add_rows, advance_ids, change_rows, chunks, next_id
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
UNLIKELY = (Kind.DAMAGED, Kind.INVALID)
RESIDENTS = (Kind.RESIDENT, Kind.EXPANDED)
Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Enrolled:
    """For each whole row its person (``NOBODY``: an unusable row) and its birth date, from the number if need be."""

    people: Keys
    birth_on: pa.Array


def enrol(session: Session, keyring: Keyring, checked: Checked, usable: Keys) -> Enrolled:
    """Return the person of every usable row, adding whom nobody has met and mending changed names.

    A withdrawal adds nobody. The last row of a person within the file speaks for the person.
    """
    read = numbers.normalise(checked.cells["id_no"])
    frame = pd.DataFrame({"row": usable, "identity": _identities(checked, read, usable)})
    last = frame.drop_duplicates("identity", keep="last")
    digests = dict(zip(last.identity, blind_indexes(keyring, last.identity), strict=True))
    known = _known(session, digests)
    birth_on = _births(checked, read)
    if checked.mode != "withdraw":
        people = _described(checked, last, birth_on)
        met = people.identity.isin(known.keys()) if known else pd.Series(False, people.index)
        _mend(session, keyring, people[met].assign(id=lambda p: p.identity.map(known)))
        known |= _add(session, keyring, people[~met], digests)
    found = np.full(checked.whole, NOBODY, dtype=np.int64)
    found[usable] = frame.identity.map(known).fillna(NOBODY).to_numpy(np.int64)
    return Enrolled(found, birth_on)


def _identities(checked: Checked, read: Numbers, usable: Keys) -> list[str]:
    """The text that makes each row's person: the canonical number, or what stands in its place."""
    texts = checked.cells["id_no"].take(pa.array(usable)).to_pylist()
    keys, kinds = read.keys[usable].tolist(), read.kinds[usable].tolist()
    return [
        text.upper() if key != NO_KEY and len(text) == 18 and text.isascii() else _identity(checked, read, row, text, kind)
        for text, key, kind, row in zip(texts, keys, kinds, usable.tolist(), strict=True)
    ]


def _identity(checked: Checked, read: Numbers, row: int, text: str, kind: int) -> str:
    if kind == Kind.INVALID:
        return "\x1f".join((_cell(checked, "household_id", row), ids.clean(text), _cell(checked, "name", row)))
    return read.text(row) or ids.clean(text)


def _cell(checked: Checked, name: str, row: int) -> str:
    column = checked.values.get(name, checked.cells.get(name))
    return folded(column[row].as_py() or "") if column is not None else ""


def _known(session: Session, digests: dict[str, bytes]) -> dict[str, int]:
    if session.scalar(select(Person.id).limit(1)) is None:
        return {}
    asked = {digest: identity for identity, digest in digests.items()}
    found: dict[str, int] = {}
    for some in chunks(asked, ASKED_AT_ONCE):
        for digest, person in session.execute(select(Person.id_index, Person.id).where(Person.id_index.in_(some))):
            found[asked[digest or b""]] = person
    return found


def _births(checked: Checked, read: Numbers) -> pa.Array:
    """The birth date of each row: as the file says, else as a resident's number tells."""
    said = checked.values.get("birth_on", pa.nulls(checked.whole, pa.date32()))
    silent = np.flatnonzero(said.is_null().to_numpy(zero_copy_only=False) & np.isin(read.kinds, RESIDENTS))
    if not len(silent):
        return said
    told = [ids.birth_on(numbers.text_of(key)) for key in read.keys[silent].tolist()]
    mask = np.zeros(len(said), dtype=np.bool_)
    mask[silent] = True
    return pc.replace_with_mask(said, pa.array(mask), pa.array(told, pa.date32()))


def _described(checked: Checked, last: pd.DataFrame, birth_on: pa.Array) -> pd.DataFrame:
    places = pa.array(last.row.to_numpy())
    people = {"identity": last.identity.tolist(), "birth_on": birth_on.take(places).to_pylist()}
    for name in ("name", "phone"):
        cells = checked.cells.get(name)
        people[name] = [None] * len(last) if cells is None else _said(cells.take(places))
    sex = checked.values.get("sex")
    people["sex"] = [None] * len(last) if sex is None else sex.take(places).to_pylist()
    return pd.DataFrame(people, dtype=object)


def _said(cells: pa.Array) -> list[str | None]:
    """What cells say of a person; a word of Han characters or digits alone needs no mending."""
    plain = pc.fill_null(pc.match_substring_regex(cells, r"^(\p{Han}+|[0-9]+)$"), False).to_pylist()
    return [text if good else _mended(text) for text, good in zip(cells.to_pylist(), plain, strict=True)]


def _mended(text: str | None) -> str | None:
    said = folded(text or "")
    return None if is_null(said) else said


def _add(session: Session, keyring: Keyring, people: pd.DataFrame, digests: dict[str, bytes]) -> dict[str, int]:
    start = next_id(session, Person)
    identities = people.identity.tolist()
    keys = range(start, start + len(identities))
    numbered = [text.split("\x1f")[1] if "\x1f" in text else text for text in identities]
    columns = (
        keys,
        (digests[identity] for identity in identities),
        keyring.encrypt_many(numbered, about=ABOUT_ID_NO),
        keyring.encrypt_many(people.name.tolist(), about=ABOUT_NAME),
        keyring.encrypt_many(people.phone.tolist(), about=ABOUT_PHONE),
        people.sex.tolist(),
        (None if day is None else day.isoformat() for day in people.birth_on.tolist()),
    )
    add_rows(session, Person, PERSON, zip(*columns, strict=True))
    advance_ids(session, Person)
    return dict(zip(identities, keys, strict=True))


def _mend(session: Session, keyring: Keyring, people: pd.DataFrame) -> None:
    """Change only the people of whom the register now says something else."""
    now = {int(one.id): one for one in people.itertuples()}
    changed = []
    for some in chunks(now, ASKED_AT_ONCE):
        query = select(Person.id, Person.name, Person.phone, Person.sex, Person.birth_on).where(Person.id.in_(some))
        for person, name, phone, sex, birth_on in session.execute(query):
            one = now[person]
            before = (_open(keyring, name, ABOUT_NAME), _open(keyring, phone, ABOUT_PHONE), sex, birth_on)
            if before != (one.name, one.phone, one.sex, one.birth_on):
                changed.append(
                    {
                        "id": person,
                        "name": None if one.name is None else keyring.encrypt(one.name, about=ABOUT_NAME),
                        "phone": None if one.phone is None else keyring.encrypt(one.phone, about=ABOUT_PHONE),
                        "sex": one.sex,
                        "birth_on": one.birth_on,
                    }
                )
    change_rows(session, Person, changed)


def _open(keyring: Keyring, cell: bytes | None, about: str) -> str | None:
    return None if cell is None else keyring.decrypt(cell, about=about)
