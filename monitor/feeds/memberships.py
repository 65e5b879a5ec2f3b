"""Who belongs to which household, and since when: dated, never erased."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.bulk import add_rows, change_rows, indexed_after
from monitor.feeds.sparing import Spared
from monitor.tables import Member

PAIR = ["household_key", "person_key"]


def bring(session: Session, rows: pd.DataFrame, *, known_on: date, lasting: Spared | None) -> pd.DataFrame:
    """Make ``rows`` (household, person, relation) hold from ``known_on``; all others end but ``lasting`` ones.

    With None no other ends. Returns who belongs to which household now.
    """
    said = rows.drop_duplicates(PAIR, keep="last")
    before = _current(session)
    both = said.merge(before, on=PAIR, how="left", suffixes=("", "_before"))
    # In the order of keys: the database's indexes then grow at their ends, which costs a third.
    new = both[both["id"].isna()].sort_values(PAIR, kind="stable")
    columns = {"household_id": new.household_key.tolist(), "person_id": new.person_key.tolist()}
    columns |= {"relation": _texts(new.relation), "from_on": [known_on.isoformat()] * len(new)}
    with indexed_after(session, Member, len(new)):
        add_rows(session, Member, columns)
    old = both[both["id"].notna()]
    other = old[old.relation.fillna("") != old.relation_before.fillna("")]
    told = zip(other["id"].astype(int).tolist(), _texts(other.relation), strict=True)
    change_rows(session, Member, [{"id": key, "relation": relation} for key, relation in told])
    rest = before[~before["id"].isin(old["id"])]
    if lasting is not None:
        spared = lasting.members(rest.person_key.to_numpy(), rest.household_key.to_numpy())
        _end(session, rest[~spared], known_on)
        rest = rest[spared]
    return pd.concat([said[PAIR], rest[PAIR]])


def column(texts: pa.Array) -> "pd.Series[str]":
    """Return texts as a column of rows that are compared as they lie, none of them made an object."""
    return pd.Series(pd.arrays.ArrowExtensionArray(texts))


def end(session: Session, rows: pd.DataFrame, *, until_on: date) -> None:
    """End the memberships of ``rows`` (household, person); those that do not exist are no error."""
    _end(session, _current(session).merge(rows[PAIR].drop_duplicates(), on=PAIR), until_on)


def _end(session: Session, members: pd.DataFrame, until_on: date) -> None:
    change_rows(session, Member, [{"id": int(key), "until_on": until_on} for key in members["id"]])


def _current(session: Session) -> pd.DataFrame:
    query = select(Member.id, Member.household_id, Member.person_id, Member.relation).where(Member.until_on.is_(None))
    *keys, relation = database.bare_columns(session, query)
    found = pd.DataFrame({name: np.array(key, np.int64) for name, key in zip(["id", *PAIR], keys, strict=True)})
    return found.assign(relation=column(pa.array(relation, pa.string())))


def _texts(told: "pd.Series[str]") -> list[str | None]:
    return [text if isinstance(text, str) else None for text in told.tolist()]
