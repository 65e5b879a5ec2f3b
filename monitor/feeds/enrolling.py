"""People enter the register: found again by their number, or added; names and phones only ever encrypted.

A member whose number fails its check digit is a member all the same, matched only by the very same string.
A cell that is no number at all ("none", a cross) makes a person of that household and name alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.bulk import AT_ONCE, add_rows, advance_ids, indexed_after, next_id
from monitor.feeds.checking import Checked
from monitor.feeds.particulars import ABOUT_NAME, ABOUT_PHONE, WORTH_READING, Said, mend, saying
from monitor.feeds.values import folded
from monitor.matching import ids, numbers
from monitor.matching.exact import ABOUT_ID_NO, NO_PERSON, Index, blind_indexes, registered
from monitor.matching.finding import Findable
from monitor.matching.ids import Kind
from monitor.matching.numbers import NO_KEY, Numbers
from monitor.matching.tokens import Tokens
from monitor.matching.veiled import Veiled
from monitor.privacy import Keyring
from monitor.tables import Person

NOBODY = -1
RESIDENTS = (Kind.RESIDENT, Kind.EXPANDED)
WHOLE = 18  # the length of a number that is its own identity
Keys = npt.NDArray[np.int64]


class Met(NamedTuple):
    """Whom the register named and the index did not know: by the key of their number, or by the text of an odd one.

    ``heard`` is what was said of those who are new or changed, as codes.
    """

    keys: Keys
    people: Keys
    others: dict[str, int]
    heard: Sequence[Veiled]


@dataclass(frozen=True)
class Enrolled:
    """For each whole row its person (``NOBODY``: an unusable row) and its birth date, from the number if need be.

    ``met`` is to be learned by the index once the register is committed.
    """

    people: Keys
    birth_on: pa.Array
    met: Met


@dataclass(frozen=True)
class Newcomers:
    """Those in the file whom the index does not know, each once, in the order of their first rows.

    ``identities`` are the texts that make them, ``keys`` their numbers' (``NO_KEY``: an odd one), ``last`` the rows
    that speak for them.
    """

    identities: Sequence[str]
    keys: Keys
    last: Keys


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
    new, back = _newcomers(checked, read, usable[~known])
    persons, heard = _meet(session, keyring, checked, birth_on, new)
    found[usable[~known]] = persons[back]
    if checked.mode != "withdraw":
        known_people, last = _last_rows(np.where(found < newest, found, NOBODY))
        heard += mend(session, keyring, known_people, saying(checked, birth_on, last))
    return Enrolled(found, birth_on, _met(new, persons, heard))


def _newcomers(checked: Checked, read: Numbers, rows: Keys) -> tuple[Newcomers, Keys]:
    """Return who stands in ``rows``, and of each row the place among them."""
    keyed = read.keys[rows] != NO_KEY
    back, by_key = pd.factorize(read.keys[rows[keyed]])
    odd = [_identity(checked, read, row) for row in rows[~keyed].tolist()]
    back_odd, by_text = pd.factorize(np.array(odd, dtype=object))
    places = np.empty(len(rows), np.int64)
    places[keyed], places[~keyed] = back, back_odd + len(by_key)
    first, last = np.zeros(len(by_key) + len(by_text), np.int64), np.zeros(len(by_key) + len(by_text), np.int64)
    first[places[::-1]], last[places] = np.arange(len(rows))[::-1], rows
    texts = [*_numbers(checked, read, by_key, rows[first[: len(by_key)]]), *by_text.tolist()]
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    keys = np.concatenate([by_key, np.full(len(by_text), NO_KEY)])
    return Newcomers([texts[at] for at in order.tolist()], keys[order], last[order]), rank[places]


def _numbers(checked: Checked, read: Numbers, keys: Keys, rows: Keys) -> list[str]:
    """Return the canonical number of each of ``keys``: as ``rows`` have it where that is whole, else spelt out."""
    cells = pc.ascii_upper(checked.cells["id_no"].take(pa.array(rows)))
    whole = pc.fill_null(pc.equal(pc.binary_length(cells), WHOLE), False).to_numpy(zero_copy_only=False)
    texts: list[str] = cells.to_pylist()
    for place in np.flatnonzero(~whole | (read.kinds[rows] == Kind.EXPANDED)).tolist():
        texts[place] = numbers.text_of(int(keys[place]))
    return texts


def _identity(checked: Checked, read: Numbers, row: int) -> str:
    """The text that makes a person whose number is no whole one."""
    text = checked.cells["id_no"][row].as_py()
    if read.kinds[row] == Kind.INVALID:
        return "\x1f".join((_cell(checked, "household_id", row), ids.clean(text), _cell(checked, "name", row)))
    return read.text(row) or ids.clean(text)


def _cell(checked: Checked, name: str, row: int) -> str:
    column = checked.values.get(name, checked.cells.get(name))
    return folded(column[row].as_py() or "") if column is not None else ""


def _meet(
    session: Session, keyring: Keyring, checked: Checked, birth_on: pa.Array, new: Newcomers
) -> tuple[Keys, list[Veiled]]:
    """Find the newcomers by their digests, or add them; a withdrawal leaves ``NOBODY`` for who is not there.

    What is said of who is added comes with it.
    """
    heard: list[Veiled] = []
    digests = list(blind_indexes(keyring, new.identities))
    persons = _known(session, digests)
    if checked.mode != "withdraw":
        unknown = _by_place(checked, new.last, np.flatnonzero(persons == NOBODY))
        persons[unknown] = next_id(session, Person) + np.arange(len(unknown))
        said, listed = saying(checked, birth_on, new.last[unknown]), unknown.tolist()
        who = [digests[at] for at in listed], [_number(new.identities[at]) for at in listed]
        with indexed_after(session, Person, len(unknown)):
            heard = _add(session, keyring, persons[unknown], *who, said)
    return persons, heard


def _known(session: Session, digests: Sequence[bytes]) -> Keys:
    """Return the person registered under each digest: few are asked for, many sought among all."""
    if len(digests) * WORTH_READING > next_id(session, Person):
        found = dict(database.bare_rows(session, select(Person.id_index, Person.id)))
    else:
        found = registered(session, digests)
    return np.fromiter((found.get(digest, NOBODY) for digest in digests), np.int64, len(digests))


def _by_place(checked: Checked, last: Keys, new: Keys) -> Keys:
    """Neighbours are numbered side by side: a county's people, and with them its facts, lie in one stretch of keys."""
    regions = checked.values.get("region", pa.nulls(checked.whole, pa.string())).take(pa.array(last[new]))
    encoded = pc.fill_null(regions, "").dictionary_encode()
    rank = np.argsort(np.argsort(np.array(encoded.dictionary.to_pylist(), dtype=np.str_), kind="stable"))
    return new[np.argsort(rank[encoded.indices.to_numpy()], kind="stable")]


def _last_rows(people: Keys) -> tuple[Keys, Keys]:
    """Return each person of ``people`` once, in order, with the last row that is of them."""
    told = np.flatnonzero(people != NOBODY)
    last = np.full(people.max(initial=NOBODY) + 1, NOBODY)
    last[people[told]] = told  # of rows that are of the same person the last is what stays
    persons = np.flatnonzero(last != NOBODY)
    return persons, last[persons]


def _births(checked: Checked, read: Numbers) -> pa.Array:
    """The birth date of each row: as the file says, else as a resident's number tells."""
    said = checked.values.get("birth_on", pa.nulls(checked.whole, pa.date32()))
    silent = pc.is_null(said).to_numpy(zero_copy_only=False) & np.isin(read.kinds, RESIDENTS)
    if not silent.any():
        return said
    told = [ids.birth_on(numbers.text_of(key)) for key in read.keys[silent].tolist()]
    return pc.replace_with_mask(said, pa.array(silent), pa.array(told, pa.date32()))


def _add(
    session: Session, keyring: Keyring, people: Keys, digests: Sequence[bytes], numbered: Sequence[str], said: Said
) -> list[Veiled]:
    """Add people, sealed a block at a time, and make them findable."""
    found, heard = Findable(session, Tokens(keyring)), []
    for start in range(0, len(people), AT_ONCE):
        block = slice(start, start + AT_ONCE)
        these, keys = said.part(block), people[block]
        heard.append(these.veiled(keyring, keys))
        columns = {
            "id": keys.tolist(),
            "id_index": digests[block],
            "id_no": keyring.encrypt_many(numbered[block], about=ABOUT_ID_NO),
            "name": keyring.encrypt_many(these.name.to_pylist(), about=ABOUT_NAME),
            "phone": keyring.encrypt_many(these.phone.to_pylist(), about=ABOUT_PHONE),
            "sex": these.sex.to_pylist(),
            "birth_on": these.birth_on.to_pylist(),
            "said": heard[-1].said.tolist(),
            "findable": [True] * len(keys),
        }
        add_rows(session, Person, columns)
    found.add(people, said.name, pa.array(numbered, pa.string()))
    found.write()
    advance_ids(session, Person)
    return heard


def _number(identity: str) -> str:
    return identity.split("\x1f")[1] if "\x1f" in identity else identity


def _met(new: Newcomers, persons: Keys, heard: Sequence[Veiled]) -> Met:
    """What the index is to learn: numbers with a key, and usable ones of another form."""
    there = persons != NOBODY
    keyed = there & (new.keys != NO_KEY)
    odd = np.flatnonzero(there & (new.keys == NO_KEY)).tolist()
    others = {new.identities[at]: int(persons[at]) for at in odd}
    return Met(new.keys[keyed], persons[keyed], others, heard)
