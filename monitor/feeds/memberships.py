"""Who belongs to which household, and since when: dated, never erased."""

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.bulk import add_rows, change_rows, indexed_after
from monitor.feeds.sparing import Spared
from monitor.tables import Member

_BITS = 32  # a person beside its household in one number: four thousand million of each
Keys = npt.NDArray[np.int64]


class Pairs(NamedTuple):
    """Who belongs to which household, and as what, a column each."""

    household_key: Keys
    person_key: Keys
    relation: pa.Array

    def numbers(self) -> Keys:
        """Return each pair as one number, by which they are compared and ordered."""
        return (self.household_key << _BITS) | self.person_key

    def take(self, places: npt.NDArray[Any]) -> "Pairs":
        """Return those at ``places``, or where that is true, alone."""
        at = np.flatnonzero(places) if places.dtype == np.bool_ else places
        return Pairs(self.household_key[at], self.person_key[at], self.relation.take(pa.array(at, pa.int64())))

    def once(self) -> "Pairs":
        """Return each pair once, with what was said of it last."""
        return self.take(~pd.Index(self.numbers()).duplicated(keep="last"))


def bring(session: Session, told: Pairs, *, known_on: date, lasting: Spared | None) -> tuple[Keys, Keys]:
    """Make what is ``told`` hold from ``known_on``; all others end but ``lasting`` ones.

    With None no other ends. Returns who belongs to which household now: households, and the person beside each.
    """
    said, (keys, before) = told.once(), _current(session)
    places = pd.Index(before.numbers()).get_indexer(pd.Index(said.numbers()))
    _add(session, said.take(places < 0), known_on)
    old, there = said.take(places >= 0), places[places >= 0]
    # No relation is like an empty one.
    other = differ(*(pc.fill_null(one, "") for one in (old.relation, before.relation.take(pa.array(there)))))
    changes = zip(keys[there[other]].tolist(), old.relation.filter(pa.array(other)).to_pylist(), strict=True)
    change_rows(session, Member, [{"id": key, "relation": relation} for key, relation in changes])
    rest = np.delete(np.arange(len(keys)), there)
    if lasting is not None:
        spared = lasting.members(before.person_key[rest], before.household_key[rest])
        _end(session, keys[rest[~spared]], known_on)
        rest = rest[spared]
    at_home = np.append(said.household_key, before.household_key[rest])
    return at_home, np.append(said.person_key, before.person_key[rest])


def _add(session: Session, new: Pairs, known_on: date) -> None:
    # In the order of keys: the database's indexes then grow at their ends, which costs a third.
    new = new.take(np.argsort(new.numbers()))
    columns = {"household_id": new.household_key.tolist(), "person_id": new.person_key.tolist()}
    days = [known_on.isoformat()] * len(new.person_key)
    with indexed_after(session, Member, len(days)):
        add_rows(session, Member, columns | {"relation": new.relation.to_pylist(), "from_on": days})


def differ(now: pa.Array, before: pa.Array) -> npt.NDArray[np.bool_]:
    """Return where the one is not the other; nothing is like nothing."""
    alike = pc.fill_null(pc.equal(now, before), False), pc.and_(pc.is_null(now), pc.is_null(before))
    found: npt.NDArray[np.bool_] = ~pc.or_(*alike).to_numpy(zero_copy_only=False)
    return found


def end(session: Session, told: Pairs, *, until_on: date) -> None:
    """End the memberships that are ``told``; those that do not exist are no error."""
    keys, before = _current(session)
    _end(session, keys[np.isin(before.numbers(), told.numbers())], until_on)


def _end(session: Session, members: Keys, until_on: date) -> None:
    change_rows(session, Member, [{"id": key, "until_on": until_on} for key in members.tolist()])


def _current(session: Session) -> tuple[Keys, Pairs]:
    """Return the key of each membership that holds, and what it says."""
    query = select(Member.id, Member.household_id, Member.person_id, Member.relation).where(Member.until_on.is_(None))
    *keys, relation = database.arrow_columns(session, query)
    members, homes, people = (key.to_numpy() for key in keys)
    return members, Pairs(homes, people, relation)
