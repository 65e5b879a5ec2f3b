"""Which person an ID number belongs to, when it is whole: by equality, through the keyed blind index.

The database holds numbers encrypted beside a keyed digest. A small delivery asks for its few digests; a large
one is worth decrypting the register's numbers once, after which a column is matched by integers in memory.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching import numbers
from monitor.matching.ids import Kind
from monitor.matching.numbers import NO_KEY, Keys, Numbers
from monitor.privacy import Keyring
from monitor.tables import Person

NO_PERSON = -1
ABOUT_ID_NO = "people.id_no"
_ASKED_AT_ONCE = 500
# Decrypting one number of the register costs about a quarter of asking for one by its digest (measured).
_WORTH_LOADING = 4
_BLOCK = 64


class How(IntEnum):
    """How a row came to its person."""

    NONE = 0
    EXACT = 1
    EXPANDED_15 = 2
    REPAIRED = 3
    PROPOSED = 4


@dataclass(frozen=True)
class Matched:
    """For each row of a column: the number read, the person (``NO_PERSON``: not in the register) and how."""

    numbers: Numbers
    people: Keys
    how: npt.NDArray[np.int8]

    @property
    def person_key(self) -> pa.Array:
        """The persons as a nullable Arrow column."""
        return pa.array(self.people, mask=self.people == NO_PERSON)

    def with_people(self, rows: Keys, people: Keys, how: How) -> "Matched":
        """Return the same with ``rows`` given to ``people``."""
        all_people, all_how = self.people.copy(), self.how.copy()
        all_people[rows], all_how[rows] = people, how
        return replace(self, people=all_people, how=all_how)


class Index:
    """What an ingest run has learned of whose number is whose; it asks the database only for what is new.

    Numbers stay in the memory of the run and are never written anywhere. One index serves one run: it
    does not see people whom another run registers meanwhile. ``complete``: it has read the whole register.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._keys = pd.Index(np.empty(0, np.int64))
        self._people = np.empty(0, np.int64)
        self._others: dict[str, int] = {}
        self.complete = False

    def match(self, session: Session, column: pa.Array | pa.ChunkedArray) -> Matched:
        """Return the person of every row whose number is whole and in the register."""
        return self.match_read(session, numbers.normalise(column))

    def match_read(self, session: Session, read: Numbers) -> Matched:
        """Return what ``match`` would of a column that was read already."""
        people = self.find(session, read.keys)
        if read.others:
            found = self.find_others(session, set(read.others.values()))
            rows = np.fromiter(read.others, np.int64, len(read.others))
            people[rows] = [found[text] for text in read.others.values()]
        how = np.where(people == NO_PERSON, How.NONE, How.EXACT).astype(np.int8)
        how[(how == How.EXACT) & (read.kinds == Kind.EXPANDED)] = How.EXPANDED_15
        return Matched(read, people, how)

    def find(self, session: Session, keys: Keys) -> Keys:
        """Return the person of each key (``numbers.key_of``); ``NO_PERSON`` for one not in the register."""
        places = self._keys.get_indexer(pd.Index(keys))
        if not self.complete:
            unseen = keys[places < 0]
            if self._learn(session, pd.unique(unseen[unseen != NO_KEY])):
                places = self._keys.get_indexer(pd.Index(keys))
        if not len(self._people):
            return np.full(len(keys), NO_PERSON, np.int64)
        return np.where(places < 0, NO_PERSON, self._people[places])

    def find_others(self, session: Session, texts: Iterable[str]) -> dict[str, int]:
        """Return the person of each number that has no key: passports, old cards, temporary numbers."""
        wanted = set(texts)
        if not self.complete:
            unseen = sorted(wanted - self._others.keys())
            self._others.update(zip(unseen, self._ask(session, unseen), strict=True))
        return {text: self._others.get(text, NO_PERSON) for text in wanted}

    def add(self, canonical: Sequence[str], people: Sequence[int] | Keys) -> None:
        """Learn the numbers of people just registered; call it once they are committed."""
        read = numbers.normalise(pa.array(canonical, pa.string()))
        persons = np.array(people, np.int64)
        keyed = read.keys != NO_KEY
        self.add_keys(read.keys[keyed], persons[keyed])
        self._others.update((text, int(persons[row])) for row, text in read.others.items())

    @database.many_rows()
    def load(self, session: Session) -> None:
        """Read the whole register's numbers into memory, so that nothing need be asked again."""
        query = select(Person.id, Person.id_no).where(Person.id_no.is_not(None))
        people, cells = database.arrow_columns(session, query)
        self.add(self._keyring.decrypt_many(cells.to_pylist(), about=ABOUT_ID_NO), people.to_numpy())
        self.complete = True

    def _learn(self, session: Session, keys: Keys) -> bool:
        """Learn whose ``keys`` are, one way or the other; False if there was nothing to learn."""
        if not len(keys):
            return False
        register = session.scalar(select(func.max(Person.id))) or 0
        if len(keys) * _WORTH_LOADING > register:
            self.load(session)
        else:
            self.add_keys(keys, np.array(self._ask(session, list(map(numbers.text_of, keys.tolist()))), np.int64))
        return True

    def add_keys(self, keys: Keys, people: Keys) -> None:
        """Learn as ``add`` does, of numbers whose keys are known."""
        if not len(keys):
            return
        together = pd.Series(np.concatenate([self._people, people]), np.concatenate([self._keys.to_numpy(), keys]))
        newest = together[~together.index.duplicated(keep="last")]
        self._keys, self._people = newest.index, newest.to_numpy()

    def _ask(self, session: Session, texts: Sequence[str]) -> list[int]:
        digests = list(blind_indexes(self._keyring, texts))
        found = registered(session, digests)
        return [found.get(digest, NO_PERSON) for digest in digests]


def registered(session: Session, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Return whose number it is that has each of ``digests``, of those that the register knows."""
    known: dict[bytes, int] = {}
    for start in range(0, len(digests), _ASKED_AT_ONCE):
        known.update(database.run(session, _under, values={"digests": digests[start : start + _ASKED_AT_ONCE]}))
    return known


def _under() -> Select[*tuple[Any, ...]]:
    digests: BindParameter[Any] = bindparam("digests", expanding=True)
    return select(Person.id_index, Person.id).where(Person.id_index.in_(digests))


def blind_indexes(keyring: Keyring, texts: Iterable[str]) -> Iterator[bytes]:
    """Yield ``keyring.blind_index`` of each text, the key prepared once instead of each time."""
    padded = keyring.index_key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
    for text in texts:
        within, without = inner.copy(), outer.copy()
        within.update(text.encode())
        without.update(within.digest())
        yield without.digest()
