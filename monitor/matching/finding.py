"""People made findable by name, pinyin, initials and the last four digits: keyed tokens, from which nothing is read.

A token stays when somebody's name is mended, so they are found by their former name as well; whoever shows people looks
at the name itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ARRAY, BigInteger, Engine, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite
from sqlalchemy.orm import Session

from monitor import database
from monitor.matching.exact import ABOUT_ID_NO
from monitor.matching.spelling import asked, ways
from monitor.privacy import Keyring
from monitor.tables import Person, SearchToken

ABOUT_NAME = "people.name"
_LAST = 4
_AT_ONCE = 40_000
_ASKED = 500
Tokens = npt.NDArray[np.int64]


def index_people(engine: Engine, keyring: Keyring) -> int:
    """Make everybody findable who is not yet, some tens of thousands a transaction; return how many they were.

    A second call finds nobody left. Two at once do the same work and write it once.
    """
    done = 0
    while True:
        with database.transaction(engine) as session:
            some = _index_some(session, keyring)
        if not some:
            return done
        done += some


def index_one(session: Session, person: Person, keyring: Keyring) -> None:
    """Make one person findable at once, in the caller's transaction, who was entered by hand."""
    pairs = np.array(list(_pairs([person], keyring)), dtype=np.int64).reshape(-1, 2)
    if len(pairs):
        _write(session, pairs)
    person.findable = True
    session.flush()


def tokens_for(text: str, keyring: Keyring) -> list[int]:
    """Return the tokens that stand for ``text`` as typed: a name, pinyin, initials, or the last four of a number."""
    last = text.strip().upper()
    keys = set(asked(text))
    if len(last) == _LAST and last.isascii() and last[:-1].isdigit() and (last[-1].isdigit() or last[-1] == "X"):
        keys.add(f"d:{last}")
    return sorted(_token(key, keyring) for key in keys)


def is_meant(text: str, name: str | None, number: str | None) -> bool:
    """Whether somebody of that name and number is who ``text`` asks for: tokens may be old."""
    keys = ways(name) if name else frozenset()
    return bool(asked(text) & keys) or (number or "").upper().endswith(text.strip().upper())


def forget(session: Session, people: Sequence[int], keyring: Keyring) -> None:
    """Delete the tokens of ``people``; to be called before their names and numbers are erased."""
    for start in range(0, len(people), _ASKED):
        chosen = select(Person.id, Person.name, Person.id_no).where(Person.id.in_(people[start : start + _ASKED]))
        pairs = list(_pairs(session.execute(chosen).all(), keyring))
        for at in range(0, len(pairs), _ASKED):
            these = tuple_(SearchToken.token, SearchToken.person_id).in_(pairs[at : at + _ASKED])
            session.execute(delete(SearchToken).where(these))


def _index_some(session: Session, keyring: Keyring) -> int:
    chosen = select(Person.id, Person.name, Person.id_no).where(~Person.findable).order_by(Person.id).limit(_AT_ONCE)
    found = session.execute(chosen.with_for_update()).all()
    if found:
        pairs = np.array(list(_pairs(found, keyring)), dtype=np.int64).reshape(-1, 2)
        if len(pairs):
            _write(session, pairs[np.argsort(pairs[:, 0], kind="stable")])
        these = update(Person).where(~Person.findable, Person.id.between(found[0].id, found[-1].id))
        session.execute(these.values(findable=True), execution_options={"synchronize_session": False})
    return len(found)


def _pairs(people: Iterable[Any], keyring: Keyring) -> Iterator[tuple[int, int]]:
    listed = list(people)
    names = keyring.decrypt_optional([one.name for one in listed], about=ABOUT_NAME)
    numbers = keyring.decrypt_optional([one.id_no for one in listed], about=ABOUT_ID_NO)
    known: dict[str, int] = {}
    for one, name, number in zip(listed, names, numbers, strict=True):
        keys = set(ways(name)) if name else set()
        if number and len(number) > _LAST:
            keys.add(f"d:{number[-_LAST:].upper()}")
        for key in keys:
            if key not in known:
                known[key] = _token(key, keyring)
            yield known[key], one.id


def _token(key: str, keyring: Keyring) -> int:
    return int.from_bytes(keyring.blind_index(f"search:{key}")[:8], "big", signed=True)


def _write(session: Session, pairs: Tokens) -> None:
    """Insert the pairs that are not there yet, in the order of the index."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        columns = [
            func.unnest(bindparam(None, pairs[:, place].tolist(), type_=ARRAY(BigInteger))) for place in range(2)
        ]
        rows = insert_in_postgresql(SearchToken).from_select(["token", "person_id"], select(*columns))
        connection.execute(rows.on_conflict_do_nothing())
        return
    statement: Any = insert_in_sqlite(SearchToken).on_conflict_do_nothing()
    compiled = str(statement.compile(dialect=connection.dialect, column_keys=["token", "person_id"]))
    connection.exec_driver_sql(compiled, list(map(tuple, pairs.tolist())))
