"""The register itself arrives: people, households and who belongs to whom, in the delivery's own transaction."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds import enrolling, memberships
from monitor.feeds.bulk import add_rows, advance_ids, change_rows, next_id
from monitor.feeds.checking import Checked
from monitor.feeds.drafts import Desk
from monitor.feeds.enrolling import NOBODY, Enrolled
from monitor.regions import Tree
from monitor.tables import Household

HEAD = "02"
HOUSEHOLD = ("household_no", "category", "region", "county", "town", "village", "registered")
Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Registered:
    """For each whole row of the register its person and its household; ``NOBODY`` for rows with an error."""

    people: Keys
    households: Keys
    birth_on: pa.Array
    met: dict[str, int]


@database.many_rows()
def register(session: Session, desk: Desk, checked: Checked, *, known_on: date) -> Registered:
    """Bring people, households and memberships to what the delivery says, from ``known_on`` on.

    A full one ends the memberships that it does not name; an append adds and changes; a withdrawal ends
    those it names. Somebody once registered stays known: facts may still arrive.
    """
    usable = np.flatnonzero(checked.usable())
    enrolled = enrolling.enrol(session, desk.service.keyring, desk.index, checked, usable)
    rows = _rows(checked, usable, enrolled)
    if checked.mode == "withdraw":
        rows["household_key"] = _known_households(session, rows)
        rows = rows[(rows.household_key != NOBODY) & (rows.person_key != NOBODY)]
        memberships.end(session, rows, until_on=known_on)
    else:
        rows["household_key"] = _households(
            session, _heads_say(rows, desk.tree, known_on), replace=checked.mode == "full", of=rows
        )
        memberships.bring(session, rows, known_on=known_on, replace=checked.mode == "full")
    people, households = (np.full(checked.whole, NOBODY, dtype=np.int64) for _ in range(2))
    people[rows.row], households[rows.row] = rows.person_key, rows.household_key
    return Registered(people, households, enrolled.birth_on, enrolled.met)


def _rows(checked: Checked, usable: Keys, enrolled: Enrolled) -> pd.DataFrame:
    places = pa.array(usable)
    rows = pd.DataFrame({"row": usable, "person_key": enrolled.people[usable]})
    for name in ("household_id", "relation", "category", "region"):
        found = checked.values.get(name)
        rows[name] = pd.Series(found.take(places).to_pylist(), dtype=object) if found is not None else None
    return rows


def _heads_say(rows: pd.DataFrame, tree: Tree, on: date) -> pd.DataFrame:
    """Return each household as its head's row has it; without a head the smallest person key speaks."""
    order = rows.assign(other=rows.relation != HEAD).sort_values(["household_id", "other", "person_key"], kind="stable")
    heads = order.drop_duplicates("household_id")
    placed = tree.canonical(pa.array(heads.region.tolist(), pa.string()), on)
    return pd.DataFrame(
        {
            "household_no": heads.household_id.tolist(),
            "category": heads.category.tolist(),
            "region": placed.region.to_pylist(),
            "county": placed.county.to_pylist(),
            "town": placed.town.to_pylist(),
            "village": placed.village.to_pylist(),
            "registered": True,
        },
        dtype=object,
    )


def _known_households(session: Session, rows: pd.DataFrame) -> Keys:
    known = {str(number): int(key) for number, key in session.execute(select(Household.household_no, Household.id))}
    return np.array([known.get(number, NOBODY) for number in rows.household_id], dtype=np.int64)


def _households(session: Session, said: pd.DataFrame, *, replace: bool, of: pd.DataFrame) -> Keys:
    """Add new households, change those that differ, and strike off those that a full register leaves out."""
    query = select(Household.id, *(getattr(Household, name) for name in HOUSEHOLD))
    columns = zip(("id", *HOUSEHOLD), database.bare_columns(session, query), strict=True)
    before = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns})
    before = before.astype({"id": np.int64, "registered": np.bool_}).set_index("household_no")
    known = said.household_no.map(before["id"]) if len(before) else pd.Series(np.nan, said.index)
    new = said[known.isna()]
    ids = np.arange(len(new), dtype=np.int64) + next_id(session, Household)
    cells = new[list(HOUSEHOLD)].astype(object).where(new[list(HOUSEHOLD)].notna(), None)
    add_rows(
        session,
        Household,
        ["id", *HOUSEHOLD],
        ((int(key), *row) for key, row in zip(ids, cells.values.tolist(), strict=True)),
    )
    advance_ids(session, Household)
    old = said[known.notna()].set_index("household_no")
    _change(session, old, before.loc[old.index])
    if replace:
        gone = before[before.registered & ~before.index.isin(said.household_no)]
        change_rows(session, Household, [{"id": int(key), "registered": False} for key in gone["id"]])
    keys = pd.concat([before["id"].astype(np.int64), pd.Series(ids, new.household_no, dtype=np.int64)])
    return of.household_id.map(keys).to_numpy(np.int64)


def _change(session: Session, now: pd.DataFrame, before: pd.DataFrame) -> None:
    names = [name for name in HOUSEHOLD if name != "household_no"]
    a, b = (frame[names].astype(object).where(frame[names].notna(), None) for frame in (now, before))
    differ = (a != b) & ~(a.isna() & b.isna())
    changed = differ.any(axis=1)
    rows = a[changed].assign(id=before.loc[changed, "id"].astype(int)).to_dict("records")
    change_rows(session, Household, [{str(key): value for key, value in row.items()} for row in rows])
