"""People made findable by name, pinyin, initials and the last four digits: keyed tokens, from which nothing is read.

A token stays when somebody's name is mended, so they are found by their former name as well; whoever shows people looks
at the name itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ARRAY, BigInteger, Connection, Engine, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching.exact import ABOUT_ID_NO
from monitor.matching.numbers import Keys
from monitor.matching.spelling import asked, ways
from monitor.matching.tokens import LAST, Texts, Tokens
from monitor.privacy import Keyring
from monitor.tables import Person, SearchToken

ABOUT_NAME = "people.name"
# Many in a transaction: written in the index's own order, each page is filled once. Few readable at a time.
_AT_ONCE, _KEPT, _RECKONED, _READABLE = 1_000_000, 3_000_000, 500_000, 20_000
_WRITTEN_AT_ONCE = 100_000
_ASKED = 500
_NONE = np.empty(0, np.int64)
_PERSON_BITS = 36  # sixty-eight thousand million people; beside them a hundred million tokens of people at once
_PERSON = (1 << _PERSON_BITS) - 1


class Findable:
    """The tokens of people of one transaction, gathered until they are many: keyed, so nobody is readable in them."""

    def __init__(self, session: Session, tokens: Tokens) -> None:
        self._session, self._tokens = session, tokens
        self._parts: list[tuple[Keys, Keys]] = []
        self._people = 0

    def add(self, people: Keys, names: Texts, numbers: Texts) -> None:
        """Reckon the tokens of some people; of hundred thousands they are written as they grow too many to keep.

        The more come at once the less each costs: a name's beginning that many share is spelt and keyed once.
        """
        for at in range(0, len(people), _RECKONED):
            some = slice(at, at + _RECKONED)
            flat, places = self._tokens.of_people(names[some], numbers[some])
            self._parts.append((flat, people[some][places]))
            self._people += len(people[some])
            if self._people >= _KEPT:
                self.write()

    def write(self) -> None:
        """Insert those that are not there yet, in the order of the index; a second call has nothing left to do."""
        connection = self._session.connection()
        for pairs in self.pairs():
            for at in range(0, len(pairs[0]), _WRITTEN_AT_ONCE):
                _write_some(connection, *(side[at : at + _WRITTEN_AT_ONCE].tolist() for side in pairs))
        self._parts, self._people = [], 0

    def pairs(self) -> Iterator[tuple[Keys, Keys]]:
        """Yield what is gathered as (token, person) in two columns, each pair once and in the order of the index.

        A stretch of the index at a time, so that of millions of people one part is put in order in memory.
        """
        return in_order(self._parts, 1 + self._people // _RECKONED)


def in_order(parts: Sequence[tuple[Keys, Keys]], stretches: int) -> Iterator[tuple[Keys, Keys]]:
    """Yield the pairs (token, person) of ``parts`` as ``Findable.pairs`` does, in so many stretches of all tokens."""
    edges = np.linspace(-(2.0**63), 2.0**63, stretches + 1)[1:-1].astype(np.int64)
    homes = [np.searchsorted(edges, flat, side="right") for flat, _ in parts]
    for stretch in range(stretches):
        here = [home == stretch for home in homes]
        sides = ([part[side][at] for part, at in zip(parts, here, strict=True)] for side in (0, 1))
        yield _once(*(np.concatenate([_NONE, *side]) for side in sides))


def _once(flat: Keys, persons: Keys) -> tuple[Keys, Keys]:
    places, tokens = pd.factorize(flat)
    order = np.argsort(tokens)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    pairs = (rank[places] << _PERSON_BITS) | persons  # one number each: sorted in a quarter of the time
    pairs.sort()
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    return tokens[order][pairs >> _PERSON_BITS], pairs & _PERSON


def index_people(engine: Engine, keyring: Keyring) -> int:
    """Make everybody findable who is not yet, some hundred thousands a transaction; return how many they were.

    A second call finds nobody left. Two at once do the same work and write it once.
    """
    done, tokens = 0, Tokens(keyring)
    while True:
        with database.transaction(engine) as session:
            some = _index_some(session, tokens)
        if not some:
            return done
        done += some


def index_one(session: Session, person: Person, keyring: Keyring) -> None:
    """Make one person findable at once, in the caller's transaction, who was entered by hand."""
    _opened(session, [(person.id, person.name, person.id_no)], Tokens(keyring)).write()
    person.findable = True
    session.flush()


def tokens_for(text: str, keyring: Keyring) -> list[int]:
    """Return the tokens that stand for ``text`` as typed: a name, pinyin, initials, or the last four of a number."""
    last = text.strip().upper()
    keys = set(asked(text))
    if len(last) == LAST and last.isascii() and last[:-1].isdigit() and (last[-1].isdigit() or last[-1] == "X"):
        keys.add(f"d:{last}")
    return sorted(Tokens(keyring).of(keys))


def is_meant(text: str, name: str | None, number: str | None) -> bool:
    """Whether somebody of that name and number is who ``text`` asks for: tokens may be old."""
    keys = ways(name) if name else frozenset()
    return bool(asked(text) & keys) or (number or "").upper().endswith(text.strip().upper())


def forget(session: Session, people: Sequence[int], keyring: Keyring) -> None:
    """Delete the tokens of ``people``; to be called before their names and numbers are erased."""
    for start in range(0, len(people), _ASKED):
        chosen = select(Person.id, Person.name, Person.id_no).where(Person.id.in_(people[start : start + _ASKED]))
        found = session.execute(chosen).all()
        stretches = _opened(session, found, Tokens(keyring)).pairs()
        pairs = [pair for sides in stretches for pair in zip(*(side.tolist() for side in sides), strict=True)]
        for at in range(0, len(pairs), _ASKED):
            these = tuple_(SearchToken.token, SearchToken.person_id).in_(pairs[at : at + _ASKED])
            session.execute(delete(SearchToken).where(these))


@database.many_rows()
def _index_some(session: Session, tokens: Tokens) -> int:
    chosen = select(Person.id, Person.name, Person.id_no).where(~Person.findable).order_by(Person.id).limit(_AT_ONCE)
    found = database.bare_rows(session, chosen.with_for_update())
    if found:
        _opened(session, found, tokens).write()
        these = update(Person).where(~Person.findable, Person.id.between(found[0][0], found[-1][0]))
        session.execute(these.values(findable=True), execution_options={"synchronize_session": False})
    return len(found)


def _opened(session: Session, people: Sequence[Any], tokens: Tokens) -> Findable:
    """Gather the tokens of rows of (key, name, number) as they lie sealed, few of them readable at a time."""
    gathered = Findable(session, tokens)
    for at in range(0, len(people), _READABLE):
        ids, called, numbered = zip(*people[at : at + _READABLE], strict=True)
        names = tokens.keyring.decrypt_optional(called, about=ABOUT_NAME)
        gathered.add(np.array(ids, np.int64), names, tokens.keyring.decrypt_optional(numbered, about=ABOUT_ID_NO))
    return gathered


def _write_some(connection: Connection, tokens: list[int], people: list[int]) -> None:
    if connection.dialect.name == "postgresql":
        columns = [func.unnest(bindparam(None, column, type_=ARRAY(BigInteger))) for column in (tokens, people)]
        rows = insert_in_postgresql(SearchToken).from_select(["token", "person_id"], select(*columns))
        connection.execute(rows.on_conflict_do_nothing())
        return
    connection.exec_driver_sql("PRAGMA cache_size = -262144")
    database.insert_plain(connection, SearchToken.__tablename__, {"token": tokens, "person_id": people}, anew=False)
